//! Tests how a user that Channel shows is compared with what was declared.

use std::collections::BTreeSet;

use serde_json::json;

use crate::model::{Attributes, Consent, Declared, FieldPath, Number, Tags, Upsert, Value};
use crate::remote::confirm::{Confirmation, confirm};
use crate::remote::response_user::ResponseUser;

fn texts(paths: &BTreeSet<FieldPath>) -> Vec<String> {
    paths.iter().map(ToString::to_string).collect()
}

#[test]
fn what_channel_did_not_take_is_found() {
    let number = |n| Value::Number(Number::new(n).expect("finite"));
    let sent = Upsert::from(Attributes {
        profile: [
            ("same".into(), Declared::Set("a".into())),
            ("other".into(), Declared::Set("a".into())),
            ("missing".into(), Declared::Set(true.into())),
            ("one".into(), Declared::Set(number(1.0))),
            ("mobileNumber".into(), Declared::Set("+821012345678".into())),
            ("gone".into(), Declared::Clear),
            ("stays".into(), Declared::Clear),
            (
                "list".into(),
                Declared::Set(Value::Texts(vec!["b".into(), "a".into()].into())),
            ),
        ]
        .into(),
        profile_once: [("kept".into(), "mine".into()), ("lost".into(), "x".into())].into(),
        tags: Some(["a".to_owned(), "b".to_owned()].into()),
        ..Attributes::default()
    });
    let body = json!({"user": {
        "profile": {
            "same": "a", "other": "b", "one": 1.0, "mobileNumber": "+82 10-1234-5678", "stays": 1,
            "gone": null, "list": ["b", "a"], "kept": "theirs", "more": "fields"
        },
        "tags": ["B", "A"]
    }});
    let shown = ResponseUser::read(body.to_string().as_bytes()).expect("a user");
    let found = confirm(&sent, Consent::default(), &shown);
    assert_eq!(
        texts(&found.different),
        [
            "profile.missing",
            "profile.other",
            "profile.stays",
            "profileOnce.lost",
        ]
    );
    assert_eq!(found.unconfirmed(), found.different);

    let empty = ResponseUser::read(br#"{"user":{}}"#).expect("a user");
    let found = confirm(&sent, Consent::default(), &empty);
    assert_eq!(found.different.len(), 9, "all but what was cleared");
    let found = confirm(&Upsert::default(), Consent::default(), &empty);
    assert_eq!(found, Confirmation::default());
}

/// Every case of a flag: what is declared, whether it was sent, what Channel shows.
#[test]
fn a_flag_that_was_not_sent_is_compared_too() {
    let (same, different, not_shown, kept) = ("same", "different", "not shown", "kept");
    let cases = [
        (None, false, Some(true), same),
        (None, false, None, same),
        (Some(true), true, Some(true), same),
        (Some(true), true, Some(false), different),
        (Some(true), true, None, not_shown),
        (Some(true), false, Some(true), same),
        (Some(true), false, Some(false), different),
        (Some(true), false, None, not_shown),
        (Some(false), true, Some(false), same),
        (Some(false), true, Some(true), different),
        (Some(false), true, None, not_shown),
        (Some(false), false, Some(false), same),
        (Some(false), false, Some(true), kept),
        (Some(false), false, None, same),
    ];
    for (declared, is_sent, found, expected) in cases {
        let flags = |flag| Attributes {
            unsubscribed: flag,
            unsubscribe_email: flag,
            unsubscribe_texting: flag,
            ..Attributes::default()
        };
        let sent = Upsert::from(flags(declared.filter(|_| is_sent)));
        let shown = ResponseUser {
            unsubscribed: found,
            unsubscribe_email: found,
            unsubscribe_texting: found,
            ..ResponseUser::default()
        };
        let confirmation = confirm(&sent, flags(declared).consent(), &shown);
        let counts = [
            confirmation.different.len(),
            confirmation.not_shown.len(),
            confirmation.kept_consent.len(),
        ];
        let three_in = |word| if expected == word { 3 } else { 0 };
        let expected = [different, not_shown, kept].map(three_in);
        assert_eq!(counts, expected, "{declared:?} {is_sent} {found:?}");
    }
}

#[test]
fn an_answer_without_a_profile_confirms_what_was_cleared() {
    let sent = Upsert::from(Attributes {
        profile: [("gone".into(), Declared::Clear)].into(),
        tags: Some(Tags::default()),
        ..Attributes::default()
    });
    let shown = ResponseUser::read(br#"{"user":{}}"#).expect("a user");
    let found = confirm(&sent, Consent::default(), &shown);
    assert_eq!(found, Confirmation::default());
}
