//! Carries out a plan: many requests under way, one place where their ends come together.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::Instant;

use super::flight::{Ended, Flight, Lane};
use super::traffic::{Breaker, Happened, Job, fly_all};
use super::{Event, Outcome, Pace, Report, SkipCause, StopCause, UserOutcome};
use crate::model::{
    ApiVersion, Change, Digests, Entry, FieldPath, Plan, PlannedChange, Rejection, State,
};
use crate::remote::{
    AnsweredUser, Channel, Policy, Request, RetryBudget, judge, request, unconfirmed,
};
use crate::state::{JournalRecord, JournalWriter};

/// How a plan is carried out. Nothing here changes what is sent.
#[derive(Clone, Debug)]
pub struct Options {
    /// The API version to speak.
    pub api: ApiVersion,
    /// How many requests may be under way at once.
    pub parallelism: usize,
    /// How fast.
    pub pace: Arc<Pace>,
    /// When to send again.
    pub policy: Policy,
    /// Whether the first failure stops the run.
    pub fail_fast: bool,
}

/// Where what happened is written down: in memory at once, and in the journal.
#[derive(Debug)]
pub struct Record<'a> {
    /// The state as it becomes.
    pub state: &'a mut State,
    /// The open journal.
    pub journal: &'a mut JournalWriter,
}

/// Carries out every change and returns one outcome for each.
///
/// `stop` may ask the run to end early: then nothing new is started and what is under way is
/// finished. `clock` gives the time that is recorded.
pub async fn execute(
    plan: &Plan,
    channel: Arc<Channel>,
    options: &Options,
    mut record: Record<'_>,
    stop: &watch::Sender<Option<StopCause>>,
    clock: fn() -> Timestamp,
    on_event: &mut dyn FnMut(Event),
) -> Report {
    let started = Instant::now();
    on_event(Event::Started {
        changes: plan.changes.len(),
        requests: plan.requests(),
    });
    let (told, tellings) = tokio::sync::mpsc::unbounded_channel();
    let lane = Arc::new(Lane {
        channel,
        judge,
        policy: options.policy.clone(),
        pace: Arc::clone(&options.pace),
        budget: Mutex::new(RetryBudget::for_requests(plan.requests())),
        clock,
        stop: stop.subscribe(),
        told,
    });
    let mut run = Run {
        outcomes: vec![None; plan.changes.len()],
        requests: 0,
        breaker: Breaker::new(stop),
        fail_fast: options.fail_fast,
        clock,
    };
    let jobs = plan.changes.iter().enumerate().map(|(at, planned)| Job {
        at,
        id: planned.id.clone(),
        request: request_of(planned, options.api),
    });
    fly_all(
        &lane,
        tellings,
        options.parallelism,
        jobs,
        &mut |happened| match happened {
            Happened::Told(event) => on_event(event),
            Happened::Ended(flight) => run.settle(plan, flight, &mut record, on_event),
        },
    )
    .await;
    let stopped = *stop.borrow();
    run.report(plan, started.elapsed(), stopped)
}

/// The most that carrying out a plan can write down: everything done, nothing confirmed.
pub fn most_written(plan: &Plan, now: Timestamp) -> impl Iterator<Item = JournalRecord> {
    plan.changes.iter().map(move |planned| {
        let id = planned.id.clone();
        match &planned.change {
            Change::Create { digests, .. } | Change::Update { digests, .. } => {
                let unconfirmed = digests.fields.iter().map(|(path, _)| path.clone());
                let entry = Entry {
                    unconfirmed: unconfirmed.collect(),
                    ..Entry::new(digests, now)
                };
                JournalRecord::Applied(id, entry)
            }
            Change::Forget { .. } | Change::Delete { .. } => JournalRecord::Gone(id),
        }
    })
}

/// What Channel's answer does not show as sent; everything that was sent, where it cannot be read.
fn unconfirmed_of(planned: &PlannedChange, answer: Option<&AnsweredUser>) -> BTreeSet<FieldPath> {
    match &planned.change {
        Change::Create { upsert, .. }
        | Change::Update {
            upsert: Some(upsert),
            ..
        } => unconfirmed(upsert, answer),
        Change::Update { upsert: None, .. } | Change::Forget { .. } | Change::Delete { .. } => {
            BTreeSet::new()
        }
    }
}

fn request_of(planned: &PlannedChange, api: ApiVersion) -> Option<Request> {
    match &planned.change {
        Change::Create { upsert, .. } => Some(request::upsert(api, &planned.id, upsert)),
        Change::Update { upsert, .. } => upsert
            .as_ref()
            .map(|upsert| request::upsert(api, &planned.id, upsert)),
        Change::Delete { .. } => Some(request::delete(api, &planned.id)),
        Change::Forget { .. } => None,
    }
}

/// One line for each user. What Channel says of a refusal stays out: it may echo values.
fn log(planned: &PlannedChange, outcome: &Outcome, attempts: u32) {
    let (outcome, status, cause) = match outcome {
        Outcome::Applied { .. } => ("applied", None, None),
        Outcome::Rejected { status, .. } => ("rejected", Some(*status), None),
        Outcome::Failed { message, .. } => ("failed", None, Some(message.as_str())),
        Outcome::Skipped { .. } => ("skipped", None, None),
    };
    tracing::info!(
        id = planned.id.as_str(),
        action = planned.change.action(),
        outcome,
        status,
        attempts,
        cause,
        "user"
    );
}

