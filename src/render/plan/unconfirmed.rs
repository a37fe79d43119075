//! Defines the data of a field that Channel did not confirm, as a plan shows it.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::{FieldPath, MemberId, ShownIds, UnconfirmedField};
use crate::render::common::json::as_text;

/// A recorded field that Channel's last response did not show as declared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Unconfirmed")]
pub struct UnconfirmedView<'a> {
    /// The path, such as `profile.plan` or `tags`.
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "String")]
    pub path: &'a FieldPath,
    /// How many users it concerns.
    pub users: usize,
    /// The first of them, by id.
    #[schemars(with = "Vec<String>")]
    pub first: Vec<Cow<'a, MemberId>>,
}

impl<'a> UnconfirmedView<'a> {
    pub(crate) fn new(field: &'a UnconfirmedField, ids: &ShownIds) -> Self {
        let UnconfirmedField { path, users, first } = field;
        Self {
            path,
            users: *users,
            first: first.iter().map(|id| ids.of(id)).collect(),
        }
    }
}
