//! Plans an edit of applied manifests, and returns the text of the plan.

use talkform::model::{ApiVersion, RemovedPolicy, RemovedUsers};
use talkform::render::{KnownUsers, PlanView, TextOptions, plan as plan_renderer};

use crate::planning::{Planning, open, users};

/// The text of the plan that leads from applied manifests to edited ones; digests are cut.
pub(crate) fn check_with(planning: &Planning, before: &str, after: &str) -> String {
    let state = planning.recorded(&users(before));
    let plan = planning.plan(&users(after), &state);
    let visibility = open();
    let view = PlanView::new(&plan, &visibility, KnownUsers::default());
    let mut text = String::new();
    plan_renderer::text::write(&mut text, &view, &TextOptions::default()).expect("a text");
    let mut parts = text.split("sha256:");
    let mut cut = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (digest, rest) = part.split_at(64);
        assert!(digest.bytes().all(|byte| byte.is_ascii_hexdigit()));
        cut.push_str("sha256:…");
        cut.push_str(rest);
    }
    cut
}

/// One user's fields, before and after.
pub(crate) fn check(before: &str, after: &str) -> String {
    let user =
        |fields: &str| format!("apiVersion: talkform/v1\nkind: User\nmemberId: u-1\n{fields}");
    check_with(&Planning::default(), &user(before), &user(after))
}

/// The content of a list, before and after.
pub(crate) fn check_list(planning: &Planning, before: &str, after: &str) -> String {
    let list = |content: &str| format!("apiVersion: talkform/v1\nkind: UserList\n{content}");
    check_with(planning, &list(before), &list(after))
}

pub(crate) fn deleting() -> Planning {
    Planning {
        removed: RemovedPolicy {
            users: RemovedUsers::Delete,
            ..RemovedPolicy::default()
        },
        ..Planning::default()
    }
}

pub(crate) fn on_v5() -> Planning {
    Planning {
        api: ApiVersion::V5,
        ..Planning::default()
    }
}
