//! Recognises ids that identify no person: texts that programs and spreadsheets write instead of a missing or
//! damaged id.

use std::fmt;

use crate::model::text::template::{Template, unexpanded};

/// Why an id identifies nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NobodyReason {
    /// `null`, `NaN`, `#N/A` and the like.
    Missing,
    /// `0` and the UUID of zeros.
    Zero,
    /// `[object Object]`
    Object,
    /// `8.80123E+12`: a spreadsheet has rounded a long number.
    Rounded,
    /// `1001.0`: a whole number that was read as a decimal.
    Decimal,
    /// `="0012"` and `'0012`.
    Spreadsheet,
    /// `${ID}` and the like.
    Template(Template),
}

impl fmt::Display for NobodyReason {
    /// What such an id is, to follow its text and "is".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "what a program writes where there is no id",
            Self::Zero => "zero, which programs write where there is no id",
            Self::Object => "what JavaScript writes instead of an object",
            Self::Rounded => "a long number that a spreadsheet has rounded",
            Self::Decimal => "a whole number that a program read as a decimal",
            Self::Spreadsheet => "the notation of a spreadsheet for a text",
            Self::Template(template) => return template.fmt(f),
        })
    }
}

/// Words for no value, without their case.
const MISSING: [&str; 23] = [
    "null",
    "nil",
    "none",
    "undefined",
    "nan",
    "nat",
    "n/a",
    "na",
    "<na>",
    "(null)",
    "<null>",
    "[null]",
    "(none)",
    "\\n",
    "#n/a",
    "#null!",
    "#ref!",
    "#value!",
    "#name?",
    "#div/0!",
    "#num!",
    "true",
    "false",
];

/// Zero, and the UUID of zeros with and without dashes. `00000` may be the first of a numbered series.
const ZEROS: [&str; 5] = [
    "0",
    "-0",
    "0.0",
    "00000000-0000-0000-0000-000000000000",
    "00000000000000000000000000000000",
];

/// Why a text is no id of a person; `None` if it may be one.
pub fn identifies_nobody(text: &str) -> Option<NobodyReason> {
    let first = *text.as_bytes().first()?;
    if text.eq_ignore_ascii_case("[object Object]") {
        return Some(NobodyReason::Object);
    }
    if MISSING.iter().any(|word| text.eq_ignore_ascii_case(word)) {
        return Some(NobodyReason::Missing);
    }
    if ZEROS.contains(&text) {
        return Some(NobodyReason::Zero);
    }
    match first {
        b'=' | b'\'' => return Some(NobodyReason::Spreadsheet),
        b'0'..=b'9' | b'-' | b'+' => {
            if let Some(reason) = number(text) {
                return Some(reason);
            }
        }
        _ => {}
    }
    unexpanded(text)
        .or_else(|| variable(text))
        .map(NobodyReason::Template)
}

fn number(text: &str) -> Option<NobodyReason> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let body = text.strip_prefix(['-', '+']).unwrap_or(text);
    if let Some((mantissa, exponent)) = body.split_once(['e', 'E']) {
        let (whole, fraction) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, "0"));
        let power = exponent.strip_prefix(['-', '+']);
        // `12e5` may be hexadecimal digits.
        let is_marked = power.is_some() || mantissa.len() > whole.len();
        let is_rounded =
            is_marked && digits(whole) && digits(fraction) && digits(power.unwrap_or(exponent));
        return is_rounded.then_some(NobodyReason::Rounded);
    }
    let (whole, fraction) = body.split_once('.')?;
    let is_decimal = digits(whole) && digits(fraction) && fraction.bytes().all(|byte| byte == b'0');
    is_decimal.then_some(NobodyReason::Decimal)
}

/// A whole text that is a variable of a shell: `$USER_ID`, `$(ID)`, `%ID%`, or a gap to fill in: `<user-id>`.
fn variable(text: &str) -> Option<Template> {
    let is_name = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
    };
    let between = |open: &str, close: &str| {
        let inner = text
            .strip_prefix(open)
            .and_then(|rest| rest.strip_suffix(close));
        inner.is_some_and(is_name)
    };
    if between("$(", ")") || between("$", "") || between("%", "%") {
        Some(Template::Variable)
    } else if between("<", ">") {
        Some(Template::Gap)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_nobody_and_of_people() {
        use NobodyReason::{Decimal, Missing, Object, Rounded, Spreadsheet, Zero};
        for (texts, reason) in [
            (
                "null NULL Null nil None undefined NaN nan NaT n/a N/A NA <NA> (null) <null> \\N #N/A #REF! #VALUE! #NAME? #DIV/0! True FALSE",
                Missing,
            ),
            ("0 -0 0.0 00000000-0000-0000-0000-000000000000", Zero),
            ("8.80123E+12 8,80123E+12 8E+12 1e-5 8.8e12 -1.5E+7", Rounded),
            ("1001.0 12.00 -3.0", Decimal),
            ("=\"0012\" =A1 '0012", Spreadsheet),
            (
                "${ID} u-${id} {{id}} {{.ID}} <%=id%> $(ID) ENC[AES256_GCM,data:x]",
                NobodyReason::Template(Template::Placeholder),
            ),
            (
                "$USER_ID %ID% <user-id>",
                NobodyReason::Template(Template::Variable),
            ),
        ] {
            for text in texts.split(' ') {
                let found = identifies_nobody(text);
                match (found, reason) {
                    (Some(NobodyReason::Template(_)), NobodyReason::Template(_)) => {}
                    _ => assert_eq!(found, Some(reason), "{text}"),
                }
            }
        }
        assert_eq!(identifies_nobody("[object Object]"), Some(Object));
        for text in [
            "u-1",
            "00000",
            "12e5",
            "1e10",
            "deadbeef",
            "1001",
            "10.5",
            "1.2.3",
            "1001.01",
            "nullable",
            "none-1",
            "a=b",
            "$",
            "%2F",
            "50%",
            "a<b>",
            "user@example.com",
            "김",
            "0x0",
            "00a",
            "1e",
            "e5",
            "10",
            "100-000",
            "{a}",
            "[1]",
            "-",
            "na1",
        ] {
            assert_eq!(identifies_nobody(text), None, "{text}");
        }
    }
}
