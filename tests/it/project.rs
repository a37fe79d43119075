//! Makes a project in its own folder, and runs the real binary on it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use tempfile::TempDir;

use crate::command::{Ran, command, finish};

/// The program under test.
pub(crate) const TALKFORM: &str = env!("CARGO_BIN_EXE_talkform");

/// A project's folder, gone at the end.
pub(crate) struct Project {
    folder: TempDir,
}

impl Project {
    /// With this project file, which calls every key public unless it says otherwise.
    pub(crate) fn new(project_file: &str) -> Self {
        let open = if project_file.contains("public:") {
            ""
        } else {
            "public: [\"profile.*\"]\n"
        };
        let project_file = format!("{open}{project_file}");
        let project = Self {
            folder: TempDir::new().expect("a folder"),
        };
        project.write("talkform.yaml", &project_file);
        project
    }

    /// A copy of one of the examples.
    pub(crate) fn example(name: &str) -> Self {
        fn copy(from: &Path, to: &Path) {
            fs::create_dir_all(to).expect("a folder");
            for entry in fs::read_dir(from).expect("a folder") {
                let entry = entry.expect("an entry");
                let target = to.join(entry.file_name());
                if entry.file_name() == ".talkform" {
                    continue;
                }
                if entry.path().is_dir() {
                    copy(&entry.path(), &target);
                } else {
                    fs::copy(entry.path(), target).expect("a copy");
                }
            }
        }
        let project = Self {
            folder: TempDir::new().expect("a folder"),
        };
        let from = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("examples")
            .join(name);
        copy(&from, project.path());
        project
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file and the folders above it.
    pub(crate) fn write(&self, name: &str, text: &str) -> &Self {
        let path = self.at(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
        self
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.at(name)).expect("a file")
    }

    /// Replaces a text that is there exactly once.
    #[track_caller]
    pub(crate) fn edit(&self, name: &str, from: &str, to: &str) -> &Self {
        let text = self.read(name);
        assert_eq!(text.matches(from).count(), 1, "`{from}` in {name}");
        self.write(name, &text.replace(from, to))
    }

    /// Another program, with the credentials that talkform takes from the environment.
    pub(crate) fn through(&self, program: &str) -> Command {
        let mut command = command(program, self.path());
        command
            .env("TALKFORM_ACCESS_KEY", "key-for-tests")
            .env("TALKFORM_ACCESS_SECRET", "secret-for-tests");
        command
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.through(TALKFORM);
        command.args(arguments);
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        finish(self.start(arguments))
    }

    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).spawn().expect("talkform runs")
    }
}

/// A sandbox in this process, on a runtime of its own, and its log.
pub(crate) struct Channel {
    _runtime: tokio::runtime::Runtime,
    running: Option<talkform::sandbox::Running>,
}

impl Channel {
    /// One whose bucket never runs dry.
    pub(crate) fn start() -> Self {
        Self::with(talkform::sandbox::SandboxSettings::default())
    }

    /// With these faults.
    pub(crate) fn faulty(faults: &[&str]) -> Self {
        Self::with(talkform::sandbox::SandboxSettings {
            faults: faults.iter().map(|f| f.parse().expect("a fault")).collect(),
            ..talkform::sandbox::SandboxSettings::default()
        })
    }

    pub(crate) fn with(settings: talkform::sandbox::SandboxSettings) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let running = runtime
            .block_on(talkform::sandbox::start(
                talkform::sandbox::SandboxSettings {
                    log: true,
                    burst: settings.burst.max(1_000_000),
                    ..settings
                },
            ))
            .expect("a sandbox");
        Self {
            _runtime: runtime,
            running: Some(running),
        }
    }

    pub(crate) fn running(&self) -> &talkform::sandbox::Running {
        self.running.as_ref().expect("running")
    }

    /// A project that is applied to it.
    pub(crate) fn project(&self) -> Project {
        Project::new(&format!(
            "channel: {{ id: sandbox, baseUrl: \"{}\", rate: {{ perSecond: 1000000, burst: 1000000 }} }}\nlimits: {{ create: 100000, update: 100%, clear: 100%, forget: 100%, recreate: 100% }}\n",
            self.running().base_url()
        ))
    }

    /// The requests about users so far.
    pub(crate) fn about_users(&self) -> Vec<talkform::sandbox::Logged> {
        let mut log = self.running().log();
        log.retain(|request| request.path.contains("/users/"));
        log
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop();
        }
    }
}

/// A manifest of `count` users, each with a plan.
pub(crate) fn many_users(count: usize, plan: &str) -> String {
    let mut text = "apiVersion: talkform/v1\nkind: UserList\nusers:\n".to_owned();
    for number in 0..count {
        let user = format!(
            "  - {{ memberId: \"u-{number:05}\", profile: {{ plan: {plan}, seats: {number} }} }}\n"
        );
        text.push_str(&user);
    }
    text
}
