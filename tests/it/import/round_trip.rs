//! Checks that imported users need no change, and that people can read their manifests.

use std::fs;

use serde_json::{Value as Json, json};

use crate::import::users::{STATE, channel_with_users, id, ids};
use crate::project::Channel;

const USERS: usize = 1000;

fn count_of_puts(channel: &Channel) -> usize {
    channel
        .about_users()
        .iter()
        .filter(|request| request.method == "PUT")
        .count()
}

#[test]
fn a_thousand_users_come_back_and_plan_to_nothing() {
    for api in ["v4", "v5"] {
        let (channel, project) = channel_with_users(USERS, api);
        let sent = count_of_puts(&channel);
        for (flags, folder) in [
            (&[][..], None),
            (&["--split", "users/all"][..], Some("users/all")),
        ] {
            project.write("ids.txt", &ids(USERS));
            let ran = project
                .run(&[&["import", "--from", "ids.txt"], flags].concat())
                .expect(0);
            let place = folder.map_or_else(
                || "users/imported.yaml".to_owned(),
                |folder| format!("{USERS} files in {folder}"),
            );
            assert!(
                ran.stdout
                    .starts_with(&format!("Imported {USERS} users into {place}.\n")),
                "{}",
                ran.stdout
            );
            assert!(!ran.all().contains("secret"), "{}", ran.all());
            let state: Json = serde_json::from_str(&project.read(STATE)).expect("a state");
            assert_eq!(state["serial"], 1);
            assert_eq!(state["destination"]["channelId"], "sandbox");
            let plan = project.run(&["plan", "--detailed-exitcode"]).expect(0);
            let nothing =
                format!("No changes. Your channel matches the manifests. ({USERS} users)\n");
            assert!(plan.stdout.ends_with(&nothing), "{}", plan.stdout);
            assert!(!project.at(&format!("{STATE}.journal")).exists());
            fs::remove_dir_all(project.at("users")).expect("removed");
            fs::remove_file(project.at(STATE)).expect("removed");
        }
        assert_eq!(count_of_puts(&channel), sent, "import sends nothing");
    }
}

#[test]
fn what_is_imported_can_be_read() {
    let (channel, project) = channel_with_users(2, "v4");
    channel
        .running()
        .edit(&id(1), |user| {
            user["profile"]["address"] = json!({"city": "secret city"});
            user["profile"]["old.key"] = json!("secret");
            user["profile"]["landlineNumber"] = json!("02-secret");
            user["profile"]["mixed"] = json!(["secret", 1]);
        })
        .expect("edited");
    let ran = project.run(&["import", &id(0), &id(1)]).expect(0);
    assert!(!ran.all().contains("secret"), "{}", ran.all());
    insta::assert_snapshot!(ran.stderr, @r#"
    Reading 2 users from Channel.
    profile.address is left out of 1 user (회원/1): an object, a mixed list or a number with too many digits
    profile.landlineNumber is left out of 1 user (회원/1): not an E.164 phone number
    profile.mixed is left out of 1 user (회원/1): an object, a mixed list or a number with too many digits
    profile.old.key is left out of 1 user (회원/1): a key with a dot
    "#);
    insta::assert_snapshot!(project.read("users/imported.yaml"), @r#"
    apiVersion: talkform/v1
    kind: UserList
    users:
      - memberId: "00000"
        profile:
          email: secret0@example.com
          firstSeen: here
          list:
          - "yes"
          - b
          mobileNumber: "+821000000000"
          name: secret name 0
          note: "yes"
          recentPurchaseCount: 0
          score: 0
          seats: 0
          sizes:
          - 1
          - 2.5
          trial: true
          utm_source: naver
        unsubscribeEmail: true
        unsubscribeTexting: false
        unsubscribed: true
      - memberId: "회원/1"
        profile:
          email: secret1@example.com
          firstSeen: here
          list:
          - "012"
          - b
          mobileNumber: "+821000000001"
          name: secret name 1
          note: "012"
          recentPurchaseCount: 1
          score: 0.125
          seats: 1
          sizes:
          - 1
          - 2.5
          trial: false
          utm_source: naver
        tags:
        - t1
        - vip/gold
        - 한글
        unsubscribeEmail: false
        unsubscribeTexting: true
    "#);
    project.run(&["plan", "--detailed-exitcode"]).expect(0);
}

#[test]
fn only_the_selected_fields_are_imported() {
    let (_channel, project) = channel_with_users(2, "v4");
    project
        .run(&["import", &id(1), "--fields", "profile.s*,tags"])
        .expect(0);
    let text = project.read("users/imported.yaml");
    for field in ["seats", "score", "sizes", "tags"] {
        assert!(text.contains(field), "{text}");
    }
    for field in ["name", "note", "unsubscribed"] {
        assert!(!text.contains(field), "{text}");
    }
    project.run(&["plan", "--detailed-exitcode"]).expect(0);
    let slip = project
        .run(&["import", &id(0), "--fields", "plan"])
        .expect(64);
    assert!(
        slip.stderr.contains("did you mean `profile.plan`?"),
        "{}",
        slip.stderr
    );
}
