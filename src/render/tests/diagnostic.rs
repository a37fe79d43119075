//! Tests diagnostics with their source line.

use insta::assert_snapshot;

use crate::model::{Diagnostic, Excerpt, Origin};
use crate::render::common::style::Style;
use crate::render::diagnostic::{DiagnosticOptions, write, write_json_array};

fn at(file: &str, line: u32, column: u32) -> Origin {
    Origin {
        file: file.into(),
        line,
        column,
    }
}

fn under(mut diagnostic: Diagnostic, text: &str, marked: &str) -> Diagnostic {
    let start = text.find(marked).expect("part of the line");
    diagnostic.excerpt = Some(Excerpt {
        text: text.to_owned(),
        start,
        end: start + marked.len(),
    });
    diagnostic
}

fn text_with(diagnostics: &[Diagnostic], options: &DiagnosticOptions) -> String {
    let mut out = String::new();
    write(&mut out, diagnostics, options).expect("a String takes everything");
    out
}

fn text(diagnostics: &[Diagnostic]) -> String {
    text_with(diagnostics, &DiagnosticOptions::default())
}

fn unquoted_number() -> Diagnostic {
    let mut diagnostic = under(
        Diagnostic::error(
            "id-not-text",
            at("users/vip.yaml", 14, 15),
            "a member id is a string, this is a number",
        )
        .hint("quote it: \"1001\""),
        "  - memberId: 1001",
        "1001",
    );
    diagnostic.path = "users[3].memberId".to_owned();
    diagnostic
}

#[test]
fn with_the_line_and_other_places() {
    let duplicate = under(
        Diagnostic::error(
            "duplicate-id",
            at("users/b.yaml", 120, 15),
            "u-1001 is declared twice",
        )
        .related(at("users/a.yaml", 3, 15), "first declared here"),
        "  - memberId: \"u-1001\"",
        "\"u-1001\"",
    );
    let whole_file = Diagnostic::warning("no-users", Origin::file("users/a.yaml"), "no users here");
    assert_snapshot!(text(&[unquoted_number(), duplicate, whole_file]), @r#"
    warning[no-users]: no users here
    --> users/a.yaml

    error[duplicate-id]: u-1001 is declared twice
       --> users/b.yaml:120:15
        |
    120 |   - memberId: "u-1001"
        |               ^^^^^^^^
        |
    note: first declared here
       --> users/a.yaml:3:15

    error[id-not-text]: a member id is a string, this is a number
      --> users/vip.yaml:14:15
       |
    14 |   - memberId: 1001
       |               ^^^^
       |
       = note: in users[3].memberId
       = help: quote it: "1001"

    2 errors, 1 warning in 3 files
    "#);
}

#[test]
fn carets_stand_under_korean_text() {
    let korean = under(
        Diagnostic::warning(
            "key-not-camel-case",
            at("users/가.yaml", 7, 9),
            "`등급 이름` is not camelCase",
        ),
        "    이름: 가나다, 등급이름: 골드",
        "등급이름",
    );
    assert_snapshot!(text(&[korean]), @"
    warning[key-not-camel-case]: `등급 이름` is not camelCase
     --> users/가.yaml:7:9
      |
    7 |     이름: 가나다, 등급이름: 골드
      |                   ^^^^^^^^

    1 warning in 1 file
    ");
}

#[test]
fn hostile_lines() {
    let hostile = under(
        Diagnostic::error(
            "bad-key",
            at("users/\u{1b}[2J.yaml", 1, 4),
            "\u{202e}x\n::error::y",
        )
        .hint("##[error]z"),
        "::set-output \u{1b}[31m\u{202e}: key # ##[group]",
        "key",
    );
    assert_snapshot!(text(&[hostile]), @r"
    error[bad-key]: \u{202e}x\n::error::y
     --> users/\u{1b}[2J.yaml:1:4
      |
    1 | \u{3a}:set-output \u{1b}[31m\u{202e}: key # #\u{23}[group]
      |                                       ^^^
      |
      = help: #\u{23}[error]z

    1 error in 1 file
    ");
}

#[test]
fn many_are_cut_and_errors_come_before_warnings() {
    let mut many: Vec<Diagnostic> = (1..=300)
        .map(|line| {
            Diagnostic::warning(
                "tag-case",
                at("users/a.yaml", line, 1),
                "tag is lower-cased",
            )
        })
        .collect();
    many.push(Diagnostic::error("bad", at("users/z.yaml", 1, 1), "broken"));
    let options = DiagnosticOptions {
        most: 2,
        ..DiagnosticOptions::default()
    };
    assert_snapshot!(text_with(&many, &options), @"
    warning[tag-case]: tag is lower-cased
    --> users/a.yaml:1:1

    error[bad]: broken
    --> users/z.yaml:1:1

    … and 299 more, not shown.
    1 error, 300 warnings in 2 files
    ");
    assert_eq!(text(&[]), "");
}

#[test]
fn coloured() {
    let options = DiagnosticOptions {
        style: Style::coloured(),
        ..DiagnosticOptions::default()
    };
    let coloured = text_with(&[unquoted_number()], &options);
    assert!(coloured.contains("\u{1b}["));
    assert_eq!(
        anstream::adapter::strip_str(&coloured).to_string(),
        text(&[unquoted_number()])
    );
}

#[test]
fn as_json() {
    let mut out = Vec::new();
    let other = Diagnostic::warning("duplicate", at("a.yaml", 1, 2), "twice")
        .related(at("a.yaml", 9, 2), "first here");
    write_json_array(&mut out, &[unquoted_number(), other]).expect("memory");
    assert_snapshot!(String::from_utf8(out).expect("text"), @r#"
    [
      {
        "code": "duplicate",
        "severity": "warning",
        "file": "a.yaml",
        "line": 1,
        "column": 2,
        "path": "",
        "message": "twice",
        "hint": null,
        "related": [{"file":"a.yaml","line":9,"column":2,"message":"first here"}]
      },
      {
        "code": "id-not-text",
        "severity": "error",
        "file": "users/vip.yaml",
        "line": 14,
        "column": 15,
        "path": "users[3].memberId",
        "message": "a member id is a string, this is a number",
        "hint": "quote it: \"1001\"",
        "related": []
      }
    ]
    "#);
}
