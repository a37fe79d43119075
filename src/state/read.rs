//! The users of a state at the speed of its bytes: lines as this program writes them, read by
//! several threads, field digests left as text. Whatever looks different is left to the reader
//! that knows all of JSON, and so are all complaints.

use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;
use memchr::memmem;

use crate::model::{Entry, MemberId, RecordedFields, RecordedText, State, file_record};
use crate::parallel::in_parallel;
use crate::state::format;
use crate::state::format::{Check, FormatError};
use crate::state::records::EntryLine;
use crate::state::text::StateText;

const BEGIN: &str = "\n \"users\": {\n";
const END: &str = "\n },\n \"rejected\": {";

/// Bytes that are read at a time.
const STRETCH: u64 = 1 << 20;

/// Reads a state: the answer of the reader of all JSON, sooner.
///
/// # Errors
///
/// Where the text is no state that this program can use.
pub fn parse(text: String) -> Result<State, FormatError> {
    let text: Arc<dyn StateText> = Arc::new(text);
    read(&text)
}

/// Reads a state wherever its text is.
pub(crate) fn read(text: &Arc<dyn StateText>) -> Result<State, FormatError> {
    let mut quick = [Trust::Checked, Trust::Nothing].into_iter();
    if let Some(state) = quick.find_map(|trust| as_written(text, trust)) {
        return Ok(state);
    }
    let unreadable = |error: &dyn std::fmt::Display| FormatError::Unreadable(error.to_string());
    let mut whole = Vec::new();
    text.read(0, text.length(), &mut whole)
        .map_err(|error| unreadable(&error))?;
    let whole = String::from_utf8(whole).map_err(|error| unreadable(&error))?;
    format::parse(&whole)
}

/// How much is taken for what it looks like.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trust {
    /// What a checksum covers, which is held against the lines in the end.
    Checked,
    /// Nothing.
    Nothing,
}

fn as_written(text: &Arc<dyn StateText>, trust: Trust) -> Option<State> {
    let (head, tail) = (head(&**text)?, tail(&**text)?);
    let (begin, end) = (head.len() as u64, text.length() - tail.len() as u64);
    if end <= begin {
        return None;
    }
    let (mut state, check) = format::read(&[&*head, &*tail].concat()).ok()?;
    if check.is_none() && trust == Trust::Checked {
        return None;
    }

    let stretches: Vec<Range<u64>> = (begin..end)
        .step_by(usize::try_from(STRETCH).ok()?)
        .map(|start| start..(start + STRETCH).min(end))
        .collect();
    let recorded: Arc<dyn RecordedText> = Arc::<dyn StateText>::clone(text);
    let read = in_parallel(&stretches, |stretch| {
        users(&**text, &recorded, stretch.clone(), begin..end, trust)
    });
    let mut found = file_lines(&head);
    let mut users = Vec::with_capacity(read.iter().flatten().map(|(users, _)| users.len()).sum());
    for part in read {
        let (mut part, check) = part?;
        users.append(&mut part);
        found.and(check);
    }
    if !users.is_sorted_by(|(one, _), (other, _)| one < other) {
        return None;
    }
    state.users = users.into_iter().collect();
    match trust {
        Trust::Checked if check != Some(found.text()) => return None,
        Trust::Checked => {}
        Trust::Nothing => file_record::discard_stale_files(&mut state),
    }
    Some(state)
}

/// The text before the first user.
fn head(text: &dyn StateText) -> Option<String> {
    let mut bytes = Vec::new();
    let mut length = STRETCH;
    loop {
        length = length.min(text.length());
        text.read(0, length, &mut bytes).ok()?;
        if let Some(begin) = memmem::find(&bytes, BEGIN.as_bytes()) {
            bytes.truncate(begin + BEGIN.len());
            return String::from_utf8(bytes).ok();
        }
        if length == text.length() {
            return None;
        }
        length *= 4;
    }
}

