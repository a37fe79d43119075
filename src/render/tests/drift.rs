//! Tests drift as text and JSON.

use insta::assert_snapshot;

use crate::model::{
    ApiVersion, Desired, Destination, FieldDrift, FieldDriftKind, Observed, Previous, RemoteValue,
    StopCause, UserDrift, UserDriftKind,
};
use crate::plan::{DriftReport, Sample};
use crate::render::common::style::Style;
use crate::render::drift::json::{drift_schema, write};
use crate::render::drift::text;
use crate::render::drift::view::DriftView;
use crate::render::tests::build::{id, open};

fn field(path: &str, kind: FieldDriftKind, never_confirmed: bool) -> FieldDrift {
    FieldDrift {
        path: path.parse().expect("a field"),
        kind,
        never_confirmed,
    }
}

fn report() -> DriftReport {
    let fields = vec![
        field(
            "profile.email",
            FieldDriftKind::Changed {
                applied: Previous::DigestOnly,
                found: RemoteValue::Value("secret@example.com".into()),
            },
            false,
        ),
        field(
            "profile.plan",
            FieldDriftKind::Missing {
                applied: Previous::Value("pro".into()),
            },
            true,
        ),
        field(
            "unsubscribeEmail",
            FieldDriftKind::Consent {
                applied: false,
                found: true,
            },
            false,
        ),
    ];
    let user = |name, difference| UserDrift {
        id: id(name),
        origin: None,
        difference,
    };
    DriftReport {
        users: 40,
        drift: vec![
            user(
                "u-1",
                UserDriftKind::Fields {
                    is_created_anew: false,
                    fields,
                    same: 1,
                    observed: Box::new(Observed::default()),
                },
            ),
            user("u-2", UserDriftKind::Gone),
            user("u-4", created_anew()),
        ],
        as_applied: 14,
        earlier: 3,
        failed: vec![(id("u-3"), "500 from Channel".to_owned())],
        skipped: 23,
        not_shown: 2,
        stopped: Some(StopCause::FailFast),
        selected: None,
        sample: Some(Sample { of: 100, seed: 7 }),
    }
}

/// A person who was deleted and created anew, and lacks the opt-out.
fn created_anew() -> UserDriftKind {
    let kind = FieldDriftKind::Changed {
        applied: Previous::Value(true.into()),
        found: RemoteValue::Value(false.into()),
    };
    UserDriftKind::Fields {
        is_created_anew: true,
        fields: vec![field("unsubscribeEmail", kind, false)],
        same: 0,
        observed: Box::new(Observed::default()),
    }
}

#[test]
fn all_of_it_as_text() {
    let (report, visibility) = (report(), open());
    let destination = Destination::of_api(ApiVersion::V4);
    let view = DriftView::new(&report, &destination, &visibility, &Desired::default());
    let mut out = String::new();
    text::write(&mut out, &view, &Style::plain(), false).expect("a String takes everything");
    assert_snapshot!(out, @r#"
    Destination: a channel that is not named yet, at https://api.channel.io, API v4

      ~ changed   - gone or missing   + there again or created anew   * changed by the person

      # u-1 differs on Channel from what was applied
      ~ u-1
          ~ profile.email      (sensitive)
          - profile.plan       "pro"   (not on Channel)   (Channel never confirmed it)
          * unsubscribeEmail   false -> true   (changed by the person)
            # 1 field as applied hidden

      # u-2 is no longer on Channel
      - u-2

      # u-4 was deleted on Channel and created anew
      + u-4
          ~ unsubscribeEmail   true -> false

    1 user could not be read:
      u-3   500 from Channel

    Drift: 1 changed, 1 gone, 1 created anew, 1 with changed consent. 14 as applied.
    A sample of 40 of 100 recorded users; --sample 40 --seed 7 takes the same sample again.
    3 of them were read by the previous run, which this one continues.
    Channel does not show 2 of the recorded consent flags; they were not compared.
    Stopped at the first failure, because of --fail-fast. 23 users were not read; within a day, the same command continues from here.
    "#);
}

#[test]
fn all_of_it_as_json() {
    let (report, visibility) = (report(), open());
    let destination = Destination::of_api(ApiVersion::V4);
    let view = DriftView::new(&report, &destination, &visibility, &Desired::default());
    let mut out = Vec::new();
    write(&mut out, &view).expect("memory");
    let text = String::from_utf8(out).expect("text");
    assert!(!text.contains("secret@"), "{text}");
    let value: serde_json::Value = serde_json::from_str(&text).expect("json");
    jsonschema::validate(&drift_schema(), &value).expect("as the schema says");
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
      "users": 40,
      "counts": {
        "changed": 1,
        "gone": 1,
        "createdAnew": 1,
        "consent": 1,
        "asApplied": 14,
        "earlier": 3,
        "failed": 1,
        "skipped": 23,
        "flagsNotShown": 2
      },
      "sample": {
        "of": 100,
        "seed": 7
      },
      "stopped": "failFast",
      "drift": [
        {"id":"u-1","standing":"changed","fields":[{"path":"profile.email","kind":"changed","applied":{"is":"sensitive"},"found":{"is":"sensitive"},"neverConfirmed":false},{"path":"profile.plan","kind":"missing","applied":{"is":"value","value":"pro"},"found":{"is":"absent"},"neverConfirmed":true},{"path":"unsubscribeEmail","kind":"consent","applied":{"is":"value","value":false},"found":{"is":"value","value":true},"neverConfirmed":false}],"sameFields":1},
        {"id":"u-2","standing":"gone","fields":[],"sameFields":0},
        {"id":"u-4","standing":"createdAnew","fields":[{"path":"unsubscribeEmail","kind":"changed","applied":{"is":"value","value":true},"found":{"is":"value","value":false},"neverConfirmed":false}],"sameFields":0}
      ],
      "failed": [
        {"id":"u-3","message":"500 from Channel"}
      ]
    }
    "#);
}
