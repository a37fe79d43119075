//! Checks that `schemas/` is what the program prints, and that every example fits it.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::project::Project;

const SCHEMAS: [(&str, &[&str]); 12] = [
    ("manifest.schema.json", &["schema", "manifest"]),
    (
        "manifest-v5.schema.json",
        &["schema", "manifest", "--api", "v5"],
    ),
    ("project.schema.json", &["schema", "project"]),
    ("plan.schema.json", &["schema", "plan"]),
    ("plan-file.schema.json", &["schema", "plan-file"]),
    ("report.schema.json", &["schema", "report"]),
    ("drift.schema.json", &["schema", "drift"]),
    ("erasure.schema.json", &["schema", "erasure"]),
    ("import.schema.json", &["schema", "import"]),
    ("state.schema.json", &["schema", "state"]),
    ("state-summary.schema.json", &["schema", "state-summary"]),
    ("state-users.schema.json", &["schema", "state-users"]),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn schema(name: &str) -> Value {
    let text = fs::read_to_string(root().join("schemas").join(name)).expect("a schema");
    serde_json::from_str(&text).expect("json")
}

/// With `UPDATE_SCHEMAS=1` the files are written instead.
#[test]
fn the_folder_is_what_the_program_prints() {
    let project = Project::new("");
    for (name, arguments) in SCHEMAS {
        let printed = project.run(arguments).expect(0).stdout;
        let path = root().join("schemas").join(name);
        if std::env::var_os("UPDATE_SCHEMAS").is_some() {
            fs::write(&path, &printed).expect("written");
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            kept == printed,
            "schemas/{name} is not what `talkform {}` prints; UPDATE_SCHEMAS=1 cargo test writes it anew",
            arguments.join(" ")
        );
    }
    let files = fs::read_dir(root().join("schemas"))
        .expect("schemas")
        .count();
    assert_eq!(files, SCHEMAS.len());
}

fn documents(path: &Path) -> Vec<Value> {
    use serde::Deserialize;
    let text = fs::read_to_string(path).expect("a file");
    serde_yaml::Deserializer::from_str(&text)
        .map(|document| Value::deserialize(document).expect("yaml"))
        .collect()
}

fn yaml_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            yaml_files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "yaml") {
            found.push(path);
        }
    }
}

#[test]
fn every_example_fits_its_schema_and_says_so() {
    let manifest = jsonschema::validator_for(&schema("manifest.schema.json")).expect("a schema");
    let project = jsonschema::validator_for(&schema("project.schema.json")).expect("a schema");
    let mut found = Vec::new();
    yaml_files(&root().join("examples"), &mut found);
    let mut checked = 0;
    for path in found {
        let text = fs::read_to_string(&path).expect("a file");
        let Some(line) = text
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("# yaml-language-server: $schema="))
        else {
            continue;
        };
        let named = path.parent().expect("a folder").join(line);
        assert!(named.exists(), "{} names {line}", path.display());
        let validator = if line.contains("project") {
            &project
        } else {
            &manifest
        };
        for document in documents(&path) {
            let errors: Vec<String> = validator
                .iter_errors(&document)
                .map(|error| error.to_string())
                .collect();
            assert!(errors.is_empty(), "{}: {errors:#?}", path.display());
            checked += 1;
        }
    }
    assert!(checked >= 8, "{checked}");
}

#[test]
fn what_is_printed_and_written_fits_its_schema() {
    let project = Project::example("quickstart");
    let check = |name: &str, text: &str| {
        let document: Value = serde_json::from_str(text).expect("json");
        let schema = schema(name);
        let validator = jsonschema::validator_for(&schema).expect("a schema");
        let errors: Vec<String> = validator
            .iter_errors(&document)
            .map(|error| format!("{error} at {}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
    };
    let plan = project
        .run(&["plan", "--sandbox", "--format", "json"])
        .expect(0);
    check("plan.schema.json", &plan.stdout);
    let report = project
        .run(&["apply", "--sandbox", "--auto-approve", "--format=json"])
        .expect(0);
    check("report.schema.json", &report.stdout);
    check(
        "state.schema.json",
        &project.read(".talkform/sandbox.state.json"),
    );

    // Somebody deletes a user, removes a key, changes a consent.
    let users = project.read(".talkform/sandbox.users.jsonl");
    let mut meddled: Vec<Value> = users
        .lines()
        .map(|line| serde_json::from_str(line).expect("json"))
        .collect();
    meddled.remove(0);
    meddled[0]["user"]["profile"] = serde_json::json!({ "plan": { "an": "object" } });
    for line in &mut meddled {
        line["user"]["unsubscribeEmail"] = true.into();
    }
    let lines: Vec<String> = meddled.iter().map(|line| format!("{line}\n")).collect();
    project.write(".talkform/sandbox.users.jsonl", &lines.concat());
    let drift = project
        .run(&["drift", "--sandbox", "--format", "json", "--sample", "12"])
        .expect(0);
    assert!(drift.stdout.contains("\"gone\""), "{}", drift.stdout);
    check("drift.schema.json", &drift.stdout);
    let refreshed = ["plan", "--sandbox", "--refresh", "--out", "plan.json"];
    let plan = project
        .run(&[&refreshed[..], &["--format", "json"]].concat())
        .expect(0);
    check("plan.schema.json", &plan.stdout);
    check("plan-file.schema.json", &project.read("plan.json"));
    let shown = project
        .run(&["show", "--format=json", "plan.json"])
        .expect(0);
    check("plan-file.schema.json", &shown.stdout);
    let shown = project
        .run(&["show", "--format=json", "--sandbox"])
        .expect(0);
    check("state-summary.schema.json", &shown.stdout);
    let listed = ["state", "list", "--sandbox", "--format", "json"];
    let listed = project.run(&listed).expect(0);
    check("state-users.schema.json", &listed.stdout);
    let listed: Value = serde_json::from_str(&listed.stdout).expect("JSON");
    let id = listed["users"][0]["id"].as_str().expect("an id");
    let one = ["state", "show", "--sandbox", "--format", "json", id];
    let one = project.run(&one).expect(0);
    check("state-users.schema.json", &one.stdout);
    let one: Value = serde_json::from_str(&one.stdout).expect("JSON");
    assert_eq!(one["users"], serde_json::json!([listed["users"][0]]));
}

/// The entries for `SchemaStore` name schemas of `schemas/` and the usual name of a project file.
#[test]
fn the_entries_for_schemastore_name_schemas() {
    let text = fs::read_to_string(root().join("packaging/schemastore.json")).expect("the entries");
    let entries: Vec<Value> = serde_json::from_str(&text).expect("json");
    let urls: Vec<_> = entries
        .iter()
        .map(|entry| {
            let url = entry["url"].as_str().expect("a url");
            assert!(root().join(url).is_file(), "{url}");
            url
        })
        .collect();
    assert_eq!(
        urls,
        [
            "schemas/project.schema.json",
            "schemas/manifest.schema.json"
        ]
    );
    let names = entries[0]["fileMatch"].as_array().expect("names");
    assert!(names.iter().any(|name| name == "talkform.yaml"));
}
