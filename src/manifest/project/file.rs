//! Reads the project file `talkform.yaml`, merges one environment into it and checks it.

use std::sync::Arc;

use crate::model::visibility::personal_value;
use crate::model::{Diagnostic, Origin, Project};

use crate::manifest::problem::excerpt::MaskedScalar;
use crate::manifest::problem::problems::{Problem, Problems};
use crate::manifest::problem::span::Span;
use crate::manifest::problem::wording::{closest_name, in_backticks};
use crate::manifest::project::settings;
use crate::manifest::project::settings::{SettingsReader, is_credential};
use crate::manifest::syntax::node::{Content, Member, Node};
use crate::manifest::syntax::{decode, yaml};

/// A parsed project file. Every setting has a default, so an empty file is valid.
#[derive(Clone, Debug)]
pub struct ProjectFile {
    file: Arc<str>,
    text: String,
    base: Node<'static>,
    environments: Vec<(String, Node<'static>)>,
}

/// Parses a project file. Every environment is checked, so that a mistake in one shows before it is
/// used.
///
/// # Errors
///
/// All problems of the file.
pub fn parse(text: &str, file: &str) -> Result<ProjectFile, Vec<Diagnostic>> {
    let file: Arc<str> = file.into();
    let mut problems = Problems::default();
    let decoded = decode::decode(text.as_bytes());
    let text = decoded.text;
    let Some(base) = root(&decoded, &mut problems) else {
        return Err(problems.finish(text, &file, false));
    };
    let mut project = ProjectFile {
        file,
        text: text.to_owned(),
        base,
        environments: Vec::new(),
    };
    project.split(&mut problems);
    let names = project.environments.iter().map(|(name, _)| Some(&**name));
    for environment in std::iter::once(None).chain(names) {
        let mut settings = SettingsReader::new(&project.file, &project.text);
        settings.project(&project.merged(environment));
        for problem in settings.problems {
            problems.push_new(problem);
        }
    }
    if problems.is_empty() {
        Ok(project)
    } else {
        Err(project.diagnostics(problems))
    }
}

/// The root of the only document; `None` after a problem was added.
fn root(decoded: &decode::Decoded<'_>, problems: &mut Problems) -> Option<Node<'static>> {
    if let Some(problem) = &decoded.problem {
        problems.push(problem.clone());
        return None;
    }
    let documents = yaml::parse(decoded.text);
    let broken = documents.broken.is_some();
    for problem in documents.problems.into_iter().chain(documents.broken) {
        problems.push(problem.unparsed());
    }
    let mut roots = documents.roots.into_iter().filter(|root| !root.is_blank());
    let base = roots.next().unwrap_or(Node {
        span: Span::default(),
        content: Content::Map(Vec::new()),
    });
    if let Some(second) = roots.next() {
        let at = Span::new(second.span.start(), second.span.start());
        let message = "a project file has one document, this is a second one";
        problems.push(Problem::error("second-document", at, message).unparsed());
    }
    if base.members().is_none() && !broken {
        let message = format!("a project file is a map, not {}", base.noun());
        problems.push(Problem::error("wrong-type", base.span, message).unparsed());
    }
    problems.is_empty().then(|| base.into_owned())
}

impl ProjectFile {
    /// The names of the environments, in the order of the file.
    pub fn environments(&self) -> impl Iterator<Item = &str> {
        self.environments.iter().map(|(name, _)| &**name)
    }

    /// The settings, with those of one environment merged over them: maps key by key, the patterns of
    /// `sensitive` added, everything else as a whole.
    ///
    /// # Errors
    ///
    /// The environment does not exist.
    pub fn resolve(&self, environment: Option<&str>) -> Result<Project, Vec<Diagnostic>> {
        if let Some(name) = environment
            && !self.environments().any(|known| known == name)
        {
            return Err(vec![self.unknown_environment(name)]);
        }
        let mut settings = SettingsReader::new(&self.file, &self.text);
        let project = settings.project(&self.merged(environment));
        if settings.problems.is_empty() {
            return Ok(project);
        }
        let mut problems = Problems::default();
        for problem in settings.problems {
            problems.push(problem);
        }
        Err(self.diagnostics(problems))
    }

    fn unknown_environment(&self, name: &str) -> Diagnostic {
        let known: Vec<&str> = self.environments().collect();
        let hint = match (closest_name(name, &known), known.is_empty()) {
            (_, true) => "the project has none: add it under `environments`".to_owned(),
            (Some(near), _) => format!(
                "did you mean {near}? The environments are: {}",
                known.join(", ")
            ),
            (None, _) => format!("the environments are: {}", known.join(", ")),
        };
        let origin = Origin::file(self.file.clone());
        let message = format!("unknown environment {}", in_backticks(name));
        Diagnostic::error("unknown-environment", origin, message).hint(hint)
    }

    /// Takes the environments out of the tree.
    fn split(&mut self, problems: &mut Problems) {
        let Content::Map(members) = &mut self.base.content else {
            return;
        };
        let Some(at) = members
            .iter()
            .position(|member| member.key == "environments")
        else {
            return;
        };
        let environments = members.remove(at).value;
        let Content::Map(environments) = environments.content else {
            let message = format!(
                "expected a map of environments, found {}",
                environments.noun()
            );
            problems.push(
                Problem::error("wrong-type", environments.span, message).path("environments"),
            );
            return;
        };
        for Member {
            key,
            key_span,
            value,
            ..
        } in environments
        {
            let path = format!("environments.{key}");
            let Some(settings) = value.members() else {
                let message = format!("expected a map of settings, found {}", value.noun());
                problems.push(Problem::error("wrong-type", key_span, message).path(path));
                continue;
            };
            for member in settings {
                if ["environments", "apiVersion", "kind"].contains(&&*member.key) {
                    let message = format!("an environment cannot set `{}`", member.key);
                    problems.push(
                        Problem::error("not-in-environment", member.key_span, message)
                            .path(format!("{path}.{}", member.key))
                            .hint("it applies to the whole project: move it to the top"),
                    );
                }
            }
            self.environments.push((key.into_owned(), value));
        }
    }

    fn merged(&self, environment: Option<&str>) -> Node<'static> {
        let over = self
            .environments
            .iter()
            .find(|(name, _)| Some(&**name) == environment);
        match over {
            Some((_, over)) => merge(&self.base, over),
            None => self.base.clone(),
        }
    }

    fn diagnostics(&self, mut problems: Problems) -> Vec<Diagnostic> {
        problems.take_windows(&self.text);
        let mut scalars = Vec::new();
        add_settings(&self.base, "", &mut scalars);
        for (_, environment) in &self.environments {
            add_settings(environment, "", &mut scalars);
        }
        problems.add_scalars(scalars);
        problems.finish(&self.text, &self.file, false)
    }
}

/// Merges maps key by key, everything else as a whole. The patterns of `sensitive` are added: an environment
/// uncovers nothing.
fn merge(base: &Node<'static>, over: &Node<'static>) -> Node<'static> {
    let (Content::Map(own), Content::Map(others)) = (&base.content, &over.content) else {
        return over.clone();
    };
    let mut members = own.clone();
    for other in others {
        match members.iter_mut().find(|member| member.key == other.key) {
            Some(member) if member.key == "sensitive" => {
                if let (Content::List(own), Content::List(more)) =
                    (&mut member.value.content, &other.value.content)
                {
                    own.extend(more.iter().cloned());
                } else {
                    member.value = other.value.clone();
                }
            }
            Some(member) => {
                member.value = merge(&member.value, &other.value);
                member.key_span = other.key_span;
            }
            None => members.push(other.clone()),
        }
    }
    Node {
        span: base.span,
        content: Content::Map(members),
    }
}

