//! Runs every command in every format on projects with canaries.

use std::fmt::Write as _;
use std::fs;

use crate::canary::people::{Setting, quoted};
use crate::canary::world::World;
use crate::command::git;

impl World {
    fn plans(&mut self) {
        // The users that are recorded are not as they are declared, so their digests cannot be computed again.
        self.rekey();
        for format in ["text", "json", "markdown", "html"] {
            self.run(&["plan", "--format", format, "--full"], &[0]);
        }
        for format in self.half(&["text", "json", "markdown", "html"]) {
            self.run(&["plan", "--base", "HEAD", "--format", format], &[0]);
        }
        let id = self.ids[0].clone();
        for select in [&["--select", &*id][..], &[]] {
            let out = [&["plan", "--out", "plan.json"], select].concat();
            self.run(&out, &[0]);
            for format in ["text", "json"] {
                self.run(&["show", "plan.json", "--format", format], &[0]);
            }
        }
    }

    /// The state and the journal of the last apply as if it was killed.
    fn killed(&mut self, state: &str) {
        let (name, text) = self.channel.journal();
        self.project.write("talkform.state.json", state);
        self.project.write(&name, &text);
        self.run(&["plan"], &[0]);
        self.run(&["state", "list"], &[0]);
    }

    /// Channel shows the same in place of the same values a second time, and they count as kept.
    fn notations(&mut self) {
        for format in ["text", "json", "text"] {
            self.run(&["apply", "--auto-approve", "--format", format], &[0, 3]);
        }
    }

    /// A review that calls every field public and none sensitive.
    fn review(&mut self) {
        let base_url = self.channel.base_url.clone();
        self.write_project_of("public: [\"profile.*\"]\n", &base_url, "");
        for format in self.half(&["text", "json", "html", "markdown"]) {
            self.run(&["plan", "--base", "HEAD", "--format", format], &[0]);
        }
        let id = self.ids[1].clone();
        self.run(&["plan", "--base", "HEAD", "--select", &id], &[0]);
        self.write_project("");
    }

    /// A user that the state records.
    fn recorded(&self) -> String {
        let state = self.project.read("talkform.state.json");
        let is_recorded = |id: &&String| state.contains(&format!("{}:[", quoted(id)));
        self.ids
            .iter()
            .rev()
            .find(is_recorded)
            .expect("a user")
            .clone()
    }

    /// Some users, and ids that nobody has.
    fn selections(&mut self) {
        let id = self.recorded();
        for format in ["text", "json"] {
            self.run(&["plan", "--select", &id, "--format", format], &[0]);
        }
        self.run(&["drift", "--select", &id], &[0, 3]);
        self.run(&["state", "list", &id], &[0]);
        let id = self.new_id("u-none");
        self.run(&["plan", "--select", &id], &[1]);
        self.run(&["state", "list", &id], &[1]);
        self.run(&["state", "forget", &id], &[1]);
        // Neither is an id.
        let refused = format!("{id} {id}");
        for command in [&["state", "show"][..], &["import"], &["erase"]] {
            self.run(&[command, &[&*refused]].concat(), &[64]);
        }
    }

    /// A user whose id changed, first without a word about it.
    fn moves(&mut self) {
        let [old, new] = [self.ids[0].clone(), self.new_id("u-new")];
        let [from, to] = [&old, &new].map(|id| quoted(id));
        let text = self.project.read("users/a.yaml").replace(&from, &to);
        self.project.write("users/a.yaml", &text);
        for format in ["text", "json"] {
            self.run(&["plan", "--format", format], &[0]);
        }
        let text = format!("{text}moved:\n  - {{ from: {from}, to: {to} }}\n");
        self.project.write("users/a.yaml", &text);
        for format in ["text", "json"] {
            self.run(&["plan", "--format", format], &[0]);
        }
        self.run(&["validate", "--print"], &[0]);
        self.run(&["plan", "--out", "plan-moved.json"], &[0]);
        for format in ["text", "json"] {
            self.run(&["show", "plan-moved.json", "--format", format], &[0]);
        }
        // The person has another id.
        self.run(&["erase", &old, "--keep-on-channel"], &[1]);
        self.write_project("removed: { users: delete }\n");
        self.channel.accept_next();
        let apply = ["apply", "--auto-approve", "--allow-deletes", "9"];
        self.run(&[&apply[..], &["--select", &new]].concat(), &[3]);
        // The deletion is accepted the second time.
        self.channel.accept_next();
        self.run(&[&apply[..], &["--select", &new]].concat(), &[0, 3]);
        self.write_project("");
        self.run(&["apply", "--auto-approve"], &[0, 3]);
        self.ids[0] = new;
    }

