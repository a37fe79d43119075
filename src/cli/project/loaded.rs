//! Loads a project: its settings, store, digest key and manifests.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cli::args::Global;
use crate::cli::environment::state_key;
use crate::cli::failure::Failure;
use crate::cli::project::project_file;
use crate::cli::project::project_file::{PROJECT_FILE, PROJECT_FILES};
use crate::cli::project::state_place::{check_inside, given_store, store};
use crate::cli::random::random;
use crate::cli::suggest::invocation::Invocation;
use crate::cli::{destination, environment_name, files};
use talkform::manifest;
use talkform::manifest::{ProjectFile, ReadSettings, Reading, Rules};
use talkform::model::{
    ChannelId, Depth, Desired, Destination, Diagnostic, DigestKey, FieldPath, FieldSettings,
    Project, Rate, RecordedLookup, SANDBOX_URL, ShownIds, State, StateKeyRule, Visibility,
};
use talkform::render::common::comment::CommentName;
use talkform::sandbox;
use talkform::state::{Loaded, Store, StoreError};

/// The folder for the sandbox and for checkpoints, below the project's folder.
pub(crate) const SANDBOX_FOLDER: &str = files::PRIVATE_FOLDER;

/// A project, with its environment resolved.
#[derive(Debug)]
pub(crate) struct LoadedProject {
    /// Its folder.
    pub root: PathBuf,
    /// The chosen environment.
    pub environment: Option<String>,
    /// Its settings.
    pub project: Project,
    /// The project file, with every environment.
    pub file: ProjectFile,
    /// Where its state lives.
    pub store: Store,
    /// Whether the state is the one that the project file names.
    pub has_own_state: bool,
    /// Whether commands use the sandbox instead of the real channel.
    pub sandbox: bool,
    /// The flags that a suggested command repeats.
    pub invocation: Invocation,
    /// Whether hidden values are shown.
    pub show_sensitive: bool,
    pub(super) state_key: Option<String>,
    base_fields: OnceCell<FieldSettings>,
    id_key: OnceCell<DigestKey>,
    rules: OnceCell<Option<Arc<Rules>>>,
}

impl LoadedProject {
    /// Reads the project file.
    pub(crate) fn read(global: &Global) -> Result<Self, Failure> {
        if let Some(name) = &global.environment {
            environment_name::check(name)?;
        }
        let root = global.directory.clone();
        let name = project_file::name(&root)?;
        check_inside(&root, name, name)?;
        let file = files::read_to_string(&root.join(name)).map_err(|error| {
            if error.kind() == std::io::ErrorKind::NotFound {
                Failure::with_hint(
                    format!("no {PROJECT_FILE} in {}", root.display()),
                    format!(
                        "create a project with `{}`, or name its folder with -C; an empty file is enough",
                        Invocation::in_folder(&root).command(&["init"])
                    ),
                )
            } else {
                files::unread(&root.join(name), &error)
            }
        })?;
        let file = manifest::project::file::parse(&file, name).map_err(Failure::Diagnostics)?;
        let mut project = file
            .resolve(global.environment.as_deref())
            .map_err(Failure::Diagnostics)?;
        if global.sandbox {
            use_sandbox(&mut project, global.environment.as_deref());
        }
        // The sandbox has a state of its own.
        let named_state = global.state.clone().filter(|_| !global.sandbox);
        let state_key = state_key("TALKFORM_STATE_KEY")?;
        let store = if named_state.as_deref() == Some(Path::new("-")) {
            given_store(state_key.as_deref())?
        } else {
            store(
                named_state.as_deref(),
                &root,
                &project,
                state_key.as_deref(),
            )?
        };
        let hides_ids = !global.show_sensitive && project.sensitive.cover_member_ids();
        Ok(Self {
            store,
            has_own_state: named_state.is_none() && !global.sandbox,
            root,
            environment: global.environment.clone(),
            project,
            file,
            sandbox: global.sandbox,
            invocation: Invocation::of(global).hiding_ids(hides_ids),
            show_sensitive: global.show_sensitive,
            state_key,
            base_fields: OnceCell::new(),
            id_key: OnceCell::new(),
            rules: OnceCell::new(),
        })
    }

