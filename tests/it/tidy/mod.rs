//! Checks the architecture: who may name whom, where outside names are at home, how files are shaped.

mod graph;
mod names;
mod planted;
mod rules;
mod shape;
mod source;
mod tokens;
mod tree;

/// Fails with the findings if there are any.
fn assert_none(findings: &[String]) {
    assert!(findings.is_empty(), "{findings:#?}");
}
