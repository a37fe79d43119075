//! What users are once defaults are merged, and that no two are the same.

use std::collections::{BTreeMap, HashMap};

use crate::model::{Attributes, MemberId, ProfileKey};

use crate::manifest::problem::problems::{Place, Problem};
use crate::manifest::problem::wording::{clip, in_backticks};
use crate::manifest::syntax::node::Span;
use crate::manifest::users::document::Reader;
use crate::manifest::users::rules;
use crate::manifest::users::rules::Places;
use crate::manifest::users::user::{DeclaredUser, Draft, Entry, Scope};

/// Finds keys that the defaults give twice, once for all users.
pub(crate) fn check_defaults(reader: &mut Reader<'_>, defaults: &Draft) {
    let profile = by_key(&defaults.profile, &defaults.profile_once);
    for once in &defaults.profile_once {
        if let Some(span) = profile.get(&once.key) {
            let path = Scope::Defaults.path("profileOnce");
            reader
                .problems
                .push(in_both(once, &path, *span, "under `profile` here"));
        }
    }
}

/// Merges the defaults under a user: profile keys one by one, other fields as a whole.
pub(crate) fn settle(
    reader: &mut Reader<'_>,
    mut draft: Draft,
    defaults: &Draft,
    index: Option<u32>,
) {
    let scope = index.map_or(Scope::Document, Scope::Item);
    let own = by_key(&draft.profile, &draft.profile_once);
    let default = by_key(&defaults.profile, &draft.profile_once);
    for once in &draft.profile_once {
        let clash = match (own.get(&once.key), default.get(&once.key)) {
            (Some(span), _) => (*span, "under `profile` here"),
            (None, Some(span)) => (*span, "under `profile` of the defaults here"),
            (None, None) => continue,
        };
        let path = scope.path("profileOnce");
        reader.problems.push(in_both(once, &path, clash.0, clash.1));
    }
    let default = by_key(&defaults.profile_once, &draft.profile);
    for entry in &draft.profile {
        if let Some(span) = default.get(&entry.key) {
            let path = scope.path("profile");
            let word = "under `profileOnce` of the defaults here";
            reader.problems.push(in_both(entry, &path, *span, word));
        }
    }
    let Some((id, span)) = draft.id.take() else {
        return;
    };
    let places = match reader.settings.rules {
        Some(_) => Places::of(&draft, defaults),
        None => Places::default(),
    };
    let attributes = Attributes {
        profile: merge(draft.profile, &defaults.profile),
        profile_once: merge(draft.profile_once, &defaults.profile_once),
        tags: draft.tags.or_else(|| defaults.tags.clone()),
        unsubscribed: draft.unsubscribed.or(defaults.unsubscribed),
        unsubscribe_email: draft.unsubscribe_email.or(defaults.unsubscribe_email),
        unsubscribe_texting: draft.unsubscribe_texting.or(defaults.unsubscribe_texting),
    };
    rules::check(reader, &id, span, &attributes, &places, scope);
    reader.users.push(DeclaredUser {
        id,
        span,
        index,
        attributes: Some(Box::new(attributes)),
    });
}

/// Where each key stands; empty where there is nothing to compare with.
fn by_key<'e, T, O>(entries: &'e [Entry<T>], others: &[Entry<O>]) -> HashMap<&'e ProfileKey, Span> {
    if others.is_empty() {
        return HashMap::new();
    }
    entries
        .iter()
        .map(|entry| (&entry.key, entry.span))
        .collect()
}

fn merge<T: Clone>(own: Vec<Entry<T>>, defaults: &[Entry<T>]) -> BTreeMap<ProfileKey, T> {
    let mut merged: BTreeMap<ProfileKey, T> = defaults
        .iter()
        .map(|entry| (entry.key.clone(), entry.value.clone()))
        .collect();
    merged.extend(own.into_iter().map(|entry| (entry.key, entry.value)));
    merged
}

fn in_both<T>(entry: &Entry<T>, map: &str, other: Span, word: &str) -> Problem {
    let key = entry.key.as_str();
    let message = format!(
        "{} is both in `profile` and in `profileOnce`",
        in_backticks(key)
    );
    Problem::error("key-in-both", entry.span, message)
        .path(clip(&format!("{map}.{key}")))
        .related(Place::Here(other), word)
        .hint("`profile` always wins on Channel; keep one of them")
}

/// Ids that clash, within a file and between files.
pub(crate) struct Clash {
    /// The file and the user at which it is said.
    pub(crate) at: (usize, usize),
    /// The file and the user that came first.
    pub(crate) first: (usize, usize),
    /// The same id; otherwise they differ in case.
    pub(crate) same: bool,
}

/// Finds all clashes of ids. Files and users are taken in order, so the answer is the same
/// however the files were read.
pub(crate) fn clashes(files: &[&[DeclaredUser]]) -> Vec<Clash> {
    let mut clashes = Vec::new();
    let mut first: HashMap<&MemberId, (usize, usize)> = HashMap::new();
    let mut capital = Vec::new();
    for (file, users) in files.iter().enumerate() {
        for (user, found) in users.iter().enumerate() {
            match first.entry(&found.id) {
                std::collections::hash_map::Entry::Occupied(entry) => clashes.push(Clash {
                    at: (file, user),
                    first: *entry.get(),
                    same: true,
                }),
                std::collections::hash_map::Entry::Vacant(entry) => {
                    entry.insert((file, user));
                    if found.id.as_str().chars().any(char::is_uppercase) {
                        capital.push((file, user));
                    }
                }
            }
        }
    }
    let mut lowered: HashMap<String, (usize, usize)> = HashMap::new();
    for at in capital {
        let lower = files[at.0][at.1].id.as_str().to_lowercase();
        let plain = MemberId::new(&lower)
            .ok()
            .and_then(|id| first.get(&id).copied());
        let other = plain.or_else(|| lowered.get(&lower).copied());
        lowered.entry(lower).or_insert(at);
        if let Some(other) = other {
            clashes.push(Clash {
                at: at.max(other),
                first: at.min(other),
                same: false,
            });
        }
    }
    clashes
}
