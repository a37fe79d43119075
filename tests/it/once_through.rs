//! Tests a whole life of a user: declare, plan, apply, no change, edit, apply, remove.

use std::fs;

use serde_json::{Value, json};

use crate::project::{Channel, Project};

#[test]
fn the_first_command_of_the_readme_and_the_second_run() {
    let project = Project::example("quickstart");
    let apply = ["apply", "--sandbox", "--auto-approve"];
    let first = project.run(&apply).expect(0);
    assert!(
        first.stdout.contains("Plan: 12 to create."),
        "{}",
        first.stdout
    );
    assert!(
        first
            .stdout
            .contains("Apply complete! Users: 12 created. 0 unchanged. 12 requests"),
        "{}",
        first.stdout
    );
    let users = project.read(".talkform/sandbox.users.jsonl");
    let state = project.read(".talkform/sandbox.state.json");

    let second = project.run(&apply).expect(0);
    assert_eq!(
        second.stdout,
        "Destination: the sandbox, API v4\n\nNo changes. Your channel matches the manifests. (12 users)\n"
    );
    assert_eq!(users, project.read(".talkform/sandbox.users.jsonl"));
    assert_eq!(state, project.read(".talkform/sandbox.state.json"));
    assert!(!project.at("talkform.state.json").exists());
}

