//! Compares the reading of each folder in `tests/cases/manifest` with its snapshot. A folder whose name ends
//! in `-v5` is read for API v5; one that ends in `-shown` with `--show-sensitive`.

use std::fmt::Write as _;
use std::path::Path;

use crate::manifest::{ReadSettings, Reading, check, load};
use crate::model::{ApiVersion, Attributes, Declared};

use crate::manifest::tests::{open, written};

/// A check finds the same as a reading, and drops only values.
#[track_caller]
fn checked_alike(reading: &Reading, checked: &Reading) {
    assert_eq!(checked.diagnostics, reading.diagnostics);
    let names = |reading: &Reading| -> Vec<_> {
        let users = reading.desired.users.iter();
        let fields = |attributes: &Attributes| -> Vec<_> {
            attributes.fields().map(|(path, _)| path).collect()
        };
        users
            .map(|(id, user)| {
                let attributes = &user.attributes;
                (id.clone(), fields(attributes), attributes.tags.clone())
            })
            .collect()
    };
    assert_eq!(names(checked), names(reading));
    for user in checked.desired.users.values() {
        let mut declared = user.attributes.profile.iter();
        assert!(declared.all(|(_, declared)| *declared == Declared::Clear));
    }
}

#[test]
fn cases() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/manifest");
    let mut folders: Vec<_> = std::fs::read_dir(&cases)
        .expect("cases")
        .map(|entry| entry.expect("entry").path())
        .collect();
    folders.sort();
    for folder in folders {
        let name = folder.file_name().expect("a name").to_string_lossy();
        let settings = ReadSettings {
            patterns: vec!["*.{yaml,json,jsonl,md}".to_owned()],
            api: if name.ends_with("-v5") {
                ApiVersion::V5
            } else {
                ApiVersion::V4
            },
            visibility: open().revealing(name.ends_with("-shown")),
            rules: None,
        };
        let reading = load(&folder, &settings, None);
        checked_alike(&reading, &check(&folder, &settings));
        let mut text = String::new();
        for diagnostic in &reading.diagnostics {
            text += &written(diagnostic);
        }
        for (id, user) in &reading.desired.users {
            let form = serde_json::to_string(&user.attributes).expect("plain data");
            let _ = writeln!(text, "{id} {}\n    {form}", user.origin);
        }
        for (to, moved) in &reading.desired.moved {
            let _ = writeln!(text, "{} -> {to} {}", moved.from, moved.origin);
        }
        insta::with_settings!({
            snapshot_path => &folder,
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, {
            insta::assert_snapshot!("reading", text);
        });
    }
}
