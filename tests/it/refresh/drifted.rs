//! Checks that an apply with `--refresh` reverts drift and keeps consent that a person changed.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::drift::users::{EDITS, applied, drift, edit_users, id, reported};
use crate::project::Project;
use crate::refresh::plan::{change, plan};

fn assert_kept_consent_is_listed(project: &Project, answer: &Value) {
    let left = answer["left"].as_array().expect("a list");
    assert_eq!(left.len(), 20);
    assert!(
        left.iter()
            .all(|left| left["found"] == true && left["path"] == "unsubscribeEmail")
    );
    let text = project.run(&["plan", "--refresh"]).expect(0).stdout;
    assert!(
        text.contains("20 users changed consent on Channel since the last apply; it is kept:\n"),
        "{text}"
    );
    assert!(
        text.contains("  u-00017   unsubscribeEmail: changed to true by the person; kept\n"),
        "{text}"
    );
    let arguments = ["plan", "--refresh", "--format", "markdown"];
    let markdown = project.run(&arguments).expect(0).stdout;
    assert!(
        markdown.contains("<b>Consent that people changed and that is kept</b> (20 users)"),
        "{markdown}"
    );
}

fn reverts_all_drift_but_consent_that_people_changed(api: &str) {
    let users = EDITS.len() * 10;
    let (channel, project) = applied(api, users);
    edit_users(&channel, users);
    let expected = reported(&drift(&project, &[]));
    let before = channel.about_users().len();
    let answer = plan(&project);
    assert_eq!(channel.about_users().len() - before, users);
    let again = plan(&project);
    assert_eq!(answer["digest"], again["digest"]);
    assert_eq!(answer["refreshed"], true);

    // What is drift is planned, and nothing else.
    for number in 0..users {
        let id = id(number);
        let change = change(&answer, &id);
        let found = expected.get(&id).map_or(&[][..], Vec::as_slice);
        let standing = found.first().map(String::as_str);
        let reason = match standing {
            None | Some("consent") => Value::Null,
            Some("gone") => json!("deletedOnChannel"),
            Some(_) => json!("changedOnChannel"),
        };
        assert_eq!(change["reason"], reason, "{id}");
        if standing == Some("changed") {
            let paths = |text: &String| text.split_once(' ').map(|(_, path)| path.to_owned());
            let wanted: BTreeSet<String> = found[1..]
                .iter()
                .filter(|text| !text.starts_with("consent"))
                .filter_map(paths)
                .collect();
            let fields = change["fields"].as_array().expect("fields");
            let planned = fields
                .iter()
                .map(|field| field["path"].as_str().expect("a path"));
            assert_eq!(
                planned.map(ToOwned::to_owned).collect::<BTreeSet<_>>(),
                wanted
            );
        }
        if standing == Some("gone") {
            assert_eq!(
                change["optIn"], false,
                "nothing is sent that turns an opt-out off"
            );
        }
    }
    assert_kept_consent_is_listed(&project, &answer);

    let before = channel.about_users().len();
    project
        .run(&["apply", "--refresh", "--auto-approve"])
        .expect(0);
    let log = channel.about_users();
    let sent: Vec<_> = log[before..].iter().filter(|l| l.method == "PUT").collect();
    let drifted = expected.values().filter(|found| found[0] != "consent");
    assert_eq!(sent.len(), drifted.count());
    for request in sent {
        let body = request.body.as_ref().expect("a body");
        let flag = body.get("unsubscribeEmail");
        assert_eq!(flag, None, "{}", request.path);
    }

    let after = drift(&project, &[]);
    let consents: Vec<Vec<String>> = reported(&after).into_values().collect();
    assert_eq!(consents.len(), 20);
    for found in consents {
        assert_eq!(found, ["consent", "consent unsubscribeEmail"]);
    }
    for number in (0..users).filter(|number| [17, 18].contains(&(number % EDITS.len()))) {
        let user = channel.running().user(&id(number)).expect("a user");
        assert_eq!(user["unsubscribeEmail"], true);
        assert_eq!(user["profile"]["plan"], "pro");
    }
    let kept = channel.running().user(&id(14)).expect("a user");
    assert_eq!(kept["profile"]["extra"], "more");
    let arguments = ["plan", "--refresh", "--detailed-exitcode"];
    let text = project.run(&arguments).expect(0).stdout;
    assert!(text.contains("No changes."), "{text}");
    assert!(text.contains("by the person; kept"), "{text}");
    let before = channel.about_users().len();
    project
        .run(&["apply", "--refresh", "--auto-approve"])
        .expect(0);
    assert_eq!(
        channel.about_users().len() - before,
        users,
        "read, and nothing sent"
    );
}

