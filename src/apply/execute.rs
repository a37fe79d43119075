//! Executes a plan: every change to exactly one outcome, written to the journal.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::apply::breaker::Breaker;
use crate::apply::ending::{outcome_of, remote_id_of};
use crate::apply::event::Event;
use crate::apply::intent::intent_of;
use crate::apply::outcome::{Outcome, Report, Uncertain, UserOutcome};
use crate::apply::pace::Pace;
use crate::apply::pool::{MOST_AHEAD, Message, Work, send_all};
use crate::apply::reason::Shown;
use crate::apply::records::{answered, digests_of, record_of};
use crate::apply::recreate::{missing_opt_outs, most_recreated, restoring};
use crate::apply::requests::requests_of;
use crate::apply::send::{Ending, Job, Sender, SenderOptions, Sent, early_stop};
use crate::apply::settle::Settling;
use crate::model::{
    ApiVersion, Change, ChannelId, Destination, DigestKey, Digests, Entry, MemberId, Pending, Plan,
    PlannedChange, RejectedRequest, Rejection, RemoteIdDigest, ShownIds, State, StopCause,
    Visibility, VisibilityLookup,
};
use crate::remote::{Policy, Transport, request};
use crate::state::{JournalRecord, JournalWriter, OpenIntents, Ticket};

/// How a plan is executed. None of these changes what is sent.
#[derive(Clone, Debug)]
pub struct Options {
    /// The API version to use.
    pub api: ApiVersion,
    /// How many requests may be under way at once.
    pub parallelism: usize,
    /// The rate limiter.
    pub pace: Arc<Pace>,
    /// When to retry.
    pub policy: Policy,
    /// Whether the first failure stops the run.
    pub fail_fast: bool,
    /// What may be shown of values and ids in the report and in logs.
    pub visibility: Visibility,
}

/// Where outcomes are recorded: in the state in memory, and in the journal.
#[derive(Debug)]
pub struct Record<'a> {
    /// The state. Each outcome changes it at once.
    pub state: &'a mut State,
    /// The open journal.
    pub journal: &'a mut JournalWriter,
    /// The key of the state's digests.
    pub key: &'a DigestKey,
}

/// Executes every change and returns one outcome for each.
///
/// `stop` may ask the run to end early: no further change is started, and the changes under way are
/// finished. `clock` gives the time that is recorded.
pub async fn execute(
    plan: &Plan,
    channel: Arc<dyn Transport>,
    options: &Options,
    record: Record<'_>,
    stop: &watch::Sender<Option<StopCause>>,
    clock: fn() -> Timestamp,
    on_event: &mut dyn FnMut(Event),
) -> Report {
    let started = Instant::now();
    let ids = options.visibility.ids();
    let visibility = VisibilityLookup::new(&options.visibility);
    on_event(Event::Started {
        changes: plan.changes.len(),
        requests: plan.requests(),
    });
    let channel_id = record.state.destination.channel_id.clone();
    let (sender, events_in) = Sender::new(SenderOptions {
        channel,
        channel_id: channel_id.as_ref().map(ChannelId::as_str),
        policy: &options.policy,
        pace: &options.pace,
        requests: plan.requests(),
        parallelism: options.parallelism,
        ids: &ids,
        clock,
        stop,
    });
    let mut execution = Execution {
        plan,
        api: options.api,
        next: 0,
        record,
        intents: OpenIntents::default(),
        digests: BTreeMap::new(),
        recreated: BTreeMap::new(),
        most_recreated: most_recreated(plan),
        follow_ups: VecDeque::new(),
        outcomes: vec![None; plan.changes.len()],
        requests: 0,
        retries: 0,
        breaker: Breaker::new(stop),
        fail_fast: options.fail_fast,
        pace: Arc::clone(&options.pace),
        shown: Shown {
            reveals_values: options.visibility.reveals(),
            ids: &ids,
        },
        visibility: &visibility,
        clock,
        on_event,
    };
    send_all(&sender, events_in, &mut execution).await;
    let stopped = *stop.borrow();
    execution.into_report(started.elapsed(), stopped)
}

/// Logs one user. The reason for a rejection is left out, because it may repeat values.
fn log(planned: &PlannedChange, outcome: &Outcome, attempts: u32, ids: &ShownIds) {
    let (outcome, status, cause) = match outcome {
        Outcome::Applied { .. } => ("applied", None, None),
        Outcome::Rejected { status, .. } => ("rejected", Some(*status), None),
        Outcome::Failed { message, .. } => ("failed", None, Some(message.as_str())),
        Outcome::Skipped { .. } => ("skipped", None, None),
    };
    tracing::info!(
        id = ids.of(&planned.id).as_str(),
        action = planned.change.action().as_str(),
        outcome,
        status,
        attempts,
        cause,
        "user"
    );
}

