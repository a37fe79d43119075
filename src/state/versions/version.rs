//! Names an earlier state: its serial and its checksum, which its content must have.

use std::fmt;

use jiff::Timestamp;

/// What tells one state of a place from another one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StateId {
    /// The serial of the state.
    pub serial: u64,
    /// Its checksum, in hexadecimal digits.
    pub check: String,
}

impl StateId {
    /// Whether a person's text means this state: its serial, or the serial and the first digits of the checksum.
    pub fn is_meant_by(&self, text: &str) -> bool {
        let (serial, check) = text.split_once('-').unwrap_or((text, ""));
        serial.parse() == Ok(self.serial) && self.check.starts_with(check)
    }

    /// The name of a new copy. Copies of one state have other names, so that none replaces another one.
    pub(crate) fn file_name(&self, random: u64) -> String {
        format!("{:020}-{}-{random:016x}", self.serial, self.check)
    }

    /// The state of a copy with this name; `None` for any other name.
    #[cfg(feature = "buckets")]
    pub(crate) fn of_file_name(name: &str) -> Option<Self> {
        const CHECK_DIGITS: usize = 16;
        let mut parts = name.split('-');
        let (serial, check, random) = (parts.next()?, parts.next()?, parts.next()?);
        let is_hex =
            |text: &str| text.len() == CHECK_DIGITS && text.bytes().all(|c| c.is_ascii_hexdigit());
        let id = Self {
            serial: serial.parse().ok()?,
            check: check.to_owned(),
        };
        (is_hex(check) && is_hex(random) && parts.next().is_none()).then_some(id)
    }
}

impl fmt::Display for StateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let check = self.check.get(..8).unwrap_or(&self.check);
        write!(f, "{}-{check}", self.serial)
    }
}

/// A copy of an earlier state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionCopy {
    /// The state, as the name of the copy says.
    pub id: StateId,
    /// The name.
    pub name: String,
    /// The length in bytes.
    pub length: u64,
    /// When it was made.
    pub made: Timestamp,
}

/// An earlier state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The state.
    pub id: StateId,
    /// The names of its copies, the first one first. A run that lost a race may have copied another state under such a
    /// name, which its content tells.
    pub(crate) names: Vec<String>,
    /// The length in bytes.
    pub length: u64,
    /// When the state was replaced by a later one.
    pub replaced: Timestamp,
    /// When the state was saved, and by which run; `None` if the store does not tell.
    pub saved: Option<Saved>,
}

/// The run that saved a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// When it did.
    pub at: Timestamp,
    /// The account, the machine, the command, and the address of the CI run if there is one.
    pub by: String,
}
