//! Finds the hidden values of one user in other texts: in tags, in public fields, in messages of Channel.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::model::ids::member_id::MemberId;
use crate::model::text::characters::folded;
use crate::model::text::encoded::{decoded, from_base64, unescaped};
use crate::model::user::attributes::FieldValue;
use crate::model::value::Value;
use crate::model::visibility::personal_value;

/// The replacement of a hidden value within a longer text.
const REPLACED: &str = "(sensitive)";
/// A text of fewer characters says nothing about a person; with a letter beyond ASCII, two are a name.
const SHORTEST: usize = 3;
const SHORTEST_BEYOND_ASCII: usize = 2;
/// A shorter ASCII text is found as a word only: `ann` is no part of `annual`.
const SHORTEST_WITHIN_A_WORD: usize = 6;

/// The hidden values of one user.
#[derive(Clone, Debug, Default)]
pub struct HiddenTexts {
    texts: BTreeSet<String>,
    /// The letters and digits of the longer ones, because a tag writes `김-서연` for `김 서연`.
    squeezed: BTreeSet<String>,
}

impl HiddenTexts {
    /// Adds a hidden value.
    pub fn add(&mut self, value: FieldValue<'_>) {
        match value {
            FieldValue::Tags(tags) => tags.iter().for_each(|tag| self.add_text(tag)),
            FieldValue::Flag(_) | FieldValue::Clear | FieldValue::Value(Value::Boolean(_)) => {}
            FieldValue::Value(Value::Text(text)) => self.add_text(text),
            FieldValue::Value(Value::Number(number)) => self.add_text(&number.to_string()),
            FieldValue::Value(Value::Texts(texts)) => {
                for text in texts {
                    self.add_text(text);
                }
            }
            FieldValue::Value(Value::Numbers(numbers)) => {
                for number in numbers {
                    self.add_text(&number.to_string());
                }
            }
        }
    }

    /// Adds the id of the user.
    pub fn add_id(&mut self, id: &MemberId) {
        self.add_text(id.as_str());
    }

    /// Adds a value that was sent to Channel, with its words and in the forms in which a response may repeat it.
    /// Shorter texts count, too: a response is searched for what the program itself has sent.
    pub fn add_sent(&mut self, value: FieldValue<'_>) {
        self.add(value);
        let texts: Vec<String> = match value {
            FieldValue::Tags(tags) => tags.iter().cloned().collect(),
            FieldValue::Flag(_) | FieldValue::Clear | FieldValue::Value(Value::Boolean(_)) => {
                Vec::new()
            }
            FieldValue::Value(Value::Text(text)) => vec![text.clone()],
            FieldValue::Value(Value::Texts(texts)) => texts.to_vec(),
            FieldValue::Value(Value::Number(number)) => vec![number.to_string()],
            FieldValue::Value(Value::Numbers(numbers)) => {
                numbers.iter().map(ToString::to_string).collect()
            }
        };
        for text in &texts {
            let text = folded(text.trim());
            if text.chars().nth(1).is_some() {
                self.texts.insert(text.clone().into_owned());
            }
            for word in text.split(|letter: char| !letter.is_alphanumeric()) {
                self.add_text(word);
            }
            if !text.is_ascii() {
                self.texts.insert(json_escaped(&text));
                self.texts.insert(percent_encoded(&text));
            }
        }
    }