/// An execution under way.
struct Execution<'a> {
    plan: &'a Plan,
    api: ApiVersion,
    /// The next change to start.
    next: usize,
    record: Record<'a>,
    /// The intents without a result.
    intents: OpenIntents,
    /// The digests of everything declared, of the changes that are under way.
    digests: BTreeMap<usize, Digests>,
    /// The new persons whom Channel created anew, by the place of their change.
    recreated: BTreeMap<usize, RemoteIdDigest>,
    /// The most people who may be created anew before the run stops.
    most_recreated: usize,
    /// The second PUTs that are not started yet.
    follow_ups: VecDeque<Job>,
    outcomes: Vec<Option<Outcome>>,
    requests: u64,
    retries: u64,
    breaker: Breaker<'a>,
    fail_fast: bool,
    pace: Arc<Pace>,
    shown: Shown<'a>,
    visibility: &'a VisibilityLookup<'a>,
    clock: fn() -> Timestamp,
    on_event: &'a mut dyn FnMut(Event),
}

impl Work for Execution<'_> {
    /// Writes the intent of the next change. If that fails, no further change is started.
    fn next_job(&mut self) -> Option<Job> {
        let index = self.next;
        let planned = self.plan.changes.get(index)?;
        let digests = digests_of(planned, self.record.key);
        let intent = match intent_of(planned, digests.as_ref(), (self.clock)()) {
            Some(pending) => Some(self.intend(&planned.id, pending)?),
            None => None,
        };
        self.digests.extend(digests.map(|digests| (index, digests)));
        self.next += 1;
        Some(Job {
            index,
            id: planned.id.clone(),
            requests: requests_of(planned, self.api),
            intent,
            completes: None,
        })
    }

    fn next_completion(&mut self) -> Option<Job> {
        self.follow_ups.pop_front()
    }

    fn most_ahead(&self) -> usize {
        MOST_AHEAD
    }

    fn is_flushed_rarely(&self) -> bool {
        self.record.journal.gathers()
    }

    fn on_message(&mut self, message: Message) {
        match message {
            Message::Event(event) => (self.on_event)(event),
            Message::Ended(sent) => {
                if let Some(sent) = self.restore_opt_outs(sent) {
                    self.record_outcome(sent);
                }
            }
        }
    }
}

impl<'a> Execution<'a> {
    /// Writes an intent. Returns `None` if that fails, which stops the run.
    fn intend(&mut self, id: &MemberId, pending: Pending) -> Option<Ticket> {
        match self.record.journal.intend(id, &pending) {
            Ok(ticket) => {
                let intent = JournalRecord::Intent(id.clone(), pending);
                self.intents.carry_over(intent, self.record.state);
                Some(ticket)
            }
            Err(error) => {
                tracing::error!("cannot write the journal: {error}");
                self.breaker.stop_for(StopCause::Unrecorded);
                None
            }
        }
    }

    /// Begins a second PUT if the response to the first one shows a person whom Channel created anew, without a
    /// declared opt-out. Otherwise returns the result, which is that of the whole change.
    fn restore_opt_outs(&mut self, mut sent: Sent) -> Option<Sent> {
        let index = sent.index;
        if sent.restores {
            return Some(sent);
        }
        let Ending::Accepted {
            response: Some(user),
        } = &sent.ending
        else {
            return Some(sent);
        };
        let planned = &self.plan.changes[index];
        let Record { state, key, .. } = &self.record;
        let Some(write) = planned.change.write() else {
            return Some(sent);
        };
        let Some(shown) = user.id.as_deref() else {
            return Some(sent);
        };
        if !state.is_recreated(&planned.id, key, Some(shown)) {
            return Some(sent);
        }
        let person = key.for_user(&planned.id).remote_id(shown);
        self.recreated.insert(index, person);
        if self.recreated.len() > self.most_recreated {
            self.breaker.stop_for(StopCause::Recreated);
        }
        let Some(opt_outs) = missing_opt_outs(write, user) else {
            return Some(sent);
        };
        let pending = restoring(write, &opt_outs, &key.for_user(&planned.id), (self.clock)());
        let Some(ticket) = self.intend(&planned.id, pending) else {
            sent.ending = Ending::NotStarted {
                cause: StopCause::Unrecorded,
            };
            return Some(sent);
        };
        self.follow_ups.push_back(Job {
            index,
            id: planned.id.clone(),
            requests: vec![request::upsert(self.api, &planned.id, &opt_outs)],
            intent: Some(ticket),
            completes: Some(sent),
        });
        None
    }

