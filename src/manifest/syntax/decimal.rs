//! Reads numbers in decimal notation, and refuses those that a double does not hold digit for digit.

use crate::model::Number;

/// 2^53: beyond it, several integers are the same double.
const LARGEST: u64 = 1 << 53;

/// Every number of so many significant digits has a double of its own, as long as it is far from the ends of the
/// range.
const SAFE_DIGITS: usize = 15;

/// The exponents that are far from the ends of the range.
const SAFE_EXPONENTS: std::ops::Range<i64> = -280..280;

/// A number that becomes another one when it is read as a double, as readers of JSON do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LosesDigits;

/// The parts of a decimal number without its sign.
pub(crate) struct Decimal<'t> {
    pub(crate) whole: &'t str,
    fraction: &'t str,
    exponent: Option<&'t str>,
}

impl<'t> Decimal<'t> {
    pub(crate) fn read(text: &'t str) -> Option<Self> {
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => {
                let power = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
                if power.is_empty() || !digits(power) {
                    return None;
                }
                (mantissa, Some(exponent))
            }
            None => (text, None),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let some_digit = !whole.is_empty() || !fraction.is_empty();
        (some_digit && digits(whole) && digits(fraction)).then_some(Self {
            whole,
            fraction,
            exponent,
        })
    }

    /// The number; `text` is the same with its sign.
    pub(crate) fn value(&self, text: &str) -> Result<Number, LosesDigits> {
        let value: f64 = text.parse().map_err(|_| LosesDigits)?;
        let number = Number::new(value).ok_or(LosesDigits)?;
        let nonzero = |digits: &str| digits.bytes().any(|digit| digit != b'0');
        let whole = self.whole.parse().unwrap_or(u64::MAX);
        let beyond = whole > LARGEST || (whole == LARGEST && nonzero(self.fraction));
        // Beyond 2^53 some integers happen to be doubles, but an identifier of that length is an accident to come. An
        // exponent states a magnitude.
        if self.exponent.is_none() && beyond && !self.whole.is_empty() {
            return Err(LosesDigits);
        }
        let written = Significant::of(self.whole, self.fraction, self.exponent);
        let is_safe = written.count() <= SAFE_DIGITS && SAFE_EXPONENTS.contains(&written.exponent);
        if is_safe || written == Significant::of_double(&format!("{:e}", value.abs())) {
            Ok(number)
        } else {
            Err(LosesDigits)
        }
    }
}

/// The digits of a number from the first to the last that is not zero, and the power of ten of the first one.
#[derive(Debug)]
struct Significant<'t> {
    whole: &'t str,
    fraction: &'t str,
    exponent: i64,
}

impl<'t> Significant<'t> {
    fn of(whole: &'t str, fraction: &'t str, exponent: Option<&str>) -> Self {
        let power = exponent.map_or(0, |digits| {
            let least = if digits.starts_with('-') {
                i64::MIN / 2
            } else {
                i64::MAX / 2
            };
            digits.parse().unwrap_or(least)
        });
        let length = |digits: &str| i64::try_from(digits.len()).unwrap_or(i64::MAX);
        let whole = whole.trim_start_matches('0');
        let (whole, fraction, first) = if whole.is_empty() {
            let rest = fraction.trim_start_matches('0');
            ("", rest, length(rest) - length(fraction) - 1)
        } else {
            (whole, fraction, length(whole) - 1)
        };
        let fraction = fraction.trim_end_matches('0');
        let whole = if fraction.is_empty() {
            whole.trim_end_matches('0')
        } else {
            whole
        };
        let is_zero = whole.is_empty() && fraction.is_empty();
        Self {
            whole,
            fraction,
            exponent: if is_zero {
                0
            } else {
                power.saturating_add(first)
            },
        }
    }

    /// The shortest decimal number that is read as the same double: `1.25e-3`.
    fn of_double(text: &'t str) -> Self {
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        Self::of(whole, fraction, Some(exponent))
    }

    fn count(&self) -> usize {
        self.whole.len() + self.fraction.len()
    }

    fn digits(&self) -> impl Iterator<Item = u8> {
        self.whole.bytes().chain(self.fraction.bytes())
    }
}

impl PartialEq for Significant<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.exponent == other.exponent
            && self.count() == other.count()
            && self.digits().eq(other.digits())
    }
}
