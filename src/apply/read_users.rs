//! Reads users from Channel: many requests under way, at the project's pace, with the patience of an
//! apply.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::apply::event::Event;
use crate::apply::pace::Pace;
use crate::apply::pool::{Breaker, Job, Message, send_all};
use crate::apply::send::{Ending, Sender, Sent};
use crate::model::StopCause;
use crate::model::{ApiVersion, MemberId, Observed};
use crate::remote::{Channel, Policy, RetryBudget, is_missing, judge_reading, observed, request};

/// How users are read.
#[derive(Clone, Debug)]
pub struct ReadOptions {
    /// The API version to speak.
    pub api: ApiVersion,
    /// How many requests may be under way at once.
    pub parallelism: usize,
    /// How fast.
    pub pace: Arc<Pace>,
    /// When to ask again.
    pub policy: Policy,
}

/// What came of reading one user.
#[derive(Clone, Debug, PartialEq)]
pub enum Reading {
    /// The user is there.
    Found(Box<Observed>),
    /// Channel does not know the user.
    Missing,
    /// It did not work out.
    Failed {
        /// What happened last, without any value of the user.
        message: String,
    },
    /// Never tried, or not to the end: the run was stopping.
    Skipped {
        /// Why.
        cause: StopCause,
    },
}

/// The sum of a reading.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct ReadReport {
    /// Users that are there.
    pub found: usize,
    /// Users that Channel does not know.
    pub missing: usize,
    /// Users that could not be read.
    pub failed: usize,
    /// Users that were not tried.
    pub skipped: usize,
    /// Requests that were sent, repeats included.
    pub requests: u64,
    /// From the first request to the last answer.
    pub elapsed: Duration,
    /// Why it ended before its end.
    pub stopped: Option<StopCause>,
}

impl ReadReport {
    /// Whether every user was read.
    pub fn is_whole(&self) -> bool {
        self.failed == 0 && self.skipped == 0
    }
}

/// Reads every user and hands on exactly one [`Reading`] for each, in the order in which they come.
///
/// `stop` may ask the run to end early: then nothing new is started, what is under way is finished,
/// and the rest is skipped. It stops by itself where Channel does not take the credentials, or after
/// too many failures in a row.
pub async fn read_users(
    ids: &[MemberId],
    channel: Arc<Channel>,
    options: &ReadOptions,
    stop: &watch::Sender<Option<StopCause>>,
    clock: fn() -> Timestamp,
    on_event: &mut dyn FnMut(Event),
    on_user: &mut dyn FnMut(&MemberId, Reading),
) -> ReadReport {
    let started = Instant::now();
    on_event(Event::Reading { users: ids.len() });
    let (told, tellings) = tokio::sync::mpsc::unbounded_channel();
    let lane = Arc::new(Sender {
        channel,
        judge: judge_reading,
        policy: options.policy.clone(),
        pace: Arc::clone(&options.pace),
        budget: Mutex::new(RetryBudget::for_requests(ids.len())),
        clock,
        stop: stop.subscribe(),
        told,
    });
    let mut report = ReadReport::default();
    let mut breaker = Breaker::new(stop);
    let mut ended = vec![false; ids.len()];
    let jobs = ids.iter().enumerate().map(|(at, id)| Job {
        at,
        id: id.clone(),
        requests: vec![request::get_user(options.api, id)],
    });
    send_all(
        &lane,
        tellings,
        options.parallelism,
        jobs,
        &mut |happened| match happened {
            Message::Told(event) => on_event(event),
            Message::Ended(flight) => {
                let id = &ids[flight.at];
                ended[flight.at] = true;
                report.requests += u64::from(flight.requests);
                let reading = reading_of(flight, &mut breaker);
                hand_on(id, reading, &mut report, on_event, on_user);
            }
        },
    )
    .await;
    report.stopped = *stop.borrow();
    for (id, _) in ids.iter().zip(ended).filter(|(_, ended)| !ended) {
        let reading = match report.stopped {
            Some(cause) => Reading::Skipped { cause },
            None => Reading::Failed {
                message: "talkform itself failed; this is a bug".to_owned(),
            },
        };
        hand_on(id, reading, &mut report, on_event, on_user);
    }
    report.elapsed = started.elapsed();
    // Asked to stop when the last user was under way already: that is an end as any.
    let cut_short = report.skipped > 0;
    report.stopped = report
        .stopped
        .filter(|cause| cut_short || cause.is_trouble());
    report
}

fn reading_of(flight: Sent, breaker: &mut Breaker<'_>) -> Reading {
    match flight.ended {
        Ending::Accepted {
            answer: Some(answer),
        } => {
            breaker.answered();
            Reading::Found(Box::new(observed(&answer)))
        }
        // Neither is an end of a question; said rather than panicked about.
        Ending::Accepted { answer: None } | Ending::Unsent => Reading::Failed {
            message: "Channel's answer cannot be read".to_owned(),
        },
        Ending::Rejected {
            status,
            code,
            // May echo values.
            message: _,
        } => {
            breaker.answered();
            if is_missing(status, code.as_deref()) {
                return Reading::Missing;
            }
            let code = code.map_or(String::new(), |code| format!(" {code}"));
            Reading::Failed {
                message: format!("rejected by Channel: {status}{code}"),
            }
        }
        Ending::Denied { status } => {
            breaker.stop_for(StopCause::Denied);
            Reading::Failed {
                message: format!("{status}: Channel does not take the credentials"),
            }
        }
        Ending::Failed { message } => {
            breaker.failed();
            Reading::Failed { message }
        }
        Ending::NotStarted { cause } => Reading::Skipped { cause },
    }
}

fn hand_on(
    id: &MemberId,
    reading: Reading,
    report: &mut ReadReport,
    on_event: &mut dyn FnMut(Event),
    on_user: &mut dyn FnMut(&MemberId, Reading),
) {
    let (count, word, failure) = match &reading {
        Reading::Found(_) => (&mut report.found, "found", None),
        Reading::Missing => (&mut report.missing, "missing", None),
        Reading::Failed { message } => (&mut report.failed, "failed", Some(message.clone())),
        Reading::Skipped { .. } => (&mut report.skipped, "skipped", None),
    };
    *count += 1;
    tracing::info!(id = id.as_str(), outcome = word, cause = failure, "read");
    if !matches!(reading, Reading::Skipped { .. }) {
        on_event(Event::Read {
            id: id.clone(),
            failure,
        });
    }
    on_user(id, reading);
}
