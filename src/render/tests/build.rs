//! Builds plans and their parts for the tests of this ring.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::{
    ApiVersion, Attributes, Change, ChannelId, Destination, DigestKey, Digests, Entry, FieldAction,
    FieldChange, FieldChanges, FieldPatterns, FieldSettings, Limit, LimitCheck, LimitKind,
    MemberId, Origin, Plan, PlanDigest, PlannedChange, Previous, Reason, RejectedRequest,
    Rejection, Unconfirmed, UnconfirmedField, Upsert, Value, Visibility, Write,
};
use crate::render::plan::known_users::KnownUsers;
use crate::render::plan::text;
use crate::render::plan::text::TextOptions;
use crate::render::plan::view::PlanView;

/// What a project shows that calls every key public.
pub(crate) fn open() -> Visibility {
    Visibility::new(FieldSettings {
        public: FieldPatterns::new(&["profile.*"]),
        ..FieldSettings::default()
    })
}

pub(crate) fn digests() -> Digests {
    DigestKey::new(b"salt", None)
        .for_user(&id("u"))
        .digests(&Attributes::default())
}

fn at(text: &str) -> jiff::Timestamp {
    text.parse().expect("a time")
}

pub(crate) fn entry() -> Entry {
    Entry::new(&digests(), at("2026-11-23T10:00:00Z"))
}

pub(crate) fn id(text: &str) -> MemberId {
    MemberId::new(text).expect("a member id")
}

pub(crate) fn texts(items: &[&str]) -> Value {
    Value::Texts(items.iter().map(|item| (*item).to_owned()).collect())
}

fn field(path: &str, action: FieldAction) -> FieldChange {
    FieldChange {
        path: path.parse().expect("a field"),
        action,
    }
}

pub(crate) fn set(path: &str, old: Previous, new: impl Into<Value>) -> FieldChange {
    field(
        path,
        FieldAction::Set {
            old,
            new: new.into(),
        },
    )
}

pub(crate) fn add(path: &str, new: impl Into<Value>) -> FieldChange {
    set(path, Previous::Absent, new)
}

pub(crate) fn change(path: &str, new: impl Into<Value>) -> FieldChange {
    set(path, Previous::DigestOnly, new)
}

pub(crate) fn known(path: &str, old: impl Into<Value>, new: impl Into<Value>) -> FieldChange {
    set(path, Previous::Value(old.into()), new)
}

pub(crate) fn clear(path: &str, old: Previous, declared: bool) -> FieldChange {
    field(path, FieldAction::Clear { old, declared })
}

pub(crate) fn release(path: &str) -> FieldChange {
    field(path, FieldAction::Release)
}

pub(crate) fn once(path: &str, new: impl Into<Value>) -> FieldChange {
    field(path, FieldAction::Once { new: new.into() })
}

fn planned(name: &str, change: Change, reason: Reason, line: Option<u32>) -> PlannedChange {
    PlannedChange {
        id: id(name),
        change,
        reason,
        origin: line.map(|line| Origin {
            file: "users/vip.yaml".into(),
            line,
            column: 5,
        }),
        rejected: None,
    }
}

pub(crate) fn create(name: &str, fields: Vec<FieldChange>) -> PlannedChange {
    let change = Change::Create(Write {
        declared: Arc::default(),
        digest: digests().user,
        changes: FieldChanges::Listed {
            upsert: Some(Upsert::default()),
            fields,
        },
        unchanged_fields: 0,
    });
    planned(name, change, Reason::NotRecorded, Some(20))
}

pub(crate) fn update(name: &str, fields: Vec<FieldChange>, unchanged: usize) -> PlannedChange {
    let releases = |field: &FieldChange| field.action == FieldAction::Release;
    let change = Change::Update(Write {
        declared: Arc::default(),
        digest: digests().user,
        changes: FieldChanges::Listed {
            upsert: (fields.is_empty() || !fields.iter().all(releases)).then(Upsert::default),
            fields,
        },
        unchanged_fields: unchanged,
    });
    planned(name, change, Reason::Changed, Some(14))
}

pub(crate) fn forget(name: &str) -> PlannedChange {
    planned(
        name,
        Change::Forget {
            last: Box::new(entry()),
        },
        Reason::NotDeclared,
        None,
    )
}

