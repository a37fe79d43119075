//! Decides which values may be shown: everything else is hidden before any output is made.

pub mod hidden_texts;
pub mod key_words;
pub mod lookup;
pub mod patterns;
pub mod personal_value;
pub(crate) mod phone;
pub mod settings;
pub mod shown_ids;
