//! Makes a project that declares a person among others, and finds what is left of the person.

use serde_json::Value;
use walkdir::WalkDir;

use crate::command::{Ran, finish};
use crate::project::{Channel, Project};

/// Everything that is about the person has one of [`CANARIES`] in it.
pub(super) const USERS: &str = "# Our users.
apiVersion: talkform/v1
kind: UserList
defaults: { profile: { plan: free } }
users:
  # about lee
  - memberId: lee
    profile: { name: Lee } # lee

  # before
  - memberId: kim # canary-comment
    # canary-comment
    profile:
      name: Canary Kim
      email: canary@example.com
      mobileNumber: \"+821055557777\"
      plan: canary-plan
    tags: [canary-tag]
    unsubscribeEmail: true
  # after

  # about kim-2
  - memberId: kim-2
    profile:
      seats: 2
# the end
";

/// The same without the person.
pub(super) const OTHERS: &str = "# Our users.
apiVersion: talkform/v1
kind: UserList
defaults: { profile: { plan: free } }
users:
  # about lee
  - memberId: lee
    profile: { name: Lee } # lee

  # before
  # after

  # about kim-2
  - memberId: kim-2
    profile:
      seats: 2
# the end
";

pub(super) const CANARIES: [&str; 3] = ["anary", "55557777", "1055557777"];

pub(super) const ERASE: [&str; 4] = ["erase", "kim", "--allow-deletes", "1"];

/// A project that may delete so many users. Nothing is applied.
pub(super) fn declared(channel: &Channel, deletes: usize) -> Project {
    let project = channel.project();
    let limits = format!("forget: 100%, delete: {deletes}");
    project.edit("talkform.yaml", "forget: 100%", &limits);
    project.write("users/a.yaml", USERS);
    project
}

/// The same, applied.
pub(super) fn applied(channel: &Channel) -> Project {
    let project = declared(channel, 1);
    project.run(&["apply", "--auto-approve"]).expect(0);
    project
}

/// Runs a command with all of the log, and checks that no output holds a value of the person.
#[track_caller]
pub(super) fn run(project: &Project, arguments: &[&str], code: i32) -> Ran {
    let mut command = project.command(arguments);
    command.env("TALKFORM_LOG", "trace");
    let ran = finish(command.spawn().expect("talkform runs")).expect(code);
    for canary in CANARIES {
        assert!(
            !ran.all().contains(canary),
            "{canary} in {arguments:?}:\n{}",
            ran.all()
        );
    }
    ran
}

/// Fails where a file of the project's folder, git's own files apart, holds a value of the person.
#[track_caller]
pub(super) fn no_canary(project: &Project) {
    let entries = WalkDir::new(project.path()).into_iter();
    let entries = entries.filter_entry(|entry| entry.file_name() != ".git");
    let mut read = 0;
    for entry in entries {
        let entry = entry.expect("an entry");
        if !entry.file_type().is_file() {
            continue;
        }
        read += 1;
        let bytes = std::fs::read(entry.path()).expect("a file");
        let text = String::from_utf8_lossy(&bytes);
        for canary in CANARIES {
            let path = entry.path().display();
            assert!(!text.contains(canary), "{canary} in {path}:\n{text}");
        }
    }
    assert!(read > 1);
}

pub(super) fn state(project: &Project) -> Value {
    serde_json::from_str(&project.read("talkform.state.json")).expect("JSON")
}

/// Fails if the state records anything of the person, or if it lacks the others.
#[track_caller]
pub(super) fn only_others(project: &Project) {
    let state = state(project);
    for part in ["users", "pending", "rejected"] {
        assert!(state[part].get("kim").is_none(), "{part}: {state}");
    }
    for other in ["kim-2", "lee"] {
        assert!(state["users"].get(other).is_some(), "{other}: {state}");
    }
    assert!(!project.at("talkform.state.json.journal").exists());
}

/// The methods of the requests about one user since the first `skip`.
pub(super) fn requests(channel: &Channel, id: &str, skip: usize) -> Vec<String> {
    let log = channel.about_users().into_iter().skip(skip);
    let about = log.filter(|logged| logged.path.ends_with(&format!("@{id}")));
    about.map(|logged| logged.method).collect()
}
