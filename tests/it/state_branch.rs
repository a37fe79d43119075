//! Tests `examples/ci/fetch-state.sh` and `commit-state.sh` with a branch for the state, and their token.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::thread;

use crate::command::git;
use crate::commit_state::{Remote, STATE, script, state};

/// The whole round of the recipes, with no branch named anywhere.
#[test]
fn the_state_has_a_branch_of_its_own_by_default() {
    let remote = Remote::new();
    let clone = remote.clone_as("a", &[]);
    let main = remote.git(&["rev-parse", "main"]);
    let fetch = |clone: &Path| script("fetch-state.sh", clone, &[], &[]).expect(0);
    let commit = |clone: &Path| script("commit-state.sh", clone, &[], &[]);
    // The state beside the manifests is taken along; the branch holds nothing else.
    let ran = fetch(&clone);
    assert!(
        ran.stderr.contains("no branch talkform-state yet"),
        "{}",
        ran.stderr
    );
    assert_eq!(commit(&clone).expect(0).all(), "");
    fs::write(clone.join(STATE), state("one", 2, "")).expect("a file");
    assert_eq!(commit(&clone).expect(0).all(), "");
    assert_eq!(
        remote.git(&["ls-tree", "-r", "--name-only", "talkform-state"]),
        format!("{STATE}\n")
    );
    assert_eq!(remote.file("talkform-state", STATE), state("one", 2, ""));
    // A second apply in this folder, and one in a new clone.
    fs::write(clone.join(STATE), state("one", 3, "")).expect("a file");
    assert_eq!(commit(&clone).expect(0).all(), "");
    let other = remote.clone_as("b", &["--depth", "1"]);
    assert_eq!(fetch(&other).all(), "");
    assert_eq!(
        fs::read_to_string(other.join(STATE)).expect("the state"),
        state("one", 3, "")
    );
    fs::write(other.join(STATE), state("one", 4, "")).expect("a file");
    assert_eq!(commit(&other).expect(0).all(), "");
    // The first clone did not see that.
    fs::write(clone.join(STATE), state("one", 4, "ours")).expect("a file");
    let ran = commit(&clone).expect(1);
    assert!(
        ran.stderr
            .contains("changed on talkform-state meanwhile (serial 4 there, 4 here)"),
        "{}",
        ran.stderr
    );
    assert_eq!(remote.file("talkform-state", STATE), state("one", 4, ""));
    assert_eq!(remote.git(&["rev-parse", "main"]), main);
    // Another environment's first state.
    let staging = "staging.state.json";
    fetch(&other);
    let ran = script("fetch-state.sh", &other, &[staging], &[]).expect(0);
    assert!(
        ran.stderr.contains("has no staging.state.json yet"),
        "{}",
        ran.stderr
    );
    fs::write(other.join(staging), state("two", 1, "")).expect("a file");
    assert_eq!(
        script("commit-state.sh", &other, &[staging], &[])
            .expect(0)
            .all(),
        ""
    );
    assert_eq!(remote.file("talkform-state", staging), state("two", 1, ""));
    assert_eq!(remote.file("talkform-state", STATE), state("one", 4, ""));
}

