//! Merges the defaults of a document under each of its users.

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::{Attributes, KeyMap, ProfileKey};

use crate::manifest::problem::problems::{Place, Problem};
use crate::manifest::problem::span::Span;
use crate::manifest::problem::wording::{clip, key_in_backticks, shown_key};
use crate::manifest::users::context::Reader;
use crate::manifest::users::declared::{DeclaredUser, Draft, Entry, Scope};
use crate::manifest::users::rules;
use crate::manifest::users::rules::FieldSpans;

/// Reports keys that the defaults declare under `profile` and under `profileOnce`.
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
pub(crate) fn apply_defaults(
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
    let spans = match reader.settings.rules {
        Some(_) => FieldSpans::of(&draft, defaults),
        None => FieldSpans::default(),
    };
    let attributes = Attributes {
        language: draft.language.or_else(|| defaults.language.clone()),
        profile: merge(draft.profile, &defaults.profile),
        profile_once: merge(draft.profile_once, &defaults.profile_once),
        tags: draft.tags.or_else(|| defaults.tags.clone()),
        unsubscribed: draft.unsubscribed.or(defaults.unsubscribed),
        unsubscribe_email: draft.unsubscribe_email.or(defaults.unsubscribe_email),
        unsubscribe_texting: draft.unsubscribe_texting.or(defaults.unsubscribe_texting),
    };
    rules::check(reader, &id, span, &attributes, &spans, scope);
    let position = reader.user_positions.locate(span.start());
    reader.users.push(DeclaredUser {
        id,
        span,
        position,
        index,
        attributes: Some(Arc::new(attributes)),
    });
}

/// The span of each key; empty if there is nothing to compare with.
fn by_key<'e, T, O>(entries: &'e [Entry<T>], others: &[Entry<O>]) -> HashMap<&'e ProfileKey, Span> {
    if others.is_empty() {
        return HashMap::new();
    }
    entries
        .iter()
        .map(|entry| (&entry.key, entry.span))
        .collect()
}

fn merge<T: Clone>(own: Vec<Entry<T>>, defaults: &[Entry<T>]) -> KeyMap<T> {
    let defaults = defaults.iter();
    let defaults = defaults.map(|entry| (entry.key.clone(), entry.value.clone()));
    let own = own.into_iter().map(|entry| (entry.key, entry.value));
    defaults.chain(own).collect()
}

fn in_both<T>(entry: &Entry<T>, map: &str, other: Span, word: &str) -> Problem {
    let key = entry.key.as_str();
    let message = format!(
        "{} is both in `profile` and in `profileOnce`",
        key_in_backticks(key)
    );
    Problem::error("key-in-both", entry.span, message)
        .path(clip(&format!("{map}.{}", shown_key(key))))
        .related(Place::Here(other), word)
        .hint("`profile` always wins on Channel; keep one of them")
}
