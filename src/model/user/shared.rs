//! Holds values once that many users have.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::{Arc, PoisonError, RwLock};

/// The distinct values that users have of one kind, such as their lists of keys. A million users have few.
#[derive(Debug)]
pub struct Shared<T: ?Sized>(RwLock<HashSet<Arc<T>>>);

impl<T: ?Sized> Default for Shared<T> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<T: ?Sized + Eq + Hash> Shared<T> {
    /// The first value that is equal to this one.
    pub fn of(&self, value: &Arc<T>) -> Arc<T> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(first) = known.get(value) {
            return Arc::clone(first);
        }
        drop(known);
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have added it since.
        let first = known.get(value).unwrap_or(value).clone();
        known.insert(Arc::clone(&first));
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_are_one() {
        let shared: Shared<[u8]> = Shared::default();
        let [one, same, other] = [[1, 2], [1, 2], [1, 3]].map(|value| Arc::from(&value[..]));
        let first = shared.of(&one);
        assert!(Arc::ptr_eq(&first, &one));
        assert!(Arc::ptr_eq(&shared.of(&same), &one));
        assert!(Arc::ptr_eq(&shared.of(&other), &other));
    }
}
