//! One process: `talkform apply` from the lock to the report, as the command does it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use talkform::apply::{
    self, Finished, Options, Pace, ReadOptions, RunSettings, SaveError, Start, Target, UserOutcome,
};
use talkform::manifest::{ReadSettings, read_texts_beside};
use talkform::model::{
    ApiVersion, ChannelId, Depth, Desired, Destination, DigestKey, Limit, Limits, MemberId, Plan,
    Rate, RecordedLookup, RemoteUser, RemovedPolicy, Selection, State, Visibility,
};
use talkform::plan::{self, Context};
use talkform::remote::Policy;
use talkform::state::{Disk, LockOwner, Store, StoreError};
use tokio::sync::watch;

use crate::channel::{CHANNEL, Network};
use crate::clock;
use crate::repository::Manifests;

/// What stays the same over all runs of a seed.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) api: ApiVersion,
    pub(crate) removed: RemovedPolicy,
    pub(crate) state_key: Option<String>,
}

/// What one run is given.
#[derive(Debug)]
pub(crate) struct Run<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) read: ReadSettings,
    pub(crate) manifests: &'a Manifests,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) state: PathBuf,
    pub(crate) rescue_folder: PathBuf,
    pub(crate) network: Network,
    pub(crate) parallelism: usize,
    pub(crate) fail_fast: bool,
    pub(crate) refresh: bool,
    /// `--select`
    pub(crate) selected: Vec<String>,
    /// How many people may be created anew.
    pub(crate) recreate: Limit,
    /// When the run is asked to stop.
    pub(crate) stop_after: Option<Duration>,
    /// The random number that names the first state, and its salt.
    pub(crate) first: u64,
}

/// How a run ended by itself.
#[derive(Debug)]
pub(crate) enum Ended {
    /// There was nothing to do.
    Nothing,
    /// Every change has its outcome.
    Applied {
        plan: Box<Plan>,
        outcomes: Vec<UserOutcome>,
        requests: u64,
        saved: Result<(), SaveError>,
    },
    /// Before anything was sent.
    Refused(String),
}

impl Settings {
    pub(crate) fn key(&self, salt: &[u8]) -> DigestKey {
        DigestKey::new(salt, self.state_key.as_deref())
    }

    fn empty_state(&self, lineage: String, salt: Vec<u8>) -> State {
        let key_id = self.key(&salt).key_id().map(ToOwned::to_owned);
        State::new(lineage, salt, key_id, Destination::of_api(self.api))
    }

    /// Plans with every limit open but the one on people who are created anew, which an apply counts itself.
    pub(crate) fn plan(
        &self,
        desired: &Desired,
        state: &State,
        recreate: Limit,
        selection: &Selection,
        observed: Option<&BTreeMap<MemberId, RemoteUser>>,
    ) -> Plan {
        let any = Limit::Percent(100.0);
        let limits = Limits {
            create: any,
            update: any,
            clear: any,
            forget: any,
            delete: any,
            opt_in: any,
            recreate,
            min_users: 0,
        };
        let context = Context {
            key: &self.key(&state.salt),
            removed: self.removed,
            limits: &limits,
            destination: &Destination::of_api(self.api),
            selection,
            base: None,
            observed,
        };
        plan::plan(desired, state, &context)
    }
}

impl Run<'_> {
    fn plan(
        &self,
        desired: &Desired,
        state: &State,
        observed: Option<&BTreeMap<MemberId, RemoteUser>>,
    ) -> Plan {
        let selection = Selection::new(&self.selected);
        self.settings
            .plan(desired, state, self.recreate, &selection, observed)
    }
}

/// Runs the command. Every error before the first request is a refusal.
pub(crate) async fn apply(run: Run<'_>) -> Ended {
    let store = Store::on(Arc::clone(&run.disk), &run.state);
    let owner = LockOwner {
        id: format!("{:x}", run.first),
        who: "simulator".to_owned(),
        host: "simulated".to_owned(),
        pid: 1,
        command: "talkform apply".to_owned(),
        since: clock::now().to_string(),
        run: None,
    };
    let lock = match store.lock(&owner, Duration::ZERO) {
        Ok(lock) => lock,
        Err(error) => return Ended::Refused(error.to_string()),
    };
    let ended = locked(&run, &store).await;
    drop(lock);
    run.network.is_over();
    ended.unwrap_or_else(|error| Ended::Refused(error.to_string()))
}

