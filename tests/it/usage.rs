//! What people type: words of other programs, the prompt, a forgotten --sandbox, the same command twice.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::command::finish;
use crate::project::{Project, TALKFORM};

const USER: &str = "apiVersion: talkform/v1\nkind: User\nmemberId: u-1\n";

#[test]
fn words_of_other_programs_are_understood_or_answered() {
    let project = Project::new("");
    project.write("users/a.yaml", USER);
    project.run(&["diff"]).expect(0);
    project
        .run(&["apply", "--sandbox", "-auto-approve"])
        .expect(0);
    let version = project.run(&["version"]).expect(0);
    assert_eq!(version.stdout, project.run(&["--version"]).expect(0).stdout);
    for (words, answer) in [
        (&["destroy"][..], "removed: { users: delete }"),
        (
            &["apply", "--dry-run"],
            "`plan` shows what apply would change",
        ),
        (&["apply", "-f", "users"], "the patterns of `manifests`"),
    ] {
        let ran = project.run(words).expect(64);
        assert!(ran.stderr.contains(answer), "{}", ran.stderr);
    }
    let short = project.run(&["plan", "-h"]).expect(0).stdout;
    assert!(
        short.lines().count() <= 24 && !short.contains("[env"),
        "{short}"
    );
    assert!(
        project
            .run(&["plan", "--help"])
            .expect(0)
            .stdout
            .contains("[env: TALKFORM_SELECT=")
    );
}

#[test]
fn a_forgotten_sandbox_is_noticed() {
    let project = Project::new("");
    project.write("users/a.yaml", USER);
    assert_eq!(project.run(&["plan"]).expect(0).stderr, "");
    project
        .run(&["apply", "--sandbox", "--auto-approve"])
        .expect(0);
    let plan = project.run(&["plan"]).expect(0);
    assert!(
        plan.stderr.contains("--sandbox plans against it"),
        "{}",
        plan.stderr
    );
    assert_eq!(project.run(&["plan", "--sandbox"]).expect(0).stderr, "");
    let mut command = project.command(&["apply", "--auto-approve"]);
    command
        .env_remove("TALKFORM_ACCESS_KEY")
        .env_remove("TALKFORM_ACCESS_SECRET");
    let apply = finish(command.spawn().expect("talkform runs")).expect(1);
    assert!(
        apply.stderr.contains("applied to its sandbox before"),
        "{}",
        apply.stderr
    );
}

#[test]
fn the_same_import_again_is_a_success() {
    let project = Project::new("");
    project.write("a.csv", "id,plan\nu-1,pro\n");
    let table = [
        "import",
        "--csv",
        "a.csv",
        "--values-from-csv",
        "--column",
        "plan=profile.plan",
    ];
    project.run(&table).expect(0);
    let before = project.read("users/imported.yaml");
    let again = project.run(&table).expect(0);
    assert_eq!(
        again.stdout,
        "Nothing to import: 1 user is declared already.\n"
    );
    assert_eq!(project.read("users/imported.yaml"), before);
    project.write("empty.csv", "id,plan\n");
    project
        .run(&[
            "import",
            "--csv",
            "empty.csv",
            "--values-from-csv",
            "--column",
            "plan=profile.plan",
        ])
        .expect(1);
}

#[test]
fn manual_pages_and_completions_are_written_into_a_folder() {
    let project = Project::new("");
    let ran = project.run(&["man", "pages"]).expect(0);
    let names = |folder: &str| {
        let entries = fs::read_dir(project.at(folder)).expect("a folder");
        let mut names: Vec<String> = entries
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .into_string()
                    .expect("UTF-8")
            })
            .collect();
        names.sort();
        names.join(" ")
    };
    let pages = names("pages/man1");
    for page in ["talkform.1", "talkform-plan.1", "talkform-state-list.1"] {
        assert!(pages.split(' ').any(|name| name == page), "{pages}");
    }
    // Every program has them.
    let is_usual = |name: &str| {
        ["-version.1", "-help.1", "-help-"]
            .iter()
            .any(|end| name.contains(end))
    };
    assert!(!pages.split(' ').any(is_usual), "{pages}");
    assert!(
        project
            .read("pages/man1/talkform-plan.1")
            .contains("talkform plan")
    );
    assert_eq!(
        names("pages/completions"),
        "_talkform _talkform.ps1 talkform.bash talkform.elv talkform.fish"
    );
    assert!(ran.stdout.contains("manual pages"), "{}", ran.stdout);
}

/// On a terminal that `script` makes; without it the test says that it was skipped.
#[cfg(unix)]
#[test]
fn an_interrupt_at_the_prompt_says_that_nothing_was_sent() {
    if Command::new("script").arg("--version").output().is_err() {
        eprintln!("SKIPPED: script is not installed (apt-get install bsdutils)");
        return;
    }
    let project = Project::new("");
    project.write("users/a.yaml", USER);
    for (typed, told) in [
        ("\u{3}", "interrupted; nothing was sent"),
        ("no\n", "not approved; nothing was sent"),
        ("\u{4}", "not approved; nothing was sent"),
    ] {
        let mut child = project
            .through("script")
            .env("NO_COLOR", "1")
            .args([
                "-qec",
                &format!("exec {TALKFORM} apply --sandbox"),
                "/dev/null",
            ])
            .stdin(Stdio::piped())
            .spawn()
            .expect("script runs");
        let mut keyboard = child.stdin.take().expect("a keyboard");
        let mut screen = child.stdout.take().expect("a screen");
        let mut shown = Vec::new();
        // The interrupt is typed when the question is there.
        while !String::from_utf8_lossy(&shown).contains("Answer: ") {
            let mut byte = [0];
            let read = std::io::Read::read(&mut screen, &mut byte).expect("read");
            assert!(read > 0, "{}", String::from_utf8_lossy(&shown));
            shown.extend(byte);
        }
        keyboard.write_all(typed.as_bytes()).expect("typed");
        std::io::Read::read_to_end(&mut screen, &mut shown).expect("read");
        let code = child.wait().expect("script ends").code();
        drop(keyboard);
        let shown = String::from_utf8_lossy(&shown).into_owned();
        assert!(shown.contains(told), "{typed:?} {shown}");
        assert_eq!(code, Some(1), "{typed:?} {shown}");
        assert!(!project.at(".talkform/sandbox.state.json").exists());
    }
}
