//! The files of a project stay in its folder, and only regular files are read.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;

use crate::command::{Ran, git};
use crate::project::{Channel, Project, many_users};

/// A value of a file that the project must not show.
const FOREIGN: &str = "value-of-a-foreign-file";

fn project() -> (Channel, Project) {
    let channel = Channel::start();
    let project = channel.project();
    project.write("users/a.yaml", &many_users(1, "free"));
    (channel, project)
}

/// Adds a line to the project file.
fn with(project: &Project, line: &str) -> String {
    let before = project.read("talkform.yaml");
    project.write("talkform.yaml", &format!("{before}{line}\n"));
    before
}

#[track_caller]
fn refused(ran: Ran, with: &str) {
    let ran = ran.expect(1);
    assert!(ran.stderr.contains(with), "{}", ran.all());
    assert!(!ran.all().contains(FOREIGN), "{}", ran.all());
}

#[test]
fn a_setting_names_no_file_outside_of_the_project() {
    let (channel, project) = project();
    for setting in ["state", "rules"] {
        for path in [
            "/etc/passwd",
            "../other.json",
            "a/../../b",
            "~/x",
            "C:/x",
            "\\\\x",
            ".git/config",
        ] {
            let before = with(&project, &format!("{setting}: '{path}'"));
            for command in ["validate", "plan", "apply"] {
                refused(
                    project.run(&[command]),
                    "a path leads out of the project's folder",
                );
            }
            project.write("talkform.yaml", &before);
        }
    }
    with(&project, "manifests: [\".git/*\"]");
    refused(
        project.run(&["plan"]),
        "a pattern leads out of the project's folder",
    );
    assert_eq!(channel.running().log().len(), 0);
}

#[test]
fn a_link_leads_to_no_file_outside_of_the_project() {
    let (channel, project) = project();
    git(project.path(), &["init", "-q"]);
    let outside = tempfile::tempdir().expect("a folder");
    let foreign = outside.path().join("foreign");
    let texts = [
        format!("{FOREIGN}\n"),
        format!("{{\"type\": \"{FOREIGN}\"}}"),
        format!("{FOREIGN}: {FOREIGN}\n"),
        format!("- {FOREIGN}: [\n"),
    ];
    let good = project.read("talkform.yaml");
    for text in &texts {
        for target in [&foreign, &project.at(".git/config")] {
            fs::write(target, text).expect("written");
            for name in [
                "talkform.yaml",
                "state.json",
                "ours.json",
                "users/link.yaml",
            ] {
                let place = project.at(name);
                let _ = fs::remove_file(&place);
                symlink(target, &place).expect("linked");
                if name != "talkform.yaml" {
                    let settings = format!("{good}state: state.json\nrules: ours.json\n");
                    project.write("talkform.yaml", &settings);
                    if name != "ours.json" {
                        project.write("ours.json", "{}");
                    }
                }
                for command in [&["plan"][..], &["apply", "--auto-approve"]] {
                    refused(project.run(command), "out of the project's folder");
                }
                fs::remove_file(&place).expect("removed");
            }
            fs::remove_file(target).expect("removed");
            project.write("talkform.yaml", &good);
        }
    }
    // A folder that is a link, too.
    symlink(outside.path(), project.at("elsewhere")).expect("linked");
    with(&project, "state: elsewhere/new.json");
    refused(
        project.run(&["apply", "--auto-approve"]),
        "out of the project's folder",
    );
    assert_eq!(channel.running().log().len(), 0);
    assert_eq!(fs::read_dir(outside.path()).expect("a folder").count(), 0);
}

#[test]
fn a_link_within_the_project_is_followed() {
    let (_channel, project) = project();
    fs::rename(project.at("talkform.yaml"), project.at("real.yaml")).expect("renamed");
    symlink("real.yaml", project.at("talkform.yaml")).expect("linked");
    fs::create_dir(project.at("states")).expect("made");
    symlink("states", project.at("linked")).expect("linked");
    with(&project, "state: linked/s.json");
    project.run(&["apply", "--auto-approve"]).expect(0);
    assert!(project.at("states/s.json").exists());
}

#[test]
fn a_file_that_is_no_schema_is_not_repeated() {
    let (_channel, project) = project();
    with(&project, "rules: ours.json");
    for text in [
        format!("{{\"type\": \"{FOREIGN}\", \"token\": \"{FOREIGN}\"}}"),
        format!("{{\"required\": \"{FOREIGN}\"}}"),
        format!("{{\"$ref\": \"{FOREIGN}://x\"}}"),
        format!("{{\"pattern\": \"[{FOREIGN}\"}}"),
        format!("KEY={FOREIGN}"),
    ] {
        project.write("ours.json", &text);
        refused(project.run(&["plan"]), "cannot use the rules ours.json");
    }
}

