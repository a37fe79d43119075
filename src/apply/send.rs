//! One request about a user on its way to Channel: its turn, its attempts, its end.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};

use crate::apply::event::Event;
use crate::apply::pace::Pace;
use crate::model::MemberId;
use crate::model::StopCause;
use crate::remote::{
    Answer, AnsweredUser, Channel, Decision, Policy, RateHeaders, Request, RetryBudget,
    TransportError, Verdict, decide,
};

/// What all flights share.
pub(crate) struct Sender {
    pub(crate) channel: Arc<Channel>,
    /// What an answer means, to whoever asked.
    pub(crate) judge: fn(&Request, Result<Answer, TransportError>) -> Verdict,
    pub(crate) policy: Policy,
    pub(crate) pace: Arc<Pace>,
    pub(crate) budget: Mutex<RetryBudget>,
    pub(crate) clock: fn() -> Timestamp,
    pub(crate) stop: watch::Receiver<Option<StopCause>>,
    pub(crate) told: mpsc::UnboundedSender<Event>,
}

/// A flight that has ended.
pub(crate) struct Sent {
    /// Its number among all.
    pub(crate) at: usize,
    pub(crate) ended: Ending,
    /// How many requests it took.
    pub(crate) requests: u32,
    /// How many of them were repeats.
    pub(crate) repeats: u32,
}

/// How it ended.
pub(crate) enum Ending {
    /// Nothing had to be sent.
    Unsent,
    /// The run was stopping before the first attempt, be it that of a later request: then too nothing is
    /// recorded, and the next run does all of it.
    NotStarted { cause: StopCause },
    /// Channel has it; `None` where its answer could not be read.
    Accepted { answer: Option<Box<AnsweredUser>> },
    /// Channel does not want it.
    Rejected {
        status: u16,
        code: Option<String>,
        message: Option<String>,
    },
    /// Channel does not take the credentials.
    Denied { status: u16 },
    /// It did not work out.
    Failed { message: String },
}

impl Sender {
    /// Sends requests one after the other, each as often as it takes and the policy allows, until one is not
    /// accepted. The answer to the first is that of the flight.
    pub(crate) async fn fly(&self, at: usize, id: MemberId, requests: Vec<Request>) -> Sent {
        let mut flight = Sent {
            at,
            ended: Ending::Unsent,
            requests: 0,
            repeats: 0,
        };
        for request in &requests {
            let under_way = flight.requests > 0;
            let mut attempts = 0;
            let ended = self.attempts(&id, request, &mut attempts, under_way).await;
            flight.requests += attempts;
            flight.repeats += attempts.saturating_sub(1);
            match ended {
                Ending::Accepted { .. } if under_way => {}
                Ending::Accepted { .. } => flight.ended = ended,
                _ if under_way => {
                    flight.ended = of_the_old_id(ended);
                    break;
                }
                _ => {
                    flight.ended = ended;
                    break;
                }
            }
        }
        flight
    }

    /// With `under_way`, an earlier request of the same flight was accepted: this one is sent although the
    /// run is stopping, if nothing has to be waited for.
    async fn attempts(
        &self,
        id: &MemberId,
        request: &Request,
        requests: &mut u32,
        under_way: bool,
    ) -> Ending {
        let mut last_failure: Option<String> = None;
        loop {
            let finishes = under_way && last_failure.is_none();
            if let Err(cause) = self.turn(finishes).await {
                return match last_failure {
                    None => Ending::NotStarted { cause },
                    Some(message) => Ending::Failed { message },
                };
            }
            *requests += 1;
            let answered = self.channel.send(request).await;
            self.settle(answered.as_ref().ok());
            let verdict = (self.judge)(request, answered);
            let now = (self.clock)();
            let decision = decide(&self.policy, *requests, &verdict, now, fastrand::f64());
            let why = verdict.to_string();
            match verdict {
                Verdict::Accepted(answer) => {
                    return Ending::Accepted {
                        answer: answer.map(Box::new),
                    };
                }
                Verdict::Rejected {
                    status,
                    code,
                    message,
                } => {
                    return Ending::Rejected {
                        status,
                        code,
                        message,
                    };
                }
                Verdict::Denied { status } => return Ending::Denied { status },
                Verdict::RateLimited { .. }
                | Verdict::Transient { .. }
                | Verdict::Broken { .. } => {}
            }
            let wait = match decision {
                Decision::Retry { after } if self.may_repeat() => after,
                Decision::Retry { .. } | Decision::GiveUp => {
                    return Ending::Failed { message: why };
                }
            };
            tracing::debug!(
                id = id.as_str(),
                attempt = *requests,
                cause = why,
                wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
                "again"
            );
            // Nobody listens any more only when the run is over.
            let _ = self.told.send(Event::Retrying {
                id: id.clone(),
                attempt: *requests,
                wait,
                cause: why.clone(),
            });
            last_failure = Some(why);
            self.pause(wait).await;
        }
    }

    fn may_repeat(&self) -> bool {
        let mut budget = self.budget.lock().unwrap_or_else(PoisonError::into_inner);
        budget.take()
    }

    /// Waits for the right to send one request; the cause, where the run stops instead. What `finishes` a
    /// flight goes out in a stopping run too, unless it would have to wait.
    async fn turn(&self, finishes: bool) -> Result<(), StopCause> {
        if !finishes && let Some(cause) = *self.stop.borrow() {
            return Err(cause);
        }
        let mut wait = self.pace.bucket().reserve(self.pace.now());
        while !wait.is_zero() {
            self.pause(wait).await;
            if let Some(cause) = *self.stop.borrow() {
                let now = self.pace.now();
                self.pace.bucket().settle(now, &RateHeaders::default());
                return Err(cause);
            }
            wait = self.pace.bucket().closed_for(self.pace.now());
        }
        Ok(())
    }

    fn settle(&self, answer: Option<&Answer>) {
        let now = self.pace.now();
        let mut bucket = self.pace.bucket();
        let Some(answer) = answer else {
            bucket.settle(now, &RateHeaders::default());
            return;
        };
        bucket.settle(now, &answer.rate);
        if answer.status == 429 {
            let wait = answer.rate.closed_for((self.clock)());
            bucket.close(now, wait.min(self.policy.longest_retry_after));
        }
    }

    /// Waits, unless the run is asked to stop.
    async fn pause(&self, wait: Duration) {
        let mut stop = self.stop.clone();
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            // An error means that nobody can ask any more; then the sleep above is what counts.
            Ok(_) = stop.wait_for(Option::is_some) => {}
        }
    }
}

/// The only request that follows another is that for a moved user's old id. A refusal names it, so that
/// nobody looks for the trouble at the new one.
fn of_the_old_id(ended: Ending) -> Ending {
    match ended {
        Ending::Rejected {
            status,
            code,
            message,
        } => Ending::Rejected {
            status,
            code: Some(code.map_or_else(|| "old-id".to_owned(), |code| format!("old-id.{code}"))),
            message,
        },
        other => other,
    }
}
