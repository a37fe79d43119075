//! Checks that the sandbox does what Channel's documents describe, over real HTTP, and keeps its users.

use serde_json::{Value, json};
use talkform::model::{ApiVersion, MemberId};
use talkform::remote::{Channel, HttpSettings, Method, Request, Response, request};
use talkform::sandbox::{Running, SandboxSettings, start};

pub(crate) async fn sandbox(settings: SandboxSettings) -> (Running, Channel) {
    let running = start(settings).await.expect("a sandbox");
    let channel = Channel::new(&HttpSettings::new(
        running.base_url(),
        "key".to_owned().into(),
        "secret".to_owned().into(),
    ))
    .expect("a client");
    (running, channel)
}

pub(crate) fn put(api: ApiVersion, id: &str, body: &Value) -> Request {
    let id = MemberId::new(id).expect("an id");
    Request {
        method: Method::Put,
        body: Some(body.to_string().into_bytes()),
        ..request::get_user(api, &id)
    }
}

pub(crate) async fn send(channel: &Channel, request: Request) -> (u16, Value) {
    let Response { status, body, .. } = channel.send(&request).await.expect("a response");
    let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    (status, body)
}

#[tokio::test]
async fn an_upsert_creates_and_then_patches() {
    let (_running, channel) = sandbox(SandboxSettings::default()).await;
    let v4 = |body: Value| send(&channel, put(ApiVersion::V4, "u-1", &body));
    let (status, first) =
        v4(json!({"profile": {"plan": "free", "seats": 1}, "tags": ["B", "a"]})).await;
    assert_eq!(status, 200);
    assert_eq!(first["user"]["memberId"], "u-1");
    assert_eq!(first["user"]["tags"], json!(["a", "b"]));

    let body = json!({
        "profile": {"plan": "pro", "seats": null},
        "profileOnce": {"plan": "never", "source": "naver"}
    });
    let (_, second) = v4(body).await;
    assert_eq!(
        second["user"]["profile"],
        json!({"plan": "pro", "source": "naver"})
    );
    assert_eq!(
        second["user"]["tags"],
        json!(["a", "b"]),
        "what is not sent stays"
    );
    assert_eq!(second["user"]["version"], 2);
    assert_eq!(v4(json!({"tags": []})).await.1["user"]["tags"], json!([]));
    assert_eq!(
        v4(json!({"profile": null})).await.1["user"]["profile"],
        json!({})
    );
}

#[tokio::test]
async fn the_two_versions_differ() {
    let (_running, channel) = sandbox(SandboxSettings::default()).await;
    let tags: Vec<String> = (0..11).map(|n| format!("t{n}")).collect();
    for (api, body, expected) in [
        (ApiVersion::V4, json!({"tags": tags}), 422),
        (ApiVersion::V5, json!({"tags": tags}), 200),
        (ApiVersion::V4, json!({"unsubscribed": true}), 200),
        (ApiVersion::V5, json!({"unsubscribed": true}), 422),
        (
            ApiVersion::V4,
            json!({"profile": {"mobileNumber": "010-1234"}}),
            422,
        ),
        (
            ApiVersion::V4,
            json!({"profile": {"recentPurchaseCount": 3_000_000_000_u32}}),
            422,
        ),
        (
            ApiVersion::V4,
            json!({"profile": {"nested": {"a": 1}}}),
            422,
        ),
        (ApiVersion::V4, json!([]), 422),
    ] {
        assert_eq!(
            send(&channel, put(api, "u-1", &body)).await.0,
            expected,
            "{api} {body}"
        );
    }
    let once = json!({"profileOnce": {"source": "naver"}});
    let (_, v5) = send(&channel, put(ApiVersion::V5, "u-2", &once)).await;
    assert_eq!(v5["user"].get("profileOnce"), None);
    assert_eq!(v5["user"]["profile"]["source"], "naver");
}

#[tokio::test]
async fn every_id_is_one_segment() {
    let (running, channel) = sandbox(SandboxSettings::default()).await;
    let ids = ["..", ".", "a/b", "a%2Fb", "?x=1#y", "한글", "@@", "a+b&c"];
    for id in ids {
        let (status, body) = send(&channel, put(ApiVersion::V4, id, &json!({}))).await;
        assert_eq!((status, &body["user"]["memberId"]), (200, &json!(id)));
    }
    assert_eq!(running.member_ids().len(), ids.len());
}

