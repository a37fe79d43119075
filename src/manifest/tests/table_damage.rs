//! Tests of damaged tables, in every encoding and with every delimiter.

use std::fmt::Write as _;

use encoding_rs::{EUC_KR, Encoding, SHIFT_JIS};

use crate::manifest::TableEncoding;
use crate::manifest::import::table::{TableError, TableSettings, read_table};
use crate::manifest::tests::table::{columns, shown, table};

/// The name of an encoding, how a text is written in it, and the word of the caller that names it.
type InEncoding = (&'static str, fn(&str) -> Vec<u8>, Option<&'static str>);

const ENCODINGS: [InEncoding; 8] = [
    ("UTF-8", |text| text.as_bytes().to_vec(), None),
    (
        "UTF-8 with a mark",
        |text| ["\u{feff}", text].concat().into_bytes(),
        None,
    ),
    (
        "UTF-16LE with a mark",
        |text| utf_16(&["\u{feff}", text].concat(), u16::to_le_bytes),
        None,
    ),
    (
        "UTF-16BE with a mark",
        |text| utf_16(&["\u{feff}", text].concat(), u16::to_be_bytes),
        None,
    ),
    ("UTF-16LE", |text| utf_16(text, u16::to_le_bytes), None),
    ("UTF-16BE", |text| utf_16(text, u16::to_be_bytes), None),
    ("CP949", |text| encoded(text, EUC_KR), Some("cp949")),
    (
        "Shift-JIS",
        |text| encoded(text, SHIFT_JIS),
        Some("shift-jis"),
    ),
];

fn utf_16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

fn encoded(text: &str, encoding: &'static Encoding) -> Vec<u8> {
    let (bytes, _, has_gaps) = encoding.encode(text);
    assert!(!has_gaps, "{text}");
    bytes.into_owned()
}

/// What is wrong with a table; `,` stands for its delimiter. The names have no letter of one country alone.
const DAMAGES: [(&str, &str); 26] = [
    (
        "none",
        "memberId,名,plan\nu-1,金一,pro\nu-2,\"金\"\"二\",free\n",
    ),
    (
        "lines end in CRLF",
        "memberId,名,plan\r\nu-1,金一,pro\r\nu-2,\"two\r\nlines\",free\r\n",
    ),
    (
        "lines end in CR",
        "memberId,名,plan\ru-1,金一,pro\ru-2,金二,free\r",
    ),
    ("blank lines", "\n\nmemberId,名,plan\n\nu-1,金一,pro\n \n"),
    (
        "a quote is open",
        "memberId,名,plan\nu-1,\"金一,pro\nu-2,金二,free\n",
    ),
    (
        "a quote is open in the last cell",
        "memberId,名,plan\nu-1,金一,pro\nu-2,金二,\"free\n",
    ),
    (
        "a quote is open in the header",
        "memberId,\"名,plan\nu-1,金一,pro\n",
    ),
    (
        "another quote closes it",
        "memberId,名,plan\nu-1,\"金一,pro\nu-2,\"金二\",free\nu-3,金三,pro\n",
    ),
    (
        "a quote swallows a row",
        "memberId,名,plan\nu-1,\"金一,pro\nu-2,金二\",free\nu-3,金三,pro\n",
    ),
    (
        "a quote swallows two rows",
        "memberId,名,plan\nu-1,金一,\"pro\nu-2,金二,free\nu-3,金三,pro\"\nu-4,金四,pro\n",
    ),
    (
        "text of several lines",
        "memberId,名,plan\nu-1,\"金\n一, two\n\",pro\n",
    ),
    (
        "text after a quote",
        "memberId,名,plan\nu-1,\"金\"一,pro\nu-2,金二,free\n",
    ),
    (
        "a space before a quote",
        "memberId,名,plan\nu-1, \"金,一\" ,pro\n",
    ),
    ("a short row", "memberId,名,plan\nu-1,pro\nu-2,金二,free\n"),
    (
        "a long row",
        "memberId,名,plan\nu-1,金,一,pro\nu-2,金二,free\n",
    ),
    (
        "empty cells at the end",
        "memberId,名,plan\nu-1,金一,pro,,\nu-2,金二,free,\n",
    ),
    (
        "a line sep=",
        "sep=,\r\nmemberId,名,plan\r\nu-1,金一\r\nu-2,金二,free\r\n",
    ),
    ("no header", "u-1,金一,pro\nu-2,金二,free\n"),
    ("no id column", "name,名,plan\nu-1,金一,pro\n"),
    (
        "the header twice",
        "memberId,名,plan\nu-1,金一,pro\nmemberId,名,plan\nu-2,金二,free\n",
    ),
    (
        "another header",
        "memberId,名,plan\nu-1,金一,pro\n名,memberId,plan\n金二,u-2,free\n",
    ),
    (
        "ids of nobody",
        "memberId,名,plan\nNULL,a,b\n8.8E+12,a,b\n1001.0,a,b\n\"=\"\"0012\"\"\",a,b\n0,a,b\nu-1,a,b\n",
    ),
    (
        "an id with a space",
        "memberId,名,plan\nu 1,金一,pro\n u-2 ,金二,free\n",
    ),
    (
        "ids repeated",
        "memberId,名,plan\nu-1,金一,pro\nu-1,金二,free\n",
    ),
    ("nothing but a header", "memberId,名,plan\n"),
    ("empty", ""),
];

