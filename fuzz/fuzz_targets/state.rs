//! Any text is a state that is written and read again the same, or is refused; what is refused may be repaired.
//! So that the bytes get past the checks, each check is put right first in half of the runs.
#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use libfuzzer_sys::fuzz_target;
use talkform::model::State;
use talkform::model::digest::digests::to_hex;
use talkform::state::{parse, repair, write};
use xxhash_rust::xxh3::xxh3_64;

/// Puts the checks of the header, of the users' lines and of the whole right, as far as they are there.
fn sealed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        if line.starts_with(" \"check\": \"") {
            let check = to_hex(&xxh3_64(out.as_bytes()).to_be_bytes());
            out.push_str(&format!(" \"check\": \"{check}\"}}\n"));
            return out;
        }
        let end = ["\",\n", "\"],\n", "\"]\n"].into_iter().find(|end| line.ends_with(end));
        let is_checked = line.contains(",\"headCheck\":\"") || line.contains("\":[\"");
        match end.and_then(|end| line.strip_suffix(end)?.rsplit_once('"').zip(Some(end))) {
            Some(((before, _), end)) if is_checked => {
                let before = format!("{before}\"");
                let check = xxh3_64(before.as_bytes()).to_be_bytes();
                out.push_str(&before);
                out.push_str(&URL_SAFE_NO_PAD.encode(&check[..4]));
                out.push_str(end);
            }
            _ => out.push_str(line),
        }
    }
    out
}

fn round_trip(state: &State) {
    let mut text = Vec::new();
    write(state, &mut text).expect("memory takes all");
    assert_eq!(parse(&text).expect("what was written is read"), *state);
}

fuzz_target!(|text: &str| {
    // A seed is a state as it is: it begins with a brace.
    let text = match text.strip_prefix('s') {
        Some(rest) => sealed(rest),
        None => text.to_owned(),
    };
    match parse(text.as_bytes()) {
        Ok(state) => round_trip(&state),
        Err(_) => {
            if let Ok(repaired) = repair(text.as_bytes(), "2026-01-01T00:00:00Z".parse().expect("a time")) {
                round_trip(&repaired.state);
            }
        }
    }
});