#[test]
fn reverts_all_drift_but_consent_that_people_changed_on_v4() {
    reverts_all_drift_but_consent_that_people_changed("v4");
}

#[test]
fn reverts_all_drift_but_consent_that_people_changed_on_v5() {
    reverts_all_drift_but_consent_that_people_changed("v5");
}

#[test]
fn a_refreshed_plan_shows_every_kind_of_change() {
    let (channel, project) = applied("v4", 6);
    let edit = |number, edit: fn(&mut Value)| {
        channel.running().edit(&id(number), edit).expect("edited");
    };
    edit(0, |user| {
        user["profile"]["plan"] = json!("free");
        user["profile"]["name"] = json!("somebody");
        user["profile"]["sizes"] = json!({"one": 1});
        user["profile"]["betaUntil"] = json!("2027");
        user["tags"] = json!([]);
        user["unsubscribeEmail"] = json!(true);
    });
    channel.running().delete(&id(1)).expect("deleted");
    edit(2, |user| user["unsubscribeEmail"] = json!(true));
    project.edit("users/a.yaml", "seats: 3", "seats: 33");
    edit(3, |user| user["profile"]["seats"] = json!(33));
    project.edit("users/a.yaml", "seats: 4", "seats: 44");
    edit(4, |user| user["profile"]["seats"] = json!(-4));
    project.run(&["state", "forget", &id(5)]).expect(0);
    edit(5, |user| user["profile"]["plan"] = json!("free"));
    let text = project.run(&["plan", "--refresh"]).expect(0).stdout;
    insta::with_settings!({filters => vec![("sha256:[0-9a-f]{64}", "sha256:…"), ("127.0.0.1:[0-9]+", "127.0.0.1:…")]}, {
        insta::assert_snapshot!(text, @r#"
        Destination: channel sandbox at http://127.0.0.1:…, API v4

          + create   ~ update   - clear

          # u-00000 will be restored: changed on Channel since the last apply  users/a.yaml:9
          ~ u-00000
              - profile.betaUntil   "2027"   (declared null)
              ~ profile.name        (sensitive)
              ~ profile.plan        "free" -> "pro"
              ~ profile.sizes       (a value that no manifest can declare) -> [1, 2]
              + tags                [beta, vip/gold]
                # 6 unchanged fields hidden

          # u-00001 will be created again: deleted on Channel since the last apply  users/a.yaml:10
          + u-00001
              - profile.betaUntil       (declared null)
              + profile.list            ["a", "b"]
              + profile.mobileNumber    (sensitive)
              + profile.name            (sensitive)
              + profile.plan            "pro"
              + profile.seats           1
              + profile.sizes           [1, 2]
              + profile.trial           true
              + profileOnce.utmSource   "naver"   (kept if already present)
              + tags                    [beta, vip/gold]
              + unsubscribeEmail        false   (kept if already present)

          # u-00003 will be updated                           users/a.yaml:12
          ~ u-00003
              ~ profile.seats   33   (already on Channel)
                # 10 unchanged fields hidden

          # u-00004 will be updated                           users/a.yaml:13
          ~ u-00004
              ~ profile.seats   -4 -> 44
                # 10 unchanged fields hidden

          # u-00005 will be adopted: already on Channel       users/a.yaml:14
          + u-00005
              - profile.betaUntil       (declared null)
              ~ profile.list            ["a", "b"]   (already on Channel)
              ~ profile.mobileNumber    (sensitive)
              ~ profile.name            (sensitive)
              ~ profile.plan            "free" -> "pro"
              ~ profile.seats           5   (already on Channel)
              ~ profile.sizes           [1, 2]   (already on Channel)
              ~ profile.trial           true   (already on Channel)
              + profileOnce.utmSource   "naver"   (kept if already present)
              ~ tags                    [beta, vip/gold]   (already on Channel)
              + unsubscribeEmail        false   (kept if already present)

        2 users changed consent on Channel since the last apply; it is kept:
          u-00000   unsubscribeEmail: changed to true by the person; kept
          u-00002   unsubscribeEmail: changed to true by the person; kept

        Plan: 2 to create, 3 to update. 1 unchanged.
        5 requests, all within the burst of 1,000,000.
        Plan digest: sha256:…
        "#);
    });
}
