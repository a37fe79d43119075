//! Serves one bucket from this process, with faults: the parts of the protocols of S3 and of Google that talkform uses.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use percent_encoding::percent_decode_str;

/// What the server does with one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// What it should.
    None,
    /// It closes the connection and does nothing.
    Cut,
    /// It does what it should and closes the connection without an answer.
    LoseAnswer,
    /// It does what it should and closes the connection in the middle of the answer.
    HalfAnswer,
    /// It answers with an error of its own and does nothing.
    Broken,
    /// It answers that this is not allowed and does nothing.
    Denied,
    /// It writes whatever the condition is.
    IgnoreConditions,
    /// It does what it should after another program wrote the object: see `FakeS3::overtake`.
    Overtaken,
}

/// One request, as the log has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) key: String,
}

#[derive(Clone, Default)]
struct Object {
    version: u64,
    bytes: Vec<u8>,
    /// The headers of its attributes.
    attributes: Vec<(String, String)>,
}

type Decide = dyn Fn(usize, &Asked) -> Fault + Send;

struct Inner {
    objects: BTreeMap<String, Object>,
    versions: u64,
    log: Vec<Asked>,
    /// What requests said about who sends them.
    authorizations: BTreeSet<String>,
    decide: Box<Decide>,
    /// What another program writes before a request that is overtaken.
    theirs: Vec<u8>,
}

/// A bucket with the name `b`, on loopback.
#[derive(Clone)]
pub(crate) struct FakeS3 {
    inner: Arc<Mutex<Inner>>,
    address: String,
}

pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    query: String,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Vec<u8>,
}

impl FakeS3 {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let fake = Self {
            inner: Arc::new(Mutex::new(Inner {
                objects: BTreeMap::new(),
                // Google's generations are large numbers.
                versions: 1_700_000_000_000_000,
                log: Vec::new(),
                authorizations: BTreeSet::new(),
                decide: Box::new(|_, _| Fault::None),
                theirs: Vec::new(),
            })),
            address: format!("http://{address}"),
        };
        let serving = fake.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let serving = serving.clone();
                thread::spawn(move || serving.serve(&stream));
            }
        });
        fake
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Decides about each request from now on. Requests are counted from 0 again, and the log is empty.
    pub(crate) fn decide(&self, decide: impl Fn(usize, &Asked) -> Fault + Send + 'static) {
        let mut inner = self.inner();
        inner.log.clear();
        inner.decide = Box::new(decide);
    }

    /// Goes away at the request with this number, counted from 0 from now on: every later one is denied. That request
    /// is denied, too, if its number is even. Otherwise it is carried out and its answer is lost.
    pub(crate) fn go_away_at(&self, from: usize) {
        let fault = if from.is_multiple_of(2) {
            Fault::Denied
        } else {
            Fault::LoseAnswer
        };
        self.decide(move |place, _| match place.cmp(&from) {
            Ordering::Less => Fault::None,
            Ordering::Equal => fault,
            Ordering::Greater => Fault::Denied,
        });
    }

    pub(crate) fn log(&self) -> Vec<Asked> {
        self.inner().log.clone()
    }

    pub(crate) fn authorizations(&self) -> Vec<String> {
        self.inner().authorizations.iter().cloned().collect()
    }

    /// The keys of all objects except earlier states.
    pub(crate) fn keys(&self) -> Vec<String> {
        let mut keys = self.all_keys();
        keys.retain(|key| !key.contains(".earlier/"));
        keys
    }

    /// The keys of earlier states.
    pub(crate) fn versions(&self) -> Vec<String> {
        let mut keys = self.all_keys();
        keys.retain(|key| key.contains(".earlier/"));
        keys
    }

    pub(crate) fn all_keys(&self) -> Vec<String> {
        self.inner().objects.keys().cloned().collect()
    }

    pub(crate) fn bytes(&self, key: &str) -> Vec<u8> {
        self.inner().objects[key].bytes.clone()
    }

    pub(crate) fn text(&self, key: &str) -> String {
        String::from_utf8(self.bytes(key)).expect("UTF-8")
    }

    /// Writes an object as another program does.
    pub(crate) fn put(&self, key: &str, content: impl AsRef<[u8]>) {
        self.inner().put(key, content.as_ref().to_vec());
    }

    /// Sets what another program writes before a request that is overtaken.
    pub(crate) fn overtake(&self, theirs: Vec<u8>) {
        self.inner().theirs = theirs;
    }

    /// Removes an object as another program does.
    pub(crate) fn remove(&self, key: &str) {
        self.inner().objects.remove(key);
    }

    fn serve(&self, stream: &TcpStream) {
        let mut reader = BufReader::new(stream);
        while let Some(request) = read(&mut reader) {
            let is_lost = {
                let mut inner = self.inner();
                let key = request.path.trim_start_matches('/');
                let key = key.strip_prefix('b').unwrap_or(key).trim_start_matches('/');
                let asked = Asked {
                    method: request.method.clone(),
                    key: percent_decode_str(key).decode_utf8_lossy().into_owned(),
                };
                let fault = (inner.decide)(inner.log.len(), &asked);
                inner.log.push(asked.clone());
                let authorization = request.headers.get("authorization").cloned();
                inner.authorizations.extend(authorization);
                if fault == Fault::Cut {
                    return;
                }
                if fault == Fault::Overtaken {
                    let theirs = inner.theirs.clone();
                    inner.put(&asked.key, theirs);
                }
                let answer = match fault {
                    Fault::Broken => answer(500, &[], b"<Error><Code>InternalError</Code></Error>"),
                    Fault::Denied => answer(403, &[], b"<Error><Code>AccessDenied</Code></Error>"),
                    _ => inner.answer(&request, &asked.key, fault == Fault::IgnoreConditions),
                };
                drop(inner);
                let sent = match fault {
                    Fault::LoseAnswer => 0,
                    Fault::HalfAnswer => answer.len() / 2,
                    _ => answer.len(),
                };
                (&*stream).write_all(&answer[..sent]).is_err() || sent < answer.len()
            };
            if is_lost {
                return;
            }
        }
    }
}

