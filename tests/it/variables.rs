//! Variables that stand for flags: an empty one is unset, switches take the usual words, errors name the variable, and
//! no variable agrees to anything.

use std::process::Output;

use crate::project::{Channel, Project, many_users};

fn run(project: &Project, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = project.command(arguments);
    command.envs(variables.iter().copied());
    command.output().expect("talkform runs")
}

fn project() -> (Channel, Project) {
    let channel = Channel::start();
    let project = channel.project();
    project.write("users/a.yaml", &many_users(1, "free"));
    (channel, project)
}

#[test]
fn an_empty_variable_is_unset() {
    let (_channel, project) = project();
    for (name, arguments) in [
        ("TALKFORM_FORMAT", &["plan"][..]),
        ("TALKFORM_OUT", &["plan"]),
        ("TALKFORM_BASE", &["plan"]),
        ("TALKFORM_SELECT", &["plan"]),
        ("TALKFORM_REFRESH", &["plan"]),
        ("TALKFORM_RATE", &["plan"]),
        ("TALKFORM_DIRECTORY", &["plan"]),
        ("TALKFORM_ENV", &["plan"]),
        ("TALKFORM_STATE", &["plan"]),
        ("TALKFORM_SANDBOX", &["plan"]),
        ("TALKFORM_COLOR", &["plan"]),
        ("TALKFORM_MAX_DURATION", &["apply", "--auto-approve"]),
        ("TALKFORM_LOCK_TIMEOUT", &["apply", "--auto-approve"]),
    ] {
        let output = run(&project, arguments, &[(name, "")]);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{name}: {stderr}");
    }
    // A key is no flag: an empty one would be no key at all.
    let output = run(&project, &["plan"], &[("TALKFORM_STATE_KEY", "")]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("TALKFORM_STATE_KEY is set and empty")
    );
}

#[test]
fn a_switch_takes_the_usual_words() {
    let (_channel, project) = project();
    for (word, is_on) in [
        ("1", true),
        ("true", true),
        ("yes", true),
        ("on", true),
        ("ON", true),
        ("0", false),
        ("false", false),
        ("no", false),
        ("off", false),
        ("", false),
    ] {
        let output = run(&project, &["plan"], &[("TALKFORM_DETAILED_EXITCODE", word)]);
        assert_eq!(
            output.status.code(),
            Some(if is_on { 2 } else { 0 }),
            "{word}"
        );
    }
}

#[test]
fn an_error_names_the_variable() {
    let (_channel, project) = project();
    for (name, value) in [
        ("TALKFORM_DETAILED_EXITCODE", "maybe"),
        ("TALKFORM_PARALLELISM", "many"),
        ("TALKFORM_RATE", "-1"),
        ("TALKFORM_COLOR", "blue"),
    ] {
        let output = run(&project, &["plan"], &[(name, value)]);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(64), "{stderr}");
        assert!(
            stderr.contains(&format!("the value comes from the variable {name}")),
            "{stderr}"
        );
    }
    // Not where the flag was written.
    for arguments in [&["plan", "--rate", "-1"][..], &["plan", "--rate=x"]] {
        let output = run(&project, arguments, &[("TALKFORM_RATE", "1")]);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(64), "{stderr}");
        assert!(!stderr.contains("variable"), "{stderr}");
    }
}

/// One variable for every command that prints data; a format that only another command has is passed over.
#[test]
fn one_variable_is_the_format_of_every_command() {
    let (_channel, project) = project();
    let apply: &[&str] = &["apply", "--auto-approve"];
    for (arguments, value, is_json) in [
        (&["plan"][..], "json", true),
        (&["validate"], "json", true),
        (apply, "markdown", false),
        (apply, "json", true),
        (&["drift"], "json", true),
        (&["drift"], "html", false),
        (&["show"], "html", false),
        (&["show"], "json", true),
        (&["state", "list"], "json", true),
        (&["state", "show", "u-00000"], "markdown", false),
        (&["import", "u-00000"], "json", true),
        (&["import", "u-00000"], "html", false),
        (&["validate"], "markdown", false),
    ] {
        let output = run(&project, arguments, &[("TALKFORM_FORMAT", value)]);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {stderr}");
        let document = serde_json::from_slice::<serde_json::Value>(&output.stdout);
        assert_eq!(document.is_ok(), is_json, "{arguments:?} {value}");
    }
    // What no command knows is a mistake everywhere, and so is a flag that does not fit.
    let output = run(&project, &["apply"], &[("TALKFORM_FORMAT", "xml")]);
    assert_eq!(output.status.code(), Some(64));
    let output = run(&project, &["apply", "--format", "markdown"], &[]);
    assert_eq!(output.status.code(), Some(64));
}

#[test]
fn no_variable_agrees_to_anything() {
    let (channel, project) = project();
    let output = run(&project, &["apply"], &[("TALKFORM_AUTO_APPROVE", "true")]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(channel.about_users().len(), 0);
    project.edit("talkform.yaml", "create: 100000", "create: 0");
    let plan = project.run(&["plan"]).expect(0).stdout;
    let digest = plan
        .split("Plan digest: ")
        .nth(1)
        .and_then(|rest| rest.lines().next());
    let digest = digest.unwrap_or_else(|| panic!("{plan}"));
    let variables = [
        ("TALKFORM_APPROVE_LIMITS", digest),
        ("TALKFORM_ALLOW_DELETES", "100"),
        ("TALKFORM_EXPECT", digest),
    ];
    let output = run(&project, &["apply", "--auto-approve"], &variables);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(channel.about_users().len(), 0);
    project.write("talkform.yaml", "");
    let manifest =
        "apiVersion: talkform/v1\nkind: User\nmemberId: a\nprofile: { name: Hidden Name }\n";
    project.write("users/a.yaml", manifest);
    let output = run(&project, &["plan"], &[("TALKFORM_SHOW_SENSITIVE", "true")]);
    assert!(!String::from_utf8_lossy(&output.stdout).contains("Hidden Name"));
}
