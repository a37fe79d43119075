//! Sends the requests of one user, with retries.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, watch};

use crate::apply::event::Event;
use crate::apply::pace::Pace;
use crate::model::{MemberId, ShownIds, StopCause};
use crate::remote::{
    Decision, Pass, Policy, Request, ResponseUser, RetryBudget, Transport, TransportError, Verdict,
    decide, judge,
};
use crate::state::Ticket;

/// Sends requests. All jobs of a run share one.
pub(crate) struct Sender {
    channel: Arc<dyn Transport>,
    /// The channel that the credentials belong to, if it is known.
    channel_id: Option<String>,
    policy: Policy,
    pace: Arc<Pace>,
    budget: Mutex<RetryBudget>,
    parallelism: usize,
    /// How ids are logged.
    ids: ShownIds,
    /// One permit for each job that may send at once.
    turns: Arc<Semaphore>,
    clock: fn() -> Timestamp,
    pub(crate) stop: watch::Receiver<Option<StopCause>>,
    /// Ends every pause when the run is asked to stop, in the order in which the pauses began.
    stopped: Notify,
    events_out: mpsc::UnboundedSender<Event>,
}

/// The parts of a [`Sender`].
pub(crate) struct SenderOptions<'a> {
    pub(crate) channel: Arc<dyn Transport>,
    pub(crate) channel_id: Option<&'a str>,
    pub(crate) policy: &'a Policy,
    pub(crate) pace: &'a Arc<Pace>,
    /// How many requests the run takes without retries.
    pub(crate) requests: usize,
    /// How many jobs may send at once.
    pub(crate) parallelism: usize,
    /// How ids are logged.
    pub(crate) ids: &'a ShownIds,
    pub(crate) clock: fn() -> Timestamp,
    pub(crate) stop: &'a watch::Sender<Option<StopCause>>,
}

/// The requests of one user.
pub(crate) struct Job {
    /// The job's place among all jobs, from 0.
    pub(crate) index: usize,
    pub(crate) id: MemberId,
    /// Sent one after the other. Empty if only the state changes.
    pub(crate) requests: Vec<Request>,
    /// The intent that has to be on the disk before the first request leaves.
    pub(crate) intent: Option<Ticket>,
    /// The result of the job that this one completes, with the opt-outs of a person who was created anew. Such a job
    /// takes over the turn. It is sent also while the run stops, unless it would have to wait. If the run stops
    /// because of such people, it waits and is repeated as if the run did not stop.
    pub(crate) completes: Option<Sent>,
}

/// The result of one job.
pub(crate) struct Sent {
    /// The job's place among all jobs, from 0.
    pub(crate) index: usize,
    pub(crate) ending: Ending,
    /// How many requests were sent, retries included. Those of a completed job are among them.
    pub(crate) requests: u32,
    /// How many of them were retries.
    pub(crate) retries: u32,
    /// Whether the job completed another one, with the opt-outs of a person who was created anew.
    pub(crate) restores: bool,
    /// Released when the result is recorded, so that no other user is sent before.
    pub(crate) turn: Option<OwnedSemaphorePermit>,
    /// Whether Channel may have carried out a request although the ending does not show it: a request was
    /// accepted and a later one of the job was not, or a response is not known.
    pub(crate) may_be_done: bool,
}

impl Sent {
    /// The result of a job that has no request.
    pub(crate) fn without_requests(index: usize) -> Self {
        Self {
            index,
            ending: Ending::Unsent,
            requests: 0,
            retries: 0,
            restores: false,
            turn: None,
            may_be_done: false,
        }
    }
}

/// How a job ended.
pub(crate) enum Ending {
    /// The job had no request.
    Unsent,
    /// The run stopped before this request was sent.
    NotStarted { cause: StopCause },
    /// Channel accepted every request. `response` is the user in the response to the first one; `None`
    /// if that is a DELETE.
    Accepted { response: Option<Box<ResponseUser>> },
    /// Channel does not have the user who was read.
    Missing,
    /// Channel rejected a request. `request` is its place among the requests of the job, from 0.
    Rejected {
        request: usize,
        status: u16,
        code: Option<String>,
        message: Option<String>,
    },
    /// Channel does not accept the credentials.
    Denied { status: u16 },
    /// A proxy or a firewall may have answered with 401 or 403.
    Blocked { message: String },
    /// The last attempt failed.
    Failed { message: String },
}