#[tokio::test]
async fn users_can_be_read_and_deleted() {
    let (_running, channel) = sandbox(SandboxSettings::default()).await;
    let id = MemberId::new("u-1").expect("an id");
    let get = || request::get_user(ApiVersion::V4, &id);
    assert_eq!(send(&channel, get()).await.0, 404);
    send(&channel, put(ApiVersion::V4, "u-1", &json!({}))).await;
    assert_eq!(send(&channel, get()).await.0, 200);
    let delete = || request::delete(ApiVersion::V4, &id);
    assert_eq!(send(&channel, delete()).await.0, 200);
    assert_eq!(send(&channel, delete()).await.0, 404);
}

#[tokio::test]
async fn the_budget_is_said_and_kept() {
    let (_running, channel) = sandbox(SandboxSettings {
        burst: 2,
        per_second: 0.001,
        ..SandboxSettings::default()
    })
    .await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        let response = channel
            .send(&put(ApiVersion::V4, "u-1", &json!({})))
            .await
            .expect("a response");
        seen.push((
            response.status,
            response.rate.remaining,
            response.rate.limit,
        ));
    }
    assert_eq!(
        seen,
        [
            (200, Some(1), Some(2)),
            (200, Some(0), Some(2)),
            (429, Some(0), Some(2))
        ]
    );
}

#[tokio::test]
async fn users_outlive_the_sandbox_and_a_torn_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = SandboxSettings {
        users: Some(folder.path().join("users.jsonl")),
        ..SandboxSettings::default()
    };
    let (running, channel) = sandbox(settings.clone()).await;
    for number in 0..3 {
        let body = json!({"profile": {"seats": number}});
        send(&channel, put(ApiVersion::V4, &format!("u-{number}"), &body)).await;
    }
    let id = MemberId::new("u-1").expect("an id");
    send(&channel, request::delete(ApiVersion::V4, &id)).await;
    running.stop();

    let path = folder.path().join("users.jsonl");
    let mut text = std::fs::read_to_string(&path).expect("a file");
    text.push_str("{\"user\": {\"memberId\": \"torn");
    std::fs::write(&path, text).expect("written");
    let (running, _channel) = sandbox(settings).await;
    assert_eq!(running.member_ids(), ["u-0", "u-2"]);
    assert_eq!(running.user("u-2").expect("a user")["profile"]["seats"], 2);
    assert_eq!(running.requests(), 4);
}

/// The fields that the official document (28.0.3) requires of the channel, with their types.
const CHANNEL_V4: [(&str, &str); 6] = [
    ("bizGrade", "grade"),
    ("color", "string"),
    ("enableEmail", "boolean"),
    ("enableTexting", "boolean"),
    ("name", "string"),
    ("timeZone", "string"),
];
const CHANNEL_V5: [(&str, &str); 9] = [
    ("baseTutorialCompleted", "boolean"),
    ("bizGrade", "grade"),
    ("botName", "string"),
    ("color", "string"),
    ("followUpEmail", "boolean"),
    ("followUpTexting", "boolean"),
    ("name", "string"),
    ("timeZone", "string"),
    ("welcomeMessage", "object"),
];

#[tokio::test]
async fn responses_hold_every_field_that_the_document_requires() {
    let (_running, channel) = sandbox(SandboxSettings::default()).await;
    for (api, required) in [
        (ApiVersion::V4, &CHANNEL_V4[..]),
        (ApiVersion::V5, &CHANNEL_V5),
    ] {
        let (status, body) = send(&channel, request::get_channel(api)).await;
        assert_eq!(status, 200);
        for (name, kind) in required {
            let value = &body["channel"][name];
            let fits = match *kind {
                "string" => value.is_string(),
                "boolean" => value.is_boolean(),
                "object" => value.is_object(),
                _ => ["AA", "A", "B", "C", "D", "F", "unknown"]
                    .contains(&value.as_str().unwrap_or("")),
            };
            assert!(fits, "{api} {name}: {value}");
        }
        let user =
            json!({"profile": {"name": "a", "seats": 1}, "tags": ["a"], "unsubscribeEmail": true});
        let (_, put) = send(&channel, put(api, "u-1", &user)).await;
        let id = MemberId::new("u-1").expect("an id");
        let (_, got) = send(&channel, request::get_user(api, &id)).await;
        for view in [put, got] {
            // The document requires no field of a user; `online` is an object where it is there.
            assert!(view.get("online").is_none_or(Value::is_object), "{view}");
            for (name, value) in view["user"].as_object().expect("an object") {
                assert!(!value.is_null(), "{api} {name}");
            }
        }
    }
}
