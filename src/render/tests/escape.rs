//! Tests escaping untrusted text.

use proptest::prelude::*;

use crate::model::text::characters::is_invisible;
use crate::render::common::escape::{code, html_code, markdown, quoted, terminal, write_json};

#[test]
fn what_cannot_be_seen_becomes_visible() {
    assert_eq!(terminal("plain, 한글, ü"), "plain, 한글, ü");
    assert_eq!(terminal("a\nb\r\tc"), "a\\nb\\r\\tc");
    assert_eq!(
        terminal("\u{1b}[31m\u{9b}\u{7f}"),
        "\\u{1b}[31m\\u{9b}\\u{7f}"
    );
    assert_eq!(
        terminal("\u{202e}\u{2066}\u{61c}"),
        "\\u{202e}\\u{2066}\\u{61c}"
    );
    assert_eq!(
        terminal("\u{e0041}\u{feff}\u{3164}"),
        "\\u{e0041}\\u{feff}\\u{3164}"
    );
    assert_eq!(quoted("say \"hi\" \\ now"), r#""say \"hi\" \\ now""#);
}

#[test]
fn no_text_is_a_command_to_a_runner() {
    assert_eq!(terminal("::error::x"), "\\u{3a}:error::x");
    assert_eq!(terminal("  ::error::x"), "  \\u{3a}:error::x");
    assert_eq!(terminal("a::b"), "a::b");
    assert_eq!(terminal("x ##[error]"), "x #\\u{23}[error]");
    assert_eq!(terminal("###vso[task"), "##\\u{23}vso[task");
    assert_eq!(terminal("## heading"), "## heading");
}

#[test]
fn markdown_shows_what_was_written() {
    assert_eq!(markdown("<b>&"), "&lt;b&gt;&amp;");
    assert_eq!(markdown("@all #12"), "\\@<!-- -->all \\#<!-- -->12");
    assert_eq!(markdown("[a](http://b)"), "\\[a\\]\\(http\\:\\/\\/b\\)");
    assert_eq!(code("plain </details> @all"), "`plain </details> @all`");
    assert_eq!(code("a`b|"), "<code>a&#96;b&#124;</code>");
    assert_eq!(code(""), "<code></code>");
    assert_eq!(
        html_code("</summary>"),
        "<code>&#60;&#47;summary&#62;</code>"
    );
}

#[test]
fn json_is_visible_and_the_same_data() {
    let value = serde_json::json!({"a\u{202e}": "##[error] \u{9b}\u{e0041}\n", "b": [1, {}]});
    let mut out = Vec::new();
    write_json(&mut out, &value).expect("memory");
    let text = String::from_utf8(out).expect("text");
    assert!(
        text.contains(r"#\u0023[error] \u009b\udb40\udc41\n"),
        "{text}"
    );
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&text).expect("json"),
        value
    );
}

/// Texts in which the dangerous is likelier than in arbitrary ones.
pub(crate) fn nasty() -> impl Strategy<Value = String> + Clone {
    let piece = prop_oneof![
        any::<char>().prop_map(String::from),
        prop::sample::select(vec![
            "::",
            "##",
            "[",
            "#",
            "vso[",
            "`",
            "``",
            "|",
            "</details>",
            "@a",
            "\n",
            " ",
            "\\",
            "\"",
            "\u{1b}[",
            "\u{202e}",
            "\u{200d}",
            "\u{e0001}",
            "\u{feff}",
            "\u{85}",
            "\u{2028}",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

pub(crate) fn is_command(line: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    line.trim_start().starts_with("::")
        || ["##[", "##vso[", "##teamcity["]
            .iter()
            .any(|start| lower.contains(start))
}

proptest! {
    #[test]
    fn nothing_dangerous_is_left(text in nasty()) {
        for shown in [terminal(&text).into_owned(), quoted(&text), markdown(&text), code(&text), html_code(&text)] {
            prop_assert!(!shown.chars().any(is_invisible), "{shown:?}");
            prop_assert!(!is_command(&shown), "{shown:?}");
        }
    }

    #[test]
    fn markdown_has_no_markup(text in nasty()) {
        let shown = markdown(&text).replace("<!-- -->", "");
        prop_assert!(!shown.contains(['<', '>']));
        let code = code(&text);
        if code.starts_with('`') {
            prop_assert_eq!(code.matches('`').count(), 2);
        } else {
            let inner = &code["<code>".len()..code.len() - "</code>".len()];
            prop_assert!(!inner.contains(['<', '>', '`', '|', '@', '*', '\\']));
        }
    }

    #[test]
    fn json_reads_back(text in nasty()) {
        let mut out = Vec::new();
        write_json(&mut out, &text).expect("memory");
        let shown = String::from_utf8(out).expect("text");
        prop_assert_eq!(&serde_json::from_str::<String>(&shown).expect("json"), &text);
        prop_assert!(!shown.trim_end().chars().any(is_invisible));
        prop_assert!(!is_command(&shown));
    }
}
