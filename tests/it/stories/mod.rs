//! Tells planner stories: declare, record as applied, edit, and compare the plan's text.

mod check;
mod fields;
mod moves;
mod users;
