//! Reads which users a journal tells of, apart from the program under test.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use talkform::model::State;

/// The users with an intent that no later record takes back: another state makes them pending. Nothing where the
/// state holds the journal already; `None` where the journal belongs to another state.
pub(crate) fn users(journal: &[u8], state: &State) -> Option<BTreeSet<String>> {
    let mut lines = journal.split_inclusive(|byte| *byte == b'\n');
    let mut users = BTreeSet::new();
    if let Some(head) = lines.next().and_then(record) {
        if head["lineage"] != state.lineage.as_str() {
            return None;
        }
        let is_folded = |id: &String| head["id"] == id.as_str();
        if state.folded.iter().any(is_folded) {
            return Some(users);
        }
    }
    for record in lines.filter_map(record) {
        let intent = &record["intent"];
        if let Some(id) = intent[0].as_str() {
            users.insert(id.to_owned());
            let moved = intent[1]["action"]["moveFrom"]["from"].as_str();
            let recorded = state.users.keys().map(talkform::model::MemberId::as_str);
            users.extend(recorded.filter(|id| Some(*id) == moved).map(str::to_owned));
        }
        if let Some(id) = record["notDone"].as_str() {
            users.remove(id);
        }
    }
    Some(users)
}

/// The record in a whole line: an object, a tab and a check of six base64 characters.
fn record(line: &[u8]) -> Option<Json> {
    let line = std::str::from_utf8(line.strip_suffix(b"\n")?).ok()?;
    let (text, sum) = line.rsplit_once('\t')?;
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let is_whole = sum.len() == 6 && sum.bytes().all(is_base64);
    serde_json::from_str(text).ok().filter(|_| is_whole)
}
