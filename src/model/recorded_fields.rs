//! The field digests of a recorded user, read only where somebody asks for them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::model::digest::digests::FieldDigest;
use crate::model::field::FieldPath;

/// The field digests of an entry, in the order of their paths.
///
/// Those of a state that was just loaded stay the text they are until they are looked at: of a
/// million users a plan explains the few that changed.
#[derive(Clone)]
pub struct RecordedFields {
    parsed: OnceLock<Box<[(FieldPath, FieldDigest)]>>,
    written: Option<Written>,
}

/// A part of a state's text.
#[derive(Clone)]
struct Written {
    text: Arc<dyn RecordedText>,
    start: u64,
    length: u32,
}

/// The text of a state, wherever it is kept.
pub trait RecordedText: Send + Sync {
    /// Some bytes of it. `None` where they can no longer be had, or are no text; whoever keeps the text
    /// remembers that.
    fn part(&self, start: u64, length: u32) -> Option<String>;
}

impl RecordedText for String {
    fn part(&self, start: u64, length: u32) -> Option<String> {
        let start = usize::try_from(start).ok()?;
        self.get(start..start + length as usize)
            .map(ToOwned::to_owned)
    }
}

impl RecordedFields {
    /// Sorts by path; of two digests for one path the later counts.
    pub fn new(fields: impl IntoIterator<Item = (FieldPath, FieldDigest)>) -> Self {
        let unique: BTreeMap<_, _> = fields.into_iter().collect();
        Self {
            parsed: OnceLock::from(unique.into_iter().collect::<Box<[_]>>()),
            written: None,
        }
    }

    /// Fields as [`write`](Self::write) writes them, which stand at a place of a text. Without `checked`,
    /// which says that a checksum vouches for them, `None` where they are anything else.
    pub fn written(
        inside: &str,
        text: &Arc<dyn RecordedText>,
        start: u64,
        checked: bool,
    ) -> Option<Self> {
        let is_plain = if checked {
            memchr::memchr(b'\\', inside.as_bytes()).is_none()
        } else {
            is_as_written(inside.as_bytes())
        };
        let length = u32::try_from(inside.len()).ok()?;
        is_plain.then(|| Self {
            parsed: OnceLock::new(),
            written: Some(Written {
                text: Arc::clone(text),
                start,
                length,
            }),
        })
    }

    fn all(&self) -> &[(FieldPath, FieldDigest)] {
        self.parsed.get_or_init(|| {
            let Some(inside) = self.text() else {
                return Box::default();
            };
            // `"path":"digest","path":"digest"`: between quotes they take turns.
            let mut quoted = inside.split('"').skip(1).step_by(2);
            let pairs = std::iter::from_fn(|| {
                let (path, digest) = (quoted.next()?, quoted.next()?);
                Some((path.parse().ok()?, digest.parse().ok()?))
            });
            pairs.collect()
        })
    }

    fn text(&self) -> Option<String> {
        let written = self.written.as_ref()?;
        written.text.part(written.start, written.length)
    }

    /// The recorded digest of one field.
    pub fn get(&self, path: &FieldPath) -> Option<FieldDigest> {
        let all = self.all();
        all.binary_search_by(|(recorded, _)| recorded.cmp(path))
            .ok()
            .map(|at| all[at].1)
    }

    /// All fields in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&FieldPath, FieldDigest)> {
        self.all().iter().map(|(path, digest)| (path, *digest))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.all().is_empty()
    }

    /// Writes the inside of a JSON object of digests by path.
    ///
    /// # Errors
    ///
    /// The text that they were part of can no longer be had.
    pub fn write(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        if self.written.is_some() {
            return out.write_str(&self.text().ok_or(fmt::Error)?);
        }
        for (number, (path, digest)) in self.iter().enumerate() {
            let separator = if number == 0 { "" } else { "," };
            let path = serde_json::to_string(path).map_err(|_| fmt::Error)?;
            write!(out, "{separator}{path}:\"{digest}\"")?;
        }
        Ok(())
    }
}

/// Whether this is `"path":"digest",…` with rising paths of plain letters and digests of 24
/// digits. Rare keys, with letters that JSON or a path would have to be asked about, are not.
fn is_as_written(mut rest: &[u8]) -> bool {
    const DIGEST: usize = 24;
    let mut last: &[u8] = b"";
    while !rest.is_empty() {
        let Some(body) = rest.strip_prefix(b"\"") else {
            return false;
        };
        let Some(end) = body.iter().position(|byte| *byte == b'"') else {
            return false;
        };
        let path = &body[..end];
        if !is_plain_path(path) || path <= last {
            return false;
        }
        last = path;
        let digest = &body[end..];
        let (Some(b"\":\""), Some(digits)) = (digest.get(..3), digest.get(3..3 + DIGEST)) else {
            return false;
        };
        let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if !digits.iter().all(is_digit) {
            return false;
        }
        rest = match digest.get(3 + DIGEST..) {
            Some(b"\"") => return true,
            Some([b'"', b',', more @ ..]) if !more.is_empty() => more,
            _ => return false,
        };
    }
    true
}

fn is_plain_path(path: &[u8]) -> bool {
    let key = path
        .strip_prefix(b"profile.")
        .or_else(|| path.strip_prefix(b"profileOnce."));
    match key {
        Some(key) => {
            let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
            !key.is_empty() && key.iter().all(is_plain)
        }
        None => matches!(
            path,
            b"tags" | b"unsubscribed" | b"unsubscribeEmail" | b"unsubscribeTexting"
        ),
    }
}

impl Default for RecordedFields {
    fn default() -> Self {
        Self::new([])
    }
}

impl PartialEq for RecordedFields {
    fn eq(&self, other: &Self) -> bool {
        self.all() == other.all()
    }
}

impl Eq for RecordedFields {}

impl fmt::Debug for RecordedFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.all()).finish()
    }
}