impl Ending {
    /// The ending of a job that reported none: the run stopped before the job was started, or the job
    /// ended in a panic.
    pub(crate) fn missing(stopped: Option<StopCause>) -> Self {
        match stopped {
            Some(cause) => Self::NotStarted { cause },
            None => Self::Failed {
                message: "talkform itself failed; this is a bug".to_owned(),
            },
        }
    }
}

/// Why a run ended early. `None` if the stop came so late that nothing was skipped, unless the next run
/// fails for the same reason.
pub(crate) fn early_stop(stopped: Option<StopCause>, any_skipped: bool) -> Option<StopCause> {
    stopped.filter(|cause| any_skipped || cause.is_trouble())
}

impl Sender {
    /// Makes a sender, and the receiver of its events.
    pub(crate) fn new(options: SenderOptions<'_>) -> (Arc<Self>, mpsc::UnboundedReceiver<Event>) {
        let SenderOptions {
            channel,
            channel_id,
            policy,
            pace,
            requests,
            parallelism,
            clock,
            stop,
            ids,
        } = options;
        let (events_out, events_in) = mpsc::unbounded_channel();
        let sender = Self {
            ids: ids.clone(),
            channel,
            channel_id: channel_id.map(ToOwned::to_owned),
            policy: policy.clone(),
            pace: Arc::clone(pace),
            budget: Mutex::new(RetryBudget::for_requests(requests)),
            parallelism,
            turns: Arc::new(Semaphore::new(parallelism)),
            clock,
            stop: stop.subscribe(),
            stopped: Notify::new(),
            events_out,
        };
        (Arc::new(sender), events_in)
    }

    /// How many jobs may send at once.
    pub(crate) fn parallelism(&self) -> usize {
        self.parallelism
    }

    /// How many requests the rate limiter would let through now.
    pub(crate) fn spare_requests(&self) -> usize {
        self.pace.spare()
    }

    /// Sends the requests of one job in order, each with retries. Stops at the first that is not
    /// accepted. The intent has to be on the disk before the first request leaves.
    pub(crate) async fn send(&self, job: Job) -> Sent {
        let Job {
            index,
            id,
            requests,
            intent,
            completes,
        } = job;
        let mut sent = match completes {
            Some(first) => Sent {
                ending: Ending::Unsent,
                restores: true,
                may_be_done: true,
                ..first
            },
            None => Sent::without_requests(index),
        };
        if sent.turn.is_none() {
            // The semaphore is never closed.
            sent.turn = Arc::clone(&self.turns).acquire_owned().await.ok();
        }
        if let Some(intent) = intent
            && intent.wait().await.is_err()
        {
            let cause = StopCause::Unrecorded;
            sent.ending = Ending::NotStarted { cause };
            return sent;
        }
        for (place, request) in requests.iter().enumerate() {
            let attempts = self.attempts(&id, request, place, &mut sent);
            let ending = attempts.await;
            match ending {
                Ending::Accepted { .. } if place > 0 => {}
                Ending::Accepted { .. } => {
                    sent.may_be_done = true;
                    sent.ending = ending;
                }
                _ => {
                    sent.ending = ending;
                    break;
                }
            }
        }
        sent
    }

