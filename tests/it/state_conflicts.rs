//! Tests a state that another program changes during an apply, and folders and pipes in its place.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::command::{Ran, finish};
use crate::project::{Channel, Project, many_users};

const STATE: &str = "talkform.state.json";

/// Applies an edit of every user while `change` is done to the state. Returns the state of before and the run.
fn changed_meanwhile(change: impl FnOnce(&Path, &str)) -> (Channel, Project, String, Ran) {
    let channel = Channel::start();
    let project = channel.project();
    project.write("users/a.yaml", &many_users(60, "free"));
    project.run(&["apply", "--auto-approve"]).expect(0);
    let before = project.read(STATE);
    channel
        .running()
        .set_faults(vec!["slow=30ms".parse().expect("a fault")]);
    project.write("users/a.yaml", &many_users(60, "pro"));
    let requests = channel.about_users().len();
    let child = project.start(&["apply", "--auto-approve"]);
    while channel.about_users().len() < requests + 10 {
        thread::sleep(Duration::from_millis(5));
    }
    change(&project.at(STATE), &before);
    (channel, project, before, finish(child))
}

/// The conflict copy is what the run recorded: put in the place of the state, nothing is left to do.
#[track_caller]
fn check(project: &Project, theirs: &[u8], ran: Ran) {
    let ran = ran.expect(4);
    assert!(ran.stdout.contains("60 updated"), "{}", ran.all());
    assert_eq!(fs::read(project.at(STATE)).expect("there"), theirs);
    let entries = fs::read_dir(project.path()).expect("a folder");
    let names: Vec<String> = entries
        .map(|entry| entry.expect("an entry").file_name().display().to_string())
        .filter(|name| name.contains(".conflict-"))
        .collect();
    assert_eq!(names.len(), 1, "{names:?}");
    for text in [
        format!("{STATE} was changed"),
        names[0].clone(),
        format!("{STATE}`"),
    ] {
        assert!(ran.stderr.contains(&text), "{text}: {}", ran.stderr);
    }
    fs::rename(project.at(&names[0]), project.at(STATE)).expect("renamed");
    project.run(&["plan", "--detailed-exitcode"]).expect(0);
}

#[test]
fn a_state_overwritten_in_place_is_left_alone() {
    // An editor that saves the same bytes, cp, and rsync --inplace all write into the file that is there.
    let (_channel, project, before, ran) =
        changed_meanwhile(|path, before| fs::write(path, before).expect("written"));
    check(&project, before.as_bytes(), ran);
    let (_channel, project, _, ran) =
        changed_meanwhile(|path, _| fs::write(path, "theirs").expect("written"));
    check(&project, b"theirs", ran);
}

#[test]
fn a_state_replaced_is_left_alone() {
    // As git does on a pull.
    let (_channel, project, before, ran) = changed_meanwhile(|path, before| {
        let fresh = path.with_extension("fresh");
        fs::write(&fresh, before).expect("written");
        fs::rename(fresh, path).expect("renamed");
    });
    check(&project, before.as_bytes(), ran);
}

#[cfg(unix)]
#[test]
fn a_pipe_or_a_link_to_nothing_is_refused_at_once() {
    for (ending, word) in [("", "a named pipe"), (".journal", "a link whose target")] {
        let channel = Channel::start();
        let project = channel.project();
        project.write("users/a.yaml", &many_users(2, "free"));
        let path = project.at(&format!("{STATE}{ending}"));
        if ending.is_empty() {
            let made = std::process::Command::new("mkfifo").arg(&path).status();
            assert!(made.expect("mkfifo runs").success());
        } else {
            std::os::unix::fs::symlink("nowhere", &path).expect("a link");
        }
        let since = Instant::now();
        for arguments in [
            &["plan"][..],
            &["apply", "--auto-approve"],
            &["state", "list"],
        ] {
            let ran = project.run(arguments).expect(1);
            assert!(ran.stderr.contains(word), "{}", ran.stderr);
        }
        assert!(since.elapsed() < Duration::from_secs(20));
        assert!(channel.about_users().is_empty());
        assert!(!project.at("nowhere").exists());
    }
}

