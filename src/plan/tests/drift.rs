//! Checks what counts as drift: one applied user, one change on Channel a row.

use std::collections::BTreeMap;

use crate::model::{
    Attributes, Declared, Desired, FieldDriftKind, FieldPath, Language, Number, Observed,
    ProfileKey, RemoteUser, StopCause, Tags, Unread, UserDrift, UserDriftKind, Value,
};
use crate::plan::compare::differing;
use crate::plan::drift::{DriftCollector, DriftReport};
use crate::plan::tests::build::{Users, desired, id, key, recorded};

fn texts(items: &[&str]) -> Value {
    Value::Texts(items.iter().map(|item| (*item).to_owned()).collect())
}

fn key_of(text: &str) -> ProfileKey {
    text.into()
}

/// The applied user.
fn declared() -> Attributes {
    let set = |value: Value| Declared::Set(value);
    Attributes {
        language: Language::new("ko"),
        profile: [
            ("plan".into(), set("pro".into())),
            ("seats".into(), set(5.into())),
            ("trial".into(), set(true.into())),
            (
                "sizes".into(),
                set(Value::Numbers(vec![1.into(), 2.into()].into())),
            ),
            ("list".into(), set(texts(&["a", "b"]))),
            ("mobileNumber".into(), set("+821012345678".into())),
            ("betaUntil".into(), Declared::Clear),
        ]
        .into(),
        profile_once: [("utmSource".into(), "naver".into())].into(),
        tags: Some(["beta".to_owned(), "vip/gold".to_owned()].into()),
        unsubscribed: None,
        unsubscribe_email: Some(false),
        unsubscribe_texting: Some(true),
    }
}

/// What Channel has after the apply.
fn as_applied() -> Observed {
    let declared = declared();
    let mut profile: BTreeMap<ProfileKey, Value> = declared.profile_once.into_iter().collect();
    for (key, declared) in declared.profile {
        if let Declared::Set(value) = declared {
            profile.insert(key, value);
        }
    }
    Observed {
        id: None,
        language: declared.language,
        profile,
        undeclarable: [].into(),
        tags: declared.tags.unwrap_or_default(),
        unsubscribed: None,
        unsubscribe_email: declared.unsubscribe_email,
        unsubscribe_texting: declared.unsubscribe_texting,
    }
}

/// Collects the drift of one user, who is recorded as [`declared`] and declared as `now`.
fn collect(now: Option<&Attributes>, user: Result<RemoteUser, Unread>) -> (DriftReport, bool) {
    let state = recorded(&Users::from([("u-1".to_owned(), declared())]));
    let now = now.map(|now| Users::from([("u-1".to_owned(), now.clone())]));
    let desired = now.map_or_else(Desired::default, |now| desired(&now));
    let key = key();
    let mut collector = DriftCollector {
        state: &state,
        desired: &desired,
        key: &key,
        report: DriftReport::default(),
    };
    let is_as_applied = collector.add(&id("u-1"), user);
    (collector.report.in_order(), is_as_applied)
}

/// `kind path` for each field, or `gone`.
fn words(drift: &UserDrift) -> Vec<String> {
    match &drift.difference {
        UserDriftKind::Gone => vec!["gone".to_owned()],
        UserDriftKind::Fields { fields, .. } => {
            let fields = fields.iter();
            fields
                .map(|field| {
                    let kind = match field.kind {
                        FieldDriftKind::Changed { .. } => "changed",
                        FieldDriftKind::Missing { .. } => "missing",
                        FieldDriftKind::Returned { .. } => "returned",
                        FieldDriftKind::Consent { .. } => "consent",
                    };
                    format!("{kind} {}", field.path)
                })
                .collect()
        }
    }
}

fn present(edit: impl FnOnce(&mut Observed)) -> RemoteUser {
    let mut user = as_applied();
    edit(&mut user);
    RemoteUser::Present(Box::new(user))
}

fn set(user: &mut Observed, key: &str, value: impl Into<Value>) {
    user.profile.insert(key.into(), value.into());
}

type Edit = fn(&mut Observed);

