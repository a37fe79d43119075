//! Random edits, reverts, changes and deletions by people on Channel, kills, lost responses and errors after the write: the state never claims what Channel
//! does not have, and in the end Channel has what the manifests declare.
//!
//! `TALKFORM_TRUTH_ROUNDS=2000 cargo test --test it truth::rounds` runs for longer; `TALKFORM_TRUTH_SEED` replays a seed.

use std::collections::{BTreeMap, BTreeSet};
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
    &["500-after:60%"],
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

/// What people did on Channel since an apply last compared every user. No offline run can know of it.
#[derive(Default)]
struct People {
    /// What they gave to a profile field, or took from it, by user and field.
    values: BTreeMap<(String, &'static str), Vec<Json>>,
    /// Users whom they deleted.
    deleted: BTreeSet<String>,
    /// Users whose person another program replaced.
    replaced: BTreeSet<String>,
    /// Users who opted in, whatever the manifests say. That is their choice, and it stays.
    opted_in: BTreeSet<String>,
}

impl People {
    /// One change by somebody.
    fn act(&mut self, channel: &Channel, random: &mut Random) {
        let id = format!("u-{}", random.below(USERS));
        let running = channel.running();
        if running.user(&id).is_none() {
            return;
        }
        let mut given = |field: &'static str, value: &Json| {
            let values = self.values.entry((id.clone(), field));
            values.or_default().push(value.clone());
        };
        match random.below(6) {
            0 | 1 => {
                let edit = |user: &mut Json| user["unsubscribeEmail"] = true.into();
                running.edit(&id, edit).expect("edited");
            }
            2 => {
                let edit = |user: &mut Json| user["unsubscribeEmail"] = false.into();
                running.edit(&id, edit).expect("edited");
                self.opted_in.insert(id);
            }
            3 => {
                let value: Json = random.pick(&["free", "theirs"]).into();
                given("plan", &value);
                let edit = |user: &mut Json| user["profile"]["plan"] = value.clone();
                running.edit(&id, edit).expect("edited");
            }
            4 => {
                running.delete(&id).expect("deleted");
                self.deleted.insert(id);
            }
            _ => {
                for field in ["one", "plan", "seats"] {
                    given(field, &Json::Null);
                }
                let person = random.below(u64::MAX);
                let edit = |user: &mut Json| {
                    user["id"] = format!("another-{person}").into();
                    user["unsubscribeEmail"] = false.into();
                    user["profile"] = Json::Object(serde_json::Map::new());
                };
                running.edit(&id, edit).expect("edited");
                self.replaced.insert(id);
            }
        }
    }

    /// Whether somebody gave this value to the field.
    fn gave(&self, id: &str, field: &str, found: Option<&Json>) -> bool {
        let found = found.unwrap_or(&Json::Null);
        let mut values = self.values.iter();
        values.any(|((user, name), values)| user == id && *name == field && values.contains(found))
    }
}

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