    fn add_text(&mut self, text: &str) {
        let text = folded(text.trim()).into_owned();
        if !is_long_enough(&text) {
            return;
        }
        let squeezed = squeezed(&text);
        let fewest = if squeezed.is_ascii() {
            SHORTEST_WITHIN_A_WORD
        } else {
            SHORTEST
        };
        if squeezed.chars().count() >= fewest {
            self.squeezed.insert(squeezed);
        }
        self.texts.insert(text);
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// Whether a text contains any of them, whatever the case, the Unicode form, what is between the letters and the
    /// encoding: percent escapes, escapes of JSON, character references of HTML, base64.
    pub fn are_in(&self, text: &str) -> bool {
        if self.is_empty() {
            return false;
        }
        let is_in = |text: Option<&String>| text.is_some_and(|text| self.are_written_in(text));
        let decoded_text = decoded(text);
        let unescaped_text = unescaped(decoded_text.as_deref().unwrap_or(text));
        self.are_written_in(text)
            || is_in(decoded_text.as_ref())
            || is_in(unescaped_text.as_ref())
            || from_base64(text).any(|text| self.are_written_in(&text))
    }

    /// Whether a text that was cut ends with the beginning of any of them. One that is encoded may, because the cut may
    /// be within an escape.
    pub fn are_cut_in(&self, text: &str) -> bool {
        if self.is_empty() {
            return false;
        }
        let text = folded(text);
        let short_text = squeezed(&text);
        let mut whole = self.texts.iter();
        let mut short = self.squeezed.iter();
        decoded(&text).is_some()
            || unescaped(&text).is_some()
            || whole.any(|hidden| ends_with_beginning(&text, hidden))
            || short.any(|hidden| ends_with_beginning(&short_text, hidden))
    }

    fn are_written_in(&self, text: &str) -> bool {
        // To prepare a search takes longer than to compare two lengths.
        let may_be_in = |hidden: &String, text: &str| hidden.len() <= text.len();
        let text = folded(text);
        let mut hidden = self.texts.iter();
        if hidden.any(|hidden| may_be_in(hidden, &text) && find(&text, hidden, 0).is_some()) {
            return true;
        }
        let text = squeezed(&text);
        let mut hidden = self.squeezed.iter();
        hidden.any(|hidden| may_be_in(hidden, &text) && text.contains(&**hidden))
    }

    /// A message with each of them, and everything that looks personal, replaced. Where one cannot be cut out,
    /// nothing of the message is left.
    pub fn replaced_in(&self, message: &str) -> String {
        // Longer ones first: a shorter one may be a part of them.
        let mut hidden: Vec<&String> = self.texts.iter().collect();
        hidden.sort_by_key(|text| std::cmp::Reverse(text.len()));
        let mut shown = message.to_owned();
        for hidden in &hidden {
            if personal_value::looks_personal(hidden) {
                shown = replaced(&shown, hidden);
            }
        }
        // Before the others: one of them may be a part of the number of somebody else, which is then not recognised.
        let Some(mut shown) = without_personal(&shown) else {
            return REPLACED.to_owned();
        };
        // One that is encoded cannot be cut out, and without its beginning it would not be recognised.
        let without_plain = hidden
            .iter()
            .fold(shown.clone(), |shown, hidden| replaced(&shown, hidden));
        if self.are_in(&without_plain) {
            return REPLACED.to_owned();
        }
        for hidden in &hidden {
            shown = without_beginning(&shown, hidden);
        }
        for hidden in hidden {
            shown = replaced(&shown, hidden);
        }
        shown
    }
}

/// A message without the words that look personal; `None` if several words together do.
fn without_personal(message: &str) -> Option<String> {
    let words: Vec<String> = message
        .split_inclusive(char::is_whitespace)
        .map(|word| {
            let bare = word.trim_end();
            if personal_value::looks_personal(bare) {
                format!("{REPLACED}{}", &word[bare.len()..])
            } else {
                word.to_owned()
            }
        })
        .collect();
    let shown = words.concat();
    (!personal_value::looks_personal(&shown)).then_some(shown)
}

fn is_long_enough(text: &str) -> bool {
    text.chars().nth(fewest(text) - 1).is_some()
}

fn fewest(text: &str) -> usize {
    if text.is_ascii() {
        SHORTEST
    } else {
        SHORTEST_BEYOND_ASCII
    }
}

/// Whether a text ends with so much of the beginning of a hidden one that it says something.
fn ends_with_beginning(text: &str, hidden: &str) -> bool {
    let ends = hidden.char_indices().map(|(at, _)| at);
    ends.skip(fewest(hidden))
        .any(|end| text.ends_with(&hidden[..end]))
}

/// Only with ASCII, as some programs write JSON; folded.
fn json_escaped(text: &str) -> String {
    let mut out = String::new();
    for unit in text.encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii() => out.push(char::from(byte)),
            _ => {
                // Writing to a String does not fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out
}

fn percent_encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC)
        .to_string()
        .to_lowercase()
}

