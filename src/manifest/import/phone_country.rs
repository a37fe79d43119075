//! Reads phone numbers as they are dialled in one country, by the tables of libphonenumber.

use std::str::FromStr;

use phonenumber::{Mode, country};

/// The country whose phone numbers are written without a country code, by its two letters: `KR`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PhoneCountry(country::Id);

impl FromStr for PhoneCountry {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let id = text.to_ascii_uppercase().parse();
        id.map(Self)
            .map_err(|_| "expected the two letters of a country, such as KR or JP".to_owned())
    }
}

impl PhoneCountry {
    /// The number as E.164, if this country or the country of its code has it.
    pub(crate) fn e164(self, text: &str) -> Option<String> {
        let number = phonenumber::parse(Some(self.0), text).ok()?;
        let is_whole = number.is_valid() && number.extension().is_none();
        is_whole.then(|| number.format().mode(Mode::E164).to_string())
    }
}