    /// What tells the comments of this project from others. `project` is its path in the repository.
    pub(crate) fn comment_name<'a>(
        &'a self,
        project: &'a str,
        title: Option<&'a str>,
    ) -> CommentName<'a> {
        CommentName {
            project,
            environment: self.environment.as_deref(),
            title,
        }
    }

    /// The file that keeps the sandbox's users.
    pub(crate) fn sandbox_users(&self) -> PathBuf {
        let prefix = self.environment.as_deref().unwrap_or("sandbox");
        self.root
            .join(SANDBOX_FOLDER)
            .join(format!("{prefix}.users.jsonl"))
    }

    /// Whether the sandbox of this project has a state of its own.
    pub(crate) fn has_sandbox_state(&self) -> bool {
        let prefix = self.environment.as_deref().unwrap_or("sandbox");
        let name = format!("{prefix}.state.json");
        files::exists(&self.root.join(SANDBOX_FOLDER).join(name))
    }

    /// Reads all manifests in full. Returns the warnings; any error fails with all diagnostics.
    pub(crate) fn desired(&self) -> Result<(Desired, Vec<Diagnostic>), Failure> {
        let (desired, mut diagnostics) = self.read_manifests(None)?;
        diagnostics.extend(self.pattern_warnings(&desired, None));
        Ok((desired, diagnostics))
    }

    /// Reads all manifests to check them. The users keep the names of their fields and their tags, and no values.
    pub(crate) fn names(&self) -> Result<(Desired, Vec<Diagnostic>), Failure> {
        let reading = manifest::check(&self.root, &self.manifest_settings()?);
        let (desired, mut diagnostics) = without_errors(reading)?;
        diagnostics.extend(self.pattern_warnings(&desired, None));
        Ok((desired, diagnostics))
    }

    /// Reads the manifests for a plan against this state. `depth` chooses what is read. A state that was made
    /// with another key is an error at every depth.
    pub(crate) fn desired_for(
        &self,
        loaded: &Loaded,
        depth: Depth,
    ) -> Result<(Desired, Vec<Diagnostic>), Failure> {
        let Some(state) = &loaded.state else {
            return self.desired();
        };
        let key = self.digest_key(state)?;
        let (desired, mut diagnostics) = match depth {
            Depth::Full => self.read_manifests(None)?,
            Depth::SkipUnchangedUsers | Depth::SkipUnchangedFiles => {
                self.read_manifests(Some(&RecordedLookup::new(state, &key, depth)))?
            }
        };
        diagnostics.extend(self.pattern_warnings(&desired, Some(state)));
        Ok((desired, diagnostics))
    }

    /// Warnings about patterns without an effect. Users that were not read are as recorded in `state`.
    fn pattern_warnings(&self, desired: &Desired, state: Option<&State>) -> Vec<Diagnostic> {
        let declared = desired.users.values().flat_map(|user| {
            let fields = user.attributes.fields();
            fields.map(|(path, _)| path)
        });
        // Many users share one list of paths.
        let mut before = std::ptr::null();
        let recorded = state.into_iter().flat_map(|state| state.users.values());
        let recorded = recorded.filter(move |entry| {
            let paths = Arc::as_ptr(entry.fields.paths()).cast::<FieldPath>();
            std::mem::replace(&mut before, paths) != paths
        });
        let recorded = recorded.flat_map(|entry| entry.fields.paths().iter().cloned());
        manifest::pattern_warnings(&self.project, declared.chain(recorded))
    }

    fn read_manifests(
        &self,
        recorded: Option<&RecordedLookup<'_>>,
    ) -> Result<(Desired, Vec<Diagnostic>), Failure> {
        let settings = self.manifest_settings()?;
        without_errors(manifest::load(&self.root, &settings, recorded))
    }

    fn manifest_settings(&self) -> Result<ReadSettings, Failure> {
        Ok(ReadSettings {
            rules: self.rules()?,
            ..self.read_settings()?
        })
    }

    /// The project's own rules.
    pub(crate) fn rules(&self) -> Result<Option<Arc<Rules>>, Failure> {
        if let Some(rules) = self.rules.get() {
            return Ok(rules.clone());
        }
        let rules = self.read_rules()?.map(Arc::new);
        Ok(self.rules.get_or_init(|| rules).clone())
    }

    fn read_rules(&self) -> Result<Option<Rules>, Failure> {
        let Some(name) = &self.project.rules else {
            return Ok(None);
        };
        check_inside(&self.root, name, "the rules")?;
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

    /// A predicate: whether a name, relative to the project and with `/`, is that of the project file, of the rules
    /// or of a manifest.
    pub(crate) fn is_own_file(&self) -> impl Fn(&str) -> bool {
        let is_manifest = manifest::matcher(&self.project.manifests);
        let rules = self.project.rules.clone();
        move |name| {
            PROJECT_FILES.contains(&name) || rules.as_deref() == Some(name) || is_manifest(name)
        }
    }

    /// How manifests are read, without the rules.
    pub(crate) fn read_settings(&self) -> Result<ReadSettings, Failure> {
        Ok(ReadSettings {
            patterns: self.project.manifests.clone(),
            api: self.project.channel.api,
            visibility: self.visibility()?,
            rules: None,
        })
    }

    /// Which values may be shown.
    pub(crate) fn visibility(&self) -> Result<Visibility, Failure> {
        let settings = field_settings(&self.project, self.rules()?.as_deref());
        self.visible_by(settings)
    }

    /// Hides what the field settings of a base revision hide too, in everything from here on.
    pub(crate) fn hide_as(&self, base: FieldSettings) {
        // A run has one base.
        let _ = self.base_fields.set(base);
    }

    fn visible_by(&self, settings: FieldSettings) -> Result<Visibility, Failure> {
        let visibility = Visibility::new(settings).revealing(self.show_sensitive);
        let base = self.base_fields.get().cloned();
        self.with_id_key(match base {
            Some(base) => visibility.with_base(base),
            None => visibility,
        })
    }

    /// The same with the key of ids, where they are hidden.
    fn with_id_key(&self, visibility: Visibility) -> Result<Visibility, Failure> {
        Ok(if visibility.ids().hides() {
            visibility.with_id_key(self.id_key()?)
        } else {
            visibility
        })
    }

    /// How ids are shown.
    pub(crate) fn ids(&self) -> Result<ShownIds, Failure> {
        let settings = field_settings(&self.project, None);
        Ok(self.visible_by(settings)?.ids())
    }

    /// The key of the digests that stand for ids: that of the state. Where there is no state, nobody but the owner
    /// of `TALKFORM_STATE_KEY` can guess it; without that secret it is another one in each run.
    fn id_key(&self) -> Result<DigestKey, Failure> {
        if let Some(key) = self.id_key.get() {
            return Ok(key.clone());
        }
        let secret = self.state_key.as_deref();
        let state = match self.store.load() {
            Ok(loaded) => loaded.state,
            // A command that needs no state runs without the network, too.
            Err(_) if self.store.is_remote() => None,
            Err(error) => return Err(self.state_failure(&error)),
        };
        let key = match (state, secret) {
            (Some(state), _) => DigestKey::new(&state.salt, secret),
            (None, Some(_)) => DigestKey::new(&[], secret),
            (None, None) => DigestKey::new(&random::<32>()?, None),
        };
        Ok(self.id_key.get_or_init(|| key).clone())
    }

    /// The key of the state's digests. Fails if the state was made with another key.
    pub(crate) fn digest_key(&self, state: &State) -> Result<DigestKey, Failure> {
        self.digest_key_of(state, self.store.path())
    }

    /// The same for a state that was read from a path.
    fn digest_key_of(&self, state: &State, path: &Path) -> Result<DigestKey, Failure> {
        let key = DigestKey::new(&state.salt, self.state_key.as_deref());
        if key.key_id() == state.key_id.as_deref() {
            return Ok(key);
        }
        let path = path.display();
        Err(match (key.key_id(), state.key_id.as_deref()) {
            (None, _) => Failure::with_hint(
                format!("the digests of {path} are keyed, and TALKFORM_STATE_KEY is not set"),
                "set TALKFORM_STATE_KEY to the secret that the state was made with",
            ),
            (Some(_), None) => Failure::with_hint(
                format!("the digests of {path} are not keyed, and TALKFORM_STATE_KEY is set"),
                format!(
                    "unset TALKFORM_STATE_KEY; to key the state, put the secret into TALKFORM_STATE_KEY_NEW and run `{}`",
                    self.command(&["state", "rekey"])
                ),
            ),
            (Some(_), Some(_)) => Failure::with_hint(
                format!("the digests of {path} were made with another TALKFORM_STATE_KEY"),
                "set TALKFORM_STATE_KEY to the secret that the state was made with",
            ),
        })
    }

    /// How fast requests may be sent: the project's rate, or `per_second` of `--rate`.
    pub(crate) fn rate(&self, per_second: Option<f64>) -> Rate {
        let rate = self.project.channel.rate;
        per_second.map_or(rate, |per_second| rate.evenly(per_second))
    }

    /// Creates the folder of the state file.
    pub(crate) fn create_state_folder(&self) -> Result<(), Failure> {
        if self.store.is_remote() {
            return Ok(());
        }
        files::make_folder_of(self.store.path())
    }

    /// The command line of these words for this project, environment and sandbox.
    pub(crate) fn command(&self, words: &[&str]) -> String {
        let base = self.base_fields.get();
        let is_hidden = base.is_some_and(|base| base.sensitive.cover_member_ids());
        if is_hidden && !self.show_sensitive {
            return self.invocation.clone().hiding_ids(true).command(words);
        }
        self.invocation.command(words)
    }

    /// The failure of reading or writing this project's state.
    pub(crate) fn state_failure(&self, error: &StoreError) -> Failure {
        Failure::of_state(error, &|words| self.command(words))
    }

    /// Writes the state, and removes the journal that it holds.
    pub(crate) fn save(&self, state: &State) -> Result<(), Failure> {
        self.store
            .save(state)
            .and_then(|()| self.store.remove_journal())
            .map_err(|error| self.state_failure(&error))
    }

    /// Fails if the state is in a bucket and has no key, unless the project says that it needs none: more people can
    /// read a bucket than a repository, and values can be tried against digests without a key.
    pub(crate) fn check_state_key(&self) -> Result<(), Failure> {
        self.check_key_of(&self.store)
    }

    /// The same for another state of this project.
    pub(crate) fn check_key_of(&self, store: &Store) -> Result<(), Failure> {
        let is_exempt = self.project.state_key == StateKeyRule::None;
        if !store.is_remote() || self.state_key.is_some() || is_exempt {
            return Ok(());
        }
        Err(Failure::with_hint(
            format!(
                "the state {} is in a bucket, and TALKFORM_STATE_KEY is not set",
                store.path().display()
            ),
            format!(
                "set TALKFORM_STATE_KEY to a key (`{}` prints one), or write `stateKey: none` in the project file",
                self.command(&["state", "keygen"])
            ),
        ))
    }

    /// Fails if a state that was read from a path is about to go to a bucket, and its digests have another key than
    /// that of this run.
    pub(crate) fn check_key_for(
        &self,
        store: &Store,
        state: &State,
        path: &Path,
    ) -> Result<(), Failure> {
        if store.is_remote() && !state.records_nobody() {
            self.digest_key_of(state, path)?;
        }
        Ok(())
    }

    /// Where the project sends users.
    pub(crate) fn destination(&self) -> Destination {
        Destination::of(&self.project.channel, self.environment.as_deref())
    }

    /// Reads the state. Fails if it describes another destination than the project's. A state without users has no
    /// digests yet, so it takes the key of this run.
    pub(crate) fn load(&self) -> Result<Loaded, Failure> {
        self.check_state_key()?;
        let mut loaded = self
            .store
            .load()
            .map_err(|error| self.state_failure(&error))?;
        if let Some(state) = &mut loaded.state {
            if state.records_nobody() {
                let key = DigestKey::new(&state.salt, self.state_key.as_deref());
                state.key_id = key.key_id().map(ToOwned::to_owned);
            }
            destination::check_state(
                &self.destination(),
                state,
                self.store.path(),
                &self.command(&["state", "retarget"]),
            )?;
        }
        Ok(loaded)
    }

    /// The loaded state, or an empty one if there is none yet.
    pub(crate) fn recorded<'l>(&self, loaded: &'l Loaded) -> Cow<'l, State> {
        match &loaded.state {
            Some(state) => Cow::Borrowed(state),
            None => Cow::Owned(self.provisional_state()),
        }
    }
}

/// The users and the warnings of a reading.
fn without_errors(reading: Reading) -> Result<(Desired, Vec<Diagnostic>), Failure> {
    if reading.has_errors() {
        Err(Failure::Diagnostics(reading.diagnostics))
    } else {
        Ok((reading.desired, reading.diagnostics))
    }
}

/// Makes the sandbox the channel of a project, with a state of its own.
pub(crate) fn use_sandbox(project: &mut Project, environment: Option<&str>) {
    SANDBOX_URL.clone_into(&mut project.channel.base_url);
    project.channel.id = ChannelId::new(sandbox::CHANNEL).ok();
    let prefix = environment.unwrap_or("sandbox");
    project.state = format!("{SANDBOX_FOLDER}/{prefix}.state.json");
}

/// The field settings of a project and its rules.
pub(crate) fn field_settings(project: &Project, rules: Option<&Rules>) -> FieldSettings {
    FieldSettings {
        public: project.public.clone(),
        sensitive: project.sensitive.clone(),
        vocabularies: rules.map(Rules::vocabularies).unwrap_or_default(),
    }
}

/// A path for a message.
pub(crate) fn shown(path: &Path) -> String {
    path.display().to_string()
}