/// The letters and digits of a folded text, hiragana as katakana.
fn squeezed(text: &str) -> String {
    let kana = |letter: char| match letter {
        'ぁ'..='ゖ' => char::from_u32(u32::from(letter) + 0x60).unwrap_or(letter),
        letter => letter,
    };
    // The syllables of Hangul are letters. Looking that up takes long.
    let is_letter = |letter: &char| matches!(letter, '가'..='힣') || letter.is_alphanumeric();
    text.chars().filter(is_letter).map(kana).collect()
}

/// Where `hidden` begins in `text` at or after `from`, as a word if it is short. Both are folded.
fn find(text: &str, hidden: &str, from: usize) -> Option<usize> {
    let is_word = hidden.is_ascii() && hidden.len() < SHORTEST_WITHIN_A_WORD;
    let is_letter =
        |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_alphanumeric());
    text.get(from..)?
        .match_indices(hidden)
        .map(|(at, _)| from + at)
        .find(|at| {
            let before = text[..*at].chars().next_back();
            let after = text[at + hidden.len()..].chars().next();
            !is_word || !(is_letter(before) || is_letter(after))
        })
}

/// Replaces every occurrence of a folded text, in any case.
fn replaced(message: &str, hidden: &str) -> String {
    replaced_where(message, hidden, |_| hidden.len())
}

/// Replaces every occurrence of the beginning of a folded text, as much of it as there is: a message may cut a value.
fn without_beginning(message: &str, hidden: &str) -> String {
    // Fewer letters count if one of them is beyond ASCII.
    let is_beginning = |(number, (end, _)): &(usize, (usize, char))| {
        *number == SHORTEST_WITHIN_A_WORD || (*number >= SHORTEST && !hidden[..*end].is_ascii())
    };
    let Some((_, (end, _))) = hidden.char_indices().enumerate().find(is_beginning) else {
        return message.to_owned();
    };
    let length_at = |rest: &str| {
        let same = rest.char_indices().zip(hidden.chars());
        let same = same.take_while(|((_, one), other)| one == other);
        same.map(|((at, letter), _)| at + letter.len_utf8())
            .last()
            .unwrap_or(end)
    };
    replaced_where(message, &hidden[..end], length_at)
}