    /// Sends one request until it has a final response or no retry is left. A request after the first one
    /// of a job is sent also while the run stops, unless it would have to wait.
    async fn attempts(
        &self,
        id: &MemberId,
        request: &Request,
        place: usize,
        sent: &mut Sent,
    ) -> Ending {
        let restores = sent.restores;
        let completes_a_job = place > 0 || restores;
        let mut attempts = 0;
        let mut last_failure: Option<String> = None;
        let mut is_first = true;
        loop {
            let turn = self.turn(completes_a_job && is_first, restores).await;
            let pass = match turn {
                Ok(pass) => pass,
                Err(cause) => return ended_by(cause, last_failure),
            };
            sent.requests += 1;
            sent.retries += u32::from(!is_first);
            is_first = false;
            let received = self.channel.send(request).await;
            let has_left = !received.as_ref().is_err_and(TransportError::is_unsent);
            let now = (self.clock)();
            let Ok(closed) = self.pace.observe(pass, received.as_ref().ok(), now) else {
                let cause = StopCause::Throttled;
                return Ending::NotStarted { cause };
            };
            let verdict =
                judge(request, self.channel_id.as_deref(), received).explained(&self.policy, now);
            let why = verdict.to_string();
            attempts += u32::from(!matches!(verdict, Verdict::RateLimited));
            let decision = decide(&self.policy, attempts, &verdict, now, fastrand::f64());
            match verdict {
                Verdict::Accepted(response) => return Ending::Accepted { response },
                Verdict::Missing => return Ending::Missing,
                Verdict::Rejected {
                    status,
                    code,
                    message,
                } => {
                    return Ending::Rejected {
                        request: place,
                        status,
                        code,
                        message,
                    };
                }
                Verdict::Denied { status } => return Ending::Denied { status },
                Verdict::Blocked { .. } => {
                    sent.may_be_done = true;
                    return Ending::Blocked { message: why };
                }
                Verdict::RateLimited => {
                    // One refusal is reported for all that arrive together.
                    if let Some(wait) = closed {
                        self.report_retry(id, attempts + 1, wait, &why);
                    }
                    continue;
                }
                Verdict::Transient { .. } | Verdict::Broken { .. } | Verdict::Obstructed(_) => {
                    sent.may_be_done |= has_left;
                }
            }
            let wait = match decision {
                Decision::Retry { after } if self.may_retry() => after,
                Decision::Retry { .. } | Decision::GiveUp => {
                    return Ending::Failed { message: why };
                }
            };
            self.report_retry(id, attempts, wait, &why);
            last_failure = Some(why);
            self.pause(wait, restores).await;
        }
    }

    /// Reports that a request will be sent again.
    fn report_retry(&self, id: &MemberId, attempt: u32, wait: Duration, cause: &str) {
        tracing::debug!(
            id = self.ids.of(id).as_str(),
            attempt,
            cause,
            wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
            "again"
        );
        // Fails only if the receiver is gone, and then the run is over.
        let _ = self.events_out.send(Event::Retrying {
            id: id.clone(),
            attempt,
            wait,
            cause: cause.to_owned(),
        });
    }

    fn may_retry(&self) -> bool {
        let mut budget = self.budget.lock().unwrap_or_else(PoisonError::into_inner);
        budget.take()
    }

    /// Waits until one request may leave. Returns the cause if the run stops instead. A request
    /// that completes a job is sent also while the run stops, unless it would have to wait.
    async fn turn(&self, completes_a_job: bool, restores: bool) -> Result<Pass, StopCause> {
        if !completes_a_job && let Some(cause) = self.stop_of(restores) {
            return Err(cause);
        }
        loop {
            let wait = self.pace.reserve();
            if !wait.is_zero() {
                self.pause(wait, restores).await;
                if let Some(cause) = self.stop_of(restores) {
                    self.pace.give_back();
                    return Err(cause);
                }
            }
            let reopened = self.pace.reopened();
            let closed_for = match self.pace.pass() {
                Ok(pass) => return Ok(pass),
                Err(closed_for) => closed_for,
            };
            tokio::select! {
                biased;
                () = self.pause(closed_for, restores) => {}
                () = reopened => {}
            }
            if let Some(cause) = self.stop_of(restores) {
                return Err(cause);
            }
        }
    }

    /// Waits until the time has passed or a stop ends the job.
    async fn pause(&self, wait: Duration, restores: bool) {
        let time = tokio::time::sleep(wait);
        tokio::pin!(time);
        loop {
            // Made before the check, so that no stop between them is missed.
            let stopped = self.stopped.notified();
            if self.stop_of(restores).is_some() {
                return;
            }
            tokio::select! {
                biased;
                () = &mut time => return,
                () = stopped => {}
            }
        }
    }

    /// Ends every pause, because the run is asked to stop.
    pub(crate) fn end_pauses(&self) {
        self.stopped.notify_waiters();
    }

    /// The stop that ends a job, if there is one.
    fn stop_of(&self, restores: bool) -> Option<StopCause> {
        self.stop.borrow().filter(|cause| ends(*cause, restores))
    }
}

/// The ending of a job that a stop ended.
fn ended_by(cause: StopCause, last_failure: Option<String>) -> Ending {
    match last_failure {
        None => Ending::NotStarted { cause },
        Some(message) => Ending::Failed { message },
    }
}

/// Whether a stop ends a job. `restores` says that it restores the opt-outs of a person who was created anew: a stop
/// because of such people does not end it.
fn ends(cause: StopCause, restores: bool) -> bool {
    !(restores && cause == StopCause::Recreated)
}
