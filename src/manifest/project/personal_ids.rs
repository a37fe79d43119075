//! Warns about member ids that look personal while the project shows ids.

use crate::model::visibility::personal_value::looks_personal;
use crate::model::{Desired, Diagnostic, Project};

/// One warning for all ids that look personal, at the first of them. It does not repeat an id.
pub fn personal_id_warning(project: &Project, desired: &Desired) -> Option<Diagnostic> {
    if project.sensitive.cover_member_ids() {
        return None;
    }
    let users = desired.users.iter();
    let personal = users.filter(|(id, _)| looks_personal(id.as_str()));
    let places: Vec<_> = personal.map(|(_, user)| &user.origin).collect();
    let first = *places.iter().min()?;
    let count = places.len();
    let ids = if count == 1 {
        "a member id looks".to_owned()
    } else {
        format!("{count} member ids look")
    };
    let message = format!(
        "{ids} like an e-mail address, a phone number or a resident number; plans, comments and logs show ids"
    );
    let warning = Diagnostic {
        path: "memberId".to_owned(),
        ..Diagnostic::warning("personal-member-id", first.clone(), message)
    };
    Some(warning.hint(
        "use ids that say nothing about the person, or hide them: add memberId to `sensitive` in talkform.yaml",
    ))
}
