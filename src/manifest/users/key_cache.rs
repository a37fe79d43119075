//! Caches checked profile keys: the users of one file have the same keys, mostly in the same order.

use std::collections::HashMap;

use crate::model::ProfileKey;

/// The valid keys of one file.
#[derive(Debug, Default)]
pub(crate) struct KeyCache {
    known: Vec<(ProfileKey, Plain)>,
    places: HashMap<ProfileKey, usize>,
    /// Where the next key is likely to be.
    next: usize,
}

/// Whether a key was written without quotes, for which the check is stricter.
type Plain = bool;

impl KeyCache {
    /// A key that was valid before in the same spelling.
    pub(crate) fn get(&mut self, text: &str, plain: Plain) -> Option<ProfileKey> {
        let likely = self.known.get(self.next);
        let at = match likely {
            Some((key, _)) if key.as_str() == text => self.next,
            _ => *self.places.get(text)?,
        };
        self.next = at + 1;
        if self.next == self.known.len() {
            self.next = 0;
        }
        let (key, good_plain) = &self.known[at];
        (*good_plain || !plain).then(|| key.clone())
    }

    /// Adds a valid key.
    pub(crate) fn put(&mut self, text: &str, plain: Plain) -> ProfileKey {
        if let Some(at) = self.places.get(text) {
            let (key, good_plain) = &mut self.known[*at];
            *good_plain |= plain;
            return key.clone();
        }
        let key = ProfileKey::new(text);
        self.places.insert(key.clone(), self.known.len());
        self.known.push((key.clone(), plain));
        key
    }
}
