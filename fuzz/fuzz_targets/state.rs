//! Reads any text as a state. A text that is accepted is written and read again the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use talkform::state::{parse, write};

fuzz_target!(|text: &str| {
    if let Ok(state) = parse(text.as_bytes()) {
        let mut text = Vec::new();
        write(&state, &mut text).expect("memory takes all");
        assert_eq!(parse(&text).expect("what was written is read"), state);
    }
});
