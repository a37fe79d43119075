//! Checks that a plan is the reviewed one, that its limits and deletions are agreed to, and asks for
//! approval.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::args::Planning;
use crate::cli::failure::Failure;
use crate::cli::output::counted;
use crate::cli::suggest::approving_command::ApprovingCommand;
use crate::cli::suggest::invocation::Invocation;
use crate::cli::terminal::Terminal;
use crate::cli::{destination, files};
use talkform::model::{
    DestinationDifference, DestinationPart, LimitApproval, LimitCheck, LimitKind, Plan, PlanDigest,
    ShownIds,
};
use talkform::plan::PlanFile;

/// The most differing users that an error names.
const MAX_NAMED: usize = 20;

/// The approvals of the command line.
#[derive(Debug, Args)]
pub(crate) struct Approval {
    /// Apply without asking
    ///
    /// The project then has to name `channel.id`.
    #[arg(long, alias = "yes")]
    pub auto_approve: bool,
    /// Apply only if the plan has this digest
    #[arg(long, value_name = "DIGEST")]
    pub expect: Option<PlanDigest>,
    /// Agree that the plan exceeds limits
    ///
    /// `DIGEST` agrees to all limits that the plan with this digest exceeds, `optIn=3,DIGEST` to this
    /// limit up to this count.
    #[arg(long, value_name = "DIGEST")]
    pub approve_limits: Option<LimitApproval>,
    /// Agree that up to N users are deleted on Channel
    ///
    /// That is permanent. A plan that deletes more needs a person who confirms it.
    #[arg(long, value_name = "N")]
    pub allow_deletes: Option<usize>,
}

impl Approval {
    /// Fails if the plan is not the reviewed one, or does not have the digest of `--expect`.
    pub(crate) fn check_expected(
        &self,
        plan: &Plan,
        reviewed: Option<&ReviewedPlan>,
        planning: &Planning,
        invocation: &Invocation,
        ids: &ShownIds,
    ) -> Result<(), Failure> {
        if let Some(reviewed) = reviewed {
            reviewed.check(plan, invocation, ids)?;
        }
        match &self.expect {
            Some(expected) if *expected != plan.digest => Err(Failure::with_hint(
                format!(
                    "the plan is not the expected one: it has digest {}, --expect names {expected}",
                    plan.digest
                ),
                format!(
                    "the manifests, the state or the destination have changed since; look at the new plan with `{}`",
                    invocation.command(&[vec!["plan".to_owned()], planning.flags()].concat())
                ),
            )),
            Some(_) if plan.lineage.is_empty() => Err(Failure::with_hint(
                "this project has no state, so the digest of a plan covers neither ids nor values, and --expect cannot tell whether the plan is the reviewed one; nothing was sent",
                format!(
                    "run `{}` once, commit the file, and plan again",
                    invocation.command(&["state", "init"])
                ),
            )),
            _ => Ok(()),
        }
    }

    /// How many deletions a person has to confirm. Fails if the limits that the plan exceeds, or its deletions, are
    /// not approved. `command` is the command of this run.
    pub(crate) fn check_size(
        &self,
        plan: &Plan,
        asks: bool,
        command: &ApprovingCommand,
    ) -> Result<usize, Failure> {
        check_limits(plan, self.approve_limits.as_ref(), command)?;
        self.deletions_to_confirm(plan, asks, command)
    }

    /// How many deletions a person has to confirm: none if `--allow-deletes` covers them. Fails if no person is
    /// asked, because neither `--auto-approve` nor a plan file approves deletions.
    fn deletions_to_confirm(
        &self,
        plan: &Plan,
        asks: bool,
        command: &ApprovingCommand,
    ) -> Result<usize, Failure> {
        let planned = plan.deletions();
        if planned <= self.allow_deletes.unwrap_or(0) {
            return Ok(0);
        }
        if asks {
            return Ok(planned);
        }
        let agreed = match self.allow_deletes {
            None => "nobody has agreed to that".to_owned(),
            Some(allowed) => format!("--allow-deletes agrees to {allowed}"),
        };
        Err(Failure::with_hint(
            format!(
                "the plan deletes {} on Channel, and {agreed}; nothing was sent",
                counted(planned, "user", "users")
            ),
            format!(
                "a deletion cannot be undone; if it is intended: `{}`",
                command.clone().with_deletes(planned)
            ),
        ))
    }

    /// Whether a person is asked: not with `--auto-approve`, and not about a plan file, which was reviewed.
    pub(crate) fn asks(&self, reviewed: Option<&ReviewedPlan>) -> bool {
        !self.auto_approve && reviewed.is_none()
    }

    /// Asks whether to apply the plan to the channel that answers, and for the number of deletions if there
    /// are any to confirm.
    pub(crate) fn ask(
        terminal: Terminal,
        destination: &str,
        deletions: usize,
    ) -> Result<(), Failure> {
        terminal.approve(&format!("Apply to {destination}?"))?;
        if deletions == 0 {
            return Ok(());
        }
        let question = format!(
            "{} will be deleted from {destination}. This cannot be undone.",
            counted(deletions, "user", "users")
        );
        terminal.approve_in_words(&question, &format!("delete {deletions}"))
    }
}

