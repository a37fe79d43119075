//! Runs a Channel on loopback that repeats what it is sent, in many forms, in its errors and codes.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value as Json, json};

use crate::canary::forms::{IN_MESSAGES, IN_VALUES};

/// What the server knows and does.
#[derive(Default)]
struct Known {
    /// Whether it refuses every request and repeats its headers.
    is_closed: bool,
    /// Whether it cuts no value. A part of a value that is imported is a value of its own.
    is_exact: bool,
    /// Whether it answers every question about a user.
    answers_reads: bool,
    /// How many requests were refused. The number decides how the next one is.
    refusals: usize,
    /// The users by the last segment of their path.
    users: HashMap<String, Json>,
    /// What was sent of the users whose last request was refused: it is declared, and Channel does not have it.
    refused: HashMap<String, Json>,
    /// What somebody wrote into a public field and a hidden one of every user.
    told: Option<String>,
    /// Texts that people wrote on Channel.
    written: Vec<String>,
    /// Everything that was in the journals while requests arrived.
    journals: String,
    /// The name and the text of the last one.
    journal: Option<(String, String)>,
    reads: usize,
    writes: usize,
    deletes: usize,
    requests: usize,
}

/// The server. It runs until the test ends.
pub(crate) struct Echo {
    pub(crate) base_url: String,
    known: Arc<Mutex<Known>>,
}

impl Echo {
    /// Changes the users with these texts, and reads the journals in `folder`. `refusals` is the number of the first
    /// refusal: [`FORMS_AND_KINDS`] in a row are all different.
    pub(crate) fn start(folder: PathBuf, written: Vec<String>, refusals: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let known = Arc::new(Mutex::new(Known {
            refusals,
            written,
            ..Known::default()
        }));
        let shared = Arc::clone(&known);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let Some(request) = Request::read(&stream) else {
                    continue;
                };
                let mut known = shared.lock().unwrap_or_else(PoisonError::into_inner);
                for (name, text) in journals(&folder) {
                    known.journals.push_str(&text);
                    known.journal = Some((name, text));
                }
                let (status, kind, body) = known.respond(&request);
                // The client may be gone.
                let _ = write!(
                    &stream,
                    "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                );
            }
        });
        Self {
            base_url: format!("http://{address}"),
            known,
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses every request from now on, and repeats its headers.
    pub(crate) fn close(&self) {
        self.known().is_closed = true;
    }

    /// Refuses no question about a user from now on.
    pub(crate) fn answer_reads(&self) {
        self.known().answers_reads = true;
    }

    /// The last journal that was seen: its name and its text.
    pub(crate) fn journal(&self) -> (String, String) {
        self.known().journal.clone().expect("a journal")
    }

    /// Somebody writes this text into a public field and a hidden one of every user, or nobody does.
    pub(crate) fn tell(&self, told: Option<&str>) {
        self.known().told = told.map(str::to_owned);
    }

    /// Cuts no value from now on.
    pub(crate) fn be_exact(&self) {
        self.known().is_exact = true;
    }

    /// Accepts the next user that is sent.
    pub(crate) fn accept_next(&self) {
        self.known().writes = 0;
    }

    pub(crate) fn journals(&self) -> String {
        self.known().journals.clone()
    }
}

/// The journals in a folder, by their names.
fn journals(folder: &Path) -> Vec<(String, String)> {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    files
        .filter_map(|file| {
            let name = file.file_name().to_string_lossy().into_owned();
            let is_journal = name.contains("journal");
            let text = is_journal.then(|| std::fs::read_to_string(file.path()).ok());
            Some((name, text??))
        })
        .collect()
}

struct Request {
    method: String,
    path: String,
    headers: String,
    body: Json,
}

impl Request {
    fn read(stream: &TcpStream) -> Option<Self> {
        let mut reader = BufReader::new(stream);
        let mut first = String::new();
        reader.read_line(&mut first).ok()?;
        let (mut headers, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let line = line.trim();
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().ok()?;
            }
            headers.push_str(line);
            headers.push_str("; ");
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let mut words = first.split(' ');
        Some(Self {
            method: words.next()?.to_owned(),
            path: words.next()?.to_owned(),
            headers,
            body: serde_json::from_slice(&body).unwrap_or(Json::Null),
        })
    }
}

