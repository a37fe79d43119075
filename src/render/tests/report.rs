//! Tests the report of an apply.

use std::collections::BTreeSet;
use std::time::Duration;

use insta::assert_snapshot;

use crate::apply::{
    KeptValue, Outcome, RejectionReason, Report, ShownInstead, Uncertain, UserOutcome,
};
use crate::model::{Action, ApiVersion, Destination, FieldPath, RejectedRequest, StopCause};
use crate::remote::Confirmation;
use crate::render::common::rejection::ReasonLength;
use crate::render::report::json;
use crate::render::report::json::report_schema;
use crate::render::report::text::{ReportOptions, write};
use crate::render::tests::build::id;

fn outcome(name: &str, action: Action, outcome: Outcome) -> UserOutcome {
    UserOutcome {
        id: id(name),
        action,
        outcome,
        is_recreated: false,
        is_pending: false,
    }
}

/// A user of whom a request has no known result.
fn pending(name: &str, action: Action, cause: Outcome) -> UserOutcome {
    UserOutcome {
        is_pending: true,
        ..outcome(name, action, cause)
    }
}

fn recreated(name: &str) -> UserOutcome {
    UserOutcome {
        is_recreated: true,
        ..applied(name, Action::Update, &[])
    }
}

fn applied(name: &str, action: Action, different: &[&str]) -> UserOutcome {
    let confirmation = Confirmation {
        different: paths(different),
        ..Confirmation::default()
    };
    outcome(
        name,
        action,
        Outcome::Applied {
            confirmation,
            instead: ShownInstead::default(),
        },
    )
}

/// Channel keeps these fields in its own notation, as this run has found out.
fn settled(name: &str, kept: &[(&str, KeptValue)]) -> UserOutcome {
    let kept = kept.iter();
    let instead = ShownInstead {
        newly_kept: kept
            .map(|(path, value)| (path.parse().expect("a field"), value.clone()))
            .collect(),
        ..ShownInstead::default()
    };
    let confirmation = Confirmation::default();
    let applied = Outcome::Applied {
        confirmation,
        instead,
    };
    outcome(name, Action::Update, applied)
}

