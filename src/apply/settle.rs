//! Recognises values that Channel keeps in its own notation: it has shown the same twice in response to the same value,
//! and that reads like the value.

use std::collections::BTreeSet;

use crate::apply::outcome::{KeptValue, ShownInstead};
use crate::model::text::characters::folded;
use crate::model::{
    Attributes, Digests, Entry, FieldDigest, FieldPath, FieldValue, Hidden, Observed,
    PlannedChange, RemoteValue, Upsert, UserKey, UserVisibility, Value, VisibilityLookup,
};
use crate::plan::compare::found_digest;
use crate::remote::{Confirmation, ResponseUser, observed};

/// What is known of a user when Channel's response arrives.
pub(crate) struct Settling<'a, 'v> {
    /// The record before.
    pub(crate) before: Option<&'a Entry>,
    /// The user's own digest key.
    pub(crate) key: UserKey,
    /// What may be shown.
    pub(crate) visibility: &'a VisibilityLookup<'v>,
}

impl Settling<'_, '_> {
    /// Moves the fields that Channel keeps in its own notation out of `confirmation`, and returns what Channel shows
    /// in place of declared values.
    ///
    /// A field counts as kept if Channel shows a value that reads like the declared one, and the response before showed
    /// the same in place of the same value. If the two do not read alike, Channel may have ignored the request and show
    /// what it had before. Consent flags never count. Neither does a value that Channel shows where nothing is declared.
    pub(crate) fn settle(
        &self,
        planned: &PlannedChange,
        response: &ResponseUser,
        confirmation: &mut Confirmation,
    ) -> ShownInstead {
        let mut instead = ShownInstead::default();
        let write = planned.change.write();
        let Some((write, Upsert(sent))) = write.and_then(|it| Some((it, it.upsert()?))) else {
            return instead;
        };
        if confirmation.different.is_empty() {
            return instead;
        }
        let shown = observed(response);
        let values = sent.fields().chain(shown.texts());
        let user = self.visibility.user_with_id(&planned.id, values);
        let Digests { fields, .. } = write.digests(&self.key);
        for (path, declared) in &fields {
            if !confirmation.different.contains(path) || !is_alike(path, &sent, &shown) {
                continue;
            }
            let Some(found) = found_digest(path, &shown, &self.key) else {
                continue;
            };
            instead.digests.insert(path.clone(), found);
            if !self.is_second(path, *declared, found) {
                continue;
            }
            confirmation.different.remove(path);
            if self.before.and_then(|before| before.kept_as(path)) != Some(found) {
                let value = kept_value(path, &sent, &shown, &user);
                instead.newly_kept.insert(path.clone(), value);
            }
        }
        for path in self.kept_empty(&sent, &shown) {
            if confirmation.different.remove(&path) {
                let value = kept_value(&path, &sent, &shown, &user);
                instead.newly_kept.insert(path, value);
            }
        }
        instead
    }

    /// Fields that are no longer declared, and that Channel shows as empty a second time after they were to be cleared.
    fn kept_empty(&self, sent: &Attributes, shown: &Observed) -> Vec<FieldPath> {
        let before = self.before.into_iter().flat_map(Entry::not_cleared);
        before
            .filter(|path| matches!(sent.get(path), Some(FieldValue::Clear)))
            .filter(|path| found_essence(&shown.get(path)).is_some_and(|texts| texts.is_empty()))
            .cloned()
            .collect()
    }

    /// Whether the response before showed the same in place of the same value.
    fn is_second(&self, path: &FieldPath, declared: FieldDigest, found: FieldDigest) -> bool {
        self.before.is_some_and(|before| {
            before.fields.get(path) == Some(declared)
                && before.shown_instead.get(path) == Some(&found)
        })
    }
}

/// Whether the declared value and the one that Channel shows differ in nothing but case, white space, Unicode form,
/// order and repetitions, or are both blank.
fn is_alike(path: &FieldPath, sent: &Attributes, shown: &Observed) -> bool {
    let declared = sent.get(path).and_then(FieldValue::as_value);
    found_essence(&shown.get(path)) == Some(declared.map(essence).unwrap_or_default())
}

/// The texts of a value, without what Channel may write in another way. A blank value has none.
fn essence(value: &Value) -> BTreeSet<String> {
    let text = |text: &String| -> String {
        let folded = folded(text);
        folded.chars().filter(|it| !it.is_whitespace()).collect()
    };
    let texts: BTreeSet<String> = match value {
        Value::Text(one) => [text(one)].into(),
        Value::Texts(many) => many.iter().map(text).collect(),
        Value::Number(number) => [number.to_string()].into(),
        Value::Numbers(numbers) => numbers.iter().map(ToString::to_string).collect(),
        Value::Boolean(boolean) => [boolean.to_string()].into(),
    };
    texts.into_iter().filter(|text| !text.is_empty()).collect()
}

/// The same of what Channel shows; `None` for a value that no manifest can declare.
fn found_essence(found: &RemoteValue) -> Option<BTreeSet<String>> {
    match found {
        RemoteValue::Absent => Some(BTreeSet::new()),
        RemoteValue::Value(value) => Some(essence(value)),
        RemoteValue::Undeclarable => None,
    }
}

/// What Channel keeps in place of a declared value, hidden if either may not be shown: the one may be a part of the
/// other.
fn kept_value(
    path: &FieldPath,
    sent: &Attributes,
    shown: &Observed,
    user: &UserVisibility<'_, '_, '_>,
) -> KeptValue {
    let hides_declared = || user.hides(path, sent.get(path)?);
    match shown.get(path) {
        RemoteValue::Value(value) => match user.hides(path, &value).or_else(hides_declared) {
            None => KeptValue::Value(value),
            Some(Hidden::Sensitive) => KeptValue::Sensitive,
            Some(Hidden::Undecided) => KeptValue::Hidden,
        },
        RemoteValue::Absent | RemoteValue::Undeclarable => KeptValue::Nothing,
    }
}
