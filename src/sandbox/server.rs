//! Requests in, answers out.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http_body_util::{BodyExt, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue, LOCATION, RETRY_AFTER};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::{Value as Json, json};
use tokio::net::{TcpListener, TcpStream};

use crate::model::ApiVersion;
use crate::sandbox::body::{Answered, BrokenOff};
use crate::sandbox::bucket::Bucket;
use crate::sandbox::connection::Connection;
use crate::sandbox::fault::{Fault, FaultKind};
use crate::sandbox::settings::{Logged, SandboxSettings};
use crate::sandbox::users::{Users, Wrong};

/// The largest body it reads.
const MOST_OF_A_BODY: usize = 1024 * 1024;

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) users: Users,
    pub(crate) log: Vec<Logged>,
    bucket: Bucket,
    faults: Vec<Fault>,
    dice: fastrand::Rng,
    settings: SandboxSettings,
    /// Requests about users in this run: what `#N` of a fault counts.
    seen: u64,
}

impl Shared {
    pub(crate) fn new(settings: SandboxSettings) -> io::Result<Self> {
        Ok(Self {
            users: Users::open(settings.users.as_deref(), settings.channel_id.clone())?,
            log: Vec::new(),
            bucket: Bucket::new(settings.burst, settings.per_second),
            faults: settings.faults.clone(),
            dice: fastrand::Rng::with_seed(settings.seed),
            settings,
            seen: 0,
        })
    }

    pub(crate) fn set_faults(&mut self, faults: Vec<Fault>) {
        self.faults = faults;
    }

    /// The faults that strike this request, each kind's dice thrown in order.
    fn strike(&mut self, member_id: &str) -> Vec<FaultKind> {
        self.seen += 1;
        let Self {
            faults, dice, seen, ..
        } = self;
        faults
            .iter()
            .filter(|fault| fault.strikes(member_id, *seen, dice.f64()))
            .map(|fault| fault.kind)
            .collect()
    }
}

/// Takes connections until it is aborted.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Mutex<Shared>>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(connection(stream, Arc::clone(&shared)));
            }
            // Out of file descriptors, for one: that passes.
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

async fn connection(stream: TcpStream, shared: Arc<Mutex<Shared>>) {
    let _ = stream.set_nodelay(true);
    let reset = Arc::new(AtomicBool::new(false));
    let service = service_fn(|request| {
        let shared = Arc::clone(&shared);
        let reset = Arc::clone(&reset);
        async move {
            let answered = answer(request, &shared).await;
            answered.ok_or_else(|| {
                reset.store(true, Ordering::Relaxed);
                BrokenOff
            })
        }
    });
    // A client that goes away, or that we send away, is no trouble of ours.
    let _ = http1::Builder::new()
        .serve_connection(Connection::new(stream, Arc::clone(&reset)), service)
        .await;
}

type Answer = Response<Answered>;

/// `None` breaks the connection off.
async fn answer(request: Request<Incoming>, shared: &Mutex<Shared>) -> Option<Answer> {
    let method = request.method().as_str().to_owned();
    let path = request.uri().path().to_owned();
    let has_keys = ["x-access-key", "x-access-secret"]
        .iter()
        .all(|name| request.headers().get(*name).is_some_and(|v| !v.is_empty()));
    let bytes = match Limited::new(request.into_body(), MOST_OF_A_BODY)
        .collect()
        .await
    {
        Ok(body) => body.to_bytes(),
        Err(_) => Bytes::new(),
    };
    let body: Option<Json> = serde_json::from_slice(&bytes).ok();
    let place = Place::of(&path);
    let member_id = match &place {
        Place::User(_, id) => id.clone(),
        Place::Channel | Place::Nowhere => String::new(),
    };
    let faults = match place {
        Place::User(..) => lock(shared).strike(&member_id),
        Place::Channel | Place::Nowhere => Vec::new(),
    };
    for fault in &faults {
        if let FaultKind::Slow(time) = fault {
            tokio::time::sleep(*time).await;
        }
    }
    let mut shared = lock(shared);
    if let Place::User(..) = place {
        shared.users.count();
    }
    let answered = shared.respond(&method, &place, body.as_ref(), has_keys, &faults);
    if shared.settings.log {
        let status = answered.as_ref().map(|answer| answer.status().as_u16());
        shared.log.push(Logged {
            method,
            path,
            body,
            status,
        });
    }
    answered
}

enum Place {
    Channel,
    User(ApiVersion, String),
    Nowhere,
}

impl Place {
    fn of(path: &str) -> Self {
        let Some((version, rest)) = path
            .strip_prefix("/open/")
            .and_then(|rest| rest.split_once('/'))
        else {
            return Self::Nowhere;
        };
        let api = match version {
            "v4" => ApiVersion::V4,
            "v5" => ApiVersion::V5,
            _ => return Self::Nowhere,
        };
        match rest.strip_prefix("users/@") {
            _ if rest == "channel" => Self::Channel,
            Some(segment) if !segment.is_empty() && !segment.contains('/') => {
                match percent_decode_str(segment).decode_utf8() {
                    Ok(id) => Self::User(api, id.into_owned()),
                    Err(_) => Self::Nowhere,
                }
            }
            _ => Self::Nowhere,
        }
    }
}

