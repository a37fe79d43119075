//! `sandbox`

use std::path::PathBuf;

use clap::Args;

use crate::cli::args::positive;
use crate::cli::channel;
use crate::cli::failure::{Exit, Failure};
use crate::cli::terminal::Terminal;
use talkform::sandbox;
use talkform::sandbox::SandboxSettings;

/// `sandbox`
#[derive(Debug, Args)]
pub(crate) struct SandboxArguments {
    /// Where to listen
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "127.0.0.1:8787",
        env = "TALKFORM_SANDBOX_LISTEN"
    )]
    pub listen: std::net::SocketAddr,
    /// The file that keeps its users; without one they are gone at the end
    #[arg(long, value_name = "FILE", env = "TALKFORM_SANDBOX_USERS")]
    pub users: Option<PathBuf>,
    /// The id of its channel
    #[arg(
        long,
        value_name = "ID",
        default_value = "sandbox",
        env = "TALKFORM_SANDBOX_CHANNEL"
    )]
    pub channel: String,
    /// Requests a second that refill its bucket
    #[arg(long, value_name = "N", default_value_t = 10.0, value_parser = positive, env = "TALKFORM_SANDBOX_PER_SECOND")]
    pub per_second: f64,
    /// The size of its bucket
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..), env = "TALKFORM_SANDBOX_BURST")]
    pub burst: u32,
    /// What goes wrong
    #[arg(long, value_name = "FAULT", env = "TALKFORM_SANDBOX_FAULT")]
    pub fault: Vec<String>,
    /// Makes the faults the same in every run
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        env = "TALKFORM_SANDBOX_SEED"
    )]
    pub seed: u64,
}

/// Runs a sandbox until it is asked to stop.
pub(crate) fn run(arguments: &SandboxArguments, terminal: Terminal) -> Result<Exit, Failure> {
    if !arguments.listen.ip().is_loopback() {
        return Err(Failure::Usage(
            "a sandbox listens on this machine alone: --listen 127.0.0.1:PORT".to_owned(),
        ));
    }
    let settings = SandboxSettings {
        listen: arguments.listen,
        users: arguments.users.clone(),
        channel_id: arguments.channel.clone(),
        burst: arguments.burst,
        per_second: arguments.per_second,
        faults: channel::faults(&arguments.fault)?,
        seed: arguments.seed,
        log: false,
    };
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| Failure::refused(format!("cannot start: {error}")))?;
    runtime.block_on(async {
        let running = sandbox::start(settings).await.map_err(|error| {
            Failure::refused(format!("cannot listen on {}: {error}", arguments.listen))
        })?;
        terminal.result(&format!("{}\n", running.base_url()))?;
        terminal.talk(
            "A local Channel. Any access key and secret will do; put its address into channel.baseUrl. Ctrl-C ends it.",
        );
        let stopped = tokio::signal::ctrl_c().await;
        terminal.talk(&format!("{} requests about users.", running.requests()));
        running.stop();
        stopped
            .map(|()| Exit::Done)
            .map_err(|error| Failure::refused(format!("cannot wait for Ctrl-C: {error}")))
    })
}
