//! Writes and reads plan files: reviewed plans without any value, to which an apply is compared.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{
    Action, ApiChange, ApiVersion, Change, FieldChange, Plan, PlanDigest, PlannedChange,
};

/// The version of the format.
const FORMAT_VERSION: u32 = 1;

/// A plan file: ids, actions, field paths and digests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlanFile {
    /// The version of this format: 1.
    pub format_version: u32,
    /// The kind of file: `plan`.
    pub kind: String,
    /// The lineage of the state that the plan was made against; empty before the first apply.
    pub lineage: String,
    /// The serial of the state that the plan was made against.
    pub serial: u64,
    /// The digest that identifies the plan.
    pub digest: String,
    /// A digest over id and digest of every user that the manifests declared.
    pub manifests: String,
    /// The patterns of `--select`; empty for every user.
    pub select: Vec<String>,
    /// The step to another API version; left out where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<ApiLine>,
    /// Whether Channel was asked for the users. An apply then asks again before it compares.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refreshed: bool,
    /// How many users are unchanged.
    pub unchanged: usize,
    /// The changes, by id.
    pub changes: BTreeMap<String, ChangeLine>,
}

/// A step from one API version to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApiLine {
    /// The version that the state names.
    pub from: ApiVersion,
    /// The version that the project names.
    pub to: ApiVersion,
}

/// One user's change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeLine {
    /// `create`, `update`, `move`, `forget` or `delete`.
    #[schemars(with = "String")]
    pub action: Action,
    /// For a move, the old id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Whether the old id is deleted on Channel.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub delete_old: bool,
    /// The digest of the user as it will be recorded; for a forget or a delete, as it is recorded.
    pub digest: String,
    /// The field changes, such as `set profile.plan`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
}

/// Why a text is not a plan file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlanFileError {
    /// A newer version of the program wrote the file.
    Newer(u64),
    /// The file is not a plan file, or is damaged.
    Unreadable(String),
}

impl fmt::Display for PlanFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Newer(version) => write!(
                f,
                "it has format version {version}, this program knows {FORMAT_VERSION}"
            ),
            Self::Unreadable(reason) => write!(f, "it does not read as a plan: {reason}"),
        }
    }
}

impl PlanFile {
    /// Returns the file of a plan.
    pub fn of(plan: &Plan, select: &[String]) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            kind: "plan".to_owned(),
            lineage: plan.lineage.clone(),
            serial: plan.serial,
            digest: plan.digest.to_string(),
            manifests: plan.manifests.to_string(),
            select: select.to_vec(),
            api: api_line(plan),
            refreshed: plan.refreshed,
            unchanged: plan.unchanged,
            changes: plan
                .changes
                .iter()
                .map(|planned| (planned.id.to_string(), line(planned)))
                .collect(),
        }
    }

    /// Returns the file's text.
    pub fn write(&self) -> String {
        let mut text =
            serde_json::to_string_pretty(self).expect("plain data with text keys is always JSON");
        text.push('\n');
        text
    }

    /// Reads a file's text.
    ///
    /// # Errors
    ///
    /// The text is not a plan file of this version.
    pub fn parse(text: &str) -> Result<Self, PlanFileError> {
        let unreadable = |error: serde_json::Error| PlanFileError::Unreadable(error.to_string());
        let value: serde_json::Value = serde_json::from_str(text).map_err(unreadable)?;
        match value
            .get("formatVersion")
            .and_then(serde_json::Value::as_u64)
        {
            Some(version) if version > u64::from(FORMAT_VERSION) => {
                return Err(PlanFileError::Newer(version));
            }
            _ => {}
        }
        let file: Self = serde_json::from_value(value).map_err(unreadable)?;
        if file.kind != "plan" || file.format_version != FORMAT_VERSION {
            return Err(PlanFileError::Unreadable(
                "its kind or version is another".to_owned(),
            ));
        }
        file.digest
            .parse::<PlanDigest>()
            .map_err(|error| PlanFileError::Unreadable(error.to_string()))?;
        Ok(file)
    }

    /// Returns the users whose change differs in a plan made now, each with what differs.
    pub fn differences(&self, now: &Plan) -> Vec<(String, &'static str)> {
        let api_differs = self.api != api_line(now);
        let now: BTreeMap<String, ChangeLine> = now
            .changes
            .iter()
            .map(|planned| (planned.id.to_string(), line(planned)))
            .collect();
        let mut found = Vec::new();
        for (id, then) in &self.changes {
            match now.get(id) {
                None => found.push((id.clone(), "needs nothing any more")),
                Some(line) if line != then => found.push((id.clone(), "would change otherwise")),
                Some(_) => {}
            }
        }
        for id in now.keys() {
            if !self.changes.contains_key(id) {
                found.push((id.clone(), "was not in the plan"));
            }
        }
        found.sort();
        if api_differs {
            found.insert(0, ("channel.api".to_owned(), "would change otherwise"));
        }
        found
    }
}

fn api_line(plan: &Plan) -> Option<ApiLine> {
    plan.api.map(|ApiChange { from, to }| ApiLine { from, to })
}

fn line(planned: &PlannedChange) -> ChangeLine {
    let (digest, from) = match &planned.change {
        Change::Create(write) | Change::Update(write) => (write.digests.user, None),
        Change::Move { from, write, .. } => (write.digests.user, Some(from.to_string())),
        Change::Forget { last } | Change::Delete { last } => (last.digest, None),
    };
    ChangeLine {
        action: planned.change.action(),
        delete_old: from.is_some() && planned.change.deletes(),
        from,
        digest: digest.to_string(),
        fields: planned
            .change
            .fields()
            .iter()
            .map(FieldChange::decision)
            .collect(),
    }
}

/// The JSON Schema of the plan file.
pub fn file_schema() -> serde_json::Value {
    schemars::schema_for!(PlanFile).to_value()
}
