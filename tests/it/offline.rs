//! Planning opens no socket, and asks for no credentials.

use std::process::Command;

use crate::project::Project;

#[test]
fn validate_and_plan_open_no_socket() {
    let has_strace = Command::new("strace").arg("-V").output().is_ok();
    if !has_strace {
        eprintln!("SKIPPED: strace is not installed (apt-get install strace)");
        return;
    }
    let project = Project::example("shop");
    let trace = project.at("trace");
    for arguments in [&["validate"][..], &["plan"], &["plan", "--sandbox"]] {
        let mut traced = Command::new("strace");
        traced
            .args([
                "-f",
                "-qq",
                "-e",
                "trace=network",
                "-e",
                "signal=none",
                "-o",
            ])
            .arg(&trace)
            .arg(env!("CARGO_BIN_EXE_talkform"))
            .args(arguments)
            .current_dir(project.path())
            .env_remove("TALKFORM_ACCESS_KEY")
            .env_remove("TALKFORM_ACCESS_SECRET");
        let output = traced.output().expect("strace runs");
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert!(!output.stdout.is_empty());
        let calls: Vec<String> = std::fs::read_to_string(&trace)
            .expect("a trace")
            .lines()
            .filter(|line| !line.contains("+++ exited"))
            .map(ToOwned::to_owned)
            .collect();
        assert!(calls.is_empty(), "{arguments:?}: {calls:#?}");
    }
}
