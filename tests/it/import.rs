//! `import`: what is on Channel becomes manifests that plan to nothing, and nothing that was there is touched.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::command::finish;
use crate::project::{Channel, Project};

const USERS: usize = 1000;
const STATE: &str = "talkform.state.json";

fn id(number: usize) -> String {
    match number % 5 {
        0 => format!("{number:05}"),
        1 => format!("회원/{number}"),
        2 => format!("u.{number}@example.com"),
        3 => format!("\"{number}'"),
        _ => format!("u-{number}"),
    }
}

/// A user with texts that are awkward in YAML, and values of every kind.
fn user(number: usize, api: &str) -> Json {
    let texts = [
        "yes",
        "012",
        "2024-01-01",
        "null",
        "",
        "김서연 😀",
        "it's \"quoted\"",
        "a: b # c",
        "- x\n- y\n",
        "  indented\n\n    text\nwith an end",
        "one\r\ntwo\ttabs",
        "\u{202e}turned\u{200b}",
        "1e3",
        "~",
        "*x",
    ];
    let text = texts[number % texts.len()];
    let mut user = json!({
        "memberId": id(number),
        "profile": {
            "name": format!("secret name {number}"),
            "email": format!("secret{number}@example.com"),
            "mobileNumber": format!("+8210{number:08}"),
            "note": text,
            "seats": number,
            "score": f64::from(u32::try_from(number).expect("small")) / 8.0,
            "trial": number.is_multiple_of(2),
            "list": [text, "b"],
            "sizes": [1, 2.5],
            "recentPurchaseCount": number,
            "utm_source": "naver",
        },
        "profileOnce": { "firstSeen": "here" },
        "unsubscribeEmail": number.is_multiple_of(3),
        "unsubscribeTexting": number % 3 == 1,
    });
    if !number.is_multiple_of(4) {
        user["tags"] = json!(["vip/gold", format!("t{}", number % 7), "한글"]);
    }
    if api == "v4" {
        user["unsubscribed"] = json!(number.is_multiple_of(10));
    }
    user
}

fn project(channel: &Channel, api: &str) -> Project {
    let project = channel.project();
    let file = project
        .read("talkform.yaml")
        .replacen("channel: {", &format!("channel: {{ api: {api},"), 1)
        .replacen("limits: {", "limits: { optIn: 100000,", 1);
    project.write("talkform.yaml", &file);
    project
}

/// A Channel that knows so many users, and a project that does not.
fn known(count: usize, api: &str) -> (Channel, Project) {
    let channel = Channel::start();
    let first = project(&channel, api);
    let mut lines = String::new();
    for number in 0..count {
        let _ = writeln!(lines, "{}", user(number, api));
    }
    first.write("users/a.jsonl", &lines);
    let file = first.read("talkform.yaml");
    first.write(
        "talkform.yaml",
        &format!("manifests: [\"users/*\"]\n{file}"),
    );
    first.run(&["apply", "--auto-approve"]).expect(0);
    let fresh = project(&channel, api);
    (channel, fresh)
}

fn ids(count: usize) -> String {
    let mut text = "# everybody\n\n".to_owned();
    for number in 0..count {
        let _ = writeln!(text, "  {}", id(number));
    }
    text
}

fn puts(channel: &Channel) -> usize {
    channel
        .about_users()
        .iter()
        .filter(|request| request.method == "PUT")
        .count()
}

#[test]
fn a_thousand_users_come_back_and_plan_to_nothing() {
    for api in ["v4", "v5"] {
        let (channel, project) = known(USERS, api);
        let sent = puts(&channel);
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
            assert_eq!(state["channelId"], "sandbox");
            let plan = project.run(&["plan", "--detailed-exitcode"]).expect(0);
            let nothing =
                format!("No changes. Your channel matches the manifests. ({USERS} users)\n");
            assert_eq!(plan.stdout, nothing);
            assert!(!project.at(&format!("{STATE}.journal")).exists());
            fs::remove_dir_all(project.at("users")).expect("removed");
            fs::remove_file(project.at(STATE)).expect("removed");
        }
        assert_eq!(puts(&channel), sent, "import sends nothing");
    }
}

#[test]
fn what_is_imported_can_be_read() {
    let (channel, project) = known(2, "v4");
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
    profile.landlineNumber is left out of 1 user (회원/1): no E.164 telephone number
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
        unsubscribed: false
    "#);
    project.run(&["plan", "--detailed-exitcode"]).expect(0);
}

