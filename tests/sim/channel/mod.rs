//! A Channel that breaks: the users it has, the network before it, the people who use it, and what was sent.

mod answer;
mod conduct;
mod ledger;
mod network;
mod people;
mod users;
mod weather;

pub(crate) use conduct::Conduct;
pub(crate) use ledger::{Field, Ledger};
pub(crate) use network::{Network, Remote};
pub(crate) use users::{CHANNEL, Users};
pub(crate) use weather::Weather;