/// Encodings x delimiters x damages: the outcome of a damage is the same in all of them.
#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn every_damage_is_reported_in_every_encoding_with_every_delimiter() {
    let columns = columns(&["名=profile.nick"]);
    let mut report = String::new();
    for (damage, text) in DAMAGES {
        let mut outcomes: Vec<(String, String)> = Vec::new();
        for (encoding, encode, named) in ENCODINGS {
            for delimiter in [",", ";", "\t", "|"] {
                let settings = TableSettings {
                    columns: &columns,
                    encoding: named.map(|name| name.parse().expect("an encoding")),
                    ..TableSettings::default()
                };
                let bytes = encode(&text.replace(',', delimiter));
                let outcome = match read_table(&bytes, &settings) {
                    // A cell may hold the delimiter.
                    Ok(table) => shown(&table).replace(delimiter, ",").replace("\\t", ","),
                    Err(error) => format!("refused: {error}\n"),
                };
                outcomes.push((format!("{encoding} {delimiter:?}"), outcome));
            }
        }
        let (_, first) = &outcomes[0];
        for (place, outcome) in &outcomes {
            assert_eq!(outcome, first, "{damage} in {place}");
        }
        let _ = writeln!(
            report,
            "{damage} ({} files)\n{}",
            outcomes.len(),
            first.trim_end()
        );
    }
    println!("{report}");
    insta::assert_snapshot!(report, @r#"
    none (32 files)
    u-1 {"profile":{"nick":"金一"}}
    u-2 {"profile":{"nick":"金\"二"}}
    without id 0, repeated {}, nothing {}
    lines end in CRLF (32 files)
    u-1 {"profile":{"nick":"金一"}}
    u-2 {"profile":{"nick":"two\r\nlines"}}
    without id 0, repeated {}, nothing {}
    lines end in CR (32 files)
    u-1 {"profile":{"nick":"金一"}}
    u-2 {"profile":{"nick":"金二"}}
    without id 0, repeated {}, nothing {}
    blank lines (32 files)
    u-1 {"profile":{"nick":"金一"}}
    without id 0, repeated {}, nothing {}
    a quote is open (32 files)
    refused: the quote that opens in line 2 is not closed
    a quote is open in the last cell (32 files)
    refused: the quote that opens in line 3 is not closed
    a quote is open in the header (32 files)
    refused: the quote that opens in line 1 is not closed
    another quote closes it (32 files)
    refused: the quote that opens in line 2 is closed in the middle of line 3
    a quote swallows a row (32 files)
    u-3 {"profile":{"nick":"金三"}}
    line 2: a quoted cell holds the end of a row and the beginning of another: a quote is missing
    without id 0, repeated {}, nothing {}
    a quote swallows two rows (32 files)
    u-4 {"profile":{"nick":"金四"}}
    line 2: a quoted cell holds the end of a row and the beginning of another: a quote is missing
    without id 0, repeated {}, nothing {}
    text of several lines (32 files)
    u-1 {"profile":{"nick":"金\n一, two"}}
    without id 0, repeated {}, nothing {}
    text after a quote (32 files)
    u-2 {"profile":{"nick":"金二"}}
    line 2: text stands after a closing quote
    without id 0, repeated {}, nothing {}
    a space before a quote (32 files)
    u-1 {"profile":{"nick":"金,一"}}
    without id 0, repeated {}, nothing {}
    a short row (32 files)
    u-2 {"profile":{"nick":"金二"}}
    line 2: it has 2 cells, and the header 3
    without id 0, repeated {}, nothing {}
    a long row (32 files)
    u-2 {"profile":{"nick":"金二"}}
    line 2: it has 4 cells, and the header 3
    without id 0, repeated {}, nothing {}
    empty cells at the end (32 files)
    u-1 {"profile":{"nick":"金一"}}
    u-2 {"profile":{"nick":"金二"}}
    without id 0, repeated {}, nothing {}
    a line sep= (32 files)
    u-2 {"profile":{"nick":"金二"}}
    line 3: it has 2 cells, and the header 3
    without id 0, repeated {}, nothing {}
    no header (32 files)
    refused: it has no column for the id; it has 3 columns, none with a usual name
    no id column (32 files)
    refused: it has no column for the id; it has 3 columns, among them `name`, `名`, `plan`
    the header twice (32 files)
    u-1 {"profile":{"nick":"金一"}}
    u-2 {"profile":{"nick":"金二"}}
    line 3: repeats the header and is left out: two tables were joined
    without id 0, repeated {}, nothing {}
    another header (32 files)
    refused: line 3 is a header with other columns: two tables were joined
    ids of nobody (32 files)
    u-1 {"profile":{"nick":"a"}}
    line 2: the id is what a program writes where there is no id
    line 3: the id is a long number that a spreadsheet has rounded
    line 4: the id is a whole number that a program read as a decimal
    line 5: the id is the notation of a spreadsheet for a text
    line 6: the id is zero, which programs write where there is no id
    without id 0, repeated {}, nothing {}
    an id with a space (32 files)
    u-2 {"profile":{"nick":"金二"}}
    line 2: a member id has no white space
    without id 0, repeated {}, nothing {}
    ids repeated (32 files)
    u-1 {"profile":{"nick":"金一"}}
    without id 0, repeated {"u-1"}, nothing {}
    nothing but a header (32 files)
    without id 0, repeated {}, nothing {}
    empty (32 files)
    refused: it has no header line
    "#);
}

