//! Makes Channel's words about a rejection fit to be shown: every value that was sent is hidden in them.

use crate::apply::outcome::RejectionReason;
use crate::model::visibility::hidden_texts::HiddenTexts;
use crate::model::{Change, Upsert};

/// The most characters of a reason that are kept.
const MAX_CHARACTERS: usize = 10_000;

/// The words as they may be shown; whole, if `reveals`.
pub(crate) fn reason(change: &Change, message: &str, reveals: bool) -> RejectionReason {
    let masked = if reveals {
        message.to_owned()
    } else {
        sent(change).replaced_in(message)
    };
    RejectionReason {
        is_masked: masked != message,
        // Cut after masking: a part of a value is not recognised as it.
        text: masked.chars().take(MAX_CHARACTERS).collect(),
    }
}

/// The code of an error, unless it repeats a value that was sent. Codes are kept in the state.
pub(crate) fn code(change: &Change, code: Option<String>) -> Option<String> {
    let sent = sent(change);
    code.filter(|code| !sent.are_in(code))
}

fn sent(change: &Change) -> HiddenTexts {
    let mut sent = HiddenTexts::default();
    if let Some(Upsert(attributes)) = change.upsert() {
        for (_, value) in attributes.fields() {
            sent.add_sent(value);
        }
    }
    sent
}
