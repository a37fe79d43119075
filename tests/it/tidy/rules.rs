//! Checks names: rings, circles, folders, homes of outside names, and the purity of the middle.

use std::collections::BTreeSet;

use crate::tidy::assert_none;
use crate::tidy::graph::{Graph, circles};
use crate::tidy::names::Path;
use crate::tidy::source::{Source, program};
use crate::tidy::tree::{Module, Place, Tree};

/// Each module of the library with the modules that it may name. `cli` is in the binary and may name all of them.
const RINGS: &[(&str, &[&str])] = &[
    ("parallel", &[]),
    ("words", &[]),
    ("regular_file", &[]),
    ("model", &["parallel"]),
    ("manifest", &["model", "parallel", "words", "regular_file"]),
    ("plan", &["model", "parallel", "words"]),
    ("remote", &["model", "parallel", "words"]),
    ("state", &["model", "parallel", "words", "regular_file"]),
    ("sandbox", &["model", "regular_file"]),
    (
        "apply",
        &[
            "model", "plan", "remote", "state", "manifest", "parallel", "words",
        ],
    ),
    (
        "render",
        &[
            "model", "plan", "remote", "state", "manifest", "apply", "parallel", "words",
        ],
    ),
];

/// The folders of a ring, inner ones first: a folder names only folders of an earlier step.
const CHAINS: &[(&str, &[&[&str]])] = &[
    (
        "src/manifest",
        &[
            &["problem"],
            &["syntax"],
            &["users"],
            &["files", "project"],
            &["writing", "import"],
        ],
    ),
    (
        "src/render",
        &[&["common"], &["plan"], &["drift", "report"]],
    ),
];

/// Outside names, and the places (prefixes of a file) where they are at home.
const HOMES: &[(&str, &[&str])] = &[
    ("saphyr_parser", &["src/manifest/"]),
    ("serde_yaml", &["src/manifest/"]),
    ("csv", &["src/manifest/import/"]),
    ("globset", &["src/manifest/"]),
    ("walkdir", &["src/manifest/files/"]),
    ("jsonschema", &["src/manifest/"]),
    ("reqwest", &["src/remote/http.rs"]),
    (
        "rustls",
        &[
            "src/remote/http.rs",
            "src/remote/obstacle.rs",
            "src/state/bucket/connection.rs",
            // The certificates of a variable are read as rustls reads them.
            "src/cli/network/certificates.rs",
        ],
    ),
    ("object_store", &["src/state/bucket/"]),
    ("futures_util", &["src/state/bucket/"]),
    ("ring", &["src/state/encryption/"]),
    ("hyper", &["src/sandbox/", "src/remote/proxy.rs"]),
    ("hyper_util", &["src/sandbox/", "src/remote/proxy.rs"]),
    ("clap", &["src/cli/"]),
    ("clap_complete", &["src/cli/"]),
    ("tracing_subscriber", &["src/cli/"]),
    ("std::env", &["src/cli/"]),
    ("std::process", &["src/cli/", "src/main.rs"]),
    ("jiff::Timestamp::now", &["src/cli/", "src/sandbox/"]),
    ("std::time::SystemTime::now", &["src/cli/", "src/sandbox/"]),
    ("std::io::stdout", &["src/cli/"]),
    ("std::io::stderr", &["src/cli/"]),
    ("std::io::stdin", &["src/cli/"]),
    ("similar", &["src/render/"]),
    ("anstyle", &["src/render/"]),
    ("anstream", &["src/render/", "src/cli/"]),
    ("annotate_snippets", &["src/render/"]),
    ("indicatif", &["src/render/"]),
    ("unicode_width", &["src/render/"]),
    (
        "std::fs",
        &[
            "src/manifest/files/",
            "src/manifest/inside.rs",
            "src/regular_file.rs",
            "src/state/",
            "src/cli/",
            "src/sandbox/",
        ],
    ),
    // The page names its own script by a hash in its content security policy.
    (
        "sha2",
        &[
            "src/model/digest/",
            "src/render/plan/html.rs",
            "src/render/tests/plan_html.rs",
        ],
    ),
    ("hmac", &["src/model/digest/"]),
    ("xxhash_rust", &["src/model/digest/", "src/state/"]),
    (
        "tokio",
        &[
            "src/apply/",
            "src/cli/",
            "src/sandbox/",
            "src/remote/http.rs",
            // A request waits for its intent to be flushed.
            "src/state/journal_writer.rs",
            // A bucket is on the network.
            "src/state/bucket/",
            // The journal is flushed beside the requests.
            "src/state/system_disk.rs",
        ],
    ),
];

