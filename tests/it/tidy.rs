//! The architecture, as a test: who may name whom, and where outside names have their home.

use std::fs;
use std::path::{Path, PathBuf};

/// Each module with the modules it may name.
const RINGS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("manifest", &["model"]),
    ("plan", &["model"]),
    ("remote", &["model"]),
    ("state", &["model"]),
    ("sandbox", &["model"]),
    ("apply", &["model", "plan", "remote", "state", "manifest"]),
    (
        "render",
        &["model", "plan", "remote", "state", "manifest", "apply"],
    ),
    (
        "cli",
        &[
            "model", "plan", "remote", "state", "manifest", "apply", "render", "sandbox",
        ],
    ),
];

/// Outside names, and the places (prefixes below `src/`) where they are at home.
const HOMES: &[(&str, &[&str])] = &[
    ("saphyr_parser", &["manifest/"]),
    ("serde_yaml", &["manifest/", "cli/commands/import/"]),
    ("reqwest", &["remote/http.rs"]),
    ("hyper", &["sandbox/"]),
    ("clap", &["cli/"]),
    ("clap_complete", &["cli/"]),
    ("std::env", &["cli/"]),
    ("Timestamp::now", &["cli/", "sandbox/"]),
    ("SystemTime::now", &["cli/", "sandbox/"]),
    ("println!", &[]),
    ("eprintln!", &[]),
    ("std::io::stdout", &["cli/"]),
    ("similar", &["render/"]),
    ("anstyle", &["render/"]),
    ("annotate_snippets", &["render/"]),
    ("indicatif", &["render/"]),
    (
        "std::fs",
        &[
            "manifest/files/find.rs",
            "state/store.rs",
            "state/text.rs",
            "state/disk_space.rs",
            "state/lock.rs",
            "cli/files.rs",
            "cli/lock_owner.rs",
            "sandbox/",
        ],
    ),
    ("sha2", &["model/digest/"]),
    ("hmac", &["model/digest/"]),
    ("tokio", &["apply/", "cli/", "sandbox/", "remote/http.rs"]),
];

fn sources() -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    walk(&root, &mut found);
    let is_shipped = |path: &PathBuf| {
        !path.components().any(|part| part.as_os_str() == "tests")
            && !path.to_string_lossy().ends_with("tests.rs")
    };
    found
        .into_iter()
        .filter(is_shipped)
        .map(|path| {
            let name = path
                .strip_prefix(&root)
                .expect("below src")
                .to_string_lossy()
                .replace('\\', "/");
            let text = fs::read_to_string(&path).expect("a source file");
            (name, text)
        })
        .collect()
}

/// The code without comments and without the unit tests at its end.
fn code(text: &str) -> String {
    let shipped = text.split("#[cfg(test)]\nmod tests").next().unwrap_or(text);
    shipped
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Whether the code names something, as a word of its own.
fn names(code: &str, name: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(name).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + name.len()..].chars().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

/// The crate's modules that a file names, through `crate::…` or `crate::{…}`.
fn named_modules(code: &str) -> Vec<String> {
    let mut modules = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if let Some(list) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut word = String::new();
            for c in list.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => modules.push(std::mem::take(&mut word)),
                    c if depth == 0 => word.push(c),
                    _ => {}
                }
            }
            modules.push(word);
        } else {
            modules.push(
                rest.chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect(),
            );
        }
    }
    modules
        .iter()
        .map(|module| {
            let first = module.trim().split("::").next().unwrap_or_default();
            first.to_owned()
        })
        .collect()
}

#[test]
fn modules_name_only_inner_rings() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let Some((_, allowed)) = RINGS
            .iter()
            .find(|(ring, _)| file.starts_with(&format!("{ring}/")))
        else {
            assert!(
                ["lib.rs", "main.rs", "parallel.rs"].contains(&file.as_str()),
                "{file} is in no ring"
            );
            continue;
        };
        let own = file.split('/').next().expect("a folder");
        for module in named_modules(&code(&text)) {
            let is_ring = RINGS.iter().any(|(ring, _)| *ring == module);
            if is_ring && module != own && !allowed.contains(&module.as_str()) {
                wrong.push(format!("{file} names {module}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn outside_names_stay_at_home() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let code = code(&text);
        for (name, homes) in HOMES {
            if names(&code, name) && !homes.iter().any(|home| file.starts_with(home)) {
                wrong.push(format!("{file} names {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn files_stay_readable() {
    let long: Vec<String> = sources()
        .into_iter()
        .filter(|(_, text)| text.lines().count() > 500)
        .map(|(file, text)| format!("{file}: {} lines", text.lines().count()))
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn the_check_sees_what_it_should() {
    assert_eq!(named_modules("use crate::model::X;"), ["model"]);
    assert_eq!(
        named_modules("use crate::{manifest, render::{a, b}, state};"),
        ["manifest", "render", "state"]
    );
    assert!(names("let x = reqwest::Client", "reqwest"));
    assert!(!names("dissimilar_to", "similar"));
    assert!(!names(&code("// reqwest\nx"), "reqwest"));
}