#[test]
fn a_state_elsewhere_is_named_by_a_flag_or_the_environment() {
    let (_channel, project) = project();
    let outside = tempfile::tempdir().expect("a folder");
    let state = outside.path().join("a state.json");
    let state = state.to_str().expect("UTF-8");
    project
        .run(&["--state", state, "apply", "--auto-approve"])
        .expect(0);
    assert!(Path::new(state).exists());
    assert!(!project.at("talkform.state.json").exists());
    let run = |name: &str, arguments: &[&str]| {
        let mut command = project.command(arguments);
        command
            .env("TALKFORM_STATE", name)
            .output()
            .expect("talkform runs")
    };
    let text = |name: &str, arguments: &[&str]| {
        String::from_utf8(run(name, arguments).stdout).expect("UTF-8")
    };
    assert!(text(state, &["plan"]).contains("No changes"));
    // An empty variable is unset, and the sandbox has a state of its own.
    assert!(text("", &["plan"]).contains("1 to create"));
    assert!(text(state, &["plan", "--sandbox"]).contains("1 to create"));
    // Suggested commands name it again.
    project.edit("talkform.yaml", "create: 100000", "create: 0");
    project.write("users/a.yaml", &many_users(2, "free"));
    let plan = text(state, &["plan"]);
    assert!(
        plan.contains(&format!(
            "talkform --state '{state}' apply --approve-limits"
        )),
        "{plan}"
    );
    // A path on the command line is relative to the working directory.
    let mut command = project.command(&["-C"]);
    command
        .arg(project.path())
        .args(["--state", "a state.json", "plan"]);
    let output = command
        .current_dir(outside.path())
        .output()
        .expect("talkform runs");
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 unchanged"));
}

/// Puts something that is no regular file at a path.
type Make<'a> = &'a dyn Fn(&Path);

#[test]
fn only_regular_files_are_read() {
    let (channel, project) = project();
    project.write("ours.json", "{}");
    let good = with(&project, "rules: ours.json");
    let settings = project.read("talkform.yaml");
    let make_fifo = |path: &Path| {
        let made = std::process::Command::new("mkfifo").arg(path).status();
        assert!(made.expect("mkfifo runs").success());
    };
    let make_socket = |path: &Path| drop(UnixListener::bind(path).expect("a socket"));
    let make_device = |path: &Path| symlink("/dev/zero", path).expect("linked");
    let make_folder = |path: &Path| fs::create_dir(path).expect("made");
    let kinds: [(Make<'_>, bool); 4] = [
        (&make_fifo, true),
        (&make_socket, true),
        // Refused as a link that leads out, where it belongs to the project.
        (&make_device, false),
        (&make_folder, true),
    ];
    for (make, is_named) in kinds {
        for (name, command) in [
            ("talkform.yaml", &["plan"][..]),
            ("ours.json", &["plan"]),
            ("talkform.state.json", &["plan"]),
            ("users/a.yaml", &["plan"]),
            ("plan.json", &["apply", "plan.json"]),
            ("plan.json", &["show", "plan.json"]),
            ("ids.txt", &["import", "--from", "ids.txt"]),
        ] {
            let place = project.at(name);
            let kept = fs::read(&place).ok();
            let _ = fs::remove_file(&place);
            make(&place);
            let ran = project.run(command);
            assert!(
                matches!(ran.code, Some(1 | 64)),
                "{name}: {:?} {}",
                ran.code,
                ran.all()
            );
            if is_named {
                let words = [
                    "a named pipe",
                    "a socket",
                    "a folder",
                    "neither a file nor a folder",
                    "matches no file",
                ];
                assert!(
                    words.iter().any(|word| ran.stderr.contains(word)),
                    "{name}: {}",
                    ran.all()
                );
            }
            if place.is_dir() {
                fs::remove_dir(&place).expect("removed");
            } else {
                fs::remove_file(&place).expect("removed");
            }
            if let Some(kept) = kept {
                fs::write(&place, kept).expect("written");
            }
        }
    }
    assert_eq!(project.read("talkform.yaml"), settings);
    assert_ne!(good, settings);
    assert_eq!(channel.running().log().len(), 0);
}
