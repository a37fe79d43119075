//! Makes applied users, changes them on Channel, and lists what drift has to report.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};
use talkform::sandbox::SandboxSettings;

use crate::project::{Channel, Project};

/// Something that happens to a user on Channel, and what of it is drift.
pub(crate) struct Edit {
    pub(crate) name: &'static str,
    /// `None` deletes the user.
    pub(crate) change: Option<fn(&mut Value)>,
    /// `standing`, then `kind path` for each field; empty for no drift.
    pub(crate) found: &'static [&'static str],
}

const fn edit(name: &'static str, change: fn(&mut Value), found: &'static [&'static str]) -> Edit {
    Edit {
        name,
        change: Some(change),
        found,
    }
}

pub(crate) const EDITS: &[Edit] = &[
    edit("nothing", |_| {}, &[]),
    edit(
        "a text changed",
        |user| user["profile"]["plan"] = json!("free"),
        &["changed", "changed profile.plan"],
    ),
    edit(
        "a sensitive text changed",
        |user| user["profile"]["name"] = json!("somebody"),
        &["changed", "changed profile.name"],
    ),
    edit(
        "a number changed",
        |user| user["profile"]["seats"] = json!(-1),
        &["changed", "changed profile.seats"],
    ),
    edit(
        "a number written another way",
        |user| user["profile"]["seats"] = json!(user["profile"]["seats"].as_f64()),
        &[],
    ),
    edit(
        "a list in another order",
        |user| user["profile"]["list"] = json!(["b", "a"]),
        &["changed", "changed profile.list"],
    ),
    edit(
        "a value became an object",
        |user| user["profile"]["sizes"] = json!({"one": 1}),
        &["changed", "changed profile.sizes"],
    ),
    edit(
        "a key removed",
        |user| without(user, "trial"),
        &["changed", "missing profile.trial"],
    ),
    edit(
        "a key is null",
        |user| user["profile"]["trial"] = Value::Null,
        &["changed", "missing profile.trial"],
    ),
    edit(
        "a cleared key set again",
        |user| user["profile"]["betaUntil"] = json!("2027"),
        &["changed", "returned profile.betaUntil"],
    ),
    edit(
        "tags changed",
        |user| user["tags"] = json!(["beta"]),
        &["changed", "changed tags"],
    ),
    edit(
        "tags in other letters and another order",
        |user| user["tags"] = json!(["VIP/Gold", "BETA"]),
        &[],
    ),
    edit(
        "a phone number with spaces",
        |user| user["profile"]["mobileNumber"] = json!("+82 10-1234-5678"),
        &[],
    ),
    edit(
        "a phone number changed",
        |user| user["profile"]["mobileNumber"] = json!("+82 10-1234-5679"),
        &["changed", "changed profile.mobileNumber"],
    ),
    edit(
        "an undeclared key",
        |user| user["profile"]["extra"] = json!("more"),
        &[],
    ),
    edit(
        "what profileOnce filled in removed",
        |user| without(user, "utmSource"),
        &["changed", "missing profileOnce.utmSource"],
    ),
    edit(
        "what profileOnce filled in changed",
        |user| user["profile"]["utmSource"] = json!("google"),
        &[],
    ),
    edit(
        "the person opted out",
        |user| user["unsubscribeEmail"] = json!(true),
        &["consent", "consent unsubscribeEmail"],
    ),
    edit(
        "the person opted out, and a text changed",
        |user| {
            user["unsubscribeEmail"] = json!(true);
            user["profile"]["plan"] = json!("free");
        },
        &[
            "changed",
            "changed profile.plan",
            "consent unsubscribeEmail",
        ],
    ),
    Edit {
        name: "the user deleted",
        change: None,
        found: &["gone"],
    },
];

pub(crate) fn without(user: &mut Value, key: &str) {
    let profile = user["profile"].as_object_mut().expect("a profile");
    profile.remove(key).expect("the key was there");
}

pub(crate) fn id(number: usize) -> String {
    format!("u-{number:05}")
}

/// A Channel and a project whose users were applied.
pub(crate) fn applied(api: &str, users: usize) -> (Channel, Project) {
    let channel = Channel::with(SandboxSettings::default());
    let project = Project::new(&format!(
        "channel: {{ id: sandbox, api: {api}, baseUrl: \"{}\", rate: {{ perSecond: 1000000, burst: 1000000 }} }}\nlimits: {{ create: 100000, update: 100%, clear: 100%, optIn: 100000, recreate: 100% }}\n",
        channel.running().base_url()
    ));
    project.write("users/a.yaml", &manifest(users));
    project.run(&["apply", "--auto-approve"]).expect(0);
    (channel, project)
}

fn manifest(users: usize) -> String {
    let mut text = "apiVersion: talkform/v1\nkind: UserList\ndefaults:\n  profile: { plan: pro, trial: true, sizes: [1, 2], list: [a, b], betaUntil: null, mobileNumber: \"+821012345678\" }\n  profileOnce: { utmSource: naver }\n  tags: [beta, vip/gold]\n  unsubscribeEmail: false\nusers:\n".to_owned();
    for number in 0..users {
        let id = id(number);
        let _ = writeln!(
            text,
            "  - {{ memberId: \"{id}\", profile: {{ name: \"n{number}\", seats: {number} }} }}"
        );
    }
    text
}

/// Does to every user what its number says.
pub(crate) fn edit_users(channel: &Channel, users: usize) {
    for number in 0..users {
        let id = id(number);
        let known = match EDITS[number % EDITS.len()].change {
            Some(change) => channel.running().edit(&id, change),
            None => channel.running().delete(&id),
        };
        assert!(known.expect("written"), "{id}");
    }
}

pub(crate) fn drift(project: &Project, arguments: &[&str]) -> Value {
    let mut all = vec!["drift", "--format", "json", "--parallelism", "32"];
    all.extend(arguments);
    let ran = project.run(&all).expect(0);
    serde_json::from_str(&ran.stdout).expect("JSON")
}

/// `standing`, then `kind path` for each field, by id.
pub(crate) fn reported(drift: &Value) -> BTreeMap<String, Vec<String>> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let users = drift["drift"].as_array().expect("users");
    let of = |user: &Value| {
        let fields = user["fields"].as_array().expect("fields");
        let fields = fields
            .iter()
            .map(|field| format!("{} {}", text(&field["kind"]), text(&field["path"])));
        std::iter::once(text(&user["standing"]))
            .chain(fields)
            .collect()
    };
    users
        .iter()
        .map(|user| (text(&user["id"]), of(user)))
        .collect()
}

pub(crate) fn expected(users: usize) -> BTreeMap<String, Vec<String>> {
    (0..users)
        .map(|number| (id(number), EDITS[number % EDITS.len()].found))
        .filter(|(_, found)| !found.is_empty())
        .map(|(id, found)| (id, found.iter().map(ToString::to_string).collect()))
        .collect()
}

pub(crate) fn count_of_reads(channel: &Channel) -> usize {
    let about_users = channel.about_users();
    about_users
        .iter()
        .filter(|request| request.method == "GET")
        .count()
}