#[test]
fn users_are_added_to_what_is_there() {
    let (_channel, project) = known(6, "v4");
    let head = "apiVersion: talkform/v1\nkind: UserList";
    let yaml = |indent: &str| {
        format!(
            "# ours\n{head} # list\nusers:\n{indent}- memberId:   'mine{}'\n\n# end",
            indent.len()
        )
    };
    let targets = [
        ("users/zero.yaml", yaml("")),
        ("users/two.yaml", yaml("  ")),
        ("users/four.yaml", yaml("    ")),
        (
            "users/flow.yaml",
            format!("{head}\nusers: [ {{memberId: flow}} ] # flow\n"),
        ),
        (
            "users/several.yaml",
            format!(
                "{head}\nusers:\n  - memberId: s1\n---\n{head}\ndefaults: {{profile: {{plan: x}}}}\nusers:\n  - memberId: s2\n"
            ),
        ),
        ("users/lines.jsonl", "{\"memberId\": \"lines\"}".to_owned()),
    ];
    let file = project.read("talkform.yaml");
    project.write(
        "talkform.yaml",
        &format!("manifests: [\"users/*\"]\n{file}"),
    );
    for (name, text) in &targets {
        project.write(name, text);
    }
    project.run(&["apply", "--auto-approve"]).expect(0);
    for (number, (name, old)) in targets.iter().enumerate() {
        let ran = project
            .run(&["import", &id(number), "--out", name])
            .expect(0);
        assert_eq!(
            ran.stdout.lines().next(),
            Some(&*format!("Imported 1 user into {name}."))
        );
        let new = project.read(name);
        assert!(new.starts_with(old), "{new}");
        project.run(&["plan", "--detailed-exitcode"]).expect(0);
    }
    assert_eq!(project.read("users/lines.jsonl").lines().count(), 2);
    let state: Json = serde_json::from_str(&project.read(STATE)).expect("a state");
    assert_eq!(state["users"].as_object().expect("users").len(), 7 + 6);
    project.run(&["validate"]).expect(0);
}

#[test]
fn somebody_unknown_does_not_stop_the_others() {
    let (_channel, project) = known(3, "v4");
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
        alone.stderr.contains("there is nothing to import"),
        "{}",
        alone.stderr
    );
    assert!(!project.at(STATE).exists());
}

/// Killed between manifests and state, or the state lost: the next import puts down what Channel
/// has exactly as declared, and leaves the rest to apply.
#[test]
fn an_import_that_did_not_end_is_ended_by_the_next() {
    let (channel, project) = known(5, "v4");
    let by_hand = "apiVersion: talkform/v1\nkind: User\nmemberId: u-4\n\
        profile: { seats: 4, gone: null }\nprofileOnce: { firstSeen: elsewhere }\nunsubscribeEmail: false\n";
    project.write("users/hand.yaml", by_hand);
    project.write("ids", &ids(4));
    project
        .run(&["import", "--from", "ids", "--no-record"])
        .expect(0);
    let manifest = project.read("users/imported.yaml");
    let changed = channel
        .running()
        .edit(&id(3), |user| user["profile"]["seats"] = json!(99));
    assert!(changed.expect("edited"));
    let ran = project.run(&["import", "--from", "ids", "u-4"]).expect(0);
    assert!(
        ran.stdout
            .starts_with("Recorded 4 users already declared as Channel has them.\n"),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stderr
            .contains("not recorded, Channel has another profile.seats;"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr
            .contains("already declared at users/imported.yaml:"),
        "{}",
        ran.stderr
    );
    assert_eq!(project.read("users/imported.yaml"), manifest);
    let plan = project.run(&["plan"]).expect(0);
    assert!(
        plan.stdout.contains("Plan: 1 to create. 4 unchanged."),
        "{}",
        plan.stdout
    );
    let again = project.run(&["import", &id(0)]).expect(1);
    assert!(
        again
            .stderr
            .contains("00000: already declared at users/imported.yaml:29"),
        "{}",
        again.stderr
    );
}

#[test]
fn only_the_wanted_fields() {
    let (_channel, project) = known(2, "v4");
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
        slip.stderr.contains("did you mean profile.plan?"),
        "{}",
        slip.stderr
    );
}

