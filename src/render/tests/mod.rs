//! What the output looks like, story by story.

mod build;
mod escape;
mod plan_diff;
mod plan_text;
