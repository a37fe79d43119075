//! Every example is a project that works.

use std::fs;
use std::path::Path;

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
