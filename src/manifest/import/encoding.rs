//! Decodes a table: UTF-8, or the encoding that the caller names.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use encoding_rs::{
    DecoderResult, EUC_KR, Encoding, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252,
};

use crate::manifest::syntax::decode::{MARK, is_utf_16};

/// The names of encodings that their own standard does not list: those of Windows and of databases.
const ALIASES: [(&str, &Encoding); 7] = [
    ("cp949", EUC_KR),
    ("ms949", EUC_KR),
    ("uhc", EUC_KR),
    ("cp932", SHIFT_JIS),
    ("shiftjis", SHIFT_JIS),
    ("utf16", UTF_16LE),
    ("cp1252", WINDOWS_1252),
];

/// The encodings that an error suggests, each with its usual name and where it is used.
const SUGGESTED: [(&Encoding, &str); 3] = [
    (EUC_KR, "cp949 (Korean)"),
    (SHIFT_JIS, "shift-jis (Japanese)"),
    (WINDOWS_1252, "windows-1252 (Western)"),
];

/// An encoding, by one of its usual names: `cp949`, `shift-jis`, `utf-16`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableEncoding(&'static Encoding);

impl FromStr for TableEncoding {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let is = |(alias, _): &&(&str, _)| name.eq_ignore_ascii_case(alias);
        let found = Encoding::for_label(name.as_bytes());
        found
            .or_else(|| ALIASES.iter().find(is).map(|(_, encoding)| *encoding))
            .map(Self)
            .ok_or_else(|| {
                "expected the name of an encoding, such as utf-8, cp949, shift-jis or utf-16"
                    .to_owned()
            })
    }
}

impl fmt::Display for TableEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

/// Bytes that are not in the encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotDecodable {
    encoding: &'static str,
    line: usize,
    /// Encodings that the bytes fit. Empty if the caller named one.
    fits: Vec<&'static str>,
}

impl fmt::Display for NotDecodable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} is not {}", self.line, self.encoding)
    }
}

impl NotDecodable {
    /// What to do.
    pub fn hint(&self) -> String {
        match self.fits.first() {
            Some(_) => format!(
                "its bytes fit {}: name the encoding with --encoding, or save the file as UTF-8",
                self.fits.join(", ")
            ),
            None => "name another encoding with --encoding, or save the file as UTF-8".to_owned(),
        }
    }
}

/// The text of a table, without its byte order mark, and its encoding. A byte order mark wins over the caller's word.
///
/// # Errors
///
/// The bytes are not in the encoding.
pub(crate) fn decode(
    bytes: &[u8],
    named: Option<TableEncoding>,
) -> Result<(Cow<'_, str>, TableEncoding), NotDecodable> {
    if let Some((marked, length)) = Encoding::for_bom(bytes) {
        return whole(&bytes[length..], marked).map_err(|line| failure(marked, line, &[]));
    }
    if let Some(TableEncoding(encoding)) = named {
        return whole(bytes, encoding).map_err(|line| failure(encoding, line, &[]));
    }
    if is_utf_16(bytes) {
        let encoding = if bytes[0] == 0 { UTF_16BE } else { UTF_16LE };
        return whole(bytes, encoding).map_err(|line| failure(encoding, line, &[]));
    }
    whole(bytes, UTF_8).map_err(|line| failure(UTF_8, line, bytes))
}

fn failure(encoding: &'static Encoding, line: usize, bytes: &[u8]) -> NotDecodable {
    let fits = |(encoding, _): &&(&'static Encoding, _)| {
        !bytes.is_empty() && whole(bytes, encoding).is_ok()
    };
    NotDecodable {
        encoding: encoding.name(),
        line,
        fits: SUGGESTED
            .iter()
            .filter(fits)
            .map(|(_, name)| *name)
            .collect(),
    }
}

/// The text, or the line of the first bad byte.
fn whole<'b>(
    bytes: &'b [u8],
    encoding: &'static Encoding,
) -> Result<(Cow<'b, str>, TableEncoding), usize> {
    if encoding == UTF_8 {
        let bytes = bytes.strip_prefix(MARK).unwrap_or(bytes);
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let before = &bytes[..error.valid_up_to()];
            memchr::memchr_iter(b'\n', before).count() + 1
        })?;
        return Ok((Cow::Borrowed(text), TableEncoding(encoding)));
    }
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let most = decoder.max_utf8_buffer_length_without_replacement(bytes.len());
    let mut text = String::with_capacity(most.unwrap_or(bytes.len()));
    match decoder.decode_to_string_without_replacement(bytes, &mut text, true) {
        (DecoderResult::InputEmpty, _) => Ok((Cow::Owned(text), TableEncoding(encoding))),
        (DecoderResult::Malformed(..) | DecoderResult::OutputFull, _) => {
            Err(text.matches('\n').count() + 1)
        }
    }
}