/// Macros that print; everything printed goes through a writer of `cli`.
const PRINTING: &[&str] = &["print", "println", "eprint", "eprintln", "dbg"];

/// Modules that compute from what they are given.
const PURE: &[&str] = &["src/model/", "src/plan/"];

/// What a pure module must not name.
const EFFECTS: &[&str] = &[
    "std::env",
    "std::fs",
    "std::io",
    "std::net",
    "std::os",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
    "jiff::Timestamp::now",
    "jiff::Zoned::now",
    "fastrand",
    "getrandom",
    "memmap2",
    "reqwest",
    "rustix",
    "tempfile",
    "tokio",
];

/// The trait objects that a pure module may hold: behind any other, effects can hide.
const PURE_OBJECTS: &[&str] = &["Fn", "fmt::Write", "std::error::Error", "Error"];

/// Files that name a module of an outer ring or of a neighbour.
pub(crate) fn outward_names(sources: &[Source]) -> Vec<String> {
    let tree = Tree::new(sources);
    let mut wrong = BTreeSet::new();
    for module in &tree.modules {
        let Some(ring) = module.path.get(1).filter(|_| module.path[0] == "lib") else {
            continue;
        };
        let Some((_, allowed)) = RINGS.iter().find(|(name, _)| name == ring) else {
            wrong.insert(format!("{} is in no ring", module.file));
            continue;
        };
        for path in Tree::paths(module) {
            if let [first, named, ..] = path.as_slice()
                && (first == "lib" || first == "bin")
                && named != ring
                && !allowed.contains(&named.as_str())
                && !is_item_of_root(&tree, &path)
            {
                wrong.insert(format!("{} names {named}", module.file));
            }
        }
    }
    wrong.into_iter().collect()
}

/// Whether a path leads to an item of `lib.rs` itself, which no ring holds.
fn is_item_of_root(tree: &Tree, path: &Path) -> bool {
    matches!(tree.place(path), Place::Item(module) if module.path.len() == 1)
}

/// Files that no `mod` item declares, so that the compiler does not read them.
pub(crate) fn undeclared_files(sources: &[Source]) -> Vec<String> {
    let tree = Tree::new(sources);
    let is_declared = |module: &Module| {
        let Some((name, parent)) = module.path.split_last() else {
            return true;
        };
        parent.is_empty()
            || tree.modules.iter().any(|declaring| {
                declaring.path == parent && declaring.names.children.contains(name)
            })
    };
    let undeclared = tree.modules.iter().filter(|module| !is_declared(module));
    undeclared
        .map(|module| format!("no file declares {}", module.file))
        .collect()
}

/// Paths that lead to nothing: the graph would miss them.
pub(crate) fn unknown_names(sources: &[Source]) -> Vec<String> {
    let tree = Tree::new(sources);
    let mut wrong = Vec::new();
    for module in &tree.modules {
        for path in Tree::paths(module) {
            if matches!(tree.place(&path), Place::Unknown) {
                let path = path.join("::");
                wrong.push(format!(
                    "{} names {path}, which no file defines",
                    module.file
                ));
            }
        }
    }
    wrong
}

/// Which file names an item of which other file.
fn edges(tree: &Tree) -> Vec<(&Module, &Module)> {
    let mut edges = Vec::new();
    for module in &tree.modules {
        for path in Tree::paths(module) {
            if let Place::Item(target) = tree.place(&path)
                && target.file != module.file
            {
                edges.push((module, target));
            }
        }
    }
    edges
}

/// Circles between files.
pub(crate) fn circles_of_files(sources: &[Source]) -> Vec<String> {
    let tree = Tree::new(sources);
    let mut graph: Graph = tree
        .modules
        .iter()
        .map(|module| (module.file.clone(), BTreeSet::new()))
        .collect();
    for (from, to) in edges(&tree) {
        graph
            .entry(from.file.clone())
            .or_default()
            .insert(to.file.clone());
    }
    circles(&graph)
        .into_iter()
        .map(|circle| circle.join(" -> "))
        .collect()
}

/// Circles between what lies side by side in one folder: its files, and its folders taken whole.
pub(crate) fn circles_of_folders(sources: &[Source]) -> Vec<String> {
    let tree = Tree::new(sources);
    let mut graph = Graph::new();
    for (from, to) in edges(&tree) {
        let (from, to) = apart(&from.file, &to.file);
        graph.entry(to.clone()).or_default();
        graph.entry(from).or_default().insert(to);
    }
    let is_of_folders = |circle: &Vec<String>| {
        circle
            .iter()
            .any(|place| std::path::Path::new(place).extension().is_none())
    };
    circles(&graph)
        .into_iter()
        .filter(is_of_folders)
        .map(|circle| circle.join(" -> "))
        .collect()
}

