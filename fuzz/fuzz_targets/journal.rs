//! Replays any bytes as a journal, up to the first damage, or refuses them. In half of the runs each line gets
//! a valid checksum first, so that the bytes get past the checksums.
#![no_main]

use libfuzzer_sys::fuzz_target;
use talkform::model::{ApiVersion, Destination, State};
use talkform::state::{line_check, parse, replay, write};

fn sealed(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for line in data.split(|byte| *byte == b'\n') {
        out.extend_from_slice(line);
        out.push(b'\t');
        out.extend_from_slice(line_check(line).as_bytes());
        out.push(b'\n');
    }
    out
}

fuzz_target!(|data: &[u8]| {
    let bytes = match data.strip_prefix(b"s") {
        Some(rest) => sealed(rest),
        None => data.to_vec(),
    };
    let mut state = State::new("fuzz".into(), b"salt".to_vec(), None, Destination::of_api(ApiVersion::V4));
    state.serial = 7;
    if let Ok(done) = replay(&bytes, Some("base"), &mut state) {
        assert!(done.torn <= bytes.len());
        let mut text = Vec::new();
        write(&state, &mut text).expect("memory takes all");
        assert_eq!(parse(&text).expect("what was written is read"), state);
    }
});
