//! Defines the values of profile keys.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Serialize, Serializer};

/// A finite number without a negative zero. JSON and Channel have no others.
#[derive(Clone, Copy, Debug)]
pub struct Number(f64);

impl Number {
    /// 2^53, the largest integer below which every integer is a distinct number.
    pub const LARGEST_INTEGER: f64 = 9_007_199_254_740_992.0;

    /// `None` for NaN and the infinities.
    pub fn new(number: f64) -> Option<Self> {
        // `+ 0.0` turns -0.0 into 0.0.
        number.is_finite().then_some(Self(number + 0.0))
    }

    /// The number itself.
    pub fn get(self) -> f64 {
        self.0
    }

    /// Whether it has no fraction and is within ±2^53.
    pub fn is_exact_integer(self) -> bool {
        self.0.fract() == 0.0 && self.0.abs() <= Self::LARGEST_INTEGER
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for Number {}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl From<i32> for Number {
    fn from(number: i32) -> Self {
        Self(f64::from(number))
    }
}

impl fmt::Display for Number {
    /// As RFC 8785 writes it: `1`, `0.1`, `1e+21`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_exact_integer() {
            #[expect(clippy::cast_possible_truncation, reason = "within ±2^53")]
            return fmt::Display::fmt(&(self.0 as i64), f);
        }
        let text = serde_json_canonicalizer::to_string(&self.0).map_err(|_| fmt::Error)?;
        f.write_str(&text)
    }
}

impl Serialize for Number {
    /// Writes integers without a fraction, so that Channel gets `12`, never `12.0`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_exact_integer() {
            #[expect(clippy::cast_possible_truncation, reason = "within ±2^53")]
            serializer.serialize_i64(self.0 as i64)
        } else {
            serializer.serialize_f64(self.0)
        }
    }
}

/// The value of a profile key. `null` is not a value: see [`super::Declared::Clear`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// A string.
    Text(String),
    /// A number.
    Number(Number),
    /// `true` or `false`.
    Boolean(bool),
    /// A list of strings. The empty list is a list of strings.
    Texts(Box<[String]>),
    /// A list of numbers.
    Numbers(Box<[Number]>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Vec<String>> for Value {
    fn from(texts: Vec<String>) -> Self {
        Self::Texts(texts.into())
    }
}

impl From<Vec<Number>> for Value {
    fn from(numbers: Vec<Number>) -> Self {
        Self::Numbers(numbers.into())
    }
}

impl From<i32> for Value {
    fn from(number: i32) -> Self {
        Self::Number(number.into())
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Boolean(flag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negative_zero_is_zero() {
        assert_eq!(Number::new(-0.0), Number::new(0.0));
        assert_eq!(Number::new(-0.0).map(|n| n.to_string()), Some("0".into()));
        assert_eq!(Number::new(f64::NAN), None);
    }

    #[test]
    fn integers_are_written_as_integers() {
        let number = Number::new(12.0).expect("finite");
        assert_eq!(serde_json::to_string(&number).expect("json"), "12");
        let number = Number::new(0.5).expect("finite");
        assert_eq!(serde_json::to_string(&number).expect("json"), "0.5");
    }
}