/// Replaces every occurrence of a folded text. `length_at` is how many bytes of the folded message from there on are
/// replaced.
fn replaced_where(message: &str, wanted: &str, length_at: impl Fn(&str) -> usize) -> String {
    // Folded letter by letter, so that each folded byte has a place in the message.
    let mut folded = String::with_capacity(message.len());
    let mut places = Vec::with_capacity(message.len() + 1);
    for (at, letter) in message.char_indices() {
        for small in letter.to_lowercase() {
            folded.push(small);
            places.resize(folded.len(), at);
        }
    }
    places.push(message.len());
    let mut out = String::with_capacity(message.len());
    let (mut from, mut copied) = (0, 0);
    while let Some(at) = find(&folded, wanted, from) {
        from = at + length_at(&folded[at..]);
        out.push_str(&message[copied..places[at]]);
        out.push_str(REPLACED);
        copied = places[from];
    }
    out.push_str(&message[copied..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(texts: &[&str]) -> HiddenTexts {
        let mut hidden = HiddenTexts::default();
        for text in texts {
            hidden.add((&Value::from(*text)).into());
        }
        hidden
    }

    #[test]
    fn a_hidden_value_is_found_within_a_text() {
        let hidden = of(&[
            "김 서연",
            "Seoyeon.Kim@Example.com",
            "Gabrielle Chanel",
            "Ann",
            "ko",
        ]);
        for text in [
            "vip/seoyeon.kim@example.com",
            "김 서연 님",
            "김-서연",
            "GABRIELLE-CHANEL",
            "gabrielle_chanel",
            "for ann",
            "\u{1100}\u{1175}\u{11b7} \u{1109}\u{1165}\u{110b}\u{1167}\u{11ab}",
            "https://x.kr/?n=%EA%B9%80%20%EC%84%9C%EC%97%B0",
            "a=%67abrielle+chanel&b=%47abrielle%20Chanel",
            "\\uAE40 \\uC11C\\uC5F0",
            "&#44608; &#xC11C;&#xC5F0;",
            "gabrielle\u{200b}cha\u{ad}nel",
            "gabrielle\r\nchanel",
            r"Gabrielle\nChanel",
            "Gabrielle, Chanel",
            "gabrielle+chanel",
            "김·서·연",
            "R2FicmllbGxlIENoYW5lbA==",
        ] {
            assert!(hidden.are_in(text), "{text}");
        }
        for text in ["annual", "ko", "gabriel", "서울", ""] {
            assert!(!hidden.are_in(text), "{text}");
        }
        let mut numbers = HiddenTexts::default();
        numbers.add((&Value::from(1994)).into());
        assert!(numbers.are_in("born/1994") && !numbers.are_in("19940"));
    }

    #[test]
    fn a_part_of_a_value_does_not_uncover_the_number_of_another_person() {
        let hidden = of(&["4111 2222 3333 4444", "4111"]);
        let message = "of 4111 2222 3333 4444 and 4111 1111 1111 1111";
        assert_eq!(hidden.replaced_in(message), "(sensitive)");
        assert_eq!(
            hidden.replaced_in("at 4111-1111-1111-1111"),
            "at (sensitive)"
        );
    }

    #[test]
    fn the_beginning_of_an_encoded_value_does_not_uncover_its_end() {
        let hidden = of(&["Gabrielle-Bonheur"]);
        assert_eq!(hidden.replaced_in("of gabrielle%2DBonheur"), "(sensitive)");
        assert_eq!(hidden.replaced_in("of gabrielle-Bon"), "of (sensitive)");
        let hidden = of(&["Gabrielle-샤넬"]);
        assert_eq!(hidden.replaced_in("of gabrielle-샤"), "of (sensitive)");
    }

    #[test]
    fn a_message_keeps_its_other_words() {
        let hidden = of(&["Gabrielle", "김서연"]);
        assert_eq!(
            hidden.replaced_in(
                "name GABRIELLE is taken by 김서연(x), write to a@b.kr or 010 1234 5678"
            ),
            "(sensitive)",
        );
        assert_eq!(
            hidden.replaced_in("name `GABRIELLE` is taken by 김서연님, write to a@b.kr please"),
            "name `(sensitive)` is taken by (sensitive)님, write to (sensitive) please",
        );
        assert_eq!(hidden.replaced_in("tags: too many"), "tags: too many");
    }

    #[test]
    fn a_response_repeats_what_was_sent_in_many_forms() {
        let mut sent = HiddenTexts::default();
        for value in [
            Value::from("김서연 Kim"),
            Value::from("KR"),
            Value::from(12),
            Value::from("Gabrielle Chanel"),
        ] {
            sent.add_sent((&value).into());
        }
        for (message, shown) in [
            ("`김서연 Kim` is too long", "`(sensitive)` is too long"),
            ("Kim is taken", "(sensitive) is taken"),
            ("KR: not in the list", "(sensitive): not in the list"),
            ("KRW is unknown", "KRW is unknown"),
            (
                "12 is more than 10, 112",
                "(sensitive) is more than 10, 112",
            ),
            ("chanel?", "(sensitive)?"),
            ("name=%EA%B9%80%EC%84%9C%EC%97%B0%20Kim", "name=(sensitive)"),
            ("\\uAE40\\uC11C\\uC5F0 Kim", "(sensitive)"),
            ("&#44608;&#49436;&#50672; is taken", "(sensitive)"),
            ("body: eyJuIjoi6rmA7ISc7JewIEtpbSJ9", "(sensitive)"),
            (
                "Gabrielle Cha… is longer than 13",
                "(sensitive)… is longer than 13",
            ),
            ("name: gabriel", "name: (sensitive)"),
        ] {
            assert_eq!(sent.replaced_in(message), shown, "{message}");
        }
    }
}
