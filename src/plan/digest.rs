//! Computes the digest that identifies a plan.

use crate::model::{ApiChange, Destination, MemberId, PartsHasher, PlanDigest};
use crate::plan::change_line::ChangeLine;

/// What a digest covers besides the changes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    /// Where an apply sends the users.
    pub(crate) destination: &'a Destination,
    /// The step to another API version.
    pub(crate) api: Option<ApiChange>,
    /// The lineage of the state; empty before the first apply.
    pub(crate) lineage: &'a str,
    /// The serial of the state.
    pub(crate) serial: u64,
}

impl Subject<'_> {
    /// Whether the digest covers ids and values. Without a state there is no salt, so whoever reads the digest could
    /// try values against it, and ids where they are hidden: it then covers the actions and the fields alone.
    fn is_salted(&self) -> bool {
        !self.lineage.is_empty()
    }
}

/// SHA-256 over destination, lineage, serial and every change, by id.
pub(crate) fn of_plan<'a>(
    subject: Subject<'_>,
    changes: impl Iterator<Item = (&'a MemberId, ChangeLine)>,
) -> PlanDigest {
    let is_salted = subject.is_salted();
    let Subject {
        destination,
        api,
        lineage,
        serial,
    } = subject;
    let Destination {
        base_url,
        channel_id,
        api: version,
        environment,
    } = destination;
    let mut hasher = PartsHasher::default();
    hasher.add(b"talkform plan 1");
    hasher.add(base_url.as_bytes());
    add_optional(
        &mut hasher,
        channel_id.as_ref().map(|id| id.as_str().as_bytes()),
    );
    hasher.add(version.as_str().as_bytes());
    add_optional(&mut hasher, environment.as_deref().map(str::as_bytes));
    add_optional(
        &mut hasher,
        api.map(|step| step.to_string())
            .as_deref()
            .map(str::as_bytes),
    );
    hasher.add(lineage.as_bytes());
    hasher.add(&serial.to_le_bytes());
    for (id, line) in changes {
        add_optional(&mut hasher, is_salted.then_some(id.as_str().as_bytes()));
        add_line(&mut hasher, &line, is_salted);
    }
    hasher.finish()
}

fn add_line(hasher: &mut PartsHasher, line: &ChangeLine, is_salted: bool) {
    let ChangeLine {
        action,
        from,
        from_digest,
        delete_old,
        digest,
        fields,
    } = line;
    hasher.add(action.as_str().as_bytes());
    let from = from.as_ref().filter(|_| is_salted);
    add_optional(hasher, from.map(|from| from.as_str().as_bytes()));
    let from_digest = from_digest.as_ref().filter(|_| is_salted);
    add_optional(hasher, from_digest.map(|digest| &digest.as_bytes()[..]));
    hasher.add(&[u8::from(*delete_old)]);
    add_optional(hasher, is_salted.then_some(&digest.as_bytes()[..]));
    hasher.add(&fields.len().to_le_bytes());
    for field in fields {
        hasher.add(field.as_bytes());
    }
}

/// Adds a part that may be missing, so that a missing one and an empty one differ.
fn add_optional(hasher: &mut PartsHasher, part: Option<&[u8]>) {
    hasher.add(&[u8::from(part.is_some())]);
    hasher.add(part.unwrap_or_default());
}
