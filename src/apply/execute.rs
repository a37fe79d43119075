//! Carries out a plan: many requests under way, one place where their ends come together.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::apply::event::Event;
use crate::apply::outcome::{Outcome, Report, SkipCause, UserOutcome};
use crate::apply::pace::Pace;
use crate::apply::pool::{Breaker, Job, Message, send_all};
use crate::apply::send::{Ending, Sender, Sent};
use crate::model::StopCause;
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
    let lane = Arc::new(Sender {
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
        repeats: 0,
        breaker: Breaker::new(stop),
        fail_fast: options.fail_fast,
        clock,
    };
    let jobs = plan.changes.iter().enumerate().map(|(at, planned)| Job {
        at,
        id: planned.id.clone(),
        requests: requests_of(planned, options.api),
    });
    send_all(
        &lane,
        tellings,
        options.parallelism,
        jobs,
        &mut |happened| match happened {
            Message::Told(event) => on_event(event),
            Message::Ended(flight) => run.settle(plan, flight, &mut record, on_event),
        },
    )
    .await;
    let stopped = *stop.borrow();
    run.report(plan, started.elapsed(), stopped)
}

/// The most that carrying out a plan can write down: everything done, nothing confirmed.
pub fn most_written(plan: &Plan, now: Timestamp) -> impl Iterator<Item = JournalRecord> {
    plan.changes.iter().map(move |planned| {
        let nothing_confirmed = |digests: &Digests| {
            let unconfirmed = digests.fields.iter().map(|(path, _)| path.clone());
            Entry {
                unconfirmed: unconfirmed.collect(),
                ..Entry::new(digests, now)
            }
        };
        done(planned, &nothing_confirmed)
    })
}

/// What is written down of a change that is done.
fn done(planned: &PlannedChange, entry: &dyn Fn(&Digests) -> Entry) -> JournalRecord {
    let id = planned.id.clone();
    match &planned.change {
        Change::Create(write) | Change::Update(write) => {
            JournalRecord::Applied(id, entry(&write.digests))
        }
        Change::Move { from, write, .. } => JournalRecord::Moved {
            from: from.clone(),
            to: id,
            entry: entry(&write.digests),
        },
        Change::Forget { .. } | Change::Delete { .. } => JournalRecord::Gone(id),
    }
}

/// What Channel's answer does not show as sent; everything that was sent, where it cannot be read.
fn unconfirmed_of(planned: &PlannedChange, answer: Option<&AnsweredUser>) -> BTreeSet<FieldPath> {
    let sent = planned.change.upsert();
    sent.map_or_else(BTreeSet::new, |sent| unconfirmed(sent, answer))
}

/// What is sent, one after the other.
fn requests_of(planned: &PlannedChange, api: ApiVersion) -> Vec<Request> {
    let put = planned.change.upsert();
    let put = put.map(|upsert| request::upsert(api, &planned.id, upsert));
    let delete = match &planned.change {
        Change::Delete { .. } => Some(&planned.id),
        // The new id first: nobody is deleted before Channel has the user under it.
        Change::Move {
            from,
            delete_old: true,
            ..
        } => Some(from),
        Change::Move { .. } | Change::Create(_) | Change::Update(_) | Change::Forget { .. } => None,
    };
    let delete = delete.map(|id| request::delete(api, id));
    put.into_iter().chain(delete).collect()
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
        action = planned.change.action().as_str(),
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
    repeats: u64,
    breaker: Breaker<'a>,
    fail_fast: bool,
    clock: fn() -> Timestamp,
}

impl Run<'_> {
    /// Gives one change its outcome, and writes it down before anybody is told.
    fn settle(
        &mut self,
        plan: &Plan,
        flight: Sent,
        record: &mut Record<'_>,
        on_event: &mut dyn FnMut(Event),
    ) {
        let Sent {
            at,
            ended,
            requests: attempts,
            repeats,
        } = flight;
        self.requests += u64::from(attempts);
        self.repeats += u64::from(repeats);
        let planned = &plan.changes[at];
        let outcome = match ended {
            Ending::Unsent => self.done(planned, BTreeSet::new(), record),
            Ending::Accepted { answer } => {
                let unconfirmed = unconfirmed_of(planned, answer.as_deref());
                self.done(planned, unconfirmed, record)
            }
            Ending::Rejected {
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
            Ending::Denied { status } => {
                self.breaker.stop_for(StopCause::Denied);
                Outcome::Failed {
                    message: format!("{status}: Channel does not take the credentials"),
                    attempts,
                }
            }
            Ending::Failed { message } => Outcome::Failed { message, attempts },
            Ending::NotStarted { cause } => Outcome::Skipped {
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
        let entry = |digests: &Digests| self.entry(digests, unconfirmed.clone());
        self.write(done(planned, &entry), record);
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
        let digest = match &planned.change {
            Change::Create(write) | Change::Update(write) | Change::Move { write, .. } => {
                write.digests.user
            }
            // The user stays recorded, and so does that Channel did not delete it.
            Change::Delete { last } => last.digest,
            Change::Forget { .. } => return,
        };
        // Another declaration is another trouble: it is counted from its own first time on.
        let before = planned
            .rejected
            .as_ref()
            .filter(|before| before.digest == digest);
        let rejection = Rejection {
            digest,
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
        let cut_short = outcomes
            .iter()
            .any(|user| matches!(user.outcome, Outcome::Skipped { .. }));
        Report {
            outcomes,
            api: plan.api,
            unchanged: plan.unchanged,
            requests: self.requests,
            retried: self.repeats,
            elapsed,
            // Asked to stop when the last change was under way already: that is an end as any.
            stopped: stopped.filter(|cause| cut_short || cause.is_trouble()),
        }
    }
}
