//! Consent is the person's: random histories in which no opt-out is turned off unasked.

mod claims;
mod histories;
mod history;
mod world;
