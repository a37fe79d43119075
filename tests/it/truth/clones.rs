//! Two clones of one repository, each with the state in it: what a run of one leaves behind while the other goes on.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::thread;
use std::time::Duration;

use serde_json::Value as Json;
use tempfile::TempDir;

use crate::command::{Ran, command, finish, git};
use crate::project::{Channel, TALKFORM, many_users};

const STATE: &str = "talkform.state.json";
const JOURNAL: &str = "talkform.state.json.journal";
const USERS: usize = 12;

/// A bare repository, and two clones of it whose users are applied.
struct Repository {
    folder: TempDir,
    channel: Channel,
}

impl Repository {
    fn new() -> Self {
        let repository = Self {
            folder: TempDir::new().expect("a folder"),
            channel: Channel::start(),
        };
        let root = repository.folder.path();
        git(root, &["init", "-q", "--bare", "r"]);
        repository.clone_as("a");
        let project = format!(
            "apiVersion: talkform/v1\nkind: Project\npublic: [\"profile.*\"]\nchannel: {{ id: sandbox, baseUrl: \"{}\", rate: {{ perSecond: 1000000, burst: 1000000 }} }}\nlimits: {{ update: 100% }}\n",
            repository.channel.running().base_url()
        );
        repository.write("a", "talkform.yaml", &project);
        repository.write("a", ".gitignore", "*.journal\n*.lock\n*.conflict-*\n");
        repository.write("a", "users/a.yaml", &many_users(USERS, "free"));
        repository.run("a", &["apply", "--auto-approve"]).expect(0);
        repository.push("a");
        repository.clone_as("b");
        repository
    }

    fn clone_as(&self, name: &str) {
        let address = format!("file://{}/r", self.folder.path().display());
        git(self.folder.path(), &["clone", "-q", &address, name]);
    }

    fn at(&self, clone: &str) -> PathBuf {
        self.folder.path().join(clone)
    }

