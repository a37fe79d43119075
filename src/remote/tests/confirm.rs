//! Tests how a user that Channel shows is compared with what was declared.

use std::collections::BTreeSet;

use serde_json::json;

use crate::model::{Attributes, Declared, Number, Upsert, Value};
use crate::remote::answered::AnsweredUser;
use crate::remote::confirm::unconfirmed;

#[test]
fn what_channel_did_not_take_is_found() {
    let number = |n| Value::Number(Number::new(n).expect("finite"));
    let sent = Upsert(Attributes {
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
                Declared::Set(Value::Texts(vec!["b".into(), "a".into()])),
            ),
        ]
        .into(),
        profile_once: [("kept".into(), "mine".into()), ("lost".into(), "x".into())].into(),
        tags: Some(["a".to_owned(), "b".to_owned()].into()),
        unsubscribed: Some(true),
        unsubscribe_email: Some(false),
        unsubscribe_texting: None,
    });
    let body = json!({"user": {
        "profile": {
            "same": "a", "other": "b", "one": 1.0, "mobileNumber": "+82 10-1234-5678", "stays": 1,
            "gone": null, "list": ["b", "a"], "kept": "theirs", "more": "fields"
        },
        "tags": ["B", "A"], "unsubscribed": false, "unsubscribeEmail": false
    }});
    let answered = AnsweredUser::read(body.to_string().as_bytes()).expect("a user");
    let missing: Vec<String> = unconfirmed(&sent, Some(&answered))
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        missing,
        [
            "profile.missing",
            "profile.other",
            "profile.stays",
            "profileOnce.lost",
            "unsubscribed"
        ]
    );
    assert_eq!(unconfirmed(&sent, None).len(), 13);
    assert_eq!(unconfirmed(&Upsert::default(), None), BTreeSet::new());
}

#[test]
fn an_answer_without_a_profile_confirms_what_was_cleared() {
    let sent = Upsert(Attributes {
        profile: [("gone".into(), Declared::Clear)].into(),
        tags: Some(BTreeSet::new()),
        ..Attributes::default()
    });
    let answered = AnsweredUser::read(br#"{"user":{}}"#).expect("a user");
    assert!(unconfirmed(&sent, Some(&answered)).is_empty());
}
