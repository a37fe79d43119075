//! The users of a state at the speed of its bytes: lines as this program writes them, read by
//! several threads, field digests left as text. Whatever looks different is left to the reader
//! that knows all of JSON, and so are all complaints.

use std::ops::Range;
use std::sync::Arc;

use super::format::{self, FormatError};
use super::rows::EntryLine;
use crate::model::{Entry, MemberId, RecordedFields, State};

const BEGIN: &str = "\n \"users\": {\n";
const END: &str = "\n },\n \"rejected\": {";

/// Reads a state: the answer of the reader of all JSON, sooner.
///
/// # Errors
///
/// Where the text is no state that this program can use.
pub fn parse(text: String) -> Result<State, FormatError> {
    let text = Arc::new(text);
    match as_written(&text) {
        Some(state) => Ok(state),
        None => format::parse(&text),
    }
}

fn as_written(text: &Arc<String>) -> Option<State> {
    let begin = text.find(BEGIN)? + BEGIN.len();
    let end = text.rfind(END)?;
    if end <= begin {
        return None;
    }
    let rest = [&text[..begin], &text[end + 1..]].concat();
    let mut state = format::parse(&rest).ok()?;

    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let parts = parts(text, begin..end, threads);
    let read: Vec<Option<Vec<(MemberId, Entry)>>> = std::thread::scope(|scope| {
        let handles: Vec<_> = parts
            .into_iter()
            .map(|part| scope.spawn(move || users(text, part, end)))
            .collect();
        handles
            .into_iter()
            .map(|handle| handle.join().ok().flatten())
            .collect()
    });
    let mut users = Vec::new();
    for part in read {
        users.append(&mut part?);
    }
    if !users.is_sorted_by(|(one, _), (other, _)| one < other) {
        return None;
    }
    state.users = users.into_iter().collect();
    Some(state)
}

/// Cuts a part of the text into about equal parts that end where lines end.
fn parts(text: &str, whole: Range<usize>, count: usize) -> Vec<Range<usize>> {
    let step = (whole.len() / count).max(1 << 16);
    let mut parts = Vec::new();
    let mut start = whole.start;
    while start < whole.end {
        let near = start.saturating_add(step).min(whole.end);
        let line = text.as_bytes()[near..whole.end]
            .iter()
            .position(|byte| *byte == b'\n');
        let end = line.map_or(whole.end, |line| near + line + 1);
        parts.push(start..end);
        start = end;
    }
    parts
}

fn users(text: &Arc<String>, part: Range<usize>, end: usize) -> Option<Vec<(MemberId, Entry)>> {
    let mut users = Vec::new();
    let mut start = part.start;
    for whole in text[part].split_inclusive('\n') {
        let next = start + whole.len();
        let line = if next == end {
            whole
        } else {
            whole.strip_suffix(",\n")?
        };
        users.push(user(text, start, line)?);
        start = next;
    }
    Some(users)
}

/// `  "id": {"digest":"…","at":"…","file":7,"fields":{…}}`
fn user(text: &Arc<String>, start: usize, line: &str) -> Option<(MemberId, Entry)> {
    quick(text, start, line).or_else(|| {
        let (id, entry) = line.strip_prefix("  ")?.split_once("\": ")?;
        let id: MemberId = serde_json::from_str(&format!("{id}\"")).ok()?;
        let entry: EntryLine = serde_json::from_str(entry).ok()?;
        Some((id, entry.into_entry().ok()?))
    })
}

fn quick(text: &Arc<String>, start: usize, line: &str) -> Option<(MemberId, Entry)> {
    let (id, rest) = line.strip_prefix("  \"")?.split_once('"')?;
    if id.contains('\\') {
        return None;
    }
    let rest = rest.strip_prefix(": {\"digest\":\"")?;
    let (digest, rest) = rest.split_at_checked(64)?;
    let (at, rest) = rest.strip_prefix("\",\"at\":\"")?.split_once('"')?;
    let (file, rest) = match rest.strip_prefix(",\"file\":") {
        Some(rest) => {
            let (number, _) = rest.split_once(',')?;
            (Some(whole_number(number)?), &rest[number.len()..])
        }
        None => (None, rest),
    };
    let fields = rest.strip_prefix(",\"fields\":{")?.strip_suffix("}}")?;
    let from = start + (line.len() - 2 - fields.len());
    let entry = Entry {
        digest: digest.parse().ok()?,
        at: at.parse().ok()?,
        file,
        fields: RecordedFields::written(text, from..from + fields.len())?,
        unconfirmed: std::collections::BTreeSet::new(),
    };
    Some((MemberId::new(id).ok()?, entry))
}

