//! Tests a project's own rules: violations with their places, and the schema for editors.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::manifest::rules::Rules;
use crate::manifest::schema::manifest_schema;
use crate::manifest::tests::settings;
use crate::manifest::{ReadSettings, read_texts};
use crate::model::{ApiVersion, Diagnostic};

const RULES: &str = r##"{
  "required": ["profile"],
  "properties": {
    "profile": {
      "required": ["plan"],
      "properties": {
        "plan": { "$ref": "#/$defs/plan" },
        "email": { "pattern": "@example[.]com$" },
        "a/b~c %": { "type": "number" }
      }
    },
    "tags": { "items": { "enum": ["beta", "vip"] } },
    "unsubscribeEmail": { "const": true }
  },
  "if": { "properties": { "tags": { "contains": { "const": "vip" } } }, "required": ["tags"] },
  "then": { "properties": { "profile": { "required": ["seats"] } } },
  "$defs": { "plan": { "enum": ["free", "pro"] } }
}"##;

fn found(manifest: &str) -> Vec<Diagnostic> {
    let settings = ReadSettings {
        rules: Some(Arc::new(Rules::parse(RULES).expect("rules"))),
        ..settings()
    };
    let files = vec![("a.yaml".into(), manifest.as_bytes().to_vec())];
    let mut found = read_texts(files, &settings).diagnostics;
    found.retain(|found| found.code == "rule-violated");
    found
}

fn at(manifest: &str) -> Vec<(u32, String)> {
    found(manifest)
        .into_iter()
        .map(|found| (found.origin.line, found.message))
        .collect()
}

const HEAD: &str = "apiVersion: talkform/v1\nkind: UserList\n";

#[test]
fn each_violation_is_reported_at_its_line() {
    let manifest = format!(
        "{HEAD}defaults:
  profile: {{ plan: free }}
users:
  - memberId: good
    tags: [beta]
  - memberId: wrong-plan
    profile:
      seats: 1
      plan: gold
  - memberId: cleared
    profile:
      plan: null
  - memberId: wrong-tag
    tags:
      - trial
  - memberId: wrong-flag
    unsubscribeEmail: false
  - memberId: needs-seats
    profile: {{ plan: pro }}
    tags: [VIP]
"
    );
    assert_eq!(
        at(&manifest),
        [
            (11, "\"gold\" is not one of \"free\" or \"pro\"".to_owned()),
            (13, "\"plan\" is a required property".to_owned()),
            (16, "\"trial\" is not one of \"beta\" or \"vip\"".to_owned()),
            (19, "true was expected".to_owned()),
            (21, "\"seats\" is a required property".to_owned()),
        ]
    );
}

#[test]
fn a_wrong_default_is_reported_once_where_it_is_written() {
    let users: Vec<String> = (0..50)
        .map(|number| format!("  - memberId: \"u{number}\"\n"))
        .collect();
    let manifest = format!(
        "{HEAD}defaults:\n  profile:\n    plan: gold\nusers:\n{}",
        users.concat()
    );
    assert_eq!(at(&manifest).len(), 1);
    assert_eq!(at(&manifest)[0].0, 5);
}

#[test]
fn a_user_without_anything_lacks_what_is_required() {
    let manifest = "apiVersion: talkform/v1\nkind: User\nmemberId: bare\n";
    assert_eq!(
        at(manifest),
        [(3, "\"profile\" is a required property".to_owned())]
    );
}

#[test]
fn a_sensitive_value_is_not_named() {
    let manifest = format!(
        "{HEAD}users:\n  - {{ memberId: a, profile: {{ plan: free, email: secret.person@else.where }} }}\n"
    );
    let found = found(&manifest);
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].message,
        "this value does not match \"@example[.]com$\""
    );
    assert!(!format!("{found:?}").contains("secret.person"), "{found:?}");
}

#[test]
fn what_is_no_schema_is_refused_and_nothing_is_fetched() {
    for text in [
        "",
        "[]",
        "true",
        "{\"type\": 7}",
        "{\"pattern\": \"(\"}",
        "{\"$ref\": \"https://example.com/schema.json\"}",
        "{\"$ref\": \"file:///etc/passwd\"}",
        "{\"$ref\": \"#/$defs/nowhere\"}",
    ] {
        let error = Rules::parse(text).expect_err(text).to_string();
        assert!(!error.is_empty() && error.len() < 500, "{text}: {error}");
    }
}

fn takes(document: &Value) -> bool {
    let mut schema = manifest_schema(ApiVersion::V4);
    Rules::parse(RULES).expect("rules").fold_into(&mut schema);
    jsonschema::validator_for(&schema)
        .expect("a schema")
        .is_valid(document)
}

#[test]
fn the_schema_for_editors_has_the_rules_of_each_field() {
    let user = |profile: Value, tags: Value| json!({ "apiVersion": "talkform/v1", "kind": "User", "memberId": "a", "profile": profile, "tags": tags });
    assert!(takes(&user(json!({ "plan": "pro" }), json!(["beta"]))));
    assert!(
        takes(&user(json!({ "plan": null }), json!([]))),
        "null clears"
    );
    assert!(
        takes(&user(json!({}), json!([]))),
        "defaults may fulfil what is required"
    );
    assert!(!takes(&user(json!({ "plan": "gold" }), json!([]))));
    assert!(!takes(&user(json!({}), json!(["trial"]))));
    let list = |plan: &str| {
        json!({ "apiVersion": "talkform/v1", "kind": "UserList", "defaults": { "profile": { "plan": plan } },
            "users": [{ "memberId": "a", "profile": { "plan": plan } }] })
    };
    assert!(takes(&list("free")));
    assert!(!takes(&list("gold")));
    assert!(
        !takes(&user(json!({ "a/b~c %": "x" }), json!([]))),
        "odd keys are found too"
    );
}
