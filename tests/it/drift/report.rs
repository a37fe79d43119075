//! Checks that drift reports exactly the changes made on Channel, in both API versions.

use serde_json::{Value, json};

use crate::drift::users::{
    EDITS, applied, count_of_reads, drift, edit_users, expected, id, reported, without,
};
use crate::project::Channel;

#[expect(clippy::print_stdout, reason = "the table is for whoever runs it")]
fn reports_each_change_and_no_other(api: &str) {
    const USERS: usize = 5000;
    let (channel, project) = applied(api, USERS);
    assert_eq!(drift(&project, &[])["counts"]["asApplied"], USERS);
    edit_users(&channel, USERS);
    let before = count_of_reads(&channel);
    let answer = drift(&project, &[]);
    assert_eq!(
        count_of_reads(&channel) - before,
        USERS,
        "one question a user"
    );

    let (found, expected) = (reported(&answer), expected(USERS));
    println!("{api}: what happened                            users  found  as expected");
    for (at, edit) in EDITS.iter().enumerate() {
        let ids: Vec<String> = (at..USERS).step_by(EDITS.len()).map(id).collect();
        let drifted = ids.iter().filter(|id| found.contains_key(*id)).count();
        let right = ids.iter().filter(|id| found.get(*id) == expected.get(*id));
        let (name, right) = (edit.name, right.count());
        println!(
            "{name:44} {:6} {drifted:6} {right:12}   {}",
            ids.len(),
            edit.found.join(", ")
        );
    }
    let wrong: Vec<&String> = found
        .keys()
        .chain(expected.keys())
        .filter(|id| found.get(*id) != expected.get(*id))
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");

    let users = |kind: &str| {
        let of = |found: &Vec<String>| {
            found
                .iter()
                .any(|word| word.split(' ').next() == Some(kind))
        };
        expected.values().filter(|found| of(found)).count()
    };
    let counts = &answer["counts"];
    assert_eq!(counts["gone"], users("gone"));
    assert_eq!(counts["consent"], users("consent"));
    assert_eq!(counts["asApplied"], USERS - expected.len());
    let gone_or_changed = expected.values().filter(|found| found[0] == "changed");
    assert_eq!(counts["changed"], gone_or_changed.count());
    project
        .run(&["drift", "--detailed-exitcode", "--parallelism", "32"])
        .expect(2);
}

#[test]
fn reports_each_change_and_no_other_on_v4() {
    reports_each_change_and_no_other("v4");
}

#[test]
fn reports_each_change_and_no_other_on_v5() {
    reports_each_change_and_no_other("v5");
}

