//! Tests what GitHub Actions receives: outputs, a summary and annotations.

use std::fs;

use crate::command::{command, finish, git};
use crate::project::{TALKFORM, many_users};
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

/// What a kind of CI sets, and what the comment makes of it.
struct Runner {
    variables: &'static [(&'static str, &'static str)],
    /// The address of a line, without its number.
    lines: &'static str,
    run: &'static str,
}

const RUNNERS: [Runner; 2] = [
    Runner {
        variables: &[
            ("GITHUB_SERVER_URL", "https://github.example"),
            ("GITHUB_REPOSITORY", "acme/users"),
            ("GITHUB_SHA", "0123abcd"),
            ("GITHUB_RUN_ID", "55"),
        ],
        lines: "https://github.example/acme/users/blob/0123abcd/crm/users/a.yaml#L",
        run: "<https://github.example/acme/users/actions/runs/55>",
    },
    Runner {
        variables: &[
            ("CI_PROJECT_URL", "https://gitlab.example/acme/users"),
            ("CI_COMMIT_SHA", "0123abcd"),
            ("CI_JOB_URL", "https://gitlab.example/acme/users/-/jobs/55"),
        ],
        lines: "https://gitlab.example/acme/users/-/blob/0123abcd/crm/users/a.yaml#L",
        run: "<https://gitlab.example/acme/users/-/jobs/55>",
    },
];

#[test]
fn places_of_a_comment_are_links_in_ci() {
    let outer = tempfile::tempdir().expect("a folder");
    git(outer.path(), &["init", "-q"]);
    let folder = outer.path().join("crm");
    fs::create_dir_all(folder.join("users")).expect("made");
    fs::write(folder.join("talkform.yaml"), "").expect("written");
    fs::write(folder.join("users/a.yaml"), many_users(200, "free")).expect("written");
    for Runner {
        variables,
        lines,
        run,
    } in RUNNERS
    {
        let plan = |variables: &[(&str, &str)]| {
            let arguments = ["plan", "--format", "markdown", "--max-bytes", "9000"];
            let mut command = command(TALKFORM, &folder);
            command.args(arguments).envs(variables.iter().copied());
            finish(command.spawn().expect("talkform runs"))
                .expect(0)
                .stdout
        };
        let text = plan(variables);
        assert!(
            text.contains(&format!("[`users/a.yaml:4`]({lines}4)")),
            "{text}"
        );
        assert!(text.contains(run), "{text}");
        // A value that would end the link is not used.
        let mut hostile = variables.to_vec();
        hostile[0].1 = "https://evil.example) [x](y";
        let text = plan(&hostile);
        assert!(!text.contains("evil.example"), "{text}");
        assert!(text.contains("`users/a.yaml:4`"), "{text}");
    }
}
