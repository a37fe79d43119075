//! Measures the steps of a run, one by one: reading, digests, planning, the state, rendering.
//!
//! `cargo bench --bench steps`, or `cargo bench --bench steps -- state` for the steps with a word in their name.

#![allow(missing_docs, unreachable_pub)]

#[path = "million/planning.rs"]
mod planning;
#[path = "million/users.rs"]
mod users;
#[path = "million/write.rs"]
mod write;

use std::sync::{Arc, LazyLock};

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use fastrand::Rng;
use talkform::manifest::{self, ReadSettings};
use talkform::model::{
    ApiVersion, Desired, Destination, DigestKey, Entry, FieldPatterns, FieldSettings, Plan,
    Project, State, Visibility,
};
use talkform::render::plan::markdown::MarkdownOptions;
use talkform::render::{KnownUsers, PlanView, Style, TextOptions, plan as plan_renderer};
use talkform::state::{self, Store};

const USERS: u32 = 100_000;
const CHANGES: u32 = 10_000;
const IN_A_FILE: u32 = 100;

type Files = Vec<(Arc<str>, Vec<u8>)>;
type Writer = fn(&[users::User], bool) -> String;

fn main() {
    // `cargo test --benches` does not give the flag; this takes minutes.
    if std::env::args().any(|argument| argument == "--bench") {
        divan::main();
    }
}

fn files(ending: &str, in_a_file: u32, write: Writer) -> Files {
    let mut rng = Rng::with_seed(1);
    (0..USERS / in_a_file)
        .map(|file| {
            let numbers = file * in_a_file..(file + 1) * in_a_file;
            let users: Vec<_> = numbers.map(|n| users::user(n, &mut rng)).collect();
            let text = write(&users, file.is_multiple_of(3));
            (format!("users/{file:06}.{ending}").into(), text.into())
        })
        .collect()
}

fn settings() -> ReadSettings {
    ReadSettings {
        patterns: Project::default().manifests,
        api: ApiVersion::V4,
        visibility: Visibility::default(),
        rules: None,
    }
}

static DESIRED: LazyLock<Desired> = LazyLock::new(|| {
    let reading = manifest::read_texts(files("yaml", IN_A_FILE, write::yaml), &settings());
    assert!(reading.diagnostics.is_empty(), "{:?}", reading.diagnostics);
    reading.desired
});

fn key() -> DigestKey {
    DigestKey::new(b"0123456789abcdef", None)
}

/// A state without users.
fn first_state() -> State {
    let salt = b"0123456789abcdef".to_vec();
    State::new(
        "bench".to_owned(),
        salt,
        None,
        Destination::of_api(ApiVersion::V4),
    )
}

/// A state in which every user is recorded as declared.
static RECORDED: LazyLock<State> = LazyLock::new(|| {
    let (key, mut state) = (key(), first_state());
    let at = "2026-01-01T00:00:00Z".parse().expect("a time");
    for (id, user) in &DESIRED.users {
        let digests = key.for_user(id).digests(&user.attributes);
        state.record(id.clone(), Entry::new(&digests, at));
    }
    state
});

fn plan_for(desired: &Desired, state: &State) -> Plan {
    planning::plan_for(desired, state, &key(), &Project::default())
}

/// A plan that creates users with all their fields: the most that a plan can show.
static MANY_CHANGES: LazyLock<Plan> = LazyLock::new(|| {
    let users = DESIRED.users.iter().take(CHANGES as usize);
    let desired = Desired {
        users: users.map(|(id, user)| (id.clone(), user.clone())).collect(),
        ..Desired::default()
    };
    plan_for(&desired, &first_state())
});

fn read(bencher: Bencher<'_, '_>, files: &Files) {
    let settings = settings();
    let bytes: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
    bencher
        .counter(ItemsCount::new(USERS))
        .counter(BytesCount::new(bytes))
        .with_inputs(|| files.clone())
        .bench_values(|files| manifest::read_texts(files, &settings));
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn read_yaml(bencher: Bencher<'_, '_>) {
    read(bencher, &files("yaml", IN_A_FILE, write::yaml));
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn read_one_yaml_file(bencher: Bencher<'_, '_>) {
    read(bencher, &files("yaml", USERS, write::yaml));
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn read_json_lines(bencher: Bencher<'_, '_>) {
    read(bencher, &files("jsonl", IN_A_FILE, write::json_lines));
}

#[divan::bench]
fn digests_of_a_user(bencher: Bencher<'_, '_>) {
    let key = key();
    let (id, user) = DESIRED.users.iter().next().expect("a user");
    bencher.bench(|| key.for_user(id).digests(black_box(&user.attributes)));
}

#[divan::bench]
fn digest_of_a_user_alone(bencher: Bencher<'_, '_>) {
    let key = key();
    let (id, user) = DESIRED.users.iter().next().expect("a user");
    bencher.bench(|| key.for_user(id).user_digest(black_box(&user.attributes)));
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn plan_unchanged(bencher: Bencher<'_, '_>) {
    let (desired, state) = (&*DESIRED, &*RECORDED);
    assert!(plan_for(desired, state).is_empty());
    bencher
        .counter(ItemsCount::new(USERS))
        .bench(|| plan_for(desired, state));
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn state_write(bencher: Bencher<'_, '_>) {
    let state = &*RECORDED;
    bencher.counter(ItemsCount::new(USERS)).bench(|| {
        let mut bytes = Vec::new();
        state::write(state, &mut bytes).expect("written");
        bytes
    });
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn state_save(bencher: Bencher<'_, '_>) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::new(&folder.path().join("state.json"));
    let state = &*RECORDED;
    bencher
        .counter(ItemsCount::new(USERS))
        .bench(|| store.save(state).expect("saved"));
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn state_load(bencher: Bencher<'_, '_>) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::new(&folder.path().join("state.json"));
    store.save(&RECORDED).expect("saved");
    bencher
        .counter(ItemsCount::new(USERS))
        .bench(|| store.load().expect("loaded"));
}

/// The plan of many changes as text, with every user.
fn rendered(visibility: &Visibility) -> String {
    let options = TextOptions {
        style: Style::plain(),
        full: true,
        ..TextOptions::default()
    };
    let mut text = String::new();
    let view = PlanView::new(&MANY_CHANGES, visibility, KnownUsers::default());
    plan_renderer::text::write(&mut text, &view, &options).expect("rendered");
    text
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn render_text(bencher: Bencher<'_, '_>) {
    bencher
        .counter(ItemsCount::new(CHANGES))
        .bench(|| rendered(&Visibility::default()));
}

/// What the masks cost: with every field public, each text is compared with the hidden values of its user.
#[divan::bench(sample_count = 5, sample_size = 1, args = ["public", "revealed"])]
fn render_masked(bencher: Bencher<'_, '_>, shown: &str) {
    let visibility = Visibility::new(FieldSettings {
        public: FieldPatterns::new(&["profile.*"]),
        ..FieldSettings::default()
    })
    .revealing(shown == "revealed");
    bencher
        .counter(ItemsCount::new(CHANGES))
        .bench(|| rendered(&visibility));
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn render_markdown(bencher: Bencher<'_, '_>) {
    let plan = &*MANY_CHANGES;
    bencher.counter(ItemsCount::new(CHANGES)).bench(|| {
        let visibility = Visibility::default();
        let view = PlanView::new(plan, &visibility, KnownUsers::default());
        plan_renderer::markdown::comment(&view, &MarkdownOptions::default())
    });
}
