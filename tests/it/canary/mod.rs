//! Puts canaries, texts that nobody else writes, into every place that can hold personal data, and searches every
//! output and file of every command for them.
//!
//! `CANARY_SEED=7` runs one seed, `CANARY_CASES=50` runs more of them.

mod canaries;
mod channel;
mod damage;
mod forms;
mod outputs;
mod people;
mod planted;
mod readings;
mod world;