/// The text behind the last user.
fn tail(text: &dyn StateText) -> Option<String> {
    let mut bytes = Vec::new();
    let mut length = STRETCH;
    loop {
        length = length.min(text.length());
        text.read(text.length() - length, length, &mut bytes).ok()?;
        if let Some(end) = memmem::rfind(&bytes, END.as_bytes()) {
            return String::from_utf8(bytes.split_off(end + 1)).ok();
        }
        if length == text.length() {
            return None;
        }
        length *= 4;
    }
}

/// The check over the lines of files: the only ones in the head that are indented by two.
fn file_lines(head: &str) -> Check {
    let mut check = Check::default();
    for line in head.lines().filter_map(|line| line.strip_prefix("  ")) {
        check.add(line.strip_suffix(',').unwrap_or(line).as_bytes());
    }
    check
}

type Users = Vec<(MemberId, Entry)>;

/// The users whose lines begin in a stretch, which lies in the part of the text that holds users.
fn users(
    text: &dyn StateText,
    recorded: &Arc<dyn RecordedText>,
    stretch: Range<u64>,
    whole: Range<u64>,
    trust: Trust,
) -> Option<(Users, Check)> {
    /// The first look beyond the stretch for the end of its last line.
    const BEYOND: u64 = 4096;
    // One byte earlier: a line that begins with the stretch is its own.
    let from = stretch.start.saturating_sub(1).max(whole.start);
    let mut bytes = Vec::new();
    let mut to = (stretch.end + BEYOND).min(whole.end);
    loop {
        text.read(from, to - from, &mut bytes).ok()?;
        let inside = usize::try_from(stretch.end - from).ok()?;
        if to == whole.end || memchr::memchr(b'\n', &bytes[inside - 1..]).is_some() {
            break;
        }
        to = to.saturating_mul(2).min(whole.end);
    }
    let lines = std::str::from_utf8(&bytes).or_else(|error| {
        // The last character may be cut.
        std::str::from_utf8(&bytes[..error.valid_up_to()]).map_err(|_| error)
    });
    let lines = lines.ok()?;

    let mut check = Check::default();
    let mut users = Users::new();
    let mut times = Times::default();
    let mut start = if stretch.start == whole.start {
        0
    } else {
        memchr::memchr(b'\n', lines.as_bytes())? + 1
    };
    while from + (start as u64) < stretch.end {
        let next = start + memchr::memchr(b'\n', &lines.as_bytes()[start..])? + 1;
        let line = &lines[start..next - 1];
        let line = if from + next as u64 == whole.end {
            line
        } else {
            line.strip_suffix(',')?
        };
        check.add(line.as_bytes().get(2..)?);
        let place = from + start as u64;
        users.push(user(recorded, place, line, trust, &mut times)?);
        start = next;
    }
    Some((users, check))
}

/// The last time that was read: many users are recorded in the same second.
#[derive(Default)]
struct Times<'t> {
    last: Option<(&'t str, Timestamp)>,
}

impl<'t> Times<'t> {
    fn read(&mut self, text: &'t str) -> Option<Timestamp> {
        match self.last {
            Some((last, time)) if last == text => Some(time),
            _ => {
                let time = text.parse().ok()?;
                self.last = Some((text, time));
                Some(time)
            }
        }
    }
}

/// `  "id": {"digest":"…","at":"…","file":7,"fields":{…}}`
fn user<'t>(
    text: &Arc<dyn RecordedText>,
    place: u64,
    line: &'t str,
    trust: Trust,
    times: &mut Times<'t>,
) -> Option<(MemberId, Entry)> {
    quick(text, place, line, trust, times).or_else(|| {
        let (id, entry) = line.strip_prefix("  ")?.split_once("\": ")?;
        let id: MemberId = serde_json::from_str(&format!("{id}\"")).ok()?;
        let entry: EntryLine = serde_json::from_str(entry).ok()?;
        Some((id, entry.into_entry().ok()?))
    })
}

