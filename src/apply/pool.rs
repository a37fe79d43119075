//! Sends for up to N users at once; results arrive on one task.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::apply::event::Event;
use crate::apply::send::{Ending, Sender, Sent};
use crate::model::MemberId;
use crate::remote::Request;

/// The requests of one user.
pub(crate) struct Job {
    /// The job's place among all jobs, from 0.
    pub(crate) index: usize,
    pub(crate) id: MemberId,
    /// Sent one after the other. Empty where only the state changes.
    pub(crate) requests: Vec<Request>,
}

/// What the pool reports while it runs.
pub(crate) enum Message {
    /// A retry, or that the run stops.
    Event(Event),
    /// A job ended.
    Ended(Sent),
}

/// Runs every job, at most `parallelism` at once. Returns when all jobs have ended.
///
/// When the run is asked to stop, no further job is started and the jobs under way are finished. The
/// jobs that were not started have no [`Message::Ended`].
pub(crate) async fn send_all(
    sender: &Arc<Sender>,
    mut events_in: mpsc::UnboundedReceiver<Event>,
    parallelism: usize,
    mut jobs: impl Iterator<Item = Job>,
    on_message: &mut dyn FnMut(Message),
) {
    let mut under_way: JoinSet<Sent> = JoinSet::new();
    let mut stop = sender.stop.clone();
    let mut next = jobs.next();
    let mut announced = false;
    loop {
        let stopping = *stop.borrow_and_update();
        if let Some(cause) = stopping
            && !std::mem::replace(&mut announced, true)
        {
            on_message(Message::Event(Event::Stopping(cause)));
        }
        while stopping.is_none() && under_way.len() < parallelism {
            let Some(Job {
                index,
                id,
                requests,
            }) = next
            else {
                break;
            };
            if requests.is_empty() {
                on_message(Message::Ended(Sent {
                    index,
                    ending: Ending::Unsent,
                    requests: 0,
                    retries: 0,
                }));
            } else {
                let sender = Arc::clone(sender);
                under_way.spawn(async move { sender.send(index, id, requests).await });
            }
            next = jobs.next();
        }
        if under_way.is_empty() && (next.is_none() || stopping.is_some()) {
            break;
        }
        tokio::select! {
            Some(ended) = under_way.join_next() => {
                while let Ok(event) = events_in.try_recv() {
                    on_message(Message::Event(event));
                }
                match ended {
                    Ok(sent) => on_message(Message::Ended(sent)),
                    // The caller reports the job without an end as a failure of talkform.
                    Err(error) => tracing::error!("a request ended in a panic: {error}"),
                }
            }
            Some(event) = events_in.recv() => on_message(Message::Event(event)),
            // Only wakes the loop. It cannot fail: the caller holds the other end.
            Ok(()) = stop.changed(), if stopping.is_none() => {}
        }
    }
}
