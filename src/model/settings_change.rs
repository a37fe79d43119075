//! Compares the settings of a project with those of an earlier revision.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::project::{ChannelSettings, Limits, Project, Rate, RemovedPolicy, StateStore};
use crate::model::visibility::patterns::FieldPatterns;

/// A setting that differs. For a list: a pattern that was added (no `before`) or taken away (no `now`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SettingChange {
    /// The path in the project file, such as `channel.baseUrl`. With `environments.NAME.` before it, a setting of an
    /// environment that the plan is not for; with ` (without --env)` behind it, that of none.
    pub setting: String,
    /// The value of the earlier revision; null if it had none.
    pub before: Option<String>,
    /// The value now; null if there is none.
    pub now: Option<String>,
}

impl Project {
    /// The settings that differ from those of an earlier revision: the state first, then where users are sent, then
    /// what bounds a plan, then the rest.
    pub fn changes_since(&self, before: &Self) -> Vec<SettingChange> {
        let now = values(self).into_iter();
        let mut changes: Vec<SettingChange> = values(before)
            .into_iter()
            .zip(now)
            .filter(|((_, before), (_, now))| before != now)
            .map(|((setting, before), (_, now))| SettingChange {
                setting: setting.to_owned(),
                before,
                now,
            })
            .collect();
        for ((setting, before), (_, now)) in lists(before).into_iter().zip(lists(self)) {
            changes.extend(list_changes(setting, &before, &now));
        }
        changes
    }
}

/// A change for each item of a list that is gone or new.
pub fn list_changes(
    setting: &str,
    before: &BTreeSet<&str>,
    now: &BTreeSet<&str>,
) -> Vec<SettingChange> {
    let gone = before.difference(now).map(|item| SettingChange {
        setting: setting.to_owned(),
        before: Some((*item).to_owned()),
        now: None,
    });
    let new = now.difference(before).map(|item| SettingChange {
        setting: setting.to_owned(),
        before: None,
        now: Some((*item).to_owned()),
    });
    gone.chain(new).collect()
}

/// Every setting that has one value.
fn values(project: &Project) -> Vec<(&'static str, Option<String>)> {
    let Project {
        manifests: _,
        channel:
            ChannelSettings {
                api,
                base_url,
                id,
                rate: Rate { per_second, burst },
            },
        state,
        state_store:
            StateStore {
                region,
                endpoint,
                path_style,
                kms_key,
            },
        state_key,
        removed: RemovedPolicy { users, fields },
        public: _,
        sensitive: _,
        rules,
        limits:
            Limits {
                create,
                update,
                clear,
                forget,
                delete,
                opt_in,
                recreate,
                min_users,
            },
    } = project;
    vec![
        ("state", Some(state.clone())),
        ("stateStore.region", region.clone()),
        ("stateStore.endpoint", endpoint.clone()),
        (
            "stateStore.pathStyle",
            path_style.map(|path_style| path_style.to_string()),
        ),
        ("stateStore.kmsKey", kms_key.clone()),
        ("stateKey", Some(state_key.as_str().to_owned())),
        ("channel.baseUrl", Some(base_url.clone())),
        ("channel.id", id.as_ref().map(ToString::to_string)),
        ("channel.api", Some(api.to_string())),
        ("removed.users", Some(users.as_str().to_owned())),
        ("removed.fields", Some(fields.as_str().to_owned())),
        ("limits.create", Some(create.to_string())),
        ("limits.update", Some(update.to_string())),
        ("limits.clear", Some(clear.to_string())),
        ("limits.forget", Some(forget.to_string())),
        ("limits.delete", Some(delete.to_string())),
        ("limits.optIn", Some(opt_in.to_string())),
        ("limits.recreate", Some(recreate.to_string())),
        ("limits.minUsers", Some(min_users.to_string())),
        ("rules", rules.clone()),
        ("channel.rate.perSecond", Some(per_second.to_string())),
        ("channel.rate.burst", Some(burst.to_string())),
    ]
}

/// Every setting that is a list. Their order means nothing.
fn lists(project: &Project) -> [(&'static str, BTreeSet<&str>); 3] {
    [
        ("public", texts(&project.public)),
        ("sensitive", texts(&project.sensitive)),
        (
            "manifests",
            project.manifests.iter().map(String::as_str).collect(),
        ),
    ]
}

fn texts(patterns: &FieldPatterns) -> BTreeSet<&str> {
    patterns.iter().map(|pattern| &*pattern.text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::project::{Limit, RemovedUsers};

    fn rows(changes: &[SettingChange]) -> Vec<(&str, Option<&str>, Option<&str>)> {
        changes
            .iter()
            .map(|change| {
                let SettingChange {
                    setting,
                    before,
                    now,
                } = change;
                (&**setting, before.as_deref(), now.as_deref())
            })
            .collect()
    }

    #[test]
    fn the_state_comes_first_and_lists_pattern_by_pattern() {
        let before = Project {
            public: FieldPatterns::new(&["profile.plan", "profile.seats"]),
            ..Project::default()
        };
        let mut now = before.clone();
        assert_eq!(now.changes_since(&before), []);
        now.public = FieldPatterns::new(&["profile.email", "profile.plan"]);
        now.limits.delete = Limit::Percent(100.0);
        now.removed.users = RemovedUsers::Delete;
        now.channel.base_url = "http://127.0.0.1:1".to_owned();
        now.state = "other.json".to_owned();
        now.rules = Some("rules.json".to_owned());
        let changes = now.changes_since(&before);
        assert_eq!(
            rows(&changes),
            [
                ("state", Some("talkform.state.json"), Some("other.json")),
                (
                    "channel.baseUrl",
                    Some("https://api.channel.io"),
                    Some("http://127.0.0.1:1")
                ),
                ("removed.users", Some("forget"), Some("delete")),
                ("limits.delete", Some("0"), Some("100%")),
                ("rules", None, Some("rules.json")),
                ("public", Some("profile.seats"), None),
                ("public", None, Some("profile.email")),
            ]
        );
    }
}
