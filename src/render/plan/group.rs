//! Which changes are shown one by one and which together.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::model::Reason;
use crate::render::plan::view::{Action, FieldView, PlanView, UserView};

/// How many users of a group are named.
pub const NAMED: usize = 5;
/// Plans of at most this many changes are shown user by user.
const SMALL_PLAN: usize = 20;
/// How many creates that are unlike each other are shown.
const MOST_CREATES: usize = 20;

/// A part of the output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block<'v, 'a> {
    /// One user.
    One(&'v UserView<'a>),
    /// Users to whom the same happens, more than [`NAMED`].
    Alike(Vec<&'v UserView<'a>>),
    /// Creates that are only counted. An update is never only counted: it may hide among its like.
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

/// The parts in the order of the first id in each. With `full`, every user is a part.
pub fn blocks<'v, 'a>(view: &'v PlanView<'a>, full: bool) -> Vec<Block<'v, 'a>> {
    let users = &view.users;
    if full || users.len() <= SMALL_PLAN {
        return users.iter().map(Block::One).collect();
    }
    let mut counts: HashMap<Likeness<'v, 'a>, usize> = HashMap::new();
    for likeness in users.iter().filter_map(likeness) {
        *counts.entry(likeness).or_default() += 1;
    }
    counts.retain(|_, count| *count > NAMED);
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

/// `None` for a user with a story of its own.
fn likeness<'v, 'a>(user: &'v UserView<'a>) -> Option<Likeness<'v, 'a>> {
    user.rejected.is_none().then_some(Likeness {
        action: user.action,
        reason: user.reason,
        sends_request: user.sends_request,
        deletes: user.deletes,
        fields: &user.fields,
    })
}
