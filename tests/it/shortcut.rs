//! Checks that files that are as recorded are not read, and that the plan is the same as if they were.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use jiff::Timestamp;
use proptest::prelude::*;
use talkform::manifest::{Reading, read_texts_beside};
use talkform::model::{
    Change, Depth, DigestKey, Entry, MemberId, Plan, RecordedLookup, State, Write,
};
use talkform::plan::record_files;
use talkform::state::Store;

use crate::planning::{Planning, no_users, settings};
use crate::project::{Channel, many_users};

type Files = BTreeMap<String, File>;

/// A file as the test writes one.
#[derive(Clone, Debug, Default)]
struct File {
    users: Vec<User>,
    /// Old ids and new ones.
    moved: Vec<(String, String)>,
}

/// A user as the test writes one.
#[derive(Clone, Debug)]
struct User {
    id: String,
    plan: u8,
    /// Gives rise to a warning.
    odd: bool,
}

fn text(name: &str, File { users, moved }: &File) -> String {
    let is_yaml = !name.contains(".jsonl");
    let mut text = String::new();
    if is_yaml {
        text.push_str("apiVersion: talkform/v1\nkind: UserList\n");
        if !moved.is_empty() {
            text.push_str("moved:\n");
        }
        for (from, to) in moved {
            let _ = writeln!(text, "  - {{from: \"{from}\", to: \"{to}\"}}");
        }
        text.push_str("users:\n");
    }
    for User { id, plan, odd } in users {
        let tag = if *odd { "BETA" } else { "beta" };
        let item = if is_yaml { "  - " } else { "" };
        let _ = writeln!(
            text,
            "{item}{{\"memberId\": \"{id}\", \"profile\": {{\"plan\": {plan}}}, \"tags\": [\"{tag}\"]}}"
        );
    }
    if is_yaml && users.is_empty() {
        text.push_str("  []\n");
    }
    text
}

fn read(files: &Files, known: Option<&RecordedLookup<'_>>) -> Reading {
    let texts = files
        .iter()
        .map(|(name, file)| (Arc::from(&**name), text(name, file).into_bytes()));
    read_texts_beside(texts.collect(), &settings(), known)
}

fn plan_of(reading: &Reading, state: &State) -> Plan {
    Planning::default().plan(&reading.desired, state)
}

/// What happens between two plans.
#[derive(Clone, Debug)]
enum Step {
    /// A user gets another plan.
    Edit(usize, u8),
    /// A user is added to a file.
    Add(usize, User),
    Remove(usize),
    /// A user goes to another file.
    Move(usize, usize),
    Rename(usize, String),
    Copy(usize, String),
    /// A file is removed.
    Drop(usize),
    /// A file says that an id changed, or says nothing of that any more.
    Say(usize, Option<(String, String)>),
    /// An apply in which every `n`th change fails; `whole` says whether its end was reached.
    Apply {
        nth: usize,
        whole: bool,
    },
    /// A user is dropped from the state by hand.
    Forget(usize),
}

fn ids() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["u1", "U1", "u2", "u3", "ü", "Ü", "u4", "u5"]).prop_map(str::to_owned)
}

fn names() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a.yaml", "b.yaml", "c.jsonl", "d.yaml", "e.jsonl"])
        .prop_map(str::to_owned)
}

fn user() -> impl Strategy<Value = User> {
    (ids(), 0..3_u8, prop::bool::weighted(0.1)).prop_map(|(id, plan, odd)| User { id, plan, odd })
}

fn file() -> impl Strategy<Value = File> {
    prop::collection::vec(user(), 0..4).prop_map(|users| File {
        users,
        ..File::default()
    })
}

fn step() -> impl Strategy<Value = Step> {
    let at = 0..100_usize;
    prop_oneof![
        2 => (at.clone(), 0..3_u8).prop_map(|(at, plan)| Step::Edit(at, plan)),
        2 => (at.clone(), user()).prop_map(|(at, user)| Step::Add(at, user)),
        1 => at.clone().prop_map(Step::Remove),
        1 => (at.clone(), at.clone()).prop_map(|(one, other)| Step::Move(one, other)),
        1 => (at.clone(), names()).prop_map(|(at, name)| Step::Rename(at, name)),
        1 => (at.clone(), names()).prop_map(|(at, name)| Step::Copy(at, name)),
        1 => at.clone().prop_map(Step::Drop),
        1 => (at.clone(), prop::option::of((ids(), ids()))).prop_map(|(at, ids)| Step::Say(at, ids)),
        4 => (2..12_usize, prop::bool::weighted(0.8)).prop_map(|(nth, whole)| Step::Apply { nth, whole }),
        1 => at.prop_map(Step::Forget),
    ]
}

