//! Turns what Channel returns, and tables, into users that a manifest can declare.
//!
//! ```text
//! encoding ─▶ records ─▶ header, column ─▶ cell ─▶ table
//! bytes       rows       which is what     values  users, and what is wrong
//! ```

pub(crate) mod cell;
pub mod column;
pub mod encoding;
pub(crate) mod header;
pub mod importable;
#[cfg(not(feature = "phone-tables"))]
pub mod no_phone_country;
pub(crate) mod phone;
#[cfg(feature = "phone-tables")]
pub mod phone_country;
pub(crate) mod records;
pub mod table;

#[cfg(not(feature = "phone-tables"))]
pub use crate::manifest::import::no_phone_country::PhoneCountry;
#[cfg(feature = "phone-tables")]
pub use crate::manifest::import::phone_country::PhoneCountry;
