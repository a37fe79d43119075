//! Tests `talkform erase`: what is removed, what a deletion needs, what still names the person, and what a kill leaves.

mod agreed;
mod declared;
mod ids;
mod interrupted;
mod recorded;
mod scene;
mod traces;
