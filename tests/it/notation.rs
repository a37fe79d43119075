//! Checks that values settle that Channel keeps in its own notation.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};
use talkform::apply::{KeptValue, Outcome, Report};
use talkform::model::{
    ApiVersion, Attributes, Declared, Desired, DesiredUser, FieldPath, FieldValue, Language,
    MemberId, Origin, Plan, Value,
};
use talkform::remote::{Method, Request, Sending, Transport};
use unicode_normalization::UnicodeNormalization;

use crate::consent::world::World;

/// What a Channel does to the texts that it is sent.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is on or off whatever the others are"
)]
#[derive(Clone, Copy, Debug, Default)]
struct Notation {
    trims: bool,
    lowers: bool,
    composes: bool,
    drops_empty: bool,
    /// Keeps a key that is to be cleared, with an empty text.
    empties: bool,
    /// Writes something else each time.
    counts: bool,
    /// How many PUTs after the first one have no effect on texts.
    ignores: usize,
}

impl Notation {
    fn text(self, text: &str, number: usize) -> String {
        let mut text = text.to_owned();
        if self.trims {
            text = text.trim().to_owned();
        }
        if self.lowers {
            text = text.to_lowercase();
        }
        if self.composes {
            text = text.nfc().collect();
        }
        if self.counts {
            text = format!("{text} {number}");
        }
        text
    }

    fn map(self, map: &mut Map<String, Json>, number: usize) {
        if (1..=self.ignores).contains(&number) {
            map.retain(|_, value| !value.is_string());
        }
        for value in map.values_mut() {
            match value {
                Json::String(text) => *text = self.text(text, number),
                Json::Array(items) => {
                    for item in items {
                        if let Json::String(text) = item {
                            *text = self.text(text, number);
                        }
                    }
                }
                _ => {}
            }
        }
        if self.empties {
            for value in map.values_mut().filter(|value| value.is_null()) {
                *value = json!("");
            }
        }
        if self.drops_empty {
            // As a Channel would that removes the key.
            for value in map.values_mut().filter(|value| **value == "") {
                *value = Json::Null;
            }
        }
    }
}

/// A way to Channel on which texts change their notation, as if Channel itself kept them so.
#[derive(Debug)]
struct Notating {
    channel: Arc<dyn Transport>,
    notation: Notation,
    sent: AtomicUsize,
}

impl Transport for Notating {
    fn send<'a>(&'a self, request: &'a Request) -> Sending<'a> {
        Box::pin(async move {
            let mut request = request.clone();
            if request.method == Method::Put
                && let Some(body) = &request.body
            {
                let number = self.sent.fetch_add(1, Ordering::Relaxed);
                let mut body: Json = serde_json::from_slice(body).expect("json");
                if let Some(Json::String(language)) = body.get_mut("language") {
                    *language = self.notation.text(language, number);
                }
                for field in ["profile", "profileOnce"] {
                    if let Some(map) = body.get_mut(field).and_then(Json::as_object_mut) {
                        self.notation.map(map, number);
                        map.retain(|_, value| field == "profile" || !value.is_null());
                    }
                }
                request.body = Some(body.to_string().into_bytes());
            }
            self.channel.send(&request).await
        })
    }
}

const API: ApiVersion = ApiVersion::V5;

fn world(notation: Notation) -> World {
    World::through(|channel| {
        Arc::new(Notating {
            channel,
            notation,
            sent: AtomicUsize::new(0),
        })
    })
}

fn id(number: usize) -> MemberId {
    MemberId::new(&format!("u-{number}")).expect("an id")
}

fn desired(users: &[Attributes]) -> Desired {
    let users = users.iter().enumerate();
    Desired {
        users: users
            .map(|(number, attributes)| {
                let user = DesiredUser {
                    attributes: attributes.clone().into(),
                    origin: Origin::file("users.yaml"),
                };
                (id(number), user)
            })
            .collect(),
        ..Desired::default()
    }
}

fn plan(world: &World, desired: &Desired, refresh: bool) -> Plan {
    let plan = world.plan(
        desired,
        API,
        talkform::model::RemovedPolicy::default(),
        refresh,
    );
    plan.expect("Channel answers")
}

/// Plans and applies, as `apply --refresh` does.
fn apply(world: &mut World, desired: &Desired) -> Report {
    let mut plan = plan(world, desired, true);
    world.apply(&mut plan, desired, API).0
}

/// No text that nobody called public is in the report.
fn shows_no_text(report: &Report) -> bool {
    report.outcomes.iter().all(|user| match &user.outcome {
        Outcome::Applied { instead, .. } => instead.newly_kept.values().all(|value| match value {
            KeptValue::Value(Value::Text(text)) => text.is_empty(),
            KeptValue::Value(Value::Texts(texts)) => texts.iter().all(String::is_empty),
            _ => true,
        }),
        _ => true,
    })
}

