//! Keeps of a user only what the checks of all files need: the names of fields, and tags.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::model::{Attributes, Declared, Value};

/// The distinct sets of names and tags. Most users share one, so a million users take little memory.
#[derive(Default)]
pub(crate) struct Names(Mutex<HashSet<Arc<Attributes>>>);

impl Names {
    /// The attributes without their values: every key of the profile is `null`, and every key of `profileOnce` is
    /// `false`. Tags, flags and the language stay.
    pub(crate) fn of(&self, whole: Arc<Attributes>) -> Arc<Attributes> {
        let whole = Arc::unwrap_or_clone(whole);
        let keys = whole.profile.keys().cloned();
        let once = whole.profile_once.keys().cloned();
        let names = Attributes {
            profile: keys.map(|key| (key, Declared::Clear)).collect(),
            profile_once: once.map(|key| (key, Value::Boolean(false))).collect(),
            ..whole
        };
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = kept.get(&names) {
            return Arc::clone(shared);
        }
        let names = Arc::new(names);
        kept.insert(Arc::clone(&names));
        names
    }
}
