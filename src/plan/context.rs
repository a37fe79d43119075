//! Describes what a plan depends on besides the users.

use std::collections::BTreeMap;

use crate::model::{
    Attributes, Destination, DigestKey, Limits, MemberId, RemoteUser, RemovedPolicy, Selection,
};

/// What a plan depends on besides the users.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The key of the state's digests.
    pub key: &'a DigestKey,
    /// What happens to users and fields that are no longer declared.
    pub removed: RemovedPolicy,
    /// Bounds on the plan.
    pub limits: &'a Limits,
    /// Where the project sends users. A channel that it does not name is taken from the state.
    pub destination: &'a Destination,
    /// The users that the plan covers.
    pub selection: &'a Selection,
    /// Declarations of an earlier revision, which may explain recorded digests. They change what a plan
    /// shows, never what it does.
    pub base: Option<&'a BTreeMap<MemberId, Attributes>>,
    /// What Channel has of the desired users: the plan then corrects drift too. `None` plans without
    /// asking Channel.
    pub observed: Option<&'a BTreeMap<MemberId, RemoteUser>>,
}
