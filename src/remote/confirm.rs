//! Compares the user in a response with everything that is declared.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

use crate::model::{Attributes, Consent, Declared, FieldPath, Language, Upsert, Value};
use crate::remote::response_user::ResponseUser;

/// How the user in a response differs from what is declared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Confirmation {
    /// Fields that Channel shows with another value than declared, also if they were not sent.
    pub different: BTreeSet<FieldPath>,
    /// Consent flags that Channel does not show.
    pub not_shown: BTreeSet<FieldPath>,
    /// Consent flags that are declared as `false`, were not sent and are `true` on Channel: the person opted
    /// out, and that stays.
    pub kept_consent: BTreeSet<FieldPath>,
}

impl Confirmation {
    /// The fields that Channel does not show as declared, without a person's own choice.
    pub fn unconfirmed(&self) -> BTreeSet<FieldPath> {
        self.different.union(&self.not_shown).cloned().collect()
    }
}

/// Compares the response to a request with the request and with the declared consent flags, which may be more
/// than those that were sent.
///
/// A response that leaves out an empty profile or empty tags shows them as empty. A flag that is declared as
/// `false` and was not sent counts as confirmed if Channel does not show it, because an opt-out would be shown.
pub fn confirm(sent: &Upsert, declared: Consent, shown: &ResponseUser) -> Confirmation {
    let Upsert(sent) = sent;
    let Attributes {
        language,
        profile,
        profile_once,
        tags,
        unsubscribed,
        unsubscribe_email,
        unsubscribe_texting,
    } = &**sent;
    let nothing = Map::new();
    let has = shown.profile.as_ref().unwrap_or(&nothing);
    let mut confirmation = Confirmation::default();
    if let Some(language) = language
        && shown.language.as_deref().and_then(Language::new).as_ref() != Some(language)
    {
        confirmation.different.insert(FieldPath::Language);
    }
    for (key, declared) in profile {
        let confirmed = match (declared, has.get(key.as_str())) {
            (Declared::Clear, found) => found.is_none_or(Json::is_null),
            (Declared::Set(value), Some(found)) => is_same(key.as_str(), value, found),
            (Declared::Set(_), None) => false,
        };
        if !confirmed {
            let path = FieldPath::Profile(key.clone());
            confirmation.different.insert(path);
        }
    }
    for key in profile_once.keys() {
        if has.get(key.as_str()).is_none_or(Json::is_null) {
            let path = FieldPath::ProfileOnce(key.clone());
            confirmation.different.insert(path);
        }
    }
    if let Some(tags) = tags
        && shown.tags.clone().unwrap_or_default() != *tags
    {
        confirmation.different.insert(FieldPath::Tags);
    }
    for (path, sent, declared, found) in [
        (
            FieldPath::Unsubscribed,
            *unsubscribed,
            declared.unsubscribed,
            shown.unsubscribed,
        ),
        (
            FieldPath::UnsubscribeEmail,
            *unsubscribe_email,
            declared.unsubscribe_email,
            shown.unsubscribe_email,
        ),
        (
            FieldPath::UnsubscribeTexting,
            *unsubscribe_texting,
            declared.unsubscribe_texting,
            shown.unsubscribe_texting,
        ),
    ] {
        let wanted = sent.or(declared);
        let is_sent = sent.is_some();
        match (wanted, found) {
            (None, _) | (Some(false), None) if !is_sent => {}
            (_, None) => {
                confirmation.not_shown.insert(path);
            }
            (wanted, found) if wanted == found => {}
            (Some(false), _) if !is_sent => {
                confirmation.kept_consent.insert(path);
            }
            _ => {
                confirmation.different.insert(path);
            }
        }
    }
    confirmation
}

/// Whether two values are equal. Channel may write a value in another way: `1.0` for `1`, spaces in a phone number.
fn is_same(key: &str, sent: &Value, found: &Json) -> bool {
    let is_number = |sent: f64, found: &Json| found.as_f64() == Some(sent);
    match sent {
        Value::Text(text) if matches!(key, "mobileNumber" | "landlineNumber") => {
            let digits = |text: &str| -> String {
                text.chars()
                    .filter(|c| c.is_ascii_digit() || *c == '+')
                    .collect()
            };
            found
                .as_str()
                .is_some_and(|found| digits(found) == digits(text))
        }
        Value::Text(text) => found.as_str() == Some(text),
        Value::Boolean(flag) => found.as_bool() == Some(*flag),
        Value::Number(number) => is_number(number.get(), found),
        Value::Texts(texts) => found.as_array().is_some_and(|found| {
            found.len() == texts.len()
                && found
                    .iter()
                    .zip(texts)
                    .all(|(found, text)| found.as_str() == Some(text))
        }),
        Value::Numbers(numbers) => found.as_array().is_some_and(|found| {
            found.len() == numbers.len()
                && found
                    .iter()
                    .zip(numbers)
                    .all(|(found, number)| is_number(number.get(), found))
        }),
    }
}
