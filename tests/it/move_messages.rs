//! Tests the messages about wrong moves and undeclared moves.

use serde_json::{Value, json};

use crate::project::{Channel, Project};

const HEAD: &str = "apiVersion: talkform/v1\nkind: UserList\n";
const APPLY: [&str; 2] = ["apply", "--auto-approve"];

#[test]
fn what_does_not_fit_is_said_at_its_place() {
    let project = Project::new("");
    let case = |moved: &str, users: &str| {
        let text = format!("{HEAD}moved: [{moved}]\nusers: [{users}]\n");
        project.write("users/a.yaml", &text);
        project.run(&["plan"]).expect(1).stderr
    };
    for (moved, users, code) in [
        (
            "{ from: a, to: b }",
            "{ memberId: a }, { memberId: b }",
            "moved-and-declared",
        ),
        ("{ from: a, to: b }", "", "moved-to-undeclared"),
        ("{ from: a, to: a }", "{ memberId: a }", "move-to-itself"),
        (
            "{ from: a, to: b }, { from: a, to: c }",
            "{ memberId: b }, { memberId: c }",
            "duplicate-move",
        ),
        (
            "{ from: a, to: b }, { from: b, to: c }",
            "{ memberId: c }",
            "move-chain",
        ),
    ] {
        let stderr = case(moved, users);
        assert!(
            stderr.contains(&format!("error[{code}]")),
            "{code}: {stderr}"
        );
        assert!(stderr.contains("users/a.yaml:3:"), "{code}: {stderr}");
        assert!(stderr.contains("help: "), "{code}: {stderr}");
        assert!(stderr.contains("1 error in 1 file"), "{code}: {stderr}");
    }
}

#[test]
fn likely_moves_are_pointed_out_and_bounded() {
    let channel = Channel::start();
    let project = channel.project();
    let list = |prefix: &str, count: usize| {
        let users = (0..count).map(|number| {
            format!(
                "  - {{ memberId: \"{prefix}-{number:02}\", profile: {{ seats: {number} }} }}\n"
            )
        });
        format!("{HEAD}users:\n{}", users.collect::<String>())
    };
    project.write("users/a.yaml", &list("old", 25));
    project.run(&APPLY).expect(0);
    project.write("users/a.yaml", &list("new", 25));
    let sentence = "old-03 is removed and new-03 is new with identical attributes; if the id changed, declare moved: [{ from: \"old-03\", to: \"new-03\" }]";
    let text = project.run(&["plan"]).expect(0).stdout;
    assert!(text.contains(sentence), "{text}");
    assert_eq!(text.matches("with identical attributes").count(), 20);
    assert!(text.contains("… and 5 more such pairs"), "{text}");
    let markdown = project
        .run(&["plan", "--format", "markdown"])
        .expect(0)
        .stdout;
    assert_eq!(markdown.matches("with identical attributes").count(), 20);
    assert!(
        markdown.contains("- `old-03` is removed and `new-03` is new"),
        "{markdown}"
    );
    let json = project.run(&["plan", "--format", "json"]).expect(0).stdout;
    let json: Value = serde_json::from_str(&json).expect("json");
    assert_eq!(json["likelyMoves"].as_array().map(Vec::len), Some(25));
    assert_eq!(
        json["likelyMoves"][3],
        json!({ "from": "old-03", "to": "new-03" })
    );

    // Taken up, they are moves, alike and shown together.
    let moves: Vec<String> = (0..25)
        .map(|number| format!("  - {{ from: \"old-{number:02}\", to: \"new-{number:02}\" }}\n"))
        .collect();
    let moves = moves.concat();
    project.edit(
        "users/a.yaml",
        "users:\n",
        &format!("moved:\n{moves}users:\n"),
    );
    let text = project.run(&["plan"]).expect(0).stdout;
    for words in [
        "# 25 users move to another id: the old ones stay on Channel unchanged",
        "> 25 users (5 shown)",
        "old-00 -> new-00",
        "… and 20 more",
        "Plan: 25 to move. 0 unchanged.",
    ] {
        assert!(text.contains(words), "{words}\n{text}");
    }
    project.run(&APPLY).expect(0);
    project.run(&["plan", "--detailed-exitcode"]).expect(0);
}