/// How many kinds of refusals there are.
const KINDS: usize = 5;
/// How many refusals in a row differ: the numbers of the forms and of the kinds have no common divisor.
pub(crate) const FORMS_AND_KINDS: usize = IN_MESSAGES.len() * KINDS;

const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";

impl Known {
    fn respond(&mut self, request: &Request) -> (u16, &'static str, String) {
        if self.is_closed {
            let message = format!("not accepted: {}", request.headers);
            return (401, JSON, json!({ "message": message }).to_string());
        }
        if request.path.ends_with("/channel") {
            return (200, JSON, json!({ "channel": { "id": "7" } }).to_string());
        }
        let key = request.path.rsplit('/').next().unwrap_or_default();
        let key = key.trim_start_matches('@').to_owned();
        let id = percent_encoding::percent_decode_str(&key)
            .decode_utf8_lossy()
            .into_owned();
        self.requests += 1;
        if self.requests.is_multiple_of(9) {
            let (_, kind, body) = self.refuse(&json!({ "memberId": id }));
            return (503, kind, body);
        }
        match &*request.method {
            "PUT" => self.put(key, &id, request),
            "GET" => {
                self.reads += 1;
                if !self.answers_reads && id.is_ascii() && self.reads.is_multiple_of(3) {
                    return (422, JSON, json!({ "type": id }).to_string());
                }
                if !self.answers_reads && self.reads.is_multiple_of(5) {
                    return self.refuse(&json!({ "memberId": id }));
                }
                if let Some(user) = self.users.get(&key) {
                    let user = self.cut_user(&key, user.clone());
                    // Nobody knows what is left of a value that is not there any more.
                    let is_known = !self.is_exact && !self.is_cut(&key);
                    let declared = self.refused.get(&key).unwrap_or(&user["user"]);
                    let declared = is_known.then(|| hidden_text(&declared["profile"]));
                    let edited = self.edited(&user, declared.flatten());
                    return (200, JSON, edited.to_string());
                }
                let body = json!({ "type": "notFound", "status": 404, "message": id });
                (404, JSON, body.to_string())
            }
            _ => {
                self.deletes += 1;
                if self.deletes == 1 {
                    // A run tries again at once after an answer with another user, and the move would be done.
                    if self.refusals % KINDS == KINDS - 1 {
                        self.refusals += 1;
                    }
                    return self.refuse(&json!({ "memberId": id }));
                }
                (200, JSON, "{}".to_owned())
            }
        }
    }

    fn put(&mut self, key: String, id: &str, request: &Request) -> (u16, &'static str, String) {
        // Every second user is refused, each time in another way.
        self.writes += 1;
        if self.writes.is_multiple_of(2) {
            self.refused.insert(key, request.body.clone());
            let mut sent = request.body.clone();
            sent["memberId"] = json!(id);
            return self.refuse(&sent);
        }
        let mut user = request.body.clone();
        for (name, value) in request.body["profileOnce"]
            .as_object()
            .into_iter()
            .flatten()
        {
            user["profile"][name] = value.clone();
        }
        user["memberId"] = json!(id);
        user["id"] = json!("64f");
        user["channelId"] = json!("7");
        let user = json!({ "user": user });
        let mut shown = self.cut_user(&key, user.clone());
        let greeting = &mut shown["user"]["profile"]["greeting"];
        if *greeting == "hello" {
            // Channel greets by name, each time in the same way.
            *greeting = json!(hidden_text(&user["user"]["profile"]));
        }
        self.refused.remove(&key);
        self.users.insert(key, user);
        (200, JSON, shown.to_string())
    }

    fn is_cut(&self, key: &str) -> bool {
        let sum: usize = key.bytes().map(usize::from).sum();
        !self.is_exact && sum.is_multiple_of(2)
    }

    /// Half of the users have values that Channel cuts, each time in the same way.
    fn cut_user(&self, key: &str, mut user: Json) -> Json {
        if self.is_cut(key) {
            let profile = user["user"]["profile"].as_object_mut();
            let values = profile.into_iter().flat_map(|profile| profile.values_mut());
            values.for_each(cut);
            cut(&mut user["user"]["tags"]);
        }
        user
    }

