//! Tests of the HTML page of a plan. `.ci/page` opens it in a browser.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use insta::assert_snapshot;
use sha2::{Digest, Sha256};

use super::build::*;
use crate::model::Plan;
use crate::render::plan::html::{PageOptions, write};
use crate::render::plan::known_users::KnownUsers;
use crate::render::plan::view::PlanView;

fn page(plan: &Plan) -> String {
    let visibility = open();
    let view = PlanView::new(plan, &visibility, KnownUsers::default());
    let mut out = Vec::new();
    write(&mut out, &view, &PageOptions::default()).expect("memory");
    String::from_utf8(out).expect("text")
}

/// The text between two texts that occur once.
fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let (_, rest) = text.split_once(start).expect("the start");
    rest.split_once(end).expect("the end").0
}

fn data(page: &str) -> &str {
    between(
        page,
        "<script type=\"application/json\" id=\"plan\">",
        "</script>",
    )
}

#[test]
fn equal_changes_are_one_group() {
    let mut changes: Vec<_> = (1..=3)
        .map(|number| {
            update(
                &format!("u-{number}"),
                vec![change("profile.plan", "pro")],
                2,
            )
        })
        .collect();
    changes.push(update("u-4", vec![known("profile.seats", 1, 2)], 0));
    changes.push(forget("u-5"));
    assert_snapshot!(data(&page(&tripped(plan(changes, 3), 5))), @r##"
    {
      "title": "talkform plan",
      "head": [
        ["dim","Destination: channel 6263 at https://api.channel.io, API v4"],
        ["strong","Plan: 4 to update, 1 to forget. 3 unchanged."],
        ["dim","4 requests, all within the burst of 1,000."],
        ["warning","This plan exceeds the project's limits: apply refuses it."],
        ["","A plan with fewer users than minUsers cannot be approved. Check that all manifests are found."],
        ["","If they are, lower limits.minUsers in talkform.yaml."]
      ],
      "limits": [
        ["update","30% = 45","60"],
        ["optIn","0","1"],
        ["minUsers","at least 100","5"]
      ],
      "digest": "sha256:969453936a702c4bb3388683a0562e473346ec4d4e2704065c1ef7b5094f3d56",
      "files": [
        "users/vip.yaml"
      ],
      "groups": [
        {"action":"update","symbol":"~","title":"3 users will be updated in the same way","paths":["profile.plan"],"lines":[["~",0,"profile.plan   (as applied) -\u003e \"pro\""],[" ",0,"# 2 unchanged fields hidden"]],"users":[["u-1",0,14],["u-2",0,14],["u-3",0,14]]},
        {"action":"update","symbol":"~","title":"u-4 will be updated","paths":["profile.seats"],"lines":[["~",0,"profile.seats   1 -\u003e 2"]],"users":[["u-4",0,14]]},
        {"action":"forget","symbol":".","title":"u-5 is no longer declared: forgotten here, left as it is on Channel","paths":[],"lines":[],"users":[["u-5",-1,0]]}
      ]
    }
    "##);
}

#[test]
fn the_policy_allows_the_scripts_of_the_page_and_nothing_else() {
    let page = page(&plan(vec![forget("u-1")], 0));
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    let script = hash(between(&page, "</script>\n<script>", "</script>"));
    let style = hash(between(&page, "<style>", "</style>"));
    let policy = between(&page, "Content-Security-Policy\" content=\"", "\"");
    assert_eq!(
        policy,
        format!(
            "default-src 'none'; base-uri 'none'; form-action 'none'; script-src 'sha256-{script}'; style-src 'sha256-{style}'"
        )
    );
}

#[test]
fn a_value_is_no_markup() {
    let attack = "</script><img src=x onerror=alert(1)>&amp;<!--";
    let page = page(&plan(
        vec![update("u-1", vec![change("profile.plan", attack)], 0)],
        0,
    ));
    let data = data(&page);
    assert!(!data.contains(['<', '>', '&']), "{data}");
    let value: serde_json::Value = serde_json::from_str(data).expect("json");
    let line = value["groups"][0]["lines"][0][2].as_str().expect("a text");
    assert!(line.contains(attack), "{line}");
}

#[test]
fn hidden_values_are_not_in_the_page() {
    let fields = vec![known("profile.email", "old@example.com", "new@example.com")];
    let page = page(&plan(vec![update("u-1", fields, 0)], 0));
    assert!(page.contains("(sensitive)"));
    assert!(!page.contains("example.com"), "{page}");
}
