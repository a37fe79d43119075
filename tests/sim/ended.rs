//! Checks how a run ended against what left during it.

use talkform::apply::Outcome;
use talkform::model::{Change, MemberId};

use crate::channel::Conduct;
use crate::process::Ended;

/// Every change has one outcome; nothing counts as applied without Channel's own answer; a refused run sent
/// nothing.
pub(crate) fn check(ended: &Ended, conduct: &Conduct) -> Result<(), String> {
    let (plan, outcomes, requests) = match ended {
        Ended::Nothing | Ended::Refused(_) if conduct.sent == 0 => return Ok(()),
        Ended::Nothing => return Err("a run without changes sent something".to_owned()),
        Ended::Refused(why) => return Err(format!("a refused run sent something: {why}")),
        Ended::Applied {
            plan,
            outcomes,
            requests,
            ..
        } => (plan, outcomes, *requests),
    };
    if requests != conduct.tried() {
        let tried = conduct.tried();
        return Err(format!(
            "{requests} requests are reported, {tried} were tried"
        ));
    }
    let planned: Vec<_> = plan.changes.iter().map(|planned| &planned.id).collect();
    let ended: Vec<_> = outcomes.iter().map(|user| &user.id).collect();
    if planned != ended {
        return Err(format!("planned {planned:?}, outcomes of {ended:?}"));
    }
    for (planned, user) in plan.changes.iter().zip(outcomes) {
        let mut asked = Vec::new();
        if planned.change.upsert().is_some() || matches!(planned.change, Change::Delete { .. }) {
            asked.push(&planned.id);
        }
        if let Change::Move {
            from,
            delete_old: true,
            ..
        } = &planned.change
        {
            asked.push(from);
        }
        let is_applied = matches!(user.outcome, Outcome::Applied { .. });
        let is_answered = |id: &&MemberId| conduct.answered.contains(id.as_str());
        if is_applied && !asked.iter().all(is_answered) {
            return Err(format!("{} counts as applied without an answer", user.id));
        }
        if let Outcome::Failed { message, .. } = &user.outcome
            && message.contains("bug")
        {
            return Err(format!("{}: {message}", user.id));
        }
    }
    Ok(())
}

/// Checks a run with nothing to do that replaced the state: it had something to clean up.
pub(crate) fn check_cleaned(before: Option<&[u8]>) -> Result<(), String> {
    let state = before.and_then(|bytes| talkform::state::parse(bytes).ok());
    if state.is_some_and(|state| !state.rejected.is_empty()) {
        return Ok(());
    }
    Err("a run with nothing to do replaced the state".to_owned())
}

/// The end of a run in one line.
pub(crate) fn brief(ended: &Ended) -> String {
    match ended {
        Ended::Nothing => "nothing to do".to_owned(),
        Ended::Refused(why) => format!("refused: {why}"),
        Ended::Applied {
            plan,
            outcomes,
            saved,
            ..
        } => {
            let changes = plan.changes.iter().map(|planned| &planned.change);
            let actions: Vec<_> = changes.map(|change| change.action().as_str()).collect();
            format!("{actions:?} {outcomes:?}, saved: {saved:?}")
        }
    }
}
