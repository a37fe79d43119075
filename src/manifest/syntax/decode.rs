//! Decodes bytes as text: UTF-8, with or without a byte order mark, without control characters.

use crate::manifest::problem::problems::Problem;
use crate::manifest::problem::span::Span;

/// The text of a file up to the first bad byte, and what is wrong with it.
pub(crate) struct Decoded<'b> {
    /// Without the byte order mark; ends before the first bad byte.
    pub(crate) text: &'b str,
    /// Why nothing can be read from it.
    pub(crate) problem: Option<Problem>,
}

/// The byte order mark of UTF-8.
pub(crate) const MARK: &[u8] = b"\xEF\xBB\xBF";

/// How files begin that hold no text, and what they are.
const BINARY: [(&[u8], &str, &str); 4] = [
    (b"\x1F\x8B", "compressed with gzip", "decompress it: gunzip"),
    (
        b"PK\x03\x04",
        "a ZIP archive, such as an Excel workbook",
        "save it as CSV, and import that",
    ),
    (
        b"\x28\xB5\x2F\xFD",
        "compressed with zstd",
        "decompress it: unzstd",
    ),
    (b"%PDF-", "a PDF", "write its users as YAML"),
];

/// Reads bytes as text.
pub(crate) fn decode(bytes: &[u8]) -> Decoded<'_> {
    if let Some((_, what, hint)) = BINARY.iter().find(|(magic, ..)| bytes.starts_with(magic)) {
        let message = format!("this file is {what}");
        let problem = Problem::error("not-text", Span::default(), message).hint(*hint);
        return Decoded {
            text: "",
            problem: Some(problem),
        };
    }
    if is_utf_16(bytes) {
        let problem = Problem::error("not-utf-8", Span::default(), "this file is UTF-16")
            .hint("save it as UTF-8");
        return Decoded {
            text: "",
            problem: Some(problem),
        };
    }
    let bytes = bytes.strip_prefix(MARK).unwrap_or(bytes);
    let (text, broken) = match std::str::from_utf8(bytes) {
        Ok(text) => (text, None),
        Err(error) => {
            let (good, bad) = bytes.split_at(error.valid_up_to());
            (
                std::str::from_utf8(good).unwrap_or_default(),
                bad.first().copied(),
            )
        }
    };
    let problem = control_character(text).or_else(|| {
        let byte = broken?;
        let end = Span::new(text.len(), text.len());
        let message = format!("the byte 0x{byte:02X} here is not UTF-8");
        Some(Problem::error("not-utf-8", end, message).hint("save the file as UTF-8"))
    });
    Decoded {
        text,
        problem: problem.map(Problem::unparsed),
    }
}

/// Recognises UTF-16 by its mark, or by ASCII characters of two bytes at the start.
pub(crate) fn is_utf_16(bytes: &[u8]) -> bool {
    match bytes {
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => true,
        [a, b, c, d, ..] => {
            (*a == 0 && *c == 0 && *b != 0 && *d != 0) || (*b == 0 && *d == 0 && *a != 0 && *c != 0)
        }
        _ => false,
    }
}

fn control_character(text: &str) -> Option<Problem> {
    let bytes = text.as_bytes();
    // Nearly every file has none, so chunks without a suspicious byte are skipped fast.
    let may_be = |byte: &u8| (*byte < 0x20 && *byte != b'\n') || *byte == 0x7F || *byte == 0xC2;
    let hides = |chunk: &[u8]| chunk.iter().fold(false, |any, byte| any | may_be(byte));
    if !bytes.chunks(64).any(hides) {
        return None;
    }
    let at = bytes.iter().enumerate().position(|(at, byte)| match byte {
        b'\t' | b'\n' => false,
        b'\r' => bytes.get(at + 1) != Some(&b'\n'),
        0x00..0x20 | 0x7F => true,
        // U+0080 to U+009F. Among them is U+0085, which is a line end to some readers.
        0xC2 => bytes.get(at + 1).is_some_and(|next| *next < 0xA0),
        _ => false,
    })?;
    let character = text[at..].chars().next()?;
    let span = Span::new(at, at + character.len_utf8());
    let (message, hint) = if character == '\r' {
        (
            "a carriage return without a line feed".to_owned(),
            "end lines with \\n or \\r\\n",
        )
    } else {
        (
            format!("the control character U+{:04X}", u32::from(character)),
            "remove it; inside a quoted text write it as an escape",
        )
    };
    Some(Problem::error("control-character", span, message).hint(hint))
}

/// The tab that indents the line of an offset or the next line: the parser reports it in either place.
pub(crate) fn indenting_tab(text: &str, at: usize) -> Option<Span> {
    let mut start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    for line in text[start..].split_inclusive('\n').take(2) {
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        if let Some(tab) = line[..indent].find('\t')
            && !line[indent..].trim().is_empty()
        {
            return Some(Span::new(start + tab, start + tab + 1));
        }
        start += line.len();
    }
    None
}
