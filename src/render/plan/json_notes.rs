//! What a plan says in JSON besides changes and numbers: places, a step to another API version, ids that
//! probably changed, consent that is left alone.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::{ApiChange, ApiVersion, LikelyMove, Origin};
use crate::render::plan::view::LeftView;

/// A step from one API version to another. No user has to be sent for it.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ApiJson {
    /// The version that the state names.
    from: ApiVersion,
    /// The version that the project names.
    to: ApiVersion,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LikelyMoveJson<'a> {
    /// Who goes.
    from: &'a str,
    /// Who comes.
    to: &'a str,
}

/// A consent flag that is left as the person chose it.
#[derive(Serialize, JsonSchema)]
pub(crate) struct LeftJson<'a> {
    /// The member id.
    id: &'a str,
    /// Which flag.
    path: String,
    /// What the person chose; null where the flag is sensitive.
    found: Option<bool>,
    /// Whether Channel's answer to the apply had not shown the flag as sent.
    #[serde(rename = "neverConfirmed")]
    never_confirmed: bool,
    /// Where the user is declared.
    origin: OriginJson<'a>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct OriginJson<'a> {
    /// The path relative to the project's folder.
    file: &'a str,
    /// From 1; 0 where only the file is known.
    line: u32,
    /// From 1; 0 where only the line is known.
    column: u32,
}

impl ApiJson {
    pub(crate) fn new(step: ApiChange) -> Self {
        let ApiChange { from, to } = step;
        Self { from, to }
    }
}

impl<'a> LikelyMoveJson<'a> {
    pub(crate) fn new(likely: &'a LikelyMove) -> Self {
        let LikelyMove { from, to } = likely;
        Self {
            from: from.as_str(),
            to: to.as_str(),
        }
    }
}

impl<'a> LeftJson<'a> {
    pub(crate) fn new(left: &LeftView<'a>) -> Self {
        Self {
            id: left.id.as_str(),
            path: left.path.to_string(),
            found: left.found,
            never_confirmed: left.never_confirmed,
            origin: OriginJson::new(left.origin),
        }
    }
}

impl<'a> OriginJson<'a> {
    pub(crate) fn new(origin: &'a Origin) -> Self {
        Self {
            file: &origin.file,
            line: origin.line,
            column: origin.column,
        }
    }
}
