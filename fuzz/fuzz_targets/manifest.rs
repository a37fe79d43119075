//! Reads any bytes as YAML, JSON and JSON Lines. Users that were read are written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use talkform::manifest::{ReadSettings, read_texts, write};
use talkform::model::{ApiVersion, Visibility};

fuzz_target!(|data: &[u8]| {
    let Some((format, text)) = data.split_first() else {
        return;
    };
    let name = ["a.yaml", "a.json", "a.jsonl"][usize::from(format % 3)];
    let settings = ReadSettings {
        patterns: Vec::new(),
        api: ApiVersion::V4,
        visibility: Visibility::default().revealing(format & 0x80 != 0),
        rules: None,
    };
    let reading = read_texts(vec![(name.into(), text.to_vec())], &settings);
    if reading.has_errors() {
        assert!(reading.desired.users.is_empty());
        return;
    }
    let yaml = write(&reading.desired, &Visibility::default().revealing(true));
    let again = read_texts(vec![("a.yaml".into(), yaml.clone().into_bytes())], &settings);
    assert!(!again.has_errors(), "{:?}\n{yaml}", again.diagnostics);
    for (id, user) in &reading.desired.users {
        assert_eq!(again.desired.users[id].attributes, user.attributes);
    }
    assert_eq!(again.desired.users.len(), reading.desired.users.len());
});
