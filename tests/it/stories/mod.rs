//! Planner stories: declare, freeze as applied, edit, and read the plan as a person would.

mod check;
mod fields;
mod moves;
mod users;
