//! Tests `--refresh`: the plan corrects drift and keeps consent that people changed.

mod adopted;
mod drifted;
mod partial;
mod plan;
mod reviewed;