#[test]
fn one_edited_field_is_one_line_and_one_request() {
    let channel = Channel::start();
    let project = channel.project();
    project.write(
        "users/a.yaml",
        &fs::read_to_string(
            std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("examples/quickstart/users/customers.yaml"),
        )
        .expect("a file"),
    );
    project.run(&["apply", "--auto-approve"]).expect(0);
    assert_eq!(channel.about_users().len(), 10);

    project.edit("users/a.yaml", "seats: 12", "seats: 15");
    let plan = project.run(&["plan"]).expect(0);
    insta::with_settings!({filters => vec![("sha256:[0-9a-f]{64}", "sha256:…"), ("127.0.0.1:[0-9]+", "127.0.0.1:…")]}, {
        insta::assert_snapshot!(plan.stdout, @"
        Destination: channel sandbox at http://127.0.0.1:…, API v4

          ~ update

          # u-1001 will be updated                            users/a.yaml:9
          ~ u-1001
              ~ profile.seats   (as applied) -> 15
                # 8 unchanged fields hidden

        Plan: 1 to update. 9 unchanged.
        1 request, within the burst of 1,000,000.
        Plan digest: sha256:…
        ");
    });
    project.run(&["plan", "--detailed-exitcode"]).expect(2);
    project.run(&["apply", "--auto-approve"]).expect(0);
    let log = channel.about_users();
    assert_eq!(log.len(), 11);
    assert_eq!(
        (log[10].method.as_str(), log[10].path.as_str()),
        ("PUT", "/open/v4/users/@u-1001")
    );
    assert_eq!(
        log[10].body,
        Some(json!({
            "profile": {
                "email": "seoyeon.kim@example.com", "language": "ko", "mobileNumber": "+821012345678",
                "name": "김서연", "newsletter": true, "plan": "pro", "seats": 15
            },
            "profileOnce": {"utmSource": "naver"},
            "tags": ["beta", "vip/gold"]
        }))
    );
    body_fits_the_documented_schema(log[10].body.as_ref().expect("a body"));
    project.run(&["plan", "--detailed-exitcode"]).expect(0);
}

/// The v4 body as the vendor's `OpenAPI` document (version 28.0.3) describes it: the writable
/// properties and their types.
fn body_fits_the_documented_schema(body: &Value) {
    let profile = json!({
        "type": "object",
        "properties": {
            "name": {"type": "string"}, "email": {"type": "string"}, "mobileNumber": {"type": "string"},
            "landlineNumber": {"type": "string"}, "avatarUrl": {"type": "string"},
            "firstName": {"type": "string"}, "lastName": {"type": "string"},
            "recentPurchaseCount": {"type": "integer", "minimum": i32::MIN, "maximum": i32::MAX},
            "recentPurchaseAmount": {"type": "number"}
        }
    });
    let schema = json!({
        "type": "object",
        "properties": {
            "profile": profile, "profileOnce": profile,
            "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 10, "uniqueItems": true},
            "unsubscribed": {"type": "boolean"},
            "unsubscribeEmail": {"type": "boolean"}, "unsubscribeTexting": {"type": "boolean"}
        },
        "additionalProperties": false
    });
    assert!(jsonschema::is_valid(&schema, body), "{body:#}");
}

#[test]
fn how_it_is_written_makes_no_difference() {
    let channel = Channel::start();
    let project = channel.project();
    project.write(
        "users/a.yaml",
        "apiVersion: talkform/v1\nkind: UserList\ndefaults: { profile: { plan: free } }\nusers:\n  - memberId: \"u-1\"\n    profile: { name: 김서연, seats: 12 }\n    tags: [b, a]\n  - memberId: \"u-2\"\n    profile: { plan: pro }\n",
    );
    project.run(&["apply", "--auto-approve"]).expect(0);

    fs::remove_file(project.at("users/a.yaml")).expect("removed");
    project.write(
        "users/deep/er/z.yaml",
        "# moved, reformatted, reordered, without defaults\nkind: User\napiVersion: talkform/v1\nprofile:\n    \"plan\": 'pro'\nmemberId: u-2\n---\nmemberId: 'u-1'\ntags:\n- a\n- b\napiVersion: talkform/v1\nkind: User\nprofile:\n  seats: 12.0\n  plan: \"free\"\n  name: \"\\uAE40\\uC11C\\uC5F0\"\n",
    );
    let plan = project.run(&["plan"]).expect(0);
    assert!(
        plan.stdout
            .ends_with("\n\nNo changes. Your channel matches the manifests. (2 users)\n"),
        "{}",
        plan.stdout
    );
    assert_eq!(channel.about_users().len(), 2);
}

#[test]
fn a_plan_is_the_same_bytes_again_and_elsewhere() {
    let (one, other) = (Project::example("shop"), Project::example("shop"));
    for format in ["text", "json", "markdown"] {
        let arguments = ["plan", "--format", format];
        let first = one.run(&arguments).expect(0).stdout;
        assert!(first.contains("kr-20413"), "{first}");
        assert_eq!(first, one.run(&arguments).expect(0).stdout);
        assert_eq!(first, other.run(&arguments).expect(0).stdout);
    }
}

#[test]
fn who_is_no_longer_declared_is_forgotten_and_left_alone() {
    let channel = Channel::start();
    let project = channel.project();
    let user = |id: &str| {
        format!(
            "---\napiVersion: talkform/v1\nkind: User\nmemberId: {id}\nprofile: {{ plan: pro }}\n"
        )
    };
    project.write("users/a.yaml", &(user("u-1") + &user("u-2")));
    project.run(&["apply", "--auto-approve"]).expect(0);
    project.write("users/a.yaml", &user("u-2"));
    let ran = project.run(&["apply", "--auto-approve"]).expect(0);
    assert!(ran.stdout.contains(". u-1"), "{}", ran.stdout);
    assert!(ran.stdout.contains("0 requests"), "{}", ran.stdout);
    assert_eq!(channel.running().member_ids(), ["u-1", "u-2"]);
    project.run(&["plan", "--detailed-exitcode"]).expect(0);
}

#[test]
fn one_bad_user_stops_nobody_else() {
    let channel = Channel::faulty(&["422@u-2"]);
    let project = channel.project();
    project.write(
        "users/a.yaml",
        &crate::project::many_users(3, "pro").replace("u-0000", "u-"),
    );
    let ran = project.run(&["apply", "--auto-approve"]).expect(3);
    assert!(ran.stdout.contains("u-2"), "{}", ran.stdout);
    assert!(ran.stdout.contains("422"), "{}", ran.stdout);
    assert_eq!(channel.running().member_ids(), ["u-0", "u-1"]);

    let plan = project.run(&["plan"]).expect(0);
    assert!(
        plan.stdout.contains("rejected last time: 422"),
        "{}",
        plan.stdout
    );
    assert!(
        plan.stdout.contains("Plan: 1 to create."),
        "{}",
        plan.stdout
    );

    channel.running().set_faults(Vec::new());
    project.run(&["apply", "--auto-approve"]).expect(0);
    assert_eq!(channel.running().member_ids(), ["u-0", "u-1", "u-2"]);
    assert!(
        project
            .read("talkform.state.json")
            .contains("\"rejected\": {},")
    );
}

#[test]
fn selecting_touches_nobody_else() {
    let channel = Channel::start();
    let project = channel.project();
    project.write("users/a.yaml", &crate::project::many_users(5, "pro"));
    // Brackets stand for themselves, so this pattern fits nobody.
    let apply = ["apply", "--auto-approve", "--select"];
    project
        .run(&[&apply[..], &["u-0000[3]", "--select", "*2"]].concat())
        .expect(1);
    assert_eq!(channel.about_users().len(), 0);
    project.run(&[&apply[..], &["*2"]].concat()).expect(0);
    assert_eq!(channel.running().member_ids(), ["u-00002"]);
    project.run(&["apply", "--auto-approve"]).expect(0);
    assert_eq!(channel.about_users().len(), 5);
}

#[test]
fn the_state_can_be_looked_after() {
    let project = Project::example("quickstart");
    project
        .run(&["apply", "--sandbox", "--auto-approve"])
        .expect(0);
    let list = project
        .run(&["state", "list", "staff-*", "--sandbox"])
        .expect(0);
    assert_eq!(list.stdout.lines().count(), 2, "{}", list.stdout);
    project
        .run(&["state", "show", "nobody", "--sandbox"])
        .expect(1);
    project
        .run(&["state", "forget", "staff-01", "--sandbox"])
        .expect(0);
    let plan = project.run(&["plan", "--sandbox"]).expect(0);
    assert!(
        plan.stdout.contains("Plan: 1 to create. 11 unchanged."),
        "{}",
        plan.stdout
    );
}

#[test]
fn a_new_project_works_at_once() {
    let project = Project::new("");
    project.run(&["init", "fresh"]).expect(0);
    for command in ["validate", "plan"] {
        let ran = project.run(&["-C", "fresh", command]).expect(0);
        assert_eq!(ran.stderr, "", "{command}");
    }
    project
        .run(&["-C", "fresh", "apply", "--sandbox", "--auto-approve"])
        .expect(0);
    for recipe in [
        ".github/workflows/talkform-plan.yml",
        ".github/workflows/talkform-comment.yml",
        ".github/workflows/talkform-apply.yml",
        ".github/workflows/talkform-drift.yml",
        ".gitlab-ci.yml",
        "ci/action.yml",
        "ci/release",
        "ci/install.sh",
        "ci/fetch-state.sh",
        "ci/commit-state.sh",
        "ci/cloud-login.sh",
        "ci/github-api.sh",
        "ci/github-comment.sh",
        "ci/github-decide.sh",
        "ci/github-apply.sh",
        "ci/github-report.sh",
        "ci/github-issue.sh",
        "ci/gitlab.yml",
        "ci/gitlab-note.sh",
    ] {
        assert!(!project.read(&format!("fresh/{recipe}")).is_empty());
    }
    project.run(&["init", "fresh"]).expect(1);
}
