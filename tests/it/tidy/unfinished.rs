//! Lists findings that are not fixed yet.

/// The beginning of each finding that is let through.
const UNFINISHED: &[&str] = &[
    // Circles between files.
    "src/manifest/files/chunks.rs -> ",
    "src/manifest/project/file.rs -> ",
    "src/model/digest/canonical.rs -> ",
    "src/sandbox/running.rs -> ",
    // Circles between folders.
    "src/cli/commands -> ",
    "src/manifest/files -> ",
    "src/manifest/problem -> ",
    "src/model/digest -> ",
    "src/render/common -> ",
    // Folders out of order.
    "src/manifest/problem/excerpt.rs names ",
    "src/manifest/problem/problems.rs names ",
    "src/manifest/users/moved.rs names ",
    "src/render/common/details.rs names ",
    "src/render/drift/json.rs names ",
    "src/render/drift/lines.rs names ",
    // Effects.
    "src/model/recorded_fields.rs holds a dyn RecordedText",
    // Code in a `mod.rs`.
    "src/cli/mod.rs holds ",
    // Length.
    "tests/it/import.rs: ",
    // Quotes.
    "README.md:",
    "benches/million.py:",
    "src/cli/commands/import/run.rs:",
    "src/cli/commands/import/sources.rs:",
    "src/cli/commands/state.rs:",
    "src/cli/git.rs:",
    "src/cli/terminal.rs:",
    "src/manifest/import/csv.rs:",
    "src/manifest/tests/table.rs:",
    "src/model/digest/digests.rs:",
    "src/model/field.rs:",
    "src/model/project.rs:",
    "src/plan/tests/refresh.rs:",
    "src/render/plan/lines.rs:",
    "src/render/tests/diagnostic.rs:",
    "src/sandbox/fault.rs:",
    "src/sandbox/mod.rs:",
    "src/state/format.rs:",
    "src/state/records.rs:",
];

pub(crate) fn assert_none(wrong: Vec<String>) {
    let wrong: Vec<String> = wrong
        .into_iter()
        .filter(|finding| !UNFINISHED.iter().any(|known| finding.starts_with(known)))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
