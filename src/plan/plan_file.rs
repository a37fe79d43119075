//! Writes and reads plan files: reviewed plans without any value, to which an apply is compared.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{
    ApiChange, ApiVersion, Destination, DestinationDifference, MemberId, Plan, PlanDigest, ShownIds,
};
use crate::plan::change_line::ChangeLine;
use crate::plan::digest;
use crate::plan::digest::Subject;

/// The version of the format.
const FORMAT_VERSION: u32 = 1;

/// A plan file: destination, ids, actions, field paths and digests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlanFile {
    /// The version of this format: 1.
    pub format_version: u32,
    /// The kind of file: `plan`.
    pub kind: String,
    /// When the plan was made.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// What git has checked out; null if it is not known.
    pub revision: Option<Revision>,
    /// Where an apply sends the users.
    pub destination: Destination,
    /// The lineage of the state that the plan was made against; empty before the first apply.
    pub lineage: String,
    /// The serial of the state that the plan was made against.
    pub serial: u64,
    /// The digest that identifies the plan. It is computed from destination, lineage, serial and changes.
    #[schemars(with = "String")]
    pub digest: PlanDigest,
    /// A digest over id and digest of every user that the manifests declared.
    #[schemars(with = "String")]
    pub manifests: PlanDigest,
    /// The patterns of `--select`; empty for every user.
    pub select: Vec<String>,
    /// The step to another API version; left out if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<ApiLine>,
    /// Whether Channel was asked for the users. An apply then asks again before it compares.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refreshed: bool,
    /// How many users are unchanged.
    pub unchanged: usize,
    /// The changes, by id.
    #[schemars(with = "BTreeMap<String, ChangeLine>")]
    pub changes: BTreeMap<MemberId, ChangeLine>,
}

/// The git commit that is checked out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Revision {
    /// The id of the commit.
    pub commit: String,
    /// Whether the project file, the rules or a manifest differs from the commit. Left out if none does.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub uncommitted_changes: bool,
}

impl fmt::Display for Revision {
    /// `4f5e6d7c… and uncommitted changes`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            commit,
            uncommitted_changes,
        } = self;
        f.write_str(commit)?;
        if *uncommitted_changes {
            f.write_str(" and uncommitted changes")?;
        }
        Ok(())
    }
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

/// Why a text is not a plan file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlanFileError {
    /// A newer version of the program wrote the file.
    Newer(u64),
    /// The file is not a plan file, or is damaged.
    Unreadable(String),
    /// The digest is not the one of the lines.
    Altered {
        /// The digest that the file names.
        named: PlanDigest,
        /// The digest of its destination, lineage, serial and changes.
        computed: PlanDigest,
    },
}

impl fmt::Display for PlanFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Newer(version) => write!(
                f,
                "it has format version {version}, this program knows {FORMAT_VERSION}"
            ),
            Self::Unreadable(reason) => write!(f, "it does not read as a plan: {reason}"),
            Self::Altered { named, computed } => write!(
                f,
                "its digest does not fit its content: the file names {named}, and its destination, lineage, serial and changes have {computed}"
            ),
        }
    }
}

impl PlanFile {
    /// Returns the file of a plan.
    pub fn of(plan: &Plan, select: &[String], at: Timestamp, revision: Option<Revision>) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            kind: "plan".to_owned(),
            at,
            revision,
            destination: plan.destination.clone(),
            lineage: plan.lineage.clone(),
            serial: plan.serial,
            digest: plan.digest,
            manifests: plan.manifests,
            select: select.to_vec(),
            api: api_line(plan),
            refreshed: plan.refreshed,
            unchanged: plan.unchanged,
            changes: lines(plan),
        }
    }

    /// Returns the same with the ids as they are shown. Where ids are hidden, it is no plan file any more.
    #[must_use]
    pub fn shown(mut self, ids: &ShownIds) -> Self {
        if ids.hides() {
            for pattern in &mut self.select {
                "(sensitive)".clone_into(pattern);
            }
            let changes = self.changes.into_iter();
            self.changes = changes
                .map(|(id, mut line)| {
                    line.from = line.from.map(|from| ids.of(&from).into_owned());
                    (ids.of(&id).into_owned(), line)
                })
                .collect();
        }
        self
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
    /// The text is not a plan file of this version, or its digest does not fit the rest of it.
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
        let computed = file.computed_digest();
        if computed != file.digest {
            return Err(PlanFileError::Altered {
                named: file.digest,
                computed,
            });
        }
        Ok(file)
    }

    fn computed_digest(&self) -> PlanDigest {
        let subject = Subject {
            destination: &self.destination,
            api: self.api.map(|ApiLine { from, to }| ApiChange { from, to }),
            lineage: &self.lineage,
            serial: self.serial,
        };
        let lines = self.changes.iter();
        digest::of_plan(subject, lines.map(|(id, line)| (id, line.clone())))
    }

    /// Returns the parts of the destination that differ in a plan made now.
    pub fn destination_differences(&self, now: &Plan) -> Vec<DestinationDifference> {
        self.destination.differences(&now.destination)
    }

    /// Returns the users whose change differs in a plan made now, each with what differs.
    pub fn differences(&self, now: &Plan, ids: &ShownIds) -> Vec<(String, &'static str)> {
        let name = |id: &MemberId| ids.of(id).to_string();
        let api_differs = self.api != api_line(now);
        let now = lines(now);
        let mut found = Vec::new();
        for (id, then) in &self.changes {
            match now.get(id) {
                None => found.push((name(id), "needs nothing any more")),
                Some(line) if line != then => {
                    found.push((name(id), "would change otherwise"));
                }
                Some(_) => {}
            }
        }
        for id in now.keys() {
            if !self.changes.contains_key(id) {
                found.push((name(id), "was not in the plan"));
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

fn lines(plan: &Plan) -> BTreeMap<MemberId, ChangeLine> {
    let changes = plan.changes.iter();
    changes
        .map(|planned| (planned.id.clone(), ChangeLine::of(planned)))
        .collect()
}

/// The JSON Schema of the plan file.
pub fn file_schema() -> serde_json::Value {
    schemars::schema_for!(PlanFile).to_value()
}
