//! Runs one random history of a project, of its channel and of the people in it.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value as Json, json};
use talkform::apply::Report;
use talkform::manifest::adopt;
use talkform::model::{
    ApiVersion, Attributes, Declared, Desired, DesiredUser, Entry, LimitKind, MemberId, Moved,
    Observed, Origin, ProfileKey, RemovedPolicy, RemovedUsers,
};

use crate::consent::claims::{Claims, FLAGS, counted, declared, judge, opt_ins};
use crate::consent::world::World;
use crate::random::Random;

/// How often each thing happened, so that a test can tell that it happened at all.
pub(crate) type Tally = BTreeMap<&'static str, usize>;

/// What goes wrong with requests.
const FAULTS: [&[&str]; 7] = [
    &[],
    &[],
    &[],
    &["422:40%"],
    &["reset-after:60%"],
    &["500:60%"],
    &["empty:50%", "reset-before:30%"],
];

pub(crate) struct History<'w> {
    world: &'w mut World,
    random: Random,
    /// Tells the ids of this history from those of others on the same channel.
    prefix: String,
    made: usize,
    api: ApiVersion,
    removed: RemovedPolicy,
    users: BTreeMap<MemberId, Attributes>,
    moved: BTreeMap<MemberId, MemberId>,
    claims: Claims,
    /// Earlier states, each with what it claims.
    earlier: Vec<(Vec<u8>, Claims)>,
    tally: &'w mut Tally,
    seed: u64,
}

impl<'w> History<'w> {
    pub(crate) fn new(world: &'w mut World, seed: u64, tally: &'w mut Tally) -> Self {
        let _ = fs::remove_file(world.state_file());
        let mut random = Random::new(seed);
        let users = random.pick(&[RemovedUsers::Forget, RemovedUsers::Delete]);
        let mut history = Self {
            api: random.pick(&[ApiVersion::V4, ApiVersion::V5]),
            removed: RemovedPolicy {
                users,
                ..RemovedPolicy::default()
            },
            random,
            prefix: format!("h{seed}"),
            made: 0,
            users: BTreeMap::new(),
            moved: BTreeMap::new(),
            claims: Claims::default(),
            earlier: Vec::new(),
            world,
            tally,
            seed,
        };
        for _ in 0..3 {
            history.create();
        }
        history
    }

    pub(crate) fn run(&mut self, steps: usize) {
        for step in 0..steps {
            for _ in 0..=self.random.below(2) {
                self.happen();
            }
            let faults = self.random.pick(&FAULTS);
            self.apply(step, faults);
            if self.random.one_in(3) {
                self.person();
                self.apply(step, &[]);
            }
        }
    }

    fn count(&mut self, what: &'static str) {
        *self.tally.entry(what).or_default() += 1;
    }

    /// One thing happens to the manifests, the state, the channel or a person.
    fn happen(&mut self) {
        match self.random.below(15) {
            0..=2 => self.edit(),
            3 | 4 => self.person(),
            5 => self.create(),
            6 => self.remove(),
            7 | 8 => self.move_one(),
            9 => self.defaults(),
            10 => self.lose_state(),
            11 => self.restore_state(),
            12 => self.change_api(),
            13 => self.vanish(),
            _ => self.import(),
        }
    }

    fn any_user(&mut self) -> Option<MemberId> {
        let ids: Vec<MemberId> = self.users.keys().cloned().collect();
        (!ids.is_empty()).then(|| self.random.pick(&ids))
    }

    fn new_id(&mut self) -> MemberId {
        self.made += 1;
        MemberId::new(&format!("{}-{}", self.prefix, self.made)).expect("an id")
    }

    fn random_user(&mut self) -> Attributes {
        let mut flag = || {
            self.random
                .pick(&[None, Some(true), Some(false), Some(false)])
        };
        let (unsubscribed, unsubscribe_email, unsubscribe_texting) = (flag(), flag(), flag());
        let plan = self.random.pick(&["free", "pro", "max"]);
        Attributes {
            profile: [(ProfileKey::new("plan"), Declared::Set(plan.into()))].into(),
            unsubscribed: unsubscribed.filter(|_| self.api == ApiVersion::V4),
            unsubscribe_email,
            unsubscribe_texting,
            ..Attributes::default()
        }
    }

    fn create(&mut self) {
        let id = self.new_id();
        let user = self.random_user();
        self.users.insert(id, user);
        self.count("create");
    }

    fn edit(&mut self) {
        if let Some(id) = self.any_user() {
            let user = self.random_user();
            self.users.insert(id, user);
            self.count("edit");
        }
    }

    /// The user may come back later, and is adopted then.
    fn remove(&mut self) {
        if let Some(id) = self.any_user() {
            let user = self.users.remove(&id).expect("a user");
            self.moved.remove(&id);
            self.count("remove");
            if self.random.one_in(2) {
                let step = usize::MAX;
                self.apply(step, &[]);
                self.users.insert(id, user);
                self.count("declare again");
            }
        }
    }

