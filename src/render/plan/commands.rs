//! The commands that a rendered plan suggests.

/// Whole command lines. A plan does not know in which project and with which flags it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commands<'a> {
    /// Applies this plan.
    pub apply: &'a str,
    /// Makes this plan again, with what Channel has.
    pub refresh: &'a str,
}

impl Default for Commands<'_> {
    /// Those of the project in the current folder.
    fn default() -> Self {
        Self {
            apply: "talkform apply",
            refresh: "talkform plan --refresh",
        }
    }
}
