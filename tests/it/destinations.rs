//! Every destination has a plan digest of its own, and every result names the destination.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::project::{Channel, Project, many_users};

/// Plans the same users for every combination of base URL, channel, API version and environment. The table is printed
/// with `--nocapture`.
#[test]
fn every_destination_has_a_digest_of_its_own() {
    let mut rows: BTreeMap<String, String> = BTreeMap::new();
    let mut count = 0;
    for base_url in [
        "https://api.channel.io",
        "http://127.0.0.1:1",
        "http://127.0.0.1:1/gateway",
    ] {
        for id in ["", "id: \"6263\", ", "id: \"777\", "] {
            for api in ["v4", "v5"] {
                let project = Project::new(&format!(
                    "channel: {{ {id}baseUrl: \"{base_url}\", api: {api} }}\nenvironments: {{ staging: {{}}, prod: {{}} }}\n"
                ));
                project.write("users/a.yaml", &many_users(2, "free"));
                for environment in [&[][..], &["--env", "staging"], &["--env", "prod"]] {
                    let plan = [environment, &["plan"]].concat();
                    let plan = project.run(&plan).expect(0).stdout;
                    let line = |name: &str| {
                        let line = plan.lines().find_map(|line| line.strip_prefix(name));
                        line.unwrap_or_else(|| panic!("{plan}")).to_owned()
                    };
                    let (destination, digest) = (line("Destination: "), line("Plan digest: "));
                    println!("{destination:<75} {digest}");
                    count += 1;
                    if let Some(other) = rows.insert(digest, destination.clone()) {
                        panic!("{destination} and {other} have one digest");
                    }
                }
            }
        }
    }
    assert_eq!((count, rows.len()), (54, 54));
}

#[test]
fn an_apply_and_a_drift_name_their_destination_in_every_format() {
    let channel = Channel::start();
    let project = channel.project();
    let base_url = channel.running().base_url();
    let destination = format!("channel sandbox at {base_url}, API v4");
    let summary = project.at("summary");
    let run = |arguments: &[&str]| {
        let mut command = project.command(arguments);
        let output = command.env("GITHUB_STEP_SUMMARY", &summary).output();
        let output = output.expect("talkform runs");
        assert_eq!(output.status.code(), Some(0));
        let written = fs::read_to_string(&summary).expect("a summary");
        fs::remove_file(&summary).expect("removed");
        (String::from_utf8(output.stdout).expect("UTF-8"), written)
    };
    project.write("users/a.yaml", &many_users(1, "free"));
    let (text, written) = run(&["apply", "--auto-approve"]);
    let (_plan, report) = text.rsplit_once("Plan digest:").expect("a plan");
    assert!(
        report.contains(&format!("Destination: {destination}\n")),
        "{text}"
    );
    assert!(
        written.contains(&format!("Destination: {destination}\n")),
        "{written}"
    );

    project.write("users/a.yaml", &many_users(1, "pro"));
    let json = run(&["apply", "--auto-approve", "--format", "json"]).0;
    let json: Value = serde_json::from_str(&json).expect("json");
    assert_eq!(json["destination"]["baseUrl"], base_url);
    assert_eq!(json["destination"]["channelId"], "sandbox");
    // An apply with nothing to do, too.
    let json = run(&["apply", "--auto-approve", "--format", "json"]).0;
    let json: Value = serde_json::from_str(&json).expect("json");
    assert_eq!(json["destination"]["baseUrl"], base_url);

    let (text, written) = run(&["drift"]);
    assert!(
        text.starts_with(&format!("Destination: {destination}\n")),
        "{text}"
    );
    assert!(
        written.contains(&format!("Destination: `{destination}`\n")),
        "{written}"
    );
    let markdown = run(&["drift", "--format", "markdown"]).0;
    assert!(
        markdown.contains(&format!("Destination: `{destination}`\n")),
        "{markdown}"
    );
    let json: Value = serde_json::from_str(&run(&["drift", "--format", "json"]).0).expect("json");
    assert_eq!(json["destination"]["channelId"], "sandbox");
}
