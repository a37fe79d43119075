//! Tests the consent of users that move: every combination of what is declared, recorded and on Channel.

use std::collections::BTreeMap;

use crate::model::{
    Attributes, Change, FieldPath, LimitKind, MemberId, Observed, Plan, RemoteUser, Selection,
};
use crate::plan::moves::to_refresh;
use crate::plan::tests::build::{Moves, Setting, Users, desired, id, recorded};

/// What Channel has under an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OnChannel {
    Missing,
    Flag(bool),
    /// The user, without the flag.
    NotShown,
}

const FLAGS: [Option<bool>; 3] = [None, Some(true), Some(false)];
const ON_CHANNEL: [OnChannel; 4] = [
    OnChannel::Missing,
    OnChannel::Flag(true),
    OnChannel::Flag(false),
    OnChannel::NotShown,
];

fn user(flag: Option<bool>) -> Attributes {
    Attributes {
        unsubscribe_email: flag,
        ..Attributes::default()
    }
}

fn remote(on_channel: OnChannel) -> RemoteUser {
    let flag = match on_channel {
        OnChannel::Missing => return RemoteUser::Missing,
        OnChannel::Flag(flag) => Some(flag),
        OnChannel::NotShown => None,
    };
    RemoteUser::Present(Box::new(Observed {
        unsubscribe_email: flag,
        ..Observed::default()
    }))
}

/// Plans `old` moving to `new`. `asked` is what Channel has under both ids.
fn plan(
    declared: Option<bool>,
    recorded_flag: Option<bool>,
    asked: Option<(OnChannel, OnChannel)>,
) -> Plan {
    let wanted = Users::from([("new".to_owned(), user(declared))]);
    let state = recorded(&Users::from([("old".to_owned(), user(recorded_flag))]));
    let observed: Option<BTreeMap<MemberId, RemoteUser>> =
        asked.map(|(old, new)| [(id("old"), remote(old)), (id("new"), remote(new))].into());
    let setting = Setting {
        moves: Moves::from([("new".to_owned(), "old".to_owned())]),
        observed: observed.as_ref(),
        ..Setting::default()
    };
    setting.plan(&wanted, &state)
}

#[test]
fn a_move_never_opts_in_unless_it_is_counted() {
    let pairs = ON_CHANNEL.map(|old| ON_CHANNEL.map(|new| Some((old, new))));
    let asked = std::iter::once(None).chain(pairs.into_iter().flatten());
    for asked in asked {
        for declared in FLAGS {
            for recorded in FLAGS {
                check(declared, recorded, asked);
            }
        }
    }
}

fn check(declared: Option<bool>, recorded: Option<bool>, asked: Option<(OnChannel, OnChannel)>) {
    let what = format!("declared {declared:?}, recorded {recorded:?}, on Channel {asked:?}");
    let plan = plan(declared, recorded, asked);
    let [planned] = &*plan.changes else {
        panic!("{what}: {:?}", plan.changes);
    };
    let Change::Move { write, .. } = &planned.change else {
        panic!("{what}: {planned:?}");
    };
    let is_opted_out_there = asked.is_some_and(|(_, new)| new == OnChannel::Flag(true));

    let sent = write.upsert().expect("a request").0.unsubscribe_email;
    let wanted = (declared == Some(true) && !is_opted_out_there).then_some(true);
    assert_eq!(sent, wanted, "{what}: the request");

    let was_opted_out = match asked {
        Some((OnChannel::Flag(flag), _)) => flag,
        _ => recorded == Some(true),
    };
    let may_message = was_opted_out && declared != Some(true) && !is_opted_out_there;
    let counted = plan
        .limits
        .iter()
        .find(|check| check.kind == LimitKind::OptIn)
        .map(|check| check.planned);
    assert_eq!(counted, Some(usize::from(may_message)), "{what}: the limit");

    let kept: Vec<&FieldPath> = plan.kept_consent.iter().map(|kept| &kept.path).collect();
    let is_kept = declared == Some(false) && is_opted_out_there;
    assert_eq!(kept.len(), usize::from(is_kept), "{what}: kept");

    let of_declared = write.fields().iter().filter(|_| declared.is_some()).count();
    assert_eq!(
        of_declared + write.unchanged_fields,
        usize::from(declared.is_some()),
        "{what}: each declared field is a change or unchanged"
    );
}

#[test]
fn a_refresh_reads_both_ids_of_a_move() {
    let wanted = Users::from([
        ("new".to_owned(), user(None)),
        ("other".to_owned(), user(None)),
    ]);
    let mut wanted = desired(&wanted);
    let state = recorded(&Users::from([
        ("old".to_owned(), user(None)),
        ("gone".to_owned(), user(None)),
    ]));
    let moved = crate::model::Moved {
        from: id("old"),
        origin: crate::model::Origin::file("users.yaml"),
    };
    wanted.moved.insert(id("new"), moved);
    let read = |select: &[&str]| {
        let patterns: Vec<String> = select.iter().map(|text| (*text).to_owned()).collect();
        let ids = to_refresh(&wanted, &state, &Selection::new(&patterns));
        ids.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(read(&[]), ["new", "old", "other"]);
    assert_eq!(read(&["new"]), ["new", "old"]);
    assert_eq!(read(&["old"]), ["new", "old"]);
    assert_eq!(read(&["other"]), ["other"]);
}
