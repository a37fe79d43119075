//! Tests reading manifests, and shares the helpers of these tests.

mod append;
mod chunks;
mod disk;
mod erase;
mod golden;
mod hostile;
mod masking;
mod project;
mod properties;
mod rules;
mod schema;
mod table;
mod table_damage;

use std::fmt::Write as _;
use std::sync::Arc;

use crate::model::{ApiVersion, Diagnostic, FieldPatterns, FieldSettings, Visibility};

use crate::manifest::{ReadSettings, Reading, read_texts};

/// The visibility of a project that calls every key public.
fn open() -> Visibility {
    Visibility::new(FieldSettings {
        public: FieldPatterns::new(&["profile.*"]),
        ..FieldSettings::default()
    })
}

/// The settings of a project that calls every key public.
fn settings() -> ReadSettings {
    ReadSettings {
        patterns: vec!["**/*".to_owned()],
        api: ApiVersion::V4,
        visibility: open(),
        rules: None,
    }
}

fn read(name: &str, text: impl AsRef<[u8]>) -> Reading {
    read_texts(vec![(Arc::from(name), text.as_ref().to_vec())], &settings())
}

/// A `User` document with these lines.
fn user(lines: &str) -> String {
    format!("apiVersion: talkform/v1\nkind: User\n{lines}")
}

fn codes(reading: &Reading) -> Vec<&'static str> {
    let mut codes: Vec<_> = reading.diagnostics.iter().map(|d| d.code).collect();
    codes.dedup();
    codes
}

/// One diagnostic in plain lines, with a ruler under the excerpt.
fn written(diagnostic: &Diagnostic) -> String {
    let Diagnostic {
        code,
        severity,
        origin,
        path,
        message,
        hint,
        excerpt,
        related,
    } = diagnostic;
    let mut text = format!("{severity:?} {code} {origin} {path}\n    {message}\n");
    if let Some(hint) = hint {
        let _ = writeln!(text, "    hint: {hint}");
    }
    if let Some(excerpt) = excerpt {
        let before = excerpt.text[..excerpt.start].chars().count();
        let under = excerpt.text[excerpt.start..excerpt.end].chars().count();
        let _ = writeln!(text, "  | {}", excerpt.text);
        let _ = writeln!(
            text,
            "  | {}{}",
            " ".repeat(before),
            "^".repeat(under.max(1))
        );
    }
    for (origin, word) in related {
        let _ = writeln!(text, "    {origin} {word}");
    }
    text
}
