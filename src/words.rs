//! Writes counts with their nouns, and the beginnings of long lists and texts.

use std::borrow::Cow;

/// `1 user`, `3 users`, `2 rows have`: a count and the form of the noun that fits it.
pub fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", plural(count, one, many))
}

/// A number with its digits in groups of three: `1,000`.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The form that fits the count.
pub fn plural<'a>(count: usize, one: &'a str, many: &'a str) -> &'a str {
    if count == 1 { one } else { many }
}

/// `1 user`, `3 users`.
pub fn users(count: usize) -> String {
    counted(count, "user", "users")
}

/// The first `most` items, then `… and 7 more` if there are more.
pub fn first<T: AsRef<str>>(items: impl IntoIterator<Item = T>, most: usize) -> Vec<String> {
    let mut items = items.into_iter();
    let mut shown: Vec<String> = items
        .by_ref()
        .take(most)
        .map(|item| item.as_ref().to_owned())
        .collect();
    shown.extend(and_more(items.count()));
    shown
}

/// `… and 7 more`; `None` for 0.
pub fn and_more(count: usize) -> Option<String> {
    (count > 0).then(|| format!("… and {count} more"))
}

/// The first `most` characters of a text, then `…` if there are more.
pub fn shortened(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_and_many() {
        assert_eq!(users(0), "0 users");
        assert_eq!(users(1), "1 user");
        assert_eq!(counted(2, "row has", "rows have"), "2 rows have");
    }

    #[test]
    fn digits_are_in_groups_of_three() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (12_345, "12,345"),
            (1_000_000, "1,000,000"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn a_long_list_ends_with_what_is_left() {
        assert_eq!(first(["a", "b"], 2), ["a", "b"]);
        assert_eq!(first(["a", "b", "c"], 1), ["a", "… and 2 more"]);
        assert_eq!(first(["a"], 0), ["… and 1 more"]);
        assert_eq!(and_more(0), None);
        assert_eq!(shortened("한글", 2), "한글");
        assert_eq!(shortened("한글자", 2), "한글…");
    }
}
