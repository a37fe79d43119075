//! Tests `examples/ci/commit-state.sh` on clones of a bare repository in a folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use tempfile::TempDir;

use crate::command::{Ran, command, finish, git};

pub(crate) const STATE: &str = "talkform.state.json";

/// A remote with a state of serial 1 and a manifest, and the clones of it.
pub(crate) struct Remote {
    pub(crate) folder: TempDir,
}

impl Remote {
    pub(crate) fn new() -> Self {
        let remote = Self {
            folder: TempDir::new().expect("a folder"),
        };
        let root = remote.folder.path();
        git(
            root,
            &["-c", "init.defaultBranch=main", "init", "-q", "--bare", "r"],
        );
        let clone = remote.clone_as("first", &[]);
        commit(&clone, "users.yaml", "users: []\n");
        commit(&clone, STATE, &state("one", 1, ""));
        git(&clone, &["push", "-q", "origin", "HEAD:main"]);
        remote
    }

    fn address(&self) -> String {
        format!("file://{}/r", self.folder.path().display())
    }

    pub(crate) fn clone_as(&self, name: &str, more: &[&str]) -> PathBuf {
        let address = self.address();
        let mut arguments = vec!["-c", "init.defaultBranch=main", "clone", "-q"];
        arguments.extend(more);
        arguments.extend([address.as_str(), name]);
        git(self.folder.path(), &arguments);
        self.folder.path().join(name)
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        git(&self.folder.path().join("r"), arguments)
    }

    /// A file at the head of main, or of another branch.
    pub(crate) fn file(&self, branch: &str, name: &str) -> String {
        self.git(&["show", &format!("{branch}:{name}")])
    }

    fn side_branches(&self) -> Vec<String> {
        self.git(&[
            "for-each-ref",
            "--format=%(refname:short)",
            "refs/heads/talkform-state-*",
        ])
        .lines()
        .map(ToOwned::to_owned)
        .collect()
    }
}