    /// A journal that a killed run left behind, another base URL, another key, and a damaged state.
    fn accidents(&mut self) {
        let (name, text) = self.channel.journal();
        self.project.write(&name, &text);
        self.run(&["plan"], &[0]);
        self.run(&["state", "list"], &[0]);
        let base_url = self.channel.base_url.replace("127.0.0.1", "localhost");
        self.write_project_of(self.setting.lines(), &base_url, "");
        self.run(&["plan"], &[0, 1]);
        self.run(&["state", "retarget"], &[0]);
        self.write_project("");
        self.run(&["state", "retarget"], &[0]);
        self.rekey();
        let id = quoted(&self.recorded());
        let state = self.project.read("talkform.state.json");
        let damaged = state.replacen(&format!("{id}:[\""), &format!("{id}:[\"!"), 1);
        assert_ne!(state, damaged, "the user is recorded");
        self.project.write("talkform.state.json", &damaged);
        self.run(&["plan"], &[1]);
        self.run(&["state", "repair"], &[0]);
    }

    /// Another key, unless a rejected user keeps the digests from being computed again.
    fn rekey(&mut self) {
        self.with_secret("TALKFORM_STATE_KEY_NEW");
        let (_, secret) = self.variable.clone().expect("a secret");
        let done = self.run(&["state", "rekey"], &[0, 1]);
        if !done.is_empty() {
            self.secrets[2] = secret;
        }
    }

    /// Requests of persons to be forgotten. Files of the user still name them.
    fn erasures(&mut self) {
        let [one, other] = [2, 3].map(|number: usize| self.ids[number].clone());
        for id in [&one, &other] {
            for name in [id.clone(), id.replace('-', "%2D")] {
                self.project.write(&format!("tables/{name}.txt"), id);
            }
        }
        self.run(&["erase", &one, "--keep-on-channel"], &[0]);
        let delete = ["erase", &other, "--allow-deletes", "1", "--format", "json"];
        self.run(&delete, &[0]);
        // This one had another id before.
        let moved = self.ids[0].clone();
        let format = self.half(&["text", "json"])[0];
        let erase = ["erase", &moved, "--keep-on-channel", "--format", format];
        self.run(&erase, &[0]);
    }

    /// A value that is declared and not applied, and that somebody wrote on Channel.
    fn told(&mut self) {
        let before = self.project.read("users/a.yaml");
        let name = self.canaries.text("declared and not applied");
        let line = format!("    profile:\n      nickname: {}\n", quoted(&name));
        let text = before.replace("    profile:\n", &line);
        self.project.write("users/a.yaml", &text);
        self.channel.tell(Some(&name));
        self.run(&["drift", "--full"], &[0, 3]);
        self.channel.tell(None);
        self.project.write("users/a.yaml", &before);
    }

    /// A value that Channel alone has: beside the public field, in a hidden one that nobody declares.
    fn told_by_channel(&mut self) {
        let text = self.canaries.text("on Channel alone");
        self.channel.tell(Some(&text));
        for command in [&["plan", "--refresh", "--full"][..], &["drift", "--full"]] {
            self.run(command, &[0, 3]);
        }
        self.channel.tell(None);
    }

    fn channel(&mut self) {
        self.told();
        for format in ["text", "json", "markdown"] {
            self.run(&["drift", "--full", "--format", format], &[0, 3]);
        }
        self.run(&["plan", "--refresh"], &[1, 4]);
        self.channel.answer_reads();
        for format in ["text", "json", "markdown"] {
            self.run(&["plan", "--refresh", "--full", "--format", format], &[0]);
        }
        self.told_by_channel();
        self.run(&["apply", "--refresh", "--auto-approve"], &[3]);
    }

