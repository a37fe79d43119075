//! Tests the sources of ids to import: arguments, files, stdin and CSV exports.

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
    export.csv: read as UTF-8 with `;` between cells
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
fn wrong_rows_are_left_out_or_all_is_refused() {
    let project = Project::new("");
    let rows = "memberId,name,plan\nu-1,김,pro\nnull,a,b\nu-2,a\nu-3,b,NULL\nu-1,c,free\n";
    let (bytes, _, _) = encoding_rs::EUC_KR.encode(rows);
    fs::write(project.at("export.csv"), &bytes).expect("written");
    let values = ["import", "--csv", "export.csv", "--values-from-csv"];
    let plan = ["--column", "plan=profile.plan"];
    let run = |more: &[&str]| project.run(&[&values[..], &plan, more].concat());
    let unnamed = run(&[]).expect(1);
    assert!(
        unnamed.stderr.contains("line 2 is not UTF-8") && unnamed.stderr.contains("--encoding"),
        "{}",
        unnamed.stderr
    );
    let strict = run(&["--encoding", "cp949", "--strict"]).expect(1);
    assert!(!project.at("users").exists());
    insta::assert_snapshot!(strict.stderr, @"
    export.csv: ids are taken from the column `memberId`
    export.csv: read as EUC-KR with `,` between cells
    export.csv: 1 id comes more than once, for example u-1; the first row is used
    export.csv: `plan`: 1 cell holds a word for no value, such as NULL, taken as empty; --verbatim keeps such words
    error: the sources have mistakes; nothing was imported
      export.csv:3: the id is what a program writes where there is no id
      export.csv:4: it has 2 cells, and the header 3
     help: correct them, or leave out --strict to import the others
    ");
    let ran = run(&["--encoding", "cp949"]).expect(3);
    insta::assert_snapshot!(ran.stderr, @"
    export.csv: ids are taken from the column `memberId`
    export.csv: read as EUC-KR with `,` between cells
    export.csv: 1 id comes more than once, for example u-1; the first row is used
    export.csv: `plan`: 1 cell holds a word for no value, such as NULL, taken as empty; --verbatim keeps such words
    export.csv:3: the id is what a program writes where there is no id
    export.csv:4: it has 2 cells, and the header 3
    ");
    insta::assert_snapshot!(project.read("users/imported.yaml"), @r#"
    apiVersion: talkform/v1
    kind: UserList
    users:
      - memberId: "u-1"
        profile:
          plan: pro
      - memberId: "u-3"
    "#);
    project.write("ids", "null\nu-9\n1001.0\n");
    let listed = project
        .run(&["import", "--from", "ids", "--strict"])
        .expect(1);
    assert!(
        listed
            .stderr
            .contains("ids:1: the id is what a program writes where there is no id")
            && listed.stderr.contains("ids:3: the id is a whole number"),
        "{}",
        listed.stderr
    );
    project.run(&["import", "undefined"]).expect(64);
}

#[test]
fn an_open_quote_is_refused_with_its_line() {
    let project = Project::new("");
    for (name, text, line) in [
        (
            "a",
            "memberId,name\nu-1,\"Kim\nu-2,Lee\nu-3,\"Park\nu-4,Choi\n",
            "line 2 is closed in the middle of line 4",
        ),
        (
            "b",
            "memberId,name\nu-1,\"Kim\nu-2,Lee\nu-3,Park\n",
            "line 2 is not closed",
        ),
        ("c", "memberId\n\"u-1\nu-2\nu-3\n", "line 2 is not closed"),
    ] {
        project.write(name, text);
        let ran = project
            .run(&["import", "--sandbox", "--csv", name])
            .expect(1);
        assert!(ran.stderr.contains(line), "{}", ran.stderr);
        assert!(!project.at("users").exists());
    }
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
