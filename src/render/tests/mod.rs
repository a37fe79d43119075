//! Tests what is shown of plans, drift, reports, states and diagnostics.

mod build;
mod diagnostic;
mod drift;
mod escape;
mod hidden;
mod plan_diff;
mod plan_html;
mod plan_json;
mod plan_markdown;
mod plan_text;
mod progress;
mod properties;
mod report;
mod show;