/// Collects the scalars of a map of settings. The values of known settings are shown, unless they may be
/// secrets; a secret may stand behind a misspelt name, so all others are masked.
fn add_settings(node: &Node<'_>, path: &str, scalars: &mut Vec<MaskedScalar>) {
    let Some(members) = node.members() else {
        return add_scalars(node, false, scalars);
    };
    let known = settings::known(path);
    for member in members {
        let span = member.key_span;
        let masked = personal_value::looks_personal(&member.key);
        scalars.push(MaskedScalar { span, masked });
        let is_known = known.contains(&&*member.key) && !is_credential(&member.key);
        let path = match path {
            "" => member.key.clone().into_owned(),
            path => format!("{path}.{}", member.key),
        };
        if !is_known {
            add_scalars(&member.value, true, scalars);
        } else if settings::known(&path).is_empty() {
            add_scalars(&member.value, false, scalars);
        } else {
            add_settings(&member.value, &path, scalars);
        }
    }
}

/// Collects the scalars of a value. Within a map that no setting has, all are masked.
fn add_scalars(node: &Node<'_>, masked: bool, scalars: &mut Vec<MaskedScalar>) {
    match &node.content {
        Content::Scalar(scalar) => scalars.push(MaskedScalar {
            span: node.span,
            masked: masked || may_be_secret(&scalar.text),
        }),
        Content::List(items) => {
            for item in items {
                add_scalars(item, masked, scalars);
            }
        }
        Content::Map(members) => {
            for member in members {
                scalars.push(MaskedScalar {
                    span: member.key_span,
                    masked: true,
                });
                add_scalars(&member.value, true, scalars);
            }
        }
    }
}

/// Credentials and parameters of an address, and what looks personal.
fn may_be_secret(text: &str) -> bool {
    let has_parameters = text.contains("://") && text.contains(['?', '#']);
    text.contains('@') || has_parameters || personal_value::looks_personal(text)
}