    /// A user whom people edited on Channel, and whose manifest declares this value.
    fn edited(&self, user: &Json, declared: Option<String>) -> Json {
        let mut user = user.clone();
        let written = |number: usize| json!(self.written[number % self.written.len()]);
        user["user"]["unsubscribeTexting"] = json!(true);
        if self.reads.is_multiple_of(2) {
            // A tag with a value that nobody knows any more cannot be recognised.
            let tag = &self.written[self.reads % self.written.len()];
            user["user"]["tags"] = json!([format!("vip/{}", tag.to_lowercase())]);
        }
        let Some(profile) = user["user"]["profile"].as_object_mut() else {
            return user;
        };
        for (number, (name, value)) in profile.iter_mut().enumerate() {
            let may_be_shown = ["plan", "greeting"].contains(&&**name);
            if value.is_string() && !may_be_shown && self.reads.is_multiple_of(2) {
                *value = written(self.reads + number);
            }
        }
        // A public field with a hidden value of the same user, or what is left of the one that was sent.
        let told = self.told.clone();
        let beside = told.as_ref().map(|told| json!(told));
        if told.is_none() && self.reads.is_multiple_of(3) && !self.is_exact {
            profile.get_mut("greeting").into_iter().for_each(cut);
        } else {
            let own = told.or(declared).or_else(|| hidden_of(profile));
            let written = || self.written[self.reads % self.written.len()].clone();
            let form = IN_VALUES[self.reads % IN_VALUES.len()];
            let words = form(&own.unwrap_or_else(written));
            profile.insert("greeting".to_owned(), json!(words));
        }
        profile.insert("plan".to_owned(), json!("other"));
        // A value in the place of a key.
        profile.insert(self.written.last().cloned().unwrap_or_default(), json!(1));
        profile.insert(
            "address2".to_owned(),
            beside.unwrap_or_else(|| written(self.reads)),
        );
        profile.insert("counselling".to_owned(), json!({ "nested": written(1) }));
        user
    }

    /// An error that repeats what was sent.
    fn refuse(&mut self, sent: &Json) -> (u16, &'static str, String) {
        let mut texts = Vec::new();
        collect(sent, &mut texts);
        let number = self.refusals;
        self.refusals += 1;
        let form = IN_MESSAGES[number % IN_MESSAGES.len()];
        let mut words: Vec<String> = texts.iter().map(|text| form(text)).collect();
        // And what is left of values, and somebody else's number.
        words.extend(texts.iter().map(|text| {
            let mut text = json!(text);
            cut(&mut text);
            text.as_str().unwrap_or_default().to_owned()
        }));
        if number.is_multiple_of(7) {
            words.extend(self.written.last().cloned());
        }
        let words = words.join(", ");
        let code = texts.iter().find(|text| text.is_ascii() && text.len() > 8);
        let code = code.map_or("invalid", |text| text.split(' ').next().unwrap_or_default());
        let errors = json!([{ "field": words, "message": format!("not taken: {words}") }]);
        let page = format!("<html><title>{words}</title>{words}</html>");
        match number % KINDS {
            0 => (
                422,
                JSON,
                json!({ "type": code, "errors": errors }).to_string(),
            ),
            1 => (
                422,
                PROBLEM,
                json!({ "type": format!("urn:{code}"), "title": words, "detail": words })
                    .to_string(),
            ),
            2 => (
                400,
                JSON,
                json!({ "type": code, "message": words }).to_string(),
            ),
            3 => (422, "text/html", page),
            _ => {
                let user = json!({ "user": { "memberId": code, "channelId": words } });
                (200, JSON, user.to_string())
            }
        }
    }
}

/// A text of a profile that no project here shows.
fn hidden_text(profile: &Json) -> Option<String> {
    hidden_of(profile.as_object()?)
}

fn hidden_of(profile: &Map<String, Json>) -> Option<String> {
    let mut own = profile
        .iter()
        .filter(|(name, _)| !["plan", "greeting"].contains(&&***name));
    own.find_map(|(_, value)| value.as_str().map(str::to_owned))
}

/// Leaves three quarters of each text.
fn cut(value: &mut Json) {
    match value {
        Json::String(text) => {
            let kept = text.chars().count() * 3 / 4;
            *text = text.chars().take(kept).collect();
        }
        Json::Array(items) => items.iter_mut().for_each(cut),
        _ => {}
    }
}

/// The texts and numbers of a body, without its keys.
fn collect(body: &Json, texts: &mut Vec<String>) {
    match body {
        Json::String(text) => texts.push(text.clone()),
        Json::Number(number) => texts.push(number.to_string()),
        Json::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        Json::Object(map) => map.values().for_each(|item| collect(item, texts)),
        Json::Null | Json::Bool(_) => {}
    }
}
