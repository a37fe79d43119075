//! Any text is a state that is written and read again the same, or is refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use talkform::state::{parse, write};

fuzz_target!(|text: &str| {
    if let Ok(state) = parse(text) {
        assert_eq!(parse(&write(&state)).expect("what was written is read"), state);
    }
});
