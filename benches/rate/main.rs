//! Measures how close an apply and a read come to Channel's rate limit, and whether they exceed it: 10,000
//! users are sent to a sandbox with a bucket of 1,000, refilled at 1,000 a second, and 5,000 are read from it. Then
//! users are read through limiters that the project's rate does not fit.
//!
//! `cargo bench --bench rate` (half an hour)

#![allow(missing_docs, unreachable_pub, clippy::print_stdout)]

mod limited;
#[path = "../million/planning.rs"]
mod planning;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use planning::plan_for;
use talkform::apply::{Event, Options, Pace, ReadOptions, Record, execute, read_users};
use talkform::model::{
    ApiVersion, Attributes, Declared, Desired, DesiredUser, Destination, DigestKey, MemberId,
    Origin, Project, Rate, State,
};
use talkform::remote::{Channel, HttpSettings, Policy};
use talkform::sandbox::{Running, SandboxSettings, start};
use talkform::state::Store;
use tokio::sync::watch;

const USERS: u32 = 10_000;
const READ: u32 = 5_000;
const RATE: Rate = Rate {
    per_second: 1000.0,
    burst: 1000,
};

#[expect(
    clippy::disallowed_methods,
    reason = "a bench is a program, so it may read the clock"
)]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

fn users() -> Desired {
    let users: BTreeMap<MemberId, DesiredUser> = (0..USERS)
        .map(|number| {
            let plan = Declared::Set("pro".into());
            let attributes = Attributes {
                profile: [("plan".into(), plan)].into(),
                ..Attributes::default()
            };
            let id = MemberId::new(&format!("u-{number:05}")).expect("an id");
            let origin = Origin::file("bench");
            (
                id,
                DesiredUser {
                    attributes: attributes.into(),
                    origin,
                },
            )
        })
        .collect();
    Desired {
        users,
        ..Desired::default()
    }
}

async fn sandbox(users: Option<PathBuf>) -> (Running, Arc<Channel>) {
    let sandbox = start(SandboxSettings {
        users,
        burst: RATE.burst,
        per_second: RATE.per_second,
        ..SandboxSettings::default()
    })
    .await
    .expect("a sandbox");
    let secret = || "bench".to_owned().into();
    let settings = HttpSettings::new(sandbox.base_url(), secret(), secret());
    let channel = Channel::new(&settings).expect("a client");
    (sandbox, Arc::new(channel))
}

fn print_result(users: u32, done: usize, requests: u64, refused: u32, elapsed: Duration) {
    let ideal = f64::from(users - RATE.burst) / RATE.per_second;
    let taken = elapsed.as_secs_f64();
    println!("users      {users}");
    println!("done       {done}");
    println!("requests   {requests}");
    println!("refused    {refused} (429 and anything else)");
    println!("time       {taken:.3} s");
    println!("ideal      {ideal:.3} s");
    println!("ratio      {:.3}", taken / ideal);
}

async fn reading() {
    let folder = tempfile::tempdir().expect("a folder");
    let users = folder.path().join("users.jsonl");
    let lines: Vec<String> = (0..READ)
        .map(|number| {
            let id = format!("u-{number:05}");
            let user = serde_json::json!({"memberId": id, "profile": {"plan": "pro"}, "tags": []});
            format!("{}\n", serde_json::json!({ "user": user }))
        })
        .collect();
    std::fs::write(&users, lines.concat()).expect("users");
    let (sandbox, channel) = sandbox(Some(users)).await;
    let ids: Vec<MemberId> = (0..READ)
        .map(|number| MemberId::new(&format!("u-{number:05}")).expect("an id"))
        .collect();
    let options = ReadOptions {
        ids: talkform::model::ShownIds::Plain,
        api: ApiVersion::V4,
        parallelism: 32,
        pace: Arc::new(Pace::new(RATE)),
        policy: Policy::default(),
        channel_id: None,
    };
    let (stop, _) = watch::channel(None);
    let mut retries = 0;
    let report = read_users(
        &ids,
        channel,
        &options,
        &stop,
        now,
        &mut |event| retries += u32::from(matches!(event, Event::Retrying { .. })),
        &mut |_, _| {},
    )
    .await;
    println!("\nreading");
    print_result(
        READ,
        report.found,
        sandbox.requests(),
        retries,
        report.elapsed,
    );
    sandbox.stop();
}

fn main() {
    // `cargo test --benches` does not give the flag; this takes ten seconds.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        applying().await;
        reading().await;
        limited::table().await;
    });
}

async fn applying() {
    let folder = tempfile::tempdir().expect("a folder");
    let (sandbox, channel) = sandbox(None).await;
    let mut state = State::new(
        "bench".into(),
        b"salt".to_vec(),
        None,
        Destination::of_api(ApiVersion::V4),
    );
    let key = DigestKey::new(&state.salt, None);
    let plan = plan_for(&users(), &state, &key, &Project::default());
    let store = Store::new(&folder.path().join("state.json"));
    store.save(&state).expect("saved");
    let mut journal = store.open_journal(&state).expect("a journal");
    let (stop, _) = watch::channel(None);
    let mut retries = 0;
    let report = execute(
        &plan,
        channel,
        &Options {
            api: ApiVersion::V4,
            parallelism: 32,
            pace: Arc::new(Pace::new(RATE)),
            policy: Policy::default(),
            fail_fast: false,
            visibility: talkform::model::Visibility::default(),
        },
        Record {
            state: &mut state,
            journal: &mut journal,
            key: &key,
        },
        &stop,
        now,
        &mut |event| {
            if let Event::Retrying { .. } = event {
                retries += 1;
            }
        },
    )
    .await;
    println!("applying");
    let done = report.applied(talkform::model::Action::Create);
    print_result(USERS, done, sandbox.requests(), retries, report.elapsed);
    sandbox.stop();
}