    fn move_one(&mut self) {
        let Some(from) = self.any_user() else { return };
        // Nobody moves on to a third id.
        if self.moved.contains_key(&from) {
            return;
        }
        let user = self.users.remove(&from).expect("a user");
        let to = self.new_id();
        if self.random.one_in(3) {
            // Another program made the new id already, and the person there may have chosen.
            self.make_on_channel(&to);
        }
        self.users.insert(to.clone(), user);
        self.moved.insert(to, from);
        self.count("move");
    }

    /// The same flag for everybody, as `defaults` does it.
    fn defaults(&mut self) {
        let value = Some(!self.random.one_in(3));
        let which = self.random.below(2);
        for user in self.users.values_mut() {
            match which {
                0 => user.unsubscribe_email = value.map(|value| !value),
                _ => user.unsubscribe_texting = value.map(|value| !value),
            }
        }
        self.count("defaults");
    }

    /// A person opts out or in on Channel.
    fn person(&mut self) {
        let ids = self.on_channel();
        if ids.is_empty() {
            return;
        }
        let id = self.random.pick(&ids);
        let (_, name) = self.random.pick(&FLAGS);
        let is_opted_out = !self.random.one_in(4);
        let choose = |user: &mut Json| user[name] = is_opted_out.into();
        self.world.sandbox.edit(&id, choose).expect("edited");
        self.count("person");
    }

    fn on_channel(&self) -> Vec<String> {
        let start = format!("{}-", self.prefix);
        let mut ids = self.world.sandbox.member_ids();
        ids.retain(|id| id.starts_with(&start));
        ids
    }

    /// Another program creates a user, who opts out of everything or of nothing.
    fn make_on_channel(&mut self, id: &MemberId) {
        let is_opted_out = self.random.one_in(2);
        let body = json!({ "profile": { "plan": "max" }, "unsubscribeEmail": is_opted_out, "unsubscribeTexting": is_opted_out });
        self.world.put(id, &body, self.api);
        self.count("made by another program");
    }

    /// Somebody deletes a person on Channel. Sometimes another program makes a new person with the id.
    fn vanish(&mut self) {
        let ids = self.on_channel();
        if ids.is_empty() {
            return;
        }
        let id = self.random.pick(&ids);
        self.world.sandbox.delete(&id).expect("deleted");
        self.count("deleted on Channel");
        if self.random.one_in(3) {
            let id = MemberId::new(&id).expect("an id");
            self.make_on_channel(&id);
        }
        // An edit has the user sent, so that the run notices.
        let id = MemberId::new(&id).expect("an id");
        if self.users.contains_key(&id) {
            let user = self.random_user();
            self.users.insert(id, user);
        }
    }

    fn lose_state(&mut self) {
        let _ = fs::remove_file(self.world.state_file());
        self.claims = Claims::default();
        self.count("lose the state");
    }

    fn restore_state(&mut self) {
        if self.earlier.is_empty() {
            return;
        }
        let (bytes, claims) = self.random.pick(&self.earlier);
        fs::write(self.world.state_file(), bytes).expect("written");
        self.claims = claims;
        self.count("restore an old state");
    }

    fn change_api(&mut self) {
        self.api = match self.api {
            ApiVersion::V4 => ApiVersion::V5,
            ApiVersion::V5 => ApiVersion::V4,
        };
        if self.api == ApiVersion::V5 {
            for user in self.users.values_mut() {
                user.unsubscribed = None;
            }
        }
        self.count("change the API version");
    }

    /// Takes over a user of Channel as `import` does: declared and recorded as Channel has it.
    fn import(&mut self) {
        if self.random.one_in(2) {
            let id = self.new_id();
            self.make_on_channel(&id);
        }
        let ids = self.on_channel();
        let mut ids: Vec<MemberId> = ids.iter().filter_map(|id| MemberId::new(id).ok()).collect();
        let mut state = self.world.state(self.api);
        ids.retain(|id| !self.users.contains_key(id) && !state.users.contains_key(id));
        ids.retain(|id| !state.pending.contains_key(id));
        ids.retain(|id| !self.moved.values().any(|from| from == id));
        if ids.is_empty() {
            return;
        }
        let id = self.random.pick(&ids);
        let seen = self.world.sandbox.user(id.as_str()).expect("a user");
        let flag = |name: &str| Some(seen[name].as_bool().unwrap_or(false));
        let observed = Observed {
            unsubscribed: flag("unsubscribed").filter(|_| self.api == ApiVersion::V4),
            unsubscribe_email: flag("unsubscribeEmail"),
            unsubscribe_texting: flag("unsubscribeTexting"),
            ..Observed::default()
        };
        let user = adopt(&observed, self.api, &|_| true).attributes;
        let digests = World::key().for_user(&id).digests(&user);
        state.record(
            id.clone(),
            Entry::new(&digests, jiff::Timestamp::UNIX_EPOCH),
        );
        self.world.save(state);
        self.claims.record(&id, Some(&user));
        self.users.insert(id, user);
        self.count("import");
    }

