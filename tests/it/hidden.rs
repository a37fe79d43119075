//! Tests what the program hides, by the lists of the project, of an environment and of the base of a review.

use crate::command::git;
use crate::project::Project;
use crate::review::applied::commit;

const USER: &str = "apiVersion: talkform/v1
kind: User
memberId: u-1
profile: { plan: pro, note: a long story, score: 7, planName: Spring, 등급: 골드 }
tags: [beta]
";

fn with(project_file: &str) -> Project {
    let project = Project::new(project_file);
    project.write("users/a.yaml", USER);
    project
}

fn plan(project: &Project, more: &[&str]) -> String {
    let ran = project.run(&[&["plan"], more].concat()).expect(0);
    assert_eq!(ran.stderr, "");
    ran.stdout
}

#[test]
fn a_text_is_hidden_until_the_project_calls_it_public() {
    let project = with("public: []\n");
    let text = plan(&project, &[]);
    for shown in ["(hidden)", "profile.score      7", "[beta]"] {
        assert!(text.contains(shown), "{shown} in {text}");
    }
    for hidden in ["\"pro\"", "story", "Spring", "골드"] {
        assert!(!text.contains(hidden), "{hidden} in {text}");
    }
    let line = text.lines().find(|line| line.starts_with("Hidden because"));
    let (_, setting) = line
        .and_then(|line| line.split_once("public: ["))
        .unwrap_or_else(|| panic!("{text}"));
    // The text to paste does what it says.
    project.write("talkform.yaml", &format!("public: [{setting}\n"));
    let text = plan(&project, &[]);
    for shown in ["\"pro\"", "story", "Spring", "골드"] {
        assert!(text.contains(shown), "{shown} in {text}");
    }
    assert!(!text.contains("Hidden because"), "{text}");

    let project = with("");
    let printed = project.run(&["validate", "--print"]).expect(0).stdout;
    assert!(printed.contains("note: a long story"), "{printed}");
    project.write("talkform.yaml", "");
    let printed = project.run(&["validate", "--print"]).expect(0).stdout;
    assert!(printed.contains("note: (hidden)"), "{printed}");
    assert!(plan(&project, &["--show-sensitive"]).contains("story"));
}

#[test]
fn rules_that_list_every_text_show_them() {
    let project = with("public: []\nrules: rules.json\n");
    project.write(
        "rules.json",
        r#"{ "properties": { "profile": { "properties": { "plan": { "enum": ["free", "pro"] } } } } }"#,
    );
    let text = plan(&project, &[]);
    assert!(
        text.contains("\"pro\"") && !text.contains("story"),
        "{text}"
    );
}

#[test]
fn a_pull_request_uncovers_nothing() {
    let project = with("public: [profile.plan]\nsensitive: [profile.score, tags]\n");
    project.run(&["state", "init"]).expect(0);
    git(project.path(), &["init", "-q"]);
    commit(project.path(), "one");
    project.write("talkform.yaml", "public: [\"profile.*\"]\nsensitive: []\n");
    let text = plan(&project, &[]);
    assert!(text.contains("story") && text.contains("[beta]"), "{text}");
    for format in ["text", "markdown", "json"] {
        let text = plan(&project, &["--base", "HEAD", "--format", format]);
        assert!(text.contains("\"pro\""), "{text}");
        for hidden in ["story", "Spring", "골드", "[beta]", "\"beta\""] {
            assert!(!text.contains(hidden), "{hidden} in {text}");
        }
    }
    let text = plan(&project, &["--base", "HEAD"]);
    assert!(text.contains("profile.score      (sensitive)"), "{text}");

    // What the base's rules closed counts, too; and a base that cannot be read calls nothing public.
    project.write("talkform.yaml", "rules: ./rules.json\n");
    project.write(
        "rules.json",
        r#"{ "properties": { "profile": { "properties": { "plan": { "const": "pro" } } } } }"#,
    );
    commit(project.path(), "two");
    project.write("talkform.yaml", "public: [\"profile.*\"]\n");
    let text = plan(&project, &["--base", "HEAD"]);
    assert!(
        text.contains("\"pro\"") && !text.contains("story"),
        "{text}"
    );
    project.write("talkform.yaml", "public: [\n");
    commit(project.path(), "three");
    project.write("talkform.yaml", "public: [\"profile.*\"]\n");
    let ran = project.run(&["plan", "--base", "HEAD"]).expect(0);
    assert!(!ran.stdout.contains("\"pro\""), "{}", ran.stdout);
    assert!(ran.stderr.contains("no text is shown"), "{}", ran.stderr);
}

#[test]
fn an_environment_adds_to_what_is_sensitive() {
    let project = with(
        "public: [\"profile.*\"]\nsensitive: [profile.score]\nenvironments: { staging: { sensitive: [profile.note] }, open: { sensitive: [] } }\n",
    );
    let text = plan(&project, &["--env", "staging"]);
    assert!(text.contains("profile.note       (sensitive)"), "{text}");
    assert!(text.contains("profile.score      (sensitive)"), "{text}");
    let text = plan(&project, &["--env", "open"]);
    assert!(text.contains("story"), "{text}");
    assert!(text.contains("profile.score      (sensitive)"), "{text}");
}

#[test]
fn a_pattern_that_does_nothing_is_a_warning() {
    let project = with(
        "public:
  - profile.plna
  - profile.email
  - PROFILE.PLAN_NAME
sensitive:
  - 'profile. note'
  - profile.Mobile-Number
  - profile.*Phone
  - profile.landlineNumber
",
    );
    for command in ["validate", "plan"] {
        let told = project.run(&[command]).expect(0).stderr;
        for (line, words) in [
            (2, "no manifest has a key that `profile.plna` covers"),
            (3, "`profile.email` looks personal"),
            (6, "`profile. note` holds white space"),
            (7, "did you mean profile.mobileNumber?"),
            (8, "no manifest has a key that `profile.*Phone` covers"),
        ] {
            assert!(told.contains(words), "{words} in {told}");
            assert!(
                told.contains(&format!("talkform.yaml:{line}:5")),
                "{line} in {told}"
            );
        }
        assert!(told.contains("did you mean profile.plan?"), "{told}");
        assert!(told.contains("5 warnings in 1 file"), "{told}");
    }
    // Nothing was read, because all is as recorded: the recorded fields count.
    project
        .run(&["apply", "--sandbox", "--auto-approve"])
        .expect(0);
    let told = project.run(&["plan", "--sandbox"]).expect(0).stderr;
    assert!(told.contains("5 warnings in 1 file"), "{told}");
}
