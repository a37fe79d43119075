//! Keeps the users of a Channel Talk channel as code.
//!
//! People edit YAML manifests in a git repository. `talkform plan` shows on the pull request what would
//! change, and `talkform apply` sends the necessary upserts on merge.
//!
//! The binary is the product. The library is what it is made of, for tests and for programs that embed
//! it: load, [`plan()`] and render; and [`run()`] to apply. It makes no promise of stability.
//!
//! # Architecture
//!
//! ```text
//! users/*.yaml ─▶ manifest ─▶ Desired ─┐
//!                                      ├─▶ plan ─▶ Plan ─▶ render ─▶ text · Markdown · JSON
//! state file ───▶ state ────▶ State ───┘            │
//!                                                   ▼
//!                         remote ◀─ upsert ─── apply ─▶ one Outcome per change ─▶ Report ─▶ render
//!                                                   └─▶ state: a journal during the run, one save at the end
//!
//! recorded ids ─▶ apply::read_users ─▶ RemoteUser ─▶ plan::compare ─▶ DriftReport ─▶ render   (drift)
//!                                           └──────▶ plan::Context::observed                  (--refresh)
//! ```
//!
//! # Rings
//!
//! ```text
//! model  ◁  manifest · plan · remote · state  ◁  apply  ◁  render        library
//!                                                               ◁  cli   private to the binary
//! sandbox: imports model alone; cli and tests start it
//! ```
//!
//! A module imports only from rings to its left, and modules of one ring do not import each other.
//! `tests/it/tidy` checks this, and that [`model`] and [`mod@plan`] do no I/O. [`plan()`] makes every
//! decision; [`apply`] makes none.
//!
//! # Invariants
//!
//! - Users that have not changed since the last apply are not sent, unless `--refresh` finds a difference
//!   on Channel.
//! - An unsubscribe flag is sent only if its own declaration changed, so an unrelated edit never overturns
//!   what a person chose on Channel.
//! - A digest is recorded only after Channel accepted that user.
//! - Nothing is planned from a partial reading of the manifests.
//! - State, journal, logs and default output contain digests and member ids, and no text that may be personal.
//!   [`Visibility`] decides what is shown. [`PlanView`] and [`DriftView`] hide values before any renderer,
//!   `manifest` does in diagnostics and in written manifests.
//! - The same manifests and the same state give the same plan and the same plan digest, whether or not
//!   unchanged files were skipped.
//!
//! # Where to start
//!
//! Read [`model::plan`] for the types, then [`plan()`], then [`apply::execute()`].
//!
//! # Example
//!
//! Plans one manifest against an empty state:
//!
//! ```
//! use talkform::render::plan::text;
//! use talkform::{
//!     ApiVersion, Context, Destination, DigestKey, KnownUsers, Limits, plan, PlanView, read_texts, ReadSettings, RemovedPolicy, Selection, State, TextOptions, Visibility,
//! };
//!
//! let manifest = b"
//! apiVersion: talkform/v1
//! kind: User
//! memberId: u-1001
//! profile: { plan: pro }
//! ";
//! let settings = ReadSettings {
//!     patterns: vec!["users/*.yaml".to_owned()],
//!     api: ApiVersion::V4,
//!     visibility: Visibility::default(),
//!     rules: None,
//! };
//! let reading = read_texts(vec![("users/vip.yaml".into(), manifest.to_vec())], &settings);
//! assert!(!reading.has_errors());
//!
//! let destination = Destination::of_api(ApiVersion::V4);
//! let state = State::new("lineage".to_owned(), Vec::new(), None, destination.clone());
//! let context = Context {
//!     key: &DigestKey::new(&state.salt, None),
//!     destination: &destination,
//!     removed: RemovedPolicy::default(),
//!     limits: &Limits::default(),
//!     selection: &Selection::default(),
//!     base: None,
//!     observed: None,
//! };
//! let plan = plan(&reading.desired, &state, &context);
//!
//! let view = PlanView::new(&plan, &settings.visibility, KnownUsers::default());
//! let mut out = String::new();
//! text::write(&mut out, &view, &TextOptions::default())?;
//! print!("{out}");
//! assert!(out.contains("# u-1001 will be created"));
//! assert!(out.contains("Plan: 1 to create."));
//! # Ok::<(), std::fmt::Error>(())
//! ```

pub mod apply;
pub mod manifest;
pub mod model;
#[doc(hidden)]
pub mod parallel;
pub mod plan;
pub mod remote;
pub mod render;
pub mod sandbox;
pub mod state;
#[doc(hidden)]
pub mod words;

pub use crate::apply::{Outcome, Report, RunSettings, Start, Target, run};
pub use crate::manifest::{ReadSettings, Reading, load, read_texts};
pub use crate::model::{
    ApiVersion, Change, Desired, Destination, Diagnostic, DigestKey, Limits, MemberId, Plan,
    RemovedPolicy, Selection, State, Visibility,
};
pub use crate::plan::{Context, DriftReport, PlanFile, plan};
pub use crate::remote::Channel;
pub use crate::render::{DriftView, KnownUsers, PlanView, TextOptions};
pub use crate::state::Store;
