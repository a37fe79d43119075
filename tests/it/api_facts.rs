//! Requests and responses of both API versions against what Channel's `OpenAPI` document (28.0.3) says of
//! them, transcribed here. Where the page of the v4 upsert says more, `PAGE` says so.

use serde_json::{Value, json};
use talkform::model::{ApiVersion, Attributes, Declared, MemberId, Upsert};
use talkform::remote::{ChannelInfo, Confirmation, Method, ResponseUser, confirm, request};
use talkform::sandbox::SandboxSettings;

use crate::project::{Channel, Project};
use crate::sandbox::{put, sandbox, send};

const VERSIONS: [ApiVersion; 2] = [ApiVersion::V4, ApiVersion::V5];

/// What is asked, and the path; `{id}` is a member id.
const OPERATIONS: [(ApiVersion, Method, &str); 8] = [
    (ApiVersion::V4, Method::Get, "/open/v4/channel"),
    (ApiVersion::V4, Method::Get, "/open/v4/users/@{id}"),
    (ApiVersion::V4, Method::Put, "/open/v4/users/@{id}"),
    (ApiVersion::V4, Method::Delete, "/open/v4/users/@{id}"),
    (ApiVersion::V5, Method::Get, "/open/v5/channel"),
    (ApiVersion::V5, Method::Get, "/open/v5/users/@{id}"),
    (ApiVersion::V5, Method::Put, "/open/v5/users/@{id}"),
    (ApiVersion::V5, Method::Delete, "/open/v5/users/@{id}"),
];

/// The kinds of JSON values that the document names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Boolean,
    Object,
    Texts,
}
use Kind::{Boolean, Number, Object, Text, Texts};

impl Kind {
    fn fits(self, value: &Value) -> bool {
        match self {
            Text => value.is_string(),
            Number => value.is_number(),
            Boolean => value.is_boolean(),
            Object => value.is_object(),
            Texts => value
                .as_array()
                .is_some_and(|list| list.iter().all(Value::is_string)),
        }
    }
}

/// What the body of a PUT may hold, of what a manifest can say. Everything else that the schemas name
/// is read only, or Channel's own.
fn writable(api: ApiVersion) -> &'static [(&'static str, Kind)] {
    match api {
        ApiVersion::V4 => &[
            ("profile", Object),
            ("profileOnce", Object),
            // Neither version calls it read only; the default is `en`.
            ("language", Text),
            ("tags", Texts),
            ("unsubscribed", Boolean),
            // PAGE; the document has them for v5 only.
            ("unsubscribeEmail", Boolean),
            ("unsubscribeTexting", Boolean),
        ],
        ApiVersion::V5 => &[
            ("profile", Object),
            ("profileOnce", Object),
            ("language", Text),
            ("tags", Texts),
            ("unsubscribeEmail", Boolean),
            ("unsubscribeTexting", Boolean),
        ],
    }
}

/// `maxItems` of `tags` in a request.
fn most_tags(api: ApiVersion) -> usize {
    match api {
        ApiVersion::V4 => 10,
        ApiVersion::V5 => 20,
    }
}

/// What the `user` of a response may hold, as far as the sandbox answers it.
fn answered(api: ApiVersion) -> &'static [(&'static str, Kind)] {
    match api {
        ApiVersion::V4 => &[
            ("id", Text),
            ("channelId", Text),
            ("memberId", Text),
            ("member", Boolean),
            ("profile", Object),
            ("profileOnce", Object),
            ("language", Text),
            ("tags", Texts),
            ("blocked", Boolean),
            ("unsubscribed", Boolean),
            // PAGE.
            ("unsubscribeEmail", Boolean),
            ("unsubscribeTexting", Boolean),
            ("createdAt", Number),
            ("updatedAt", Number),
            ("version", Number),
        ],
        ApiVersion::V5 => &[
            ("id", Text),
            ("channelId", Text),
            ("memberId", Text),
            ("member", Boolean),
            ("profile", Object),
            ("language", Text),
            ("tags", Texts),
            ("blocked", Boolean),
            ("unsubscribeEmail", Boolean),
            ("unsubscribeTexting", Boolean),
            ("createdAt", Number),
            ("updatedAt", Number),
            ("version", Number),
        ],
    }
}

/// The keys of a profile that have a type of their own, the same in both versions.
const TYPED: [(&str, Kind); 9] = [
    ("name", Text),
    ("firstName", Text),
    ("lastName", Text),
    ("email", Text),
    ("avatarUrl", Text),
    ("mobileNumber", Text),
    ("landlineNumber", Text),
    ("recentPurchaseCount", Number),
    ("recentPurchaseAmount", Number),
];

#[track_caller]
fn fits(table: &[(&str, Kind)], object: &Value, what: &str) {
    for (name, value) in object.as_object().expect("an object") {
        let kind = table.iter().find(|(known, _)| known == name);
        let (_, kind) = kind.unwrap_or_else(|| panic!("{what}: there is no {name}"));
        assert!(kind.fits(value), "{what}: {name} is {value}");
    }
}

