//! Tests progress lines.

use std::time::Duration;

use indicatif::ProgressDrawTarget;
use insta::assert_snapshot;

use crate::apply::{Event, Outcome, RejectionReason, ShownInstead, UserOutcome};
use crate::model::{Action, RejectedRequest, StopCause};
use crate::remote::Confirmation;
use crate::render::progress::{LogProgress, Progress};
use crate::render::tests::build::id;

fn finished(name: &str, outcome: Outcome) -> Event {
    Event::Finished(UserOutcome {
        id: id(name),
        action: Action::Update,
        outcome,
        is_recreated: false,
        is_pending: false,
    })
}

fn applied(name: &str) -> Event {
    finished(
        name,
        Outcome::Applied {
            confirmation: Confirmation::default(),
            instead: ShownInstead::default(),
        },
    )
}

fn rejected(name: &str) -> Event {
    finished(
        name,
        Outcome::Rejected {
            request: RejectedRequest::Put,
            status: 422,
            code: Some("validationError".to_owned()),
            reason: Some(RejectionReason {
                text: "mobileNumber: (sensitive) is no number".to_owned(),
                is_masked: true,
            }),
        },
    )
}

fn retrying(name: &str) -> Event {
    Event::Retrying {
        id: id(name),
        attempt: 1,
        wait: Duration::from_millis(1500),
        cause: "429 Too Many Requests".to_owned(),
    }
}

fn story() -> Vec<Event> {
    let mut events = vec![Event::Started {
        changes: 100,
        requests: 98,
    }];
    for number in 0..40 {
        let name = format!("u-{number}");
        if number % 10 == 3 {
            events.push(retrying(&name));
        }
        events.push(if number % 20 == 7 {
            rejected(&name)
        } else {
            applied(&name)
        });
    }
    events.push(finished(
        "u-40",
        Outcome::Failed {
            message: "503 Service Unavailable".to_owned(),
            attempts: 6,
        },
    ));
    events.push(Event::Stopping(StopCause::FailFast));
    events
}

#[test]
fn a_log_gets_a_line_now_and_then() {
    let mut progress = LogProgress::default();
    let mut lines = Vec::new();
    for (second, event) in story().iter().enumerate() {
        let elapsed = Duration::from_millis(500 * second as u64);
        lines.extend(progress.on_event(elapsed, event));
    }
    assert_snapshot!(lines.join("\n"), @"
    Applying 100 changes with 98 requests.
    u-3: attempt 1 failed (429 Too Many Requests), retrying in 1.5 s
    9 of 100 done, 1 failed, 1 retried, 1.8 a second, about 51 seconds left.
    u-13: attempt 1 failed (429 Too Many Requests), retrying in 1.5 s (1 similar line suppressed before)
    18 of 100 done, 1 failed, 2 retried, 1.8 a second, about 46 seconds left.
    u-23: attempt 1 failed (429 Too Many Requests), retrying in 1.5 s
    27 of 100 done, 1 failed, 3 retried, 1.8 a second, about 41 seconds left.
    u-33: attempt 1 failed (429 Too Many Requests), retrying in 1.5 s (1 similar line suppressed before)
    36 of 100 done, 2 failed, 4 retried, 1.8 a second, about 36 seconds left.
    Stopping (fail-fast): requests in flight finish, no others start.
    ");
}

#[test]
fn a_bar_counts() {
    let mut progress = Progress::on(ProgressDrawTarget::hidden());
    for event in story() {
        progress.on_event(&event);
    }
    assert_eq!(
        progress.message(),
        "3 failed, 4 retried, stopping: fail-fast"
    );
    progress.finish();
}
