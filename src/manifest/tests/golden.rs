//! Compares the reading of each folder in `tests/cases/manifest` with its snapshot. A folder whose name ends
//! in `-v5` is read for API v5; one that ends in `-shown` with `--show-sensitive`.

use std::fmt::Write as _;
use std::path::Path;

use crate::manifest::ReadSettings;
use crate::manifest::load;
use crate::model::ApiVersion;

use crate::manifest::tests::{open, written};

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
