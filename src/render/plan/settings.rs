//! Shows the settings of a project that differ from those of the revision that a plan is compared with.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::SettingChange;
use crate::render::common::value::cut;
use crate::words::counted;

/// The most settings that are listed.
const MOST_SETTINGS: usize = 40;

/// Longer values are cut.
const MOST_CHARACTERS: usize = 160;

/// What is known of the project file of a revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum BaseProjectFile {
    /// It was read.
    Read,
    /// The revision has none, so the settings are compared with the defaults.
    Missing,
    /// It has errors, so the settings are compared with the defaults.
    Unreadable,
}

/// How the settings differ from those of the revision that `--base` names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Settings")]
pub struct SettingsView {
    /// The name of the revision.
    pub revision: String,
    /// What is known of its project file.
    pub project_file: BaseProjectFile,
    /// Whether the revision has a file at the path of the state, and the state is another file.
    pub state_differs: bool,
    /// Whether the rules are in the same file as before, and say something else.
    pub rules_differ: bool,
    /// The settings that differ.
    pub changes: Vec<SettingChange>,
}

impl SettingsView {
    /// Whether anything has to be reviewed.
    pub fn differ(&self) -> bool {
        let Self {
            revision: _,
            project_file,
            state_differs,
            rules_differ,
            changes,
        } = self;
        *state_differs
            || *rules_differ
            || !changes.is_empty()
            || *project_file != BaseProjectFile::Read
    }
}

/// A title and a line for each setting that differs; `None` if none does. `escaped` escapes text from outside.
pub(crate) fn lines(
    settings: Option<&SettingsView>,
    escaped: &dyn Fn(&str) -> String,
) -> Option<(String, Vec<String>)> {
    let settings = settings.filter(|settings| settings.differ())?;
    let revision = escaped(&settings.revision);
    let title = match settings.project_file {
        BaseProjectFile::Read => format!("Settings changed since {revision}: review them first."),
        BaseProjectFile::Missing => {
            format!("{revision} has no project file, so every setting is new: review them first.")
        }
        BaseProjectFile::Unreadable => format!(
            "The project file of {revision} cannot be used, so every setting may be new: review them first."
        ),
    };
    let mut lines = Vec::new();
    if settings.state_differs {
        lines.push(format!(
            "state: the file is not the one of {revision}, so this plan goes on from another state"
        ));
    }
    let shown = settings.changes.iter().take(MOST_SETTINGS);
    lines.extend(shown.map(|change| line(change, escaped)));
    let more = settings.changes.len().saturating_sub(MOST_SETTINGS);
    if more > 0 {
        lines.push(format!(
            "… and {}",
            counted(more, "more setting", "more settings")
        ));
    }
    if settings.rules_differ {
        lines.push(format!("rules: the file is not the one of {revision}"));
    }
    Some((title, lines))
}

/// `limits.create: 500 -> 100000`
fn line(change: &SettingChange, escaped: &dyn Fn(&str) -> String) -> String {
    let SettingChange {
        setting,
        before,
        now,
    } = change;
    let shown = |value: &str| match cut(value, MOST_CHARACTERS) {
        Some((beginning, _)) => format!("{} …", escaped(beginning)),
        None => escaped(value),
    };
    // The name of an environment comes from the project file.
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-() ".contains(&byte);
    let setting = if setting.bytes().all(is_plain) {
        setting.clone()
    } else {
        escaped(setting)
    };
    match (before, now) {
        (Some(before), Some(now)) => format!("{setting}: {} -> {}", shown(before), shown(now)),
        (None, Some(now)) => format!("{setting}: + {}", shown(now)),
        (Some(before), None) => format!("{setting}: - {}", shown(before)),
        (None, None) => setting,
    }
}
