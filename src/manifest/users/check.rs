//! Checks single values.

use crate::model::Number;
use crate::model::text::characters::is_invisible;

/// An E.164 number: `+`, then 7 to 15 digits, the first of them not zero.
pub(crate) fn is_e164(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0')
    })
}

/// Whether a number is a 32-bit integer.
pub(crate) fn is_int32(number: Number) -> bool {
    let number = number.get();
    number.fract() == 0.0 && (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&number)
}

/// The phone number without spaces and punctuation, if that makes it E.164.
pub(crate) fn e164_without_punctuation(text: &str) -> Option<String> {
    let bare: String = text
        .chars()
        .filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')' | '/'))
        .collect();
    is_e164(&bare).then_some(bare)
}

/// Whether a text has the shape of an e-mail address.
pub(crate) fn looks_like_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    !local.is_empty()
        && !local.contains('@')
        && !domain.is_empty()
        && !text.chars().any(char::is_whitespace)
}

/// Whether a key is camelCase, as Channel's own keys are.
pub(crate) fn is_camel_case(key: &str) -> bool {
    key.starts_with(|c: char| !c.is_uppercase() && c != '_' && c != '-')
        && !key.contains(['_', '-'])
}

/// The first character that cannot be in a profile key.
pub(crate) fn forbidden_in_key(key: &str) -> Option<char> {
    key.chars()
        .find(|c| *c == '.' || c.is_whitespace() || is_invisible(*c))
}

/// The first control character that is not a line end or a tab.
pub(crate) fn control_character(text: &str) -> Option<char> {
    let is_plain = |byte: u8| (0x20..0x7F).contains(&byte);
    if text.bytes().all(is_plain) {
        return None;
    }
    text.chars()
        .find(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}

/// `additionalProp1`, `additionalProp2`, …: example keys of the API's documentation.
pub(crate) fn is_placeholder(key: &str) -> bool {
    key.strip_prefix("additionalProp")
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phone_numbers() {
        for good in ["+821012345678", "+1234567", "+123456789012345"] {
            assert!(is_e164(good), "{good}");
        }
        for bad in [
            "",
            "+",
            "821012345678",
            "+0821012345",
            "+123456",
            "+1234567890123456",
            "+82 10 1234 5678",
            "+8210١2345678",
            "010-1234-5678",
        ] {
            assert!(!is_e164(bad), "{bad}");
        }
        assert_eq!(
            e164_without_punctuation("+82 (10) 1234-5678").as_deref(),
            Some("+821012345678")
        );
        assert_eq!(e164_without_punctuation("010-1234-5678"), None);
    }

    #[test]
    fn emails() {
        for good in [
            "a@b",
            "g@example.com",
            "홍@예.kr",
            "\"a b\"@c".trim_matches('"'),
        ] {
            assert_eq!(looks_like_email(good), !good.contains(' '), "{good}");
        }
        for bad in ["a", "@b", "a@", "a@b@c", "a @b"] {
            assert!(!looks_like_email(bad), "{bad}");
        }
    }

    #[test]
    fn keys() {
        assert!(is_camel_case("utmSource") && is_camel_case("plan") && is_camel_case("등급"));
        assert!(!is_camel_case("UtmSource") && !is_camel_case("utm_source"));
        assert!(!is_camel_case("utm-source") && !is_camel_case("_x"));
        assert_eq!(forbidden_in_key("a.b"), Some('.'));
        assert_eq!(forbidden_in_key("a b"), Some(' '));
        assert_eq!(forbidden_in_key("a\u{200b}b"), Some('\u{200b}'));
        assert_eq!(forbidden_in_key("ab"), None);
        assert!(is_placeholder("additionalProp1") && !is_placeholder("additionalProp"));
        assert_eq!(control_character("a\n\tb"), None);
        assert_eq!(control_character("a\u{1b}b"), Some('\u{1b}'));
    }
}
