//! Makes projects whose state is in a bucket.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command};

use crate::bucket::fake_s3::FakeS3;
use crate::command::{Ran, finish};
use crate::project::{Channel, Project};

/// The key of the state.
pub(crate) const KEY: &str = "team/users.json";

/// The address of the state.
pub(crate) const STATE: &str = "s3://b/team/users.json";

/// The address of the state in the protocol of Google.
pub(crate) const GOOGLE_STATE: &str = "gs://b/team/users.json";

/// The key of the state's digests.
pub(crate) const STATE_KEY: &str = "a-key-of-at-least-sixteen-bytes";

/// A store that runs, as a project names it.
#[derive(Clone)]
pub(crate) struct Place {
    /// The address of the server.
    pub(crate) endpoint: String,
    /// The address of the state.
    pub(crate) state: String,
}

impl Place {
    pub(crate) fn fake(bucket: &FakeS3) -> Self {
        Self {
            endpoint: bucket.address().to_owned(),
            state: STATE.to_owned(),
        }
    }

    /// The bucket of [`Self::fake`] in the protocol of Google.
    pub(crate) fn fake_google(bucket: &FakeS3) -> Self {
        Self {
            endpoint: bucket.address().to_owned(),
            state: GOOGLE_STATE.to_owned(),
        }
    }

    /// What a store of S3 answers to somebody without credentials.
    fn get(&self, path: &str) -> String {
        let host = self.endpoint.trim_start_matches("http://");
        let mut stream = TcpStream::connect(host.trim_end_matches('/')).expect("a connection");
        write!(
            stream,
            "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        )
        .expect("a request");
        let mut answer = Vec::new();
        // The fake keeps the connection, so the answer ends with its content.
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = stream.read(&mut buffer) {
            answer.extend_from_slice(&buffer[..length]);
            if is_whole(&answer) {
                break;
            }
        }
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// How many parts of a journal are left.
    pub(crate) fn parts(&self) -> usize {
        let object = self.state.strip_prefix("s3://").expect("a state in S3");
        let (bucket, key) = object.split_once('/').expect("a key");
        let prefix = key.replace('/', "%2F");
        let listed = self.get(&format!("{bucket}?list-type=2&prefix={prefix}.journal"));
        assert!(listed.contains("ListBucketResult"), "{listed}");
        listed.matches("<Contents>").count() - listed.matches(".journal/</Key>").count()
    }

    /// A project with its state in this place.
    pub(crate) fn project(&self, channel: &Channel) -> Project {
        let project = channel.project();
        let file = project.read("talkform.yaml");
        project.write(
            "talkform.yaml",
            &format!(
                "{file}state: {}\nstateStore: {{ endpoint: \"{}\", pathStyle: true }}\n",
                self.state, self.endpoint
            ),
        );
        project
    }
}

/// Whether an answer has as much content as it says.
fn is_whole(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer).to_lowercase();
    let Some((head, content)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"));
    length.is_some_and(|length| length.trim().parse() == Ok(content.len()))
}

/// The id of the lock that a run is refused by.
pub(crate) fn refusing_lock(project: &Project) -> Option<String> {
    // The state is there already, so this changes nothing.
    let said = run(project, &["state", "init"]).stderr;
    let (_, rest) = said.split_once(", lock ")?;
    let id: String = rest.chars().take_while(char::is_ascii_hexdigit).collect();
    Some(id)
}

/// A command with the credentials of the cloud.
pub(crate) fn command(project: &Project, arguments: &[&str]) -> Command {
    let mut command = project.command(arguments);
    command
        .env("AWS_ACCESS_KEY_ID", "key-of-the-cloud")
        .env("AWS_SECRET_ACCESS_KEY", "secret-of-the-cloud")
        .env("AWS_REGION", "us-east-1")
        .env("GOOGLE_BEARER_TOKEN", "token-of-the-cloud")
        .env("TALKFORM_STATE_KEY", STATE_KEY);
    command
}

pub(crate) fn start(project: &Project, arguments: &[&str]) -> Child {
    command(project, arguments).spawn().expect("talkform runs")
}

pub(crate) fn run(project: &Project, arguments: &[&str]) -> Ran {
    finish(start(project, arguments))
}

/// The id of the lock, if a run holds it.
pub(crate) fn lock_id(bucket: &FakeS3) -> Option<String> {
    let lock = format!("{KEY}.lock");
    if !bucket.keys().contains(&lock) {
        return None;
    }
    let lock: serde_json::Value = serde_json::from_str(&bucket.text(&lock)).expect("JSON");
    lock["owner"]["id"].as_str().map(ToOwned::to_owned)
}

/// Releases the lock that a killed run left behind.
pub(crate) fn unlock(bucket: &FakeS3, project: &Project) {
    if let Some(id) = lock_id(bucket) {
        run(project, &["state", "unlock", &id]).expect(0);
    }
}

pub(crate) const APPLY: &[&str] = &["apply", "--auto-approve"];

/// Fails unless the state and the channel agree: nothing is left to do, and every user is as declared.
#[track_caller]
pub(crate) fn is_settled(project: &Project, channel: &Channel, users: usize, plan: &str) {
    run(project, &["plan", "--detailed-exitcode"]).expect(0);
    let ids = channel.running().member_ids();
    assert_eq!(ids.len(), users);
    for id in ids {
        let user = channel.running().user(&id).expect("a user");
        assert_eq!(user["profile"]["plan"], plan, "{id}");
    }
}
