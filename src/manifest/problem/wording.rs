//! Formats the user's text for messages and hints.

use crate::manifest::field_names::is_field_name;
use crate::model::visibility::hidden_texts::HiddenTexts;
use crate::model::visibility::personal_value;
use crate::words::shortened;

/// The most characters of a value in a message.
const LONGEST_SHOWN: usize = 60;

/// Cuts the user's text and replaces control characters.
pub(crate) fn clip(text: &str) -> String {
    let mut clipped: String = text
        .chars()
        .take(LONGEST_SHOWN)
        .map(|c| if c.is_control() { '\u{FFFD}' } else { c })
        .collect();
    if text.chars().nth(LONGEST_SHOWN).is_some() {
        clipped.push('…');
    }
    clipped
}

/// [`clip`] in backticks.
pub(crate) fn in_backticks(text: &str) -> String {
    format!("`{}`", clip(text))
}

/// A key as a message shows it. A text that looks personal stands where a key belongs by mistake.
pub(crate) fn shown_key(key: &str) -> String {
    if personal_value::looks_personal(key) {
        "(sensitive)".to_owned()
    } else {
        clip(key)
    }
}

/// [`shown_key`] in backticks.
pub(crate) fn key_in_backticks(key: &str) -> String {
    format!("`{}`", shown_key(key))
}

/// The text in double quotes, as YAML and JSON both read it. A long one is cut and ends in `…`.
pub(crate) fn quoted(text: &str) -> String {
    let quoted = serde_json::to_string(&shortened(text, LONGEST_SHOWN)).unwrap_or_default();
    quoted
        .chars()
        .map(|c| if c.is_control() { '\u{FFFD}' } else { c })
        .collect()
}

/// A message without the quoted parts that contain a hidden value: `"…"`.
pub(crate) fn without_quoted(message: &str, hidden: &HiddenTexts) -> String {
    if hidden.is_empty() {
        return message.to_owned();
    }
    without_quoted_where(message, |part| is_hidden(part, hidden))
}

/// A message without the quoted parts that are not names of fields.
pub(crate) fn without_unknown(message: &str) -> String {
    without_quoted_where(message, |part| !is_field_name(part))
}

fn without_quoted_where(message: &str, is_hidden: impl Fn(&str) -> bool) -> String {
    let mut out = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(start) = opening(rest) {
        let (before, quoted) = rest.split_at(start);
        out.push_str(before);
        // A message that was cut does not close its last quote.
        let end = closing(quoted);
        let (part, after) = quoted.split_at(end.unwrap_or(quoted.len()));
        let quote = &part[..1];
        let inner = end.map_or(&part[1..], |end| &part[1..end - 1]);
        if is_hidden(inner) {
            out.extend([quote, "…", quote]);
        } else {
            out.push_str(part);
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Whether a part of a message contains a hidden value, or was cut within one.
fn is_hidden(part: &str, hidden: &HiddenTexts) -> bool {
    let cut = part.strip_suffix('…');
    hidden.are_in(part) || cut.is_some_and(|part| hidden.are_cut_in(part))
}

/// A path such as `users[3].profile.KEY` without a key that contains a hidden value: a value may stand where a key
/// belongs.
pub(crate) fn without_key(path: &str, hidden: &HiddenTexts) -> String {
    let maps = ["profile.", "profileOnce."];
    let start = maps
        .iter()
        .filter_map(|map| path.find(map).map(|at| at + map.len()));
    // Or the name of a field that no user has.
    let field = path.find("].").map_or(0, |at| at + 2);
    let start = start.min().unwrap_or(field);
    if is_hidden(&path[start..], hidden) {
        format!("{}(sensitive)", &path[..start])
    } else {
        path.to_owned()
    }
}

/// Where a quote opens. An apostrophe within a word is none.
fn opening(text: &str) -> Option<usize> {
    let is_letter = |letter: Option<char>| letter.is_some_and(char::is_alphanumeric);
    let mut quotes = text.match_indices(['`', '"', '\'']);
    quotes
        .find(|(at, quote)| *quote != "'" || !is_letter(text[..*at].chars().next_back()))
        .map(|(at, _)| at)
}

/// The end of a text that begins with a quote, after the closing quote.
fn closing(text: &str) -> Option<usize> {
    let quote = text.chars().next()?;
    let mut is_escaped = false;
    text.char_indices()
        .skip(1)
        .find(|(at, letter)| {
            let next = text[at + letter.len_utf8()..].chars().next();
            let is_apostrophe = quote == '\'' && next.is_some_and(char::is_alphanumeric);
            let closes = *letter == quote && !is_escaped && !is_apostrophe;
            is_escaped = quote == '"' && *letter == '\\' && !is_escaped;
            closes
        })
        .map(|(at, letter)| at + letter.len_utf8())
}

/// The known name that is closest to a misspelt one.
pub(crate) fn closest_name<'n>(name: &str, known: &[&'n str]) -> Option<&'n str> {
    if name.len() > LONGEST_SHOWN {
        return None;
    }
    let lower = name.to_lowercase();
    let most = (lower.chars().count() / 3).max(1);
    known
        .iter()
        .map(|known| {
            let distance = strsim::damerau_levenshtein(&lower, &known.to_lowercase());
            (distance, *known)
        })
        .filter(|(distance, _)| *distance <= most)
        .min()
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Value;

    #[test]
    fn quoted_values_are_left_out() {
        let mut hidden = HiddenTexts::default();
        hidden.add((&Value::from("Gabrielle")).into());
        let without = |text: &str| without_quoted(text, &hidden);
        assert_eq!(without("`gabrielle/vip` is repeated"), "`…` is repeated");
        assert_eq!(
            without(r#"write "a\"Gabrielle" or "b""#),
            r#"write "…" or "b""#
        );
        assert_eq!(without("Gabrielle `x"), "Gabrielle `x");
        assert_eq!(without("\"to Gabrielle, hel…"), "\"…\"");
        assert_eq!(without("`to Gabri…` is"), "`…` is");
        assert_eq!(
            without("the project's ('Gabrielle', 'it's') are users' keys"),
            "the project's ('…', 'it's') are users' keys"
        );
        let path = without_key("users[3].profile.gabrielle", &hidden);
        assert_eq!(path, "users[3].profile.(sensitive)");
        assert_eq!(without_key("users[3].tags[0]", &hidden), "users[3].tags[0]");
    }
}
