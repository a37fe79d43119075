//! Runs every command in every format and searches its output, and every file that it writes.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::canary::canaries::Canaries;
use crate::canary::channel::Echo;
use crate::canary::people::{Setting, ids, manifest, quoted};
use crate::command::{finish, git};
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

struct World {
    setting: Setting,
    project: Project,
    channel: Echo,
    canaries: Canaries,
    /// Those that only a few files may hold.
    id_canaries: Canaries,
    ids: Vec<String>,
    secrets: [String; 3],
    runs: usize,
    seed: u64,
}

impl World {
    fn new(setting: Setting, seed: u64) -> Self {
        let mut canaries = Canaries::new(seed);
        let mut id_canaries = Canaries::new(seed ^ 0x5eed);
        let project = Project::new(setting.lines());
        let written = (0..5).map(|_| canaries.text("on Channel")).collect();
        let channel = Echo::start(project.path().to_owned(), written);
        let secrets = [0; 3].map(|_| canaries.latin("credential") + "0123456789");
        let world = Self {
            setting,
            ids: ids(setting, &mut id_canaries, USERS),
            project,
            channel,
            canaries,
            id_canaries,
            secrets,
            runs: 0,
            seed,
        };
        world.write_project("");
        world
    }

    fn write_project(&self, more: &str) {
        let base_url = &self.channel.base_url;
        let lines = self.setting.lines();
        self.project.write(
            "talkform.yaml",
            &format!(
                "channel: {{ id: \"7\", baseUrl: \"{base_url}\", rate: {{ perSecond: 1000000, burst: 1000000 }} }}\n{lines}limits: {{ update: 100%, forget: 100%, clear: 100% }}\n{more}"
            ),
        );
    }

    fn write_users(&mut self) {
        let text = manifest(self.setting, &mut self.canaries, &self.ids);
        self.project.write("users/a.yaml", &text);
    }

