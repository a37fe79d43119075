//! Tests what GitHub Actions receives: outputs, a summary and annotations.

use crate::command::finish;
use crate::review::applied::applied;

#[test]
fn github_receives_outputs_a_summary_and_annotations() {
    let (_channel, project) = applied(3);
    project.edit(
        "users/a.yaml",
        "plan: free, seats: 1 ",
        "plan: pro, seats: 1 ",
    );
    let (output, summary) = (project.at("output.txt"), project.at("summary.md"));
    let run = |arguments: &[&str]| {
        let mut command = project.command(arguments);
        command
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_OUTPUT", &output)
            .env("GITHUB_STEP_SUMMARY", &summary);
        finish(command.spawn().expect("talkform runs"))
    };
    let planned = run(&["plan"]).expect(0);
    let numbers = project.read("output.txt");
    for line in [
        "changes=true",
        "create=0",
        "update=1",
        "unchanged=2",
        "requests=1",
        "limits-exceeded=false",
    ] {
        assert!(
            numbers.lines().any(|found| found == line),
            "{line}: {numbers}"
        );
    }
    let digest = numbers
        .lines()
        .find_map(|line| line.strip_prefix("digest="))
        .expect("a digest");
    assert!(planned.stdout.contains(digest));
    assert!(project.read("summary.md").contains("### talkform plan"));
    run(&["apply", "--auto-approve"]).expect(0);
    assert!(project.read("output.txt").ends_with(
        "failed=0\ndifferent=0\nrecreated=0\npending=0\nunconfirmed=0\nstopped=false\n"
    ));
    assert!(
        project
            .read("summary.md")
            .contains("### talkform apply\n\n```text\n")
    );
    project.edit(
        "users/a.yaml",
        "plan: pro, seats: 1 ",
        "plan: [1, x], seats: 1 ",
    );
    let wrong = run(&["plan"]).expect(1);
    assert!(
        wrong
            .stderr
            .lines()
            .any(|line| line.starts_with("::error file=users/a.yaml,line=5,col=")),
        "{}",
        wrong.stderr
    );
    assert!(!wrong.stdout.contains("::error"));
}
