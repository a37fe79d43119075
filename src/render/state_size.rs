//! Warns of a state that grows past what git hosting takes.

/// From this many bytes on a state is called large. GitHub warns of files of more than 50 MiB and refuses a push
/// with a file of more than 100 MiB.
pub const LARGE: u64 = 40_000_000;

/// What to say of a state of this many bytes; `None` if it has less than `large`.
pub fn warning(bytes: u64, large: u64) -> Option<String> {
    if bytes < large {
        return None;
    }
    // Rounded up, so that a state just above the bound is not shown below it.
    let megabytes = bytes.div_ceil(1_000_000);
    Some(format!(
        "warning: the state has {megabytes} MB. If it is kept in git: GitHub warns of files of more than 50 MB and refuses files of more than 100 MB, and each apply adds a copy to the history.\n help: keep the state in a bucket, or divide the users among projects, each with a state of its own; see docs/remote-state.md"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_large_from_the_bound_on() {
        assert_eq!(warning(0, LARGE), None);
        assert_eq!(warning(LARGE - 1, LARGE), None);
        let text = warning(LARGE, LARGE).expect("a warning");
        assert!(text.starts_with("warning: the state has 40 MB."), "{text}");
        let text = warning(1_000_001, 1_000_000).expect("a warning");
        assert!(text.starts_with("warning: the state has 2 MB."), "{text}");
        assert!(text.contains("more than 100 MB"), "{text}");
    }
}
