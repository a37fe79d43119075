//! `sandbox`

use crate::cli::args::SandboxArguments;
use crate::cli::channel;
use crate::cli::failure::{Exit, Failure};
use crate::cli::terminal::Terminal;
use talkform::sandbox;
use talkform::sandbox::SandboxSettings;

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
