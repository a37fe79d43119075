//! Lists the names of fields in a manifest, and the profile keys that Channel documents.

/// The only `apiVersion` of manifests and project files.
pub(crate) const API_VERSION: &str = "talkform/v1";

/// The fields at the top of every document.
pub(crate) const HEADER: [&str; 2] = ["apiVersion", "kind"];

/// The fields of a `UserList` document.
pub(crate) const LIST: [&str; 5] = ["apiVersion", "kind", "defaults", "moved", "users"];

/// The fields of a user.
pub(crate) const USER: [&str; 8] = [
    "memberId",
    "language",
    "profile",
    "profileOnce",
    "tags",
    "unsubscribed",
    "unsubscribeEmail",
    "unsubscribeTexting",
];

/// The fields of an entry of `moved`.
pub(crate) const MOVE: [&str; 2] = ["from", "to"];

/// The profile keys that Channel documents, each with a type of its own.
pub(crate) const DOCUMENTED_KEYS: [&str; 9] = [
    "name",
    "firstName",
    "lastName",
    "email",
    "avatarUrl",
    "mobileNumber",
    "landlineNumber",
    "recentPurchaseCount",
    "recentPurchaseAmount",
];

/// Whether a text is one of these names, which are never personal.
pub(crate) fn is_field_name(text: &str) -> bool {
    [&HEADER[..], &LIST, &USER, &MOVE, &DOCUMENTED_KEYS]
        .iter()
        .any(|names| names.contains(&text))
}
