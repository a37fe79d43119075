//! Checks that no part of a sensitive value on Channel is in the output of drift, a refreshed plan or a checkpoint.

use std::fs;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

use crate::command::finish;
use crate::project::Channel;
use crate::secrecy::{leaks, manifest};

type Person = (String, String, String);

fn one_project(applied: &[Person], found: &[Person]) {
    let channel = Channel::start();
    let project = channel.project();
    let file = project.read("talkform.yaml");
    let sensitive = "sensitive: [profile.name, profile.email, \"profile.*Phone\"]\n";
    project.write("talkform.yaml", &format!("{file}{sensitive}"));
    project.write("users/a.yaml", &manifest(applied, "free"));
    let mut texts = Vec::new();
    let mut run = |arguments: &[&str], code: i32| {
        let mut command = project.command(arguments);
        command
            .env("TALKFORM_LOG", "trace")
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_OUTPUT", project.at("output"))
            .env("GITHUB_STEP_SUMMARY", project.at("summary"));
        let ran = finish(command.spawn().expect("talkform runs")).expect(code);
        texts.push((format!("{arguments:?}"), ran.all()));
    };
    run(&["apply", "--auto-approve"], 0);
    for (number, (name, email, phone)) in found.iter().enumerate() {
        let edit = |user: &mut serde_json::Value| {
            user["profile"]["plan"] = json!("pro");
            user["profile"]["name"] = json!(name);
            user["profile"]["email"] = match number % 4 {
                0 => json!({ "nested": email }),
                1 => json!([email, 1]),
                2 => json!([email]),
                _ => json!(email),
            };
            user["profile"]["workPhone"] = json!(phone);
            user["profile"]["mobilePhone"] = json!(phone);
        };
        let known = channel.running().edit(&format!("u{}", number + 1), edit);
        assert!(known.expect("written"));
    }
    for format in ["text", "json", "markdown"] {
        run(&["drift", "--full", "--format", format], 0);
        run(&["plan", "--refresh", "--full", "--format", format], 0);
    }
    run(&["plan", "--refresh", "--out", "plan.json"], 0);
    run(&["show", "plan.json"], 0);

    // The first one is as applied, and is noted by a drift that is cut short by the second.
    let slow = "slow=600ms@u1".parse().expect("a fault");
    channel.running().set_faults(vec![slow]);
    let cut_short = ["drift", "--max-duration", "300ms", "--parallelism", "1"];
    run(&cut_short, 4);
    channel.running().set_faults(Vec::new());
    for file in fs::read_dir(project.at(".talkform")).expect("a folder") {
        let path = file.expect("a file").path();
        let text = fs::read_to_string(path).expect("a text");
        assert!(text.contains("\"id\":\"u0\""), "{text}");
        texts.push(("the progress".to_owned(), text));
    }
    assert!(texts.iter().any(|(what, _)| what == "the progress"));
    let mut run = |arguments: &[&str]| {
        let ran = project.run(arguments).expect(0);
        texts.push((format!("{arguments:?}"), ran.all()));
    };
    run(&["apply", "plan.json", "--auto-approve", "--format=json"]);
    run(&["drift"]);
    for name in ["talkform.state.json", "plan.json", "output", "summary"] {
        texts.push((name.to_owned(), project.read(name)));
    }
    assert!(
        project
            .read("output")
            .contains("drift=true\nchanged=4\ngone=0\n")
    );
    let shown = texts
        .iter()
        .filter(|(_, text)| text.contains("(sensitive)"));
    assert!(shown.count() >= 4, "drift was seen");
    let secrets = applied.iter().chain(found);
    leaks(
        secrets.flat_map(|(name, email, phone)| [name, email, phone]),
        &texts,
    );
}

#[test]
fn no_part_of_a_sensitive_value_on_channel_is_anywhere() {
    let secret = || "([A-Z]{8,20}|[가-힣]{6,12}|[A-Z]{6} [가-힣]{6})";
    let people = |count: usize| prop::collection::vec((secret(), "[A-Z]{8,16}", secret()), count);
    let config = Config {
        cases: 4,
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new(config)
        .run(&(people(5), people(4)), |(applied, found)| {
            one_project(&applied, &found);
            Ok(())
        })
        .expect("no leak");
}
