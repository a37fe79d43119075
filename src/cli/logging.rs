//! Starts the log on stderr.

use std::io;

use tracing::Level;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::cli::args::{Global, LogFormat, LogLevel};
use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;

/// Starts the log. Only events of talkform are logged: what a library logs about a request may hold
/// personal data.
pub(crate) fn start(global: &Global, terminal: Terminal) -> Result<(), Failure> {
    let level = match global.log {
        LogLevel::Error => Level::ERROR,
        LogLevel::Warn => Level::WARN,
        LogLevel::Info => Level::INFO,
        LogLevel::Debug => Level::DEBUG,
        LogLevel::Trace => Level::TRACE,
    };
    let own = Targets::new().with_target("talkform", level);
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(terminal.colour_on_stderr());
    let layer = match global.log_format {
        LogFormat::Text => layer.boxed(),
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
    };
    tracing_subscriber::registry()
        .with(layer.with_filter(own))
        .try_init()
        .map_err(|error| Failure::refused(format!("cannot start the log: {error}")))
}
