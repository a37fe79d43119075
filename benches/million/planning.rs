//! Plans with the settings of a project, for all benches.

use talkform::model::{Desired, Destination, DigestKey, Limits, Plan, Project, Selection, State};
use talkform::plan::{Context, plan};

pub fn plan_for(desired: &Desired, state: &State, key: &DigestKey, project: &Project) -> Plan {
    let context = Context {
        key,
        removed: project.removed,
        limits: &Limits::default(),
        selection: &Selection::default(),
        base: None,
        destination: &Destination::of(&project.channel, None),
        observed: None,
    };
    plan(desired, state, &context)
}
