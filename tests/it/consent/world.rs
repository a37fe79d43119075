//! Plans and applies with the library against a sandbox on loopback.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use talkform::apply::{Options, Pace, ReadOptions, Report, RunSettings, Start, Target};
use talkform::model::{
    ApiVersion, ChannelId, Desired, Destination, DigestKey, Limit, Limits, MemberId, Plan, Rate,
    RemoteUser, RemovedPolicy, Selection, State,
};
use talkform::plan::{Context, plan, to_refresh};
use talkform::remote::{Channel, HttpSettings, Method, Policy, Request, Transport};
use talkform::sandbox::{Logged, Running, SandboxSettings};
use talkform::state::Store;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::watch;

const SALT: &[u8] = b"salt";
const RATE: Rate = Rate {
    per_second: 1_000_000.0,
    burst: 1_000_000,
};

/// A sandbox, a connection to it and a state.
pub(crate) struct World {
    runtime: Runtime,
    pub(crate) sandbox: Running,
    client: Arc<dyn Transport>,
    folder: TempDir,
    seen: usize,
}

fn now() -> Timestamp {
    Timestamp::UNIX_EPOCH
}

/// In memory where the system has such a folder: nothing here is about disks, and flushing takes most of the time.
fn folder() -> TempDir {
    TempDir::new_in("/dev/shm")
        .or_else(|_| TempDir::new())
        .expect("a folder")
}

fn policy() -> Policy {
    Policy {
        most_attempts: 2,
        ..Policy::pausing(Duration::from_micros(100))
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Self::through(|client| client)
    }

    /// The same with requests that pass through something else on their way.
    pub(crate) fn through(wrap: impl FnOnce(Arc<dyn Transport>) -> Arc<dyn Transport>) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let settings = SandboxSettings {
            burst: RATE.burst,
            per_second: RATE.per_second,
            log: true,
            ..SandboxSettings::default()
        };
        let sandbox = runtime
            .block_on(talkform::sandbox::start(settings))
            .expect("a sandbox");
        let secret = || "secret".to_owned().into();
        let settings = HttpSettings::new(sandbox.base_url(), secret(), secret());
        Self {
            client: wrap(Arc::new(Channel::new(&settings).expect("a client"))),
            runtime,
            sandbox,
            folder: folder(),
            seen: 0,
        }
    }

    pub(crate) fn state_file(&self) -> std::path::PathBuf {
        self.folder.path().join("state.json")
    }

    fn store(&self) -> Store {
        Store::new(&self.state_file())
    }

    pub(crate) fn key() -> DigestKey {
        DigestKey::new(SALT, None)
    }

    fn destination(&self, api: ApiVersion) -> Destination {
        Destination {
            base_url: self.sandbox.base_url(),
            channel_id: ChannelId::new("sandbox").ok(),
            ..Destination::of_api(api)
        }
    }

    fn first_state(&self, api: ApiVersion) -> State {
        let destination = self.destination(api);
        State::new("lineage".into(), SALT.to_vec(), None, destination)
    }

    /// The recorded state, or an empty one.
    pub(crate) fn state(&self, api: ApiVersion) -> State {
        let loaded = self.store().load().expect("a state");
        loaded.state.unwrap_or_else(|| self.first_state(api))
    }

    pub(crate) fn save(&self, mut state: State) {
        state.serial += 1;
        let store = self.store();
        let _ = store.load().expect("a state");
        store.save(&state).expect("saved");
    }

    /// Sends a user as another program would.
    pub(crate) fn put(&self, id: &MemberId, body: &serde_json::Value, api: ApiVersion) {
        let request = Request {
            method: Method::Put,
            path: format!("/open/{api}/users/@{id}"),
            body: Some(body.to_string().into_bytes()),
            user: Some(id.clone()),
        };
        let answer = self.runtime.block_on(self.client.send(&request));
        assert_eq!(answer.expect("a response").status, 200);
    }

    /// Reads the users that a refreshed plan needs. `None` where one of them cannot be read.
    fn read(&self, ids: &[MemberId], api: ApiVersion) -> Option<BTreeMap<MemberId, RemoteUser>> {
        let options = ReadOptions {
            ids: talkform::model::ShownIds::Plain,
            api,
            parallelism: 2,
            pace: Arc::new(Pace::new(RATE)),
            policy: policy(),
            channel_id: Some("sandbox".to_owned()),
        };
        let (stop, _) = watch::channel(None);
        let mut users = BTreeMap::new();
        let client = Arc::clone(&self.client);
        let report = self.runtime.block_on(talkform::apply::read_users(
            ids,
            client,
            &options,
            &stop,
            now,
            &mut |_| {},
            &mut |id, user| {
                if let Ok(user) = user {
                    users.insert(id.clone(), user);
                }
            },
        ));
        report.is_whole().then_some(users)
    }

    /// Plans. `None` where Channel could not be asked.
    pub(crate) fn plan(
        &self,
        desired: &Desired,
        api: ApiVersion,
        removed: RemovedPolicy,
        refresh: bool,
    ) -> Option<Plan> {
        let state = self.state(api);
        let selection = Selection::default();
        let observed = if refresh {
            let ids: Vec<MemberId> = to_refresh(desired, &state, &selection)
                .into_iter()
                .collect();
            Some(self.read(&ids, api)?)
        } else {
            None
        };
        let free = Limit::Count(1_000);
        let limits = Limits {
            create: free,
            update: free,
            clear: free,
            forget: free,
            delete: free,
            opt_in: Limit::Count(0),
            recreate: free,
            min_users: 0,
        };
        let destination = self.destination(api);
        Some(plan(
            desired,
            &state,
            &Context {
                key: &Self::key(),
                removed,
                limits: &limits,
                destination: &destination,
                selection: &selection,
                base: None,
                observed: observed.as_ref(),
            },
        ))
    }

    /// Applies a plan and returns what was sent for it.
    pub(crate) fn apply(
        &mut self,
        plan: &mut Plan,
        desired: &Desired,
        api: ApiVersion,
    ) -> (Report, Vec<Logged>) {
        self.seen = self.sandbox.log().len();
        let store = self.store();
        let loaded = store.load().expect("a state");
        let start = Start::new(loaded, || Ok::<_, ()>(self.first_state(api))).expect("a start");
        let key = Self::key();
        let target = Target {
            store: &store,
            key: &key,
            desired,
            rescue_folder: self.folder.path(),
        };
        let options = Options {
            api,
            parallelism: 2,
            pace: Arc::new(Pace::new(RATE)),
            policy: policy(),
            fail_fast: false,
            visibility: talkform::model::Visibility::default(),
        };
        let (stop, _) = watch::channel(None);
        let settings = RunSettings {
            channel: Arc::clone(&self.client),
            channel_id: ChannelId::new("sandbox").expect("an id"),
            options: &options,
            clock: now,
            stop: &stop,
        };
        let finished = self
            .runtime
            .block_on(talkform::apply::run(
                &target,
                start,
                plan,
                settings,
                &mut |_| {},
            ))
            .expect("the journal is written");
        finished.saved.expect("the state is saved");
        let sent = self.sandbox.log().split_off(self.seen);
        (finished.report, sent)
    }
}