/// The fields that this run has found to be kept in another notation.
fn newly_kept(report: &Report) -> BTreeSet<(MemberId, FieldPath)> {
    let mut kept = BTreeSet::new();
    for user in &report.outcomes {
        if let Outcome::Applied { instead, .. } = &user.outcome {
            let paths = instead.newly_kept.keys();
            kept.extend(paths.map(|path| (user.id.clone(), path.clone())));
        }
    }
    kept
}

/// Every declared text, with what a Channel of this notation keeps; `None` for nothing.
fn otherwise(
    users: &[Attributes],
    notation: Notation,
) -> BTreeMap<(MemberId, FieldPath), Option<Value>> {
    let mut otherwise = BTreeMap::new();
    for (number, attributes) in users.iter().enumerate() {
        for (path, value) in attributes.fields() {
            let is_once = matches!(path, FieldPath::ProfileOnce(_));
            let kept = match value {
                FieldValue::Value(Value::Text(text)) => {
                    let kept = notation.text(text, 0);
                    (!(notation.drops_empty && kept.is_empty())).then_some(Value::Text(kept))
                }
                FieldValue::Value(Value::Texts(texts)) => {
                    let kept = texts.iter().map(|text| notation.text(text, 0));
                    Some(Value::Texts(kept.collect()))
                }
                _ => continue,
            };
            // Of `profileOnce`, any value counts.
            if kept != value.to_value() && !(is_once && kept.is_some()) {
                otherwise.insert((id(number), path), kept);
            }
        }
    }
    otherwise
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just(" Kim ".to_owned()),
        Just("Cafe\u{301}".to_owned()),
        Just("김서연".nfd().collect()),
        "[ A-Za-z]{0,6}",
    ]
}