/// Every field that a manifest of this version can have.
fn everything(api: ApiVersion, tags: usize) -> Value {
    let tags: Vec<String> = (0..tags).map(|number| format!("t{number:02}")).collect();
    let mut user = json!({
        "apiVersion": "talkform/v1",
        "kind": "User",
        "memberId": "u/1",
        "profile": {
            "name": "Coco Chanel",
            "firstName": "Coco",
            "lastName": "Chanel",
            "email": "coco@example.com",
            "avatarUrl": "https://example.com/coco.png",
            "mobileNumber": "+821012345678",
            "landlineNumber": "+8225551234",
            "recentPurchaseCount": 3,
            "recentPurchaseAmount": 12.5,
            "plan": "pro",
        },
        "profileOnce": { "source": "naver" },
        "language": "ko",
        "tags": tags,
        "unsubscribeEmail": true,
        "unsubscribeTexting": false,
    });
    if api == ApiVersion::V4 {
        user["unsubscribed"] = json!(true);
    }
    user
}

fn project(channel: &Channel, api: ApiVersion) -> Project {
    let project = channel.project();
    project.edit(
        "talkform.yaml",
        "channel: { ",
        &format!("channel: {{ api: {api}, "),
    );
    project.edit("talkform.yaml", "limits: { ", "limits: { optIn: 1, ");
    let manifests = "manifests: [\"users/*.json\"]\n";
    let text = format!("{manifests}{}", project.read("talkform.yaml"));
    project.write("talkform.yaml", &text);
    project
}

#[test]
fn every_request_is_one_that_the_document_has() {
    let id = MemberId::new("u-1").expect("an id");
    for api in VERSIONS {
        for request in [
            request::get_channel(api),
            request::get_user(api, &id),
            request::upsert(api, &id, &Upsert::default()),
            request::delete(api, &id),
        ] {
            let known = OPERATIONS.iter().any(|(version, method, path)| {
                *version == api
                    && *method == request.method
                    && path.replace("{id}", "u-1") == request.path
            });
            assert!(known, "{request:?}");
            assert_eq!(request.body.is_some(), request.method == Method::Put);
        }
    }
}

#[test]
fn what_is_sent_is_what_the_version_takes() {
    for api in VERSIONS {
        let channel = Channel::start();
        let project = project(&channel, api);
        let mut user = everything(api, most_tags(api));
        // `false` is not sent to a new person.
        user["unsubscribeTexting"] = json!(true);
        project.write("users/a.json", &user.to_string());
        project.run(&["apply", "--auto-approve"]).expect(0);
        let log = channel.running().log();
        let paths: Vec<(&str, &str)> = log
            .iter()
            .map(|logged| (logged.method.as_str(), logged.path.as_str()))
            .collect();
        let (channel_path, user_path) = (
            format!("/open/{api}/channel"),
            format!("/open/{api}/users/@u%2F1"),
        );
        assert_eq!(paths, [("GET", &*channel_path), ("PUT", &*user_path)]);
        let body = log[1].body.clone().expect("a body");
        fits(writable(api), &body, &format!("PUT {api}"));
        for (name, _) in writable(api) {
            assert!(body.get(name).is_some(), "{api}: {name} is not sent");
        }
        for (key, kind) in TYPED {
            assert!(kind.fits(&body["profile"][key]), "{api}: profile.{key}");
        }

        // The response confirmed every field.
        let state = project.read("talkform.state.json");
        let read: Value = serde_json::from_str(&state).expect("JSON");
        let columns = read["columns"].as_array().expect("columns");
        let unconfirmed = columns.iter().position(|column| column == "unconfirmed");
        let unconfirmed = unconfirmed.expect("a column");
        assert_eq!(read["users"]["u/1"][unconfirmed], Value::Null, "{state}");
        assert!(state.contains(&format!("\"api\":\"{api}\"")), "{state}");
        project.run(&["plan", "--detailed-exitcode"]).expect(0);
    }
}

#[test]
fn one_tag_more_than_the_version_takes_is_refused_before_anything_is_sent() {
    for api in VERSIONS {
        let channel = Channel::start();
        let project = project(&channel, api);
        let user = everything(api, most_tags(api) + 1);
        project.write("users/a.json", &user.to_string());
        let ran = project.run(&["apply", "--auto-approve"]).expect(1);
        assert!(ran.stderr.contains("too-many-tags"), "{}", ran.stderr);
        assert!(channel.running().log().is_empty());
    }
}

#[test]
fn v5_has_no_unsubscribed_and_says_what_to_write() {
    let channel = Channel::start();
    let project = project(&channel, ApiVersion::V5);
    let user = everything(ApiVersion::V4, 1);
    project.write("users/a.json", &user.to_string());
    for command in [&["validate"][..], &["plan"], &["apply", "--auto-approve"]] {
        let ran = project.run(command).expect(1);
        assert!(ran.stderr.contains("unsupported-field"), "{}", ran.stderr);
        assert!(
            ran.stderr
                .contains("write `unsubscribeEmail` and `unsubscribeTexting`"),
            "{}",
            ran.stderr
        );
    }
    let list = json!({
        "apiVersion": "talkform/v1", "kind": "UserList",
        "defaults": { "unsubscribed": false }, "users": [{ "memberId": "u-1" }],
    });
    project.write("users/a.json", &list.to_string());
    let ran = project.run(&["validate"]).expect(1);
    assert!(ran.stderr.contains("unsupported-field"), "{}", ran.stderr);
    assert!(channel.running().log().is_empty());
}

