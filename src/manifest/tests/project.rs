//! Tests reading the project file.

use crate::manifest::project::file::ProjectFile;
use crate::manifest::project::file::parse;
use crate::model::{
    ApiVersion, ChannelId, Limit, Project, RemovedFields, RemovedUsers, StateKeyRule, StateStore,
};

use crate::manifest::tests::written;

fn project(text: &str) -> ProjectFile {
    parse(text, "talkform.yaml").expect("a project")
}

fn resolved(text: &str) -> Project {
    project(text).resolve(None).expect("settings")
}

/// The diagnostics of a file that is wrong.
fn wrong(text: &str) -> String {
    let diagnostics = parse(text, "talkform.yaml").expect_err("a wrong project");
    diagnostics.iter().map(written).collect()
}

fn codes(text: &str) -> Vec<&'static str> {
    let diagnostics = parse(text, "talkform.yaml").expect_err("a wrong project");
    diagnostics
        .iter()
        .map(|diagnostic| diagnostic.code)
        .collect()
}

#[test]
fn an_empty_file_is_a_project() {
    let default = format!("{:?}", Project::default());
    for text in [
        "",
        "# nothing\n",
        "---\n",
        "{}",
        "kind: Project\napiVersion: talkform/v1\n",
    ] {
        assert_eq!(format!("{:?}", resolved(text)), default, "{text:?}");
    }
}

const FULL: &str = r#"
apiVersion: talkform/v1
kind: Project
manifests: ["people/*.json", "users/**/*.yaml"]
channel:
  api: v5
  baseUrl: http://localhost:3000/
  id: "6263"
  rate: { perSecond: 2.5, burst: 20 }
state: my.state.json
removed: { users: delete, fields: forget }
sensitive: ["profile.secret*", tags]
rules: rules.json
limits: { create: 5, update: 12.5%, clear: "1%", forget: 0, delete: 3, optIn: 100%, minUsers: 7 }
environments:
  staging: { channel: { id: "777" }, state: staging.state.json, manifests: [staging.yaml] }
  empty: {}
"#;

#[test]
fn every_setting() {
    let project = resolved(FULL);
    assert_eq!(project.manifests, ["people/*.json", "users/**/*.yaml"]);
    assert_eq!(project.channel.api, ApiVersion::V5);
    assert_eq!(project.channel.base_url, "http://localhost:3000");
    assert_eq!(project.channel.id, ChannelId::new("6263").ok());
    assert!((project.channel.rate.per_second - 2.5).abs() < f64::EPSILON);
    assert_eq!(project.channel.rate.burst, 20);
    assert_eq!(project.state, "my.state.json");
    assert_eq!(project.removed.users, RemovedUsers::Delete);
    assert_eq!(project.removed.fields, RemovedFields::Forget);
    assert!(
        project
            .sensitive
            .covers(&"profileOnce.secretName".parse().expect("a field"))
    );
    assert!(
        !project
            .sensitive
            .covers(&"profile.email".parse().expect("a field"))
    );
    assert_eq!(project.rules.as_deref(), Some("rules.json"));
    assert_eq!(project.limits.create, Limit::Count(5));
    assert_eq!(project.limits.update, Limit::Percent(12.5));
    assert_eq!(project.limits.clear, Limit::Percent(1.0));
    assert_eq!(project.limits.opt_in, Limit::Percent(100.0));
    assert_eq!(project.limits.min_users, 7);
}

#[test]
fn environments() {
    let file = project(FULL);
    assert_eq!(
        file.environments().collect::<Vec<_>>(),
        ["staging", "empty"]
    );
    let staging = file.resolve(Some("staging")).expect("settings");
    assert_eq!(staging.channel.id, ChannelId::new("777").ok());
    assert_eq!(staging.channel.api, ApiVersion::V5);
    assert_eq!(staging.state, "staging.state.json");
    assert_eq!(staging.manifests, ["staging.yaml"]);
    let unknown = file.resolve(Some("stagin")).expect_err("no environment");
    assert_eq!(
        unknown[0].hint.as_deref(),
        Some("did you mean staging? The environments are: staging, empty")
    );
    let none = project("").resolve(Some("x")).expect_err("no environment");
    assert_eq!(none[0].code, "unknown-environment");
}

