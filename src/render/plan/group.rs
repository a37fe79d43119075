//! Groups changes that are alike, so that a large plan stays readable.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::model::Action;
use crate::render::common::line::NAMED;
use crate::render::plan::change::ChangeView;
use crate::render::plan::changes::Likeness;
use crate::render::plan::view::PlanView;

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
/// A part of the output. Users are named by the place of their change in the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// One user.
    One(usize),
    /// Users with the same change.
    Alike(Vec<usize>),
    /// Creates that are only counted. An update is never only counted: a dangerous one could hide among them.
    Creates(usize),
}

impl Block {
    /// The first user.
    pub(crate) fn first<'a>(&self, view: &PlanView<'a>) -> Option<ChangeView<'a>> {
        let place = match self {
            Self::One(place) => place,
            Self::Alike(places) => places.first()?,
            Self::Creates(_) => return None,
        };
        Some(view.changes.get(*place))
    }
}

/// The parts, in the order of the first id in each. A user who is in no group is a part of its own.
pub fn blocks(view: &PlanView<'_>, grouping: Grouping) -> Vec<Block> {
    let changes = &view.changes;
    let least = match grouping {
        Grouping::Terminal if changes.len() > SMALL_PLAN => NAMED + 1,
        Grouping::Comment => LEAST_IN_COMMENT,
        Grouping::Terminal | Grouping::Nothing => {
            return (0..changes.len()).map(Block::One).collect();
        }
    };
    let mut counts: HashMap<Likeness, usize> = HashMap::new();
    for likeness in (0..changes.len()).filter_map(|place| changes.likeness(place)) {
        *counts.entry(likeness).or_default() += 1;
    }
    counts.retain(|_, count| *count >= least);
    let mut groups: HashMap<Likeness, usize> = HashMap::new();
    let mut blocks = Vec::new();
    let mut creates = 0;
    for (place, planned) in changes.planned().iter().enumerate() {
        let likeness = changes.likeness(place);
        if let Some(likeness) = likeness.filter(|likeness| counts.contains_key(likeness)) {
            match groups.entry(likeness) {
                Entry::Occupied(group) => {
                    if let Block::Alike(group) = &mut blocks[*group.get()] {
                        group.push(place);
                    }
                }
                Entry::Vacant(group) => {
                    group.insert(blocks.len());
                    blocks.push(Block::Alike(vec![place]));
                }
            }
            continue;
        }
        if planned.change.action() == Action::Create && planned.rejected.is_none() {
            creates += 1;
            if creates > MOST_CREATES {
                continue;
            }
        }
        blocks.push(Block::One(place));
    }
    if creates > MOST_CREATES {
        blocks.push(Block::Creates(creates - MOST_CREATES));
    }
    blocks
}

/// Every user, with those of the same change together, in the order of the first id in each group. Users who
/// move or who were rejected before are alone.
pub(crate) fn alike(view: &PlanView<'_>) -> Vec<Vec<usize>> {
    let changes = &view.changes;
    let mut places: HashMap<Likeness, usize> = HashMap::new();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (place, planned) in changes.planned().iter().enumerate() {
        let key = changes.likeness(place);
        let key = key.filter(|_| planned.change.action() != Action::Move);
        let group = key.map(|key| *places.entry(key).or_insert(groups.len()));
        match group.and_then(|group| groups.get_mut(group)) {
            Some(group) => group.push(place),
            None => groups.push(vec![place]),
        }
    }
    groups
}
