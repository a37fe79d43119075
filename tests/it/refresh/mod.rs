//! `--refresh`: drift joins the plan, and an apply reverts it without touching consent that people changed.

mod adopted;
mod drifted;
mod partial;
mod plan;
mod reviewed;
