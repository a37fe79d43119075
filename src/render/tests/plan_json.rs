//! Tests the JSON form of a plan.

use insta::assert_snapshot;

use super::build::*;
use crate::model::{Plan, Previous};
use crate::render::common::escape::terminal;
use crate::render::plan::json::{plan_schema, write};
use crate::render::plan::known_users::KnownUsers;
use crate::render::plan::view::PlanView;

fn json(plan: &Plan, show_sensitive: bool) -> String {
    let visibility = open().revealing(show_sensitive);
    let view = PlanView::new(plan, &visibility, KnownUsers::default());
    let mut out = Vec::new();
    write(&mut out, &view).expect("memory");
    let text = String::from_utf8(out).expect("text");
    let value: serde_json::Value = serde_json::from_str(&text).expect("json");
    jsonschema::validate(&plan_schema(), &value).expect("as the schema says");
    text.replace(env!("CARGO_PKG_VERSION"), "VERSION")
}

#[test]
fn every_kind_of_field() {
    let fields = vec![
        clear("profile.a", Previous::DigestOnly, true),
        clear("profile.b", Previous::Value("x".into()), false),
        known("profile.email", "old@example.com", "new@example.com"),
        known("profile.seats", "1", 1),
        release("profileOnce.c"),
        once("profileOnce.d", "google"),
        change("tags", texts(&["\u{202e}beta"])),
        add("unsubscribeEmail", false),
    ];
    let plan = plan(vec![update("u-1", fields, 2)], 3);
    let text = json(&plan, false);
    assert!(text.contains(r"\u202ebeta"), "{text}");
    let value: serde_json::Value = serde_json::from_str(&text).expect("json");
    let fields = value["changes"][0]["fields"].as_array().expect("a list");
    let lines: Vec<String> = fields
        .iter()
        .map(|field| terminal(&field.to_string()).into_owned())
        .collect();
    assert_snapshot!(lines.join("\n"), @r#"
    {"kind":"clearDeclared","new":{"is":"absent"},"old":{"is":"asApplied"},"optIn":false,"path":"profile.a"}
    {"kind":"clearUndeclared","new":{"is":"absent"},"old":{"is":"value","value":"x"},"optIn":false,"path":"profile.b"}
    {"kind":"changed","new":{"is":"sensitive"},"old":{"is":"sensitive"},"optIn":false,"path":"profile.email"}
    {"kind":"changed","new":{"is":"value","value":1},"old":{"is":"value","value":"1"},"optIn":false,"path":"profile.seats"}
    {"kind":"release","new":{"is":"absent"},"old":{"is":"absent"},"optIn":false,"path":"profileOnce.c"}
    {"kind":"once","new":{"is":"value","value":"google"},"old":{"is":"absent"},"optIn":false,"path":"profileOnce.d"}
    {"kind":"changed","new":{"is":"value","value":["\u{202e}beta"]},"old":{"is":"asApplied"},"optIn":false,"path":"tags"}
    {"kind":"new","new":{"is":"value","value":false},"old":{"is":"absent"},"optIn":true,"path":"unsubscribeEmail"}
    "#);
    assert!(json(&plan, true).contains("new@example.com"));
}

#[test]
fn the_whole() {
    let mut refused = update("u-1", vec![change("profile.plan", "pro")], 2);
    refused.rejected = Some(Box::new(rejection(Some("validationError"))));
    let mut plan = tripped(plan(vec![refused, forget("u-2")], 3), 5);
    plan.limits.drain(2..);
    assert_snapshot!(json(&plan, false), @r#"
    {
      "formatVersion": 1,
      "talkform": "VERSION",
      "destination": {
        "baseUrl": "https://api.channel.io",
        "channelId": "6263",
        "api": "v4",
        "environment": null
      },
      "lineage": "9f86d081884c7d65",
      "serial": 42,
      "digest": "sha256:b4bd4f07074a0d32097922d7f8dd12a891a1746737eb2e58c6f4ccb4f8db1989",
      "counts": {
        "create": 0,
        "update": 1,
        "move": 0,
        "forget": 1,
        "delete": 0,
        "unchanged": 3,
        "optIn": 0,
        "pending": 0,
        "unconfirmed": 0
      },
      "requests": 1,
      "deletions": 0,
      "recorded": 5,
      "desired": 5,
      "tripped": true,
      "limits": [
        {"name":"create","limit":"500","allowed":500,"planned":1,"tripped":false},
        {"name":"update","limit":"30%","allowed":45,"planned":60,"tripped":true}
      ],
      "refreshed": false,
      "changes": [
        {"id":"u-1","action":"update","reason":"changed","sendsRequest":true,"optIn":false,"origin":{"file":"users/vip.yaml","line":14,"column":5},"rejected":{"request":"put","status":422,"code":"validationError","attempts":2,"since":"2026-11-20T10:00:00Z"},"unchangedFields":2,"fields":[{"path":"profile.plan","kind":"changed","old":{"is":"asApplied"},"new":{"is":"value","value":"pro"},"optIn":false}]},
        {"id":"u-2","action":"forget","reason":"notDeclared","sendsRequest":false,"optIn":false,"unchangedFields":0,"fields":[]}
      ],
      "left": []
    }
    "#);
}

#[test]
fn what_is_not_certain_is_counted_and_listed() {
    let shown = json(&uncertain(plan(vec![], 150)), false);
    let begin = shown.find("\"unchanged\"").expect("a count");
    assert_snapshot!(&shown[begin..], @r#"
    "unchanged": 150,
        "optIn": 0,
        "pending": 1,
        "unconfirmed": 7
      },
      "requests": 0,
      "deletions": 0,
      "recorded": 150,
      "desired": 150,
      "tripped": false,
      "limits": [],
      "refreshed": false,
      "changes": [],
      "left": [],
      "unconfirmed": [
        {"path":"profile.a`b","users":1,"first":["u-`1"]},
        {"path":"unsubscribeEmail","users":7,"first":["u-1","u-2","u-3","u-4","u-5"]}
      ]
    }
    "#);
}

#[test]
fn nothing_to_do() {
    assert_snapshot!(json(&plan(vec![], 150), false), @r#"
    {
      "formatVersion": 1,
      "talkform": "VERSION",
      "destination": {
        "baseUrl": "https://api.channel.io",
        "channelId": "6263",
        "api": "v4",
        "environment": null
      },
      "lineage": "9f86d081884c7d65",
      "serial": 42,
      "digest": "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      "counts": {
        "create": 0,
        "update": 0,
        "move": 0,
        "forget": 0,
        "delete": 0,
        "unchanged": 150,
        "optIn": 0,
        "pending": 0,
        "unconfirmed": 0
      },
      "requests": 0,
      "deletions": 0,
      "recorded": 150,
      "desired": 150,
      "tripped": false,
      "limits": [],
      "refreshed": false,
      "changes": [],
      "left": []
    }
    "#);
}
