//! What was reviewed is what runs: `apply PLAN` and `apply --expect DIGEST`.

use std::path::{Path, PathBuf};

use crate::cli::approval::parse_digest;
use crate::cli::args::ApplyArguments;
use crate::cli::failure::Failure;
use crate::cli::files;
use talkform::model::{Plan, PlanDigest};
use talkform::plan::PlanFile;

/// How many differing users a refusal names.
const MOST_NAMED: usize = 20;

/// A plan file and where it is.
#[derive(Debug)]
pub(crate) struct Reviewed {
    path: PathBuf,
    /// What it says.
    pub file: PlanFile,
}

impl Reviewed {
    /// Reads a plan file; refuses a selection beside the one that it was made with.
    pub(crate) fn read(path: &Path, arguments: &ApplyArguments) -> Result<Self, Failure> {
        let file = read_file(path)?;
        let select = &arguments.planning.select;
        if !select.is_empty() && *select != file.select {
            return Err(Failure::Usage(
                "--select is part of the plan file already; leave it out".to_owned(),
            ));
        }
        if arguments.planning.refresh && !file.refreshed {
            return Err(Failure::Usage(
                "the plan file was made without --refresh; make it with `talkform plan --refresh --out`, or leave --refresh out"
                    .to_owned(),
            ));
        }
        Ok(Self {
            path: path.to_owned(),
            file,
        })
    }

    fn check(&self, plan: &Plan) -> Result<(), Failure> {
        let Self { path, file } = self;
        if file.digest == plan.digest.to_string() && file.manifests == plan.manifests.to_string() {
            return Ok(());
        }
        let state_moved = file.lineage != plan.lineage || file.serial != plan.serial;
        let manifests_moved = file.manifests != plan.manifests.to_string();
        let message = format!(
            "the plan in {} is no longer what would be done: {}; nothing was sent",
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
        let differences = file.differences(plan);
        for (id, what) in differences.iter().take(MOST_NAMED) {
            details.push(format!("{id} {what}"));
        }
        if differences.len() > MOST_NAMED {
            details.push(format!("and {} more", differences.len() - MOST_NAMED));
        }
        Err(Failure::with_details(
            message,
            details,
            "make a new plan with `talkform plan --out`, review it, and apply that",
        ))
    }
}

/// Reads a plan file.
pub(crate) fn read_file(path: &Path) -> Result<PlanFile, Failure> {
    let text = files::read_to_string(path).map_err(|error| {
        Failure::refused(format!("cannot read the plan {}: {error}", path.display()))
    })?;
    PlanFile::parse(&text).map_err(|error| {
        Failure::with_hint(
            format!("cannot use the plan {}: {error}", path.display()),
            "make one with `talkform plan --out FILE`",
        )
    })
}

/// Refuses a plan that is not the reviewed one.
pub(crate) fn check_expected(
    plan: &Plan,
    arguments: &ApplyArguments,
    reviewed: Option<&Reviewed>,
) -> Result<(), Failure> {
    if let Some(reviewed) = reviewed {
        reviewed.check(plan)?;
    }
    let Some(expected) = &arguments.expect else {
        return Ok(());
    };
    let expected: PlanDigest = parse_digest("--expect", expected)?;
    if expected == plan.digest {
        return Ok(());
    }
    Err(Failure::with_hint(
        format!(
            "the plan is not the expected one: it has digest {}, --expect says {expected}",
            plan.digest
        ),
        "manifests or state have changed since; look at the new plan with `talkform plan`",
    ))
}