/// As JSON writes one.
fn whole_number(text: &str) -> Option<u32> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let is_number = is_plain && (text.len() == 1 || !text.starts_with('0'));
    is_number.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{
        ApiVersion, Attributes, ContentDigest, DigestKey, FieldPath, FileContent, FileRecord,
        UsersSum,
    };

    fn written(state: &State) -> String {
        let mut bytes = Vec::new();
        format::write(state, &mut bytes).expect("written");
        String::from_utf8(bytes).expect("text")
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
            let mut state = State::new("l".into(), b"salt".to_vec(), None, ApiVersion::V4);
            for (id, profile, doubtful, file) in users {
                let attributes = Attributes {
                    profile_once: profile
                        .into_iter()
                        .map(|(key, value)| (key.as_str().into(), value.into()))
                        .collect(),
                    unsubscribe_email: Some(doubtful),
                    ..Attributes::default()
                };
                let digests = key.user(&attributes);
                let mut entry = Entry::new(&digests, jiff::Timestamp::UNIX_EPOCH);
                if doubtful {
                    entry.unconfirmed.insert(FieldPath::UnsubscribeEmail);
                }
                entry.file = file;
                if let Some(number) = file {
                    let content = doubtful.then(|| FileContent {
                        digest: key.file(&ContentDigest::of(id.as_bytes(), b"")),
                        users: number,
                        sum: UsersSum::EMPTY,
                    });
                    state
                        .files
                        .insert(id.as_str().into(), FileRecord { number, content });
                }
                state
                    .users
                    .insert(MemberId::new(&id).expect("an id"), entry);
            }
            state
        })
    }

    fn many() -> State {
        let mut state = State::new("l".into(), b"salt".to_vec(), None, ApiVersion::V4);
        let attributes = Attributes {
            unsubscribe_email: Some(true),
            ..Attributes::default()
        };
        let digests = DigestKey::new(b"salt", None).user(&attributes);
        let entry = Entry::new(&digests, jiff::Timestamp::UNIX_EPOCH);
        for number in 0..2_000 {
            let id = MemberId::new(&format!("u-{number}")).expect("an id");
            state.users.insert(id, entry.clone());
        }
        state
    }

    #[test]
    fn what_is_written_is_read_the_quick_way() {
        let state = many();
        let text = Arc::new(written(&state));
        assert_eq!(as_written(&text).expect("as written"), state);
        // What was loaded is written as it was.
        assert_eq!(written(&as_written(&text).expect("as written")), *text);
    }

    #[test]
    fn a_user_that_comes_twice_or_in_disorder_is_left_to_the_other_reader() {
        let text = written(&many());
        let lines: Vec<&str> = text.lines().collect();
        let mut twice = lines.clone();
        twice.insert(3, lines[3]);
        assert!(parse(twice.join("\n") + "\n").is_err());
        let mut disorder = lines.clone();
        disorder.swap(3, 4);
        let disorder = Arc::new(disorder.join("\n") + "\n");
        assert!(as_written(&disorder).is_none());
        assert_eq!(parse(disorder.to_string()).expect("a state"), many());
    }

    proptest! {
        #[test]
        fn both_readers_agree(state in states()) {
            let text = written(&state);
            prop_assert_eq!(&format::parse(&text).expect("a state"), &state);
            let again = parse(text.clone()).expect("a state");
            prop_assert_eq!(&again, &state);
            prop_assert_eq!(written(&again), text);
        }

        #[test]
        fn both_agree_on_damaged_texts(
            state in states(), at in any::<prop::sample::Index>(), with in "[ -~\n]{0,2}", length in 0..4_usize,
        ) {
            let mut text: Vec<char> = written(&state).chars().collect();
            let from = at.index(text.len());
            let to = (from + length).min(text.len());
            text.splice(from..to, with.chars());
            let text: String = text.into_iter().collect();
            match (format::parse(&text), parse(text.clone())) {
                (Ok(one), Ok(other)) => prop_assert_eq!(one, other),
                (Err(one), Err(other)) => prop_assert_eq!(one.to_string(), other.to_string()),
                (one, other) => prop_assert!(false, "{:?} and {:?} of {}", one, other, text),
            }
        }
    }
}
