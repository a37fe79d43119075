//! `plan --base` shows changed settings before any change of a user.

use std::fs;

use serde_json::{Value, json};

use crate::command::git;
use crate::project::{Channel, Project, many_users};
use crate::review::applied::{applied, commit};

/// A project of three applied users that is committed with its state.
fn committed() -> (Channel, Project) {
    let (channel, project) = applied(3);
    git(project.path(), &["init", "-q"]);
    commit(project.path(), "applied");
    (channel, project)
}

fn settings(project: &Project) -> Value {
    let ran = project.run(&["plan", "--base", "HEAD", "--format", "json"]);
    let plan: Value = serde_json::from_str(&ran.expect(0).stdout).expect("json");
    plan["settings"].clone()
}

#[test]
fn a_project_as_committed_has_no_changed_settings() {
    let (_channel, project) = committed();
    project.write("users/a.yaml", &many_users(3, "pro"));
    let expected = json!({
        "revision": "HEAD", "projectFile": "read", "stateDiffers": false, "rulesDiffer": false,
        "changes": [],
    });
    assert_eq!(settings(&project), expected);
    let text = project.run(&["plan", "--base", "HEAD"]).expect(0).stdout;
    assert!(!text.contains("Settings changed"), "{text}");
    let plain = project.run(&["plan", "--format", "json"]).expect(0).stdout;
    assert!(!plain.contains("\"settings\""), "{plain}");
}

#[test]
fn changed_settings_come_before_the_changes_in_every_format() {
    let (_channel, project) = committed();
    project.write("users/a.yaml", &many_users(3, "pro"));
    let text = project.read("talkform.yaml");
    let text = text
        .replace("public: [\"profile.*\"]", "public: [\"profile.plan\"]")
        .replace("create: 100000", "create: 7")
        + "removed: { users: delete }\nsensitive: [\"profile.a|b\"]\nrules: ours.json\nstate: other.json\n";
    project.write("talkform.yaml", &text);
    project.write("ours.json", "{}");
    let state = project.read("talkform.state.json");
    project.write("other.json", &state);

    let text = project.run(&["plan", "--base", "HEAD"]).expect(0).stdout;
    let (before, after) = text.split_once("~ u-00000").expect("a change");
    let lines: Vec<&str> = before.lines().map(str::trim).collect();
    let title = lines
        .iter()
        .position(|line| *line == "Settings changed since HEAD: review them first.");
    let title = title.unwrap_or_else(|| panic!("{text}"));
    assert_eq!(
        lines[title + 1..title + 8],
        [
            "state: talkform.state.json -> other.json",
            "removed.users: forget -> delete",
            "limits.create: 100000 -> 7",
            "rules: + ours.json",
            "public: - profile.*",
            "public: + profile.plan",
            "sensitive: + profile.a|b",
        ],
        "{text}"
    );
    assert!(!after.contains("Settings"), "{after}");

    let outputs = project.at("outputs");
    let summary = project.at("summary");
    let mut command = project.command(&["plan", "--base", "HEAD", "--format", "markdown"]);
    command
        .env("GITHUB_OUTPUT", &outputs)
        .env("GITHUB_STEP_SUMMARY", &summary);
    let output = command.output().expect("talkform runs");
    let markdown = String::from_utf8(output.stdout).expect("UTF-8");
    let warning = "> [!WARNING]\n> **Settings changed since `HEAD`: review them first.**\n>\n> - state: `talkform.state.json` -> `other.json`\n";
    for text in [&markdown, &fs::read_to_string(summary).expect("a summary")] {
        let at = text.find(warning).unwrap_or_else(|| panic!("{text}"));
        assert!(at < text.find("u-00000").expect("a change"), "{text}");
        assert!(
            text.contains("> - sensitive: + <code>profile.a&#124;b</code>\n"),
            "{text}"
        );
    }
    let outputs = fs::read_to_string(outputs).expect("outputs");
    assert!(outputs.contains("\nsettings-changed=true\n"), "{outputs}");

    let page = ["plan", "--base", "HEAD", "--format", "html"];
    let page = project.run(&page).expect(0).stdout;
    assert!(page.contains("state: talkform.state.json -"), "{page}");

    let shown = settings(&project);
    let first = json!({ "setting": "state", "before": "talkform.state.json", "now": "other.json" });
    assert_eq!(shown["changes"][0], first);
    assert_eq!(shown["changes"].as_array().map(Vec::len), Some(7));

    // Even a comment that holds the totals alone says so.
    let short = [
        "plan",
        "--base",
        "HEAD",
        "--format",
        "markdown",
        "--max-bytes",
        "600",
    ];
    let short = project.run(&short).expect(0).stdout;
    assert!(short.len() <= 600);
    assert!(short.contains("Settings changed since `HEAD`"), "{short}");
}

