//! Lists findings that are not fixed yet.

/// The beginning of each finding that is let through.
const UNFINISHED: &[&str] = &[
    // Circles between folders.
    "src/render/common -> ",
    // Folders out of order.
    "src/render/common/details.rs names ",
    "src/render/drift/json.rs names ",
    "src/render/drift/lines.rs names ",
    // Quotes.
    "src/render/plan/lines.rs:",
    "src/render/tests/diagnostic.rs:",
];

pub(crate) fn assert_none(wrong: Vec<String>) {
    let wrong: Vec<String> = wrong
        .into_iter()
        .filter(|finding| !UNFINISHED.iter().any(|known| finding.starts_with(known)))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
