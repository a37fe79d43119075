//! Defines the commands that a rendered plan or report suggests.

/// Whole command lines. The caller makes them, because a plan does not contain its project and flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commands<'a> {
    /// Applies this plan.
    pub apply: &'a str,
    /// Makes this plan again, with what Channel has.
    pub refresh: &'a str,
}

impl Default for Commands<'_> {
    /// The commands for the project in the current folder.
    fn default() -> Self {
        Self {
            apply: "talkform apply",
            refresh: "talkform plan --refresh",
        }
    }
}
