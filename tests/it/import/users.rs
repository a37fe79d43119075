//! Makes a Channel with users, and a project that does not declare them.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use crate::project::{Channel, Project};

pub(crate) const STATE: &str = "talkform.state.json";

pub(crate) fn id(number: usize) -> String {
    match number % 5 {
        0 => format!("{number:05}"),
        1 => format!("회원/{number}"),
        2 => format!("u.{number}@example.com"),
        3 => format!("\"{number}'"),
        _ => format!("u-{number}"),
    }
}

/// A user with texts that are awkward in YAML, and values of every kind.
fn user(number: usize, api: &str) -> Json {
    let texts = [
        "yes",
        "012",
        "2024-01-01",
        "null",
        "",
        "김서연 😀",
        "it's \"quoted\"",
        "a: b # c",
        "- x\n- y\n",
        "  indented\n\n    text\nwith an end",
        "one\r\ntwo\ttabs",
        "\u{202e}turned\u{200b}",
        "1e3",
        "~",
        "*x",
    ];
    let text = texts[number % texts.len()];
    let mut user = json!({
        "memberId": id(number),
        "profile": {
            "name": format!("secret name {number}"),
            "email": format!("secret{number}@example.com"),
            "mobileNumber": format!("+8210{number:08}"),
            "note": text,
            "seats": number,
            "score": f64::from(u32::try_from(number).expect("small")) / 8.0,
            "trial": number.is_multiple_of(2),
            "list": [text, "b"],
            "sizes": [1, 2.5],
            "recentPurchaseCount": number,
            "utm_source": "naver",
        },
        "profileOnce": { "firstSeen": "here" },
        "unsubscribeEmail": number.is_multiple_of(3),
        "unsubscribeTexting": number % 3 == 1,
    });
    if !number.is_multiple_of(4) {
        user["tags"] = json!(["vip/gold", format!("t{}", number % 7), "한글"]);
    }
    if api == "v4" {
        user["unsubscribed"] = json!(number.is_multiple_of(10));
    }
    user
}

fn project(channel: &Channel, api: &str) -> Project {
    let project = channel.project();
    let file = project
        .read("talkform.yaml")
        .replacen("channel: {", &format!("channel: {{ api: {api},"), 1)
        .replacen("limits: {", "limits: { optIn: 100000,", 1);
    project.write("talkform.yaml", &file);
    project
}

/// A Channel that knows so many users, and a project that does not.
pub(crate) fn channel_with_users(count: usize, api: &str) -> (Channel, Project) {
    let channel = Channel::start();
    let first = project(&channel, api);
    let mut lines = String::new();
    for number in 0..count {
        let _ = writeln!(lines, "{}", user(number, api));
    }
    first.write("users/a.jsonl", &lines);
    let file = first.read("talkform.yaml");
    first.write(
        "talkform.yaml",
        &format!("manifests: [\"users/*\"]\n{file}"),
    );
    first.run(&["apply", "--auto-approve"]).expect(0);
    let fresh = project(&channel, api);
    (channel, fresh)
}

pub(crate) fn ids(count: usize) -> String {
    let mut text = "# everybody\n\n".to_owned();
    for number in 0..count {
        let _ = writeln!(text, "  {}", id(number));
    }
    text
}
