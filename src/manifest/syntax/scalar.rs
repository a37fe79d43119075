//! Classifies scalars without quotes by the YAML 1.2 core schema, and finds those that other YAML readers
//! or people could take for something else.

use crate::manifest::syntax::decimal::{Decimal, LosesDigits};
use crate::model::Number;

/// What a plain scalar is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum PlainScalar {
    /// Nothing is written.
    Blank,
    /// `null` or `~`.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A number in plain decimal notation.
    Number(Result<Number, LosesDigits>),
    /// `.inf` or `.nan`.
    NotFinite,
    /// A scalar that readers disagree about.
    Ambiguous(Ambiguity),
    /// A string to every reader.
    Text,
}

/// What a scalar looks like to some reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ambiguity {
    /// `yes`, `off`, `tRUE`.
    Boolean,
    /// `nULL`.
    Null,
    /// `012`, `+8210…`, `0x1F`, `1_000`.
    Number,
    /// `2024-01-01`.
    Date,
    /// `12:30:45`, which is 45,045 to YAML 1.1.
    Time,
    /// `=` and `<<`.
    Special,
}

impl PlainScalar {
    /// The type that other readers give it.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Self::Blank => "nothing",
            Self::Null | Self::Ambiguous(Ambiguity::Null) => "null",
            Self::Boolean(_) | Self::Ambiguous(Ambiguity::Boolean) => "a boolean",
            Self::Number(_) | Self::NotFinite | Self::Ambiguous(Ambiguity::Number) => "a number",
            Self::Ambiguous(Ambiguity::Date) => "a date",
            Self::Ambiguous(Ambiguity::Time) => "a time",
            Self::Ambiguous(Ambiguity::Special) => "a reserved sign",
            Self::Text => "a string",
        }
    }

    /// The code of the problem if it is written where a string is expected.
    pub(crate) fn unquoted_code(self) -> &'static str {
        match self {
            Self::Blank | Self::Text => "empty-value",
            Self::Null | Self::Ambiguous(Ambiguity::Null) => "unquoted-null",
            Self::Boolean(_) | Self::Ambiguous(Ambiguity::Boolean) => "unquoted-boolean",
            Self::Number(_) | Self::NotFinite | Self::Ambiguous(Ambiguity::Number) => {
                "unquoted-number"
            }
            Self::Ambiguous(Ambiguity::Date) => "unquoted-date",
            Self::Ambiguous(Ambiguity::Time) => "unquoted-time",
            Self::Ambiguous(Ambiguity::Special) => "unquoted-special",
        }
    }
}

/// Classifies a scalar without quotes.
pub(crate) fn classify(text: &str) -> PlainScalar {
    match text {
        "" => return PlainScalar::Blank,
        "~" | "null" | "Null" | "NULL" => return PlainScalar::Null,
        "true" | "True" | "TRUE" => return PlainScalar::Boolean(true),
        "false" | "False" | "FALSE" => return PlainScalar::Boolean(false),
        "=" | "<<" => return PlainScalar::Ambiguous(Ambiguity::Special),
        _ => {}
    }
    let bytes = text.as_bytes();
    match bytes[0] {
        b'0'..=b'9' | b'+' | b'-' | b'.' => numeric(text),
        b'y' | b'Y' | b'n' | b'N' | b'o' | b'O' | b't' | b'T' | b'f' | b'F' => word(text),
        _ => PlainScalar::Text,
    }
}

fn word(text: &str) -> PlainScalar {
    let is = |word: &&str| text.eq_ignore_ascii_case(word);
    if ["yes", "no", "on", "off", "y", "n", "true", "false"]
        .iter()
        .any(is)
    {
        PlainScalar::Ambiguous(Ambiguity::Boolean)
    } else if is(&"null") {
        PlainScalar::Ambiguous(Ambiguity::Null)
    } else {
        PlainScalar::Text
    }
}

fn numeric(text: &str) -> PlainScalar {
    let body = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(
        body,
        ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN" | ".iNF" | ".Nan"
    ) {
        return PlainScalar::NotFinite;
    }
    if let Some(decimal) = Decimal::read(body) {
        let padded = decimal.whole.len() > 1 && decimal.whole.starts_with('0');
        return if text.starts_with('+') || padded {
            PlainScalar::Ambiguous(Ambiguity::Number)
        } else {
            PlainScalar::Number(decimal.value(text))
        };
    }
    if is_radix(body) {
        return PlainScalar::Ambiguous(Ambiguity::Number);
    }
    if body.contains('_') && body.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        let bare = body.replace('_', "");
        if Decimal::read(&bare).is_some() || is_radix(&bare) {
            return PlainScalar::Ambiguous(Ambiguity::Number);
        }
    }
    if is_sexagesimal(body) {
        return PlainScalar::Ambiguous(Ambiguity::Time);
    }
    if is_date(text) {
        return PlainScalar::Ambiguous(Ambiguity::Date);
    }
    PlainScalar::Text
}

fn is_radix(body: &str) -> bool {
    let Some((prefix, digits)) = body.split_at_checked(2) else {
        return false;
    };
    let radix = match prefix {
        "0x" | "0X" => 16,
        "0o" | "0O" => 8,
        "0b" | "0B" => 2,
        _ => return false,
    };
    digits.chars().any(|c| c.is_digit(radix))
        && digits.chars().all(|c| c == '_' || c.is_digit(radix))
}