impl Inner {
    fn put(&mut self, key: &str, bytes: Vec<u8>) {
        self.versions += 1;
        let object = Object {
            version: self.versions,
            bytes,
            attributes: Vec::new(),
        };
        self.objects.insert(key.to_owned(), object);
    }

    fn answer(&mut self, request: &Request, key: &str, ignores_conditions: bool) -> Vec<u8> {
        let found = self.objects.get(key).cloned();
        match request.method.as_str() {
            "PUT" if copied(request).is_some() => {
                let source = copied(request).and_then(|source| self.objects.get(&source));
                let Some(mut object) = source.cloned() else {
                    return answer(404, &[], b"<Error><Code>NoSuchKey</Code></Error>");
                };
                self.versions += 1;
                object.version = self.versions;
                self.objects.insert(key.to_owned(), object);
                let text = format!(
                    "<CopyObjectResult><ETag>\"{}\"</ETag></CopyObjectResult>",
                    self.versions
                );
                answer(200, &[], text.as_bytes())
            }
            "PUT" => {
                let present = found.map(|object| object.version);
                if !holds(request, present) && !ignores_conditions {
                    return answer(412, &[], b"<Error><Code>PreconditionFailed</Code></Error>");
                }
                self.versions += 1;
                let headers = request.headers.iter();
                let attributes = headers
                    .filter(|(name, _)| name.contains("-meta-"))
                    .map(|(name, value)| (name.clone(), value.clone()));
                let object = Object {
                    version: self.versions,
                    bytes: request.body.clone(),
                    attributes: attributes.collect(),
                };
                self.objects.insert(key.to_owned(), object);
                answer(200, &versions(self.versions), b"")
            }
            "GET" if key.is_empty() => self.list(&request.query),
            "GET" | "HEAD" => {
                let Some(object) = found else {
                    return answer(404, &[], b"<Error><Code>NoSuchKey</Code></Error>");
                };
                content(request, &object)
            }
            "DELETE" => {
                self.objects.remove(key);
                answer(204, &[], b"")
            }
            _ => answer(405, &[], b""),
        }
    }

