//! Defines the plain data that all other modules share: users, digests, the state, plans, drift, settings
//! and diagnostics.

pub mod action;
pub mod change;

pub mod desired;
pub mod destination;
pub mod diagnostic;
pub mod digest;
pub mod drift;
pub mod field;
pub mod file_record;
pub mod ids;
pub mod limit_approval;
pub mod observed;
pub mod pending;
pub mod plan;
pub mod project;
#[doc(hidden)]
pub mod recorded_fields;
pub mod selection;
pub mod settings_change;
pub mod state;
pub mod stop;
pub mod text;
pub mod unchanged;
pub mod user;
pub mod value;
pub mod visibility;

pub use crate::model::action::Action;
pub use crate::model::change::{
    Change, DeclaredAction, FieldAction, FieldChange, FieldChanges, Previous, Reason, Upsert, Write,
};
pub use crate::model::desired::{Desired, DesiredFile, DesiredUser, Moved};
pub use crate::model::destination::{
    ApiChange, Destination, DestinationDifference, DestinationPart, SANDBOX_URL, is_loopback,
};
pub use crate::model::diagnostic::{Diagnostic, Excerpt, Origin, Severity};
pub use crate::model::digest::digests::{
    ContentDigest, FieldDigest, FileDigest, PartsHasher, PlanDigest, RemoteIdDigest, UserDigest,
    UsersSum,
};
pub use crate::model::digest::key::{CANONICAL_FORM, DigestKey, Digests, UserKey};
pub use crate::model::drift::{FieldDrift, FieldDriftKind, UserDrift, UserDriftKind};
pub use crate::model::field::{FieldPath, ProfileKey};
pub use crate::model::file_record::RecordedLookup;
pub use crate::model::ids::channel_id::{ChannelId, NotAChannelId};
pub use crate::model::ids::member_id::{MemberId, MemberIdError};
pub use crate::model::ids::nobody::{NobodyReason, identifies_nobody};
pub use crate::model::limit_approval::{LimitApproval, NotAnApproval};
pub use crate::model::observed::{Observed, RemoteUser, RemoteValue, Unread};
pub use crate::model::pending::{Pending, PendingAction};
pub use crate::model::plan::{
    KeptConsent, LikelyMove, LimitCheck, LimitKind, Plan, PlannedChange, Unconfirmed,
    UnconfirmedField,
};
pub use crate::model::project::{
    ApiVersion, BASE_URL, ChannelSettings, Limit, Limits, Project, Rate, RemovedFields,
    RemovedPolicy, RemovedUsers, StateAddressError, StateKeyRule, StateScheme, StateStore,
    is_state_address, state_address,
};
pub use crate::model::recorded_fields::RecordedFields;
pub use crate::model::selection::{Selected, Selection, known_ids};
pub use crate::model::settings_change::SettingChange;
pub use crate::model::state::{Entry, FileContent, FileRecord, RejectedRequest, Rejection, State};
pub use crate::model::stop::StopCause;
pub use crate::model::text::language::Language;
pub use crate::model::unchanged::{Depth, Unchanged, UnchangedFile, UnchangedUser};
pub use crate::model::user::attributes::{Attributes, Consent, Declared, FieldValue};
pub use crate::model::user::key_map::KeyMap;
pub use crate::model::user::shared::Shared;
pub use crate::model::user::tags::Tags;
pub use crate::model::value::{Number, Value};
pub use crate::model::visibility::lookup::{UserVisibility, VisibilityLookup};
pub use crate::model::visibility::patterns::{FieldPattern, FieldPatterns};
pub use crate::model::visibility::settings::{
    FieldRule, FieldSettings, Hidden, Visibility, Vocabulary,
};
pub use crate::model::visibility::shown_ids::ShownIds;
