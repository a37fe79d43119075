//! Plans that exceed limits: small projects, approvals by name, the check for CI, and the commands that are suggested.

use crate::project::{Channel, Project, many_users};

/// The digest that a plan prints.
fn digest(text: &str) -> &str {
    let mut lines = text.lines();
    lines
        .find_map(|line| line.strip_prefix("Plan digest: "))
        .unwrap_or_else(|| panic!("{text}"))
}

/// The `talkform apply` that a text suggests, as words without `talkform`. A command is a line of its own
/// or stands in backticks.
fn suggested(text: &str) -> Vec<String> {
    let command = text
        .split(['\n', '`'])
        .map(str::trim)
        .find(|part| part.starts_with("talkform ") && part.contains(" --a"))
        .unwrap_or_else(|| panic!("{text}"));
    let output = std::process::Command::new("sh")
        .args([
            "-c",
            &format!("talkform() {{ printf '%s\\0' \"$@\"; }}; {command}"),
        ])
        .output()
        .expect("sh runs");
    let words = String::from_utf8(output.stdout).expect("UTF-8");
    words
        .split_terminator('\0')
        .map(ToOwned::to_owned)
        .collect()
}

#[test]
fn a_small_project_does_not_lose_everyone() {
    let channel = Channel::start();
    let project = channel.project();
    project.edit("talkform.yaml", "clear: 100%, forget: 100%", "minUsers: 0");
    project.write("users/a.yaml", &many_users(5, "pro"));
    project.run(&["apply", "--auto-approve"]).expect(0);
    let before = channel.about_users().len();

    project.write("users/a.yaml", &many_users(3, "pro"));
    let ran = project.run(&["apply", "--auto-approve"]).expect(1);
    assert!(ran.stdout.contains("10% = 1"), "{}", ran.stdout);
    project.write("users/a.yaml", &many_users(4, "pro"));
    project.run(&["apply", "--auto-approve"]).expect(0);

    let text = many_users(4, "pro").replace("plan: pro, ", "");
    project.write("users/a.yaml", &text);
    let ran = project.run(&["apply", "--auto-approve"]).expect(1);
    assert!(ran.stderr.contains("exceeds"), "{}", ran.stderr);
    assert_eq!(channel.about_users().len(), before);
}

/// A project whose plan creates 4 users where 2 are allowed, and forgets 3 where 2 are.
fn over_two_limits(channel: &Channel) -> Project {
    let project = channel.project();
    project.write("users/a.yaml", &many_users(3, "pro"));
    project.run(&["apply", "--auto-approve"]).expect(0);
    project.edit("talkform.yaml", "create: 100000", "create: 2");
    project.edit("talkform.yaml", "forget: 100%", "forget: 2");
    let text = many_users(4, "pro").replace("u-0000", "v-0000");
    project.write("users/a.yaml", &text);
    project
}

#[test]
fn an_approval_may_name_which_limits_and_how_far() {
    let channel = Channel::start();
    let project = over_two_limits(&channel);
    let before = channel.about_users().len();
    let plan = project.run(&["plan"]).expect(0).stdout;
    let digest = digest(&plan);
    let apply =
        |approval: &str| project.run(&["apply", "--auto-approve", "--approve-limits", approval]);
    for (approval, reasons) in [
        ("create=4,", &["forget: 3 users"][..]),
        ("create=3,forget=3,", &["create: 4 users"]),
        (
            "create=3,forget=2,",
            &["create: 4 users", "forget: 3 users"],
        ),
        ("optIn=9,", &["create: 4 users", "forget: 3 users"]),
    ] {
        let ran = apply(&format!("{approval}{digest}")).expect(1);
        let named = ran.stderr.matches(" users, and --approve-limits").count();
        assert_eq!(named, reasons.len(), "{approval}: {}", ran.stderr);
        for reason in reasons {
            assert!(ran.stderr.contains(reason), "{approval}: {}", ran.stderr);
        }
    }
    for wrong in ["create=4", "create,", "minUsers=1,", "creates=4,", ","] {
        apply(&format!("{wrong}{digest}")).expect(64);
    }
    let other = format!("sha256:{}", "0".repeat(64));
    apply(&format!("create=4,forget=3,{other}")).expect(1);
    assert_eq!(channel.about_users().len(), before);

    let ran = apply(&format!("create=4,{digest}")).expect(1);
    let words = suggested(&ran.stderr);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    project.run(&words).expect(0);
    assert_eq!(channel.about_users().len(), before + 4);
}

#[test]
fn a_plan_over_its_limits_fails_the_check_of_ci() {
    let channel = Channel::start();
    let project = over_two_limits(&channel);
    for format in ["text", "markdown", "json"] {
        let plan = ["plan", "--format", format];
        let shown = project.run(&plan).expect(0).stdout;
        let checked = [&plan[..], &["--fail-on-limits", "--detailed-exitcode"]].concat();
        let ran = project.run(&checked).expect(1);
        assert_eq!(ran.stdout, shown, "the plan is printed all the same");
        assert!(ran.stderr.contains("create, forget"), "{}", ran.stderr);
    }
    let out = ["plan", "--fail-on-limits", "--out", "reviewed.plan"];
    project.run(&out).expect(1);
    assert!(project.at("reviewed.plan").exists());
    project.edit("talkform.yaml", "create: 2", "create: 4");
    project.edit("talkform.yaml", "forget: 2", "forget: 3");
    project.run(&["plan", "--fail-on-limits"]).expect(0);
}

/// What is printed as the way on is run as it stands, from the folder of the first command.
#[test]
fn the_suggested_command_runs_where_it_is_pasted() {
    let project = Project::new("");
    let folder = "our users/$HOME";
    project.write(
        &format!("{folder}/talkform.yaml"),
        "environments: { staging: { limits: { create: 2 } } }\n",
    );
    project.write(&format!("{folder}/users/a.yaml"), &many_users(4, "pro"));
    let here = ["-C", folder, "--env", "staging", "--sandbox"];
    let plan = [&here[..], &["plan", "--select", "u-*", "--refresh"]].concat();
    let ran = project.run(&plan).expect(0);
    let words = suggested(&ran.stdout);
    assert_eq!(words[..5], here.map(ToOwned::to_owned));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    for word in ["--select", "u-*", "--refresh", digest(&ran.stdout)] {
        assert!(words.contains(&word), "{word}: {words:?}");
    }
    let markdown = [&plan[..], &["--format", "markdown"]].concat();
    assert_eq!(suggested(&project.run(&markdown).expect(0).stdout), words);

    let out = [&plan[..], &["--out", "the plan.json"]].concat();
    let of_file = suggested(&project.run(&out).expect(0).stdout);
    assert_eq!(of_file[5..7], ["apply", "the plan.json"]);
    let of_file: Vec<&str> = of_file.iter().map(String::as_str).collect();
    let apply = [&of_file[..7], &["--auto-approve"]].concat();
    let ran = project.run(&apply).expect(1);
    let words = suggested(&ran.stderr);
    assert_eq!(words[..7], of_file[..7]);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    project.run(&words).expect(0);
}
