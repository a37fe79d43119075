//! Plans in this process: reads manifests, records users as applied, and plans with defaults that a test can change.

use std::sync::Arc;

use jiff::Timestamp;
use talkform::manifest::{ReadSettings, read_texts};
use talkform::model::{
    ApiVersion, ChannelId, Desired, Destination, DigestKey, Entry, FieldPatterns, FieldSettings,
    Limits, Plan, RemovedPolicy, Selection, State, Visibility,
};
use talkform::plan::{Context, plan};

/// What a plan depends on besides the users.
pub(crate) struct Planning {
    pub(crate) key: DigestKey,
    pub(crate) api: ApiVersion,
    pub(crate) removed: RemovedPolicy,
}

impl Default for Planning {
    fn default() -> Self {
        Self {
            key: DigestKey::new(b"salt", None),
            api: ApiVersion::V4,
            removed: RemovedPolicy::default(),
        }
    }
}

impl Planning {
    pub(crate) fn plan(&self, desired: &Desired, state: &State) -> Plan {
        let context = Context {
            key: &self.key,
            destination: &Destination {
                channel_id: ChannelId::new("6263").ok(),
                ..Destination::of_api(self.api)
            },
            removed: self.removed,
            limits: &Limits::default(),
            selection: &Selection::default(),
            base: None,
            observed: None,
        };
        plan(desired, state, &context)
    }

    /// A state in which these users are applied as declared.
    pub(crate) fn recorded(&self, desired: &Desired) -> State {
        let mut state = no_users();
        for (id, user) in &desired.users {
            let digests = self.key.for_user(id).digests(&user.attributes);
            let entry = Entry::new(&digests, Timestamp::UNIX_EPOCH);
            state.record(id.clone(), entry);
        }
        state
    }
}

/// A state of the first apply's beginning.
pub(crate) fn no_users() -> State {
    State::new(
        "lineage".into(),
        b"salt".to_vec(),
        None,
        Destination::of_api(ApiVersion::V4),
    )
}

/// What a project shows that calls every key public.
pub(crate) fn open() -> Visibility {
    Visibility::new(FieldSettings {
        public: FieldPatterns::new(&["profile.*"]),
        ..FieldSettings::default()
    })
}

/// What a project reads with that calls every key public.
pub(crate) fn settings() -> ReadSettings {
    ReadSettings {
        patterns: vec!["users/*.yaml".into()],
        api: ApiVersion::V4,
        visibility: open(),
        rules: None,
    }
}

/// The users of one manifest, which has no error.
pub(crate) fn users(text: &str) -> Desired {
    let file = (Arc::from("users/story.yaml"), text.as_bytes().to_vec());
    let reading = read_texts(vec![file], &settings());
    assert!(!reading.has_errors(), "{:#?}", reading.diagnostics);
    reading.desired
}
