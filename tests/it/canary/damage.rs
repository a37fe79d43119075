//! Damages a manifest: marks, words, values that are refused, and ids and tags that look like others.

use std::fmt::{Arguments, Write as _};

use unicode_normalization::UnicodeNormalization;

use crate::canary::canaries::Canaries;
use crate::canary::people::{Setting, quoted};

/// The manifest with a few mistakes.
pub(crate) fn damaged(setting: Setting, canaries: &mut Canaries, text: &str) -> String {
    let mut text = text.to_owned();
    // Most mistakes in marks keep a reader from seeing the others.
    match canaries.random().below(4) {
        0 | 1 => text = with_wrong_marks(canaries, &text),
        _ => {
            if canaries.random().one_in(2) {
                text = with_wrong_words(canaries, &text);
            }
            for _ in 0..=canaries.random().below(2) {
                text = with_refused_value(canaries, &text);
            }
            if canaries.random().one_in(3) {
                text = with_value_for_another(canaries, &text);
            }
            text = with_twins(canaries, &text);
            if setting == Setting::HiddenIds && canaries.random().one_in(3) {
                text = with_refused_id(canaries, &text);
            }
        }
    }
    text
}

fn with_wrong_marks(canaries: &mut Canaries, text: &str) -> String {
    let mut text = text.to_owned();
    for _ in 0..=canaries.random().below(3) {
        // Without its mark, the name of an anchor is the value of a public field.
        let marks: Vec<(usize, &str)> = text
            .match_indices(['"', '[', ']', '{', '}', ',', '*', '&', '#'])
            .filter(|(at, mark)| *mark != "*" || text[*at..].starts_with("*note"))
            // A part of a value that is left of a broken escape is not the value.
            .filter(|(at, _)| !text[..*at].ends_with('&') && !text[*at..].starts_with("&#"))
            .collect();
        let (at, mark) = canaries.random().pick(&marks);
        let more = canaries.random().pick(&[
            "", "", "\"", "'", "[", "{", "}", "]", "\n", "\t", "|", "!x ", "%",
        ]);
        text.replace_range(at..at + mark.len(), more);
    }
    text
}

/// JSON with a few mistakes.
pub(crate) fn with_wrong_json(canaries: &mut Canaries, text: &str) -> String {
    let value = quoted(&canaries.text("value in another place"));
    let words = [
        ("\"profile\":", "\"profil\":".to_owned()),
        (
            "\"profile\":{",
            format!("\"profile\":{{{value}:1,{value}:2,\"memo\":{value},"),
        ),
        ("\"profile\":{", format!("\"profile\":{value},\"x\":{{")),
        ("\"plan\":\"", format!("\"plan\":{{{value}:1}},\"x\":\"")),
        (
            "\"unsubscribeEmail\":true",
            format!("\"unsubscribeEmail\":{value}"),
        ),
        ("{\"memberId\"", format!("{{{value}:{value},\"memberId\"")),
    ];
    let mut text = text.to_owned();
    if canaries.random().one_in(2) {
        let (from, to) = canaries.random().pick(&words);
        return text.replace(from, &to);
    }
    for _ in 0..=canaries.random().below(2) {
        let marks: Vec<(usize, &str)> = text
            .match_indices(['"', '[', ']', '{', '}', ',', ':'])
            .collect();
        let (at, mark) = canaries.random().pick(&marks);
        let more = canaries
            .random()
            .pick(&["", "\"", "\\", "[", "{", "}", "]", ",", "\n", "x"]);
        text.replace_range(at..at + mark.len(), more);
    }
    text
}

fn with_wrong_words(canaries: &mut Canaries, text: &str) -> String {
    let words = [
        ("profile:", "profil:"),
        ("profileOnce:", "profileTwice:"),
        ("greeting:", "greeting: &a"),
        (" pro\n", " yes\n"),
        ("tags: [", "tags: [Beta, Beta, "),
        ("note:", "note: !!binary"),
        ("unsubscribeEmail: true", "unsubscribeEmail: \"true\""),
        ("greeting: hello", "greeting: { a: *note }"),
        ("memberId", "memberID"),
    ];
    let (from, to) = canaries.random().pick(&words);
    text.replacen(from, to, 3)
}

/// One more value for each user, which is refused for its type or its spelling.
fn with_refused_value(canaries: &mut Canaries, text: &str) -> String {
    let place = "value of a wrong type";
    let number = canaries.number(place);
    // A long one is cut in messages, where it is not recognised any more.
    let words = if canaries.random().one_in(2) { 8 } else { 1 };
    let value: Vec<String> = (0..words).map(|_| canaries.latin(place)).collect();
    let value = quoted(&value.join(" "));
    let letter = canaries.letter("value of one letter");
    let line = match canaries.random().below(12) {
        8 => format!("email: {letter}"),
        9 => format!("mobileNumber: {letter}"),
        10 => format!("recentPurchaseCount: {letter}"),
        11 => {
            let number = canaries.formatted("+82 (10) ####-####", &number, place);
            format!("mobileNumber: {}", quoted(&number))
        }
        0 => format!("email: {value}"),
        1 => format!("mobileNumber: {value}"),
        2 => format!("lastName: {number}"),
        3 => format!("firstName: 0{number}"),
        4 => format!("recentPurchaseCount: {value}"),
        5 => format!("memo: {number}{number}"),
        6 => format!("memo: [{value}, 12, true]"),
        _ => format!("memo: [{number}{number}, {value}]"),
    };
    text.replace("    profile:\n", &format!("    profile:\n      {line}\n"))
}