fn is_sexagesimal(body: &str) -> bool {
    let mut parts = body.split(':');
    let first = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    let Some((last, middle)) = rest.split_last() else {
        return false;
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let sixty = |text: &str| digits(text) && text.len() <= 2;
    let seconds = last.split_once('.').map_or(*last, |(whole, _)| whole);
    let fraction = last.split_once('.').map_or("", |(_, fraction)| fraction);
    digits(&first.replace('_', ""))
        && middle.iter().all(|part| sixty(part))
        && sixty(seconds)
        && fraction.bytes().all(|b| b.is_ascii_digit() || b == b'_')
}

fn is_date(text: &str) -> bool {
    let end = text.find(['T', 't', ' ', '\t']).unwrap_or(text.len());
    let (date, time) = text.split_at(end);
    let parts: Vec<&str> = date.split('-').collect();
    let [year, month, day] = parts[..] else {
        return false;
    };
    let digits = |text: &str, most: usize| {
        !text.is_empty() && text.len() <= most && text.bytes().all(|b| b.is_ascii_digit())
    };
    year.len() == 4
        && digits(year, 4)
        && digits(month, 2)
        && digits(day, 2)
        && (time.is_empty()
            || time
                .trim_start_matches(['T', 't', ' ', '\t'])
                .starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(value: f64) -> PlainScalar {
        PlainScalar::Number(Ok(Number::new(value).expect("finite")))
    }

    #[test]
    fn core_schema() {
        for text in ["null", "Null", "NULL", "~"] {
            assert_eq!(classify(text), PlainScalar::Null, "{text}");
        }
        assert_eq!(classify("True"), PlainScalar::Boolean(true));
        assert_eq!(classify("FALSE"), PlainScalar::Boolean(false));
        for (text, value) in [
            ("0", 0.0),
            ("-0", 0.0),
            ("12", 12.0),
            ("-12", -12.0),
            ("0.5", 0.5),
            (".5", 0.5),
            ("5.", 5.0),
            ("1e3", 1000.0),
            ("1E-3", 0.001),
            ("1e300", 1e300),
            ("9007199254740992", 9_007_199_254_740_992.0),
            ("0e5", 0.0),
            ("0.1", 0.1),
            ("1.10", 1.1),
            ("0.30000000000000004", 0.300_000_000_000_000_04),
            ("1.7976931348623157e308", f64::MAX),
            ("5e-324", 5e-324),
            ("100000000000000000000e-5", 1e15),
            ("0.000000000000000000000000000001", 1e-30),
            ("0e999999999999999999999", 0.0),
        ] {
            assert_eq!(classify(text), number(value), "{text}");
        }
    }

    #[test]
    fn numbers_that_would_change() {
        for text in [
            "9007199254740993",
            "-9007199254740993",
            "12345678901234567890123",
            "9007199254740993.0",
            "1e400",
            "-1e400",
            "1e-400",
            "0.1234567890123456789",
            "-0.30000000000000001",
            "1234567890.123456789",
            "9007199254740993e0",
            "1.00000000000000001e300",
            "123456789012345678e-10",
        ] {
            assert_eq!(
                classify(text),
                PlainScalar::Number(Err(LosesDigits)),
                "{text}"
            );
        }
        for text in [".inf", "-.inf", "+.Inf", ".nan", ".NaN"] {
            assert_eq!(classify(text), PlainScalar::NotFinite, "{text}");
        }
    }

    #[test]
    fn looks() {
        for (look, texts) in [
            (
                Ambiguity::Boolean,
                "yes Yes YES yEs no NO on ON off Off y Y n N tRUE fALSE",
            ),
            (Ambiguity::Null, "nULL nuLl"),
            (
                Ambiguity::Number,
                "012 00 007.5 -012 +1 +821012345678 +.5 0x1F -0x1f 0o7 0b101 1_000 0x_1 1_0.5 +0x1",
            ),
            (Ambiguity::Date, "2024-01-01 2024-1-1 2024-01-01T00:00:00Z"),
            (Ambiguity::Time, "12:30 12:30:45 190:20:30.15 -1:30 +1:30"),
            (Ambiguity::Special, "= <<"),
        ] {
            for text in texts.split(' ') {
                assert_eq!(classify(text), PlainScalar::Ambiguous(look), "{text}");
            }
        }
        assert_eq!(
            classify("2001-12-14 21:59:43.10 -5"),
            PlainScalar::Ambiguous(Ambiguity::Date)
        );
    }

    #[test]
    fn texts() {
        for text in [
            "a",
            "-",
            "+",
            ".",
            "..",
            "1.2.3",
            "1-2",
            "12e",
            "0x",
            "0xZZ",
            "1e",
            "e3",
            "yess",
            "nope",
            "one",
            "2024-01",
            "12:",
            ":30",
            "12:345",
            "10.0.0.1",
            "1a",
            "-a",
            "+a",
            "x1",
            "vip/gold",
            "2024-01-01x",
            "0b",
            "1 000",
            "한",
        ] {
            assert_eq!(classify(text), PlainScalar::Text, "{text}");
        }
    }
}