#[tokio::test]
async fn the_sandbox_answers_in_the_shape_of_the_version() {
    for api in VERSIONS {
        let (_running, channel) = sandbox(SandboxSettings::default()).await;
        let mut body = everything(api, most_tags(api));
        for name in ["apiVersion", "kind", "memberId"] {
            body.as_object_mut().expect("an object").remove(name);
        }
        let id = MemberId::new("u-1").expect("an id");
        let (status, upserted) = send(&channel, put(api, "u-1", &body)).await;
        assert_eq!(status, 200, "{api} {upserted}");
        let (status, read) = send(&channel, request::get_user(api, &id)).await;
        assert_eq!((status, &read), (200, &upserted));
        let names: Vec<&String> = upserted.as_object().expect("an object").keys().collect();
        assert_eq!(names, ["user"]);
        fits(answered(api), &upserted["user"], &format!("answer {api}"));
        let has_once = upserted["user"].get("profileOnce").is_some();
        assert_eq!(has_once, api == ApiVersion::V4);

        let (_, found) = send(&channel, request::get_channel(api)).await;
        let info = ChannelInfo::read(found.to_string().as_bytes()).expect("a channel");
        assert_eq!(info.id.as_str(), "sandbox");
        assert_eq!(send(&channel, request::delete(api, &id)).await.0, 200);
        assert_eq!(send(&channel, request::get_user(api, &id)).await.0, 404);
    }
}

/// A response as the document of each version shapes it, with what talkform does not ask for.
fn documented(api: ApiVersion) -> Value {
    let mut user = json!({
        "id": "60a0", "channelId": "1", "memberId": "u-1", "veilId": "v", "unifiedId": "m",
        "name": "made up", "profile": { "plan": "pro", "source": "naver" }, "tags": ["B"],
        "alert": 0, "unread": 0, "popUpChatId": "p", "blocked": false, "hasChat": false,
        "hasPushToken": false, "language": "en", "country": "KR", "city": "Seoul",
        "latitude": 37.5, "longitude": 127.0, "sessionsCount": 1,
        "lastSeenAt": 1_783_226_582_519_u64, "createdAt": 1_783_226_582_519_u64,
        "updatedAt": 1_783_226_582_519_u64, "version": 3, "managedKey": 1, "member": true,
        "email": "mirror@example.com", "mobileNumber": "+18004424000", "systemLanguage": "en",
    });
    let more = match api {
        ApiVersion::V4 => json!({
            "profileOnce": { "source": "naver" }, "unsubscribed": true, "userId": "u-1",
            "managed": true, "expireAt": 1_783_226_582_519_u64,
        }),
        ApiVersion::V5 => json!({
            "type": "member", "userImportTags": [], "mainChatId": "c", "timeZone": "Asia/Seoul",
            "unsubscribeEmail": true, "unsubscribeEmailUpdatedAt": 1_783_226_582_519_u64,
            "unsubscribeTexting": false, "unsubscribeAppPush": false, "named": true,
            "emailQualified": true, "province": "Seoul", "blockedKey": "b",
        }),
    };
    for (name, value) in more.as_object().expect("an object") {
        user[name] = value.clone();
    }
    json!({ "user": user, "online": { "channelId": "1", "personType": "user", "personId": "60a0", "id": "o" } })
}

#[test]
fn documented_answers_confirm_what_was_sent() {
    for api in VERSIONS {
        let mut attributes = Attributes {
            profile: [("plan".into(), Declared::Set("pro".into()))].into(),
            profile_once: [("source".into(), "naver".into())].into(),
            tags: Some(["b".to_owned()].into()),
            ..Attributes::default()
        };
        match api {
            ApiVersion::V4 => attributes.unsubscribed = Some(true),
            ApiVersion::V5 => {
                attributes.unsubscribe_email = Some(true);
                attributes.unsubscribe_texting = Some(false);
            }
        }
        let sent = Upsert::from(attributes);
        let answer = ResponseUser::read(documented(api).to_string().as_bytes()).expect("a user");
        let found = confirm(&sent, sent.0.consent(), &answer);
        assert_eq!(found, Confirmation::default(), "{api}");

        // What the other version's response does not hold is not taken for confirmed.
        let other = VERSIONS[usize::from(api == ApiVersion::V4)];
        let answer = ResponseUser::read(documented(other).to_string().as_bytes()).expect("a user");
        let found = confirm(&sent, sent.0.consent(), &answer);
        assert!(!found.unconfirmed().is_empty(), "{api}");
    }
}