#[test]
fn another_destination_and_limit_show_where_no_user_changes() {
    let (_channel, project) = committed();
    project.edit("talkform.yaml", "update: 100%", "update: 90%");
    let text = project.run(&["plan", "--base", "HEAD"]).expect(0).stdout;
    let settings = text.find("limits.update: 100% -> 90%");
    let nothing = text.find("No changes");
    assert!(settings.is_some() && settings < nothing, "{text}");
    // A first plan, for another channel.
    fs::remove_file(project.at("talkform.state.json")).expect("removed");
    project.edit("talkform.yaml", "id: sandbox", "id: \"777\"");
    let text = project.run(&["plan", "--base", "HEAD"]).expect(0).stdout;
    assert!(text.contains("channel.id: sandbox -> 777"), "{text}");
    assert!(
        text.contains("state: the file is not the one of HEAD"),
        "{text}"
    );
}

#[test]
fn an_edited_state_and_edited_rules_show_although_no_setting_names_them_anew() {
    let (_channel, project) = committed();
    let text = project.read("talkform.yaml");
    project.write("talkform.yaml", &format!("{text}rules: ./ours.json\n"));
    project.write("ours.json", "{\"type\": \"object\"}");
    commit(project.path(), "rules");
    // Only the layout differs.
    project.write("ours.json", "{ \"type\":\"object\" }");
    assert_eq!(settings(&project)["rulesDiffer"], false);
    project.write("ours.json", "{}");
    assert_eq!(settings(&project)["rulesDiffer"], true);
    assert_eq!(settings(&project)["stateDiffers"], false);
    project.write("users/a.yaml", &many_users(3, "pro"));
    project.run(&["apply", "--auto-approve"]).expect(0);
    assert_eq!(settings(&project)["stateDiffers"], true);
    let text = project.run(&["plan", "--base", "HEAD"]).expect(0).stdout;
    let lines: Vec<&str> = text.lines().skip(2).take(3).collect();
    assert_eq!(
        lines,
        [
            "Settings changed since HEAD: review them first.",
            "  state: the file is not the one of HEAD, so this plan goes on from another state",
            "  rules: the file is not the one of HEAD",
        ]
    );
}

/// A base without users is the beginning of what was applied since, of its own lineage alone.
#[test]
fn a_state_that_goes_on_from_the_empty_one_of_the_base_is_no_other_state() {
    let channel = Channel::start();
    let project = channel.project();
    project.write("users/a.yaml", &many_users(3, "free"));
    project.run(&["state", "init"]).expect(0);
    git(project.path(), &["init", "-q"]);
    commit(project.path(), "an empty state");
    let plan = ["plan", "--base", "HEAD"];
    let ran = project.run(&plan).expect(0);
    assert!(!ran.stdout.contains("Settings changed"), "{}", ran.all());
    project.run(&["apply", "--auto-approve"]).expect(0);
    let ran = project.run(&plan).expect(0);
    assert!(!ran.stdout.contains("Settings changed"), "{}", ran.all());
    project.write("users/a.yaml", &many_users(3, "pro"));
    assert_eq!(settings(&project)["stateDiffers"], false);
    // A state that was begun anew.
    fs::remove_file(project.at("talkform.state.json")).expect("removed");
    project.run(&["state", "init"]).expect(0);
    assert_eq!(settings(&project)["stateDiffers"], true);
}

#[test]
fn a_project_that_is_new_in_the_branch_has_new_settings_and_no_old_values() {
    let (_channel, project) = applied(3);
    let outer = tempfile::tempdir().expect("a folder");
    git(outer.path(), &["init", "-q"]);
    fs::write(outer.path().join("README"), "x").expect("written");
    commit(outer.path(), "empty");
    let inner = outer.path().join("team");
    fs::create_dir_all(inner.join("users")).expect("made");
    for name in ["talkform.yaml", "talkform.state.json", "users/a.yaml"] {
        fs::copy(project.at(name), inner.join(name)).expect("copied");
    }
    let mut command = project.command(&["plan", "--base", "HEAD"]);
    let output = command.current_dir(&inner).output().expect("talkform runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(
        text.contains("HEAD has no project file, so every setting is new: review them first.\n"),
        "{text}"
    );
    assert!(text.contains("  channel.id: + sandbox\n"), "{text}");
}

#[test]
fn the_base_is_read_with_its_own_patterns() {
    let (_channel, project) = committed();
    fs::rename(project.at("users"), project.at("people")).expect("renamed");
    project.write("people/a.yaml", &many_users(3, "pro"));
    let text = project.read("talkform.yaml");
    project.write(
        "talkform.yaml",
        &format!("{text}manifests: [\"people/*.yaml\"]\n"),
    );
    let text = project.run(&["plan", "--base", "HEAD"]).expect(0).stdout;
    assert!(text.contains("\"free\" -> \"pro\""), "{text}");
    assert!(text.contains("  manifests: + people/*.yaml\n"), "{text}");
}