/// A value in the place of a key, of a flag or of a whole field.
fn with_value_for_another(canaries: &mut Canaries, text: &str) -> String {
    let place = "value in another place";
    let value = canaries.text(place);
    let long = quoted(&format!("{}{value}", "a few words ".repeat(4)));
    let personal = quoted(&canaries.looking_personal(place));
    let value = quoted(&value);
    let in_profile =
        |line: String| text.replace("    profile:\n", &format!("    profile:\n      {line}\n"));
    let in_user =
        |line: String| text.replace("    profile:\n", &format!("    {line}\n    profile:\n"));
    match canaries.random().below(17) {
        // Whose keys they are is not known where the text does not end.
        16 => in_profile(format!("memo: {value}\n      {value}: 1\n      {value}: 2")) + "  - {\n",
        14 => text.replace("kind: UserList", &format!("kind: {value}")),
        15 => text.replace("talkform/v1", &value),
        11 => {
            let anchor = canaries.latin("anchor without a value");
            in_profile(format!("shoeSize: &{anchor}"))
        }
        12 => in_profile(format!("shoeSize: {{ a: {value} }}")),
        13 => in_profile(format!("shoeSize: {{ {value}: a }}")),
        0 => in_profile(format!("memo: {value}\n      {value}: 1\n      {value}: 2")),
        1 => in_profile(format!("memo: {long}\n      {long}: 1")),
        2 => in_profile(format!(
            "memo: [{value}]\n      {}: 1",
            value.replacen('"', "\".", 1)
        )),
        3 => in_profile(format!("{personal}: 1")),
        4 => in_user(format!("{value}: {value}")),
        5 => in_user(format!("{personal}: 1")),
        6 => text.replace(
            "unsubscribeEmail: true",
            &format!("unsubscribeEmail: {value}"),
        ),
        7 => text.replace(
            "unsubscribeTexting: false",
            &format!("unsubscribeTexting: [{value}]"),
        ),
        8 => text.replace(
            "profileOnce: {",
            &format!("profileOnce: {value}\n    x: {{"),
        ),
        9 => format!("{text}moved:\n  - {{ from: a, to: b, {personal}: c }}\n"),
        _ => format!("{text}{personal}: {value}\n"),
    }
}

/// An id that is none, and an id in the place of a key.
fn with_refused_id(canaries: &mut Canaries, text: &str) -> String {
    let place = "id that is refused";
    let number = canaries.number(place);
    let [id, other] = [0, 1].map(|_| canaries.latin(place));
    match canaries.random().below(4) {
        0 => format!("{text}  - memberId: {number}\n"),
        1 => {
            let words: String = (0..5).map(|_| canaries.latin(place)).collect();
            format!("{text}  - memberId: \"{{{{{words}}}}}\"\n")
        }
        2 => format!("{text}  - memberId: \"{id} {other}\"\n"),
        _ => format!("{text}moved:\n  - {id}: {other}\n"),
    }
}

/// Ids and tags that are like another one.
fn with_twins(canaries: &mut Canaries, text: &str) -> String {
    let lines = || text.lines();
    let mut text = text.to_owned();
    let mut more = String::new();
    let mut add = |lines: Arguments<'_>| more.write_fmt(lines).expect("a text");
    let first = |begin: &str| {
        let found = lines().find_map(|line| line.strip_prefix(begin)?.split('"').nth(1));
        found.map(str::to_owned)
    };
    let tag = first("    tags: [");
    let id = first("  - memberId: ");
    match (canaries.random().below(6), tag, id) {
        (0, Some(tag), _) => {
            text = text.replace(&quoted(&tag), &quoted(&tag.to_uppercase()));
        }
        (1, Some(tag), _) => {
            let tag = quoted(&tag);
            text = text.replace(&tag, &format!("{tag}, {tag}"));
        }
        (2, Some(tag), _) => {
            // A value of this user, too: nobody hides the tags of one without it.
            let twin = quoted(&twin(&tag));
            add(format_args!(
                "  - memberId: twin\n    profile: {{ name: {twin} }}\n    tags: [{twin}]\n"
            ));
        }
        (3, _, Some(id)) => {
            let other = canaries.random().pick(&[id.to_lowercase(), twin(&id), id]);
            add(format_args!("  - memberId: {}\n", quoted(&other)));
        }
        (4, _, Some(id)) => {
            let last = canaries.random().pick(&[id.clone(), format!("{id}3")]);
            let [id, next, last] = [&id, &format!("{id}2"), &last].map(|id| quoted(id));
            add(format_args!(
                "moved:\n  - {{ from: {id}, to: {next} }}\n  - {{ from: {next}, to: {last} }}\n"
            ));
        }
        _ => {}
    }
    text + &more
}

/// A text that looks the same.
fn twin(text: &str) -> String {
    if text.is_ascii() {
        // Cyrillic.
        text.replace(['a', 'A'], "\u{430}")
            .replace(['o', 'O'], "\u{43e}")
    } else {
        text.nfd().collect()
    }
}
