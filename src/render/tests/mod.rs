//! What the output looks like, story by story.

mod build;
mod diagnostic;
mod escape;
mod plan_diff;
mod plan_json;
mod plan_markdown;
mod plan_text;
mod progress;
mod properties;
mod report;
mod show;