/// With a umask that takes rights away from the owner, or gives them to everybody.
#[cfg(unix)]
#[test]
fn the_files_of_a_run_are_private_whatever_the_umask() {
    use std::os::unix::fs::PermissionsExt;
    for umask in ["000", "022", "277"] {
        let project = Project::new("");
        project.write("users/a.yaml", &many_users(2, "free"));
        let mut command = project.through("sh");
        let script = format!("umask {umask}; exec \"$0\" apply --sandbox --auto-approve");
        let child = command
            .args(["-c", &script, crate::project::TALKFORM])
            .spawn();
        finish(child.expect("sh runs")).expect(0);
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        let folder = project.at(".talkform");
        assert_eq!(mode(&folder), 0o700, "umask {umask}");
        let entries: Vec<_> = fs::read_dir(&folder).expect("a folder").collect();
        assert_eq!(entries.len(), 2, "{entries:?}");
        for entry in entries {
            let path = entry.expect("an entry").path();
            assert_eq!(mode(&path), 0o600, "umask {umask}: {}", path.display());
        }
    }
}

/// The first command may be one that only reads, and the files of an older version may be open to everybody.
#[cfg(unix)]
#[test]
fn every_command_makes_the_private_folder_private() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    let users = ".talkform/sandbox.users.jsonl";
    for (is_there, arguments) in [
        (false, &["import", "u-1", "--sandbox"][..]),
        (true, &["import", "u-1", "--sandbox"]),
        (true, &["plan", "--refresh", "--sandbox"]),
    ] {
        let project = Project::new("state: .talkform/deep/er/s.json\n");
        project.write("users/a.yaml", &many_users(1, "free"));
        if is_there {
            project.write(users, "");
            let open = |path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode));
            open(project.at(".talkform"), 0o777).expect("set");
            open(project.at(users), 0o666).expect("set");
        }
        let ran = project.run(arguments);
        assert_eq!(mode(&project.at(".talkform")), 0o700, "{}", ran.all());
        assert_eq!(mode(&project.at(users)), 0o600, "{arguments:?}");
    }
}

#[test]
fn an_environment_does_not_leave_its_folder() {
    let project = Project::new(
        "environments: { staging: {}, eu.1: {}, console: {}, nul: {}, ../outside: {}, a.: {} }\n",
    );
    project.write("users/a.yaml", &many_users(1, "free"));
    let bad = [
        "../outside",
        "a/b",
        "a\\b",
        "/",
        ".",
        "..",
        ".hidden",
        "a.",
        "a b",
        "",
        "nul",
        "NUL",
        "Com1",
        "lpt9.eu",
        "aux.x",
        "c:",
        "한",
        "a\nb",
    ];
    for name in bad {
        let ran = project.run(&["--env", name, "apply", "--sandbox", "--auto-approve"]);
        assert!(ran.code == Some(64), "{name}: {}", ran.all());
        // An empty variable counts as unset.
        if name.is_empty() {
            continue;
        }
        let mut command = project.command(&["plan", "--sandbox"]);
        let child = command.env("TALKFORM_ENV", name).spawn();
        finish(child.expect("talkform runs")).expect(64);
    }
    assert!(!project.at(".talkform").exists());
    for name in ["staging", "eu.1", "console"] {
        project.run(&["--env", name, "plan", "--sandbox"]).expect(0);
    }
}

#[test]
fn a_damaged_state_is_repaired() {
    let channel = Channel::start();
    let project = channel.project();
    project.write("users/a.yaml", &many_users(5, "free"));
    project.run(&["apply", "--auto-approve"]).expect(0);
    let whole = project.run(&["state", "repair"]).expect(0);
    assert!(
        whole.stdout.contains("nothing to repair"),
        "{}",
        whole.stdout
    );
    let text = project.read(STATE);
    let damaged = text.replacen("\"u-00002\":[\"", "\"u-00002\":[\"!", 1);
    project.write(STATE, &damaged);
    let refused = project.run(&["plan"]).expect(1);
    assert!(
        refused.stderr.contains("talkform state repair"),
        "{}",
        refused.stderr
    );
    let repaired = project.run(&["state", "repair"]).expect(0);
    assert!(
        repaired.stdout.contains("4 users kept, 1 user lost"),
        "{}",
        repaired.stdout
    );
    assert!(
        repaired.stdout.contains("  u-00002\n"),
        "{}",
        repaired.stdout
    );
    project.run(&["state", "list"]).expect(0);

    let header = text.replacen("\"lineage\":\"", "\"lineage\":\"0", 1);
    project.write(STATE, &header);
    let refused = project.run(&["state", "repair"]).expect(1);
    assert!(
        refused.stderr.contains("nothing of it can be repaired"),
        "{}",
        refused.stderr
    );
    assert_eq!(project.read(STATE), header);
}
