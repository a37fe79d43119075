//! Nouns, as plain data: users, their canonical form and digests, the recorded state, the
//! vocabulary of a plan, settings of a project, diagnostics.
//!
//! Nothing here reads a file, a clock, an environment or a socket.

pub mod api_change;
mod canonical;
pub mod diagnostic;
pub mod digest;
pub mod drift;
pub mod field;
mod hex;
pub mod known;
pub mod member_id;
pub mod moved;
pub mod observed;
pub mod parallel;
pub mod plan;
pub mod project;
pub mod recorded;
pub mod selection;
pub mod sensitive;
pub mod state;
pub mod user;
pub mod value;

pub use api_change::ApiChange;
pub use diagnostic::{Diagnostic, Excerpt, Origin, Severity};
pub use digest::{
    CANONICAL_FORM, ContentDigest, DigestKey, Digests, FieldDigest, FileDigest, PartsHasher,
    PlanDigest, UserDigest, UsersSum,
};
pub use drift::{Difference, DriftKind, FieldDrift, UserDrift};
pub use field::{FieldPath, ProfileKey};
pub use known::{FileContent, FileRecord, Known, KnownFile};
pub use member_id::{MemberId, MemberIdError};
pub use moved::{LikelyMove, Moved};
pub use observed::{Content, Observed, Sighting};
pub use plan::{
    Change, FieldAction, FieldChange, LeftAlone, LimitCheck, LimitKind, Old, Plan, PlannedChange,
    Reason, Upsert,
};
pub use project::{
    ApiVersion, ChannelSettings, Limit, Limits, Project, Rate, RemovedFields, RemovedPolicy,
    RemovedUsers,
};
pub use recorded::{RecordedFields, RecordedText};
pub use selection::Selection;
pub use sensitive::Sensitive;
pub use state::{Entry, Rejection, State};
pub use user::{Attributes, Declared, Desired, DesiredFile, DesiredUser, FieldValue};
pub use value::{Number, Value};
