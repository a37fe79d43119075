//! Tests that the JSON Schemas and the reader know the same fields and accept the same documents.

use serde_json::{Value, json};

use crate::manifest::field_names::{DOCUMENTED_KEYS, HEADER, LIST, MOVE, USER};
use crate::manifest::project::{file, settings};
use crate::manifest::read_texts;
use crate::manifest::schema::{USER_DEFINITIONS, manifest_schema, project_schema};
use crate::manifest::users::value::is_typed;
use crate::model::ApiVersion;

use crate::manifest::tests::settings as read_settings;

fn accepts(schema: &Value, document: &Value) -> bool {
    jsonschema::validator_for(schema)
        .expect("a schema")
        .is_valid(document)
}

fn user(fields: &Value) -> Value {
    let mut user = json!({ "apiVersion": "talkform/v1", "kind": "User", "memberId": "a" });
    for (key, value) in fields.as_object().expect("fields") {
        user[key] = value.clone();
    }
    user
}

#[test]
fn schema_and_reader_agree_on_users() {
    let eleven: Vec<String> = (0..11).map(|n| format!("t{n}")).collect();
    for fields in [
        json!({}),
        json!({ "profile": { "name": "x", "email": null, "own": [1, 2], "list": ["a"] } }),
        json!({ "profile": { "mobileNumber": "+821012345678", "flag": true } }),
        json!({ "profileOnce": { "utmSource": "google" }, "tags": [] }),
        json!({ "tags": ["a"], "unsubscribeEmail": true, "unsubscribeTexting": false }),
        json!({ "unsubscribed": true }),
        json!({ "language": "ko" }),
        json!({ "language": "" }),
        json!({ "language": null }),
        json!({ "language": 1 }),
        json!({ "tags": eleven }),
        json!({ "memberId": "" }),
        json!({ "memberId": "a b" }),
        json!({ "memberId": 1 }),
        json!({ "memberId": "x".repeat(65) }),
        json!({ "kind": "Users" }),
        json!({ "apiVersion": "talkform/v2" }),
        json!({ "other": 1 }),
        json!({ "profile": null }),
        json!({ "tags": null }),
        json!({ "unsubscribeEmail": null }),
        json!({ "profile": { "name": 1 } }),
        json!({ "profile": { "empty": 1 } }),
        json!({ "profile": { "a.b": 1 } }),
        json!({ "profile": { "a b": 1 } }),
        json!({ "profile": { "mobileNumber": "010" } }),
        json!({ "profile": { "recentPurchaseCount": 1.5 } }),
        json!({ "profile": { "recentPurchaseCount": 2_147_483_648_u32 } }),
        json!({ "profile": { "nested": {} } }),
        json!({ "profile": { "list": [1, "a"] } }),
        json!({ "profile": { "list": [null] } }),
        json!({ "profileOnce": { "name": null } }),
        json!({ "profileOnce": { "own": null } }),
        json!({ "tags": [""] }),
        json!({ "tags": [1] }),
    ] {
        for api in [ApiVersion::V4, ApiVersion::V5] {
            let document = user(&fields);
            let mut settings = read_settings();
            settings.api = api;
            let bytes = document.to_string().into_bytes();
            let reading = read_texts(vec![("a.json".into(), bytes.clone())], &settings);
            let schema = accepts(&manifest_schema(api), &document);
            assert_eq!(schema, !reading.has_errors(), "{api} {fields}");
            if document["kind"] != "User" {
                continue;
            }
            let mut item = document.clone();
            let object = item.as_object_mut().expect("an object");
            object.remove("kind");
            object.remove("apiVersion");
            let list = json!({ "apiVersion": "talkform/v1", "kind": "UserList", "users": [item] });
            if document["apiVersion"] == "talkform/v1" {
                assert_eq!(accepts(&manifest_schema(api), &list), schema, "{fields}");
            }
        }
    }
}

#[test]
fn schema_and_reader_agree_on_moves() {
    for moved in [
        json!([]),
        json!([{ "from": "b", "to": "a" }]),
        json!([{ "from": "b", "to": "a", "why": "x" }]),
        json!([{ "from": "b" }]),
        json!([{ "from": 1, "to": "a" }]),
        json!([{ "from": "b c", "to": "a" }]),
        json!([{ "from": "", "to": "a" }]),
        json!(["b"]),
        json!({ "from": "b", "to": "a" }),
        json!(null),
    ] {
        let document = json!({
            "apiVersion": "talkform/v1", "kind": "UserList", "moved": moved,
            "users": [{ "memberId": "a" }],
        });
        let bytes = document.to_string().into_bytes();
        let reading = read_texts(vec![("a.json".into(), bytes)], &read_settings());
        let schema = accepts(&manifest_schema(ApiVersion::V4), &document);
        assert_eq!(schema, !reading.has_errors(), "{moved}");
    }
}

