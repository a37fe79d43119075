//! Checks ids: of users and of channels.

pub mod channel_id;
pub mod member_id;
pub mod nobody;