#[test]
fn drift_is_shown_as_text_and_as_markdown() {
    let (channel, project) = applied("v4", 4);
    let edit = |number, edit: fn(&mut Value)| channel.running().edit(&id(number), edit);
    edit(0, |user| {
        user["profile"]["plan"] = json!("free\u{1b}[31m");
        user["profile"]["name"] = json!("somebody");
        user["profile"]["sizes"] = json!({"one": 1});
        user["profile"]["betaUntil"] = json!("2027");
        user["unsubscribeEmail"] = json!(true);
        without(user, "trial");
    })
    .expect("edited");
    channel.running().delete(&id(1)).expect("deleted");
    edit(2, |user| user["unsubscribeEmail"] = json!(true)).expect("edited");
    // Declared anew and there already: neither is drift.
    project.edit("users/a.yaml", "seats: 3", "seats: 33");
    edit(3, |user| user["profile"]["seats"] = json!(33)).expect("edited");

    let ran = project.run(&["drift"]).expect(0);
    let base_url = channel.running().base_url();
    let shown = |text: &str| text.replace(&base_url, "http://127.0.0.1:…");
    insta::assert_snapshot!(shown(&ran.stdout), @r#"
    Destination: channel sandbox at http://127.0.0.1:…, API v4

      ~ changed   - gone or missing   + there again or created anew   * changed by the person

      # u-00000 differs on Channel from what was applied  users/a.yaml:9
      ~ u-00000
          + profile.betaUntil   "2027"   (cleared, but on Channel again)
          ~ profile.name        (sensitive)
          ~ profile.plan        "pro" -> "free\u{1b}[31m"
          ~ profile.sizes       [1, 2] -> (a value that no manifest can declare)
          - profile.trial       true   (not on Channel)
          * unsubscribeEmail    false -> true   (changed by the person)
            # 5 fields as applied hidden

      # u-00001 is no longer on Channel                   users/a.yaml:10
      - u-00001

      # u-00002 changed consent on Channel                users/a.yaml:11
      * u-00002
          * unsubscribeEmail   false -> true   (changed by the person)
            # 10 fields as applied hidden

    Drift: 1 changed, 1 gone, 2 with changed consent. 1 as applied.
    "#);
    let markdown = project
        .run(&["drift", "--format", "markdown"])
        .expect(0)
        .stdout;
    insta::assert_snapshot!(shown(&markdown), @r#"
    <!-- talkform drift -->
    ### talkform drift

    Destination: `channel sandbox at http://127.0.0.1:…, API v4`

    **Drift: 1 changed, 1 gone, 2 with changed consent. 1 as applied.**

    <details open><summary><b>Different on Channel from what was applied</b> (1 user)</summary>

    ```diff
    # u-00000 differs on Channel from what was applied   users/a.yaml:9
    ! u-00000
    +     profile.betaUntil   "2027"   (cleared, but on Channel again)
    !     profile.name        (sensitive)
    !     profile.plan        "pro" -> "free\u{1b}[31m"
    !     profile.sizes       [1, 2] -> (a value that no manifest can declare)
    -     profile.trial       true   (not on Channel)
    *     unsubscribeEmail    false -> true   (changed by the person)
          # 5 fields as applied hidden
    ```

    </details>

    <details open><summary><b>No longer on Channel</b> (1 user)</summary>

    ```diff
    # u-00001 is no longer on Channel   users/a.yaml:10
    - u-00001
    ```

    </details>

    <details><summary><b>Consent that people changed</b> (1 user)</summary>

    ```diff
    # u-00002 changed consent on Channel   users/a.yaml:11
    * u-00002
    *     unsubscribeEmail   false -> true   (changed by the person)
          # 10 fields as applied hidden
    ```

    </details>
    "#);
    let open = project.run(&["drift", "--show-sensitive"]).expect(0).stdout;
    assert!(open.contains("\"n0\" -> \"somebody\""), "{open}");
}

#[test]
fn a_comment_is_never_longer_than_asked() {
    const USERS: usize = 300;
    let (channel, project) = applied("v4", USERS);
    for number in 0..USERS {
        let edit = |user: &mut Value| user["profile"]["plan"] = json!(format!("`````{number}"));
        channel.running().edit(&id(number), edit).expect("edited");
    }
    for most in [0, 300, 1000, 5000, 60_000] {
        let most_text = most.to_string();
        let arguments = ["drift", "--format", "markdown", "--max-bytes", &most_text];
        let text = project.run(&arguments).expect(0).stdout;
        assert!(text.len() <= most, "{most}: {}", text.len());
        assert!(most < 300 || text.contains("300 changed"), "{text}");
        assert_eq!(
            most < 60_000 && most > 0,
            text.contains("is shortened"),
            "{most}"
        );
    }
    let text = project.run(&["drift"]).expect(0).stdout;
    assert_eq!(text.matches("will").count(), 0);
    assert!(
        text.ends_with("Drift: 300 changed. 0 as applied.\n"),
        "{text}"
    );
}

#[test]
fn a_field_that_channel_never_confirmed_is_marked() {
    let channel = Channel::faulty(&["ignore-tags"]);
    let project = channel.project();
    project.write(
        "users/a.yaml",
        "apiVersion: talkform/v1\nkind: User\nmemberId: \"u-1\"\ntags: [vip]\n",
    );
    project.run(&["apply", "--auto-approve"]).expect(3);
    let text = project.run(&["drift"]).expect(0).stdout;
    assert!(
        text.contains("~ tags   [- vip]   (Channel never confirmed it)"),
        "{text}"
    );
    assert_eq!(
        drift(&project, &[])["drift"][0]["fields"][0]["neverConfirmed"],
        true
    );
}