/// Every confirmed profile field is on Channel as recorded, unless somebody changed it since.
fn check_record(channel: &Channel, project: &Project, people: &People, what: &str) {
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
        if user.is_none() && people.deleted.contains(id.as_str()) {
            continue;
        }
        let user = user.unwrap_or_else(|| panic!("{what}: {id} is recorded and not on Channel"));
        let key = key.for_user(id);
        for (path, digest) in entry.fields.iter() {
            let FieldPath::Profile(name) = path else {
                continue;
            };
            let found = user["profile"]
                .get(name.as_str())
                .filter(|found| !found.is_null());
            if people.gave(id.as_str(), name.as_str(), found) {
                continue;
            }
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

/// `false` leaves only for users of whom a manifest declared `true` before.
fn check_consent(channel: &Channel, declared: &BTreeSet<String>, what: &str) {
    for request in channel.about_users() {
        let body = request.body.as_ref();
        let flag = body.and_then(|body| body.get("unsubscribeEmail"));
        let is_declared = declared.iter().any(|id| request.path.ends_with(id));
        assert!(
            flag != Some(&false.into()) || is_declared,
            "{what}: {request:?}"
        );
    }
}

/// The users whom these manifests opt out.
fn opted_out(users: &Users) -> impl Iterator<Item = String> {
    let users = users.iter();
    let opted_out = users.filter(|(_, user)| user.opted_out == Some(true));
    opted_out.map(|(number, _)| format!("@u-{number}"))
}

fn apply(project: &Project, fast: bool, more: &[&str]) -> std::process::Child {
    let pause = if fast { "1ms" } else { "20ms" };
    let arguments = [
        "apply",
        "--auto-approve",
        "--allow-deletes",
        "100",
        "--retry-pause",
        pause,
        "--parallelism",
        "4",
    ];
    project.start(&[&arguments[..], more].concat())
}

fn run(seed: u64, rounds: u64) {
    let random = &mut Random::new(seed);
    let channel = Channel::start();
    let project = Project::new(&format!(
        "channel: {{ id: \"sandbox\", baseUrl: \"{}\", rate: {{ perSecond: 1000000, burst: 1000000 }} }}\nremoved: {{ users: delete }}\nlimits: {{ create: 1000, update: 1000, clear: 1000, forget: 1000, delete: 1000, optIn: 1000, recreate: 1000 }}\n",
        channel.running().base_url()
    ));
    let mut users: Users = (0..USERS)
        .map(|number| (number, User::random(random)))
        .collect();
    let mut people = People::default();
    let mut declared: BTreeSet<String> = opted_out(&users).collect();
    for round in 0..rounds {
        let what = format!("seed {seed}, round {round}");
        let before = users.clone();
        users = edited(&users, random);
        write(&project, &users);
        check_consent(&channel, &declared, &what);
        declared.extend(opted_out(&users));
        let faults = random.pick(FAULTS);
        let faults = faults.iter().map(|fault| fault.parse().expect("a fault"));
        channel.running().set_faults(faults.collect());
        let more: &[&str] = if random.one_in(4) {
            &["--refresh"]
        } else {
            &[]
        };
        let mut child = apply(&project, true, more);
        if random.below(2) == 0 {
            thread::sleep(Duration::from_micros(random.below(60_000)));
            // It may have ended already.
            let _ = child.kill();
        }
        let ran = finish(child);
        // Users who cannot be read are refused before anything is sent.
        let is_refused = ran.code == Some(1) && more.is_empty();
        assert!(!is_refused, "{what}: {}", ran.all());
        channel.running().set_faults(Vec::new());
        check_record(&channel, &project, &people, &what);
        if random.below(2) == 0 {
            // The commit is reverted before the next run.
            users = before;
            write(&project, &users);
        }
        if random.below(3) == 0 {
            people.act(&channel, random);
        }
        match random.below(6) {
            0 => {
                apply_undisturbed(&project, &[], &people, &what);
                check_record(&channel, &project, &people, &what);
                project.run(&["plan", "--detailed-exitcode"]).expect(0);
            }
            1 => compare_all(&channel, &project, &users, &mut people, &what),
            _ => {}
        }
    }
    let what = format!("seed {seed}, end");
    compare_all(&channel, &project, &users, &mut people, &what);
    check_consent(&channel, &declared, &what);
}

/// Applies without a fault. Where a person opted in, Channel shows another value than declared.
fn apply_undisturbed(project: &Project, more: &[&str], people: &People, what: &str) {
    let ran = finish(apply(project, false, more));
    let may_differ = ran.code == Some(3) && !people.opted_in.is_empty();
    assert!(ran.code == Some(0) || may_differ, "{what}: {}", ran.all());
}

/// Applies what the manifests declare and what people changed. After it Channel has what the manifests declare, and
/// the next plan says so.
fn compare_all(
    channel: &Channel,
    project: &Project,
    users: &Users,
    people: &mut People,
    what: &str,
) {
    apply_undisturbed(project, &["--refresh"], people, what);
    // A choice stays until Channel creates the person anew, and so does a field that nobody declares.
    let mut values = std::mem::take(&mut people.values);
    values.retain(|(id, field), _| {
        let declared = users
            .iter()
            .find(|(number, _)| *id == format!("u-{number}"));
        *field == "plan" && declared.is_some_and(|(_, user)| user.plan.is_none())
    });
    *people = People {
        values,
        opted_in: std::mem::take(&mut people.opted_in),
        ..People::default()
    };
    let ids: Vec<String> = users.keys().map(|number| format!("u-{number}")).collect();
    assert_eq!(channel.running().member_ids(), ids, "{what}");
    for (number, declared) in users {
        let user = channel
            .running()
            .user(&format!("u-{number}"))
            .expect("a user");
        let profile = &user["profile"];
        let plan = profile.get("plan");
        if declared.plan.is_some() || !people.gave(&format!("u-{number}"), "plan", plan) {
            assert_eq!(
                plan.and_then(Json::as_str),
                declared.plan,
                "{what}: u-{number}"
            );
        }
        let seats = profile.get("seats").and_then(Json::as_i64);
        assert_eq!(seats, declared.seats.map(i64::from), "{what}: u-{number}");
        let chose = people.opted_in.contains(&format!("u-{number}"));
        if declared.opted_out == Some(true) && !chose {
            assert_eq!(user["unsubscribeEmail"], true, "{what}: u-{number}");
        }
    }
    check_record(channel, project, people, what);
    let plan = ["plan", "--refresh", "--detailed-exitcode"];
    project.run(&plan).expect(0);
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
