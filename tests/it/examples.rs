//! Checks that every example is a project that works.

use std::fs;
use std::path::Path;

use talkform::model::{ApiVersion, Destination, State};
use talkform::state;

use crate::project::Project;

fn names() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut names: Vec<String> = fs::read_dir(folder)
        .expect("examples")
        .map(|entry| entry.expect("an entry"))
        .filter(|entry| entry.path().join("talkform.yaml").exists())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn every_example_is_valid_plans_and_applies() {
    assert!(names().len() >= 2);
    for name in names() {
        let project = Project::example(&name);
        let ran = project.run(&["validate"]).expect(0);
        assert_eq!(ran.stderr, "", "{name}");
        project
            .run(&["apply", "--sandbox", "--auto-approve"])
            .expect(0);
        let ran = project
            .run(&["plan", "--sandbox", "--detailed-exitcode"])
            .expect(0);
        assert!(
            ran.stdout.contains("\n\nNo changes."),
            "{name}: {}",
            ran.stdout
        );
    }
}

#[test]
fn environments_are_worlds_of_their_own() {
    let project = Project::example("shop");
    let production = project.run(&["validate"]).expect(0).stdout;
    let staging = project
        .run(&["validate", "--env", "staging"])
        .expect(0)
        .stdout;
    assert!(production.contains("9 users"), "{production}");
    assert!(staging.contains("8 users"), "{staging}");
    project
        .run(&["apply", "--env", "staging", "--sandbox", "--auto-approve"])
        .expect(0);
    assert!(project.at(".talkform/staging.state.json").exists());
    assert!(!project.at(".talkform/sandbox.state.json").exists());
}

/// The fuzzer mutates the seeds, so a seed that is refused at once teaches it nothing. The packaged crate does not
/// hold them.
#[test]
fn the_seeds_of_the_fuzz_targets_are_of_this_version() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    if !seeds.exists() {
        eprintln!("SKIPPED: the seeds are not there");
        return;
    }
    let read = |name: &str| fs::read_to_string(seeds.join(name)).expect("a seed");
    let text = read("state/one.json");
    let state = state::parse(text.as_bytes()).expect("a state");
    let users = (state.users.len(), state.unconfirmed_users());
    assert_eq!(users, (1, 1));
    assert_eq!((state.pending.len(), state.rejected.len()), (1, 1));
    assert_eq!(read("state/sealed"), format!("s{text}"));

    let journal = read("journal/sealed");
    let lines = journal.strip_prefix('s').expect("one to be sealed").lines();
    let sealed: Vec<String> = lines
        .map(|line| format!("{line}\t{}\n", state::line_check(line.as_bytes())))
        .collect();
    let destination = Destination::of_api(ApiVersion::V4);
    let mut state = State::new("fuzz".into(), b"salt".to_vec(), None, destination);
    state.serial = 7;
    let replayed = state::replay(sealed.concat().as_bytes(), Some("base"), &mut state);
    let replayed = replayed.expect("a journal of this state");
    assert_eq!((replayed.torn, replayed.mismatch), (0, None));
    assert_eq!(replayed.replayed, 4);
}
