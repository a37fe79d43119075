//! Many flights at once, and one place where their ends come together.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::apply::event::Event;
use crate::apply::send::{Ending, Sender, Sent};
use crate::model::MemberId;
use crate::model::StopCause;
use crate::remote::Request;

/// How many users may fail one after the other, with none succeeding in between, before the
/// trouble is taken for everybody's. Refused users do not count: they are trouble of their own.
const BREAKER: usize = 10;

/// What one user needs.
pub(crate) struct Job {
    /// Its number among all.
    pub(crate) at: usize,
    pub(crate) id: MemberId,
    /// Sent one after the other; none where only the state sees it.
    pub(crate) requests: Vec<Request>,
}

/// What is handed on while it goes on.
pub(crate) enum Message {
    Told(Event),
    Ended(Sent),
}

/// Gives every job its flight, at most `parallelism` under way at once, until all have ended or the run
/// stops: then nothing new is started, what is under way is finished, and the jobs that are left
/// have no end.
pub(crate) async fn send_all(
    lane: &Arc<Sender>,
    mut tellings: mpsc::UnboundedReceiver<Event>,
    parallelism: usize,
    jobs: impl Iterator<Item = Job>,
    on: &mut dyn FnMut(Message),
) {
    let mut flights: JoinSet<Sent> = JoinSet::new();
    let mut stopped = lane.stop.clone();
    let mut waiting = jobs;
    let mut next = waiting.next();
    let mut announced = false;
    loop {
        let stopping = *stopped.borrow_and_update();
        if let Some(cause) = stopping
            && !std::mem::replace(&mut announced, true)
        {
            on(Message::Told(Event::Stopping(cause)));
        }
        while stopping.is_none() && flights.len() < parallelism {
            let Some(Job { at, id, requests }) = next else {
                break;
            };
            if requests.is_empty() {
                on(Message::Ended(Sent {
                    at,
                    ended: Ending::Unsent,
                    requests: 0,
                    repeats: 0,
                }));
            } else {
                let lane = Arc::clone(lane);
                flights.spawn(async move { lane.fly(at, id, requests).await });
            }
            next = waiting.next();
        }
        if flights.is_empty() && (next.is_none() || stopping.is_some()) {
            break;
        }
        tokio::select! {
            Some(ended) = flights.join_next() => {
                while let Ok(event) = tellings.try_recv() {
                    on(Message::Told(event));
                }
                match ended {
                    Ok(flight) => on(Message::Ended(flight)),
                    // A bug: its job has no end, which whoever asked for it reports.
                    Err(error) => tracing::error!("a request ended in a panic: {error}"),
                }
            }
            Some(event) = tellings.recv() => on(Message::Told(event)),
            // Looked at above; an error would mean that nobody can ask any more, and we can.
            Ok(()) = stopped.changed(), if stopping.is_none() => {}
        }
    }
}

/// Stops a run when everybody seems to be in trouble.
pub(crate) struct Breaker<'a> {
    in_a_row: usize,
    stop: &'a watch::Sender<Option<StopCause>>,
}

impl<'a> Breaker<'a> {
    pub(crate) fn new(stop: &'a watch::Sender<Option<StopCause>>) -> Self {
        Self { in_a_row: 0, stop }
    }

    pub(crate) fn answered(&mut self) {
        self.in_a_row = 0;
    }

    pub(crate) fn failed(&mut self) {
        self.in_a_row += 1;
        if self.in_a_row >= BREAKER {
            self.stop_for(StopCause::Breaker);
        }
    }

    /// The first cause stays: it is the one that explains the others.
    pub(crate) fn stop_for(&self, cause: StopCause) {
        self.stop.send_if_modified(|stopped| {
            let first = stopped.is_none();
            stopped.get_or_insert(cause);
            first
        });
    }
}
