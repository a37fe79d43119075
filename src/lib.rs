//! Keeps the users of a Channel Talk channel as code.
//!
//! People edit YAML manifests in a git repository. `talkform plan` shows on the pull request what would
//! change, and `talkform apply` sends the necessary upserts on merge.
//!
//! The binary is the product. The library exists for the tests and for programs that embed it: [`load`] the
//! manifests, [`plan()`], show a [`PlanView`], and [`run()`] to apply. Its interface is not stable.
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
//! recorded ids ─▶ apply::read_users ─▶ RemoteUser ─▶ plan::drift ─▶ DriftReport ─▶ render     (drift)
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
//! `tests/it/tidy` checks this, and that [`model`] and [`mod@plan`] do no I/O. [`plan()`] decides every
//! change. [`apply`] executes the changes. It decides when a run stops, and it sends the declared opt-outs of a
//! person again whom Channel created anew.
//!
//! # Invariants
//!
//! - A user whose declaration is as recorded is not sent, unless the last request about the user has no known
//!   result, or `--refresh` finds a difference on Channel.
//! - `false` is sent for an unsubscribe flag only if talkform recorded or sent `true` for it before. An unrelated
//!   edit therefore never ends an opt-out that the person chose on Channel.
//! - The state records a user only after Channel accepted it, or after an import read it from Channel. A user whose
//!   request has no known result is pending, and the next apply sends it whole.
//! - Nothing is planned from a partial reading, of the manifests or of Channel.
//! - State, journal and logs contain ids, field paths, digests and codes, and no value of a user. [`Visibility`]
//!   decides which values the output shows. A [`PlanView`] and a [`render::DriftView`] hide the others before any
//!   renderer; [`manifest`] hides them in diagnostics and in written manifests.
//! - The same manifests and the same state give the same plan and the same plan digest, whether or not
//!   unchanged files were skipped.
//!
//! # Where to start
//!
//! Read [`model::plan`] for the types, then [`plan()`], then [`apply::execute()`]. `tests/README.md` describes the
//! tests.
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
pub mod regular_file;
pub mod remote;
pub mod render;
pub mod sandbox;
pub mod state;
#[doc(hidden)]
pub mod words;

pub use crate::apply::{Report, RunSettings, Start, Target, run};
pub use crate::manifest::{ReadSettings, load, read_texts};
pub use crate::model::{
    ApiVersion, Desired, Destination, DigestKey, Limits, Plan, RemovedPolicy, Selection, State,
    Visibility,
};
pub use crate::plan::{Context, plan};
pub use crate::remote::Channel;
pub use crate::render::{KnownUsers, PlanView, TextOptions};
pub use crate::state::Store;
