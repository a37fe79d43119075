//! Checks that the commands that messages suggest have the flags of the run that printed them.

use crate::project::{Project, many_users};

const FOLDER: &str = "our users/$HOME";

/// The commands of a text: in backticks, or on a line of their own.
fn commands(text: &str) -> Vec<Vec<String>> {
    text.split(['\n', '`'])
        .map(str::trim)
        .filter(|part| part.starts_with("talkform "))
        .map(|command| shlex::split(command).unwrap_or_else(|| panic!("{command}")))
        .collect()
}

/// A project in a folder whose name needs quotes, with an environment.
fn project() -> Project {
    let project = Project::new("");
    let limits = "limits: { create: 100, forget: 100% }\n";
    let environments = "environments: { staging: {} }\n";
    let file = format!("{FOLDER}/talkform.yaml");
    project.write(&file, &format!("{limits}{environments}"));
    project.write(&format!("{FOLDER}/users/a.yaml"), &many_users(2, "free"));
    project
}

#[test]
fn every_suggestion_is_about_the_same_project() {
    let project = project();
    let here = ["-C", FOLDER, "--env", "staging", "--sandbox"];
    let run = |arguments: &[&str]| project.run(&[&here[..], arguments].concat());
    let state = format!("{FOLDER}/.talkform/staging.state.json");
    let suggested = |arguments: &[&str], code: i32, last: &[&str]| {
        let ran = run(arguments).expect(code);
        let found = commands(&ran.all());
        assert!(!found.is_empty(), "{arguments:?}: {}", ran.all());
        for command in found {
            assert_eq!(command[1..6], here.map(str::to_owned), "{}", ran.all());
            assert!(
                last.contains(&command[6..].join(" ").as_str()),
                "{arguments:?}: {command:?}"
            );
        }
    };
    suggested(&["state", "list"], 1, &["apply"]);
    suggested(&["drift"], 1, &["apply"]);
    let digest = format!("sha256:{}", "0".repeat(64));
    let expect = ["apply", "--auto-approve", "--select", "u-*", "--expect"];
    suggested(
        &[&expect[..], &[&digest]].concat(),
        1,
        &["plan --select u-*"],
    );
    project.write("no.plan", "{}");
    suggested(&["apply", "no.plan"], 1, &["plan --out FILE"]);
    suggested(&["show", "no.plan"], 1, &["plan --out FILE"]);

    run(&["plan", "--select", "u-*", "--out", "my.plan"]).expect(0);
    suggested(
        &["apply", "my.plan", "--refresh"],
        64,
        &["plan --refresh --out FILE"],
    );
    run(&["apply", "--auto-approve"]).expect(0);
    suggested(
        &["apply", "my.plan"],
        1,
        &["plan --select u-* --out my.plan"],
    );
    suggested(&["state", "forget", "u-9"], 1, &["state list"]);
    project.write("ids.txt", "u-00000\n");
    project.edit(&format!("{FOLDER}/users/a.yaml"), "seats: 0", "seats: 7");
    suggested(&["import", "--from", "ids.txt"], 1, &["plan"]);
    project.edit(&format!("{FOLDER}/users/a.yaml"), "seats: 7", "seats: 0");

    let rekey = |key: &str, arguments: &[&str]| {
        let mut command = project.command(&[&here[..], arguments].concat());
        command.env("TALKFORM_STATE_KEY", key);
        let child = command.spawn().expect("talkform runs");
        commands(&crate::command::finish(child).expect(1).stderr)
    };
    let found = rekey("a key of sixteen bytes", &["plan"]);
    assert_eq!(found[0][1..], [&here[..], &["state", "rekey"]].concat());
    // Needs no project.
    assert_eq!(rekey("short", &["plan"])[0][1..], ["state", "keygen"]);

    let text = project.read(&state);
    project.write(&state, &text.replace("u-00001", "u-00009"));
    suggested(&["plan"], 1, &["state repair"]);
    suggested(&["state", "repair"], 0, &["plan"]);
    project.write(&state, "{\"version\":1}");
    suggested(&["plan"], 1, &["apply"]);
}

#[test]
fn a_new_project_is_tried_where_it_was_made() {
    let folder = Project::new("");
    let ran = folder.run(&["init", FOLDER]).expect(0);
    for command in commands(&ran.stdout) {
        assert_eq!(command[1..3], ["-C", FOLDER]);
        let words: Vec<&str> = command[1..].iter().map(String::as_str).collect();
        if words.contains(&"plan") {
            folder.run(&words).expect(0);
        }
    }
    assert_eq!(commands(&ran.stdout).len(), 2);
    let again = folder.run(&["-C", FOLDER, "init"]).expect(1);
    assert_eq!(commands(&again.stderr)[0][1..], ["-C", FOLDER, "plan"]);
    let none = folder.run(&["-C", "no where", "plan"]).expect(1);
    assert_eq!(commands(&none.stderr)[0][1..], ["-C", "no where", "init"]);
}
