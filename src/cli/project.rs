//! From flags, environment and project file to what a command works with.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::SecretString;

use crate::cli::args::Global;
use crate::cli::failure::Failure;
use crate::cli::files;
use talkform::manifest;
use talkform::manifest::{ReadSettings, Rules};
use talkform::model::{
    Depth, Desired, Diagnostic, DigestKey, Project, Rate, RecordedLookup, State,
};
use talkform::state::{Loaded, Store};

/// The name of a project's file.
pub(crate) const PROJECT_FILE: &str = "talkform.yaml";

/// Where everything of a sandbox's own lives, below the project's folder.
pub(crate) const SANDBOX_FOLDER: &str = ".talkform";

/// A project, chosen and read.
#[derive(Debug)]
pub(crate) struct LoadedProject {
    /// Its folder.
    pub root: PathBuf,
    /// The chosen environment.
    pub environment: Option<String>,
    /// Its settings.
    pub project: Project,
    /// Where its state lives.
    pub store: Store,
    /// Whether it is applied to its own sandbox.
    pub sandbox: bool,
    /// Whether sensitive values are shown.
    pub show_sensitive: bool,
    state_key: Option<String>,
}

impl LoadedProject {
    /// Reads the project file.
    pub(crate) fn read(global: &Global) -> Result<Self, Failure> {
        let root = global.directory.clone();
        let file = files::read_to_string(&root.join(PROJECT_FILE)).map_err(|error| {
            if error.kind() == std::io::ErrorKind::NotFound {
                Failure::with_hint(
                    format!("no {PROJECT_FILE} in {}", root.display()),
                    "make a project with `talkform init`, or name its folder with -C; an empty file is enough",
                )
            } else {
                Failure::refused(format!(
                    "cannot read {}: {error}",
                    root.join(PROJECT_FILE).display()
                ))
            }
        })?;
        let mut project = manifest::project::file::parse(&file, PROJECT_FILE)
            .and_then(|file| file.resolve(global.environment.as_deref()))
            .map_err(Failure::Diagnostics)?;
        if global.sandbox {
            // The sandbox is a channel of its own: nothing that names a real one counts.
            project.channel.id = None;
            let prefix = global.environment.as_deref().unwrap_or("sandbox");
            project.state = format!("{SANDBOX_FOLDER}/{prefix}.state.json");
        }
        Ok(Self {
            store: Store::new(&root.join(&project.state)),
            root,
            environment: global.environment.clone(),
            project,
            sandbox: global.sandbox,
            show_sensitive: global.show_sensitive,
            state_key: secret("TALKFORM_STATE_KEY"),
        })
    }

    /// Whether there is a project at all.
    pub(crate) fn has_project(global: &Global) -> bool {
        files::exists(&global.directory.join(PROJECT_FILE))
    }

    /// The file that keeps the sandbox's users.
    pub(crate) fn sandbox_users(&self) -> PathBuf {
        let prefix = self.environment.as_deref().unwrap_or("sandbox");
        self.root
            .join(SANDBOX_FOLDER)
            .join(format!("{prefix}.users.jsonl"))
    }

    /// Reads the manifests, all of them in full. Warnings come back; an error ends the command with all of them.
    pub(crate) fn desired(&self) -> Result<(Desired, Vec<Diagnostic>), Failure> {
        self.read_manifests(None)
    }

    /// Reads the manifests for a plan against this state, as deep as `depth` says. A state that was made
    /// with another key is an error at every depth.
    pub(crate) fn desired_for(
        &self,
        loaded: &Loaded,
        depth: Depth,
    ) -> Result<(Desired, Vec<Diagnostic>), Failure> {
        let Some(state) = &loaded.state else {
            return self.read_manifests(None);
        };
        let key = self.digest_key(state)?;
        match depth {
            Depth::Full => self.read_manifests(None),
            Depth::SkipUnchangedUsers | Depth::SkipUnchangedFiles => {
                self.read_manifests(Some(&RecordedLookup::new(state, &key, depth)))
            }
        }
    }

    fn read_manifests(
        &self,
        known: Option<&RecordedLookup<'_>>,
    ) -> Result<(Desired, Vec<Diagnostic>), Failure> {
        let read = ReadSettings {
            rules: self.rules()?.map(Arc::new),
            ..self.read_settings()
        };
        let reading = manifest::load(&self.root, &read, known);
        if reading.diagnostics.iter().any(Diagnostic::is_error) {
            Err(Failure::Diagnostics(reading.diagnostics))
        } else {
            Ok((reading.desired, reading.diagnostics))
        }
    }

