//! Stops a run early: on Ctrl-C, SIGTERM, a closed terminal, or the end of `--max-duration`.

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use talkform::model::StopCause;

/// Watches for signals. The first signal stops the run; a second one ends the process at once. The
/// journal then holds every result so far.
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
        asked.send_if_modified(|stopped| {
            let first = stopped.is_none();
            stopped.get_or_insert(cause);
            first
        });
        signals.next().await;
        std::process::exit(4);
    });
    (stop, watching)
}

/// Ends the process at the first signal. For a run that has sent nothing: after signals were watched
/// once, the system no longer ends the process by itself.
pub(crate) async fn exit_on_signal() {
    Signals::listen().next().await;
    std::process::exit(1);
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
