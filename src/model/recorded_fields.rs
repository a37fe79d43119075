//! Holds the field digests of a recorded user over a list of paths that many users share.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::model::digest::digests::FieldDigest;
use crate::model::field::FieldPath;
use crate::model::user::shared::Shared;

/// The field digests of one user, in the order of their paths.
///
/// Users with the same fields can share one list of paths.
#[derive(Clone, PartialEq, Eq)]
pub struct RecordedFields {
    paths: Arc<[FieldPath]>,
    digests: Box<[FieldDigest]>,
}

impl RecordedFields {
    /// Sorts the fields by path. Of two digests for one path, the later counts.
    pub fn new(fields: impl IntoIterator<Item = (FieldPath, FieldDigest)>) -> Self {
        let mut fields: Vec<_> = fields.into_iter().collect();
        if !fields.is_sorted_by(|(one, _), (other, _)| one < other) {
            let unique: BTreeMap<_, _> = fields.into_iter().collect();
            fields = unique.into_iter().collect();
        }
        let (paths, digests): (Vec<_>, Vec<_>) = fields.into_iter().unzip();
        Self {
            paths: paths.into(),
            digests: digests.into(),
        }
    }

    /// Fields over a shared list of paths; `None` if there is not one digest for each path. The paths must be
    /// sorted: the caller checks that once for each list with [`are_sorted`].
    pub fn with_paths(paths: Arc<[FieldPath]>, digests: Box<[FieldDigest]>) -> Option<Self> {
        (paths.len() == digests.len()).then_some(Self { paths, digests })
    }

    /// Shares the list of paths with other users.
    pub fn share_paths(&mut self, lists: &Shared<[FieldPath]>) {
        self.paths = lists.of(&self.paths);
    }

    /// The recorded digest of one field.
    pub fn get(&self, path: &FieldPath) -> Option<FieldDigest> {
        let index = self.paths.binary_search(path).ok()?;
        self.digests.get(index).copied()
    }

    /// All fields in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&FieldPath, FieldDigest)> {
        self.paths.iter().zip(self.digests.iter().copied())
    }

    /// The list of paths, which other users may share.
    pub fn paths(&self) -> &Arc<[FieldPath]> {
        &self.paths
    }

    /// The digests in the order of the paths.
    pub fn digests(&self) -> &[FieldDigest] {
        &self.digests
    }

    /// The number of fields.
    pub fn len(&self) -> usize {
        self.digests.len()
    }

    /// Whether there are no fields.
    pub fn is_empty(&self) -> bool {
        self.digests.is_empty()
    }
}

/// Whether a list of paths is sorted and names no path twice.
pub fn are_sorted(paths: &[FieldPath]) -> bool {
    paths.is_sorted_by(|one, other| one < other)
}

impl Default for RecordedFields {
    fn default() -> Self {
        Self::new([])
    }
}

impl fmt::Debug for RecordedFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DigestKey, FieldValue, MemberId};

    #[test]
    fn fields_come_in_order_and_the_later_digest_counts() {
        let key = DigestKey::new(b"salt", None).for_user(&MemberId::new("u").expect("an id"));
        let path = |text: &str| -> FieldPath { text.parse().expect("a field") };
        let digest = |flag| key.field(&path("tags"), FieldValue::Flag(flag));
        let fields = RecordedFields::new([
            (path("tags"), digest(true)),
            (path("profile.a"), digest(true)),
            (path("tags"), digest(false)),
        ]);
        assert!(are_sorted(fields.paths()));
        assert_eq!(fields.len(), 2);
        assert_eq!(fields.get(&path("tags")), Some(digest(false)));
        assert_eq!(fields.get(&path("profile.b")), None);
        let shared =
            RecordedFields::with_paths(Arc::clone(fields.paths()), fields.digests().into());
        assert_eq!(shared, Some(fields.clone()));
        assert_eq!(
            RecordedFields::with_paths(Arc::clone(fields.paths()), Box::default()),
            None
        );
    }
}
