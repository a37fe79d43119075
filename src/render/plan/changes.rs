//! Views the changes of a plan one by one: the view of a first plan would take more memory than its users.

use std::collections::BTreeSet;
use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};

use serde::{Serialize, Serializer};

use crate::model::{FieldPath, PlannedChange, ShownIds, Visibility, VisibilityLookup};
use crate::parallel::{in_parallel, shares};
use crate::render::common::shown::Shown;
use crate::render::plan::change::{ChangeView, FieldKind};
use crate::render::plan::known_users::KnownUsers;

/// The least number of changes that are worth another thread.
const LEAST_SHARE: usize = 1_000;

/// The views of all changes, in the order of the plan. Each is made when it is asked for.
pub struct ChangeViews<'a> {
    changes: &'a [PlannedChange],
    known: KnownUsers<'a>,
    lookup: VisibilityLookup<'a>,
    ids: ShownIds,
    likeness: Vec<Likeness>,
}

/// Stands for everything that changes with equal views have in common. It is a hash under two random keys, so that
/// no manifest can be written to hide one change behind another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Likeness(u64, u64);

/// What the views of all changes say together.
#[derive(Debug, Default)]
pub(crate) struct Overview {
    /// The kinds of field changes that occur.
    pub(crate) kinds: BTreeSet<FieldKind>,
    /// The fields of which a text is hidden because the project does not call it public.
    pub(crate) undecided: BTreeSet<FieldPath>,
    /// Whether an old value is known as a digest only.
    pub(crate) has_unknown_old: bool,
    /// How many changes may lead to messages to someone who opted out.
    pub(crate) opt_ins: usize,
    likeness: Vec<Likeness>,
}

impl<'a> ChangeViews<'a> {
    /// Makes each view once, for the overview.
    pub(crate) fn new(
        changes: &'a [PlannedChange],
        visibility: &'a Visibility,
        known: KnownUsers<'a>,
    ) -> (Self, Overview) {
        let keys = (RandomState::new(), RandomState::new());
        let parts = in_parallel(&shares(changes, LEAST_SHARE), |part| {
            let views = ChangeViews {
                changes: part,
                known,
                lookup: VisibilityLookup::new(visibility),
                ids: visibility.ids(),
                likeness: Vec::new(),
            };
            let mut overview = Overview::default();
            let mut common = Bytes::default();
            for view in views.iter() {
                overview.add(&view, &keys, &mut common);
            }
            overview
        });
        let mut overview = Overview::default();
        for part in parts {
            overview.append(part);
        }
        let views = Self {
            changes,
            known,
            lookup: VisibilityLookup::new(visibility),
            ids: visibility.ids(),
            likeness: std::mem::take(&mut overview.likeness),
        };
        (views, overview)
    }

    /// The view of the change at a place, which is less than [`ChangeViews::len`].
    pub fn get(&self, place: usize) -> ChangeView<'a> {
        self.view(&self.changes[place])
    }

    /// All views. Each is dropped before the next is made, unless the caller keeps it.
    pub fn iter(&self) -> impl Iterator<Item = ChangeView<'a>> {
        self.changes.iter().map(|planned| self.view(planned))
    }

    /// How many changes there are.
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    /// Whether there is no change.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The changes themselves. They hold values that must not be shown.
    pub(crate) fn planned(&self) -> &'a [PlannedChange] {
        self.changes
    }

    /// What the change at a place has in common with changes that look the same; `None` if it is shown alone.
    pub(crate) fn likeness(&self, place: usize) -> Option<Likeness> {
        let is_shared = self.changes[place].rejected.is_none();
        is_shared.then_some(self.likeness[place])
    }

    fn view(&self, planned: &'a PlannedChange) -> ChangeView<'a> {
        let values = self.known.values(planned);
        let user = self.lookup.user_with_id(&planned.id, values);
        let user = match planned.change.moves_from() {
            Some(from) => user.with_id(from),
            None => user,
        };
        ChangeView::new(planned, &user, &self.ids)
    }
}

/// Collects what is hashed, because two hashes of it are made.
#[derive(Default)]
struct Bytes(Vec<u8>);

impl Hasher for Bytes {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// Nobody asks for this hash.
    fn finish(&self) -> u64 {
        0
    }
}

impl Overview {
    fn add(
        &mut self,
        view: &ChangeView<'_>,
        keys: &(RandomState, RandomState),
        common: &mut Bytes,
    ) {
        self.opt_ins += usize::from(view.opt_in);
        for field in &view.fields {
            self.kinds.insert(field.kind);
            let is_undecided = [field.old, field.new].contains(&Shown::Hidden);
            if is_undecided && !self.undecided.contains(&field.path) {
                self.undecided.insert(field.path.clone());
            }
            self.has_unknown_old |= field.old == Shown::AsApplied;
        }
        common.0.clear();
        view.action.hash(common);
        view.reason.hash(common);
        view.sends_request.hash(common);
        view.deletes.hash(common);
        view.fields.hash(common);
        let (one, other) = keys;
        let likeness = Likeness(one.hash_one(&common.0), other.hash_one(&common.0));
        self.likeness.push(likeness);
    }

    fn append(&mut self, part: Self) {
        let Self {
            kinds,
            undecided,
            has_unknown_old,
            opt_ins,
            mut likeness,
        } = part;
        self.kinds.extend(kinds);
        self.undecided.extend(undecided);
        self.has_unknown_old |= has_unknown_old;
        self.opt_ins += opt_ins;
        self.likeness.append(&mut likeness);
    }
}

impl fmt::Debug for ChangeViews<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// One view after the other.
impl Serialize for ChangeViews<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}