    fn list(&self, query: &str) -> Vec<u8> {
        let prefix = query
            .split('&')
            .find_map(|part| part.strip_prefix("prefix="))
            .unwrap_or_default();
        let prefix = percent_decode_str(prefix).decode_utf8_lossy();
        let found = self
            .objects
            .iter()
            .filter(|(key, _)| key.starts_with(&*prefix));
        let found = found.map(|(key, object)| {
                let (version, size) = (object.version, object.bytes.len());
                format!(
                    "<Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>\"{version}\"</ETag><Size>{size}</Size></Contents>"
                )
        });
        let text = format!(
            "<ListBucketResult><IsTruncated>false</IsTruncated>{}</ListBucketResult>",
            found.collect::<Vec<_>>().concat()
        );
        answer(200, &[], text.as_bytes())
    }
}

/// Whether the condition of a write holds for an object with this version.
fn holds(request: &Request, present: Option<u64>) -> bool {
    if let Some(generation) = request.headers.get("x-goog-if-generation-match") {
        return *generation == present.unwrap_or(0).to_string();
    }
    let is_absent = request.headers.contains_key("if-none-match");
    match (present, is_absent, request.headers.get("if-match")) {
        (None, true, _) | (_, false, None) => true,
        (Some(present), false, Some(expected)) => *expected == format!("\"{present}\""),
        (Some(_), true, _) | (None, false, Some(_)) => false,
    }
}

/// The headers that name the version of an object: that of S3 and that of Google.
fn versions<'a>(version: u64) -> [(&'a str, String); 2] {
    [
        ("ETag", format!("\"{version}\"")),
        ("x-goog-generation", version.to_string()),
    ]
}

/// The key of the object that a request asks to copy.
fn copied(request: &Request) -> Option<String> {
    let names = ["x-amz-copy-source", "x-goog-copy-source"];
    let source = names.iter().find_map(|name| request.headers.get(*name))?;
    let source = percent_decode_str(source).decode_utf8_lossy();
    let key = source.trim_start_matches('/').strip_prefix("b/")?;
    Some(key.to_owned())
}

fn content(request: &Request, object: &Object) -> Vec<u8> {
    let bytes = &object.bytes;
    let mut headers = versions(object.version).to_vec();
    let attributes = object.attributes.iter();
    headers.extend(attributes.map(|(name, value)| (&**name, value.clone())));
    headers.push(("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT".to_owned()));
    if request.method == "HEAD" {
        let text = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n", bytes.len());
        return with_headers(text, &headers);
    }
    let range = request.headers.get("range");
    let range = range.and_then(|range| range.strip_prefix("bytes=")?.split_once('-'));
    let Some((from, to)) = range else {
        return answer(200, &headers, bytes);
    };
    let last = bytes.len().saturating_sub(1);
    let number = |text: &str| text.parse::<usize>().expect("a number");
    let (start, last) = match (from, to) {
        ("", suffix) => (bytes.len().saturating_sub(number(suffix)), last),
        (from, "") => (number(from), last),
        (from, to) => (number(from), last.min(number(to))),
    };
    headers.push((
        "Content-Range",
        format!("bytes {start}-{last}/{}", bytes.len()),
    ));
    answer(206, &headers, &bytes[start..=last])
}

pub(super) fn read(reader: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length");
    let length = length.and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    Some(Request {
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        headers,
        body,
    })
}

pub(super) fn answer(status: u16, headers: &[(&str, String)], body: &[u8]) -> Vec<u8> {
    let length = if status == 204 {
        String::new()
    } else {
        format!("Content-Length: {}\r\n", body.len())
    };
    let mut bytes = with_headers(format!("HTTP/1.1 {status} x\r\n{length}"), headers);
    bytes.extend_from_slice(body);
    bytes
}

fn with_headers(text: String, headers: &[(&str, String)]) -> Vec<u8> {
    let lines = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"));
    let lines: Vec<String> = std::iter::once(text).chain(lines).collect();
    format!("{}\r\n", lines.concat()).into_bytes()
}
