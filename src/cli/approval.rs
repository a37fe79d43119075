//! Checks that a plan within or beyond its limits may be applied.

use crate::cli::failure::Failure;
use talkform::model::{LimitKind, Plan, PlanDigest};

/// Refuses a plan that exceeds a limit, unless `approved` is its digest. An approval is for one plan.
pub(crate) fn check_limits(plan: &Plan, approved: Option<&str>) -> Result<(), Failure> {
    if plan.tripped().next().is_none() {
        return Ok(());
    }
    if plan
        .tripped()
        .any(|check| check.kind == LimitKind::MinUsers)
    {
        return Err(Failure::with_hint(
            "there are fewer users than limits.minUsers; nothing was sent",
            "if manifests are missing, bring them back; if so few are meant, lower limits.minUsers in the project file",
        ));
    }
    let Some(approved) = approved else {
        return Err(Failure::with_hint(
            "the plan exceeds the project's limits; nothing was sent",
            format!("if this is what you want: --approve-limits {}", plan.digest),
        ));
    };
    let approved = parse_digest("--approve-limits", approved)?;
    if approved == plan.digest {
        return Ok(());
    }
    Err(Failure::with_hint(
        format!(
            "--approve-limits agrees to {approved}, this plan is {}",
            plan.digest
        ),
        "look at the plan again, and agree to its digest if it is what you want",
    ))
}

/// Parses the plan digest that a flag was given.
pub(crate) fn parse_digest(flag: &str, text: &str) -> Result<PlanDigest, Failure> {
    text.parse()
        .map_err(|error| Failure::Usage(format!("{flag}: {error}")))
}