/// Fails if the plan exceeds a limit that `approval`, the value of `--approve-limits`, does not agree to.
pub(crate) fn check_limits(
    plan: &Plan,
    approval: Option<&LimitApproval>,
    command: &ApprovingCommand,
) -> Result<(), Failure> {
    if plan.tripped().next().is_none() {
        return Ok(());
    }
    if plan
        .tripped()
        .any(|check| check.kind == LimitKind::MinUsers)
    {
        return Err(Failure::with_hint(
            "there are fewer users than limits.minUsers; nothing was sent",
            "if manifests are missing, restore them; if so few users are intended, lower limits.minUsers in the project file",
        ));
    }
    let digest = plan.digest;
    let Some(approval) = approval else {
        return Err(Failure::with_hint(
            "the plan exceeds the project's limits; nothing was sent",
            format!(
                "if this is what you want: `{}`",
                command.clone().with_limits(digest.to_string())
            ),
        ));
    };
    if approval.digest != digest {
        return Err(Failure::with_hint(
            format!(
                "--approve-limits names {}, this plan is {digest}; nothing was sent",
                approval.digest
            ),
            "look at the plan again, and approve its digest if it is what you want",
        ));
    }
    let missing = approval.missing(plan);
    if missing.is_empty() {
        return Ok(());
    }
    let mut whole: Vec<String> = plan
        .tripped()
        .map(|check| format!("{}={}", check.kind.name(), check.planned))
        .collect();
    whole.push(digest.to_string());
    Err(Failure::with_details(
        "the plan exceeds limits that --approve-limits does not agree to; nothing was sent",
        missing
            .into_iter()
            .map(|check| disagreement(check, approval))
            .collect(),
        format!(
            "if this is what you want: `{}`",
            command.clone().with_limits(whole.join(","))
        ),
    ))
}

/// How the plan exceeds the approval of one limit.
fn disagreement(check: &LimitCheck, approval: &LimitApproval) -> String {
    let (name, planned) = (check.kind.name(), counted(check.planned, "user", "users"));
    match approval.count(check.kind) {
        Some(most) => format!("{name}: {planned}, and --approve-limits agrees to {most}"),
        None => format!("{name}: {planned}, and --approve-limits does not name it"),
    }
}

/// A plan file, and its path.
#[derive(Debug)]
pub(crate) struct ReviewedPlan {
    path: PathBuf,
    /// Its content.
    pub file: PlanFile,
}

impl ReviewedPlan {
    /// Reads a plan file. Fails if `planning` asks for another selection, or for a refresh that the plan
    /// file was made without.
    pub(crate) fn read(
        path: &Path,
        planning: &Planning,
        invocation: &Invocation,
    ) -> Result<Self, Failure> {
        let file = read_plan_file(path, invocation)?;
        let select = planning.selection.patterns();
        if !select.is_empty() && select != file.select {
            return Err(Failure::Usage(
                "the plan file has a selection of its own; leave out --select".to_owned(),
            ));
        }
        if planning.refresh && !file.refreshed {
            return Err(Failure::Usage(format!(
                "the plan file was made without --refresh; make it with `{}`, or leave --refresh out",
                invocation.command(&["plan", "--refresh", "--out", "FILE"])
            )));
        }
        Ok(Self {
            path: path.to_owned(),
            file,
        })
    }

    fn check(&self, plan: &Plan, invocation: &Invocation, ids: &ShownIds) -> Result<(), Failure> {
        let Self { path, file } = self;
        let again = || {
            let mut words = vec!["plan"];
            words.extend(file.select.iter().flat_map(|pattern| ["--select", pattern]));
            words.extend(file.refreshed.then_some("--refresh"));
            let path = path.display().to_string();
            invocation.command(&[&words[..], &["--out", &path]].concat())
        };
        if file.digest == plan.digest && file.manifests == plan.manifests {
            return Ok(());
        }
        let elsewhere = file.destination_differences(plan);
        let is_api = |difference: &DestinationDifference| difference.part == DestinationPart::Api;
        if !elsewhere.iter().all(is_api) {
            return Err(Failure::with_details(
                format!(
                    "the plan in {} was made for another destination; nothing was sent",
                    path.display()
                ),
                elsewhere
                    .iter()
                    .map(|difference| destination::line(difference, "the plan", "the project"))
                    .collect(),
                format!(
                    "make a plan for this destination with `{}`, review it, and apply that",
                    again()
                ),
            ));
        }
        let state_moved = file.lineage != plan.lineage || file.serial != plan.serial;
        let manifests_moved = file.manifests != plan.manifests;
        let message = format!(
            "the plan in {} is no longer current: {}; nothing was sent",
            path.display(),
            match (state_moved, manifests_moved) {
                _ if file.lineage != plan.lineage => "the state is another one",
                (true, true) => "the manifests and the state have changed since",
                (true, false) => "the state has changed since",
                (false, false) if plan.refreshed => "Channel has changed since",
                (false, _) => "the manifests or the project file have changed since",
            }
        );
        let mut details = Vec::new();
        if state_moved && file.lineage == plan.lineage {
            details.push(format!(
                "the state has serial {}, the plan was made against {}",
                plan.serial, file.serial
            ));
        }
        let differences = file.differences(plan, ids);
        for (id, what) in differences.iter().take(MAX_NAMED) {
            details.push(format!("{id} {what}"));
        }
        if differences.len() > MAX_NAMED {
            details.push(format!("and {} more", differences.len() - MAX_NAMED));
        }
        Err(Failure::with_details(
            message,
            details,
            format!(
                "make a new plan with `{}`, review it, and apply that",
                again()
            ),
        ))
    }
}

/// Reads a plan file.
pub(crate) fn read_plan_file(path: &Path, invocation: &Invocation) -> Result<PlanFile, Failure> {
    let text = files::read_to_string(path).map_err(|error| {
        Failure::refused(format!("cannot read the plan {}: {error}", path.display()))
    })?;
    PlanFile::parse(&text).map_err(|error| {
        Failure::with_hint(
            format!("cannot use the plan {}: {error}", path.display()),
            format!(
                "create a plan file with `{}`",
                invocation.command(&["plan", "--out", "FILE"])
            ),
        )
    })
}