impl Shared {
    fn respond(
        &mut self,
        method: &str,
        place: &Place,
        body: Option<&Json>,
        has_keys: bool,
        faults: &[FaultKind],
    ) -> Option<Answer> {
        if !has_keys {
            return Some(self.error(401, "unauthorized", &[]));
        }
        if !self.bucket.take() {
            let wait = self.bucket.seconds_to_next().ceil();
            let mut answer = self.error(429, "tooManyRequests", &[]);
            if let Ok(value) = HeaderValue::from_str(&format!("{wait:.0}")) {
                answer.headers_mut().insert(RETRY_AFTER, value);
            }
            return Some(answer);
        }
        for fault in faults {
            match fault {
                FaultKind::Status(502) => {
                    return Some(self.text(
                        502,
                        "text/html",
                        "<html><h1>502 Bad Gateway</h1></html>",
                    ));
                }
                FaultKind::Status(status) => return Some(self.error(*status, "sandboxFault", &[])),
                FaultKind::ResetBefore => return None,
                FaultKind::Redirect => {
                    let mut answer = self.text(302, "text/plain", "");
                    answer.headers_mut().insert(
                        LOCATION,
                        HeaderValue::from_static("http://127.0.0.2:9/elsewhere"),
                    );
                    return Some(answer);
                }
                _ => {}
            }
        }
        let answer = match (method, place) {
            ("GET", Place::Channel) => {
                let wrong = self
                    .faults
                    .iter()
                    .any(|fault| fault.kind == FaultKind::WrongChannel);
                let id = if wrong {
                    "another-channel"
                } else {
                    &self.settings.channel_id
                };
                let channel = json!({"channel": {"id": id, "name": "Sandbox"}});
                self.json(200, &channel)
            }
            ("GET", Place::User(api, id)) => match self.users.get(id) {
                Some(user) => {
                    let view = view(*api, user);
                    self.json(200, &view)
                }
                None => self.error(404, "notFound", &[]),
            },
            ("DELETE", Place::User(_, id)) => match self.users.delete(id) {
                Ok(true) => self.json(200, &json!({})),
                Ok(false) => self.error(404, "notFound", &[]),
                Err(_) => self.error(500, "diskTrouble", &[]),
            },
            ("PUT", Place::User(api, id)) => {
                let nothing = Json::Null;
                let ignore_tags = faults.contains(&FaultKind::IgnoreTags);
                let body = body.unwrap_or(&nothing);
                match self
                    .users
                    .upsert(*api, id, body, ignore_tags, now().as_millis())
                {
                    Ok(Ok(user)) => {
                        let view = view(*api, user);
                        self.json(200, &view)
                    }
                    Ok(Err(wrong)) => self.error(422, "invalidEntity", &wrong),
                    Err(_) => self.error(500, "diskTrouble", &[]),
                }
            }
            _ => self.error(404, "notFound", &[]),
        };
        self.spoil(answer, faults)
    }

    /// Faults that strike after the write.
    fn spoil(&self, answer: Answer, faults: &[FaultKind]) -> Option<Answer> {
        for fault in faults {
            match fault {
                FaultKind::ResetAfter => return None,
                FaultKind::BrokenJson => {
                    return Some(self.text(200, "application/json", "{\"user\": {\"profile\": "));
                }
                FaultKind::Truncated => {
                    let mut answer = self.text(200, "application/json", "{\"user\"");
                    // More is announced than comes.
                    answer.headers_mut().insert(
                        hyper::header::CONTENT_LENGTH,
                        HeaderValue::from_static("4096"),
                    );
                    return Some(answer.map(Answered::cut));
                }
                FaultKind::Empty => return Some(self.text(200, "application/json", "")),
                FaultKind::Huge => {
                    return Some(self.text(200, "application/json", &" ".repeat(2 << 20)));
                }
                FaultKind::NotUtf8 => {
                    return Some(self.bytes(200, "application/json", vec![0xff, 0xfe, b'{']));
                }
                _ => {}
            }
        }
        Some(answer)
    }

    fn json(&self, status: u16, body: &Json) -> Answer {
        self.text(status, "application/json", &body.to_string())
    }

    fn error(&self, status: u16, kind: &str, wrong: &[Wrong]) -> Answer {
        let errors: Vec<Json> = wrong
            .iter()
            .map(|wrong| json!({"field": wrong.field, "message": wrong.message}))
            .collect();
        self.json(
            status,
            &json!({"type": kind, "status": status, "errors": errors}),
        )
    }

    fn text(&self, status: u16, content_type: &'static str, body: &str) -> Answer {
        self.bytes(status, content_type, body.as_bytes().to_vec())
    }

    fn bytes(&self, status: u16, content_type: &'static str, body: Vec<u8>) -> Answer {
        let mut answer = Response::new(Answered::whole(body));
        *answer.status_mut() =
            StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = answer.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        let left = self.bucket.left();
        let full = now().as_secs_f64() + self.bucket.seconds_to_full();
        for (name, text) in [
            ("x-ratelimit-limit", self.settings.burst.to_string()),
            ("x-ratelimit-remaining", left.to_string()),
            ("x-ratelimit-reset", format!("{:.0}", full.ceil())),
            ("x-ratelimit-will-be-throttled", (left == 0).to_string()),
        ] {
            if let Ok(value) = HeaderValue::from_str(&text) {
                headers.insert(name, value);
            }
        }
        answer
    }
}

/// The answer about one user.
fn view(api: ApiVersion, user: &Json) -> Json {
    let mut user = user.clone();
    if let Some(fields) = user.as_object_mut() {
        match api {
            ApiVersion::V4 => {}
            ApiVersion::V5 => {
                fields.remove("profileOnce");
                fields.remove("unsubscribed");
            }
        }
        for flag in ["unsubscribeEmail", "unsubscribeTexting"] {
            fields.entry(flag).or_insert(Json::Bool(false));
        }
    }
    json!({"user": user, "online": null})
}

/// Since 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "a Channel has a clock of its own; nothing of talkform is decided by it"
)]
fn now() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

pub(crate) fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