/// Commits the state to main, with tries enough to win against the others of a test.
fn run(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Ran {
    let to_main = [("TALKFORM_STATE_BRANCH", "main")];
    let environment = [&to_main[..], environment].concat();
    script("commit-state.sh", folder, arguments, &environment)
}

pub(crate) fn script(
    name: &str,
    folder: &Path,
    arguments: &[&str],
    environment: &[(&str, &str)],
) -> Ran {
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples/ci")
        .join(name);
    let child = command("sh", folder)
        .arg(script)
        .args(arguments)
        .env("TALKFORM_STATE_TRIES", "60")
        .env("TALKFORM_STATE_PAUSE", "0")
        .envs(environment.iter().copied())
        .spawn();
    finish(child.expect("sh runs"))
}

pub(crate) fn state(lineage: &str, serial: u32, note: &str) -> String {
    format!(
        "{{\"version\":1,\"serial\":{serial},\"lineage\":\"{lineage}\",\"channelId\":null,\n \"users\": {{{note}}},\n \"rejected\": {{}}}}\n"
    )
}

fn commit(clone: &Path, name: &str, text: &str) {
    fs::write(clone.join(name), text).expect("a file");
    git(clone, &["add", name]);
    let identity = ["-c", "user.name=t", "-c", "user.email=t@localhost"];
    git(
        clone,
        &[&identity[..], &["commit", "-q", "-m", name]].concat(),
    );
}

#[test]
fn nothing_to_do_is_quiet() {
    let remote = Remote::new();
    let clone = remote.clone_as("a", &[]);
    let before = remote.git(&["rev-parse", "main"]);
    assert_eq!(run(&clone, &[], &[]).expect(0).all(), "");
    git(&clone, &["rm", "-q", STATE]);
    let ran = run(&clone, &[], &[]).expect(1);
    assert!(ran.stderr.contains("is gone"), "{}", ran.stderr);
    assert_eq!(remote.git(&["rev-parse", "main"]), before);
}

#[test]
fn only_the_state_is_pushed() {
    let remote = Remote::new();
    let clone = remote.clone_as("a", &[]);
    fs::write(clone.join(STATE), state("one", 2, "")).expect("a file");
    fs::write(clone.join("users.yaml"), "edited\n").expect("a file");
    fs::write(clone.join("staged.txt"), "staged\n").expect("a file");
    git(&clone, &["add", "staged.txt"]);
    assert_eq!(run(&clone, &[], &[]).expect(0).all(), "");
    assert_eq!(remote.file("main", STATE), state("one", 2, ""));
    assert_eq!(
        remote.git(&["log", "-1", "--format=%s|%an", "--name-only", "main"]),
        format!("talkform: state [skip ci]|talkform\n\n{STATE}\n")
    );
    assert_eq!(
        git(&clone, &["status", "--porcelain"]),
        "A  staged.txt\n M users.yaml\n"
    );
    fs::write(clone.join(STATE), state("one", 3, "")).expect("a file");
    assert_eq!(run(&clone, &[STATE, "main"], &[]).expect(0).all(), "");
    assert_eq!(remote.file("main", STATE), state("one", 3, ""));
    assert_eq!(remote.git(&["rev-list", "--count", "main"]), "4\n");
}

#[test]
fn a_first_state_in_a_folder_that_git_ignores() {
    let remote = Remote::new();
    let clone = remote.clone_as("a", &[]);
    fs::create_dir(clone.join("shop é")).expect("a folder");
    fs::write(clone.join(".git/info/exclude"), "*.json\n").expect("a file");
    fs::write(clone.join("shop é").join(STATE), state("new", 1, "")).expect("a file");
    let path = format!("shop é/{STATE}");
    run(&clone, &[&path], &[]).expect(0);
    assert_eq!(remote.file("main", &path), state("new", 1, ""));
}

#[test]
fn on_top_of_what_others_pushed() {
    let remote = Remote::new();
    let (ours, theirs) = (remote.clone_as("a", &[]), remote.clone_as("b", &[]));
    commit(&theirs, "users.yaml", "users: [more]\n");
    git(&theirs, &["push", "-q", "origin", "HEAD:main"]);
    fs::write(ours.join(STATE), state("one", 2, "")).expect("a file");
    assert_eq!(run(&ours, &[], &[]).expect(0).all(), "");
    assert_eq!(remote.file("main", STATE), state("one", 2, ""));
    assert_eq!(remote.file("main", "users.yaml"), "users: [more]\n");
    assert_eq!(remote.git(&["rev-list", "--count", "main"]), "4\n");
    assert_eq!(git(&ours, &["status", "--porcelain"]), "");
    // The push whose answer got lost.
    git(&ours, &["reset", "-q", "--soft", "HEAD^"]);
    assert_eq!(run(&ours, &[], &[]).expect(0).all(), "");
    assert_eq!(remote.git(&["rev-list", "--count", "main"]), "4\n");
}

#[test]
fn eight_at_once_with_a_state_each_all_land() {
    let remote = Remote::new();
    let names: Vec<String> = (0..8).map(|n| format!("env-{n}.state.json")).collect();
    let clones: Vec<PathBuf> = names.iter().map(|n| remote.clone_as(n, &[])).collect();
    for (name, clone) in names.iter().zip(&clones) {
        fs::write(clone.join(name), state(name, 1, "")).expect("a file");
    }
    thread::scope(|scope| {
        for (name, clone) in names.iter().zip(&clones) {
            scope.spawn(move || run(clone, &[name, "main"], &[]).expect(0));
        }
    });
    for name in &names {
        assert_eq!(remote.file("main", name), state(name, 1, ""));
    }
    assert_eq!(remote.git(&["rev-list", "--count", "main"]), "10\n");
    assert_eq!(remote.side_branches(), Vec::<String>::new());
}

#[test]
fn eight_at_once_with_the_same_state_and_none_is_lost() {
    let remote = Remote::new();
    let note = |n: usize| format!("\"u-{n}\": {{}}");
    let clones: Vec<PathBuf> = (0..8)
        .map(|n| {
            let clone = remote.clone_as(&format!("c{n}"), &[]);
            fs::write(clone.join(STATE), state("one", 2, &note(n))).expect("a file");
            clone
        })
        .collect();
    let ran: Vec<Ran> = thread::scope(|scope| {
        let running: Vec<_> = clones
            .iter()
            .map(|clone| scope.spawn(move || run(clone, &[], &[])))
            .collect();
        running
            .into_iter()
            .map(|thread| thread.join().expect("a run"))
            .collect()
    });
    let won: Vec<usize> = (0..8).filter(|n| ran[*n].code == Some(0)).collect();
    assert_eq!(won.len(), 1, "{won:?}");
    assert_eq!(remote.file("main", STATE), state("one", 2, &note(won[0])));
    let mut kept: Vec<String> = remote
        .side_branches()
        .iter()
        .map(|branch| remote.file(branch, STATE))
        .collect();
    kept.sort();
    let lost: Vec<usize> = (0..8).filter(|n| *n != won[0]).collect();
    let expected: Vec<String> = lost.iter().map(|n| state("one", 2, &note(*n))).collect();
    assert_eq!(kept, expected);
    for n in lost {
        assert_eq!(ran[n].code, Some(1), "{}", ran[n].stderr);
        let copy = clones[n].join(format!("{STATE}.unpushed"));
        assert_eq!(
            fs::read_to_string(copy).expect("a copy"),
            state("one", 2, &note(n))
        );
    }
}

#[test]
fn another_apply_is_never_overwritten() {
    let remote = Remote::new();
    let (ours, theirs) = (remote.clone_as("a", &[]), remote.clone_as("b", &[]));
    commit(&theirs, STATE, &state("one", 7, "theirs"));
    git(&theirs, &["push", "-q", "origin", "HEAD:main"]);
    let head = remote.git(&["rev-parse", "main"]);
    fs::write(ours.join(STATE), state("one", 4, "ours")).expect("a file");
    for _ in 0..2 {
        let ran = run(&ours, &[], &[]).expect(1);
        for words in [
            "changed on main meanwhile (serial 7 there, 4 here); nothing was overwritten",
            "then run apply again on main",
            "kept in talkform.state.json.unpushed",
            "and on the branch talkform-state-",
        ] {
            assert!(ran.stderr.contains(words), "`{words}` in {}", ran.stderr);
        }
        assert_eq!(ran.stdout, "");
    }
    assert_eq!(remote.git(&["rev-parse", "main"]), head);
    let side = remote.side_branches();
    assert_eq!(side.len(), 1, "{side:?}");
    assert_eq!(remote.file(&side[0], STATE), state("one", 4, "ours"));
    assert_eq!(
        fs::read_to_string(ours.join(STATE)).expect("the state"),
        state("one", 4, "ours")
    );
    fs::write(ours.join(STATE), state("two", 4, "ours")).expect("a file");
    let ran = run(&ours, &[], &[]).expect(1);
    assert!(ran.stderr.contains("another lineage"), "{}", ran.stderr);
    assert_eq!(remote.git(&["rev-parse", "main"]), head);
    assert_eq!(
        fs::read_to_string(ours.join(format!("{STATE}.unpushed"))).expect("the first copy"),
        state("one", 4, "ours")
    );
}

#[test]
fn shallow_and_detached() {
    let remote = Remote::new();
    let (ours, theirs) = (
        remote.clone_as("a", &["--depth", "1"]),
        remote.clone_as("b", &[]),
    );
    git(&ours, &["checkout", "-q", "--detach"]);
    commit(&theirs, "users.yaml", "users: [more]\n");
    commit(&theirs, "users.yaml", "users: [more, still]\n");
    git(&theirs, &["push", "-q", "origin", "HEAD:main"]);
    fs::write(ours.join(STATE), state("one", 2, "")).expect("a file");
    for serial in 2..4 {
        fs::write(ours.join(STATE), state("one", serial, "")).expect("a file");
        assert_eq!(run(&ours, &[STATE, "main"], &[]).expect(0).all(), "");
        assert_eq!(remote.file("main", STATE), state("one", serial, ""));
    }
    assert_eq!(remote.file("main", "users.yaml"), "users: [more, still]\n");
    assert_eq!(remote.git(&["rev-list", "--count", "main"]), "6\n");
}

#[test]
fn a_branch_for_the_state_alone() {
    let remote = Remote::new();
    let clone = remote.clone_as("a", &[]);
    remote.git(&["branch", "kept", "main"]);
    git(&clone, &["fetch", "-q"]);
    let environment = [
        ("TALKFORM_STATE_BRANCH", "kept"),
        ("TALKFORM_STATE_BASE", "origin/kept"),
    ];
    for serial in 2..4 {
        fs::write(clone.join(STATE), state("one", serial, "")).expect("a file");
        run(&clone, &[], &environment).expect(0);
        assert_eq!(remote.file("kept", STATE), state("one", serial, ""));
    }
    assert_eq!(remote.file("main", STATE), state("one", 1, ""));
    let theirs = remote.clone_as("b", &["--branch", "kept"]);
    commit(&theirs, STATE, &state("one", 9, ""));
    git(&theirs, &["push", "-q", "origin", "HEAD:kept"]);
    fs::write(clone.join(STATE), state("one", 4, "")).expect("a file");
    for _ in 0..2 {
        run(&clone, &[], &environment).expect(1);
        assert_eq!(remote.file("kept", STATE), state("one", 9, ""));
    }
}

#[test]
fn a_remote_that_refuses_and_a_token_in_its_address() {
    let remote = Remote::new();
    let clone = remote.clone_as("a", &[]);
    fs::write(clone.join(STATE), state("one", 2, "")).expect("a file");
    for address in [
        "nowhere://user:s3cret@host/r".to_owned(),
        "http://user:s3cret@127.0.0.1:1/r".to_owned(),
    ] {
        let ran = run(
            &clone,
            &[],
            &[
                ("TALKFORM_STATE_REMOTE", address.as_str()),
                ("TALKFORM_STATE_TRIES", "2"),
            ],
        )
        .expect(1);
        assert!(ran.stderr.contains("in 2 tries"), "{}", ran.stderr);
        assert!(!ran.all().contains("s3cret"), "{}", ran.all());
        assert!(clone.join(format!("{STATE}.unpushed")).exists());
    }
    fs::write(clone.join(STATE), "<<<<<<< conflict\n").expect("a file");
    let ran = run(&clone, &[], &[]).expect(1);
    assert!(ran.stderr.contains("does not read"), "{}", ran.stderr);
    assert_eq!(remote.file("main", STATE), state("one", 1, ""));
}