    /// Runs a command as a workflow does, with every log line. Returns stdout.
    #[track_caller]
    fn run(&mut self, arguments: &[&str], allowed: &[i32]) -> String {
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
    fn search_files(&self) {
        let journals = self.channel.journals();
        assert!(!journals.is_empty(), "a journal was seen");
        self.canaries.are_not_in("a journal", &journals);
        for name in files(self.project.path()) {
            self.canaries.are_not_in("the name of a file", &name);
            self.id_canaries.are_not_in("the name of a file", &name);
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

    fn plans(&mut self) {
        for format in ["text", "json", "markdown", "html"] {
            self.run(&["plan", "--format", format, "--full"], &[0]);
            self.run(&["plan", "--base", "HEAD", "--format", format], &[0]);
        }
        self.run(&["plan", "--out", "plan.json"], &[0]);
        for format in ["text", "json"] {
            self.run(&["show", "plan.json", "--format", format], &[0]);
        }
    }

    fn channel(&mut self) {
        for format in ["text", "json", "markdown"] {
            self.run(&["drift", "--full", "--format", format], &[0, 3]);
            self.run(&["plan", "--refresh", "--format", format], &[0, 1, 3]);
        }
        self.run(&["apply", "--refresh", "--auto-approve"], &[0, 1, 3]);
    }

    fn states(&mut self) {
        for format in ["text", "json"] {
            self.run(&["show", "--format", format], &[0]);
            self.run(&["state", "list", "--format", format], &[0]);
            if self.setting != Setting::HiddenIds {
                self.run(&["state", "show", "u-1", "--format", format], &[0]);
            }
        }
    }

    /// Manifests and project files with mistakes.
    fn mistakes(&mut self) {
        self.run(&["validate", "--print"], &[0]);
        self.run(&["validate", "--format", "json"], &[0]);
        let rules = r#"{"properties":{"profile":{"properties":{"name":{"maxLength":2},"greeting":{"const":"x"},"note":{"enum":["a"]},"plan":{"pattern":"^.$"},"memo":{"type":"number"}},"maxProperties":1},"tags":{"maxItems":0},"memberId":{"maxLength":1}}}"#;
        self.project.write("rules.json", rules);
        self.write_project("rules: rules.json\n");
        for format in ["text", "json"] {
            self.run(&["validate", "--format", format], &[1]);
        }
        self.run(&["plan"], &[1]);
        let secret = self.canaries.text("misspelt setting");
        for line in [
            format!("secrt: {}\n", quoted(&secret)),
            format!("accessSecret: [{}]\n", quoted(&secret)),
            format!("limits: {{ update: {} }}\n", quoted(&secret)),
            format!("state: {{ a: {}\n", quoted(&secret)),
            format!("# {secret}\nremoved: {{ users: keep }} # {secret}\n"),
        ] {
            self.write_project(&line);
            self.run(&["validate"], &[1]);
        }
        self.write_project("");
    }

    fn imports(&mut self) {
        let mut table = String::from("Member ID,Name,Phone,Tags,Plan\n");
        for number in 0..4 {
            let id = match self.setting {
                Setting::HiddenIds => self.id_canaries.latin("id of a table"),
                _ => format!("t-{number}"),
            };
            let [name, phone, tag] = [0; 3].map(|_| self.canaries.text("cell"));
            writeln!(table, "{id},{name},{phone},{tag},pro").expect("a text");
        }
        let (_, rows) = table.split_once('\n').expect("a header");
        let one_more = format!("{table}x,{}\n", self.canaries.text("broken row"));
        let unclosed = format!("{table}x,\"{}\n", self.canaries.text("open quote"));
        for (name, text) in [
            ("good", &*table),
            ("headless", rows),
            ("short", &one_more),
            ("open", &unclosed),
        ] {
            self.project.write(&format!("tables/{name}.csv"), text);
        }
        let values = ["--values-from-csv", "--column", "Plan=profile.plan"];
        let more = [
            "--column",
            "Name=profile.name",
            "--column",
            "Phone=profile.mobileNumber",
        ];
        let numbers = [
            "--column",
            "Tags=profile.seats:number",
            "--phone-country",
            "KR",
        ];
        let values = [&values[..], &more, &numbers].concat();
        for (table, allowed) in [
            ("good", &[0, 3][..]),
            ("short", &[0, 1, 3]),
            ("headless", &[1]),
            ("open", &[1]),
        ] {
            let csv = format!("tables/{table}.csv");
            let split = format!("users/{table}");
            let from_channel = ["import", "--csv", &csv, "--split", &split];
            let out = format!("users/{table}.yaml");
            let from_table = ["import", "--csv", &csv, "--out", &out];
            self.run(&[&from_table[..], &values].concat(), allowed);
            self.run(&from_channel, &[1, 3]);
        }
        let list = self.ids.join("\n");
        self.project.write("tables/ids.txt", &list);
        self.run(&["import", "--from", "tables/ids.txt"], &[0, 1, 3]);
        fs::rename(
            self.project.at("users/a.yaml"),
            self.project.at("tables/a.yaml"),
        )
        .expect("a file");
        let split = [
            "import",
            "--from",
            "tables/ids.txt",
            "--split",
            "users/split",
        ];
        self.run(&split, &[0, 1, 3]);
    }

    fn sandbox(&mut self) {
        self.run(&["apply", "--sandbox", "--auto-approve"], &[0]);
        self.run(&["plan", "--sandbox"], &[0]);
        self.run(&["drift", "--sandbox"], &[0]);
    }

    /// No connection, and no credentials that are accepted.
    fn refused(&mut self) {
        self.channel.close();
        for command in [
            &["drift"][..],
            &["apply", "--auto-approve"],
            &["import", "u"],
        ] {
            self.run(command, &[0, 1, 3, 4]);
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

fn one_project(setting: Setting, seed: u64) {
    let mut world = World::new(setting, seed);
    world.write_users();
    git(world.project.path(), &["init", "-q"]);
    git(world.project.path(), &["add", "-A"]);
    git(world.project.path(), &["commit", "-q", "-m", "one"]);
    world.sandbox();
    world.run(&["plan"], &[0]);
    let first = world.run(&["apply", "--auto-approve", "--parallelism", "1"], &[3]);
    assert!(first.contains("422") || first.contains("400"), "{first}");
    world.write_users();
    world.plans();
    let apply = ["apply", "plan.json", "--auto-approve", "--format=json"];
    world.run(&apply, &[3]);
    world.states();
    world.channel();
    world.mistakes();
    world.imports();
    world.refused();
    world.search_files();
}

fn projects(setting: Setting) {
    let number = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    let seeds = match number("CANARY_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("CANARY_CASES").unwrap_or(2),
    };
    for seed in seeds {
        one_project(setting, seed);
    }
}

#[test]
fn a_silent_project_shows_no_text() {
    projects(Setting::Silent);
}

#[test]
fn a_usual_project_shows_public_texts_alone() {
    projects(Setting::Usual);
}

#[test]
fn hidden_ids_are_nowhere() {
    projects(Setting::HiddenIds);
}
