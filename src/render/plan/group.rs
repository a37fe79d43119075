//! Groups changes that are alike, so that a large plan stays readable.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::model::{Action, Reason};
use crate::render::common::line::NAMED;
use crate::render::plan::view::{ChangeView, FieldView, PlanView};

/// On a terminal, plans of at most this many changes are shown user by user.
const SMALL_PLAN: usize = 20;
/// How many creates that are not alike are shown.
const MOST_CREATES: usize = 20;

/// The fewest users that a comment groups.
const LEAST_IN_COMMENT: usize = 4;

/// Which changes are grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grouping {
    /// None.
    Nothing,
    /// Those that many users have, in a large plan.
    Terminal,
    /// Those that four users have.
    Comment,
}

/// A part of the output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block<'v, 'a> {
    /// One user.
    One(&'v ChangeView<'a>),
    /// Users with the same change.
    Alike(Vec<&'v ChangeView<'a>>),
    /// Creates that are only counted. An update is never only counted: a dangerous one could hide among them.
    Creates(usize),
}

#[derive(PartialEq, Eq, Hash)]
struct Likeness<'v, 'a> {
    action: Action,
    reason: Reason,
    sends_request: bool,
    deletes: bool,
    fields: &'v [FieldView<'a>],
}

/// The parts, in the order of the first id in each. A user who is in no group is a part of its own.
pub fn blocks<'v, 'a>(view: &'v PlanView<'a>, grouping: Grouping) -> Vec<Block<'v, 'a>> {
    let users = &view.changes;
    let least = match grouping {
        Grouping::Terminal if users.len() > SMALL_PLAN => NAMED + 1,
        Grouping::Comment => LEAST_IN_COMMENT,
        Grouping::Terminal | Grouping::Nothing => {
            return users.iter().map(Block::One).collect();
        }
    };
    let mut counts: HashMap<Likeness<'v, 'a>, usize> = HashMap::new();
    for likeness in users.iter().filter_map(likeness) {
        *counts.entry(likeness).or_default() += 1;
    }
    counts.retain(|_, count| *count >= least);
    let mut places: HashMap<Likeness<'v, 'a>, usize> = HashMap::new();
    let mut blocks = Vec::new();
    let mut creates = 0;
    for user in users {
        if let Some(likeness) = likeness(user).filter(|likeness| counts.contains_key(likeness)) {
            match places.entry(likeness) {
                Entry::Occupied(place) => {
                    if let Block::Alike(group) = &mut blocks[*place.get()] {
                        group.push(user);
                    }
                }
                Entry::Vacant(place) => {
                    place.insert(blocks.len());
                    blocks.push(Block::Alike(vec![user]));
                }
            }
            continue;
        }
        if user.action == Action::Create && user.rejected.is_none() {
            creates += 1;
            if creates > MOST_CREATES {
                continue;
            }
        }
        blocks.push(Block::One(user));
    }
    if creates > MOST_CREATES {
        blocks.push(Block::Creates(creates - MOST_CREATES));
    }
    blocks
}

/// Every user, with those of the same change together, in the order of the first id in each group. Users who
/// move or who were rejected before are alone.
pub(crate) fn alike<'v, 'a>(view: &'v PlanView<'a>) -> Vec<Vec<&'v ChangeView<'a>>> {
    let mut places: HashMap<Likeness<'v, 'a>, usize> = HashMap::new();
    let mut groups: Vec<Vec<&ChangeView<'_>>> = Vec::new();
    for user in &view.changes {
        let key = likeness(user).filter(|key| key.action != Action::Move);
        let place = key.map(|key| *places.entry(key).or_insert(groups.len()));
        match place.and_then(|place| groups.get_mut(place)) {
            Some(group) => group.push(user),
            None => groups.push(vec![user]),
        }
    }
    groups
}

/// `None` for a user who was rejected before: such users are never grouped.
fn likeness<'v, 'a>(user: &'v ChangeView<'a>) -> Option<Likeness<'v, 'a>> {
    user.rejected.is_none().then_some(Likeness {
        action: user.action,
        reason: user.reason,
        sends_request: user.sends_request,
        deletes: user.deletes,
        fields: &user.fields,
    })
}
