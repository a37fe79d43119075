//! Reads and checks each setting of a project.

use std::sync::Arc;

use crate::model::{
    ApiVersion, ChannelId, ChannelSettings, FieldPattern, FieldPatterns, Limit, Limits, Project,
    Rate, RemovedFields, RemovedPolicy, RemovedUsers,
};

use crate::manifest::field_names::API_VERSION;
use crate::manifest::inside::leads_out;
use crate::manifest::problem::problems::Problem;
use crate::manifest::problem::span::{Locator, Span};
use crate::manifest::problem::wording::{closest_name, key_in_backticks, quoted, shown_key};
use crate::manifest::project::{base_url, field_patterns};
use crate::manifest::syntax::node::{Content, Member, Node};
use crate::manifest::syntax::scalar;
use crate::manifest::syntax::scalar::PlainScalar;

/// The settings at the top of the file.
pub(crate) const SETTINGS: [&str; 13] = [
    "apiVersion",
    "kind",
    "manifests",
    "channel",
    "state",
    "stateStore",
    "stateKey",
    "removed",
    "public",
    "sensitive",
    "rules",
    "limits",
    "environments",
];

/// The settings of `channel`.
pub(crate) const CHANNEL: [&str; 4] = ["api", "baseUrl", "id", "rate"];

/// The settings of `channel.rate`.
pub(crate) const RATE: [&str; 2] = ["perSecond", "burst"];

/// The settings of `stateStore`.
pub(crate) const STATE_STORE: [&str; 4] = ["region", "endpoint", "pathStyle", "kmsKey"];

/// The settings of `removed`.
pub(crate) const REMOVED: [&str; 2] = ["users", "fields"];

/// The settings of `limits`.
pub(crate) const LIMITS: [&str; 8] = [
    "create", "update", "clear", "forget", "delete", "optIn", "recreate", "minUsers",
];

/// The settings of a map of settings, by its path; none for the path of a value.
pub(crate) fn known(path: &str) -> &'static [&'static str] {
    match path {
        "" => &SETTINGS,
        "channel" => &CHANNEL,
        "channel.rate" => &RATE,
        "removed" => &REMOVED,
        "stateStore" => &STATE_STORE,
        "limits" => &LIMITS,
        _ => &[],
    }
}

/// Reads settings and collects their problems.
pub(crate) struct SettingsReader<'f> {
    pub(crate) problems: Vec<Problem>,
    file: &'f Arc<str>,
    text: &'f str,
}

impl<'f> SettingsReader<'f> {
    /// A reader of the settings of this file.
    pub(crate) fn new(file: &'f Arc<str>, text: &'f str) -> Self {
        Self {
            problems: Vec::new(),
            file,
            text,
        }
    }

    /// Reads all settings. A wrong setting keeps its default.
    pub(crate) fn project(&mut self, root: &Node<'_>) -> Project {
        let mut project = Project::default();
        for member in self.members(root, "") {
            let value = &member.value;
            match &*member.key {
                "apiVersion" => self.is(value, "apiVersion", API_VERSION),
                "kind" => self.is(value, "kind", "Project"),
                "manifests" => self.manifests(value, &mut project.manifests),
                "channel" => self.channel(value, &mut project.channel),
                "state" => self.state(value, &mut project.state),
                "stateStore" => self.state_store(value, &mut project.state_store),
                "stateKey" => self.state_key(value, &mut project.state_key),
                "removed" => self.removed(value, &mut project.removed),
                "public" => self.fields(value, "public", &mut project.public),
                "sensitive" => self.fields(value, "sensitive", &mut project.sensitive),
                "rules" => project.rules = self.path(value, "rules"),
                "limits" => self.limits(value, &mut project.limits),
                _ => self.unknown(member, "", &SETTINGS),
            }
        }
        project
    }

    fn channel(&mut self, node: &Node<'_>, channel: &mut ChannelSettings) {
        for member in self.members(node, "channel") {
            let value = &member.value;
            match &*member.key {
                "api" => {
                    let versions = [("v4", ApiVersion::V4), ("v5", ApiVersion::V5)];
                    self.choose(value, "channel.api", &versions, &mut channel.api);
                }
                "baseUrl" => {
                    if let Some(text) = self.text(value, "channel.baseUrl") {
                        match base_url::parse(&text) {
                            Ok(url) => channel.base_url = url,
                            Err(error) => self.problems.push(
                                Problem::error("invalid-base-url", value.span, error.message)
                                    .path("channel.baseUrl")
                                    .hint(error.hint),
                            ),
                        }
                    }
                }
                "id" => {
                    if let Some(id) = self.text(value, "channel.id") {
                        match ChannelId::new(&id) {
                            Ok(id) => channel.id = Some(id),
                            Err(error) => self.problems.push(
                                Problem::error("invalid-setting", value.span, error.to_string())
                                    .path("channel.id")
                                    .hint("Channel shows the id of the channel in its settings"),
                            ),
                        }
                    }
                }
                "rate" => self.rate(value, &mut channel.rate),
                _ => self.unknown(member, "channel.", &CHANNEL),
            }
        }
    }

