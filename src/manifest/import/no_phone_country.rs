//! Stands in for the tables of phone numbers in a build without the feature `phone-tables`: it knows no country.

use std::str::FromStr;

/// The country whose phone numbers are written without a country code. This build has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhoneCountry {}

impl FromStr for PhoneCountry {
    type Err = String;

    fn from_str(_: &str) -> Result<Self, Self::Err> {
        Err("this build of talkform lacks the feature `phone-tables`".to_owned())
    }
}

impl PhoneCountry {
    /// The number as E.164.
    pub(crate) fn e164(self, _: &str) -> Option<String> {
        match self {}
    }
}
