//! Formats the user's text for messages and hints.

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

/// The text in double quotes, as YAML and JSON both read it.
pub(crate) fn quoted(text: &str) -> String {
    let quoted = serde_json::to_string(text).unwrap_or_default();
    quoted
        .chars()
        .map(|c| if c.is_control() { '\u{FFFD}' } else { c })
        .collect()
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
