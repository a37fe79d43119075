//! Makes an applied project under git.

use std::path::Path;

use crate::command::git;
use crate::project::{Channel, Project, many_users};

pub(crate) fn applied(users: usize) -> (Channel, Project) {
    let channel = Channel::start();
    let project = channel.project();
    project.write("users/a.yaml", &many_users(users, "free"));
    project.run(&["apply", "--auto-approve"]).expect(0);
    (channel, project)
}

pub(crate) fn commit(folder: &Path, title: &str) {
    git(folder, &["add", "-A"]);
    git(folder, &["commit", "-q", "-m", title]);
}
