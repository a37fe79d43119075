//! Makes Channel's words about a rejection fit to be shown: every value that was sent is hidden in them.

use crate::apply::outcome::RejectionReason;
use crate::model::visibility::hidden_texts::HiddenTexts;
use crate::model::{Change, PlannedChange, ShownIds, Upsert};

/// The most characters of a reason that are kept.
const MAX_CHARACTERS: usize = 10_000;

/// What may be shown of Channel's words.
#[derive(Clone, Copy)]
pub(crate) struct Shown<'a> {
    /// Whether they are kept whole.
    pub(crate) reveals_values: bool,
    /// How ids are shown.
    pub(crate) ids: &'a ShownIds,
}

impl Shown<'_> {
    /// The words as they may be shown.
    pub(crate) fn reason(self, planned: &PlannedChange, message: &str) -> RejectionReason {
        let masked = if self.reveals_values {
            message.to_owned()
        } else {
            self.sent(planned).replaced_in(message)
        };
        RejectionReason {
            is_masked: masked != message,
            // Cut after masking: a part of a value is not recognised as it.
            text: masked.chars().take(MAX_CHARACTERS).collect(),
        }
    }

    /// The code of an error, unless it repeats a value that was sent. Codes are kept in the state.
    pub(crate) fn code(self, planned: &PlannedChange, code: Option<String>) -> Option<String> {
        let sent = self.sent(planned);
        code.filter(|code| !sent.are_in(code))
    }

    fn sent(self, planned: &PlannedChange) -> HiddenTexts {
        let mut sent = HiddenTexts::default();
        if self.ids.hides() {
            sent.add_id(&planned.id);
            if let Change::Move { from, .. } = &planned.change {
                sent.add_id(from);
            }
        }
        if let Some(Upsert(attributes)) = planned.change.upsert() {
            for (_, value) in attributes.fields() {
                sent.add_sent(value);
            }
        }
        sent
    }
}
