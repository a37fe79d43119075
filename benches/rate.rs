//! How close an apply comes to the budget that Channel grants, and whether it ever exceeds it:
//! 10,000 users against a sandbox with a bucket of 1,000, refilled at 1,000 a second.
//!
//! `cargo bench --bench rate`

#![allow(missing_docs, clippy::print_stdout)]

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use talkform::apply::{Options, Pace, Record, execute};
use talkform::model::{
    ApiVersion, Attributes, Declared, Desired, DesiredUser, DigestKey, Limits, MemberId, Origin,
    Rate, RemovedPolicy, Selection, State,
};
use talkform::plan::{Context, plan};
use talkform::remote::{Channel, HttpSettings, Policy};
use talkform::sandbox::{SandboxSettings, start};
use talkform::state::Store;
use tokio::sync::watch;

const USERS: u32 = 10_000;
const RATE: Rate = Rate {
    per_second: 1000.0,
    burst: 1000,
};

#[expect(clippy::disallowed_methods, reason = "a bench is a program of its own")]
fn now() -> Timestamp {
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
            (id, DesiredUser { attributes, origin })
        })
        .collect();
    Desired { users }
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let folder = tempfile::tempdir().expect("a folder");
        let sandbox = start(SandboxSettings {
            burst: RATE.burst,
            per_second: RATE.per_second,
            ..SandboxSettings::default()
        })
        .await
        .expect("a sandbox");
        let secret = || "bench".to_owned().into();
        let channel = Channel::new(&HttpSettings::new(sandbox.base_url(), secret(), secret()))
            .expect("a client");
        let mut state = State::new("bench".into(), b"salt".to_vec(), None, ApiVersion::V4);
        let key = DigestKey::new(&state.salt, None);
        let plan = plan(
            &users(),
            &state,
            &Context {
                key: &key,
                removed: RemovedPolicy::default(),
                limits: &Limits::default(),
                selection: &Selection::default(),
                base: None,
            },
        );
        let store = Store::new(&folder.path().join("state.json"));
        store.save(&state).expect("saved");
        let mut journal = store.open_journal(&state).expect("a journal");
        let (stop, _) = watch::channel(None);
        let mut retries = 0;
        let report = execute(
            &plan,
            Arc::new(channel),
            &Options {
                api: ApiVersion::V4,
                parallelism: 32,
                pace: Arc::new(Pace::new(RATE)),
                policy: Policy::default(),
                fail_fast: false,
            },
            Record {
                state: &mut state,
                journal: &mut journal,
            },
            &stop,
            now,
            &mut |event| {
                if let talkform::apply::Event::Retrying { .. } = event {
                    retries += 1;
                }
            },
        )
        .await;
        let ideal = f64::from(USERS - RATE.burst) / RATE.per_second;
        let taken = report.elapsed.as_secs_f64();
        println!("users      {USERS}");
        println!("accepted   {}", report.applied("create"));
        println!("requests   {}", sandbox.requests());
        println!("refused    {retries} (429 and anything else)");
        println!("time       {taken:.3} s");
        println!("ideal      {ideal:.3} s");
        println!("ratio      {:.3}", taken / ideal);
        sandbox.stop();
    });
}
