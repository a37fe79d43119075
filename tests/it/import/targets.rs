//! Tests the files of imported users: existing files, or one file per user.

use std::fs;

use serde_json::Value as Json;

use talkform::model::text::characters::folded;

use crate::import::users::{STATE, channel_with_users, id};
use crate::project::Project;

#[test]
fn users_are_added_to_what_is_there() {
    let (_channel, project) = channel_with_users(6, "v4");
    let head = "apiVersion: talkform/v1\nkind: UserList";
    let yaml = |indent: &str| {
        format!(
            "# ours\n{head} # list\nusers:\n{indent}- memberId:   'mine{}'\n\n# end",
            indent.len()
        )
    };
    let targets = [
        ("users/zero.yaml", yaml("")),
        ("users/two.yaml", yaml("  ")),
        ("users/four.yaml", yaml("    ")),
        (
            "users/flow.yaml",
            format!("{head}\nusers: [ {{memberId: flow}} ] # flow\n"),
        ),
        (
            "users/several.yaml",
            format!(
                "{head}\nusers:\n  - memberId: s1\n---\n{head}\ndefaults: {{profile: {{plan: x}}}}\nusers:\n  - memberId: s2\n"
            ),
        ),
        ("users/lines.jsonl", "{\"memberId\": \"lines\"}".to_owned()),
    ];
    let file = project.read("talkform.yaml");
    project.write(
        "talkform.yaml",
        &format!("manifests: [\"users/*\"]\n{file}"),
    );
    for (name, text) in &targets {
        project.write(name, text);
    }
    project.run(&["apply", "--auto-approve"]).expect(0);
    for (number, (name, old)) in targets.iter().enumerate() {
        let ran = project
            .run(&["import", &id(number), "--out", name])
            .expect(0);
        assert_eq!(
            ran.stdout.lines().next(),
            Some(&*format!("Imported 1 user into {name}."))
        );
        let new = project.read(name);
        assert!(new.starts_with(old), "{new}");
        project.run(&["plan", "--detailed-exitcode"]).expect(0);
    }
    assert_eq!(project.read("users/lines.jsonl").lines().count(), 2);
    let state: Json = serde_json::from_str(&project.read(STATE)).expect("a state");
    assert_eq!(state["users"].as_object().expect("users").len(), 7 + 6);
    project.run(&["validate"]).expect(0);
}

#[test]
fn every_id_has_a_file_of_its_own() {
    let project = Project::new("");
    let long = "한".repeat(64);
    let ids = [
        "A",
        "a",
        ".hidden",
        "../../out",
        "a/b",
        "..",
        "x.yaml",
        "CON",
        "nul.x",
        "com1",
        "company",
        "\u{ac00}",
        "\u{1100}\u{1161}",
        &long,
    ];
    let rows: Vec<String> = ids.iter().map(|id| format!("{id},pro")).collect();
    project.write("all.csv", &format!("id,plan\n{}\n", rows.join("\n")));
    project.write(
        "users/a.yaml",
        "apiVersion: talkform/v1\nkind: User\nmemberId: there\n",
    );
    let flags = [
        "--csv",
        "all.csv",
        "--values-from-csv",
        "--column",
        "plan=profile.plan",
    ];
    let ran = project
        .run(&[&["import", "--split", "users"][..], &flags].concat())
        .expect(0);
    let imported = format!(
        "Imported {} users into {} files in users.",
        ids.len(),
        ids.len()
    );
    assert!(ran.stdout.starts_with(&imported), "{}", ran.stdout);
    let mut names: Vec<String> = fs::read_dir(project.at("users"))
        .expect("a folder")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("UTF-8")
        })
        .collect();
    names.sort();
    assert_eq!(names.len(), ids.len() + 1, "{names:?}");
    for name in ["%43ON.yaml", "%6Eul.x.yaml", "%63om1.yaml", "company.yaml"] {
        assert!(names.iter().any(|other| other == name), "{name} {names:?}");
    }
    // `a.yaml` was there before.
    let new = names.iter().filter(|name| *name != "a.yaml");
    let different: std::collections::BTreeSet<_> = new.map(|name| folded(name)).collect();
    assert_eq!(different.len(), ids.len(), "{names:?}");
    assert!(names.contains(&"a.yaml".to_owned()) && names.contains(&"a-2.yaml".to_owned()));
    assert!(project.read("users/a.yaml").ends_with("memberId: there\n"));
    let plan = project.run(&["plan"]).expect(0);
    let count = format!("Plan: {} to create.", ids.len() + 1);
    assert!(plan.stdout.contains(&count), "{}", plan.stdout);
}
