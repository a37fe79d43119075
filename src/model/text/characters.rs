//! Finds invisible characters, and texts that are equal or look alike to a person.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory};
use icu_properties::{CodePointMapData, CodePointSetData};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};
use unicode_security::skeleton;

/// A pattern of Braille without any dot. It is a symbol to Unicode and a blank to a person.
const BLANK_BRAILLE: char = '\u{2800}';
/// Characters that select the form of the character before, or join emoji.
const EMOJI_PARTS: [char; 3] = ['\u{fe0e}', '\u{fe0f}', '\u{200d}'];

/// Whether a character shows nothing, or changes how other characters show: control and format characters,
/// ends of lines, zero-width characters, fillers and variation selectors. Spaces are not.
pub fn is_invisible(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_control();
    }
    let category = CodePointMapData::<GeneralCategory>::new().get(character);
    matches!(
        category,
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
    ) || character == BLANK_BRAILLE
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character)
}

/// The first invisible character of a text that names something.
pub fn first_invisible(text: &str) -> Option<char> {
    if text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    text.chars().find(|character| is_invisible(*character))
}

/// The same for a text that may contain emoji: joiners and selectors after a visible character do not count.
pub fn first_invisible_beside_emoji(text: &str) -> Option<char> {
    if text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    let mut after_symbol = false;
    text.chars().find(|character| {
        if after_symbol && EMOJI_PARTS.contains(character) {
            return false;
        }
        after_symbol = !character.is_alphanumeric() || character.is_ascii_digit();
        is_invisible(*character)
    })
}

/// Whether a text begins with a command of a CI runner: `##[error]` of GitHub and Azure, `##vso[…]`,
/// `##teamcity[…]`. Runners find these anywhere in a line.
pub fn starts_ci_command(rest: &str) -> bool {
    rest.strip_prefix("##").is_some_and(|rest| {
        rest.trim_start_matches(|letter: char| letter.is_ascii_alphanumeric())
            .starts_with('[')
    })
}

/// Whether a line of a text is or holds a command of a CI runner: one of [`starts_ci_command`], or two colons
/// at the beginning, as in `::error::`.
pub fn holds_ci_command(text: &str) -> bool {
    let begins = |line: &str| line.trim_start().starts_with("::");
    let mut hashes = text.match_indices("##");
    hashes.any(|(at, _)| starts_ci_command(&text[at..])) || text.lines().any(begins)
}

/// A text without case, in one Unicode form.
pub fn folded(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Cow::Owned(text.to_ascii_lowercase());
        }
        return Cow::Borrowed(text);
    }
    // Most texts are in the form already, which is found out much faster than it is made.
    let small: String = if is_composed(text) {
        text.chars().flat_map(char::to_lowercase).collect()
    } else {
        text.nfkc().flat_map(char::to_lowercase).collect()
    };
    Cow::Owned(if is_composed(&small) {
        small
    } else {
        small.nfkc().collect()
    })
}

/// Whether a text is in the form NFKC for sure.
fn is_composed(text: &str) -> bool {
    is_nfkc_quick(text.chars()) == IsNormalized::Yes
}

/// Whether a text is one that no other text can be equal to but for its case or its Unicode form, except one that is
/// not plain: ASCII without capitals.
pub fn is_plain(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase())
}

/// What a text looks like, whatever its case: two texts with the same look are confused by people.
pub fn look(text: &str) -> String {
    static ASCII: LazyLock<Vec<String>> = LazyLock::new(|| {
        (0..128u8)
            .map(|byte| look_of(char::from(byte).encode_utf8(&mut [0; 4])))
            .collect()
    });
    if text.is_ascii() {
        let looks = text.bytes().map(|byte| &*ASCII[usize::from(byte)]);
        return looks.collect();
    }
    look_of(text)
}

fn look_of(text: &str) -> String {
    let visible: String = folded(text)
        .chars()
        .filter(|character| !is_invisible(*character))
        .collect();
    // The character that a capital resembles may be another small letter, so it is folded again.
    folded(&skeleton(&visible).collect::<String>()).into_owned()
}

/// Two words of a list that people confuse, by their indices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Twins {
    /// The later one.
    pub at: usize,
    /// The first one like it.
    pub first: usize,
}

