//! Runs a server on loopback that responds with the bytes that a test chooses.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use crate::project::Project;

/// One request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Arrived {
    pub(crate) method: String,
    /// The path's last segment without the `@`: a member id, or `channel`.
    pub(crate) id: String,
    /// The whole path.
    pub(crate) path: String,
}

/// The server. It runs until the test ends.
pub(crate) struct RawChannel {
    base_url: String,
    log: Arc<Mutex<Vec<Arrived>>>,
}

impl RawChannel {
    /// Answers `GET …/channel` as channel `7`, and every other request with what `respond` returns.
    pub(crate) fn start(respond: impl Fn(&Arrived) -> Vec<u8> + Send + 'static) -> Self {
        Self::named(r#"{"channel":{"id":"7"}}"#, respond)
    }

    /// Answers `GET …/channel` with this body.
    pub(crate) fn named(
        body: &str,
        respond: impl Fn(&Arrived) -> Vec<u8> + Send + 'static,
    ) -> Self {
        Self::introduced(whole(200, "application/json", body), respond)
    }

    /// Answers `GET …/channel` with these bytes.
    pub(crate) fn introduced(
        named: Vec<u8>,
        respond: impl Fn(&Arrived) -> Vec<u8> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let log = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&log);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let Some(arrived) = read(&stream) else {
                    continue;
                };
                let answer = if arrived.id == "channel" {
                    named.clone()
                } else {
                    let mut log = shared.lock().unwrap_or_else(PoisonError::into_inner);
                    log.push(arrived.clone());
                    respond(&arrived)
                };
                // The client may be gone; that is its affair.
                let _ = (&stream).write_all(&answer);
            }
        });
        Self {
            base_url: format!("http://{address}"),
            log,
        }
    }

    /// A project that is applied to it.
    pub(crate) fn project(&self, more: &str) -> Project {
        Project::new(&format!(
            "channel: {{ id: \"7\", baseUrl: \"{}\", rate: {{ perSecond: 1000000, burst: 1000000 }} }}\n{more}",
            self.base_url
        ))
    }

    /// The requests about users so far.
    pub(crate) fn log(&self) -> Vec<Arrived> {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.clone()
    }
}

fn read(stream: &TcpStream) -> Option<Arrived> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split(' ');
    let method = words.next()?.to_owned();
    let path = words.next()?.to_owned();
    let id = path.rsplit('/').next()?;
    let id = id.trim_start_matches('@').to_owned();
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let header = header.trim().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(text) = header.strip_prefix("content-length:") {
            length = text.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Arrived { method, id, path })
}

/// A whole response that closes the connection.
pub(crate) fn whole(status: u16, content_type: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status} X\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// A response whose body ends before its announced length.
pub(crate) fn cut(status: u16, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: 4096\r\nconnection: close\r\n\r\n{body}"
    )
    .into_bytes()
}

/// Channel's response about this user.
pub(crate) fn user(id: &str) -> Vec<u8> {
    whole(
        200,
        "application/json",
        &format!(
            r#"{{"user":{{"id":"64f","channelId":"7","memberId":"{id}","profile":{{"plan":"pro"}}}}}}"#
        ),
    )
}
