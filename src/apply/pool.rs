//! Sends for up to N users at once; results arrive on one task.
//!
//! Jobs with an intent are taken a little ahead of their turn, so that one flush of the journal covers many
//! intents and no request waits for a flush of its own. A kill then leaves those users pending, too.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::apply::event::Event;
use crate::apply::send::{Job, Sender, Sent};

/// How many jobs may be taken ahead of their turn.
pub(crate) const MOST_AHEAD: usize = 256;

/// What the pool reports while it runs.
pub(crate) enum Message {
    /// A retry, or that the run stops.
    Event(Event),
    /// A job ended.
    Ended(Sent),
}

/// Gives the jobs and takes their results. The pool calls it from one task.
pub(crate) trait Work {
    /// The next job, which is started at once. `None` if no job is left.
    fn next_job(&mut self) -> Option<Job>;

    /// The next job that completes one that ended. It is started at once, also while the run stops.
    fn next_completion(&mut self) -> Option<Job> {
        None
    }

    /// How many jobs may be taken ahead of their turn: 0 if the jobs have no intents.
    fn most_ahead(&self) -> usize {
        0
    }

    /// Whether jobs are taken ahead even if the rate limiter does not let them through yet. A flush of the journal is
    /// slow then, so each has to cover many intents.
    fn is_flushed_rarely(&self) -> bool {
        false
    }

    /// Takes what the pool reports.
    fn on_message(&mut self, message: Message);
}

/// Runs every job. At most as many requests are under way at once as the sender allows. Returns when all
/// jobs have ended.
///
/// When the run is asked to stop, no further job is started and the jobs under way are finished, with the jobs
/// that complete them. The jobs that were not started have no [`Message::Ended`].
pub(crate) async fn send_all(
    sender: &Arc<Sender>,
    mut events_in: mpsc::UnboundedReceiver<Event>,
    work: &mut dyn Work,
) {
    let mut under_way: JoinSet<Sent> = JoinSet::new();
    let mut stop = sender.stop.clone();
    let mut is_exhausted = false;
    let mut announced = false;
    loop {
        let stopping = *stop.borrow_and_update();
        if let Some(cause) = stopping
            && !std::mem::replace(&mut announced, true)
        {
            sender.end_pauses();
            work.on_message(Message::Event(Event::Stopping(cause)));
        }
        let ahead = if work.is_flushed_rarely() {
            work.most_ahead()
        } else {
            work.most_ahead().min(sender.spare_requests())
        };
        let most = sender.parallelism() + ahead;
        while let Some(job) = work.next_completion() {
            start(&mut under_way, sender, job);
        }
        while stopping.is_none() && !is_exhausted && under_way.len() < most {
            let Some(job) = work.next_job() else {
                is_exhausted = true;
                break;
            };
            if job.requests.is_empty() {
                work.on_message(Message::Ended(Sent::without_requests(job.index)));
            } else {
                start(&mut under_way, sender, job);
            }
        }
        if under_way.is_empty() && (is_exhausted || stopping.is_some()) {
            break;
        }
        // The order is fixed, so that the same responses give the same run.
        tokio::select! {
            biased;
            Some(ended) = under_way.join_next() => {
                while let Ok(event) = events_in.try_recv() {
                    work.on_message(Message::Event(event));
                }
                match ended {
                    Ok(sent) => work.on_message(Message::Ended(sent)),
                    // The caller reports the job without an end as a failure of talkform.
                    Err(error) => tracing::error!("a request ended in a panic: {error}"),
                }
            }
            Some(event) = events_in.recv() => work.on_message(Message::Event(event)),
            // Wakes the loop. It cannot fail, because the caller holds the other end.
            Ok(()) = stop.changed(), if stopping.is_none() => {}
        }
    }
}

fn start(under_way: &mut JoinSet<Sent>, sender: &Arc<Sender>, job: Job) {
    let sender = Arc::clone(sender);
    under_way.spawn(async move { sender.send(job).await });
}