    /// The project's own rules.
    pub(crate) fn rules(&self) -> Result<Option<Rules>, Failure> {
        let Some(name) = &self.project.rules else {
            return Ok(None);
        };
        let text = files::read_to_string(&self.root.join(name)).map_err(|error| {
            Failure::with_hint(
                format!("cannot read the rules {name}: {error}"),
                "`rules` in the project file names a JSON Schema, relative to the project",
            )
        })?;
        let rules = Rules::parse(&text).map_err(|reason| {
            Failure::with_hint(
                format!("cannot use the rules {name}: {reason}"),
                "`rules` in the project file names a JSON Schema that every user must satisfy",
            )
        })?;
        Ok(Some(rules))
    }

    /// What decides how manifests are read, besides the rules.
    pub(crate) fn read_settings(&self) -> ReadSettings {
        ReadSettings {
            patterns: self.project.manifests.clone(),
            api: self.project.channel.api,
            sensitive: self.project.sensitive.clone(),
            show_sensitive: self.show_sensitive,
            rules: None,
        }
    }

    /// The key of this state's digests; refuses a state that was made with another one.
    pub(crate) fn digest_key(&self, state: &State) -> Result<DigestKey, Failure> {
        let key = DigestKey::new(&state.salt, self.state_key.as_deref());
        if key.key_id() == state.key_id.as_deref() {
            return Ok(key);
        }
        let path = self.store.path().display();
        Err(match (key.key_id(), state.key_id.as_deref()) {
            (None, _) => Failure::with_hint(
                format!("the digests of {path} are keyed, and TALKFORM_STATE_KEY is not set"),
                "set TALKFORM_STATE_KEY to the secret that the state was made with",
            ),
            (Some(_), None) => Failure::with_hint(
                format!("the digests of {path} are not keyed, and TALKFORM_STATE_KEY is set"),
                "unset TALKFORM_STATE_KEY; to key the state, put the secret into TALKFORM_STATE_KEY_NEW and run `talkform state rekey`",
            ),
            (Some(_), Some(_)) => Failure::with_hint(
                format!("the digests of {path} were made with another TALKFORM_STATE_KEY"),
                "set TALKFORM_STATE_KEY to the secret that the state was made with",
            ),
        })
    }

    /// How fast requests may be sent, where `--rate` may say otherwise.
    pub(crate) fn rate(&self, per_second: Option<f64>) -> Rate {
        let rate = self.project.channel.rate;
        Rate {
            per_second: per_second.unwrap_or(rate.per_second),
            ..rate
        }
    }

    /// What is recorded; for a state that is not there yet, one that records nothing.
    pub(crate) fn recorded<'l>(&self, loaded: &'l Loaded) -> Cow<'l, State> {
        match &loaded.state {
            Some(state) => Cow::Borrowed(state),
            None => Cow::Owned(self.provisional_state()),
        }
    }

    /// The state of a project that was never applied, the same in every run, so that a plan
    /// against it has the same digest wherever it is made. The first apply gives it a lineage
    /// and a salt of its own.
    fn provisional_state(&self) -> State {
        State::new(
            String::new(),
            Vec::new(),
            DigestKey::new(&[], self.state_key.as_deref())
                .key_id()
                .map(ToOwned::to_owned),
            self.project.channel.api,
        )
    }

    /// A state for the first apply.
    pub(crate) fn first_state(&self) -> Result<State, Failure> {
        let salt = random::<16>()?;
        let key = DigestKey::new(&salt, self.state_key.as_deref());
        Ok(State::new(
            talkform::model::digest::digests::to_hex(&random::<8>()?),
            salt.to_vec(),
            key.key_id().map(ToOwned::to_owned),
            self.project.channel.api,
        ))
    }
}

/// Random bytes from the system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::refused(format!("the system gives no random bytes: {error}")))?;
    Ok(bytes)
}

/// A secret from the environment; an empty one is none.
pub(crate) fn secret(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The access key and the access secret.
pub(crate) fn credentials() -> Result<(SecretString, SecretString), Failure> {
    match (
        secret("TALKFORM_ACCESS_KEY"),
        secret("TALKFORM_ACCESS_SECRET"),
    ) {
        (Some(key), Some(access_secret)) => Ok((key.into(), access_secret.into())),
        (key, access_secret) => {
            let missing: Vec<&str> = [
                (key.is_none(), "TALKFORM_ACCESS_KEY"),
                (access_secret.is_none(), "TALKFORM_ACCESS_SECRET"),
            ]
            .into_iter()
            .filter_map(|(missing, name)| missing.then_some(name))
            .collect();
            Err(Failure::with_hint(
                format!("no credentials: {} not set", missing.join(" and ")),
                "make an access key in Channel's settings and set both variables, or try without an account: --sandbox",
            ))
        }
    }
}

/// A path as people write it.
pub(crate) fn shown(path: &Path) -> String {
    path.display().to_string()
}
