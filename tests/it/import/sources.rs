//! Ids to import come from arguments, files, stdin and CSV exports.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use crate::command::finish;
use crate::import::users::{STATE, channel_with_users, id};
use crate::project::Project;

#[test]
fn an_unknown_id_does_not_stop_the_others() {
    let (_channel, project) = channel_with_users(3, "v4");
    project.write("ids", &format!("{}\nnobody\ntwo words\n", id(0)));
    let ran = project
        .run(&["import", "--from", "ids", &id(2), "--no-record"])
        .expect(3);
    assert!(
        ran.stderr
            .contains("nobody: Channel does not know this user"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("ids:3: a member id has no white space"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stdout.starts_with("Imported 2 users into"),
        "{}",
        ran.stdout
    );
    assert!(!project.at(STATE).exists());
    let plan = project.run(&["plan"]).expect(0);
    assert!(
        plan.stdout.contains("Plan: 2 to create."),
        "{}",
        plan.stdout
    );
    let alone = project.run(&["import", "nobody"]).expect(1);
    assert!(
        alone.stderr.contains("nothing to import"),
        "{}",
        alone.stderr
    );
    assert!(!project.at(STATE).exists());
}

#[test]
fn a_csv_names_the_users_or_brings_their_values() {
    let (channel, project) = channel_with_users(3, "v4");
    let csv = "\u{feff}Member Id;Plan;Seats;Phone\r\n00000;012;12;secret\r\nnew-1;yes;many;+82 10-1234-5678\r\n;visitor;;\r\n00000;x;1;\r\n";
    project.write("export.csv", csv);
    let reads = channel.about_users().len();
    let values = [
        "import",
        "--csv",
        "export.csv",
        "--values-from-csv",
        "--column",
        "Plan=profile.plan",
        "--column",
        "Seats=profile.seats:number",
        "--column",
        "Phone=profile.mobileNumber",
        "--out",
        "users/values.yaml",
    ];
    let ran = project.run(&values).expect(0);
    assert!(!ran.all().contains("secret"));
    insta::assert_snapshot!(ran.stderr, @r#"
    export.csv: ids are taken from the column `Member Id`
    export.csv: 1 row has no id and cannot be imported
    export.csv: 1 id comes more than once, for example 00000; the first row is used
    profile.mobileNumber is left out of 1 user (00000): not an E.164 phone number
    profile.seats is left out of 1 user (new-1): not a number in plain decimal digits
    "#);
    insta::assert_snapshot!(project.read("users/values.yaml"), @r#"
    apiVersion: talkform/v1
    kind: UserList
    users:
      - memberId: "00000"
        profile:
          plan: "012"
          seats: 12
      - memberId: "new-1"
        profile:
          mobileNumber: "+821012345678"
          plan: "yes"
    "#);
    assert_eq!(channel.about_users().len(), reads, "nobody was asked");
    assert!(!project.at(STATE).exists());
    fs::remove_dir_all(project.at("users")).expect("removed");
    let ran = project.run(&["import", "--csv", "export.csv"]).expect(3);
    assert!(
        ran.stderr
            .contains("new-1: Channel does not know this user"),
        "{}",
        ran.stderr
    );
    project.run(&["plan", "--detailed-exitcode"]).expect(0);
    let wrong = project
        .run(&["import", "--csv", "export.csv", "--id-column", "key"])
        .expect(1);
    assert!(
        wrong
            .stderr
            .contains("it has 4 columns, among them `Member Id`, `Plan`, `Phone`"),
        "{}",
        wrong.stderr
    );
    project
        .run(&[
            "import",
            "--csv",
            "export.csv",
            "--column",
            "Plan=profile.plan",
        ])
        .expect(64);
}

#[test]
fn ids_come_from_stdin_too() {
    let (_channel, project) = channel_with_users(3, "v4");
    for (arguments, name) in [
        (&["import", "-"][..], "1"),
        (&["import", "--from", "-"][..], "2"),
    ] {
        let mut command = project.command(arguments);
        let mut child = command
            .stdin(Stdio::piped())
            .spawn()
            .expect("talkform runs");
        let number: usize = name.parse().expect("a number");
        let mut stdin = child.stdin.take().expect("stdin");
        writeln!(stdin, "{}", id(number)).expect("written");
        drop(stdin);
        finish(child).expect(0);
    }
    project.run(&["plan", "--detailed-exitcode"]).expect(0);
    project.run(&["import", "-", "--from", "-"]).expect(64);
    project.run(&["import"]).expect(64);
}

#[test]
fn an_import_works_with_the_sandbox_and_with_a_keyed_state() {
    let project = Project::new("");
    project.write(
        "users/a.yaml",
        "apiVersion: talkform/v1\nkind: User\nmemberId: a\nprofile: { plan: pro }\n",
    );
    project
        .run(&["apply", "--sandbox", "--auto-approve"])
        .expect(0);
    fs::remove_dir_all(project.at("users")).expect("removed");
    fs::remove_file(project.at(".talkform/sandbox.state.json")).expect("removed");
    let run = |arguments: &[&str], key: &str| {
        let mut command = project.command(arguments);
        command.env("TALKFORM_STATE_KEY", key);
        finish(command.spawn().expect("talkform runs"))
    };
    run(&["import", "--sandbox", "a"], "a key of 16 bytes").expect(0);
    run(
        &["plan", "--sandbox", "--detailed-exitcode"],
        "a key of 16 bytes",
    )
    .expect(0);
    run(&["import", "--sandbox", "a"], "another key of 16").expect(1);
    assert!(!project.at(STATE).exists());
}
