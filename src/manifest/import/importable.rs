//! Separates the fields of a user on Channel that a manifest can declare from those that it cannot.

use crate::manifest::problem::wording::shown_key;
use crate::manifest::users::check;
use crate::manifest::users::value::Kind;
use crate::model::text::characters::first_invisible_beside_emoji;
use crate::model::visibility::personal_value;
use crate::model::{ApiVersion, Attributes, Declared, Number, Observed, Tags, Value};

/// The language that Channel shows for everybody who has no other one.
const DEFAULT_LANGUAGE: &str = "en";

/// The fields of a user that a manifest can declare, and those that it cannot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Adopted {
    /// The fields that can be declared. Never `profileOnce`: its effect is in the profile.
    pub attributes: Attributes,
    /// The other fields by path, each with the reason why it is left out, without the value.
    pub left_out: Vec<(String, &'static str)>,
}

/// Adopts the fields of a user that `wanted` accepts by path. Tags and flags that Channel does not return
/// are not declared, nor is the language that Channel shows for everybody.
pub fn adopt(observed: &Observed, api: ApiVersion, wanted: &dyn Fn(&str) -> bool) -> Adopted {
    let Observed {
        id: _,
        language,
        profile,
        undeclarable,
        tags,
        unsubscribed,
        unsubscribe_email,
        unsubscribe_texting,
    } = observed;
    let mut adopted = Adopted::default();
    for (key, value) in profile {
        let path = format!("profile.{key}");
        if !wanted(&path) {
            continue;
        }
        if let Some(reason) = refusal(key.as_str(), value) {
            adopted.left_out.push((shown_path(key.as_str()), reason));
        } else {
            let value = Declared::Set(value.clone());
            adopted.attributes.profile.insert(key.clone(), value);
        }
    }
    for key in undeclarable {
        let path = format!("profile.{key}");
        if wanted(&path) {
            let reason = key_refusal(key.as_str())
                .unwrap_or("an object, a mixed list or a number with too many digits");
            adopted.left_out.push((shown_path(key.as_str()), reason));
        }
    }
    if let Some(language) = language
        && wanted("language")
        && language.as_str() != DEFAULT_LANGUAGE
    {
        if check::control_character(language.as_str()).is_some() {
            let reason = "a string with control characters";
            adopted.left_out.push(("language".to_owned(), reason));
        } else {
            adopted.attributes.language = Some(language.clone());
        }
    }
    if !tags.is_empty() && wanted("tags") {
        match tags_refusal(tags, api) {
            Some(reason) => adopted.left_out.push(("tags".to_owned(), reason)),
            None => adopted.attributes.tags = Some(tags.clone()),
        }
    }
    let flag = |name, flag: &Option<bool>| flag.filter(|_| wanted(name));
    if api == ApiVersion::V4 {
        adopted.attributes.unsubscribed = flag("unsubscribed", unsubscribed);
    }
    adopted.attributes.unsubscribe_email = flag("unsubscribeEmail", unsubscribe_email);
    adopted.attributes.unsubscribe_texting = flag("unsubscribeTexting", unsubscribe_texting);
    adopted
}

/// The path of a key as a message shows it.
fn shown_path(key: &str) -> String {
    format!("profile.{}", shown_key(key))
}

/// Why a key with a value cannot be declared; `None` if it can.
pub(crate) fn refusal(key: &str, value: &Value) -> Option<&'static str> {
    if let Some(reason) = key_refusal(key) {
        return Some(reason);
    }
    match (Kind::of(key), value) {
        (Kind::Text | Kind::Email, Value::Text(_))
        | (Kind::Number, Value::Number(_))
        | (Kind::Free, _) => {}
        (Kind::Phone, Value::Text(text)) if check::is_e164(text) => {}
        (Kind::Phone, _) => return Some("not an E.164 phone number"),
        (Kind::Int32, Value::Number(number)) if check::is_int32(*number) => {}
        (Kind::Int32, _) => return Some("not a 32-bit integer"),
        (Kind::Text | Kind::Email, _) => return Some("not a string"),
        (Kind::Number, _) => return Some("not a number"),
    }
    let has_control = |text: &String| check::control_character(text).is_some();
    let (control, large) = match value {
        Value::Boolean(_) => (false, false),
        Value::Text(text) => (has_control(text), false),
        Value::Texts(texts) => (texts.iter().any(has_control), false),
        Value::Number(number) => (false, is_beyond(*number)),
        Value::Numbers(numbers) => (false, numbers.iter().any(|number| is_beyond(*number))),
    };
    if control {
        Some("a string with control characters")
    } else if large {
        Some("a number with too many digits")
    } else {
        None
    }
}