fn quick<'t>(
    text: &Arc<dyn RecordedText>,
    place: u64,
    line: &'t str,
    trust: Trust,
    times: &mut Times<'t>,
) -> Option<(MemberId, Entry)> {
    let (id, rest) = until_quote(line.strip_prefix("  \"")?)?;
    if id.contains('\\') {
        return None;
    }
    let rest = rest.strip_prefix(": {\"digest\":\"")?;
    let (digest, rest) = rest.split_at_checked(64)?;
    let (at, rest) = until_quote(rest.strip_prefix("\",\"at\":\"")?)?;
    let (file, rest) = match rest.strip_prefix(",\"file\":") {
        Some(rest) => {
            let number = &rest[..memchr::memchr(b',', rest.as_bytes())?];
            (Some(whole_number(number)?), &rest[number.len()..])
        }
        None => (None, rest),
    };
    let fields = rest.strip_prefix(",\"fields\":{")?.strip_suffix("}}")?;
    let start = place + (line.len() - 2 - fields.len()) as u64;
    let entry = Entry {
        digest: digest.parse().ok()?,
        at: times.read(at)?,
        file,
        fields: RecordedFields::written(fields, text, start, trust == Trust::Checked)?,
        unconfirmed: std::collections::BTreeSet::new(),
    };
    Some((MemberId::new(id).ok()?, entry))
}

fn until_quote(text: &str) -> Option<(&str, &str)> {
    let end = memchr::memchr(b'"', text.as_bytes())?;
    Some((&text[..end], &text[end + 1..]))
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
                        users: 1,
                        sum: UsersSum::EMPTY
                            .with(&MemberId::new(&id).expect("an id"), &digests.user),
                    });
                    state
                        .files
                        .insert(id.as_str().into(), FileRecord { number, content });
                }
                state
                    .users
                    .insert(MemberId::new(&id).expect("an id"), entry);
            }
            // Untrue records are not written.
            file_record::discard_stale_files(&mut state);
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
        // More than one stretch.
        for number in 0..12_000 {
            let id = MemberId::new(&format!("u-{number}")).expect("an id");
            state.users.insert(id, entry.clone());
        }
        state
    }

    #[test]
    fn what_is_written_is_read_the_quick_way() {
        let state = many();
        let text = written(&state);
        for trust in [Trust::Checked, Trust::Nothing] {
            let read = as_written(&kept(&text), trust).expect("as written");
            assert_eq!(read, state);
            // What was loaded is written as it was.
            assert_eq!(written(&read), text);
        }
    }

    fn kept(text: &str) -> Arc<dyn StateText> {
        Arc::new(text.to_owned())
    }

    #[test]
    fn what_was_altered_is_read_with_care() {
        let text = written(&many());
        let altered = text.replacen("\"u-7\"", "\"u-8a\"", 1);
        let altered = altered.replacen("\"fields\":{\"unsub", "\"fields\":{\"unsnb", 1);
        assert!(as_written(&kept(&altered), Trust::Checked).is_none());
        assert!(parse(altered).is_err());
        let unchecked = text.replace("\"check\"", "\"chek\"");
        assert!(parse(unchecked).is_err());
        let (unchecked, _) = text.rsplit_once(",\n \"check\"").expect("a check");
        assert_eq!(parse(format!("{unchecked}}}\n")).expect("a state"), many());
    }

    #[test]
    fn a_user_that_comes_twice_or_in_disorder_is_left_to_the_other_reader() {
        let text = written(&many());
        let lines: Vec<&str> = text.lines().collect();
        let mut twice = lines.clone();
        twice.insert(4, lines[4]);
        assert!(parse(twice.join("\n") + "\n").is_err());
        let mut disorder = lines.clone();
        disorder.swap(4, 5);
        let disorder = disorder.join("\n") + "\n";
        assert!(as_written(&kept(&disorder), Trust::Checked).is_none());
        assert!(as_written(&kept(&disorder), Trust::Nothing).is_none());
        assert_eq!(parse(disorder).expect("a state"), many());
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