fn user_at(files: &mut Files, at: usize) -> Option<(String, usize)> {
    let all: Vec<(String, usize)> = files
        .iter()
        .flat_map(|(name, file)| (0..file.users.len()).map(move |user| (name.clone(), user)))
        .collect();
    (!all.is_empty()).then(|| all[at % all.len()].clone())
}

fn file_at(files: &Files, at: usize) -> Option<String> {
    let names: Vec<&String> = files.keys().collect();
    (!names.is_empty()).then(|| names[at % names.len()].clone())
}

/// Carries out a plan, but for every `nth` change, and records it unless the run was killed.
fn apply(
    state: &mut State,
    reading: &Reading,
    planned: &Plan,
    key: &DigestKey,
    step: (usize, bool),
) {
    let (nth, whole) = step;
    let entry = |write: &Write, id: &MemberId| {
        Entry::new(&write.digests(&key.for_user(id)), Timestamp::UNIX_EPOCH)
    };
    for (number, change) in planned.changes.iter().enumerate() {
        if number % nth == nth - 1 {
            continue;
        }
        match &change.change {
            Change::Create(write) | Change::Update(write) => {
                let entry = entry(write, &change.id);
                state.record(change.id.clone(), entry);
            }
            Change::Move { from, write, .. } => {
                let entry = entry(write, &change.id);
                state.record(change.id.clone(), entry);
                state.users.remove(from);
            }
            Change::Forget { .. } | Change::Delete { .. } => {
                state.users.remove(&change.id);
            }
        }
    }
    if whole {
        record_files(state, &reading.desired, planned, key);
    }
    state.serial += 1;
}