#[test]
fn a_state_branch_that_was_not_read_or_is_gone_is_not_overwritten() {
    let remote = Remote::new();
    let (reader, other) = (remote.clone_as("a", &[]), remote.clone_as("b", &[]));
    fs::write(reader.join(STATE), state("one", 2, "")).expect("a file");
    script("commit-state.sh", &reader, &[], &[]).expect(0);
    fs::write(other.join(STATE), state("one", 2, "other")).expect("a file");
    let ran = script("commit-state.sh", &other, &[], &[]).expect(1);
    assert!(
        ran.stderr.contains("nothing was overwritten"),
        "{}",
        ran.stderr
    );
    assert_eq!(remote.file("talkform-state", STATE), state("one", 2, ""));
    remote.git(&["update-ref", "-d", "refs/heads/talkform-state"]);
    fs::write(reader.join(STATE), state("one", 3, "")).expect("a file");
    let ran = script("commit-state.sh", &reader, &[], &[]).expect(1);
    assert!(
        ran.stderr
            .contains("has no talkform.state.json, but this run started from one"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_remote_that_cannot_be_read_is_not_taken_for_one_without_a_state() {
    let remote = Remote::new();
    let clone = remote.clone_as("a", &[]);
    let nowhere = [("TALKFORM_STATE_REMOTE", "http://user:s3cret@127.0.0.1:1/r")];
    let ran = script("fetch-state.sh", &clone, &[], &nowhere).expect(1);
    assert!(
        ran.stderr.contains("cannot read the branch talkform-state"),
        "{}",
        ran.stderr
    );
    assert!(!ran.all().contains("s3cret"), "{}", ran.all());
}

/// A remote over HTTP answers 401: the request carries the token, and no argument and no variable of git but
/// the header does.
#[test]
fn the_token_goes_into_a_header_and_nowhere_else() {
    let remote = Remote::new();
    let clone = remote.clone_as("a", &[]);
    fs::write(clone.join(STATE), state("one", 2, "")).expect("a file");
    // A git in front of the real one notes its arguments and its environment.
    let tools = remote.folder.path().join("tools");
    let notes = remote.folder.path().join("notes");
    fs::create_dir(&tools).expect("a folder");
    let real = git(&clone, &["--exec-path"]);
    let wrapper = format!(
        "#!/bin/sh\n{{ printf 'arguments %s\\n' \"$*\"; env | sed 's/^/environment /'; }} >>'{}'\nexec '{}/git' \"$@\"\n",
        notes.display(),
        real.trim()
    );
    fs::write(tools.join("git"), wrapper).expect("a file");
    fs::set_permissions(tools.join("git"), fs::Permissions::from_mode(0o755)).expect("a mode");
    let path = std::env::var("PATH").expect("a path");
    let path = format!("{}:{path}", tools.display());
    for name in ["fetch-state.sh", "commit-state.sh"] {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}/r", listener.local_addr().expect("an address"));
        let server = thread::spawn(move || first_request(&listener));
        let environment = [
            ("TALKFORM_STATE_REMOTE", address.as_str()),
            ("TALKFORM_STATE_TRIES", "1"),
            ("TALKFORM_GIT_TOKEN", "s3cret"),
            ("PATH", path.as_str()),
        ];
        let ran = script(name, &clone, &[], &environment).expect(1);
        assert!(!ran.all().contains("s3cret"), "{}", ran.all());
        let request = server.join().expect("a request");
        // x-access-token:s3cret
        let header = "Authorization: Basic eC1hY2Nlc3MtdG9rZW46czNjcmV0\r\n";
        assert!(request.contains(header), "{request}");
    }
    let notes = fs::read_to_string(notes).expect("the notes");
    assert!(
        notes.contains("arguments ls-remote") && notes.contains("arguments fetch"),
        "{notes}"
    );
    for line in notes.lines() {
        let is_header = line.starts_with("environment GIT_CONFIG_VALUE_1=Authorization: Basic ");
        let is_secret = line.contains("s3cret") || line.contains("eC1hY2Nlc3MtdG9rZW46czNjcmV0");
        assert!(is_header || !is_secret, "{line}");
    }
}

/// Answers one request with 401 and returns it.
fn first_request(listener: &TcpListener) -> String {
    let (mut connection, _) = listener.accept().expect("a connection");
    let mut request = Vec::new();
    let mut part = [0; 1024];
    while !request.ends_with(b"\r\n\r\n") {
        let count = connection.read(&mut part).expect("a request");
        assert!(count > 0, "the request ended early");
        request.extend(&part[..count]);
    }
    let answer = "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    connection.write_all(answer.as_bytes()).expect("a response");
    String::from_utf8(request).expect("text")
}