/// The parts of two paths up to where they differ: `a/b/c.rs` and `a/d.rs` are `a/b` and `a/d.rs`.
fn apart(one: &str, other: &str) -> (String, String) {
    let (first, second): (Vec<_>, Vec<_>) = (one.split('/').collect(), other.split('/').collect());
    let common = first
        .iter()
        .zip(&second)
        .take_while(|(one, other)| one == other)
        .count();
    (first[..=common].join("/"), second[..=common].join("/"))
}

/// Folders of a ring that name one which comes later in their chain, and folders without a place in it.
pub(crate) fn folders_out_of_order(sources: &[Source]) -> Vec<String> {
    let tree = Tree::new(sources);
    let mut wrong = BTreeSet::new();
    for (ring, steps) in CHAINS {
        let folder = |module: &Module| {
            let inner = module.file.strip_prefix(&format!("{ring}/"))?;
            Some(inner.split_once('/')?.0.to_owned())
        };
        let step = |folder: &str| steps.iter().position(|step| step.contains(&folder));
        for module in &tree.modules {
            if let Some(folder) = folder(module)
                && step(&folder).is_none()
            {
                wrong.insert(format!("{ring}/{folder} has no place in the chain"));
            }
        }
        for (from, to) in edges(&tree) {
            if let (Some(one), Some(other)) = (folder(from), folder(to))
                && one != other
                && step(&one) <= step(&other)
            {
                wrong.insert(format!("{} names {} ({other})", from.file, to.file));
            }
        }
    }
    wrong.into_iter().collect()
}

fn starts_with(path: &[String], name: &str) -> bool {
    let name: Vec<&str> = name.split("::").collect();
    path.len() >= name.len() && path.iter().zip(&name).all(|(one, other)| one == other)
}

/// Outside names away from their home, and macros that print.
pub(crate) fn names_away_from_home(sources: &[Source]) -> Vec<String> {
    let tree = Tree::new(sources);
    let mut wrong = BTreeSet::new();
    for module in &tree.modules {
        for path in Tree::paths(module) {
            for (name, homes) in HOMES {
                if starts_with(&path, name)
                    && !homes.iter().any(|home| module.file.starts_with(home))
                {
                    wrong.insert(format!("{} names {name}", module.file));
                }
            }
        }
        for name in &module.names.macros {
            if PRINTING.contains(&name.trim_start_matches("std::")) {
                wrong.insert(format!("{} prints with {name}!", module.file));
            }
        }
    }
    wrong.into_iter().collect()
}

/// Effects in `model` and `plan`, and trait objects that could hide them.
pub(crate) fn effects_in_the_middle(sources: &[Source]) -> Vec<String> {
    let tree = Tree::new(sources);
    let mut wrong = BTreeSet::new();
    let is_pure = |module: &&Module| PURE.iter().any(|pure| module.file.starts_with(pure));
    for module in tree.modules.iter().filter(is_pure) {
        for path in Tree::paths(module) {
            for name in EFFECTS.iter().filter(|name| starts_with(&path, name)) {
                wrong.insert(format!("{} names {name}", module.file));
            }
        }
        for object in &module.names.trait_objects {
            let object = object.as_str();
            if !PURE_OBJECTS.contains(&object) {
                wrong.insert(format!("{} holds a dyn {object}", module.file));
            }
        }
    }
    wrong.into_iter().collect()
}

#[test]
fn modules_name_only_inner_rings() {
    assert_none(&outward_names(&program()));
}

#[test]
fn every_file_is_declared() {
    assert_none(&undeclared_files(&program()));
}

#[test]
fn every_name_is_found_in_a_file() {
    assert_none(&unknown_names(&program()));
}

#[test]
fn files_form_no_circle() {
    assert_none(&circles_of_files(&program()));
}

#[test]
fn folders_form_no_circle() {
    assert_none(&circles_of_folders(&program()));
}

#[test]
fn folders_of_a_ring_form_a_chain() {
    assert_none(&folders_out_of_order(&program()));
}

#[test]
fn outside_names_stay_at_home() {
    assert_none(&names_away_from_home(&program()));
}

#[test]
fn the_middle_has_no_effects() {
    assert_none(&effects_in_the_middle(&program()));
}
