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
    /// Whether the digest covers values. Without a state there is no salt, so whoever reads the digest could try
    /// values against it: it then covers the ids, the actions and the fields alone.
    fn covers_values(&self) -> bool {
        !self.lineage.is_empty()
    }
}

/// SHA-256 over destination, lineage, serial and every change, by id.
pub(crate) fn of_plan<'a>(
    subject: Subject<'_>,
    changes: impl Iterator<Item = (&'a MemberId, ChangeLine)>,
) -> PlanDigest {
    let covers_values = subject.covers_values();
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
        hasher.add(id.as_str().as_bytes());
        add_line(&mut hasher, &line, covers_values);
    }
    hasher.finish()
}

fn add_line(hasher: &mut PartsHasher, line: &ChangeLine, covers_values: bool) {
    let ChangeLine {
        action,
        from,
        from_digest,
        delete_old,
        digest,
        fields,
    } = line;
    hasher.add(action.as_str().as_bytes());
    add_optional(hasher, from.as_ref().map(|from| from.as_str().as_bytes()));
    let from_digest = from_digest.as_ref().filter(|_| covers_values);
    add_optional(hasher, from_digest.map(|digest| &digest.as_bytes()[..]));
    hasher.add(&[u8::from(*delete_old)]);
    add_optional(hasher, covers_values.then_some(&digest.as_bytes()[..]));
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