#[test]
fn bytes_that_are_not_in_the_encoding_are_refused_with_those_that_fit() {
    let refusal = |bytes: &[u8], encoding: Option<&str>| {
        let settings = TableSettings {
            encoding: encoding.map(|name| name.parse().expect("an encoding")),
            ..TableSettings::default()
        };
        match read_table(bytes, &settings) {
            Err(TableError::Encoding(problem)) => format!("{problem}; {}", problem.hint()),
            other => panic!("{other:?}"),
        }
    };
    let korean = encoded("memberId\n김\n", EUC_KR);
    assert_eq!(
        refusal(&korean, None),
        "line 2 is not UTF-8; its bytes fit cp949 (Korean), windows-1252 (Western): name the encoding with --encoding, or save the file as UTF-8"
    );
    assert_eq!(
        refusal(b"id\n\n\x81", Some("cp949")),
        "line 3 is not EUC-KR; name another encoding with --encoding, or save the file as UTF-8"
    );
    for name in [
        "cp949",
        "CP949",
        "ms949",
        "euc-kr",
        "ks_c_5601-1987",
        "uhc",
        "shift_jis",
        "sjis",
        "cp932",
        "UTF-16",
        "utf-16be",
        "latin1",
    ] {
        assert!(name.parse::<TableEncoding>().is_ok(), "{name}");
    }
    assert!("korean please".parse::<TableEncoding>().is_err());
}

#[test]
fn joined_files_are_noticed() {
    let second = |rest: &str| format!("\u{feff}memberId,name\nu-1,a\n\u{feff}{rest}");
    insta::assert_snapshot!(shown(&table(&second("memberId,name\nu-2,b\n"), &["name=profile.nick"])), @r#"
    u-1 {"profile":{"nick":"a"}}
    u-2 {"profile":{"nick":"b"}}
    line 3: repeats the header and is left out: two tables were joined
    without id 0, repeated {}, nothing {}
    "#);
    insta::assert_snapshot!(shown(&table(&second("\"u-2\",b\n"), &["name=profile.nick"])), @r#"
    u-1 {"profile":{"nick":"a"}}
    u-2 {"profile":{"nick":"b"}}
    line 3: begins with a byte order mark: two tables were joined
    without id 0, repeated {}, nothing {}
    "#);
}
