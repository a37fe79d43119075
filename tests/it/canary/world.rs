//! Makes a project with canaries, runs commands on it, and searches their output and the files that they write.

use std::fs;
use std::path::Path;

use crate::canary::canaries::Canaries;
use crate::canary::channel::{Echo, FORMS_AND_KINDS};
use crate::canary::people::{Setting, ids, manifest};
use crate::command::finish;
use crate::project::Project;

/// How many users a project has.
const USERS: usize = 7;
/// Files of the user, and the users of the sandbox.
const OWN: [&str; 6] = [
    "users/",
    "tables/",
    "talkform.yaml",
    "rules.json",
    ".git/",
    ".talkform/sandbox.users.jsonl",
];
/// Where ids may be, whatever else is hidden.
const WITH_IDS: [&str; 3] = ["talkform.state.json", "plan", ".talkform/"];

/// A project with its Channel.
pub(crate) struct World {
    pub(crate) setting: Setting,
    pub(crate) project: Project,
    pub(crate) channel: Echo,
    pub(crate) canaries: Canaries,
    /// Those that only a few files may hold.
    pub(crate) id_canaries: Canaries,
    pub(crate) ids: Vec<String>,
    pub(crate) secrets: [String; 3],
    /// A variable of the next run alone.
    pub(crate) variable: Option<(&'static str, String)>,
    runs: usize,
    seed: u64,
}

impl World {
    pub(crate) fn new(setting: Setting, seed: u64) -> Self {
        let mut canaries = Canaries::new(seed);
        let mut id_canaries = Canaries::new(seed ^ 0x5eed);
        let project = Project::new(setting.lines());
        let mut written: Vec<String> = (0..5).map(|_| canaries.text("on Channel")).collect();
        written.push(canaries.card("on Channel, looks personal"));
        // So many refusals of each project differ from those of the others.
        let refusals = usize::try_from((setting as u64 + 3 * seed) * 10).expect("small");
        let refusals = refusals % FORMS_AND_KINDS;
        let channel = Echo::start(project.path().to_owned(), written, refusals);
        let secrets = [0; 3].map(|_| canaries.latin("credential") + "0123456789");
        let world = Self {
            setting,
            ids: ids(setting, &mut id_canaries, USERS),
            project,
            channel,
            canaries,
            id_canaries,
            secrets,
            variable: None,
            runs: 0,
            seed,
        };
        world.write_project("");
        world
    }

    pub(crate) fn write_project(&self, more: &str) {
        self.write_project_of(self.setting.lines(), &self.channel.base_url, more);
    }

    pub(crate) fn write_project_of(&self, lines: &str, base_url: &str, more: &str) {
        self.project.write(
            "talkform.yaml",
            &format!(
                "channel: {{ id: \"7\", baseUrl: \"{base_url}\", rate: {{ perSecond: 1000000, burst: 1000000 }} }}\n{lines}limits: {{ update: 100%, forget: 100%, clear: 100%, delete: 100%, recreate: 100% }}\n{more}"
            ),
        );
    }

    pub(crate) fn write_users(&mut self) {
        let text = manifest(self.setting, &mut self.canaries, &self.ids);
        self.project.write("users/a.yaml", &text);
    }

    /// An id that no user has.
    pub(crate) fn new_id(&mut self, otherwise: &str) -> String {
        match self.setting {
            Setting::HiddenIds => self.id_canaries.text("new id").replace(' ', "-"),
            Setting::Silent | Setting::Usual => otherwise.to_owned(),
        }
    }

    /// Some of these formats, others in the next project.
    pub(crate) fn half<'f>(&self, formats: &[&'f str]) -> Vec<&'f str> {
        let numbered = formats.iter().zip(self.seed..);
        let half = numbered.filter(|(_, number)| number.is_multiple_of(2));
        half.map(|(format, _)| *format).collect()
    }

    /// Sets a variable with a secret for the next run.
    pub(crate) fn with_secret(&mut self, name: &'static str) -> &mut Self {
        let secret = self.canaries.latin("another credential") + "0123456789";
        self.variable = Some((name, secret));
        self
    }

    /// Runs a command as a workflow does, with every log line. Returns stdout.
    #[track_caller]
    pub(crate) fn run(&mut self, arguments: &[&str], allowed: &[i32]) -> String {
        let [key, secret, state_key] = &self.secrets;
        let mut command = self.project.command(arguments);
        command
            .env("TALKFORM_ACCESS_KEY", key)
            .env("TALKFORM_ACCESS_SECRET", secret)
            .env("TALKFORM_STATE_KEY", state_key)
            .env("TALKFORM_LOG", "trace")
            .env("TALKFORM_RETRY_PAUSE", "1ms")
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_OUTPUT", self.project.at("output"))
            .env("GITHUB_STEP_SUMMARY", self.project.at("summary"));
        if !self.runs.is_multiple_of(2) {
            command.env("TALKFORM_LOG_FORMAT", "json");
        }
        command.envs(self.variable.take());
        self.runs += 1;
        let ran = finish(command.spawn().expect("talkform runs"));
        assert!(
            ran.code.is_some_and(|code| allowed.contains(&code)),
            "{arguments:?} ended with {:?}: {}",
            ran.code,
            ran.all()
        );
        let what = format!("{arguments:?}, CANARY_SEED={}", self.seed);
        self.canaries.are_not_in(&what, &ran.all());
        self.id_canaries.are_not_in(&what, &ran.all());
        ran.stdout
    }

    /// Searches the files, and the names of all of them.
    pub(crate) fn search_files(&self) {
        let journals = self.channel.journals();
        assert!(!journals.is_empty(), "a journal was seen");
        self.canaries.are_not_in("a journal", &journals);
        for name in files(self.project.path()) {
            self.canaries.are_not_in("the name of a file", &name);
            if !name.starts_with("tables/") {
                self.id_canaries.are_not_in("the name of a file", &name);
            }
            if OWN.iter().any(|own| name.starts_with(own)) {
                continue;
            }
            let bytes = fs::read(self.project.at(&name)).expect("a file");
            let text = String::from_utf8_lossy(&bytes);
            self.canaries.are_not_in(&name, &text);
            if !WITH_IDS.iter().any(|file| name.starts_with(file)) {
                self.id_canaries.are_not_in(&name, &text);
            }
        }
    }
}

/// The files in a folder, by their path within it.
fn files(root: &Path) -> Vec<String> {
    let entries = walkdir::WalkDir::new(root)
        .into_iter()
        .map(|entry| entry.expect("an entry"));
    entries
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let path = entry.path().strip_prefix(root).expect("a path");
            path.to_string_lossy().replace('\\', "/")
        })
        .collect()
}
