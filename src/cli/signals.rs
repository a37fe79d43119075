//! Handles signals. A run stops early on Ctrl-C, SIGTERM, a closed terminal, or the end of `--max-duration`.

use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::cli::terminal::Terminal;
use talkform::model::StopCause;

/// Signals within this time after a stop was asked for belong to that stop. `timeout` signals its child and then
/// the child's group, and a closed terminal sends SIGHUP from the kernel and from the shell. A person does not
/// send two signals that fast.
const ONE_STOP: Duration = Duration::from_millis(500);

/// Makes a write past the limit on file size (`ulimit -f`) an error. Without this, the signal ends the process in the
/// middle of its work.
pub(crate) fn report_large_files() {
    #[cfg(unix)]
    {
        use signal_hook::{consts::SIGXFSZ, flag};
        // It fails only for signals that cannot be handled. Nobody reads the flag: the write returns an error.
        let _ = flag::register(SIGXFSZ, std::sync::Arc::default());
    }
}

/// Watches for signals. The first signal stops the run; a later one ends the process at once. The journal
/// then holds every result so far.
pub(crate) fn watch(
    max_duration: Option<Duration>,
) -> (watch::Sender<Option<StopCause>>, JoinHandle<()>) {
    let (stop, _) = watch::channel(None);
    let asked = stop.clone();
    let mut signals = Signals::listen();
    let watching = tokio::spawn(async move {
        let deadline = async {
            match max_duration {
                Some(time) => tokio::time::sleep(time).await,
                None => std::future::pending().await,
            }
        };
        let cause = tokio::select! {
            () = signals.next() => StopCause::Interrupted,
            () = deadline => StopCause::Deadline,
        };
        let stopped_at = Instant::now();
        asked.send_if_modified(|stopped| {
            let first = stopped.is_none();
            stopped.get_or_insert(cause);
            first
        });
        loop {
            signals.next().await;
            if is_another_stop(stopped_at, Instant::now()) {
                std::process::exit(4);
            }
        }
    });
    (stop, watching)
}

/// Whether a signal asks to end at once, rather than being part of the stop that was asked for before.
fn is_another_stop(stopped_at: Instant, signalled_at: Instant) -> bool {
    signalled_at.duration_since(stopped_at) >= ONE_STOP
}

/// Ends the process at the first signal after this call. For a run that has sent nothing: after signals were
/// watched once, the system no longer ends the process by itself. Runs inside of a runtime.
pub(crate) fn exit_on_signal(terminal: Terminal) -> impl Future<Output = ()> + Send {
    let mut signals = Signals::listen();
    async move {
        signals.next().await;
        terminal.talk("\nerror: interrupted; nothing was sent");
        std::process::exit(1);
    }
}

/// The signals that stop a run. Created once, so that no signal is lost between two waits.
#[cfg(unix)]
struct Signals(Vec<tokio::signal::unix::Signal>);

#[cfg(unix)]
impl Signals {
    fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        Self(
            [
                SignalKind::interrupt(),
                SignalKind::terminate(),
                SignalKind::hangup(),
            ]
            .into_iter()
            .filter_map(|kind| signal(kind).ok())
            .collect(),
        )
    }

    async fn next(&mut self) {
        std::future::poll_fn(|context| {
            let any = self
                .0
                .iter_mut()
                .any(|signal| signal.poll_recv(context).is_ready());
            if any {
                std::task::Poll::Ready(())
            } else {
                std::task::Poll::Pending
            }
        })
        .await;
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> Self {
        Self
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_later_signal_is_another_stop() {
        let stopped_at = Instant::now();
        let later = |milliseconds| stopped_at + Duration::from_millis(milliseconds);
        for (signalled_at, is_another) in [
            (stopped_at, false),
            (later(1), false),
            (later(499), false),
            (later(500), true),
            (later(60_000), true),
        ] {
            assert_eq!(is_another_stop(stopped_at, signalled_at), is_another);
        }
    }
}
