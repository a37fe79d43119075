//! Random edits, reverts, kills, lost responses and errors after the write: the state never claims what Channel
//! does not have, and in the end Channel has what the manifests declare.
//!
//! `TALKFORM_TRUTH_ROUNDS=2000 cargo test --test it truth` runs for longer; `TALKFORM_TRUTH_SEED` replays a seed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::thread;
use std::time::Duration;

use serde_json::Value as Json;
use talkform::model::{DigestKey, FieldPath, FieldValue, Value};
use talkform::state::Store;

use crate::command::finish;
use crate::project::{Channel, Project};
use crate::random::Random;

const USERS: u64 = 8;

/// What breaks a request, before or after Channel wrote it.
const FAULTS: &[&[&str]] = &[
    &[],
    &["reset-after:60%"],
    &["reset-before:60%"],
    &["broken-json:70%"],
    &["truncated:60%"],
    &["empty:60%"],
    &["500:60%"],
    &["502:60%"],
    &["slow=3ms", "reset-after:40%"],
];

/// What the manifest declares of one user.
#[derive(Clone, Default)]
struct User {
    plan: Option<&'static str>,
    seats: Option<i32>,
    opted_out: Option<bool>,
}

impl User {
    fn random(random: &mut Random) -> Self {
        Self {
            plan: random.pick(&[None, Some("free"), Some("pro"), Some("max")]),
            seats: random.pick(&[None, Some(1), Some(2)]),
            opted_out: random.pick(&[None, None, Some(true), Some(false)]),
        }
    }
}

type Users = BTreeMap<u64, User>;

fn write(project: &Project, users: &Users) {
    let mut text = "apiVersion: talkform/v1\nkind: UserList\nusers:\n".to_owned();
    for (number, user) in users {
        let mut profile = vec!["one: true".to_owned()];
        profile.extend(user.plan.map(|plan| format!("plan: {plan}")));
        profile.extend(user.seats.map(|seats| format!("seats: {seats}")));
        let flag = user.opted_out;
        let flag = flag.map_or(String::new(), |flag| format!(", unsubscribeEmail: {flag}"));
        let profile = profile.join(", ");
        writeln!(
            text,
            "  - {{ memberId: \"u-{number}\", profile: {{ {profile} }}{flag} }}"
        )
        .expect("a text");
    }
    project.write("users/a.yaml", &text);
}

fn edited(users: &Users, random: &mut Random) -> Users {
    let mut users = users.clone();
    for _ in 0..=random.below(3) {
        let number = 1 + random.below(USERS - 1);
        if random.below(4) == 0 {
            users.remove(&number);
        } else {
            users.insert(number, User::random(random));
        }
    }
    users
}

fn value(json: &Json) -> Value {
    match json {
        Json::String(text) => Value::Text(text.clone()),
        Json::Bool(flag) => Value::Boolean(*flag),
        other => Value::from(i32::try_from(other.as_i64().expect("an integer")).expect("small")),
    }
}

/// Every confirmed profile field is on Channel as recorded.
fn check_record(channel: &Channel, project: &Project, what: &str) {
    let store = Store::new(&project.at("talkform.state.json"));
    let Some(state) = store.load().expect("a state").state else {
        return;
    };
    let key = DigestKey::new(&state.salt, None);
    for (id, entry) in &state.users {
        if state.pending.contains_key(id) {
            continue;
        }
        let user = channel.running().user(id.as_str());
        let user = user.unwrap_or_else(|| panic!("{what}: {id} is recorded and not on Channel"));
        let key = key.for_user(id);
        for (path, digest) in entry.fields.iter() {
            let FieldPath::Profile(name) = path else {
                continue;
            };
            let found = user["profile"]
                .get(name.as_str())
                .filter(|found| !found.is_null());
            let found = found.map(value);
            let found = found.as_ref().map_or(FieldValue::Clear, FieldValue::Value);
            assert_eq!(
                key.field(path, found),
                digest,
                "{what}: {id} {path} is {found:?} on Channel"
            );
        }
    }
}