#[test]
fn values_that_channel_keeps_in_its_own_notation_are_named() {
    let report = report(
        vec![
            settled(
                "u-1",
                &[
                    ("profile.name", KeptValue::Sensitive),
                    ("profile.note", KeptValue::Hidden),
                    ("profile.plan", KeptValue::Value("pro\u{1b}[2J".into())),
                    ("profile.seat", KeptValue::Nothing),
                ],
            ),
            applied("u-2", Action::Update, &[]),
        ],
        None,
    );
    let mut text = String::new();
    write(&mut text, &report, &ReportOptions::default()).expect("text");
    assert_snapshot!(text, @r#"
    1 user with values that Channel keeps in its own notation:
      u-1: profile.name kept by Channel as (sensitive), profile.note kept by Channel as (hidden), profile.plan kept by Channel as "pro\u{1b}[2J", profile.seat kept by Channel as (none)
    Channel has shown the same twice, so these values count as applied and are not sent again for that.

    Destination: a channel that is not named yet, at https://api.channel.io, API v4
    Apply complete! Users: 2 updated. 147 unchanged. 2 requests, 0 retried, 0.4 s.
    "#);
    let mut out = Vec::new();
    json::write(&mut out, &report).expect("json");
    let document: serde_json::Value = serde_json::from_slice(&out).expect("json");
    assert_eq!(
        document["outcomes"][0]["kept"],
        serde_json::json!([
            { "path": "profile.name", "value": { "is": "sensitive" } },
            { "path": "profile.note", "value": { "is": "hidden" } },
            { "path": "profile.plan", "value": { "is": "value", "value": "pro\u{1b}[2J" } },
            { "path": "profile.seat", "value": { "is": "absent" } },
        ])
    );
    assert_eq!(document["outcomes"][1].get("kept"), None);
}

/// Channel shows neither flag of `not_shown`, and the person set those of `kept`.
fn about_consent(name: &str, not_shown: &[&str], kept: &[&str]) -> UserOutcome {
    let confirmation = Confirmation {
        not_shown: paths(not_shown),
        kept_consent: paths(kept),
        ..Confirmation::default()
    };
    outcome(
        name,
        Action::Update,
        Outcome::Applied {
            confirmation,
            instead: ShownInstead::default(),
        },
    )
}

fn paths(texts: &[&str]) -> BTreeSet<FieldPath> {
    let paths = texts.iter().map(|path| path.parse().expect("a field"));
    paths.collect()
}

fn report(outcomes: Vec<UserOutcome>, stopped: Option<StopCause>) -> Report {
    Report {
        destination: Destination::of_api(ApiVersion::V4),
        outcomes,
        api: None,
        unchanged: 147,
        requests: 2,
        retried: 0,
        elapsed: Duration::from_millis(412),
        allowed_per_second: None,
        stopped,
        uncertain: Uncertain {
            pending: 2,
            unconfirmed: 3,
        },
    }
}

fn text(report: &Report) -> String {
    let mut out = String::new();
    let options = ReportOptions {
        ..ReportOptions::default()
    };
    write(&mut out, report, &options).expect("a String takes everything");
    out
}

fn mixed() -> Report {
    let skipped = Outcome::Skipped {
        cause: StopCause::Breaker,
    };
    report(
        vec![
            applied("u-1", Action::Create, &["profile.seats", "tags"]),
            outcome(
                "u-2",
                Action::Update,
                Outcome::Rejected {
                    request: RejectedRequest::Put,
                    status: 422,
                    code: Some("validationError".to_owned()),
                    reason: Some(RejectionReason {
                        text: "mobileNumber (sensitive)\u{1b}[2J is invalid".to_owned(),
                        is_masked: true,
                    }),
                },
            ),
            outcome(
                "u-3",
                Action::Update,
                Outcome::Rejected {
                    request: RejectedRequest::Put,
                    status: 400,
                    code: None,
                    reason: None,
                },
            ),
            pending(
                "u-4",
                Action::Delete,
                Outcome::Failed {
                    message: "503 Service Unavailable".to_owned(),
                    attempts: 6,
                },
            ),
            outcome("u-5", Action::Create, skipped.clone()),
            pending("u-6", Action::Move, skipped),
            recreated("u-9"),
            about_consent("u-7", &["unsubscribeEmail"], &["unsubscribeTexting"]),
            about_consent("u-8", &["unsubscribeEmail", "unsubscribed"], &[]),
        ],
        Some(StopCause::Breaker),
    )
}

#[test]
fn all_went_well() {
    let report = report(
        vec![
            applied("u-1", Action::Create, &[]),
            applied("u-2", Action::Update, &[]),
            applied("u-3", Action::Forget, &[]),
        ],
        None,
    );
    assert_snapshot!(text(&report), @"
    Destination: a channel that is not named yet, at https://api.channel.io, API v4
    Apply complete! Users: 1 created, 1 updated, 1 forgotten. 147 unchanged. 2 requests, 0 retried, 0.4 s.
    ");
}

#[test]
fn every_kind_of_outcome() {
    assert_snapshot!(text(&mixed()), @"
    2 users rejected by Channel:
      u-2: 422 validationError: mobileNumber (sensitive)\\u{1b}[2J is invalid
      u-3: 400
    Parts of Channel's messages are hidden or cut: `apply --show-sensitive` tries these users again and shows the messages whole.

    1 user failed:
      u-4: 503 Service Unavailable (6 attempts); Channel may have either
    The next apply tries them again.

    1 user begun and not finished:
      u-6: Channel may have either

    1 user deleted on Channel by somebody else, and created anew:
      u-9: every declared opt-out was sent

    1 user accepted, but Channel's response shows other values than declared for these fields:
      u-1: profile.seats, tags

    1 user opted out on Channel, although the manifests say false; that choice is kept:
      u-7: unsubscribeTexting

    Channel's responses do not show these flags, so they are not confirmed:
      unsubscribeEmail: 2 users
      unsubscribed: 1 user

    Stopped: too many failures in a row. 2 changes were not tried. Run apply again when Channel responds; it continues from here.
    Destination: a channel that is not named yet, at https://api.channel.io, API v4
    Apply stopped early. Users: 1 created, 3 updated, 3 failed, 2 not tried. 147 unchanged. 2 requests, 0 retried, 0.4 s.
    ");
}

#[test]
fn the_words_of_channel_are_shown_short_whole_or_not_at_all() {
    let long = "long ".repeat(100);
    let reason = |is_masked| RejectionReason {
        text: long.clone(),
        is_masked,
    };
    let rejected = |is_masked| {
        let outcome = self::outcome(
            "u-1",
            Action::Create,
            Outcome::Rejected {
                request: RejectedRequest::Put,
                status: 422,
                code: None,
                reason: Some(reason(is_masked)),
            },
        );
        report(vec![outcome], None)
    };
    let text = |report: &Report, reasons| {
        let mut out = String::new();
        let options = ReportOptions {
            reasons,
            ..ReportOptions::default()
        };
        write(&mut out, report, &options).expect("a String takes everything");
        out
    };
    let short = text(&rejected(false), ReasonLength::Short);
    assert!(
        short.contains("422: long long") && short.contains(" …\n"),
        "{short}"
    );
    assert!(short.contains("apply --show-sensitive"), "{short}");
    let whole = text(&rejected(false), ReasonLength::Whole);
    assert!(
        whole.contains(&long) && !whole.contains("--show-sensitive"),
        "{whole}"
    );
    let none = text(&rejected(false), ReasonLength::Nothing);
    assert!(none.contains("u-1: 422\n"), "{none}");
}

#[test]
fn each_way_to_stop() {
    let causes = [
        StopCause::Interrupted,
        StopCause::Deadline,
        StopCause::Denied,
        StopCause::Blocked,
        StopCause::Throttled,
        StopCause::Breaker,
        StopCause::FailFast,
        StopCause::Unrecorded,
        StopCause::Recreated,
    ];
    let all: String = causes
        .into_iter()
        .map(|cause| {
            let outcome = outcome("u-1", Action::Create, Outcome::Skipped { cause });
            text(&report(vec![outcome], Some(cause)))
        })
        .collect();
    assert_snapshot!(all, @"
    Interrupted. 1 change was not tried. Run apply again; it continues from here.
    Destination: a channel that is not named yet, at https://api.channel.io, API v4
    Apply stopped early. Users: 1 not tried. 147 unchanged. 2 requests, 0 retried, 0.4 s.
    Stopped: --max-duration is over. 1 change was not tried. Run apply again; it continues from here.
    Destination: a channel that is not named yet, at https://api.channel.io, API v4
    Apply stopped early. Users: 1 not tried. 147 unchanged. 2 requests, 0 retried, 0.4 s.
    Stopped: Channel does not accept the credentials. 1 change was not tried. Check TALKFORM_ACCESS_KEY and TALKFORM_ACCESS_SECRET, then run apply again.
    Destination: a channel that is not named yet, at https://api.channel.io, API v4
    Apply stopped early. Users: 1 not tried. 147 unchanged. 2 requests, 0 retried, 0.4 s.
    Stopped: a request was blocked with 401 or 403, and not by Channel itself. 1 change was not tried. Check the proxy or firewall between here and Channel, and the credentials, then run apply again.
    Destination: a channel that is not named yet, at https://api.channel.io, API v4
    Apply stopped early. Users: 1 not tried. 147 unchanged. 2 requests, 0 retried, 0.4 s.
    Stopped: Channel answered only 429 for five minutes, or asks for a longer wait. 1 change was not tried. Another program may use up the rate limit of this channel. Run apply again later; it continues from here.
    Destination: a channel that is not named yet, at https://api.channel.io, API v4
    Apply stopped early. Users: 1 not tried. 147 unchanged. 2 requests, 0 retried, 0.4 s.
    Stopped: too many failures in a row. 1 change was not tried. Run apply again when Channel responds; it continues from here.
    Destination: a channel that is not named yet, at https://api.channel.io, API v4
    Apply stopped early. Users: 1 not tried. 147 unchanged. 2 requests, 0 retried, 0.4 s.
    Stopped at the first failure, because of --fail-fast. 1 change was not tried. Run apply again; it continues from here.
    Destination: a channel that is not named yet, at https://api.channel.io, API v4
    Apply stopped early. Users: 1 not tried. 147 unchanged. 2 requests, 0 retried, 0.4 s.
    Stopped: cannot record what Channel accepted. 1 change was not tried. Check the disk that holds the state, then run apply again. Users may be sent twice; no change is lost.
    Destination: a channel that is not named yet, at https://api.channel.io, API v4
    Apply stopped early. Users: 1 not tried. 147 unchanged. 2 requests, 0 retried, 0.4 s.
    Stopped: more users were created anew than limits.recreate allows. 1 change was not tried. Find out who deletes users on Channel. Remove those who shall not exist from the manifests; for the others, raise limits.recreate, or look at `talkform plan --refresh` and approve it. Then run apply again; it continues from here.
    Destination: a channel that is not named yet, at https://api.channel.io, API v4
    Apply stopped early. Users: 1 not tried. 147 unchanged. 2 requests, 0 retried, 0.4 s.
    ");
}

#[test]
fn failures_without_a_stop() {
    let mut report = mixed();
    report.stopped = None;
    report.outcomes.truncate(2);
    let shown = text(&report);
    assert!(
        shown.contains("Apply finished with failures. Users: 1 created, 1 failed."),
        "{shown}"
    );
}

#[test]
fn as_json() {
    let mut out = Vec::new();
    json::write(&mut out, &mixed()).expect("memory");
    let text = String::from_utf8(out).expect("text");
    assert!(!text.contains("8210"));
    let json: serde_json::Value = serde_json::from_str(&text).expect("json");
    jsonschema::validate(&report_schema(), &json).expect("as the schema says");
    assert_snapshot!(text.replace(env!("CARGO_PKG_VERSION"), "VERSION"), @r#"
    {
      "formatVersion": 1,
      "talkform": "VERSION",
      "destination": {
        "baseUrl": "https://api.channel.io",
        "channelId": null,
        "api": "v4",
        "environment": null
      },
      "counts": {
        "created": 1,
        "updated": 3,
        "moved": 0,
        "forgotten": 0,
        "deleted": 0,
        "failed": 3,
        "skipped": 2,
        "unchanged": 147,
        "different": 1,
        "recreated": 1,
        "pending": 2,
        "unconfirmed": 3
      },
      "requests": 2,
      "retried": 0,
      "elapsedSeconds": 0.412,
      "stopped": "breaker",
      "outcomes": [
        {"id":"u-1","action":"create","outcome":"applied","different":["profile.seats","tags"]},
        {"id":"u-2","action":"update","outcome":"rejected","request":"put","status":422,"code":"validationError","message":"mobileNumber (sensitive)\u001b[2J is invalid"},
        {"id":"u-3","action":"update","outcome":"rejected","request":"put","status":400,"code":null,"message":null},
        {"id":"u-4","action":"delete","pending":true,"outcome":"failed","message":"503 Service Unavailable","attempts":6},
        {"id":"u-5","action":"create","outcome":"skipped","cause":"breaker"},
        {"id":"u-6","action":"move","pending":true,"outcome":"skipped","cause":"breaker"},
        {"id":"u-9","action":"update","recreated":true,"outcome":"applied"},
        {"id":"u-7","action":"update","outcome":"applied","notShown":["unsubscribeEmail"],"keptConsent":["unsubscribeTexting"]},
        {"id":"u-8","action":"update","outcome":"applied","notShown":["unsubscribeEmail","unsubscribed"]}
      ]
    }
    "#);
}
