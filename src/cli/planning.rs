//! Makes the plan of `plan` and of `apply`, with what Channel has if that was asked for.

use std::collections::BTreeMap;

use crate::cli::connection::Connection;
use crate::cli::failure::Failure;
use crate::cli::output::counted;
use crate::cli::project::LoadedProject;
use talkform::apply::ReadReport;
use talkform::model::{
    Attributes, Desired, MemberId, Plan, RemoteUser, Selection, ShownIds, State, Unread,
};
use talkform::plan;
use talkform::render::KnownUsers;
use talkform::render::common::stop_cause::why_stopped;

/// The most unread users that an error names.
const MAX_NAMED: usize = 20;

/// What a plan is made from besides manifests and state.
#[derive(Clone, Copy, Default)]
pub(crate) struct Knowledge<'a> {
    /// What the manifests of an earlier revision declared.
    pub base: Option<&'a BTreeMap<MemberId, Attributes>>,
    /// What Channel has.
    pub observed: Option<&'a BTreeMap<MemberId, RemoteUser>>,
}

impl<'a> Knowledge<'a> {
    /// The same, for the view of the plan.
    pub(crate) fn of_users(self) -> KnownUsers<'a> {
        KnownUsers {
            base: self.base,
            observed: self.observed,
        }
    }
}

/// Plans the selected users against a state.
pub(crate) fn decide(
    project: &LoadedProject,
    select: &[String],
    desired: &Desired,
    state: &State,
    Knowledge { base, observed }: Knowledge<'_>,
) -> Result<Plan, Failure> {
    Ok(plan::plan(
        desired,
        state,
        &plan::Context {
            key: &project.digest_key(state)?,
            destination: &project.destination(),
            removed: project.project.removed,
            limits: &project.project.limits,
            selection: &Selection::new(select),
            base,
            observed,
        },
    ))
}

/// Reads the selected users, and both ids of users that move, from Channel for `--refresh`. Fails if one of
/// them cannot be read, because nothing is planned from a partial reading.
pub(crate) fn refresh(
    connection: &mut Connection<'_>,
    desired: &Desired,
    state: &State,
    select: &[String],
) -> Result<BTreeMap<MemberId, RemoteUser>, Failure> {
    let ids = plan::to_refresh(desired, state, &Selection::new(select));
    let ids: Vec<MemberId> = ids.into_iter().collect();
    let mut observed = BTreeMap::new();
    let mut failed = Vec::new();
    let report = connection.read_users(&ids, &mut |id, user| match user {
        Ok(user) => {
            observed.insert(id.clone(), user);
        }
        Err(Unread::Failed { message }) => failed.push((id.clone(), message)),
        Err(Unread::Skipped { .. }) => {}
    });
    connection.exit_on_signal();
    if report.is_whole() {
        Ok(observed)
    } else {
        Err(partial(&report, failed, ids.len(), connection.ids()))
    }
}

fn partial(
    report: &ReadReport,
    mut failed: Vec<(MemberId, String)>,
    all: usize,
    shown: &ShownIds,
) -> Failure {
    failed.sort();
    let mut details: Vec<String> = failed
        .iter()
        .take(MAX_NAMED)
        .map(|(id, message)| format!("{}: {message}", shown.of(id)))
        .collect();
    if failed.len() > MAX_NAMED {
        details.push(format!("and {} more", failed.len() - MAX_NAMED));
    }
    let unread = report.failed + report.skipped;
    let why = report
        .stopped
        .map_or(String::new(), |cause| format!(" ({})", why_stopped(cause)));
    Failure::with_details(
        format!(
            "{unread} of {} could not be read from Channel{why}; nothing was sent",
            counted(all, "user", "users")
        ),
        details,
        "nothing is planned from a partial reading: run it again, or leave out --refresh",
    )
}
