//! Faults planted in the simulated world itself. The simulator has to find each of them, or it would prove nothing.

use std::str::FromStr;

/// A fault of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sabotage {
    /// None.
    None,
    /// Flushing a file does nothing.
    FilesAreNotFlushed,
    /// Flushing a folder does nothing.
    FoldersAreNotFlushed,
    /// Some requests are carried out although the program learns that nothing left.
    LostAnswersCountAsUnsent,
    /// Channel answers some requests well without carrying them out.
    ChannelForgets,
    /// The journal of a killed run is removed before the next run.
    JournalIsRemoved,
    /// The record of pending users is removed before the next run.
    PendingIsForgotten,
}

/// Every fault, with its name.
pub(crate) const ALL: [(&str, Sabotage); 6] = [
    ("files-are-not-flushed", Sabotage::FilesAreNotFlushed),
    ("folders-are-not-flushed", Sabotage::FoldersAreNotFlushed),
    (
        "lost-answers-count-as-unsent",
        Sabotage::LostAnswersCountAsUnsent,
    ),
    ("channel-forgets", Sabotage::ChannelForgets),
    ("journal-is-removed", Sabotage::JournalIsRemoved),
    ("pending-is-forgotten", Sabotage::PendingIsForgotten),
];

impl FromStr for Sabotage {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        if name == "none" {
            return Ok(Self::None);
        }
        let found = ALL.iter().find(|(other, _)| *other == name);
        found.map(|(_, sabotage)| *sabotage).ok_or_else(|| {
            let names: Vec<&str> = ALL.iter().map(|(name, _)| *name).collect();
            format!("`{name}` is none of {}", names.join(", "))
        })
    }
}