struct Run<'a> {
    outcomes: Vec<Option<Outcome>>,
    requests: u64,
    breaker: Breaker<'a>,
    fail_fast: bool,
    clock: fn() -> Timestamp,
}

impl Run<'_> {
    /// Gives one change its outcome, and writes it down before anybody is told.
    fn settle(
        &mut self,
        plan: &Plan,
        flight: Flight,
        record: &mut Record<'_>,
        on_event: &mut dyn FnMut(Event),
    ) {
        let Flight {
            at,
            ended,
            requests: attempts,
        } = flight;
        self.requests += u64::from(attempts);
        let planned = &plan.changes[at];
        let outcome = match ended {
            Ended::Unsent => self.done(planned, BTreeSet::new(), record),
            Ended::Accepted { answer } => {
                let unconfirmed = unconfirmed_of(planned, answer.as_deref());
                self.done(planned, unconfirmed, record)
            }
            Ended::Rejected {
                status,
                code,
                message,
            } => {
                self.write_rejection(planned, status, code.clone(), record);
                Outcome::Rejected {
                    status,
                    code,
                    message,
                }
            }
            Ended::Denied { status } => {
                self.breaker.stop_for(StopCause::Denied);
                Outcome::Failed {
                    message: format!("{status}: Channel does not take the credentials"),
                    attempts,
                }
            }
            Ended::Failed { message } => Outcome::Failed { message, attempts },
            Ended::NotStarted { cause } => Outcome::Skipped {
                cause: SkipCause::Stopped(cause),
            },
        };
        self.watch(&outcome);
        log(planned, &outcome, attempts);
        self.outcomes[at] = Some(outcome.clone());
        on_event(Event::Finished(UserOutcome {
            id: planned.id.clone(),
            action: planned.change.action(),
            outcome,
        }));
    }

    fn watch(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Applied { .. } | Outcome::Rejected { .. } => self.breaker.answered(),
            Outcome::Failed { .. } => self.breaker.failed(),
            Outcome::Skipped { .. } => {}
        }
        let failed = matches!(outcome, Outcome::Failed { .. } | Outcome::Rejected { .. });
        if self.fail_fast && failed {
            self.breaker.stop_for(StopCause::FailFast);
        }
    }

    fn done(
        &self,
        planned: &PlannedChange,
        unconfirmed: BTreeSet<FieldPath>,
        record: &mut Record<'_>,
    ) -> Outcome {
        let event = match &planned.change {
            Change::Create { digests, .. } | Change::Update { digests, .. } => {
                let entry = self.entry(digests, unconfirmed.clone());
                JournalRecord::Applied(planned.id.clone(), entry)
            }
            Change::Forget { .. } | Change::Delete { .. } => {
                JournalRecord::Gone(planned.id.clone())
            }
        };
        self.write(event, record);
        Outcome::Applied { unconfirmed }
    }

    fn entry(&self, digests: &Digests, unconfirmed: BTreeSet<FieldPath>) -> Entry {
        Entry {
            unconfirmed,
            ..Entry::new(digests, (self.clock)())
        }
    }

    fn write_rejection(
        &self,
        planned: &PlannedChange,
        status: u16,
        code: Option<String>,
        record: &mut Record<'_>,
    ) {
        let (Change::Create { digests, .. } | Change::Update { digests, .. }) = &planned.change
        else {
            return;
        };
        // Another declaration is another trouble: it is counted from its own first time on.
        let before = planned
            .rejected
            .as_ref()
            .filter(|before| before.digest == digests.user);
        let rejection = Rejection {
            digest: digests.user,
            status,
            code,
            attempts: before.map_or(0, |before| before.attempts).saturating_add(1),
            since: before.map_or_else(|| (self.clock)(), |before| before.since),
        };
        self.write(
            JournalRecord::Rejected(planned.id.clone(), rejection),
            record,
        );
    }

    /// In memory always, so that the closing save has it even where the journal could not take
    /// it; then no further user is started.
    fn write(&self, event: JournalRecord, record: &mut Record<'_>) {
        if let Err(error) = record.journal.append(&event) {
            tracing::error!("cannot write the journal: {error}");
            self.breaker.stop_for(StopCause::Unrecorded);
        }
        event.apply(record.state);
    }

    fn report(self, plan: &Plan, elapsed: Duration, stopped: Option<StopCause>) -> Report {
        let outcomes: Vec<UserOutcome> = plan
            .changes
            .iter()
            .zip(self.outcomes)
            .map(|(planned, outcome)| UserOutcome {
                id: planned.id.clone(),
                action: planned.change.action(),
                outcome: outcome.unwrap_or_else(|| match stopped {
                    Some(cause) => Outcome::Skipped {
                        cause: SkipCause::Stopped(cause),
                    },
                    None => Outcome::Failed {
                        message: "talkform itself failed; this is a bug".to_owned(),
                        attempts: 0,
                    },
                }),
            })
            .collect();
        let sent = outcomes
            .iter()
            .zip(&plan.changes)
            .filter(|(user, planned)| {
                planned.change.sends_request() && !matches!(user.outcome, Outcome::Skipped { .. })
            })
            .count();
        let cut_short = outcomes
            .iter()
            .any(|user| matches!(user.outcome, Outcome::Skipped { .. }));
        Report {
            outcomes,
            unchanged: plan.unchanged,
            requests: self.requests,
            retried: self.requests.saturating_sub(sent as u64),
            elapsed,
            // Asked to stop when the last change was under way already: that is an end as any.
            stopped: stopped.filter(|cause| cut_short || cause.is_trouble()),
        }
    }
}
