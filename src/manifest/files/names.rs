//! Keeps of a user only what the checks of all files need: the names of fields, and tags.

use std::sync::Arc;

use crate::model::{Attributes, Declared, Shared, Value};

/// The distinct sets of names and tags.
#[derive(Default)]
pub(crate) struct Names(Shared<Attributes>);

impl Names {
    /// The attributes without their values: every key of the profile is `null`, and every key of `profileOnce` is
    /// `false`. Tags, flags and the language stay.
    pub(crate) fn of(&self, whole: Arc<Attributes>) -> Arc<Attributes> {
        let whole = Arc::unwrap_or_clone(whole);
        let keys = whole.profile.keys().cloned();
        let once = whole.profile_once.keys().cloned();
        self.0.of(&Arc::new(Attributes {
            profile: keys.map(|key| (key, Declared::Clear)).collect(),
            profile_once: once.map(|key| (key, Value::Boolean(false))).collect(),
            ..whole
        }))
    }
}