fn take(files: &mut Files, state: &mut State, step: &Step, key: &DigestKey) {
    match step.clone() {
        Step::Edit(at, plan) => {
            if let Some((name, user)) = user_at(files, at) {
                files.get_mut(&name).expect("a file").users[user].plan = plan;
            }
        }
        Step::Add(at, user) => {
            if let Some(name) = file_at(files, at) {
                files.get_mut(&name).expect("a file").users.push(user);
            }
        }
        Step::Remove(at) => {
            if let Some((name, user)) = user_at(files, at) {
                files.get_mut(&name).expect("a file").users.remove(user);
            }
        }
        Step::Move(at, to) => {
            if let (Some((name, user)), Some(to)) = (user_at(files, at), file_at(files, to)) {
                let user = files.get_mut(&name).expect("a file").users.remove(user);
                files.get_mut(&to).expect("a file").users.push(user);
            }
        }
        Step::Rename(at, to) => {
            if let Some(name) = file_at(files, at) {
                let users = files.remove(&name).expect("a file");
                files.insert(to, users);
            }
        }
        Step::Copy(at, to) => {
            if let Some(name) = file_at(files, at) {
                files.insert(to, files[&name].clone());
            }
        }
        Step::Drop(at) => {
            if let Some(name) = file_at(files, at) {
                files.remove(&name);
            }
        }
        Step::Say(at, ids) => {
            if let Some(name) = file_at(files, at) {
                files.get_mut(&name).expect("a file").moved = ids.into_iter().collect();
            }
        }
        Step::Apply { nth, whole } => {
            let known = state.clone();
            let reading = read(
                files,
                Some(&RecordedLookup::new(&known, key, Depth::SkipUnchangedFiles)),
            );
            if !reading.has_errors() {
                let planned = plan_of(&reading, state);
                apply(state, &reading, &planned, key, (nth, whole));
            }
        }
        Step::Forget(at) => {
            let ids: Vec<_> = state.users.keys().cloned().collect();
            if !ids.is_empty() {
                state.users.remove(&ids[at % ids.len()]);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn nobody_can_tell(
        files in prop::collection::btree_map(names(), file(), 1..4),
        steps in prop::collection::vec(step(), 1..20),
    ) {
        let key = Planning::default().key;
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::new(&folder.path().join("state.json"));
        let mut files = files;
        let mut state = no_users();
        for step in &steps {
            take(&mut files, &mut state, step, &key);
            store.save(&state).expect("saved");
            state = store.load().expect("loaded").state.expect("a state");

            let full = read(&files, None);
            let users = read(&files, Some(&RecordedLookup::new(&state, &key, Depth::SkipUnchangedUsers)));
            let short = read(&files, Some(&RecordedLookup::new(&state, &key, Depth::SkipUnchangedFiles)));
            prop_assert_eq!(&full.diagnostics, &users.diagnostics);
            prop_assert_eq!(&full.diagnostics, &short.diagnostics);
            if full.has_errors() {
                continue;
            }
            let expected = plan_of(&full, &state);
            prop_assert_eq!(&expected, &plan_of(&users, &state));
            prop_assert_eq!(&expected, &plan_of(&short, &state));
            prop_assert_eq!(full.desired.count(), short.desired.count());
            for id in full.desired.users.keys() {
                prop_assert!(short.desired.declares(id, &state));
            }
        }
    }
}

/// Names of the files that had to be read.
fn had_to_be_read(reading: &Reading) -> Vec<&str> {
    let unread = &reading.desired.unchanged.files;
    let files = reading.desired.files.iter().enumerate();
    let read = files.filter(|(index, _)| !unread.contains_key(index));
    read.map(|(_, file)| &*file.name).collect()
}

fn of(ids: &[&str], plan: u8) -> File {
    let users = ids.iter().map(|id| User {
        id: (*id).into(),
        plan,
        odd: false,
    });
    File {
        users: users.collect(),
        ..File::default()
    }
}

#[test]
fn only_what_changed_is_read() {
    let key = Planning::default().key;
    let mut state = no_users();
    let mut files: Files = [
        ("a.yaml".into(), of(&["u1", "u2"], 0)),
        ("b.yaml".into(), of(&["u3"], 0)),
        ("c.jsonl".into(), of(&["u4"], 0)),
    ]
    .into();
    let apply_all = |files: &Files, state: &mut State| {
        let known = state.clone();
        let reading = read(
            files,
            Some(&RecordedLookup::new(
                &known,
                &key,
                Depth::SkipUnchangedFiles,
            )),
        );
        let planned = plan_of(&reading, state);
        apply(state, &reading, &planned, &key, (usize::MAX, true));
    };
    apply_all(&files, &mut state);
    let beside = |files: &Files, state: &State| {
        read(
            files,
            Some(&RecordedLookup::new(state, &key, Depth::SkipUnchangedFiles)),
        )
    };
    assert!(had_to_be_read(&beside(&files, &state)).is_empty());

    files.get_mut("b.yaml").expect("a file").users[0].plan = 1;
    assert_eq!(had_to_be_read(&beside(&files, &state)), ["b.yaml"]);

    // Another name alone changes nothing; another format would.
    let moved = files.remove("a.yaml").expect("a file");
    files.insert("z.yaml".into(), moved);
    assert_eq!(had_to_be_read(&beside(&files, &state)), ["b.yaml"]);

    // The numbers of the users in files that stay as they were stay too.
    let numbers = |state: &State| -> BTreeMap<String, Option<u32>> {
        let users = state.users.iter();
        users
            .map(|(id, entry)| (id.to_string(), entry.file))
            .collect()
    };
    let before = numbers(&state);
    apply_all(&files, &mut state);
    assert_eq!(numbers(&state), before);
    assert!(had_to_be_read(&beside(&files, &state)).is_empty());

    // A declaration elsewhere of an id that is in a known file: both are read, and it is said where.
    files.insert("c2.yaml".into(), of(&["u3"], 1));
    let clash = beside(&files, &state);
    let codes: Vec<_> = clash.diagnostics.iter().map(|found| found.code).collect();
    assert_eq!(codes, ["duplicate-member-id"]);
    files.remove("c2.yaml");

    // A record without its user is worth nothing.
    state.users.pop_first();
    talkform::model::file_record::discard_stale_files(&mut state);
    assert_eq!(had_to_be_read(&beside(&files, &state)), ["z.yaml"]);
}

#[test]
fn the_program_prints_the_same_with_and_without() {
    let channel = Channel::start();
    let project = channel.project();
    project.write("users/a.yaml", &many_users(50, "free"));
    project.write(
        "users/b.yaml",
        &many_users(3, "free").replace("\"u-", "\"v-"),
    );
    project.run(&["apply", "--auto-approve"]).expect(0);
    let state = project.read("talkform.state.json");
    assert!(
        state.contains("\"users/a.yaml\": {\"no\":1,\"digest\":\""),
        "{state}"
    );
    assert!(state.contains("\",2,\""), "{state}");

    project.edit("users/b.yaml", "seats: 2 }", "seats: 3 }");
    for format in ["text", "markdown", "json"] {
        let short = project.run(&["plan", "--format", format]).expect(0);
        let full = project
            .run(&["plan", "--format", format, "--no-shortcut"])
            .expect(0);
        assert_eq!(short.all(), full.all());
        assert!(short.stdout.contains("v-00002"), "{}", short.stdout);
    }

    // Other rules, another meaning: what was known no longer counts.
    project.write(
        "rules.json",
        "{\"properties\":{\"profile\":{\"required\":[\"city\"]}}}",
    );
    let settings = project.read("talkform.yaml");
    project.write("talkform.yaml", &format!("{settings}rules: rules.json\n"));
    let refused = project.run(&["plan"]).expect(1);
    assert!(
        refused.stderr.contains("users/a.yaml:4"),
        "{}",
        refused.stderr
    );
}
