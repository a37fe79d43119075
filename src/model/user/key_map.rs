//! Holds the values of profile keys in little memory.

use std::borrow::Borrow;
use std::iter::Zip;
use std::slice;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::model::field::ProfileKey;
use crate::model::user::shared::Shared;

/// Values by profile key, in the order of the keys.
///
/// A million users have a million of these, with a handful of keys each. A `BTreeMap` takes room for eleven.
/// Users with the same keys can share them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyMap<V> {
    keys: Arc<[ProfileKey]>,
    /// As many as keys.
    values: Box<[V]>,
}

impl<V> KeyMap<V> {
    /// The value of a key.
    pub fn get<Q>(&self, key: &Q) -> Option<&V>
    where
        ProfileKey: Borrow<Q>,
        Q: Ord + ?Sized,
    {
        let place = self
            .keys
            .binary_search_by(|other| other.borrow().cmp(key))
            .ok()?;
        Some(&self.values[place])
    }

    /// Whether a key has a value.
    pub fn contains_key<Q>(&self, key: &Q) -> bool
    where
        ProfileKey: Borrow<Q>,
        Q: Ord + ?Sized,
    {
        self.get(key).is_some()
    }

    /// Sets the value of a key. It takes time for each key that is there.
    pub fn insert(&mut self, key: ProfileKey, value: V) {
        let entries = std::mem::take(self).into_iter();
        *self = entries.chain([(key, value)]).collect();
    }

    /// Shares the keys with other users.
    pub fn share_keys(&mut self, lists: &Shared<[ProfileKey]>) {
        self.keys = lists.of(&self.keys);
    }

    /// The keys in their order.
    pub fn keys(&self) -> slice::Iter<'_, ProfileKey> {
        self.keys.iter()
    }

    /// The keys and their values.
    pub fn iter(&self) -> Zip<slice::Iter<'_, ProfileKey>, slice::Iter<'_, V>> {
        self.into_iter()
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

impl<V> Default for KeyMap<V> {
    fn default() -> Self {
        Self {
            keys: Arc::default(),
            values: Box::default(),
        }
    }
}

/// Of two values of one key, the later counts.
impl<V> FromIterator<(ProfileKey, V)> for KeyMap<V> {
    fn from_iter<I: IntoIterator<Item = (ProfileKey, V)>>(entries: I) -> Self {
        let mut entries: Vec<_> = entries.into_iter().collect();
        entries.reverse();
        entries.sort_by(|(one, _), (other, _)| one.cmp(other));
        entries.dedup_by(|(one, _), (other, _)| one == other);
        let (keys, values): (Vec<_>, Vec<_>) = entries.into_iter().unzip();
        Self {
            keys: keys.into(),
            values: values.into(),
        }
    }
}

impl<V, const N: usize> From<[(ProfileKey, V); N]> for KeyMap<V> {
    fn from(entries: [(ProfileKey, V); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl<V> IntoIterator for KeyMap<V> {
    type Item = (ProfileKey, V);
    type IntoIter = std::vec::IntoIter<(ProfileKey, V)>;

    fn into_iter(self) -> Self::IntoIter {
        let keys = self.keys.iter().cloned();
        let entries: Vec<_> = keys.zip(self.values).collect();
        entries.into_iter()
    }
}

impl<'a, V> IntoIterator for &'a KeyMap<V> {
    type Item = (&'a ProfileKey, &'a V);
    type IntoIter = Zip<slice::Iter<'a, ProfileKey>, slice::Iter<'a, V>>;

    fn into_iter(self) -> Self::IntoIter {
        self.keys.iter().zip(&self.values)
    }
}

impl<V: Serialize> Serialize for KeyMap<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_values_the_later_counts_and_keys_are_in_order() {
        let map: KeyMap<u8> = [("b".into(), 1), ("a".into(), 2), ("b".into(), 3)].into();
        let entries: Vec<_> = map
            .iter()
            .map(|(key, value)| (key.as_str(), *value))
            .collect();
        assert_eq!(entries, [("a", 2), ("b", 3)]);
        assert_eq!((map.get("b"), map.get("c")), (Some(&3), None));
    }

    #[test]
    fn shared_keys_are_one_list() {
        let lists = Shared::default();
        let map = |value: u8| KeyMap::from([("a".into(), value), ("b".into(), value)]);
        let [mut one, mut other] = [map(1), map(2)];
        let before = other.clone();
        one.share_keys(&lists);
        other.share_keys(&lists);
        assert_eq!(other, before);
        assert!(Arc::ptr_eq(&one.keys, &other.keys));
        assert_eq!((one.get("b"), other.get("b")), (Some(&1), Some(&2)));
    }
}