    fn rate(&mut self, node: &Node<'_>, rate: &mut Rate) {
        for member in self.members(node, "channel.rate") {
            let value = &member.value;
            let number = || match plain_scalar(value) {
                PlainScalar::Number(Ok(number)) => Some(number.get()),
                _ => None,
            };
            match &*member.key {
                "perSecond" => match number().filter(|number| *number > 0.0) {
                    Some(number) => rate.per_second = number,
                    None => self.wrong(
                        value,
                        "channel.rate.perSecond",
                        "expected a number greater than 0",
                    ),
                },
                "burst" => match number().and_then(whole) {
                    Some(number) if number > 0 => rate.burst = number,
                    _ => self.wrong(
                        value,
                        "channel.rate.burst",
                        "expected a whole number of at least 1",
                    ),
                },
                _ => self.unknown(member, "channel.rate.", &RATE),
            }
        }
    }

    fn removed(&mut self, node: &Node<'_>, removed: &mut RemovedPolicy) {
        for member in self.members(node, "removed") {
            let value = &member.value;
            match &*member.key {
                "users" => {
                    let choices = [
                        ("forget", RemovedUsers::Forget),
                        ("delete", RemovedUsers::Delete),
                    ];
                    self.choose(value, "removed.users", &choices, &mut removed.users);
                }
                "fields" => {
                    let choices = [
                        ("clear", RemovedFields::Clear),
                        ("forget", RemovedFields::Forget),
                    ];
                    self.choose(value, "removed.fields", &choices, &mut removed.fields);
                }
                _ => self.unknown(member, "removed.", &REMOVED),
            }
        }
    }

    fn limits(&mut self, node: &Node<'_>, limits: &mut Limits) {
        for member in self.members(node, "limits") {
            let limit = match &*member.key {
                "create" => &mut limits.create,
                "update" => &mut limits.update,
                "clear" => &mut limits.clear,
                "forget" => &mut limits.forget,
                "delete" => &mut limits.delete,
                "optIn" => &mut limits.opt_in,
                "recreate" => &mut limits.recreate,
                "minUsers" => {
                    match count(&member.value) {
                        Some(number) => limits.min_users = number,
                        None => self.wrong(
                            &member.value,
                            "limits.minUsers",
                            "expected a number of users",
                        ),
                    }
                    continue;
                }
                _ => {
                    self.unknown(member, "limits.", &LIMITS);
                    continue;
                }
            };
            let share = || {
                let text = &*member.value.scalar()?.text;
                text.ends_with('%').then(|| text.parse().ok())?
            };
            match count(&member.value).map(Limit::Count).or_else(share) {
                Some(value) => *limit = value,
                None => self.wrong(
                    &member.value,
                    &format!("limits.{}", member.key),
                    "expected a count such as 500 or a percentage such as 30%",
                ),
            }
        }
    }

    fn manifests(&mut self, node: &Node<'_>, manifests: &mut Vec<String>) {
        let Some(patterns) = self.texts(node, "manifests") else {
            return;
        };
        if patterns.is_empty() {
            self.wrong(node, "manifests", "expected at least one pattern");
        }
        for (pattern, span) in &patterns {
            if leads_out(pattern) {
                let message = "a pattern leads out of the project's folder";
                self.problems.push(
                    Problem::error("pattern-leaves-project", *span, message)
                        .path("manifests")
                        .hint("write it relative to the folder, without `..`"),
                );
            }
        }
        *manifests = patterns.into_iter().map(|(pattern, _)| pattern).collect();
    }

    fn fields(&mut self, node: &Node<'_>, setting: &str, patterns: &mut FieldPatterns) {
        let Some(texts) = self.texts(node, setting) else {
            return;
        };
        for (pattern, span) in &texts {
            if let Some((message, hint)) = field_patterns::refusal(pattern) {
                self.problems.push(
                    Problem::error("unknown-field-path", *span, message)
                        .path(setting)
                        .hint(hint),
                );
            }
        }
        let mut places = Locator::new(self.text);
        *patterns = texts
            .into_iter()
            .map(|(pattern, span)| {
                let position = places.locate(span.start());
                FieldPattern::new(&pattern, Some(position.in_file(self.file)))
            })
            .collect();
    }

    fn is(&mut self, node: &Node<'_>, path: &str, expected: &str) {
        if node.scalar().is_none_or(|scalar| scalar.text != expected) {
            self.wrong(node, path, &format!("expected `{expected}`"));
        }
    }

    pub(super) fn choose<T: Copy>(
        &mut self,
        node: &Node<'_>,
        path: &str,
        choices: &[(&str, T)],
        chosen: &mut T,
    ) {
        let text = node.scalar().map_or("", |scalar| &scalar.text);
        if let Some((_, choice)) = choices.iter().find(|(word, _)| *word == text) {
            *chosen = *choice;
        } else {
            let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
            let message = format!("expected `{}`", words.join("` or `"));
            self.wrong(node, path, &message);
        }
    }