async fn locked(run: &Run<'_>, store: &Store) -> Result<Ended, StoreError> {
    let settings = run.settings;
    let loaded = store.load()?;
    let provisional = settings.empty_state(String::new(), Vec::new());
    let recorded = loaded.state.as_ref().unwrap_or(&provisional);
    let key = settings.key(&recorded.salt);
    let depth = if run.refresh {
        Depth::Full
    } else {
        Depth::SkipUnchangedFiles
    };
    let lookup = loaded
        .state
        .as_ref()
        .map(|state| RecordedLookup::new(state, &key, depth))
        .filter(|_| depth != Depth::Full);
    let reading = read_texts_beside(run.manifests.texts(), &run.read, lookup.as_ref());
    assert!(!reading.has_errors(), "{:?}", reading.diagnostics);
    let desired = reading.desired;
    let pace = Arc::new(Pace::new(Rate {
        per_second: 1000.0,
        burst: 1000,
    }));
    let stop = stop_after(run.stop_after);
    let observed = match observe(run, &desired, &pace, &stop).await {
        Ok(observed) => observed,
        Err(unread) => return Ok(Ended::Refused(unread)),
    };
    let mut plan = run.plan(&desired, recorded, observed.as_ref());
    run.network.plans(&plan);
    let target = Target {
        store,
        key: &key,
        desired: &desired,
        rescue_folder: &run.rescue_folder,
    };
    if plan.is_empty() {
        let cleaned = target.clean_up(loaded, &plan);
        return Ok(cleaned.map_or_else(
            |error| Ended::Refused(error.to_string()),
            |()| Ended::Nothing,
        ));
    }
    let records = apply::most_written(&plan, clock::now());
    store.check_room(&loaded, &desired, records)?;
    let start = Start::new(loaded, || {
        let salt = run.first.to_be_bytes().to_vec();
        Ok::<_, StoreError>(settings.empty_state(format!("{:016x}", run.first), salt))
    })?;
    let target = Target {
        key: &settings.key(&start.state().salt),
        ..target
    };
    let options = Options {
        api: settings.api,
        parallelism: run.parallelism,
        pace,
        policy: Policy::default(),
        fail_fast: run.fail_fast,
        visibility: Visibility::default(),
    };
    let Finished { report, saved } = apply::run(
        &target,
        start,
        &mut plan,
        RunSettings {
            channel: Arc::new(run.network.clone()),
            channel_id: channel_id(),
            options: &options,
            clock: clock::now,
            stop: &stop,
        },
        &mut |_| {},
    )
    .await?;
    Ok(Ended::Applied {
        plan: Box::new(plan),
        outcomes: report.outcomes,
        requests: report.requests,
        saved,
    })
}

fn channel_id() -> ChannelId {
    ChannelId::new(CHANNEL).expect("an id")
}

/// Reads every declared user where the run asks Channel first.
async fn observe(
    run: &Run<'_>,
    desired: &Desired,
    pace: &Arc<Pace>,
    stop: &watch::Sender<Option<talkform::model::StopCause>>,
) -> Result<Option<BTreeMap<MemberId, RemoteUser>>, String> {
    if !run.refresh {
        return Ok(None);
    }
    let ids: Vec<MemberId> = desired.users.keys().cloned().collect();
    let options = ReadOptions {
        ids: talkform::model::ShownIds::Plain,
        api: run.settings.api,
        parallelism: run.parallelism,
        pace: Arc::clone(pace),
        policy: Policy::default(),
        channel_id: Some(CHANNEL.to_owned()),
    };
    let mut observed = BTreeMap::new();
    let report = apply::read_users(
        &ids,
        Arc::new(run.network.clone()),
        &options,
        stop,
        clock::now,
        &mut |_| {},
        &mut |id, user| {
            if let Ok(user) = user {
                observed.insert(id.clone(), user);
            }
        },
    )
    .await;
    if report.is_whole() {
        Ok(Some(observed))
    } else {
        Err("not every user could be read".to_owned())
    }
}

/// Asks for a stop after this time. The task ends with its run.
fn stop_after(time: Option<Duration>) -> watch::Sender<Option<talkform::model::StopCause>> {
    let (stop, _) = watch::channel(None);
    if let Some(time) = time {
        let stop = stop.clone();
        tokio::spawn(async move {
            tokio::time::sleep(time).await;
            stop.send_replace(Some(talkform::model::StopCause::Interrupted));
        });
    }
    stop
}

/// The flags that manifests declare as `false`.
pub(crate) fn declared_false(desired: &Desired) -> BTreeSet<(String, String)> {
    let mut declared = BTreeSet::new();
    for (id, user) in &desired.users {
        for (path, value) in user.attributes.fields() {
            if path.is_unsubscribe_flag() && value == talkform::model::FieldValue::Flag(false) {
                declared.insert((id.as_str().to_owned(), path.to_string()));
            }
        }
    }
    declared
}

/// The state's files of one clone.
pub(crate) fn journal_of(state: &Path) -> PathBuf {
    let mut name = state.as_os_str().to_owned();
    name.push(".journal");
    PathBuf::from(name)
}