    fn desired(&self) -> Desired {
        let origin = || Origin::file("users.yaml");
        let users = self.users.iter().map(|(id, attributes)| {
            let user = DesiredUser {
                attributes: attributes.clone().into(),
                origin: origin(),
            };
            (id.clone(), user)
        });
        let moved = self.moved.iter().map(|(to, from)| {
            let moved = Moved {
                from: from.clone(),
                origin: origin(),
            };
            (to.clone(), moved)
        });
        Desired {
            users: users.collect(),
            moved: moved.collect(),
            ..Desired::default()
        }
    }

    fn apply(&mut self, step: usize, faults: &[&str]) {
        let what = format!("history {}, step {step}", self.seed);
        let refresh = self.random.one_in(3);
        let agrees = self.random.one_in(2);
        let desired = self.desired();
        let Some(mut plan) = self.world.plan(&desired, self.api, self.removed, refresh) else {
            return;
        };
        if refresh {
            self.count("refreshed plan");
        }
        let counted = counted(&plan);
        let opt_in = plan
            .limits
            .iter()
            .find(|check| check.kind == LimitKind::OptIn);
        let opt_in = opt_in.expect("a limit");
        assert_eq!(opt_in.planned > 0, !counted.is_empty(), "{what}");
        if refresh {
            self.check_moves(&plan, &what);
        }
        if opt_in.is_tripped() && !agrees {
            self.count("refused for opt-ins");
            return;
        }
        let parsed = faults.iter().map(|fault| fault.parse().expect("a fault"));
        self.world.sandbox.set_faults(parsed.collect());
        let before = self.flags();
        let (report, requests) = self.world.apply(&mut plan, &desired, self.api);
        self.world.sandbox.set_faults(Vec::new());
        let sent = opt_ins(&requests);
        judge(&sent, &counted, agrees, &self.claims, &what);
        for (flag, was_opted_out) in before {
            let is_there = self.world.sandbox.user(&flag.0).is_some();
            if was_opted_out && is_there && !self.flag(&flag.0, flag.1) {
                let path = FLAGS.iter().find(|(_, name)| *name == flag.1);
                let flag = (flag.0, path.expect("a flag").0.clone());
                assert!(sent.contains(&flag), "{what}: {flag:?} was turned off");
                self.count("opt-out turned off");
            }
        }
        if !sent.is_empty() {
            self.count("false sent");
        }
        if faults.is_empty() {
            self.check_recreated(&report, &what);
        }
        let outcomes = report.outcomes.iter().map(|user| &user.outcome);
        self.claims.follow(&plan, outcomes, &self.users);
        if report.failed() > 0 {
            self.count("apply with failures");
        }
        if !self.world.state(self.api).pending.is_empty() {
            self.count("pending");
        }
        if let Ok(bytes) = fs::read(self.world.state_file()) {
            self.earlier.push((bytes, self.claims.clone()));
        }
    }

    fn flag(&self, id: &str, name: &str) -> bool {
        let user = self.world.sandbox.user(id);
        user.and_then(|user| user[name].as_bool()).unwrap_or(false)
    }

    /// Every flag of every user of this history on Channel.
    fn flags(&self) -> Vec<((String, &'static str), bool)> {
        let mut flags = Vec::new();
        for id in self.on_channel() {
            for (_, name) in FLAGS {
                flags.push(((id.clone(), name), self.flag(&id, name)));
            }
        }
        flags
    }

    /// A person created anew has every declared opt-out after the run that noticed it.
    fn check_recreated(&mut self, report: &Report, what: &str) {
        for outcome in report.outcomes.iter().filter(|user| user.is_recreated) {
            self.count("created anew");
            let Some(user) = self.users.get(&outcome.id) else {
                continue;
            };
            for (path, name) in FLAGS {
                if declared(user, &path) == Some(true) {
                    let flag = (&outcome.id, name);
                    assert!(self.flag(outcome.id.as_str(), name), "{what}: {flag:?}");
                }
            }
        }
    }

    /// With both ids read, a move that leaves an opt-out behind is counted.
    fn check_moves(&mut self, plan: &talkform::model::Plan, what: &str) {
        let counted = counted(plan);
        for planned in &plan.changes {
            let talkform::model::Change::Move { from, .. } = &planned.change else {
                continue;
            };
            self.count("refreshed move");
            let user = &self.users[&planned.id];
            for (path, name) in FLAGS {
                let is_shown = self.api == ApiVersion::V4 || name != "unsubscribed";
                let was_opted_out = self.flag(from.as_str(), name);
                let is_opted_out =
                    self.flag(planned.id.as_str(), name) || declared(user, &path) == Some(true);
                if is_shown && was_opted_out && !is_opted_out {
                    let flag = (planned.id.to_string(), path);
                    assert!(counted.contains(&flag), "{what}: {flag:?} is left behind");
                }
            }
        }
    }
}
