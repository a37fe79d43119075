//! Tests the state as text: round trips, every changed byte, and the size of a user.

use proptest::prelude::*;

use jiff::Timestamp;

use crate::model::{
    ApiVersion, Attributes, ContentDigest, Destination, DigestKey, Entry, FieldPath, FileContent,
    FileRecord, MemberId, Pending, PendingAction, Rejection, State, UsersSum, file_record,
};
use crate::state::format::FormatError;
use crate::state::read::{parse, parse_in_blocks};
use crate::state::repair::repair;
use crate::state::store_error::ReadError;
use crate::state::write::write;

fn id(text: &str) -> MemberId {
    MemberId::new(text).expect("an id")
}

fn written(state: &State) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(state, &mut bytes).expect("written");
    bytes
}

fn empty() -> State {
    State::new(
        "lineage".into(),
        b"salt".to_vec(),
        None,
        Destination::of_api(ApiVersion::V4),
    )
}

fn states() -> impl Strategy<Value = State> {
    let key = prop_oneof![
        Just("plan".to_owned()),
        "[a-z]{1,3}",
        "[a-z가\"\\\\,:}]{1,4}"
    ];
    let user = (
        prop_oneof!["[a-z0-9]{1,3}", "[a-z가\"\\\\,:}]{1,4}"],
        proptest::collection::btree_map(key, 0..3_i32, 0..4),
        any::<bool>(),
        prop::option::of(0..12_u32),
    );
    proptest::collection::vec(user, 0..12).prop_map(|users| {
        let key = DigestKey::new(b"salt", None);
        let mut state = empty();
        state.folded = users.iter().map(|(id, ..)| id.clone()).collect();
        for (name, profile, doubtful, file) in users {
            let id = id(&name);
            let attributes = Attributes {
                profile_once: profile
                    .into_iter()
                    .map(|(key, value)| (key.as_str().into(), value.into()))
                    .collect(),
                unsubscribe_email: Some(doubtful),
                ..Attributes::default()
            };
            let user_key = key.for_user(&id);
            let digests = user_key.digests(&attributes);
            let mut entry = Entry::new(&digests, Timestamp::UNIX_EPOCH);
            if doubtful {
                entry.unconfirmed.insert(FieldPath::UnsubscribeEmail);
                // The first is kept in another notation, the last was shown otherwise once.
                let shown = entry.fields.iter();
                entry.shown_instead = shown.map(|(path, digest)| (path.clone(), digest)).collect();
                entry.remote_id = Some(user_key.remote_id(&name));
                let pending = Pending {
                    action: PendingAction::MoveFrom {
                        from: id.clone(),
                        delete_old: file.is_some(),
                    },
                    digest: Some(digests.user),
                    fields: entry.fields.clone(),
                    touched: [FieldPath::Tags].into(),
                    earlier: entry
                        .fields
                        .iter()
                        .map(|(path, digest)| (path.clone(), digest))
                        .collect(),
                    recreated: file.map(|_| user_key.remote_id(&name)),
                    since: Timestamp::UNIX_EPOCH,
                };
                state.pending.insert(id.clone(), pending);
            }
            entry.file = file;
            if let Some(number) = file {
                let content = doubtful.then(|| FileContent {
                    digest: key.file(&ContentDigest::of(name.as_bytes(), b"")),
                    users: 1,
                    sum: UsersSum::EMPTY.with(&id, &digests.user),
                });
                state
                    .files
                    .insert(name.as_str().into(), FileRecord { number, content });
                let rejection = Rejection {
                    digest: digests.user,
                    request: crate::model::RejectedRequest::Put,
                    status: 422,
                    code: Some("invalid".into()),
                    attempts: 2,
                    since: Timestamp::UNIX_EPOCH,
                };
                state.rejected.insert(id.clone(), rejection);
            }
            state.record(id, entry);
        }
        // Records that are not true are not written.
        file_record::discard_stale_files(&mut state);
        state
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read(state in states()) {
        let bytes = written(&state);
        let read = parse(&bytes).expect("a state");
        prop_assert_eq!(&read, &state);
        prop_assert_eq!(written(&read), bytes);
    }

    /// A block may end anywhere; the result and the error are those of the whole text.
    #[test]
    fn blocks_make_no_difference(
        state in states(),
        block in 1..2000_usize,
        flip in prop::option::of((any::<prop::sample::Index>(), 1..=255_u8)),
    ) {
        let mut bytes = written(&state);
        if let Some((at, flip)) = flip {
            let index = at.index(bytes.len());
            bytes[index] ^= flip;
        }
        let whole = parse(&bytes).map_err(|error| error.to_string());
        let in_blocks = parse_in_blocks(&bytes[..], bytes.len(), block);
        let in_blocks = in_blocks.map(|(state, _)| state).map_err(|error| match error {
            ReadError::Format(error) => error.to_string(),
            ReadError::Io(error) => panic!("{error}"),
        });
        prop_assert_eq!(in_blocks, whole);
    }

    #[test]
    fn a_changed_byte_is_refused(state in states(), at in any::<prop::sample::Index>(), flip in 1..=255_u8) {
        let mut bytes = written(&state);
        let index = at.index(bytes.len());
        bytes[index] ^= flip;
        prop_assert!(parse(&bytes).is_err(), "byte {}", index);
    }

    /// Every entry of a repaired state is an original one; every other user is pending, unless the byte is
    /// part of what says who it is.
    #[test]
    fn a_changed_byte_is_repaired(state in states(), at in any::<prop::sample::Index>(), flip in 1..=255_u8) {
        let mut bytes = written(&state);
        let index = at.index(bytes.len());
        bytes[index] ^= flip;
        let header = bytes.iter().position(|byte| *byte == b'\n').expect("a line").max(index.min(
            written(&state).iter().position(|byte| *byte == b'\n').expect("a line"),
        ));
        let repaired = match repair(&bytes, Timestamp::UNIX_EPOCH) {
            Ok(repaired) => repaired,
            Err(error) => {
                prop_assert!(index <= header, "byte {}: {}", index, error);
                return Ok(());
            }
        };
        let mut missing = 0;
        for (id, entry) in &repaired.state.users {
            prop_assert_eq!(state.users.get(id), Some(entry), "byte {}", index);
        }
        for id in state.users.keys().chain(state.pending.keys()) {
            let is_kept = repaired.state.users.contains_key(id);
            missing += usize::from(!is_kept && !repaired.state.pending.contains_key(id));
        }
        let others = repaired.state.pending.keys().filter(|id| {
            !state.users.contains_key(*id) && !state.pending.contains_key(*id)
        });
        let shapes = String::from_utf8_lossy(&bytes).lines().count();
        prop_assert!(missing <= 1 && others.count() <= 1, "byte {} of {} lines", index, shapes);
        let again = parse(&written(&repaired.state)).expect("a state");
        prop_assert_eq!(again.users, repaired.state.users);
    }

    #[test]
    fn a_cut_text_is_refused(state in states(), at in any::<prop::sample::Index>()) {
        let bytes = written(&state);
        prop_assert!(parse(&bytes[..at.index(bytes.len())]).is_err());
    }
}

/// Nobody knows who else was pending, so a repair trusts no user.
#[test]
fn a_lost_pending_row_makes_every_user_pending() {
    let mut state = many(3);
    for user in ["u-1000001", "u-1000002", "new"] {
        let pending = Pending {
            touched: ["profile.note".parse().expect("a path")].into(),
            ..Pending::unknown(Timestamp::UNIX_EPOCH)
        };
        state.mark_pending(id(user), pending);
    }
    let text = String::from_utf8(written(&state)).expect("UTF-8");
    let is_row = |line: &&str| line.starts_with("  \"u-1000002\": {");
    let row = text.split_inclusive('\n').find(is_row).expect("a row");
    let first_row = text
        .split_inclusive('\n')
        .find(|line| line.contains("\"new\": {"));
    let first_row = first_row.expect("a row");
    let damaged = [
        text.replacen(row, "", 1),
        text.replacen(first_row, "", 1),
        text.replacen(row, &row.replacen("u-1000002", "u-1000009", 1), 1),
        text.replacen(row, &row.replacen("unknown", "unknowm", 1), 1),
        text.replacen(row, &row.replacen("profile", "prof\u{fffd}le", 1), 1),
        text.replacen(" \"pending\": {", " \"sending\": {", 1),
    ];
    for damaged in damaged {
        assert_ne!(damaged, text);
        let repaired = repair(damaged.as_bytes(), Timestamp::UNIX_EPOCH).expect("repaired");
        let is_pending = |id: &MemberId| repaired.state.pending.contains_key(id);
        assert!(repaired.state.users.keys().all(is_pending), "{damaged}");
        assert!(repaired.is_all_pending, "{damaged}");
    }
    let elsewhere = text.replacen("\"check\": \"", "\"check\": \"0", 1);
    let repaired = repair(elsewhere.as_bytes(), Timestamp::UNIX_EPOCH).expect("repaired");
    assert!(!repaired.is_all_pending);
    assert_eq!(repaired.state.pending, state.pending);
}

fn many(count: u32) -> State {
    let mut state = empty();
    let key = DigestKey::new(b"salt", None);
    let names = ["name", "email", "mobileNumber", "plan", "seats", "company"];
    let attributes = Attributes {
        profile: names
            .map(|name| (name.into(), crate::model::Declared::Set(name.into())))
            .into(),
        tags: Some(["vip".to_owned()].into()),
        unsubscribe_email: Some(true),
        ..Attributes::default()
    };
    for number in 1..=count {
        let id = id(&format!("u-{:07}", 1_000_000 + number));
        let key = key.for_user(&id);
        let mut entry = Entry::new(&key.digests(&attributes), Timestamp::UNIX_EPOCH);
        entry.file = Some(17);
        entry.remote_id = Some(key.remote_id("64f0c1"));
        state.record(id, entry);
    }
    state
}

#[test]
fn a_user_of_eight_fields_takes_at_most_260_bytes() {
    let (one, all) = (written(&many(1)).len(), written(&many(1001)).len());
    let each = (all - one) / 1000;
    println!("{each} bytes a user of eight fields");
    assert!(each <= 260, "{each}");
}

#[test]
fn many_chunks_are_read_in_order() {
    let state = many(12_000);
    let bytes = written(&state);
    assert!(bytes.len() > 2 << 20);
    let read = parse(&bytes).expect("a state");
    assert_eq!(read, state);
    let mut paths = read.users.values().map(|entry| entry.fields.paths());
    let first = paths.next().expect("a user");
    assert!(paths.all(|paths| std::sync::Arc::ptr_eq(paths, first)));
}

#[test]
fn other_texts_are_named() {
    let text = String::from_utf8(written(&many(2))).expect("UTF-8");
    let version = |version| text.replacen("\"version\":3", &format!("\"version\":{version}"), 1);
    let error = |text: &str| parse(text.as_bytes()).expect_err("refused");
    assert!(matches!(
        error(&version(4)),
        FormatError::Newer { found: 4 }
    ));
    assert!(matches!(
        error(&version(2)),
        FormatError::Older { found: 2 }
    ));
    let conflict = text.replacen('\n', "\n<<<<<<< ours\n", 1);
    assert!(matches!(error(&conflict), FormatError::Conflict));
    let edited = text.replacen("u-1000001", "u-1000009", 1);
    assert!(matches!(error(&edited), FormatError::Checksum));
    for other in ["", "{}", "null", "[]"] {
        assert!(matches!(
            error(other),
            FormatError::Unreadable { line: 1, .. }
        ));
    }
    let marked = format!("\u{feff}{text}");
    assert_eq!(parse(marked.as_bytes()).expect("a state"), many(2));
}

/// With a checksum that fits, a line that does not is refused with its number.
#[test]
fn a_line_that_does_not_fit_is_named() {
    let text = String::from_utf8(written(&many(3))).expect("UTF-8");
    let sealed = |text: &str| {
        let end = text.rfind(" \"check\"").expect("a check");
        let check = xxhash_rust::xxh3::xxh3_64(&text.as_bytes()[..end]);
        format!("{} \"check\": \"{check:016x}\"}}\n", &text[..end])
    };
    assert_eq!(sealed(&text), text);
    let second = text
        .lines()
        .position(|line| line.contains("u-1000002"))
        .expect("a line");
    let edited = sealed(&text.replacen("u-1000002", "u-1000001", 1));
    let error = parse(edited.as_bytes()).expect_err("refused");
    assert!(
        matches!(error, FormatError::Unreadable { line, .. } if line == second + 1),
        "{error}"
    );
}
