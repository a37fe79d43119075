//! Tests declared consent of users that Channel has and the state does not.

use serde_json::json;

use crate::drift::users::{applied, id};
use crate::refresh::plan::{change, field, plan};

#[test]
fn a_declared_consent_is_an_ordinary_change_with_its_true_old_value() {
    let (channel, project) = applied("v4", 4);
    let manifest = project.read("users/a.yaml");
    let opted_out = manifest.replace("unsubscribeEmail: false", "unsubscribeEmail: true");
    project.write("users/a.yaml", &opted_out);
    project.run(&["apply", "--auto-approve"]).expect(0);
    // 0 as applied; 1 opted in by themselves.
    channel
        .running()
        .edit(&id(1), |user| user["unsubscribeEmail"] = json!(false))
        .expect("edited");
    project.write("users/a.yaml", &manifest);
    let answer = plan(&project);
    for (number, old, opt_in) in [(0, true, true), (1, false, false)] {
        let change = change(&answer, &id(number));
        assert_eq!(change["reason"], "changed");
        let field = field(change, "unsubscribeEmail");
        assert_eq!(field["old"]["value"], old);
        assert_eq!(field["new"]["value"], false);
        assert_eq!(field["optIn"], opt_in);
    }
    assert_eq!(answer["counts"]["optIn"], 3);
    assert_eq!(answer["left"], json!([]));
}

#[test]
fn a_user_that_channel_has_already_is_adopted() {
    let (channel, project) = applied("v4", 3);
    for file in ["talkform.state.json", "users/a.yaml"] {
        std::fs::remove_file(project.at(file)).expect("removed");
    }
    project.write(
        "users/a.yaml",
        "apiVersion: talkform/v1\nkind: UserList\nusers:\n  - { memberId: \"u-00000\", profile: { plan: free, seats: null, gone: null }, tags: [beta], unsubscribeEmail: false }\n  - { memberId: \"u-new\", profile: { plan: free }, unsubscribeEmail: false }\n",
    );
    let answer = plan(&project);
    let adopted = change(&answer, "u-00000");
    assert_eq!(
        (&adopted["action"], &adopted["reason"]),
        (&json!("create"), &json!("adopted"))
    );
    assert_eq!(field(adopted, "profile.plan")["old"]["value"], "pro");
    assert_eq!(field(adopted, "profile.seats")["old"]["value"], 0);
    assert_eq!(field(adopted, "profile.gone")["old"]["is"], "absent");
    assert_eq!(
        field(adopted, "tags")["old"]["value"],
        json!(["beta", "vip/gold"])
    );
    assert_eq!(adopted["optIn"], false, "Channel has false already");
    let created = change(&answer, "u-new");
    assert_eq!(
        (&created["reason"], &created["optIn"]),
        (&json!("notRecorded"), &json!(false)),
        "`false` is not sent to a person who may have opted out"
    );
    let text = project.run(&["plan", "--refresh"]).expect(0).stdout;
    assert!(
        text.contains("u-00000 will be adopted: already on Channel"),
        "{text}"
    );

    project
        .run(&["apply", "--refresh", "--auto-approve"])
        .expect(0);
    let log = channel.about_users();
    let sent = |id: &str| {
        let mut puts = log
            .iter()
            .filter(|l| l.method == "PUT" && l.path.ends_with(id));
        puts.next_back()
            .and_then(|put| put.body.clone())
            .expect("sent")
    };
    assert_eq!(
        sent("u-00000").get("unsubscribeEmail"),
        None,
        "left to the person"
    );
    assert_eq!(sent("u-new").get("unsubscribeEmail"), None);
    let user = channel.running().user("u-00000").expect("a user");
    assert_eq!(user["profile"]["plan"], "free");
    assert_eq!(user["profile"].get("seats"), None);
    let arguments = ["plan", "--refresh", "--detailed-exitcode"];
    project.run(&arguments).expect(0);
}