pub(crate) fn delete(name: &str) -> PlannedChange {
    planned(
        name,
        Change::Delete {
            last: Box::new(entry()),
        },
        Reason::NotDeclared,
        None,
    )
}

pub(crate) fn moved(
    name: &str,
    from: &str,
    fields: Vec<FieldChange>,
    delete_old: bool,
) -> PlannedChange {
    let change = Change::Move {
        from: id(from),
        last: Box::new(entry()),
        write: Write {
            declared: Arc::default(),
            digest: digests().user,
            changes: FieldChanges::Listed {
                upsert: Some(Upsert::default()),
                fields,
            },
            unchanged_fields: 1,
        },
        delete_old,
    };
    planned(name, change, Reason::Moved, Some(30))
}

pub(crate) fn rejection(code: Option<&str>) -> Rejection {
    Rejection {
        digest: digests().user,
        request: RejectedRequest::Put,
        status: 422,
        code: code.map(str::to_owned),
        attempts: 2,
        since: at("2026-11-20T10:00:00Z"),
    }
}

pub(crate) fn limit(
    kind: LimitKind,
    limit: Limit,
    allowed: Option<usize>,
    planned: usize,
) -> LimitCheck {
    LimitCheck {
        kind,
        limit,
        allowed,
        planned,
    }
}

pub(crate) fn plan(mut changes: Vec<PlannedChange>, unchanged: usize) -> Plan {
    changes.sort_by(|one, other| one.id.cmp(&other.id));
    let ids: BTreeSet<_> = changes.iter().map(|planned| planned.id.clone()).collect();
    assert_eq!(ids.len(), changes.len(), "ids are unique");
    let digest = PlanDigest::over(ids.iter().map(|id| id.as_str().as_bytes()));
    Plan {
        destination: Destination {
            channel_id: ChannelId::new("6263").ok(),
            ..Destination::of_api(ApiVersion::V4)
        },
        refreshed: false,
        kept_consent: Vec::new(),
        pending: 0,
        unconfirmed: Unconfirmed::default(),
        remote_ids: BTreeMap::new(),
        lineage: "9f86d081884c7d65".to_owned(),
        serial: 42,
        api: None,
        recorded: unchanged + changes.len(),
        desired: unchanged + changes.len(),
        selected: None,
        changes,
        likely_moves: Vec::new(),
        unchanged,
        limits: Vec::new(),
        digest,
        manifests: digest,
    }
}

pub(crate) fn tripped(mut plan: Plan, least: usize) -> Plan {
    plan.limits = vec![
        limit(LimitKind::Create, Limit::Count(500), Some(500), 1),
        limit(LimitKind::Update, Limit::Percent(30.0), Some(45), 60),
        limit(LimitKind::Clear, Limit::Percent(10.0), None, 1),
        limit(LimitKind::Forget, Limit::Percent(12.5), Some(18), 0),
        limit(LimitKind::Delete, Limit::Count(0), Some(0), 0),
        limit(LimitKind::OptIn, Limit::Count(0), Some(0), 1),
        limit(LimitKind::Recreate, Limit::Count(0), Some(0), 0),
        limit(LimitKind::MinUsers, Limit::Count(100), Some(100), least),
    ];
    plan
}

pub(crate) fn text(plan: &Plan) -> String {
    text_with(plan, false, &TextOptions::default())
}

pub(crate) fn text_with(plan: &Plan, show_sensitive: bool, options: &TextOptions<'_>) -> String {
    let visibility = open().revealing(show_sensitive);
    let view = PlanView::new(plan, &visibility, KnownUsers::default());
    let mut out = String::new();
    text::write(&mut out, &view, options).expect("a String takes everything");
    out
}

/// A plan for a state with one pending user and two fields that Channel did not confirm.
pub(crate) fn uncertain(mut plan: Plan) -> Plan {
    let field = |path: &str, users: usize, first: &[&str]| UnconfirmedField {
        path: path.parse().expect("a field"),
        users,
        first: first.iter().map(|name| id(name)).collect(),
    };
    plan.pending = 1;
    plan.unconfirmed = Unconfirmed {
        users: 7,
        fields: vec![
            field("profile.a`b", 1, &["u-`1"]),
            field("unsubscribeEmail", 7, &["u-1", "u-2", "u-3", "u-4", "u-5"]),
        ],
        ..Unconfirmed::default()
    };
    plan
}
