//! Runs `talkform sandbox`: a local server that behaves like Channel.

use std::path::PathBuf;

use clap::Args;

use crate::cli::args::{fault_help, faults, positive};
use crate::cli::failure::{Exit, Failure};
use crate::cli::files;
use crate::cli::network::open_files;
use crate::cli::terminal::Terminal;
use talkform::sandbox;
use talkform::sandbox::SandboxSettings;

/// The arguments of `sandbox`.
#[derive(Debug, Args)]
pub(crate) struct SandboxArguments {
    /// The loopback address to listen on
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "127.0.0.1:8787",
        env = "TALKFORM_SANDBOX_LISTEN"
    )]
    pub listen: std::net::SocketAddr,
    /// The file that keeps the users
    ///
    /// Without it, they are lost when the sandbox ends.
    #[arg(long, value_name = "FILE", env = "TALKFORM_SANDBOX_USERS")]
    pub users: Option<PathBuf>,
    /// The channel id
    #[arg(
        long,
        value_name = "ID",
        default_value = "sandbox",
        env = "TALKFORM_SANDBOX_CHANNEL"
    )]
    pub channel: String,
    /// How many requests per second refill the rate limiter
    #[arg(long, value_name = "N", default_value_t = 10.0, value_parser = positive, env = "TALKFORM_SANDBOX_PER_SECOND")]
    pub per_second: f64,
    /// The burst size of the rate limiter
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..), env = "TALKFORM_SANDBOX_BURST")]
    pub burst: u32,
    /// A fault to simulate, such as `500:10%`; may be repeated
    #[arg(long, value_name = "FAULT", env = "TALKFORM_SANDBOX_FAULT", long_help = fault_help("A fault to simulate"))]
    pub fault: Vec<String>,
    /// The seed of the faults; the same seed gives the same faults
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        env = "TALKFORM_SANDBOX_SEED"
    )]
    pub seed: u64,
}

/// Runs a sandbox until Ctrl-C.
pub(crate) fn run(arguments: &SandboxArguments, terminal: Terminal) -> Result<Exit, Failure> {
    if !arguments.listen.ip().is_loopback() {
        return Err(Failure::Usage(
            "the sandbox only listens on a loopback address: use --listen 127.0.0.1:PORT"
                .to_owned(),
        ));
    }
    if let Some(users) = &arguments.users {
        files::make_folder_of(users)?;
    }
    let settings = SandboxSettings {
        listen: arguments.listen,
        users: arguments.users.clone(),
        channel_id: arguments.channel.clone(),
        burst: arguments.burst,
        per_second: arguments.per_second,
        faults: faults(&arguments.fault)?,
        seed: arguments.seed,
        log: false,
    };
    open_files::require(1)?;
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| Failure::refused(format!("cannot start the async runtime: {error}")))?;
    runtime.block_on(async {
        let running = sandbox::start(settings).await.map_err(|error| {
            Failure::refused(format!("cannot listen on {}: {error}", arguments.listen))
        })?;
        terminal.result(&format!("{}\n", running.base_url()))?;
        terminal.talk(
            "The sandbox is running. Set channel.baseUrl to its address; any access key and secret work. Press Ctrl-C to stop it.",
        );
        let stopped = tokio::signal::ctrl_c().await;
        terminal.talk(&format!("Served {} requests about users.", running.requests()));
        running.stop();
        stopped
            .map(|()| Exit::Done)
            .map_err(|error| Failure::refused(format!("cannot wait for Ctrl-C: {error}")))
    })
}