    /// Gives one change its outcome. Writes the journal before it reports the outcome.
    fn record_outcome(&mut self, sent: Sent) {
        let Sent {
            index,
            ending,
            requests: attempts,
            retries,
            restores,
            turn,
            may_be_done,
        } = sent;
        self.requests += u64::from(attempts);
        self.retries += u64::from(retries);
        let planned = &self.plan.changes[index];
        match ending {
            Ending::Denied { .. } => self.breaker.stop_for(StopCause::Denied),
            Ending::Blocked { .. } => self.breaker.stop_for(StopCause::Blocked),
            Ending::NotStarted {
                cause: cause @ (StopCause::Unrecorded | StopCause::Throttled),
            } => self.breaker.stop_for(cause),
            _ => {}
        }
        let digests = self.digests.remove(&index);
        let digests = digests.or_else(|| digests_of(planned, self.record.key));
        let remote_id = remote_id_of(planned, &ending, self.record.key);
        let settling = self.settling(planned);
        let outcome = outcome_of(planned, ending, attempts, restores, &settling, self.shown);
        match &outcome {
            Outcome::Applied {
                confirmation,
                instead,
            } => {
                let entry = digests.map(|digests| {
                    let entry = Entry::new(&digests, (self.clock)());
                    let before = settling.before;
                    answered(planned, before, entry, confirmation, instead, remote_id)
                });
                self.write(record_of(planned, entry));
            }
            Outcome::Rejected {
                request,
                status,
                code,
                reason: _,
            } => self.write_rejection(planned, *request, *status, code.clone(), may_be_done),
            // The intent stays without a result, so the user becomes pending.
            Outcome::Failed { .. } | Outcome::Skipped { .. } if may_be_done => {}
            Outcome::Failed { .. } | Outcome::Skipped { .. } => {
                if self.intents.contains(&planned.id) {
                    self.write(JournalRecord::NotDone(planned.id.clone()));
                }
            }
        }
        self.watch(&outcome);
        drop(turn);
        log(planned, &outcome, attempts, self.shown.ids);
        self.outcomes[index] = Some(outcome.clone());
        let ended = self.user_outcome(index, outcome);
        (self.on_event)(Event::Finished(ended));
    }

    fn settling(&self, planned: &PlannedChange) -> Settling<'_, 'a> {
        Settling {
            before: self.record.state.users.get(&planned.id).map(Box::as_ref),
            key: self.record.key.for_user(&planned.id),
            visibility: self.visibility,
        }
    }

    fn user_outcome(&self, index: usize, outcome: Outcome) -> UserOutcome {
        let planned = &self.plan.changes[index];
        let id = &planned.id;
        UserOutcome {
            id: id.clone(),
            action: planned.change.action(),
            outcome,
            is_recreated: self.recreated.contains_key(&index),
            is_pending: self.intents.contains(id) || self.record.state.pending.contains_key(id),
        }
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

    fn write_rejection(
        &mut self,
        planned: &PlannedChange,
        request: RejectedRequest,
        status: u16,
        code: Option<String>,
        may_be_done: bool,
    ) {
        let digest = match &planned.change {
            Change::Create(write) | Change::Update(write) | Change::Move { write, .. } => {
                write.digest
            }
            // The user stays recorded, together with the rejection of the deletion.
            Change::Delete { last } => last.digest,
            Change::Forget { .. } => return,
        };
        // Attempts are counted for one declaration; another one starts at its own first attempt.
        let before = planned
            .rejected
            .as_ref()
            .filter(|before| before.digest == digest);
        let rejection = Rejection {
            digest,
            request,
            status,
            code,
            attempts: before.map_or(0, |before| before.attempts).saturating_add(1),
            since: before.map_or_else(|| (self.clock)(), |before| before.since),
        };
        let id = planned.id.clone();
        self.write(JournalRecord::Rejected {
            id,
            rejection,
            may_be_done,
        });
    }

    /// Writes to the journal and to the state in memory. If the journal fails, the closing save still has the
    /// record, and no further user is started.
    fn write(&mut self, record: JournalRecord) {
        if let Err(error) = self.record.journal.append(&record) {
            tracing::error!("cannot write the journal: {error}");
            self.breaker.stop_for(StopCause::Unrecorded);
        }
        self.intents.carry_over(record, self.record.state);
    }

    /// Makes the users of intents without a result pending, and gives every change its outcome.
    fn into_report(mut self, elapsed: Duration, stopped: Option<StopCause>) -> Report {
        let mut outcomes = Vec::with_capacity(self.plan.changes.len());
        for (index, outcome) in std::mem::take(&mut self.outcomes).into_iter().enumerate() {
            let planned = &self.plan.changes[index];
            let outcome = outcome.unwrap_or_else(|| {
                let ending = Ending::missing(stopped);
                outcome_of(
                    planned,
                    ending,
                    0,
                    false,
                    &self.settling(planned),
                    self.shown,
                )
            });
            outcomes.push(self.user_outcome(index, outcome));
        }
        self.intents.make_pending(self.record.state);
        // The report names them, so the next run must not count them again.
        for (index, person) in &self.recreated {
            let id = &self.plan.changes[*index].id;
            if let Some(pending) = self.record.state.pending.get_mut(id) {
                pending.recreated = Some(*person);
            }
        }
        let any_skipped = outcomes
            .iter()
            .any(|user| matches!(user.outcome, Outcome::Skipped { .. }));
        let recorded = &self.record.state.destination.channel_id;
        let planned = &self.plan.destination;
        Report {
            destination: Destination {
                channel_id: recorded.clone().or_else(|| planned.channel_id.clone()),
                ..planned.clone()
            },
            outcomes,
            api: self.plan.api,
            unchanged: self.plan.unchanged,
            requests: self.requests,
            retried: self.retries,
            elapsed,
            allowed_per_second: self.pace.measured(),
            stopped: early_stop(stopped, any_skipped),
            uncertain: Uncertain::of(self.record.state),
        }
    }
}
