//! Checks that every planted fault of the repository fits the sources.

use std::path::{Path, PathBuf};

use crate::command::{command, finish};

/// The folders with planted faults.
const FOLDERS: [&str; 2] = ["tests/sim/sabotage", "tests/it/canary/planted"];

fn patches() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = FOLDERS.iter().flat_map(|folder| {
        let mut found = walkdir::WalkDir::new(root.join(folder))
            .sort_by_file_name()
            .into_iter();
        let first = found
            .next()
            .map(|entry| entry.expect("a folder").into_path());
        let rest = found.map(|entry| entry.expect("an entry").into_path());
        first.into_iter().chain(rest).collect::<Vec<_>>()
    });
    folders
        .filter(|path| path.extension().is_some_and(|end| end == "patch"))
        .collect()
}

/// Why a patch does not fit the tree; empty if it fits.
fn misfit(patch: &Path) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let above = root.parent().expect("a folder");
    let mut git = command("git", root);
    // A repository around the tree is none of its business.
    git.env("GIT_CEILING_DIRECTORIES", above);
    git.args(["apply", "--check"]).arg(patch);
    let ran = finish(git.spawn().expect("git runs"));
    match ran.code {
        Some(0) => String::new(),
        _ => format!("{}: {}", patch.display(), ran.all()),
    }
}

#[test]
fn every_planted_fault_fits_the_sources() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    if command("git", root).arg("--version").output().is_err() {
        println!("SKIPPED: git is not installed");
        return;
    }
    let patches = patches();
    for folder in FOLDERS {
        let is_inside = |patch: &PathBuf| patch.starts_with(root.join(folder));
        assert!(patches.iter().any(is_inside), "no patch in {folder}");
    }
    let misfits: String = patches.iter().map(|patch| misfit(patch)).collect();
    assert_eq!(misfits, "");

    let text = std::fs::read_to_string(&patches[0]).expect("a patch");
    let broken = text.replace("\n-", "\n-no such line ");
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), broken).expect("a file");
    assert_ne!(misfit(file.path()), "");
}