fn attributes() -> impl Strategy<Value = Attributes> {
    (
        text(),
        text(),
        proptest::collection::vec(text(), 0..3),
        text(),
    )
        .prop_map(|(name, note, labels, source)| Attributes {
            language: Language::new("KO"),
            profile: [
                ("name".into(), Declared::Set(Value::Text(name))),
                ("note".into(), Declared::Set(Value::Text(note))),
                ("labels".into(), Declared::Set(labels.into())),
                ("trial".into(), Declared::Clear),
            ]
            .into(),
            profile_once: [("source".into(), Value::Text(source))].into(),
            tags: Some(["vip".to_owned()].into()),
            unsubscribed: None,
            unsubscribe_email: Some(true),
            unsubscribe_texting: None,
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever the notation: after two applies nothing is left to do, each field was reported once, and the state
    /// names what Channel keeps.
    #[test]
    fn a_notation_settles(
        users in proptest::collection::vec(attributes(), 1..4),
        (trims, lowers, composes, drops_empty) in any::<(bool, bool, bool, bool)>(),
    ) {
        let notation = Notation { trims, lowers, composes, drops_empty, ..Notation::default() };
        let expected = otherwise(&users, notation);
        let mut world = world(notation);
        let wanted = desired(&users);
        let first = apply(&mut world, &wanted);
        prop_assert!(newly_kept(&first).is_empty());
        let unconfirmed = plan(&world, &wanted, false).unconfirmed;
        prop_assert_eq!(unconfirmed.users > 0, !expected.is_empty());

        let second = apply(&mut world, &wanted);
        let reported: Vec<_> = newly_kept(&second).into_iter().collect();
        prop_assert_eq!(reported, expected.keys().cloned().collect::<Vec<_>>());
        prop_assert_eq!(second.different(), 0);
        prop_assert!(shows_no_text(&second));
        for refresh in [false, true] {
            let plan = plan(&world, &wanted, refresh);
            prop_assert!(plan.is_empty(), "{:?}", plan.changes);
            prop_assert_eq!(plan.unconfirmed.users, 0);
        }
        let state = world.state(API);
        for ((id, path), kept) in &expected {
            let value = kept.as_ref().map_or(FieldValue::Clear, FieldValue::Value);
            let recorded = state.users[id].kept_as(path);
            prop_assert_eq!(recorded, Some(World::key().for_user(id).field(path, value)));
        }

        // An edit of another field sends them again, and nothing is reported again.
        let mut edited = users.clone();
        edited[0].tags = Some(["gold".to_owned()].into());
        let wanted = desired(&edited);
        let third = apply(&mut world, &wanted);
        prop_assert_eq!(third.requests, 1);
        prop_assert!(newly_kept(&third).is_empty());
        prop_assert_eq!(third.different(), 0);
        prop_assert!(plan(&world, &wanted, true).is_empty());

        // What a person then writes on Channel is drift.
        world.put(&id(0), &json!({ "profile": { "name": "of a person" } }), API);
        prop_assert_eq!(plan(&world, &wanted, true).changes.len(), 1);
        prop_assert_eq!(apply(&mut world, &wanted).requests, 1);
        prop_assert!(plan(&world, &wanted, true).is_empty());
    }
}

fn one_user(name: &str) -> Desired {
    desired(&[Attributes {
        profile: [("name".into(), Declared::Set(name.into()))].into(),
        ..Attributes::default()
    }])
}

#[test]
fn a_channel_that_answers_otherwise_each_time_never_settles() {
    let mut world = world(Notation {
        counts: true,
        ..Notation::default()
    });
    let wanted = one_user("Kim");
    for _ in 0..4 {
        let report = apply(&mut world, &wanted);
        assert_eq!((report.requests, report.different()), (1, 1));
        assert!(newly_kept(&report).is_empty());
        assert_eq!(plan(&world, &wanted, false).unconfirmed.users, 1);
    }
}

/// A Channel that ignores an edit shows the value before it, which may be in a notation itself. That value is no
/// notation of the new one, however often Channel shows it.
#[test]
fn an_ignored_edit_never_settles() {
    for lowers in [false, true] {
        let mut world = world(Notation {
            lowers,
            ignores: 5,
            ..Notation::default()
        });
        let first = apply(&mut world, &one_user("Pro"));
        assert_eq!(first.different(), usize::from(lowers));
        for name in ["Pro+", "Pro+", "Lee", "Lee", "Lee"] {
            let report = apply(&mut world, &one_user(name));
            assert_eq!((report.requests, report.different()), (1, 1), "{name}");
            assert!(newly_kept(&report).is_empty(), "{name}");
            assert_eq!(plan(&world, &one_user(name), false).unconfirmed.users, 1);
        }
        assert_eq!(apply(&mut world, &one_user("lee")).different(), 0);
        assert!(plan(&world, &one_user("lee"), true).is_empty());
    }
}

/// A blank text and no value stand for each other on some Channels. Each settles after the other.
#[test]
fn blank_values_settle_after_each_other() {
    let note = |declared: Declared| {
        desired(&[Attributes {
            profile: [("name".into(), declared)].into(),
            ..Attributes::default()
        }])
    };
    let blank = |text: &str| note(Declared::Set(text.into()));
    for (notation, before, after) in [
        (
            Notation {
                empties: true,
                ..Notation::default()
            },
            blank(""),
            note(Declared::Clear),
        ),
        (
            Notation {
                drops_empty: true,
                ..Notation::default()
            },
            note(Declared::Clear),
            blank(""),
        ),
        (
            Notation {
                trims: true,
                ..Notation::default()
            },
            blank(""),
            blank(" "),
        ),
    ] {
        let mut world = world(notation);
        assert_eq!(apply(&mut world, &before).requests, 1);
        for (kept, different) in [(0, 1), (1, 0)] {
            let report = apply(&mut world, &after);
            let found = (newly_kept(&report).len(), report.different());
            assert_eq!(found, (kept, different), "{notation:?}");
        }
        assert!(plan(&world, &after, true).is_empty());
    }
}

/// Another value has to be shown twice of its own.
#[test]
fn an_edited_value_settles_anew() {
    let mut world = world(Notation {
        lowers: true,
        ..Notation::default()
    });
    for (name, kept) in [("Kim", 0), ("Kim", 1), ("KIM", 0), ("KIM", 1), ("kim", 0)] {
        let report = apply(&mut world, &one_user(name));
        assert_eq!(newly_kept(&report).len(), kept, "{name}");
    }
    let state = world.state(API);
    assert!(state.users[&id(0)].shown_instead.is_empty());
}

/// Channel keeps an empty text where a key was to be cleared. After two such answers the key counts as cleared, whether
/// it is declared as null or no longer declared at all.
#[test]
fn a_cleared_key_that_channel_keeps_empty_settles() {
    let cleared = desired(&[Attributes {
        profile: [("name".into(), Declared::Clear)].into(),
        ..Attributes::default()
    }]);
    let undeclared = desired(&[Attributes::default()]);
    for after in [cleared, undeclared] {
        let mut world = world(Notation {
            empties: true,
            ..Notation::default()
        });
        assert_eq!(apply(&mut world, &one_user("Kim")).different(), 0);
        for (requests, kept, different) in [(1, 0, 1), (1, 1, 0), (0, 0, 0)] {
            let report = apply(&mut world, &after);
            let found = (
                report.requests,
                newly_kept(&report).len(),
                report.different(),
            );
            assert_eq!(found, (requests, kept, different));
        }
        assert!(plan(&world, &after, true).is_empty());

        // What a person writes there later is drift if the key is declared.
        world.put(
            &id(0),
            &json!({ "profile": { "name": "of a person" } }),
            API,
        );
        let is_declared = after != desired(&[Attributes::default()]);
        assert_eq!(plan(&world, &after, true).is_empty(), !is_declared);
    }
}
