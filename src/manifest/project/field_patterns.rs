//! Checks the patterns of `public` and `sensitive`: whether they can cover a field, and whether they do.

use std::collections::HashSet;

use crate::model::visibility::key_words;
use crate::model::visibility::patterns::folded;
use crate::model::{Diagnostic, FieldPath, FieldPattern, Origin, Project};

use crate::manifest::field_names::DOCUMENTED_KEYS;
use crate::manifest::problem::wording::{closest_name, key_in_backticks, shown_key};

/// Why a pattern cannot match any field, and what to write instead; `None` if it can.
pub(crate) fn refusal(pattern: &str) -> Option<(String, String)> {
    let bare = folded(pattern.trim());
    let is_key = ["profile.", "profileonce."]
        .iter()
        .any(|map| bare.strip_prefix(map).is_some_and(|key| !key.is_empty()));
    let is_field = [
        "memberid",
        "language",
        "tags",
        "unsubscribed",
        "unsubscribeemail",
        "unsubscribetexting",
    ];
    if is_key || pattern.contains(['*', '?']) || is_field.contains(&&*bare) {
        return None;
    }
    Some((
        format!(
            "{} is not a field of a user, so it covers nothing",
            key_in_backticks(pattern)
        ),
        format!("did you mean profile.{}?", shown_key(pattern.trim())),
    ))
}

/// Warnings about patterns that do nothing: they cover none of these fields, they cannot cover any, or they
/// call public what is hidden whatever a project says. `fields` are those of the manifests; they are read
/// only as far as necessary.
pub fn warnings(project: &Project, fields: impl IntoIterator<Item = FieldPath>) -> Vec<Diagnostic> {
    let public = project.public.iter().map(|pattern| ("public", pattern));
    let sensitive = project.sensitive.iter();
    let all: Vec<_> = public
        .chain(sensitive.map(|pattern| ("sensitive", pattern)))
        .collect();
    let mut warnings: Vec<Diagnostic> = Vec::new();
    let mut unmet = Vec::new();
    for (setting, pattern) in all {
        match static_warning(setting, pattern) {
            Some(warning) => warnings.push(warning),
            None if is_met_by_itself(pattern) => {}
            None => unmet.push((setting, pattern)),
        }
    }
    let mut fields = fields.into_iter();
    let mut known = HashSet::new();
    while !unmet.is_empty()
        && let Some(field) = fields.next()
    {
        if !known.contains(&field) {
            unmet.retain(|(_, pattern)| !pattern.covers(&field));
            known.insert(field);
        }
    }
    let mut keys: Vec<&str> = known.iter().filter_map(FieldPath::key).collect();
    keys.sort_unstable();
    warnings.extend(unmet.into_iter().map(|(setting, pattern)| {
        let key = pattern.text.rsplit('.').next().unwrap_or_default();
        let message = format!(
            "no manifest has a key that {} covers",
            key_in_backticks(&pattern.text)
        );
        let warning = warning("pattern-covers-nothing", setting, pattern, message);
        match closest_name(key, &keys).filter(|_| !pattern.text.contains(['*', '?'])) {
            Some(near) => warning.hint(format!("did you mean profile.{near}?")),
            None => warning.hint("correct it, or remove it"),
        }
    }));
    warnings
}

/// A warning for which no manifest is needed.
fn static_warning(setting: &'static str, pattern: &FieldPattern) -> Option<Diagnostic> {
    let text = &pattern.text;
    if text.contains(char::is_whitespace) {
        let message = format!(
            "{} holds white space, and no key does, so it covers nothing",
            key_in_backticks(text)
        );
        let warning = warning("pattern-covers-nothing", setting, pattern, message);
        return Some(warning.hint("remove the white space"));
    }
    if setting == "public" && folded(text) == "memberid" {
        let message = "`memberId` is shown unless `sensitive` lists it".to_owned();
        let warning = warning("public-without-effect", setting, pattern, message);
        return Some(warning.hint("remove it"));
    }
    let field: FieldPath = text.parse().ok()?;
    let key = field.key()?;
    if text.contains(['*', '?']) {
        return None;
    }
    if setting == "public" && key_words::looks_personal(key) {
        let message = format!(
            "{} looks personal, so it is hidden whatever `public` says",
            key_in_backticks(text)
        );
        let warning = warning("public-without-effect", setting, pattern, message);
        return Some(
            warning.hint("remove it; --show-sensitive shows every value on your own screen"),
        );
    }
    let documented = DOCUMENTED_KEYS
        .iter()
        .find(|documented| folded(documented) == folded(key))?;
    (*documented != key).then(|| {
        let message = format!("Channel writes this key `{documented}`");
        warning("pattern-spelling", setting, pattern, message)
            .hint(format!("did you mean profile.{documented}?"))
    })
}

/// Whether a pattern covers ids or a field that every project has, or names a key of Channel itself.
fn is_met_by_itself(pattern: &FieldPattern) -> bool {
    if pattern.covers_member_ids() {
        return true;
    }
    let own = [
        FieldPath::Language,
        FieldPath::Tags,
        FieldPath::UnsubscribeEmail,
        FieldPath::UnsubscribeTexting,
        FieldPath::Unsubscribed,
    ];
    let documented = DOCUMENTED_KEYS
        .iter()
        .map(|key| FieldPath::Profile((*key).into()));
    let mut fields = own.into_iter().chain(documented);
    fields.any(|field| pattern.covers(&field))
}

fn warning(
    code: &'static str,
    setting: &'static str,
    pattern: &FieldPattern,
    message: String,
) -> Diagnostic {
    let origin = pattern.origin.clone();
    let origin = origin.unwrap_or_else(|| Origin::file("talkform.yaml"));
    Diagnostic {
        path: setting.to_owned(),
        ..Diagnostic::warning(code, origin, message)
    }
}
