//! Tests what the digest of a plan covers.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    ApiVersion, Attributes, ChannelId, Declared, Destination, DigestKey, Limits, PlanDigest,
    ProfileKey, RemovedPolicy, SANDBOX_URL, Selection, State,
};
use crate::plan::context::Context;
use crate::plan::planner::plan;
use crate::plan::tests::build::{Users, desired, destination, key, with_plan};

fn users() -> Users {
    let users = [("u-1", "pro"), ("u-2", "free")];
    users
        .map(|(id, plan)| (id.to_owned(), with_plan(plan)))
        .into()
}

/// The digest of a plan for `wanted` against an empty state of `recorded`.
fn digest_of(recorded: &Destination, wanted: &Destination, lineage: &str) -> PlanDigest {
    let state = State::new(lineage.to_owned(), Vec::new(), None, recorded.clone());
    planned(&users(), &state, &key(), wanted)
}

fn planned(users: &Users, state: &State, key: &DigestKey, wanted: &Destination) -> PlanDigest {
    let context = Context {
        key,
        destination: wanted,
        removed: RemovedPolicy::default(),
        limits: &Limits::default(),
        selection: &Selection::default(),
        base: None,
        observed: None,
    };
    plan(&desired(users), state, &context).digest
}

/// One destination, and others that differ from it in one part each.
fn destinations() -> Vec<(&'static str, Destination)> {
    let one = Destination {
        base_url: "https://api.channel.io".to_owned(),
        channel_id: ChannelId::new("6263").ok(),
        api: ApiVersion::V4,
        environment: Some("staging".to_owned()),
    };
    let base_url = |url: &str| Destination {
        base_url: url.to_owned(),
        ..one.clone()
    };
    let channel = |id: Option<&str>| Destination {
        channel_id: id.and_then(|id| ChannelId::new(id).ok()),
        ..one.clone()
    };
    let environment = |name: Option<&str>| Destination {
        environment: name.map(ToOwned::to_owned),
        ..one.clone()
    };
    vec![
        ("as it is", one.clone()),
        ("another scheme", base_url("http://api.channel.io")),
        ("another host", base_url("https://gateway.example")),
        ("another port", base_url("https://api.channel.io:8443")),
        ("another path", base_url("https://api.channel.io/eu")),
        ("the sandbox", base_url(SANDBOX_URL)),
        ("another channel", channel(Some("777"))),
        ("a channel that is not known", channel(None)),
        (
            "another API version",
            Destination {
                api: ApiVersion::V5,
                ..one.clone()
            },
        ),
        ("another environment", environment(Some("prod"))),
        ("no environment", environment(None)),
        ("an environment without a name", environment(Some(""))),
    ]
}

#[test]
fn every_part_of_the_destination_is_covered() {
    // An empty lineage is that of a project that was never applied.
    for lineage in ["", "9f86d081884c7d65"] {
        let mut seen: BTreeMap<PlanDigest, &str> = BTreeMap::new();
        for (what, destination) in destinations() {
            let digest = digest_of(&destination, &destination, lineage);
            assert_eq!(
                digest,
                digest_of(&destination, &destination, lineage),
                "{what}"
            );
            if let Some(other) = seen.insert(digest, what) {
                panic!("{what} and {other} have one digest with lineage {lineage:?}");
            }
        }
    }
}

#[test]
fn a_channel_that_only_the_state_names_is_covered() {
    let named = destinations()[0].1.clone();
    let unnamed = Destination {
        channel_id: None,
        ..named.clone()
    };
    let digest = |recorded, wanted| digest_of(recorded, wanted, "l");
    assert_eq!(digest(&named, &unnamed), digest(&named, &named));
    assert_ne!(digest(&named, &unnamed), digest(&unnamed, &unnamed));
}

/// The digest of a first plan that creates one user with this phone number.
fn digest_with(number: &str, salt: &[u8], lineage: &str) -> PlanDigest {
    let attributes = Attributes {
        profile: [(
            ProfileKey::new("mobileNumber"),
            Declared::Set(number.into()),
        )]
        .into(),
        ..with_plan("pro")
    };
    let users = [("u-1".to_owned(), attributes)].into();
    let state = State::new(lineage.to_owned(), salt.to_vec(), None, destination());
    planned(&users, &state, &DigestKey::new(salt, None), &destination())
}

/// Whoever reads the digest in a comment knows everything but the number, and tries numbers.
#[test]
fn a_digest_without_a_salt_tells_no_value_from_another() {
    let one = digest_with("+821012340000", b"", "");
    for number in 1..200 {
        assert_eq!(digest_with(&format!("+82101234{number:04}"), b"", ""), one);
    }
}

#[test]
fn a_digest_with_a_salt_covers_values_and_is_another_with_another_salt() {
    let number = "+821012340000";
    let digest = digest_with(number, b"salt", "lineage");
    assert_eq!(digest_with(number, b"salt", "lineage"), digest);
    assert_ne!(digest_with("+821012340001", b"salt", "lineage"), digest);
    assert_ne!(digest_with(number, b"other", "lineage"), digest);
}

/// Counts, actions and fields are covered all the same. Ids are not: they may be hidden.
#[test]
fn a_digest_without_a_salt_covers_everything_but_ids_and_values() {
    let digest = |users: &[(&str, Attributes)]| {
        let users: Users = users
            .iter()
            .map(|(id, attributes)| ((*id).to_owned(), attributes.clone()))
            .collect();
        let state = State::new(String::new(), Vec::new(), None, destination());
        let context = Context {
            key: &DigestKey::new(&[], None),
            destination: &destination(),
            removed: RemovedPolicy::default(),
            limits: &Limits::default(),
            selection: &Selection::default(),
            base: None,
            observed: None,
        };
        plan(&desired(&users), &state, &context).digest
    };
    let mut tagged = with_plan("pro");
    tagged.tags = Some(["a".to_owned()].into());
    let seen: BTreeSet<PlanDigest> = [
        digest(&[]),
        digest(&[("u-1", with_plan("pro"))]),
        digest(&[("u-1", tagged)]),
        digest(&[("u-1", with_plan("pro")), ("u-2", with_plan("pro"))]),
    ]
    .into();
    assert_eq!(seen.len(), 4);
    assert_eq!(
        digest(&[("u-1", with_plan("pro"))]),
        digest(&[("u-2", with_plan("free"))])
    );
}