#[test]
fn schema_and_reader_agree_on_projects() {
    for project in [
        json!({}),
        json!({ "apiVersion": "talkform/v1", "kind": "Project" }),
        json!({ "manifests": ["users/*.yaml"], "state": "s.json", "rules": "r.json" }),
        json!({ "channel": { "api": "v5", "id": "1", "rate": { "perSecond": 0.5, "burst": 1 } } }),
        json!({ "removed": { "users": "delete", "fields": "forget" } }),
        json!({ "limits": { "create": 5, "update": "30%", "optIn": "0.5%", "minUsers": 0 } }),
        json!({ "environments": { "staging": { "channel": { "id": "777" } } } }),
        json!({ "kind": "User" }),
        json!({ "other": 1 }),
        json!({ "manifests": [] }),
        json!({ "manifests": "users" }),
        json!({ "state": "" }),
        json!({ "channel": { "api": "v3" } }),
        json!({ "channel": { "id": 1 } }),
        json!({ "channel": { "id": "6:3" } }),
        json!({ "channel": { "id": "7".repeat(65) } }),
        json!({ "channel": { "baseUrl": "https://a/b" } }),
        json!({ "channel": { "baseUrl": "https://a/b?c" } }),
        json!({ "channel": { "baseUrl": "https://a@b" } }),
        json!({ "channel": { "rate": { "perSecond": 0 } } }),
        json!({ "channel": { "rate": { "burst": 0 } } }),
        json!({ "removed": { "users": "clear" } }),
        json!({ "limits": { "create": "many" } }),
        json!({ "limits": { "create": "101%" } }),
        json!({ "limits": { "create": -1 } }),
        json!({ "limits": { "minUsers": "30%" } }),
        json!({ "environments": { "staging": { "environments": {} } } }),
        json!({ "environments": { "staging": { "kind": "Project" } } }),
        json!({ "environments": { "staging": { "other": 1 } } }),
        json!({ "environments": [] }),
    ] {
        let read = file::parse(&project.to_string(), "talkform.yaml");
        assert_eq!(
            accepts(&project_schema(), &project),
            read.is_ok(),
            "{project} {read:?}"
        );
    }
}

#[test]
fn schema_and_reader_know_the_same_fields() {
    let sorted = |names: &[&str]| {
        let mut names: Vec<String> = names.iter().map(ToString::to_string).collect();
        names.sort();
        names
    };
    let of = |schema: &Value, pointer: &str| -> Vec<String> {
        let fields = schema.pointer(pointer).and_then(Value::as_object);
        fields.expect("fields").keys().cloned().collect()
    };
    let manifest = manifest_schema(ApiVersion::V4);
    assert!(DOCUMENTED_KEYS.iter().all(|key| is_typed(key)));
    for (definition, known) in [
        ("UserDocument", [&HEADER[..], &USER].concat()),
        ("UserListDocument", LIST.to_vec()),
        ("ListItem", USER.to_vec()),
        ("Defaults", USER[1..].to_vec()),
        ("Move", MOVE.to_vec()),
        ("Profile", DOCUMENTED_KEYS.to_vec()),
        ("ProfileOnce", DOCUMENTED_KEYS.to_vec()),
    ] {
        let fields = of(&manifest, &format!("/$defs/{definition}/properties"));
        assert_eq!(fields, sorted(&known), "{definition}");
    }
    let v5 = manifest_schema(ApiVersion::V5);
    for definition in USER_DEFINITIONS {
        let properties = format!("/$defs/{definition}/properties");
        let mut fields = of(&v5, &properties);
        fields.push("unsubscribed".to_owned());
        assert_eq!(fields, of(&manifest, &properties), "{definition}");
        for (api, schema) in [(ApiVersion::V4, &manifest), (ApiVersion::V5, &v5)] {
            let most = &schema["$defs"][definition]["properties"]["tags"]["maxItems"];
            assert_eq!(*most, json!(api.most_tags()), "{api} {definition}");
        }
    }
    let project = project_schema();
    let environment: Vec<&str> = settings::SETTINGS
        .into_iter()
        .filter(|name| !HEADER.contains(name) && *name != "environments")
        .collect();
    for (pointer, known) in [
        ("/properties", &settings::SETTINGS[..]),
        ("/$defs/Settings/properties", &environment),
        ("/$defs/Channel/properties", &settings::CHANNEL),
        ("/$defs/Rate/properties", &settings::RATE),
        ("/$defs/Removed/properties", &settings::REMOVED),
        ("/$defs/Limits/properties", &settings::LIMITS),
    ] {
        assert_eq!(of(&project, pointer), sorted(known), "{pointer}");
    }
    for setting in ["public", "sensitive"] {
        assert_eq!(project["properties"][setting]["default"], json!([]));
    }
}
