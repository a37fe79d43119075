//! `--refresh`: drift joins the plan and an apply sets it right, but never what a person chose.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::drift::{WAYS, applied, drift, found, gets, id, meddle};
use crate::project::{Channel, Project};

fn plan(project: &Project) -> Value {
    let ran = project
        .run(&["plan", "--refresh", "--format", "json"])
        .expect(0);
    serde_json::from_str(&ran.stdout).expect("JSON")
}

fn change<'p>(plan: &'p Value, id: &str) -> &'p Value {
    let changes = plan["changes"].as_array().expect("changes");
    changes
        .iter()
        .find(|change| change["id"] == id)
        .unwrap_or(&Value::Null)
}

fn field<'p>(change: &'p Value, path: &str) -> &'p Value {
    let fields = change["fields"].as_array().expect("fields");
    fields
        .iter()
        .find(|field| field["path"] == path)
        .unwrap_or(&Value::Null)
}

fn says_what_is_left(project: &Project, answer: &Value) {
    let left = answer["left"].as_array().expect("a list");
    assert_eq!(left.len(), 20);
    assert!(
        left.iter()
            .all(|left| left["found"] == true && left["path"] == "unsubscribeEmail")
    );
    let text = project.run(&["plan", "--refresh"]).expect(0).stdout;
    assert!(
        text.contains("20 users changed consent on Channel since; it is left as it is there:\n"),
        "{text}"
    );
    assert!(
        text.contains("  u-00017   unsubscribeEmail: changed to true by the person; left\n"),
        "{text}"
    );
    let arguments = ["plan", "--refresh", "--format", "markdown"];
    let markdown = project.run(&arguments).expect(0).stdout;
    assert!(
        markdown.contains("<b>Consent that is left as people chose it</b> (20 users)"),
        "{markdown}"
    );
}

fn heals_all_but_what_people_chose(api: &str) {
    let users = WAYS.len() * 10;
    let (channel, project) = applied(api, users);
    meddle(&channel, users);
    let expected = found(&drift(&project, &[]));
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
                change["optIn"], true,
                "a new start may message who opted out"
            );
        }
    }
    says_what_is_left(&project, &answer);

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
        let is_new = expected
            .iter()
            .any(|(id, found)| found[0] == "gone" && request.path.ends_with(id.as_str()));
        assert_eq!(flag.is_some(), is_new, "{}", request.path);
    }

    let after = drift(&project, &[]);
    let consents: Vec<Vec<String>> = found(&after).into_values().collect();
    assert_eq!(consents.len(), 20);
    for found in consents {
        assert_eq!(found, ["consent", "consent unsubscribeEmail"]);
    }
    for number in (0..users).filter(|number| [17, 18].contains(&(number % WAYS.len()))) {
        let user = channel.running().user(&id(number)).expect("a user");
        assert_eq!(user["unsubscribeEmail"], true);
        assert_eq!(user["profile"]["plan"], "pro");
    }
    let kept = channel.running().user(&id(14)).expect("a user");
    assert_eq!(kept["profile"]["extra"], "more");
    let arguments = ["plan", "--refresh", "--detailed-exitcode"];
    let text = project.run(&arguments).expect(0).stdout;
    assert!(text.contains("No changes."), "{text}");
    assert!(text.contains("by the person; left"), "{text}");
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
fn heals_all_but_what_people_chose_on_v4() {
    heals_all_but_what_people_chose("v4");
}

#[test]
fn heals_all_but_what_people_chose_on_v5() {
    heals_all_but_what_people_chose("v5");
}