    fn write(&self, clone: &str, name: &str, text: &str) {
        let path = self.at(clone).join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    fn read(&self, clone: &str, name: &str) -> String {
        fs::read_to_string(self.at(clone).join(name)).expect("a file")
    }

    fn push(&self, clone: &str) {
        let folder = self.at(clone);
        git(&folder, &["add", "-A"]);
        git(&folder, &["commit", "-q", "-m", "applied"]);
        git(&folder, &["push", "-q", "origin", "HEAD:main"]);
    }

    fn pull(&self, clone: &str) {
        git(
            &self.at(clone),
            &["pull", "-q", "--ff-only", "origin", "main"],
        );
    }

    fn start(&self, clone: &str, arguments: &[&str]) -> Child {
        let child = command(TALKFORM, &self.at(clone))
            .env("TALKFORM_ACCESS_KEY", "key-for-tests")
            .env("TALKFORM_ACCESS_SECRET", "secret-for-tests")
            .args(arguments)
            .spawn();
        child.expect("talkform runs")
    }

    fn run(&self, clone: &str, arguments: &[&str]) -> Ran {
        finish(self.start(clone, arguments))
    }

    fn planned(&self, clone: &str) -> (Ran, Json) {
        let ran = self.run(clone, &["plan", "--format", "json"]).expect(0);
        let plan = serde_json::from_str(&ran.stdout).expect("JSON");
        (ran, plan)
    }

    fn serial(&self, clone: &str) -> u64 {
        let summary = self.run(clone, &["show", "--format=json"]).expect(0);
        let summary: Json = serde_json::from_str(&summary.stdout).expect("JSON");
        summary["serial"].as_u64().expect("a serial")
    }

    /// Starts an apply in a clone, and waits until Channel has got so many requests of it.
    fn start_and_wait(&self, clone: &str, requests: usize) -> Child {
        let before = self.channel.about_users().len();
        let arguments = [
            "apply",
            "--auto-approve",
            "--retry-pause",
            "60s",
            "--parallelism",
            "4",
        ];
        let child = self.start(clone, &arguments);
        while self.channel.about_users().len() < before + requests {
            thread::sleep(Duration::from_millis(2));
        }
        child
    }

    fn set_fault(&self, fault: &str) {
        let fault = fault.parse().expect("a fault");
        self.channel.running().set_faults(vec![fault]);
    }

    /// Channel has this plan of every user but the first, who has another.
    #[track_caller]
    fn check_channel(&self, plan: &str, of_first: &str) {
        for number in 0..USERS {
            let user = self.channel.running().user(&format!("u-{number:05}"));
            let expected = if number == 0 { of_first } else { plan };
            assert_eq!(
                user.expect("a user")["profile"]["plan"],
                expected,
                "{number}"
            );
        }
    }
}

fn conflicts(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).expect("a folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name().display().to_string());
    names.filter(|name| name.contains(".conflict-")).count()
}

/// Clone A is killed at serial n after Channel got some of its users, its edit is dropped, B pushes n+1 and A pulls.
#[test]
fn a_journal_of_a_killed_run_outlives_a_pull() {
    let repository = Repository::new();
    let serial = repository.serial("a");
    repository.set_fault("reset-after");
    repository.write("a", "users/a.yaml", &many_users(USERS, "pro"));
    let mut child = repository.start_and_wait("a", 4);
    child.kill().expect("killed");
    finish(child);
    repository.channel.running().set_faults(Vec::new());
    let journal = repository.read("a", JOURNAL);
    git(&repository.at("a"), &["checkout", "-q", "users"]);

    let text = many_users(USERS, "free").replacen("plan: free", "plan: max", 1);
    repository.write("b", "users/a.yaml", &text);
    repository.run("b", &["apply", "--auto-approve"]).expect(0);
    repository.push("b");
    repository.pull("a");
    assert_eq!(repository.serial("a"), serial + 1);

    // Only reading, once more and once more, changes nothing.
    for _ in 0..2 {
        let (ran, plan) = repository.planned("a");
        let sentence = format!(
            "A journal was left behind that does not continue this state: it continues serial {serial}, and the state has serial {}. Its {USERS} users (u-00000, u-00001,",
            serial + 1
        );
        assert!(ran.stderr.contains(&sentence), "{}", ran.stderr);
        assert_eq!(plan["counts"]["pending"], USERS);
        let changes = plan["changes"].as_array().expect("a list");
        assert_eq!(changes.len(), USERS);
        assert!(changes.iter().all(|change| change["reason"] == "pending"));
        assert_eq!(repository.read("a", JOURNAL), journal);
    }
    repository.run("a", &["apply", "--auto-approve"]).expect(0);
    repository.check_channel("free", "max");
    assert!(!repository.at("a").join(JOURNAL).exists());
    let ran = repository.run("a", &["plan"]).expect(0);
    assert_eq!(ran.stderr, "");
    assert!(
        ran.stdout.contains("Your channel matches the manifests."),
        "{}",
        ran.stdout
    );
}

/// The state of B replaces that of A while A sends.
#[test]
fn a_pull_during_an_apply_is_not_overwritten() {
    let repository = Repository::new();
    let text = many_users(USERS, "free").replacen("plan: free", "plan: max", 1);
    repository.write("b", "users/a.yaml", &text);
    repository.run("b", &["apply", "--auto-approve"]).expect(0);
    repository.push("b");

    repository.set_fault("slow=60ms");
    let edited = many_users(USERS, "pro");
    repository.write("a", "users/b.yaml", &edited.replace("u-", "n-"));
    let child = repository.start_and_wait("a", 1);
    repository.pull("a");
    let ran = finish(child).expect(4);
    repository.channel.running().set_faults(Vec::new());
    assert!(ran.stderr.contains("was changed"), "{}", ran.stderr);
    assert_eq!(repository.read("a", STATE), repository.read("b", STATE));
    assert_eq!(conflicts(&repository.at("a")), 1);

    let (ran, plan) = repository.planned("a");
    assert!(
        ran.stderr.contains("does not continue this state"),
        "{}",
        ran.stderr
    );
    assert_eq!(plan["counts"]["pending"], USERS);
    repository.run("a", &["apply", "--auto-approve"]).expect(0);
    repository.check_channel("free", "max");
    assert_eq!(repository.channel.running().member_ids().len(), 2 * USERS);
    let ran = repository.run("a", &["plan"]).expect(0);
    assert!(
        ran.stdout.contains("Your channel matches the manifests."),
        "{}",
        ran.stdout
    );
}