/// What happens to the user on Channel, and the drift that it is.
const ROWS: &[(&str, Edit, &[&str])] = &[
    ("nothing", |_| {}, &[]),
    (
        "a text changed",
        |user| set(user, "plan", "free"),
        &["changed profile.plan"],
    ),
    (
        "a number changed",
        |user| set(user, "seats", -1),
        &["changed profile.seats"],
    ),
    (
        "a number written another way",
        |user| {
            let five = Number::new(5.0).expect("finite");
            set(user, "seats", Value::Number(five));
        },
        &[],
    ),
    (
        "a number became a text",
        |user| set(user, "seats", "5"),
        &["changed profile.seats"],
    ),
    (
        "a list in another order",
        |user| set(user, "list", texts(&["b", "a"])),
        &["changed profile.list"],
    ),
    (
        "a value became an object",
        |user| {
            user.profile.remove("sizes");
            user.undeclarable.insert(key_of("sizes"));
        },
        &["changed profile.sizes"],
    ),
    (
        "a key removed",
        |user| drop(user.profile.remove("trial")),
        &["missing profile.trial"],
    ),
    (
        "a cleared key set again",
        |user| set(user, "betaUntil", "2027"),
        &["returned profile.betaUntil"],
    ),
    (
        "a cleared key became an object",
        |user| {
            user.undeclarable.insert(key_of("betaUntil"));
        },
        &["returned profile.betaUntil"],
    ),
    (
        "tags changed",
        |user| user.tags = ["beta".to_owned()].into(),
        &["changed tags"],
    ),
    (
        "tags emptied",
        |user| user.tags = Tags::default(),
        &["changed tags"],
    ),
    (
        "a phone number changed",
        |user| set(user, "mobileNumber", "+821012345679"),
        &["changed profile.mobileNumber"],
    ),
    ("an undeclared key", |user| set(user, "extra", "more"), &[]),
    (
        "a profileOnce value removed",
        |user| drop(user.profile.remove("utmSource")),
        &["missing profileOnce.utmSource"],
    ),
    (
        "a profileOnce value changed",
        |user| set(user, "utmSource", "google"),
        &[],
    ),
    (
        "a profileOnce value became an object",
        |user| {
            user.profile.remove("utmSource");
            user.undeclarable.insert(key_of("utmSource"));
        },
        &[],
    ),
    (
        "the person opted out",
        |user| user.unsubscribe_email = Some(true),
        &["consent unsubscribeEmail"],
    ),
    (
        "the person opted in",
        |user| user.unsubscribe_texting = Some(false),
        &["consent unsubscribeTexting"],
    ),
    (
        "a flag is not shown",
        |user| user.unsubscribe_email = None,
        &[],
    ),
    (
        "an undeclared flag",
        |user| user.unsubscribed = Some(true),
        &[],
    ),
    (
        "the person opted out, and a text changed",
        |user| {
            user.unsubscribe_email = Some(true);
            set(user, "plan", "free");
        },
        &["changed profile.plan", "consent unsubscribeEmail"],
    ),
];

#[test]
fn drift_is_exactly_what_happened() {
    let fields = declared().fields().count();
    for (name, edit, expected) in ROWS {
        // The values behind digests come from the manifests; without them the drift is the same.
        for now in [Some(declared()), None] {
            let (report, is_as_applied) = collect(now.as_ref(), Ok(present(edit)));
            let found: Vec<_> = report.drift.iter().flat_map(words).collect();
            assert_eq!(found, *expected, "{name}");
            assert_eq!(is_as_applied, expected.is_empty(), "{name}");
            assert_eq!(report.has_drift(), !expected.is_empty(), "{name}");
            assert_eq!(
                report.as_applied,
                usize::from(expected.is_empty()),
                "{name}"
            );
            let silent = usize::from(*name == "a flag is not shown");
            assert_eq!(report.not_shown, silent, "{name}");
            for user in &report.drift {
                assert_eq!(user.origin.is_some(), now.is_some(), "{name}");
                if let UserDriftKind::Fields { same, .. } = user.difference {
                    assert_eq!(same, fields - expected.len(), "{name}");
                }
            }
        }
    }
}

/// A field that Channel already has as the manifest declares it by now is no drift, but the user has to be
/// read again.
#[test]
fn a_value_as_declared_since_is_no_drift() {
    let now = Attributes {
        profile: [(key_of("plan"), Declared::Set("free".into()))].into(),
        ..declared()
    };
    let (report, is_as_applied) =
        collect(Some(&now), Ok(present(|user| set(user, "plan", "free"))));
    assert!(!report.has_drift() && !is_as_applied);
    assert_eq!(report.as_applied, 1);

    let (report, _) = collect(Some(&now), Ok(present(|user| set(user, "plan", "team"))));
    assert_eq!(
        report.drift.iter().flat_map(words).collect::<Vec<_>>(),
        ["changed profile.plan"]
    );
}

#[test]
fn users_that_cannot_be_compared_are_counted_by_kind() {
    let now = declared();
    let (report, is_as_applied) = collect(Some(&now), Ok(RemoteUser::Missing));
    assert_eq!(
        report.drift.iter().flat_map(words).collect::<Vec<_>>(),
        ["gone"]
    );
    assert!(!is_as_applied);

    let message = "503 Service Unavailable".to_owned();
    let (report, is_as_applied) = collect(
        Some(&now),
        Err(Unread::Failed {
            message: message.clone(),
        }),
    );
    assert_eq!(report.failed, [(id("u-1"), message)]);
    assert!(!report.has_drift() && !is_as_applied && report.skipped == 0);

    let cause = StopCause::Interrupted;
    let (report, is_as_applied) = collect(Some(&now), Err(Unread::Skipped { cause }));
    assert_eq!(report.skipped, 1);
    assert!(!report.has_drift() && !is_as_applied && report.failed.is_empty());
}

/// The same rows, seen from the manifests: which declared fields Channel does not have as declared.
#[test]
fn a_declared_field_differs_exactly_where_it_drifted_or_is_not_shown() {
    for (name, edit, expected) in ROWS {
        let mut user = as_applied();
        edit(&mut user);
        let found: Vec<FieldPath> = differing(&declared(), &user);
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        let mut paths: Vec<&str> = expected
            .iter()
            .filter_map(|word| word.split(' ').nth(1))
            .collect();
        if *name == "a flag is not shown" {
            paths.push("unsubscribeEmail");
        }
        assert_eq!(found, paths, "{name}");
    }
}