/// `false` leaves only after this program itself sent `true` to the same user.
fn check_consent(channel: &Channel, what: &str) {
    let mut opted_out: BTreeMap<String, bool> = BTreeMap::new();
    for request in channel.about_users() {
        let flag = request
            .body
            .as_ref()
            .and_then(|body| body.get("unsubscribeEmail"));
        match flag.and_then(Json::as_bool) {
            Some(true) => {
                opted_out.insert(request.path, true);
            }
            Some(false) => assert!(opted_out.contains_key(&request.path), "{what}: {request:?}"),
            None => {}
        }
    }
}

fn apply(project: &Project, fast: bool) -> std::process::Child {
    let pause = if fast { "1ms" } else { "20ms" };
    project.start(&[
        "apply",
        "--auto-approve",
        "--allow-deletes",
        "100",
        "--retry-pause",
        pause,
        "--parallelism",
        "4",
    ])
}

fn run(seed: u64, rounds: u64) {
    let random = &mut Random::new(seed);
    let channel = Channel::start();
    let project = Project::new(&format!(
        "channel: {{ id: \"sandbox\", baseUrl: \"{}\", rate: {{ perSecond: 1000000, burst: 1000000 }} }}\nremoved: {{ users: delete }}\nlimits: {{ create: 1000, update: 1000, clear: 1000, forget: 1000, delete: 1000, optIn: 1000 }}\n",
        channel.running().base_url()
    ));
    let mut users: Users = (0..USERS)
        .map(|number| (number, User::random(random)))
        .collect();
    for round in 0..rounds {
        let what = format!("seed {seed}, round {round}");
        let before = users.clone();
        users = edited(&users, random);
        write(&project, &users);
        let faults = random.pick(FAULTS);
        let faults = faults.iter().map(|fault| fault.parse().expect("a fault"));
        channel.running().set_faults(faults.collect());
        let mut child = apply(&project, true);
        if random.below(2) == 0 {
            thread::sleep(Duration::from_micros(random.below(60_000)));
            // It may have ended already.
            let _ = child.kill();
        }
        let ran = finish(child);
        assert_ne!(ran.code, Some(1), "{what}: {}", ran.all());
        channel.running().set_faults(Vec::new());
        check_record(&channel, &project, &what);
        if random.below(2) == 0 {
            // The commit is reverted before the next run.
            users = before;
            write(&project, &users);
        }
        if random.below(3) == 0 {
            let id = format!("u-{}", random.below(USERS));
            let opt_out = |user: &mut Json| user["unsubscribeEmail"] = true.into();
            channel.running().edit(&id, opt_out).expect("edited");
        }
        if random.below(3) == 0 {
            finish(apply(&project, false)).expect(0);
            check_end(&channel, &project, &users, &what);
        }
    }
    finish(apply(&project, false)).expect(0);
    check_end(&channel, &project, &users, &format!("seed {seed}, end"));
    check_consent(&channel, &format!("seed {seed}"));
}

/// Channel has what the manifests declare, and the next plan says so.
fn check_end(channel: &Channel, project: &Project, users: &Users, what: &str) {
    let ids: Vec<String> = users.keys().map(|number| format!("u-{number}")).collect();
    assert_eq!(channel.running().member_ids(), ids, "{what}");
    for (number, declared) in users {
        let user = channel
            .running()
            .user(&format!("u-{number}"))
            .expect("a user");
        let profile = &user["profile"];
        assert_eq!(
            profile.get("plan").and_then(Json::as_str),
            declared.plan,
            "{what}: u-{number}"
        );
        let seats = profile.get("seats").and_then(Json::as_i64);
        assert_eq!(seats, declared.seats.map(i64::from), "{what}: u-{number}");
        if declared.opted_out == Some(true) {
            assert_eq!(user["unsubscribeEmail"], true, "{what}: u-{number}");
        }
    }
    check_record(channel, project, what);
    project.run(&["plan", "--detailed-exitcode"]).expect(0);
}

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn the_state_never_claims_what_channel_does_not_have() {
    let rounds = from_environment("TALKFORM_TRUTH_ROUNDS").unwrap_or(60);
    match from_environment("TALKFORM_TRUTH_SEED") {
        Some(seed) => run(seed, rounds),
        None => (0..rounds.div_ceil(30)).for_each(|seed| run(seed, 30)),
    }
}
