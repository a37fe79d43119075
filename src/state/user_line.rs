//! Reads the line of one user.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use memchr::memchr;

use crate::model::{
    Entry, FieldDigest, FieldPath, MemberId, RecordedFields, RemoteIdDigest, UserDigest,
};
use crate::state::answer_line;
use crate::state::format::{CHECK_DIGITS, from_base64, line_check};

/// The lists of field paths of a state, by name.
pub(crate) type Shapes = HashMap<String, Arc<[FieldPath]>>;

/// The last time that was parsed. Many users are recorded in the same second.
#[derive(Default)]
pub(crate) struct Times<'t> {
    last: Option<(&'t str, Timestamp)>,
}

impl<'t> Times<'t> {
    fn read(&mut self, text: &'t str) -> Option<Timestamp> {
        match self.last {
            Some((last, time)) if last == text => Some(time),
            _ => {
                let time: Timestamp = text.parse().ok()?;
                if time.to_string() != text {
                    return None;
                }
                self.last = Some((text, time));
                Some(time)
            }
        }
    }
}

/// ` "id":["digest","shape","fields",7,"2026-01-01T00:00:00Z","remote",null,"check"]`
pub(crate) fn user<'t>(
    line: &'t str,
    shapes: &Shapes,
    times: &mut Times<'t>,
) -> Option<(MemberId, Entry)> {
    let line = line.strip_prefix(' ')?;
    let inner = line.strip_suffix("\"]")?;
    let (before, check) = inner.split_at_checked(inner.len().checked_sub(CHECK_DIGITS)?)?;
    if line_check(before.as_bytes()) != check {
        return None;
    }
    let (id, rest) = json_text(before)?;
    let id = MemberId::new(&id).ok()?;
    let (digest_text, rest) = until_quote(rest.strip_prefix(":[\"")?)?;
    let mut digest = [0; 32];
    if !from_base64(digest_text, &mut digest) {
        return None;
    }
    let (shape, rest) = until_quote(rest.strip_prefix(",\"")?)?;
    let paths = shapes.get(shape)?;
    let (digests, rest) = until_quote(rest.strip_prefix(",\"")?)?;
    let fields = fields(paths, digests)?;
    let (file, rest) = rest.strip_prefix(',')?.split_once(',')?;
    let file = match file {
        "null" => None,
        number => Some(whole_number(number)?),
    };
    let (at, rest) = until_quote(rest.strip_prefix('"')?)?;
    let rest = rest.strip_prefix(',')?;
    let (remote_id, rest) = if let Some(rest) = rest.strip_prefix("null,") {
        (None, rest)
    } else {
        let (text, rest) = until_quote(rest.strip_prefix('"')?)?;
        let mut id = [0; 4];
        if !from_base64(text, &mut id) {
            return None;
        }
        (Some(RemoteIdDigest::from(id)), rest.strip_prefix(',')?)
    };
    let (unconfirmed, shown_instead) = match rest.strip_suffix(",\"")? {
        "null" => Default::default(),
        list => answer_line::read(serde_json::from_str(list).ok()?, &fields)?,
    };
    let entry = Entry {
        digest: UserDigest::from(digest),
        at: times.read(at)?,
        file,
        fields,
        remote_id,
        unconfirmed,
        shown_instead,
    };
    Some((id, entry))
}

fn fields(paths: &Arc<[FieldPath]>, text: &str) -> Option<RecordedFields> {
    const DIGEST: usize = 12;
    let mut bytes = [0; 32 * DIGEST];
    let length = paths.len() * DIGEST;
    let mut many = Vec::new();
    let bytes = if let Some(bytes) = bytes.get_mut(..length) {
        bytes
    } else {
        many.resize(length, 0);
        &mut many[..]
    };
    if !from_base64(text, bytes) {
        return None;
    }
    let (digests, _) = bytes.as_chunks::<DIGEST>();
    let digests = digests.iter().map(|digest| FieldDigest::from(*digest));
    RecordedFields::with_paths(Arc::clone(paths), digests.collect())
}

/// A JSON string at the beginning of a text, and what follows it.
pub(crate) fn json_text(text: &str) -> Option<(std::borrow::Cow<'_, str>, &str)> {
    let (plain, rest) = until_quote(text.strip_prefix('"')?)?;
    if !plain.contains('\\') {
        return Some((plain.into(), rest));
    }
    let mut strings = serde_json::Deserializer::from_str(text).into_iter::<String>();
    let value = strings.next()?.ok()?;
    let rest = &text[strings.byte_offset()..];
    Some((value.into(), rest))
}

fn until_quote(text: &str) -> Option<(&str, &str)> {
    let end = memchr(b'"', text.as_bytes())?;
    Some((&text[..end], &text[end + 1..]))
}

/// Reads a whole number as JSON writes it.
fn whole_number(text: &str) -> Option<u32> {
    let number: u32 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}