fn key_refusal(key: &str) -> Option<&'static str> {
    if key.is_empty() {
        return Some("a key that is empty");
    }
    if key == "empty" {
        return Some("an artefact of the API's documentation");
    }
    if personal_value::looks_personal(key) {
        return Some("a key that looks personal");
    }
    check::forbidden_in_key(key).map(|character| match character {
        '.' => "a key with a dot",
        c if c.is_whitespace() => "a key with white space",
        _ => "a key with invisible characters",
    })
}

pub(crate) fn tags_refusal(tags: &Tags, api: ApiVersion) -> Option<&'static str> {
    if tags.len() > api.most_tags() {
        return Some("more tags than this version of the API accepts");
    }
    let is_odd = |tag: &String| {
        tag.trim().is_empty()
            || first_invisible_beside_emoji(tag).is_some()
            || tag.to_lowercase() != *tag
    };
    tags.iter()
        .any(is_odd)
        .then_some("a tag that is empty, contains invisible characters or is not in lower case")
}

/// Whether a number can be read back only if it is written with an exponent.
fn is_beyond(number: Number) -> bool {
    number.get().abs() > Number::LARGEST_INTEGER
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Language;
    use crate::model::ProfileKey;

    fn number(number: f64) -> Value {
        Value::Number(Number::new(number).expect("finite"))
    }

    #[test]
    fn what_cannot_be_declared_is_named_without_its_value() {
        let profile: Vec<(&str, Value)> = vec![
            ("plan", "pro".into()),
            ("a.b", "x".into()),
            ("a b", "x".into()),
            ("empty", "x".into()),
            ("name", 3.into()),
            ("email", "a\u{1b}b".into()),
            ("mobileNumber", "010-1234-5678".into()),
            ("landlineNumber", "+8221234567".into()),
            ("recentPurchaseCount", number(1.5)),
            ("recentPurchaseAmount", "12".into()),
            ("list", Value::Texts(vec!["a\u{0}".into()].into())),
            ("large", number(1e17)),
            ("small", number(-0.25)),
            ("lines", "a\r\n\tb".into()),
        ];
        let observed = Observed {
            id: None,
            language: Language::new("ko"),
            profile: profile
                .into_iter()
                .map(|(key, value)| (ProfileKey::new(key), value))
                .collect(),
            undeclarable: ["nested".into(), "c.d".into()].into(),
            tags: (0..11).map(|n| format!("t{n:02}")).collect(),
            unsubscribed: Some(true),
            unsubscribe_email: Some(false),
            unsubscribe_texting: None,
        };
        let adopted = adopt(&observed, ApiVersion::V4, &|_| true);
        let kept: Vec<String> = adopted
            .attributes
            .fields()
            .map(|(path, _)| path.to_string())
            .collect();
        assert_eq!(
            kept,
            [
                "language",
                "profile.landlineNumber",
                "profile.lines",
                "profile.plan",
                "profile.small",
                "unsubscribeEmail",
                "unsubscribed"
            ]
        );
        let mut left: Vec<String> = adopted
            .left_out
            .iter()
            .map(|(path, reason)| format!("{path}: {reason}"))
            .collect();
        left.sort();
        insta::assert_snapshot!(left.join("\n"), @"
        profile.a b: a key with white space
        profile.a.b: a key with a dot
        profile.c.d: a key with a dot
        profile.email: a string with control characters
        profile.empty: an artefact of the API's documentation
        profile.large: a number with too many digits
        profile.list: a string with control characters
        profile.mobileNumber: not an E.164 phone number
        profile.name: not a string
        profile.nested: an object, a mixed list or a number with too many digits
        profile.recentPurchaseAmount: not a number
        profile.recentPurchaseCount: not a 32-bit integer
        tags: more tags than this version of the API accepts
        ");
        let v5 = adopt(&observed, ApiVersion::V5, &|path| {
            !path.starts_with("profile.")
        });
        assert_eq!(v5.left_out, []);
        assert_eq!(v5.attributes.unsubscribed, None);
        assert_eq!(v5.attributes.tags, Some(observed.tags.clone()));
        assert!(v5.attributes.profile.is_empty());
    }
}