#[test]
fn reads_as_a_person_would_tell_it() {
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
    insta::with_settings!({filters => vec![("sha256:[0-9a-f]{64}", "sha256:…")]}, {
        insta::assert_snapshot!(text, @r#"
          + create   ~ update   - clear

          # u-00000 will be set right: changed on Channel since  users/a.yaml:9
          ~ u-00000
              - profile.betaUntil   "2027"   (declared null)
              ~ profile.name        (sensitive)
              ~ profile.plan        "free" -> "pro"
              ~ profile.sizes       (a value that no manifest can declare) -> [1, 2]
              + tags                [beta, vip/gold]
                # 6 unchanged fields hidden

          # u-00001 will be created again: deleted on Channel since  users/a.yaml:10
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
              + unsubscribeEmail        false   # may message someone who opted out

          # u-00003 will be updated                           users/a.yaml:12
          ~ u-00003
              ~ profile.seats   33   (on Channel already)
                # 10 unchanged fields hidden

          # u-00004 will be updated                           users/a.yaml:13
          ~ u-00004
              ~ profile.seats   -4 -> 44
                # 10 unchanged fields hidden

          # u-00005 will be adopted: on Channel already       users/a.yaml:14
          + u-00005
              - profile.betaUntil       (declared null)
              ~ profile.list            ["a", "b"]   (on Channel already)
              ~ profile.mobileNumber    (sensitive)
              ~ profile.name            (sensitive)
              ~ profile.plan            "free" -> "pro"
              ~ profile.seats           5   (on Channel already)
              ~ profile.sizes           [1, 2]   (on Channel already)
              ~ profile.trial           true   (on Channel already)
              + profileOnce.utmSource   "naver"   (kept if already present)
              ~ tags                    [beta, vip/gold]   (on Channel already)
              ~ unsubscribeEmail        false   (on Channel already)

        2 users changed consent on Channel since; it is left as it is there:
          u-00000   unsubscribeEmail: changed to true by the person; left
          u-00002   unsubscribeEmail: changed to true by the person; left

        Plan: 2 to create, 3 to update. 1 unchanged.
        1 user may be messaged again after opting out.
        About 5 requests, under a second at 1000000 a second.
        Plan digest: sha256:…
        "#);
    });
}

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
fn who_is_there_already_is_adopted() {
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
        (&json!("notRecorded"), &json!(true))
    );
    let text = project.run(&["plan", "--refresh"]).expect(0).stdout;
    assert!(
        text.contains("u-00000 will be adopted: on Channel already"),
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
    assert_eq!(sent("u-new")["unsubscribeEmail"], false);
    let user = channel.running().user("u-00000").expect("a user");
    assert_eq!(user["profile"]["plan"], "free");
    assert_eq!(user["profile"].get("seats"), None);
    let arguments = ["plan", "--refresh", "--detailed-exitcode"];
    project.run(&arguments).expect(0);
}

#[test]
fn a_plan_file_is_held_to_what_channel_has_then() {
    let (channel, project) = applied("v4", 6);
    let set = |number, plan: &'static str| {
        let edit = move |user: &mut Value| user["profile"]["plan"] = json!(plan);
        channel.running().edit(&id(number), edit).expect("edited");
    };
    set(1, "free");
    project
        .run(&["plan", "--refresh", "--out", "plan.json"])
        .expect(0);
    assert!(project.read("plan.json").contains("\"refreshed\": true"));
    assert!(!project.read("plan.json").contains("free"));

    set(3, "free");
    let before = channel.about_users().len();
    let ran = project
        .run(&["apply", "plan.json", "--auto-approve"])
        .expect(1);
    assert!(
        ran.stderr.contains("Channel has changed since"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("u-00003 was not in the plan"),
        "{}",
        ran.stderr
    );
    assert_eq!(
        channel.about_users().len() - before,
        6,
        "read, and nothing sent"
    );

    // The same decision, whatever Channel has by now instead.
    set(3, "pro");
    set(1, "basic");
    project
        .run(&["apply", "plan.json", "--auto-approve"])
        .expect(0);
    let user = channel.running().user(&id(1)).expect("a user");
    assert_eq!(user["profile"]["plan"], "pro");

    project.run(&["plan", "--out", "offline.json"]).expect(0);
    assert!(!project.read("offline.json").contains("refreshed"));
    let ran = project
        .run(&["apply", "offline.json", "--refresh", "--auto-approve"])
        .expect(64);
    assert!(ran.stderr.contains("without --refresh"), "{}", ran.stderr);
}

#[test]
fn an_opt_out_after_the_review_is_another_decision() {
    let (channel, project) = applied("v4", 2);
    let manifest = project.read("users/a.yaml");
    project.write(
        "users/a.yaml",
        &manifest.replace("unsubscribeEmail: false", "unsubscribeEmail: true"),
    );
    project.run(&["apply", "--auto-approve"]).expect(0);
    project.write("users/a.yaml", &manifest);
    let set = |flag: bool| {
        for number in 0..2 {
            let edit = move |user: &mut Value| user["unsubscribeEmail"] = json!(flag);
            channel.running().edit(&id(number), edit).expect("edited");
        }
    };
    set(false);
    project
        .run(&["plan", "--refresh", "--out", "plan.json"])
        .expect(0);
    set(true);
    let ran = project
        .run(&["apply", "plan.json", "--auto-approve"])
        .expect(1);
    assert!(
        ran.stderr.contains("u-00000 would change otherwise"),
        "{}",
        ran.stderr
    );
}

#[test]
fn nothing_is_planned_from_a_partial_reading() {
    let (channel, project) = applied("v4", 20);
    let state = project.read("talkform.state.json");
    project.edit("users/a.yaml", "seats: 3 ", "seats: 33 ");
    for (fault, words) in [
        ("500@u-00007", "u-00007: 500 from Channel"),
        ("401#1+", "Channel does not accept the credentials"),
        ("501#1+", "too many failures in a row"),
    ] {
        channel
            .running()
            .set_faults(vec![fault.parse().expect("a fault")]);
        for command in [&["plan"][..], &["apply", "--auto-approve"]] {
            let mut arguments = command.to_vec();
            arguments.extend(["--refresh", "--retry-pause", "1ms"]);
            let ran = project.run(&arguments).expect(1);
            assert!(ran.stderr.contains(words), "{fault}: {}", ran.stderr);
            assert!(ran.stderr.contains("nothing was sent"), "{}", ran.stderr);
            assert_eq!(ran.stdout, "", "{fault}");
        }
    }
    channel
        .running()
        .set_faults(vec!["slow=20ms".parse().expect("a fault")]);
    let arguments = [
        "apply",
        "--auto-approve",
        "--refresh",
        "--max-duration",
        "20ms",
    ];
    let ran = project.run(&arguments).expect(1);
    assert!(
        ran.stderr.contains("--max-duration is over"),
        "{}",
        ran.stderr
    );
    assert_eq!(state, project.read("talkform.state.json"));
    let puts = channel
        .about_users()
        .iter()
        .filter(|l| l.method == "PUT")
        .count();
    assert_eq!(puts, 20, "those of the first apply");

    channel.running().set_faults(Vec::new());
    let before = gets(&channel);
    project
        .run(&[
            "apply",
            "--auto-approve",
            "--refresh",
            "--select",
            "u-0000*",
        ])
        .expect(0);
    assert_eq!(gets(&channel) - before, 10, "within the selection");
}

#[test]
fn keys_of_another_channel_read_nobody() {
    let channel = Channel::faulty(&["wrong-channel"]);
    let project = channel.project();
    let file = project.read("talkform.yaml");
    let file = file.replacen("channel: {", "channel: { id: \"sandbox\",", 1);
    project.write("talkform.yaml", &file);
    project.write(
        "users/a.yaml",
        "apiVersion: talkform/v1\nkind: User\nmemberId: \"u-1\"\n",
    );
    let ran = project.run(&["plan", "--refresh"]).expect(1);
    assert!(ran.stderr.contains("another-channel"), "{}", ran.stderr);
    assert_eq!(gets(&channel), 0);
}