#[test]
fn a_csv_names_the_users_or_brings_their_values() {
    let (channel, project) = known(3, "v4");
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
    export.csv: ids are taken from the column «Member Id»
    export.csv: 1 row has no id and cannot be imported
    export.csv: 1 id comes more than once, 00000 for one; the first row counts
    profile.mobileNumber is left out of 1 user (00000): no E.164 telephone number
    profile.seats is left out of 1 user (new-1): no number in plain decimal digits
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
            .contains("its columns are «Member Id», «Plan», «Seats», «Phone»"),
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
    let (_channel, project) = known(3, "v4");
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
fn refusals_write_nothing() {
    let (channel, project) = known(3, "v4");
    let id = id(0);
    let refused = |project: &Project, arguments: &[&str], why: &str| {
        let ran = project
            .run(&[&["import", &id], arguments].concat())
            .expect(1);
        assert!(ran.stderr.contains(why), "{}", ran.stderr);
        assert!(!project.at("users").exists() && !project.at(STATE).exists());
    };
    refused(
        &project,
        &["--out", "elsewhere.yaml"],
        "no pattern of the project would find elsewhere.yaml",
    );
    refused(
        &project,
        &["--out", "users/a.json"],
        "no pattern of the project would find",
    );
    refused(
        &project,
        &["--out", "../a.yaml"],
        "is not in the project's folder",
    );
    refused(
        &project,
        &["--split", "users/.hidden"],
        "no pattern of the project would find",
    );
    channel
        .running()
        .set_faults(vec!["401#1+".parse().expect("a fault")]);
    let denied = project.run(&["import", &id]).expect(4);
    assert!(
        denied
            .stderr
            .contains("Channel does not accept the credentials"),
        "{}",
        denied.stderr
    );
    assert!(!project.at("users").exists() && !project.at(STATE).exists());
    channel.running().set_faults(Vec::new());

    let file = project.read("talkform.yaml");
    project.write(
        "talkform.yaml",
        &file.replacen("channel: {", "channel: { id: \"other\",", 1),
    );
    refused(
        &project,
        &[],
        "belong to channel sandbox, the project names channel other",
    );
    project.write("rules.json", r#"{"required": ["tags"]}"#);
    project.write("talkform.yaml", &format!("rules: rules.json\n{file}"));
    refused(&project, &[], "\"tags\" is a required property");
    refused(&project, &[], "nothing was written");

    project.write("talkform.yaml", &file);
    let mut command = project.command(&["import", &id]);
    command.env_remove("TALKFORM_ACCESS_KEY");
    let ran = finish(command.spawn().expect("talkform runs")).expect(1);
    assert!(
        ran.stderr.contains("TALKFORM_ACCESS_KEY not set"),
        "{}",
        ran.stderr
    );
    // What cannot be a folder, for root too.
    project.write("users", "a file");
    let ran = project.run(&["import", &id]).expect(1);
    assert!(ran.stderr.contains("cannot"), "{}", ran.stderr);
    assert!(!project.at(STATE).exists());
    assert_eq!(project.read("users"), "a file");
}

#[test]
fn who_asks_it_to_stop_gets_nothing_half() {
    let (channel, project) = known(200, "v4");
    channel
        .running()
        .set_faults(vec!["slow=20ms".parse().expect("a fault")]);
    let before = channel.about_users().len();
    project.write("ids", &ids(200));
    let child = project.start(&["import", "--from", "ids"]);
    while channel.about_users().len() < before + 20 {
        thread::sleep(Duration::from_millis(5));
    }
    let killed = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(killed.expect("kill runs").success());
    let ran = finish(child).expect(4);
    assert!(
        ran.stderr.contains("nothing was written. Run it again."),
        "{}",
        ran.stderr
    );
    assert!(!project.at("users").exists() && !project.at(STATE).exists());
}

#[test]
fn the_sandbox_and_a_keyed_state() {
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
    run(&["import", "--sandbox", "a"], "key").expect(0);
    run(&["plan", "--sandbox", "--detailed-exitcode"], "key").expect(0);
    run(&["import", "--sandbox", "a"], "other").expect(1);
    assert!(!project.at(STATE).exists());
}

#[test]
fn every_id_has_a_file_of_its_own() {
    let project = Project::new("");
    let long = "한".repeat(64);
    let ids = [
        "A",
        "a",
        ".hidden",
        "../../out",
        "a/b",
        "..",
        "x.yaml",
        &long,
    ];
    let rows: Vec<String> = ids.iter().map(|id| format!("{id},pro")).collect();
    project.write("all.csv", &format!("id,plan\n{}\n", rows.join("\n")));
    project.write(
        "users/a.yaml",
        "apiVersion: talkform/v1\nkind: User\nmemberId: there\n",
    );
    let flags = [
        "--csv",
        "all.csv",
        "--values-from-csv",
        "--column",
        "plan=profile.plan",
    ];
    let ran = project
        .run(&[&["import", "--split", "users"][..], &flags].concat())
        .expect(0);
    let imported = format!(
        "Imported {} users into {} files in users.",
        ids.len(),
        ids.len()
    );
    assert!(ran.stdout.starts_with(&imported), "{}", ran.stdout);
    let mut names: Vec<String> = fs::read_dir(project.at("users"))
        .expect("a folder")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("UTF-8")
        })
        .collect();
    names.sort();
    assert_eq!(names.len(), ids.len() + 1, "{names:?}");
    assert!(names.contains(&"a.yaml".to_owned()) && names.contains(&"a-2.yaml".to_owned()));
    assert!(project.read("users/a.yaml").ends_with("memberId: there\n"));
    let plan = project.run(&["plan"]).expect(0);
    let count = format!("Plan: {} to create.", ids.len() + 1);
    assert!(plan.stdout.contains(&count), "{}", plan.stdout);
}
