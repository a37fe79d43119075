//! Runs a Channel on loopback that repeats what it is sent, in many forms, in its errors and codes.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value as Json, json};

use crate::canary::forms::{IN_MESSAGES, IN_VALUES};

/// What the server knows.
#[derive(Default)]
struct Known {
    /// The users by the last segment of their path.
    users: HashMap<String, Json>,
    /// Texts that people wrote on Channel.
    written: Vec<String>,
    /// Everything that was in the journals while requests arrived.
    journals: String,
    requests: usize,
}

/// The server. It runs until the test ends.
pub(crate) struct Echo {
    pub(crate) base_url: String,
    known: Arc<Mutex<Known>>,
    is_closed: Arc<AtomicBool>,
}

impl Echo {
    /// Changes the users with these texts, and reads the journals in `folder`.
    pub(crate) fn start(folder: PathBuf, written: Vec<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let known = Arc::new(Mutex::new(Known {
            written,
            ..Known::default()
        }));
        let is_closed = Arc::new(AtomicBool::new(false));
        let (shared, closed) = (Arc::clone(&known), Arc::clone(&is_closed));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let Some(request) = Request::read(&stream) else {
                    continue;
                };
                let mut known = shared.lock().unwrap_or_else(PoisonError::into_inner);
                known.journals.push_str(&journals(&folder));
                let is_closed = closed.load(Ordering::SeqCst);
                let (status, kind, body) = known.respond(&request, is_closed);
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
            is_closed,
        }
    }

    /// Refuses every request from now on, and repeats its headers.
    pub(crate) fn close(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
    }

    pub(crate) fn journals(&self) -> String {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.journals.clone()
    }
}

fn journals(folder: &Path) -> String {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    files
        .filter(|file| file.file_name().to_string_lossy().contains("journal"))
        .filter_map(|file| std::fs::read_to_string(file.path()).ok())
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

const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";

impl Known {
    fn respond(&mut self, request: &Request, is_closed: bool) -> (u16, &'static str, String) {
        if is_closed {
            let message = format!("not accepted: {}", request.headers);
            return (401, JSON, json!({ "message": message }).to_string());
        }
        if request.path.ends_with("/channel") {
            return (200, JSON, json!({ "channel": { "id": "7" } }).to_string());
        }
        self.requests += 1;
        let key = request.path.rsplit('/').next().unwrap_or_default();
        let key = key.trim_start_matches('@').to_owned();
        let id = percent_encoding::percent_decode_str(&key)
            .decode_utf8_lossy()
            .into_owned();
        match &*request.method {
            "PUT" => self.put(key, &id, request),
            "GET" if self.requests.is_multiple_of(5) => self.refuse(&json!({ "memberId": id })),
            "GET" => {
                if let Some(user) = self.users.get(&key) {
                    return (200, JSON, self.edited(user).to_string());
                }
                let body = json!({ "type": "notFound", "status": 404, "message": id });
                (404, JSON, body.to_string())
            }
            _ => (200, JSON, "{}".to_owned()),
        }
    }

    fn put(&mut self, key: String, id: &str, request: &Request) -> (u16, &'static str, String) {
        // Every third user is refused, each time in another way.
        if self.requests.is_multiple_of(3) {
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
        self.users.insert(key, user.clone());
        (200, JSON, user.to_string())
    }

    /// A user whom people edited on Channel.
    fn edited(&self, user: &Json) -> Json {
        let mut user = user.clone();
        let written = |number: usize| json!(self.written[number % self.written.len()]);
        let Some(profile) = user["user"]["profile"].as_object_mut() else {
            return user;
        };
        for (number, (name, value)) in profile.iter_mut().enumerate() {
            let may_be_shown = ["plan", "greeting"].contains(&&**name);
            if value.is_string() && !may_be_shown && self.requests.is_multiple_of(2) {
                *value = written(self.requests + number);
            }
        }
        // A public field with a hidden value of the same user.
        let form = IN_VALUES[self.requests % IN_VALUES.len()];
        profile.insert(
            "greeting".to_owned(),
            json!(form(&self.written[self.requests % self.written.len()])),
        );
        profile.insert("plan".to_owned(), json!("other"));
        profile.insert("address2".to_owned(), written(self.requests));
        profile.insert("counselling".to_owned(), json!({ "nested": written(1) }));
        user
    }

    /// An error that repeats what was sent.
    fn refuse(&self, sent: &Json) -> (u16, &'static str, String) {
        let mut texts = Vec::new();
        collect(sent, &mut texts);
        let form = IN_MESSAGES[self.requests / 3 % IN_MESSAGES.len()];
        let words: Vec<String> = texts.iter().map(|text| form(text)).collect();
        let words = words.join(", ");
        let code = texts.iter().find(|text| text.is_ascii() && text.len() > 8);
        let code = code.map_or("invalid", |text| text.split(' ').next().unwrap_or_default());
        let errors = json!([{ "field": words, "message": format!("not taken: {words}") }]);
        let page = format!("<html><title>{words}</title>{words}</html>");
        match self.requests / 3 % 5 {
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
