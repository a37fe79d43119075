//! Checks the architecture: who may name whom, where outside names are at home, how files are shaped.

mod graph;
mod names;
mod planted;
mod rules;
mod shape;
mod source;
mod tokens;
mod tree;
mod unfinished;

use unfinished::assert_none;