#[test]
fn a_base_project_file_that_cannot_be_used_makes_every_setting_new() {
    let (_channel, project) = committed();
    let good = project.read("talkform.yaml");
    project.write("talkform.yaml", "channel: [");
    commit(project.path(), "broken");
    project.write("talkform.yaml", &good);
    let ran = project.run(&["plan", "--base", "HEAD"]).expect(0);
    assert!(
        ran.stdout
            .contains("The project file of HEAD cannot be used, so every setting may be new"),
        "{}",
        ran.stdout
    );
}

/// The changed settings of a plan, as `setting: before -> now`.
fn changes(project: &Project, arguments: &[&str]) -> Vec<String> {
    let plan = [&["plan", "--base", "HEAD", "--format", "json"], arguments].concat();
    let plan: Value = serde_json::from_str(&project.run(&plan).expect(0).stdout).expect("json");
    let changes = plan["settings"]["changes"].as_array().expect("a list");
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    changes
        .iter()
        .map(|change| {
            let [setting, before, now] = ["setting", "before", "now"].map(|key| text(&change[key]));
            format!("{setting}: {before} -> {now}")
        })
        .collect()
}

#[test]
fn settings_of_other_environments_are_compared_too() {
    let (_channel, project) = committed();
    let text = project.read("talkform.yaml");
    let staging = "  staging: { channel: { id: \"777\" }, state: s.json, limits: { forget: 1 } }\n";
    project.write(
        "talkform.yaml",
        &format!("{text}environments:\n{staging}  old: {{ state: o.json }}\n  prod: {{ state: p.json }}\n"),
    );
    commit(project.path(), "environments");
    assert_eq!(changes(&project, &[]), [""; 0]);
    let text = text.replace("create: 100000", "create: 7");
    let prod = "  prod: { state: p.json, removed: { users: delete } }\n";
    project.write(
        "talkform.yaml",
        &format!(
            "{text}environments:\n{}{prod}",
            staging.replace("forget: 1", "forget: 9")
        ),
    );
    // What every environment has in common is there once.
    assert_eq!(
        changes(&project, &[]),
        [
            "limits.create: 100000 -> 7",
            "environments: old -> -",
            "environments.staging.limits.forget: 1 -> 9",
            "environments.prod.removed.users: forget -> delete",
        ]
    );
    assert_eq!(
        changes(&project, &["--env", "prod"]),
        [
            "removed.users: forget -> delete",
            "limits.create: 100000 -> 7",
            "environments: old -> -",
            "environments.staging.limits.forget: 1 -> 9",
        ]
    );
    let plan = ["plan", "--base", "HEAD", "--env", "staging"];
    let text = project.run(&plan).expect(0).stdout;
    assert!(
        text.contains("  environments.prod.removed.users: forget -> delete\n"),
        "{text}"
    );
    // A setting that the environment of the plan overrides.
    let text = project
        .read("talkform.yaml")
        .replace("forget: 100%", "forget: 50%");
    project.write("talkform.yaml", &text);
    let changes = changes(&project, &["--env", "staging"]);
    let without = "limits.forget (without --env): 100% -> 50%".to_owned();
    assert!(changes.contains(&without), "{changes:?}");
}

#[test]
fn another_state_shows_however_its_path_is_written() {
    let (_channel, project) = committed();
    let text = project.read("talkform.yaml");
    let state = project.read("talkform.state.json");
    fs::create_dir(project.at("states")).expect("a folder");
    for (name, other) in [
        ("./talkform.state.json", "talkform.state.json"),
        ("states//./a.json", "./states/a.json"),
    ] {
        project.write("talkform.yaml", &format!("{text}state: {name}\n"));
        project.write(name, &state);
        commit(project.path(), name);
        project.write("users/a.yaml", &many_users(3, "pro"));
        project.run(&["apply", "--auto-approve"]).expect(0);
        project.write("users/a.yaml", &many_users(3, "free"));
        assert_eq!(settings(&project)["stateDiffers"], true, "{name}");
        project.write(name, &state);
        project.write("talkform.yaml", &format!("{text}state: {other}\n"));
        assert_eq!(changes(&project, &[]), [""; 0], "{name}");
    }
}

#[cfg(unix)]
#[test]
fn a_base_project_file_that_is_a_link_uncovers_nothing() {
    let (_channel, project) = committed();
    let text = project.read("talkform.yaml");
    project.write("conf.yaml", &format!("{text}sensitive: [profile.plan]\n"));
    fs::remove_file(project.at("talkform.yaml")).expect("removed");
    std::os::unix::fs::symlink("conf.yaml", project.at("talkform.yaml")).expect("a link");
    commit(project.path(), "a link");
    fs::remove_file(project.at("talkform.yaml")).expect("removed");
    project.write("talkform.yaml", &text);
    project.write("users/a.yaml", &many_users(3, "uncovered"));
    let ran = project.run(&["plan", "--base", "HEAD"]).expect(0);
    assert!(!ran.stdout.contains("uncovered"), "{}", ran.stdout);
    assert!(ran.stdout.contains("cannot be used"), "{}", ran.stdout);
    assert!(ran.stderr.contains("is a link"), "{}", ran.stderr);
}