/// Finds words that are equal but for their case or their Unicode form, and words that look alike where one of them
/// is not ASCII: `o` and `0` are no reason to doubt an identifier. The words are distinct.
pub fn twins(words: &[&str]) -> Vec<Twins> {
    let special: Vec<usize> = (0..words.len())
        .filter(|index| !is_plain(words[*index]))
        .collect();
    let mut found = HashMap::new();
    let mut add = |one: usize, other: usize| {
        if one != other {
            let first = found.entry(one.max(other)).or_insert(one.min(other));
            *first = (*first).min(one.min(other));
        }
    };
    if !special.is_empty() {
        let plain = words.iter().enumerate().filter(|(_, word)| is_plain(word));
        let mut first: HashMap<Cow<'_, str>, usize> = plain
            .map(|(index, word)| (Cow::Borrowed(*word), index))
            .collect();
        for index in &special {
            let other = *first.entry(folded(words[*index])).or_insert(*index);
            add(*index, other);
        }
    }
    let mut looks: HashMap<String, usize> = HashMap::new();
    for index in special.iter().filter(|index| !words[**index].is_ascii()) {
        let other = *looks.entry(look(words[*index])).or_insert(*index);
        add(*index, other);
    }
    if !looks.is_empty() {
        for (index, word) in words.iter().enumerate().filter(|(_, word)| word.is_ascii()) {
            if let Some(other) = looks.get(&look(word)) {
                add(index, *other);
            }
        }
    }
    let mut found: Vec<Twins> = found
        .into_iter()
        .map(|(at, first)| Twins { at, first })
        .collect();
    found.sort_unstable();
    found
}

/// The first characters in which two texts differ.
pub fn first_difference(one: &str, other: &str) -> Option<(char, char)> {
    let mut pairs = one.chars().zip(other.chars());
    pairs.find(|(one, other)| one != other)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_text_that_is_composed_already_is_folded_as_any_other(text in "(\\PC|[가-힣ㄱ-ㅎ\u{1100}-\u{11ff}ＡİſǄŒﬁ\u{300}-\u{345}]){0,8}") {
            let folded_in_full: String = text.nfkc().flat_map(char::to_lowercase).nfkc().collect();
            prop_assert_eq!(folded(&text).into_owned(), folded_in_full);
        }
    }

    #[test]
    fn invisible_characters() {
        for invisible in [
            '\u{0}',
            '\n',
            '\u{7f}',
            '\u{85}',
            '\u{ad}',
            '\u{34f}',
            '\u{600}',
            '\u{61c}',
            '\u{6dd}',
            '\u{115f}',
            '\u{1160}',
            '\u{17b4}',
            '\u{17b5}',
            '\u{180b}',
            '\u{180e}',
            '\u{180f}',
            '\u{200b}',
            '\u{200c}',
            '\u{200d}',
            '\u{200e}',
            '\u{2028}',
            '\u{202e}',
            '\u{2060}',
            '\u{2065}',
            '\u{206f}',
            '\u{2800}',
            '\u{3164}',
            '\u{fe00}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{ffa0}',
            '\u{fff9}',
            '\u{e0001}',
            '\u{e007f}',
            '\u{e01ef}',
        ] {
            assert!(is_invisible(invisible), "U+{:04X}", u32::from(invisible));
        }
        for visible in [
            ' ', 'a', '~', '\u{a0}', '\u{3000}', '한', '\u{1100}', 'ü', '\u{301}', '❤', '👨',
        ] {
            assert!(!is_invisible(visible), "U+{:04X}", u32::from(visible));
        }
    }

    #[test]
    fn emoji_have_invisible_parts() {
        assert_eq!(first_invisible("❤\u{fe0f}"), Some('\u{fe0f}'));
        assert_eq!(first_invisible_beside_emoji("❤\u{fe0f}"), None);
        assert_eq!(first_invisible_beside_emoji("👨\u{200d}👩"), None);
        assert_eq!(
            first_invisible_beside_emoji("vip\u{200d}"),
            Some('\u{200d}')
        );
        assert_eq!(
            first_invisible_beside_emoji("\u{200d}vip"),
            Some('\u{200d}')
        );
        assert_eq!(
            first_invisible_beside_emoji("vi\u{200b}p"),
            Some('\u{200b}')
        );
    }

    #[test]
    fn looks() {
        for (one, other) in [
            ("김", "\u{1100}\u{1175}\u{11b7}"),
            ("U-1", "u-1"),
            ("u-1", "u\u{200b}-1"),
            ("paypal", "p\u{430}ypal"),
            ("\u{ff55}-1", "u-1"),
            ("Straße", "STRAẞE"),
        ] {
            assert_eq!(look(one), look(other), "{one} {other}");
        }
        for (one, other) in [("u-1", "u-2"), ("김", "금"), ("é", "e")] {
            assert_ne!(look(one), look(other), "{one} {other}");
        }
        for ascii in ["paypal-1O0", "mMrn|Il1"] {
            assert_eq!(look(ascii), look_of(ascii));
        }
    }

    #[test]
    fn twins_are_found_by_case_form_and_look() {
        let words = [
            "u-10",
            "u-1O",
            "김",
            "\u{1100}\u{1175}\u{11b7}",
            "Paypal",
            "p\u{430}ypal",
            "paypal",
            "x",
        ];
        let found: Vec<(usize, usize)> = twins(&words)
            .iter()
            .map(|twins| (twins.at, twins.first))
            .collect();
        assert_eq!(found, [(3, 2), (5, 4), (6, 4)]);
        assert_eq!(twins(&["a", "b", "u-1l", "u-11"]), []);
    }
}