    fn states(&mut self) {
        for format in ["text", "json"] {
            self.run(&["show", "--format", format], &[0]);
            self.run(&["state", "list", "--format", format], &[0]);
            if self.setting != Setting::HiddenIds {
                let id = self.recorded();
                self.run(&["state", "show", &id, "--format", format], &[0]);
            }
        }
    }

    /// Manifests and project files with mistakes.
    fn mistakes(&mut self) {
        self.run(&["validate", "--print"], &[0]);
        self.run(&["validate", "--format", "json"], &[0]);
        let rules = r#"{"properties":{"profile":{"properties":{"name":{"maxLength":2},"greeting":{"const":"x","maxLength":2},"note":{"enum":["a"]},"plan":{"pattern":"^.$"},"memo":{"type":"number"}},"additionalProperties":{"enum":["a"],"maxLength":2},"maxProperties":1},"tags":{"maxItems":0},"memberId":{"maxLength":1}}}"#;
        self.project.write("rules.json", rules);
        self.write_project("rules: rules.json\n");
        for format in ["text", "json"] {
            self.run(&["validate", "--format", format], &[1]);
        }
        self.run(&["plan"], &[1]);
        let secret = self.canaries.text("misspelt setting");
        let schema = format!("{{\"type\": {}}}", quoted(&secret));
        self.project.write("rules.json", &schema);
        self.run(&["validate"], &[1]);
        let personal = quoted(
            &self
                .canaries
                .looking_personal("setting that looks personal"),
        );
        let number = self.canaries.phone("setting that looks personal");
        for line in [
            format!("secrt: {}\n", quoted(&secret)),
            format!("accessSecret: [{}]\n", quoted(&secret)),
            format!("limits: {{ update: {} }}\n", quoted(&secret)),
            format!("state: {{ a: {}\n", quoted(&secret)),
            format!("state: {{ {}: a }}\n", quoted(&secret)),
            format!("state: &{} \n", secret.replace(' ', "-")),
            format!("state: {number}\n"),
            format!("state: [{personal}]\n"),
            format!("{personal}: a\n"),
            format!("# {secret}\nremoved: {{ users: keep }} # {secret}\n"),
        ] {
            self.write_project(&line);
            self.run(&["validate"], &[1]);
        }
        self.write_project("");
    }

    fn imports(&mut self) {
        self.channel.be_exact();
        let mut table = String::from("Member ID,Name,Phone,Tags,Plan\n");
        for number in 0..4 {
            let id = match self.setting {
                Setting::HiddenIds => self.id_canaries.latin("id of a table"),
                _ => format!("t-{number}"),
            };
            let [name, phone, tag] = [0; 3].map(|_| self.canaries.text("cell"));
            writeln!(table, "{id},{name},{phone},{tag},pro").expect("a text");
        }
        // The first row again.
        let first = table.lines().nth(1).expect("a row").to_owned();
        writeln!(table, "{first}").expect("a text");
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
        for format in ["text", "json"] {
            let import = ["import", "--from", "tables/ids.txt", "--format", format];
            self.run(&import, &[0, 1, 3]);
        }
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
            "--format",
            self.half(&["text", "json"])[0],
        ];
        self.run(&split, &[0, 1, 3]);
    }

    fn sandbox(&mut self) {
        self.run(&["apply", "--sandbox", "--auto-approve"], &[0]);
        self.run(&["plan", "--sandbox"], &[0]);
        self.run(&["drift", "--sandbox"], &[0]);
        self.with_secret("TALKFORM_STATE_KEY_NEW")
            .run(&["state", "rekey", "--sandbox"], &[0]);
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
    world.review();
    let apply = ["apply", "plan.json", "--auto-approve", "--format=json"];
    let before = world.project.read("talkform.state.json");
    world.run(&apply, &[3]);
    // The plan was for another state.
    world.run(&apply, &[1]);
    world.killed(&before);
    world.notations();
    world.states();
    world.selections();
    world.channel();
    world.moves();
    world.accidents();
    world.erasures();
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
