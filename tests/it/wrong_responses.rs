//! Tests responses that are not Channel's own, or not about the user.

use crate::command::Ran;
use crate::project::Project;
use crate::raw_channel::{RawChannel, cut, user, whole};

const APPLY: [&str; 5] = [
    "apply",
    "--auto-approve",
    "--retry-pause",
    "1ms",
    "--parallelism=1",
];
const USERS: &str = "apiVersion: talkform/v1
kind: UserList
users:
  - { memberId: u-1, profile: { plan: pro } }
  - { memberId: u-2, profile: { plan: pro } }
";
const JSON: &str = "application/json";
const PAGE: &str = "<html>Maintenance</html>";

fn recorded(project: &Project) -> String {
    project.run(&["state", "list"]).expect(0).stdout
}

/// Applies two users to a Channel that answers a PUT of `u-2` like this.
fn applied(wrong: &[u8]) -> (RawChannel, Project, Ran) {
    let wrong = wrong.to_vec();
    let channel = RawChannel::start(move |arrived| match &*arrived.id {
        "u-2" => wrong.clone(),
        id => user(id),
    });
    let project = channel.project("");
    project.write("users/a.yaml", USERS);
    let ran = project.run(&APPLY);
    (channel, project, ran)
}

#[test]
fn a_success_that_does_not_show_the_user_is_retried_and_then_failed() {
    let other = r#"{"user":{"memberId":"someone-else","channelId":"7"}}"#;
    let channel = r#"{"user":{"memberId":"u-2","channelId":"8"}}"#;
    let errors = r#"{"type":"invalid","errors":[{"message":"m"}]}"#;
    for (response, why) in [
        (whole(200, "text/html", PAGE), "the body is not JSON"),
        (whole(200, JSON, errors), "the body shows no user"),
        (whole(200, JSON, ""), "the body is not JSON"),
        (
            cut(200, r#"{"user":{"memberId":"u-2"}}"#),
            "the body broke off",
        ),
        (whole(202, JSON, "{}"), "the body shows no user"),
        (whole(200, JSON, other), "the body shows another user"),
        (
            whole(200, JSON, channel),
            "the body shows a user of another channel",
        ),
    ] {
        let (channel, project, ran) = applied(&response);
        let ran = ran.expect(3);
        assert!(ran.stdout.contains(why), "{why}: {}", ran.all());
        assert!(ran.stdout.contains("(6 attempts)"), "{}", ran.all());
        assert_eq!(channel.log().len(), 7, "{why}");
        let recorded = recorded(&project);
        assert!(recorded.contains("u-1"), "{recorded}");
        project.run(&["plan", "--detailed-exitcode"]).expect(2);
    }
}

/// Ten users whose PUTs a maintenance page answers stop the run.
#[test]
fn pages_in_place_of_channel_trip_the_breaker() {
    let channel = RawChannel::start(|_| whole(200, "text/html", PAGE));
    let project = channel.project("limits: { create: 1000 }\n");
    project.write("users/a.yaml", &crate::project::many_users(30, "pro"));
    let ran = project.run(&APPLY).expect(4);
    assert!(
        ran.stdout.contains("too many failures in a row"),
        "{}",
        ran.all()
    );
    assert_eq!(channel.log().len(), 60);
}

#[test]
fn a_page_with_403_is_not_called_bad_credentials() {
    let (channel, _, ran) = applied(&whole(403, "text/html", PAGE));
    let ran = ran.expect(4);
    assert!(ran.stdout.contains("proxy or firewall"), "{}", ran.all());
    assert!(!ran.all().contains("does not accept"), "{}", ran.all());
    // Nobody is asked about twice. The first page stops the run, perhaps before the second user is sent.
    let ids: Vec<String> = channel
        .log()
        .into_iter()
        .map(|arrived| arrived.id)
        .collect();
    assert!(
        ids == ["u-1"] || ids == ["u-2"] || ids.len() == 2 && ids[0] != ids[1],
        "{ids:?}"
    );
    let (_, _, ran) = applied(&whole(403, JSON, r#"{"type":"forbidden"}"#));
    let ran = ran.expect(4);
    assert!(
        ran.stdout.contains("does not accept the credentials"),
        "{}",
        ran.all()
    );
}

#[test]
fn a_gateways_404_does_not_count_as_deleted_or_gone() {
    for (body, content_type, code) in [
        (PAGE, "text/html", 3),
        (r#"{"message":"no Route matched"}"#, JSON, 3),
        (r#"{"type":"notFound","status":404}"#, JSON, 0),
    ] {
        let channel = RawChannel::start(move |arrived| match &*arrived.method {
            "PUT" => user(&arrived.id),
            _ => whole(404, content_type, body),
        });
        let project =
            channel.project("removed: { users: delete }\nlimits: { delete: 5, forget: 5 }\n");
        project.write("users/a.yaml", USERS);
        project.run(&APPLY).expect(0);
        let ran = project.run(&["drift", "--retry-pause", "1ms"]).expect(code);
        let counted = if code == 0 {
            "2 gone"
        } else {
            "could not be read"
        };
        assert!(ran.stdout.contains(counted), "{}", ran.all());
        project.edit(
            "users/a.yaml",
            "  - { memberId: u-2, profile: { plan: pro } }\n",
            "",
        );
        let deleting = [&APPLY[..], &["--allow-deletes", "1"]].concat();
        project.run(&deleting).expect(code);
        assert_eq!(recorded(&project).contains("u-2"), code != 0, "{body}");
    }
}
