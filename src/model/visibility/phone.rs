//! Recognises phone numbers by the shape of their groups of digits: international ones, and national ones
//! of Korea, Japan and North America.

/// What mobile numbers of Korea begin with after the zero.
const KOREA: [&str; 6] = ["10", "11", "16", "17", "18", "19"];
/// What mobile numbers of Japan begin with after the zero.
const JAPAN: [&str; 4] = ["50", "70", "80", "90"];

/// One run of digits in a text, and what is around it.
pub(crate) struct Digits {
    pub(crate) text: String,
    /// Whether only a few signs stand between the run before and this one.
    pub(crate) joined: bool,
    pub(crate) before: Option<char>,
    pub(crate) after: Option<char>,
}

/// Whether these groups are one phone number.
pub(crate) fn is_phone(groups: &[Digits]) -> bool {
    let (Some(first), Some(last)) = (groups.first(), groups.last()) else {
        return false;
    };
    let digits: String = groups.iter().map(|group| &*group.text).collect();
    let is_single = groups.len() == 1;
    let lengths: Vec<usize> = groups.iter().map(|group| group.text.len()).collect();
    if matches!(first.before, Some('+' | '\u{ff0b}')) {
        return (7..=15).contains(&digits.len());
    }
    if is_mobile(&digits) && (is_single || last.text.len() == 4) {
        return true;
    }
    // Identifiers hold letters and digits: these digits are only a part of one.
    let is_letter = |letter: Option<char>| {
        letter.is_some_and(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    };
    if is_letter(first.before) || is_letter(last.after) {
        return false;
    }
    let is_national = digits.starts_with('0')
        && (9..=11).contains(&digits.len())
        && (is_single || (lengths.len() <= 4 && last.text.len() == 4));
    let is_korean_without_zero =
        digits.starts_with("10") && digits.len() == 10 && (is_single || lengths == [2, 4, 4]);
    is_national || is_korean_without_zero || lengths == [3, 3, 4]
}

/// A mobile number of Korea or Japan, with or without its country code.
fn is_mobile(digits: &str) -> bool {
    let without = |code: &str| {
        let rest = digits.strip_prefix(code)?;
        Some(rest.strip_prefix('0').unwrap_or(rest))
    };
    let is_korean = |rest: &str| {
        KOREA.iter().any(|lead| rest.starts_with(lead)) && (9..=10).contains(&rest.len())
    };
    let is_japanese =
        |rest: &str| JAPAN.iter().any(|lead| rest.starts_with(lead)) && rest.len() == 10;
    without("82").is_some_and(is_korean)
        || without("81").is_some_and(is_japanese)
        || digits
            .strip_prefix('0')
            .is_some_and(|rest| is_korean(rest) || is_japanese(rest))
}