    /// Reads a string that is not empty.
    pub(super) fn text(&mut self, node: &Node<'_>, path: &str) -> Option<String> {
        let meaning = plain_scalar(node);
        let scalar = node.scalar();
        match scalar {
            Some(scalar) if meaning == PlainScalar::Text && !scalar.text.trim().is_empty() => {
                return Some(scalar.text.clone().into_owned());
            }
            Some(scalar)
                if !matches!(
                    meaning,
                    PlainScalar::Text | PlainScalar::Blank | PlainScalar::Null
                ) =>
            {
                let message = format!(
                    "expected a string, but {} without quotes is {}",
                    key_in_backticks(&scalar.text),
                    meaning.noun()
                );
                self.problems.push(
                    Problem::error(meaning.unquoted_code(), node.span, message)
                        .path(path)
                        .hint(format!("quote it: {}", quoted(&shown_key(&scalar.text)))),
                );
            }
            Some(_) => self.problems.push(
                Problem::error("empty-value", node.span, "expected a string")
                    .path(path)
                    .hint("write one, or remove the line to use the default"),
            ),
            None => self.wrong(node, path, "expected a string"),
        }
        None
    }

    /// Reads the name of a file of the project.
    pub(super) fn path(&mut self, node: &Node<'_>, path: &str) -> Option<String> {
        let name = self.text(node, path)?;
        if leads_out(&name) {
            let message = "a path leads out of the project's folder";
            let hint = if path == "state" {
                "write it relative to the folder, without `..`; only --state or TALKFORM_STATE names a state elsewhere"
            } else {
                "write it relative to the folder, without `..`"
            };
            self.problems.push(
                Problem::error("path-leaves-project", node.span, message)
                    .path(path)
                    .hint(hint),
            );
        }
        if name.contains("://") {
            return Some(name);
        }
        // Without `./`, so that the name is that of the file in a git revision.
        let parts = name.split('/').filter(|part| !matches!(*part, "" | "."));
        let short = parts.collect::<Vec<_>>().join("/");
        Some(if short.is_empty() { name } else { short })
    }

    fn texts(&mut self, node: &Node<'_>, path: &str) -> Option<Vec<(String, Span)>> {
        let Content::List(items) = &node.content else {
            self.wrong(node, path, "expected a list of strings");
            return None;
        };
        let mut texts = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let text = self.text(item, &format!("{path}[{index}]"))?;
            texts.push((text, item.span));
        }
        Some(texts)
    }

    pub(super) fn members<'n, 't>(&mut self, node: &'n Node<'t>, path: &str) -> &'n [Member<'t>] {
        if node.members().is_none() {
            self.wrong(node, path, "expected a map of settings");
        }
        node.members().unwrap_or_default()
    }

    fn wrong(&mut self, node: &Node<'_>, path: &str, message: &str) {
        let message = match node.scalar() {
            Some(_) => message.to_owned(),
            None => format!("{message}, found {}", node.noun()),
        };
        let problem = Problem::error("invalid-setting", node.first_character(), message);
        self.problems.push(problem.path(path));
    }

    pub(super) fn unknown(&mut self, member: &Member<'_>, prefix: &str, known: &[&str]) {
        let path =
            crate::manifest::problem::wording::clip(&format!("{prefix}{}", shown_key(&member.key)));
        let problem = if is_credential(&member.key) {
            let message = "a committed file must not contain credentials";
            Problem::error("credentials-in-project", member.key_span, message)
                .hint("set TALKFORM_ACCESS_KEY and TALKFORM_ACCESS_SECRET in the environment, and replace the credentials that were written here")
        } else {
            let message = format!("unknown setting {}", key_in_backticks(&member.key));
            let hint = match closest_name(&member.key, known) {
                Some(name) => format!("did you mean {name}?"),
                None => format!("expected one of: {}", known.join(", ")),
            };
            Problem::error("unknown-field", member.key_span, message).hint(hint)
        };
        self.problems.push(problem.path(path));
    }
}

fn plain_scalar(node: &Node<'_>) -> PlainScalar {
    match node.scalar() {
        Some(scalar) if scalar.plain => scalar::classify(&scalar.text),
        _ => PlainScalar::Text,
    }
}

fn count(node: &Node<'_>) -> Option<usize> {
    match plain_scalar(node) {
        PlainScalar::Number(Ok(number)) => {
            whole(number.get()).and_then(|number| usize::try_from(number).ok())
        }
        _ => None,
    }
}

fn whole(number: f64) -> Option<u32> {
    let fits = number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a whole number in the range of u32"
    )]
    fits.then_some(number as u32)
}

/// Whether a key looks like the name of a secret. No setting has such a name.
pub(crate) fn is_credential(key: &str) -> bool {
    let key = key.to_lowercase().replace(['-', '_', '.'], "");
    ["secret", "key", "token", "pass", "credential", "auth"]
        .iter()
        .any(|word| key.contains(word))
}
