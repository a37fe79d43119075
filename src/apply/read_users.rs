//! Reads users from Channel: every id to one [`RemoteUser`] or one [`Unread`].

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::apply::breaker::Breaker;
use crate::apply::event::Event;
use crate::apply::pace::Pace;
use crate::apply::pool::{Message, Work, send_all};
use crate::apply::send::{Ending, Job, Sender, SenderOptions, early_stop};
use crate::model::visibility::hidden_texts::HiddenTexts;
use crate::model::{ApiVersion, MemberId, RemoteUser, ShownIds, StopCause, Unread};
use crate::remote::{Policy, Transport, observed, request};

/// How users are read.
#[derive(Clone, Debug)]
pub struct ReadOptions {
    /// The API version to use.
    pub api: ApiVersion,
    /// How many requests may be under way at once.
    pub parallelism: usize,
    /// The rate limiter.
    pub pace: Arc<Pace>,
    /// When to retry.
    pub policy: Policy,
    /// How ids are logged.
    pub ids: ShownIds,
    /// The channel that the credentials belong to. A user of another channel counts as unread.
    pub channel_id: Option<String>,
}

/// The result of reading users, in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct ReadReport {
    /// Users that Channel has.
    pub found: usize,
    /// Users that Channel does not have.
    pub missing: usize,
    /// Users that could not be read.
    pub failed: usize,
    /// Users that were not tried.
    pub skipped: usize,
    /// How many requests were sent, retries included.
    pub requests: u64,
    /// From the first request to the last response.
    pub elapsed: Duration,
    /// Why the run ended early.
    pub stopped: Option<StopCause>,
}

impl ReadReport {
    /// Whether every user was read.
    pub fn is_whole(&self) -> bool {
        self.failed == 0 && self.skipped == 0
    }
}

/// Reads every user and calls `on_user` exactly once for each, in the order of responses.
///
/// `stop` may ask the run to end early: no further request is started, the requests under way are
/// finished, and the rest is skipped. The run stops by itself if Channel does not accept the
/// credentials, or after too many failures in a row. `clock` is the time that `Retry-After` dates are
/// compared with.
pub async fn read_users(
    ids: &[MemberId],
    channel: Arc<dyn Transport>,
    options: &ReadOptions,
    stop: &watch::Sender<Option<StopCause>>,
    clock: fn() -> Timestamp,
    on_event: &mut dyn FnMut(Event),
    on_user: &mut dyn FnMut(&MemberId, Result<RemoteUser, Unread>),
) -> ReadReport {
    let started = Instant::now();
    on_event(Event::Reading { users: ids.len() });
    let (sender, events_in) = Sender::new(SenderOptions {
        channel,
        channel_id: options.channel_id.as_deref(),
        policy: &options.policy,
        pace: &options.pace,
        requests: ids.len(),
        parallelism: options.parallelism,
        ids: &options.ids,
        clock,
        stop,
    });
    let mut reading = Reading {
        ids,
        shown: &options.ids,
        api: options.api,
        next: 0,
        report: ReadReport::default(),
        breaker: Breaker::new(stop),
        has_ended: vec![false; ids.len()],
        on_event,
        on_user,
    };
    send_all(&sender, events_in, &mut reading).await;
    let stopped = *stop.borrow();
    for index in 0..ids.len() {
        if !reading.has_ended[index] {
            reading.hand_on(index, Ending::missing(stopped));
        }
    }
    let mut report = reading.report;
    report.elapsed = started.elapsed();
    report.stopped = early_stop(stopped, report.skipped > 0);
    report
}

/// A run of [`read_users()`] under way.
struct Reading<'a> {
    ids: &'a [MemberId],
    shown: &'a ShownIds,
    api: ApiVersion,
    next: usize,
    report: ReadReport,
    breaker: Breaker<'a>,
    has_ended: Vec<bool>,
    on_event: &'a mut dyn FnMut(Event),
    on_user: &'a mut dyn FnMut(&MemberId, Result<RemoteUser, Unread>),
}

impl Work for Reading<'_> {
    fn next_job(&mut self) -> Option<Job> {
        let index = self.next;
        let id = self.ids.get(index)?;
        self.next += 1;
        Some(Job {
            index,
            id: id.clone(),
            requests: vec![request::get_user(self.api, id)],
            intent: None,
            completes: None,
        })
    }

    fn on_message(&mut self, message: Message) {
        match message {
            Message::Event(event) => (self.on_event)(event),
            Message::Ended(sent) => {
                self.has_ended[sent.index] = true;
                self.report.requests += u64::from(sent.requests);
                self.hand_on(sent.index, sent.ending);
            }
        }
    }
}

