//! The settings of a project, each with its check.

use crate::model::{
    ApiVersion, ChannelSettings, FieldPath, Limit, Limits, Project, Rate, RemovedFields,
    RemovedPolicy, RemovedUsers, Sensitive,
};

use crate::manifest::problem::problems::Problem;
use crate::manifest::problem::span::Span;
use crate::manifest::problem::wording::{closest_name, in_backticks, quoted};
use crate::manifest::project::base_url;
use crate::manifest::syntax::node::{Content, Member, Node};
use crate::manifest::syntax::scalar;
use crate::manifest::syntax::scalar::PlainScalar;
use crate::manifest::users::document::API_VERSION;

/// Reads settings and keeps what is wrong with them.
#[derive(Default)]
pub(crate) struct SettingsReader {
    pub(crate) problems: Vec<Problem>,
}

impl SettingsReader {
    /// The whole file; what is wrong has its default.
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
                "removed" => self.removed(value, &mut project.removed),
                "sensitive" => self.sensitive(value, &mut project.sensitive),
                "rules" => project.rules = self.path(value, "rules"),
                "limits" => self.limits(value, &mut project.limits),
                _ => self.unknown(
                    member,
                    "",
                    &[
                        "apiVersion",
                        "kind",
                        "manifests",
                        "channel",
                        "state",
                        "removed",
                        "sensitive",
                        "rules",
                        "limits",
                        "environments",
                    ],
                ),
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
                        match base_url::base_url(&text) {
                            Ok(url) => channel.base_url = url,
                            Err((message, hint)) => self.problems.push(
                                Problem::error("invalid-base-url", value.span, message)
                                    .path("channel.baseUrl")
                                    .hint(hint),
                            ),
                        }
                    }
                }
                "id" => {
                    if let Some(id) = self.text(value, "channel.id") {
                        channel.id = Some(id);
                    }
                }
                "rate" => self.rate(value, &mut channel.rate),
                _ => self.unknown(member, "channel.", &["api", "baseUrl", "id", "rate"]),
            }
        }
    }

    fn rate(&mut self, node: &Node<'_>, rate: &mut Rate) {
        for member in self.members(node, "channel.rate") {
            let value = &member.value;
            let number = || match scalar_meaning(value) {
                PlainScalar::Number(Ok(number)) => Some(number.get()),
                _ => None,
            };
            match &*member.key {
                "perSecond" => match number().filter(|number| *number > 0.0) {
                    Some(number) => rate.per_second = number,
                    None => self.wrong(
                        value,
                        "channel.rate.perSecond",
                        "a number greater than 0 is due here",
                    ),
                },
                "burst" => match number().and_then(whole) {
                    Some(number) if number > 0 => rate.burst = number,
                    _ => self.wrong(
                        value,
                        "channel.rate.burst",
                        "a whole number of at least 1 is due here",
                    ),
                },
                _ => self.unknown(member, "channel.rate.", &["perSecond", "burst"]),
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
                _ => self.unknown(member, "removed.", &["users", "fields"]),
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
                "minUsers" => {
                    match count(&member.value) {
                        Some(number) => limits.min_users = number,
                        None => self.wrong(
                            &member.value,
                            "limits.minUsers",
                            "a number of users is due here",
                        ),
                    }
                    continue;
                }
                _ => {
                    let known = [
                        "create", "update", "clear", "forget", "delete", "optIn", "minUsers",
                    ];
                    self.unknown(member, "limits.", &known);
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
                    "a count such as 500 or a percentage such as 30% is due here",
                ),
            }
        }
    }

    fn manifests(&mut self, node: &Node<'_>, manifests: &mut Vec<String>) {
        let Some(patterns) = self.texts(node, "manifests") else {
            return;
        };
        if patterns.is_empty() {
            self.wrong(node, "manifests", "at least one pattern is due here");
        }
        for (pattern, span) in &patterns {
            let mut parts = pattern.split(['/', '\\']);
            let drive = pattern.as_bytes().get(1) == Some(&b':');
            if pattern.starts_with(['/', '\\', '~']) || drive || parts.any(|part| part == "..") {
                let message = "a pattern stays within the project's folder";
                self.problems.push(
                    Problem::error("pattern-leaves-project", *span, message)
                        .path("manifests")
                        .hint("write it relative to the folder, without `..`"),
                );
            }
        }
        *manifests = patterns.into_iter().map(|(pattern, _)| pattern).collect();
    }

    fn state(&mut self, node: &Node<'_>, state: &mut String) {
        let Some(path) = self.path(node, "state") else {
            return;
        };
        if ["s3://", "gs://", "az://"]
            .iter()
            .any(|scheme| path.starts_with(scheme))
        {
            let message = "a state in a bucket is not supported yet";
            self.problems.push(
                Problem::error("unsupported-state", node.span, message)
                    .path("state")
                    .hint("write a path, such as `talkform.state.json`"),
            );
        }
        *state = path;
    }

    fn sensitive(&mut self, node: &Node<'_>, sensitive: &mut Sensitive) {
        let Some(patterns) = self.texts(node, "sensitive") else {
            return;
        };
        for (pattern, span) in &patterns {
            if pattern.contains(['*', '?']) || pattern.parse::<FieldPath>().is_ok() {
                continue;
            }
            let message = format!(
                "{} is no field of a user, so it would hide nothing",
                in_backticks(pattern)
            );
            self.problems.push(
                Problem::error("unknown-field-path", *span, message)
                    .path("sensitive")
                    .hint(format!("did you mean profile.{pattern}?")),
            );
        }
        let patterns: Vec<String> = patterns.into_iter().map(|(pattern, _)| pattern).collect();
        *sensitive = Sensitive::new(&patterns);
    }

    fn is(&mut self, node: &Node<'_>, path: &str, due: &str) {
        if node.scalar().is_none_or(|scalar| scalar.text != due) {
            self.wrong(node, path, &format!("`{due}` is due here"));
        }
    }

    fn choose<T: Copy>(
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
            let message = format!("`{}` is due here", words.join("` or `"));
            self.wrong(node, path, &message);
        }
    }

    /// A text that is not empty.
    fn text(&mut self, node: &Node<'_>, path: &str) -> Option<String> {
        let meaning = scalar_meaning(node);
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
                    "{} without quotes is {}; a text is due here",
                    in_backticks(&scalar.text),
                    meaning.noun()
                );
                self.problems.push(
                    Problem::error(meaning.unquoted_code(), node.span, message)
                        .path(path)
                        .hint(format!("quote it: {}", quoted(&scalar.text))),
                );
            }
            Some(_) => self.problems.push(
                Problem::error("empty-value", node.span, "a text is due here")
                    .path(path)
                    .hint("write one, or remove the line to have the default"),
            ),
            None => self.wrong(node, path, "a text is due here"),
        }
        None
    }

    fn path(&mut self, node: &Node<'_>, path: &str) -> Option<String> {
        self.text(node, path)
    }

    fn texts(&mut self, node: &Node<'_>, path: &str) -> Option<Vec<(String, Span)>> {
        let Content::List(items) = &node.content else {
            self.wrong(node, path, "a list of texts is due here");
            return None;
        };
        let mut texts = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let text = self.text(item, &format!("{path}[{index}]"))?;
            texts.push((text, item.span));
        }
        Some(texts)
    }

    fn members<'n, 't>(&mut self, node: &'n Node<'t>, path: &str) -> &'n [Member<'t>] {
        if node.members().is_none() {
            self.wrong(node, path, "a map of settings is due here");
        }
        node.members().unwrap_or_default()
    }

    fn wrong(&mut self, node: &Node<'_>, path: &str, message: &str) {
        let message = match node.scalar() {
            Some(_) => message.to_owned(),
            None => format!("{message}, not {}", node.noun()),
        };
        let problem = Problem::error("invalid-setting", node.first_character(), message);
        self.problems.push(problem.path(path));
    }

    fn unknown(&mut self, member: &Member<'_>, prefix: &str, known: &[&str]) {
        let path = crate::manifest::problem::wording::clip(&format!("{prefix}{}", member.key));
        let problem = if is_credential(&member.key) {
            let message = "credentials have no place in a file that is committed";
            Problem::error("credentials-in-project", member.key_span, message)
                .hint("set TALKFORM_ACCESS_KEY and TALKFORM_ACCESS_SECRET in the environment, and renew what was written here")
        } else {
            let message = format!("there is no setting {} here", in_backticks(&member.key));
            let hint = match closest_name(&member.key, known) {
                Some(name) => format!("did you mean {name}?"),
                None => format!("the settings here are {}", known.join(", ")),
            };
            Problem::error("unknown-field", member.key_span, message).hint(hint)
        };
        self.problems.push(problem.path(path));
    }
}

fn scalar_meaning(node: &Node<'_>) -> PlainScalar {
    match node.scalar() {
        Some(scalar) if scalar.plain => scalar::meaning(&scalar.text),
        _ => PlainScalar::Text,
    }
}

fn count(node: &Node<'_>) -> Option<usize> {
    match scalar_meaning(node) {
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
        reason = "a whole number within u32"
    )]
    fits.then_some(number as u32)
}

/// Whether a key asks for a secret, or is a slip of one that does. No setting's name is like these.
pub(crate) fn is_credential(key: &str) -> bool {
    let key = key.to_lowercase().replace(['-', '_', '.'], "");
    ["secret", "key", "token", "pass", "credential", "auth"]
        .iter()
        .any(|word| key.contains(word))
}