#[test]
fn wrong_settings() {
    for (text, code) in [
        ("kind: User", "invalid-setting"),
        ("apiVersion: talkform/v2", "invalid-setting"),
        ("manifests: []", "invalid-setting"),
        ("manifests: users", "invalid-setting"),
        ("manifests: [\"\"]", "empty-value"),
        ("manifests: [../a.yaml]", "pattern-leaves-project"),
        ("manifests: [a/../../b.yaml]", "pattern-leaves-project"),
        ("manifests: [/a.yaml]", "pattern-leaves-project"),
        ("manifests: ['C:\\a.yaml']", "pattern-leaves-project"),
        ("channel: v4", "invalid-setting"),
        ("channel: { api: v3 }", "invalid-setting"),
        ("channel: { id: 6263 }", "unquoted-number"),
        ("channel: { id: \"\" }", "empty-value"),
        (
            "channel: { baseUrl: http://api.channel.io }",
            "invalid-base-url",
        ),
        ("channel: { rate: { perSecond: 0 } }", "invalid-setting"),
        ("channel: { rate: { perSecond: -1 } }", "invalid-setting"),
        ("channel: { rate: { perSecond: .inf } }", "invalid-setting"),
        ("channel: { rate: { burst: 0 } }", "invalid-setting"),
        ("channel: { rate: { burst: 1.5 } }", "invalid-setting"),
        ("state:", "empty-value"),
        ("state: s3://bucket", "invalid-state-address"),
        ("state: s3:///key", "invalid-state-address"),
        ("state: s3://Bucket/key", "invalid-state-address"),
        ("state: s3://bucket/a//key", "invalid-state-address"),
        ("state: s3://bucket/a/../key", "path-leaves-project"),
        ("state: s3://bucket/key?x=1", "invalid-state-address"),
        (
            "state: s3://user:secret@bucket/key",
            "invalid-state-address",
        ),
        ("state: https://bucket/key", "invalid-state-address"),
        ("state: file:///var/talkform.json", "path-leaves-project"),
        ("stateStore: s3", "invalid-setting"),
        ("stateStore: { region: 1 }", "unquoted-number"),
        ("stateStore: { pathStyle: maybe }", "invalid-setting"),
        (
            "stateStore: { endpoint: http://storage.example.com }",
            "invalid-endpoint",
        ),
        (
            "stateStore: { endpoint: https://a:b@storage.example.com }",
            "invalid-endpoint",
        ),
        ("stateStore: { secret: abc }", "credentials-in-project"),
        ("stateStore: { bucket: abc }", "unknown-field"),
        ("stateKey: maybe", "invalid-setting"),
        ("removed: { users: keep }", "invalid-setting"),
        ("sensitive: [email]", "unknown-field-path"),
        ("sensitive: [\" \"]", "empty-value"),
        ("limits: { create: many }", "invalid-setting"),
        ("limits: { create: 012 }", "invalid-setting"),
        ("limits: { create: 101% }", "invalid-setting"),
        ("limits: { create: -1 }", "invalid-setting"),
        ("limits: { minUsers: 10% }", "invalid-setting"),
        (
            "environments: { a: { kind: Project } }",
            "not-in-environment",
        ),
        (
            "environments: { a: { environments: {} } }",
            "not-in-environment",
        ),
        ("environments: { a: { limit: {} } }", "unknown-field"),
        ("environments: { a: 1 }", "wrong-type"),
        ("environments: [a]", "wrong-type"),
        ("state: a\nstate: b", "duplicate-key"),
        ("[a]", "wrong-type"),
        ("a: [", "syntax"),
        ("{}\n---\n{}", "second-document"),
        ("accessKey: x", "credentials-in-project"),
        ("channel: { accessSecret: x }", "credentials-in-project"),
    ] {
        assert!(codes(text).contains(&code), "{text}\n{}", wrong(text));
    }
}

#[test]
fn a_mistake_is_reported_once() {
    assert_eq!(
        codes("stat: x\nenvironments: { a: {}, b: {} }"),
        ["unknown-field"]
    );
}

#[test]
fn secrets_are_not_repeated() {
    for text in [
        "accessSecret: hunter2",
        "channel:\n  credentials: { key: hunter2 }\n  token: hunter2",
        "channel: { baseUrl: \"https://hunter2:hunter2@api.channel.io\" }",
        "accessSecret: hunter2: x",
    ] {
        let shown = wrong(text);
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

#[test]
fn diagnostics_have_places() {
    insta::assert_snapshot!(
        "mistakes",
        wrong("stat: x\nchannel: { id: 6263, acessKey: k }\nlimits:\n  update: 130%\n")
    );
}

#[test]
fn a_state_in_a_bucket() {
    let text = "state: s3://bucket/team/users.state.json\nstateStore: { region: ap-northeast-2, endpoint: \"http://127.0.0.1:9000/\", pathStyle: true, kmsKey: alias/state }\nstateKey: none\n";
    let settings = project(text).resolve(None).expect("settings");
    assert_eq!(settings.state, "s3://bucket/team/users.state.json");
    assert_eq!(
        settings.state_store,
        StateStore {
            region: Some("ap-northeast-2".to_owned()),
            endpoint: Some("http://127.0.0.1:9000".to_owned()),
            path_style: Some(true),
            kms_key: Some("alias/state".to_owned()),
        }
    );
    assert_eq!(settings.state_key, StateKeyRule::None);
    let plain = project("").resolve(None).expect("settings");
    assert_eq!(plain.state_store, StateStore::default());
    assert_eq!(plain.state_key, StateKeyRule::Required);
    let changed: Vec<_> = settings
        .changes_since(&plain)
        .into_iter()
        .map(|change| change.setting)
        .collect();
    assert_eq!(
        changed,
        [
            "state",
            "stateStore.region",
            "stateStore.endpoint",
            "stateStore.pathStyle",
            "stateStore.kmsKey",
            "stateKey"
        ]
    );
}
