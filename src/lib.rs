//! talkform keeps the users of a Channel Talk channel as code: people edit YAML manifests in git,
//! `plan` shows on the pull request what would change, `apply` sends only the upserts that are needed.
//!
//! # The picture
//!
//! ```text
//! users/*.yaml ─▶ manifest ─▶ Desired ─┐
//!                                      ├─▶ plan ─▶ Plan ─▶ render ─▶ text · Markdown · JSON
//! state file ───▶ state ────▶ State ───┘            │
//!                                                   ▼
//!                         remote ◀─ upsert ─── apply ─▶ one Outcome per change ─▶ Report ─▶ render
//!                                                   └─▶ state: journal after every success, one save at the end
//!
//! recorded ids ─▶ apply::read_users ─▶ Observed ─▶ plan::compare ─▶ DriftReport ─▶ render      (drift)
//!                                          └─▶ plan: what differs is set right, consent is left  (--refresh)
//! ```
//!
//! Two side ways: [`manifest`] may be shown the state ([`model::Known`]), and then leaves out users and
//! files that are as recorded; with `--refresh`, what [`apply::read_users`] found on Channel
//! ([`model::Sighting`]) joins the plan. Both only add to what the planner is given.
//!
//! # The rings
//!
//! ```text
//! model  ◁  manifest · plan · remote · state  ◁  apply  ◁  render  ◁  cli
//! sandbox: knows model alone; cli and tests start it
//! ```
//!
//! A module names only modules of an inner ring, and neighbours in one ring never name each other;
//! `tests/it/tidy.rs` keeps it so. The middle is pure: [`plan::plan`] knows no YAML, no network, no
//! clock and no disk, and makes every decision; [`apply`] makes none.
//!
//! # What always holds
//!
//! - A user whose canonical form is as recorded is never sent, unless Channel was asked (`--refresh`) and
//!   has something else.
//! - Consent that a person changed on Channel is never set back: its flag is sent only where the
//!   manifest's own flag changed, or the user is new to Channel.
//! - A digest is recorded only after Channel accepted that user.
//! - Nothing is planned from a partial reading of the manifests.
//! - State, journal, logs and default output hold digests and member ids, no value of a sensitive
//!   field; values are masked in one place, [`render::PlanView`], before anything is rendered.
//! - The same manifests and state give the same plan, byte for byte, and the same digest, whether or not
//!   files were recognised instead of read.
//! - What a person chose on Channel about messages is never set back without saying so.
//!
//! # Where to start reading
//!
//! [`model::plan`] for the words, then [`plan::plan`], then [`apply::execute`].

pub mod apply;
pub mod manifest;
pub mod model;
pub mod parallel;
pub mod plan;
pub mod remote;
pub mod render;
pub mod sandbox;
pub mod state;