impl Reading<'_> {
    fn hand_on(&mut self, index: usize, ending: Ending) {
        let id = &self.ids[index];
        let mut hidden = HiddenTexts::default();
        if self.shown.hides() {
            hidden.add_id(id);
        }
        let user = user_of(ending, &hidden, &mut self.breaker);
        log(self.shown.of(id).as_str(), &user);
        hand_on(id, user, &mut self.report, self.on_event, self.on_user);
    }
}

/// What is known of a user after its request. Of Channel's own words, a code is shown that contains no hidden text.
fn user_of(
    ending: Ending,
    hidden: &HiddenTexts,
    breaker: &mut Breaker<'_>,
) -> Result<RemoteUser, Unread> {
    match ending {
        Ending::Accepted {
            response: Some(user),
        } => {
            breaker.answered();
            Ok(RemoteUser::Present(Box::new(observed(&user))))
        }
        Ending::Missing => {
            breaker.answered();
            Ok(RemoteUser::Missing)
        }
        // Cannot happen: a read has a request, and an accepted read shows the user.
        Ending::Accepted { response: None } | Ending::Unsent => Err(Unread::Failed {
            message: "Channel's response cannot be read".to_owned(),
        }),
        Ending::Rejected {
            request: _,
            status,
            code,
            // The message may repeat values.
            message: _,
        } => {
            breaker.answered();
            let code = code.filter(|code| !hidden.are_in(code));
            let code = code.map_or(String::new(), |code| format!(" {code}"));
            Err(Unread::Failed {
                message: format!("rejected by Channel: {status}{code}"),
            })
        }
        Ending::Denied { status } => {
            breaker.stop_for(StopCause::Denied);
            Err(Unread::Failed {
                message: format!("{status}: Channel does not accept the credentials"),
            })
        }
        Ending::Blocked { message } => {
            breaker.stop_for(StopCause::Blocked);
            Err(Unread::Failed { message })
        }
        Ending::Failed { message } => {
            breaker.failed();
            Err(Unread::Failed { message })
        }
        Ending::NotStarted { cause } => {
            if cause == StopCause::Throttled {
                breaker.stop_for(cause);
            }
            Err(Unread::Skipped { cause })
        }
    }
}

/// Logs one user.
fn log(id: &str, user: &Result<RemoteUser, Unread>) {
    let (outcome, cause) = match user {
        Ok(RemoteUser::Present(_)) => ("found", None),
        Ok(RemoteUser::Missing) => ("missing", None),
        Err(Unread::Failed { message }) => ("failed", Some(message)),
        Err(Unread::Skipped { .. }) => ("skipped", None),
    };
    tracing::info!(id, outcome, cause, "read");
}

/// Counts and reports one user.
fn hand_on(
    id: &MemberId,
    user: Result<RemoteUser, Unread>,
    report: &mut ReadReport,
    on_event: &mut dyn FnMut(Event),
    on_user: &mut dyn FnMut(&MemberId, Result<RemoteUser, Unread>),
) {
    let (count, failure) = match &user {
        Ok(RemoteUser::Present(_)) => (&mut report.found, None),
        Ok(RemoteUser::Missing) => (&mut report.missing, None),
        Err(Unread::Failed { message }) => (&mut report.failed, Some(message.clone())),
        Err(Unread::Skipped { .. }) => (&mut report.skipped, None),
    };
    *count += 1;
    if !matches!(user, Err(Unread::Skipped { .. })) {
        on_event(Event::Read {
            id: id.clone(),
            failure,
        });
    }
    on_user(id, user);
}

#[cfg(test)]
mod tests {
    use tokio::sync::watch;

    use super::*;

    #[test]
    fn a_code_that_repeats_a_hidden_id_is_left_out() {
        let mut hidden = HiddenTexts::default();
        hidden.add_id(&MemberId::new("KIM-seoyeon").expect("an id"));
        for (code, message) in [
            ("invalid", "rejected by Channel: 422 invalid"),
            ("user.kim_seoyeon", "rejected by Channel: 422"),
        ] {
            let ending = Ending::Rejected {
                request: 0,
                status: 422,
                code: Some(code.to_owned()),
                message: None,
            };
            let (stop, _) = watch::channel(None);
            let user = user_of(ending, &hidden, &mut Breaker::new(&stop));
            assert!(matches!(user, Err(Unread::Failed { message: found }) if found == message));
        }
    }
}
