//! Serves the requests of the sandbox over HTTP, with the faults that strike them.

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
use crate::sandbox::body::{BrokenOff, ResponseBody};
use crate::sandbox::bucket::Bucket;
use crate::sandbox::connection::Connection;
use crate::sandbox::fault::{Fault, FaultKind};
use crate::sandbox::settings::{Logged, SandboxSettings};
use crate::sandbox::users::{InvalidField, Users};

/// The largest request body that is read, in bytes.
const LARGEST_BODY: usize = 1024 * 1024;

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) users: Users,
    pub(crate) log: Vec<Logged>,
    bucket: Bucket,
    faults: Vec<Fault>,
    rng: fastrand::Rng,
    settings: SandboxSettings,
    /// The number of requests about users in this run, which `#N` of a fault counts.
    seen: u64,
}

impl Shared {
    pub(crate) fn new(settings: SandboxSettings) -> io::Result<Self> {
        Ok(Self {
            users: Users::open(settings.users.as_deref(), settings.channel_id.clone())?,
            log: Vec::new(),
            bucket: Bucket::new(settings.burst, settings.per_second),
            faults: settings.faults.clone(),
            rng: fastrand::Rng::with_seed(settings.seed),
            settings,
            seen: 0,
        })
    }

    pub(crate) fn set_faults(&mut self, faults: Vec<Fault>) {
        self.faults = faults;
    }

    /// Returns the faults that strike this request. Each fault takes one random number, in order.
    fn strike(&mut self, member_id: &str) -> Vec<FaultKind> {
        self.seen += 1;
        let Self {
            faults, rng, seen, ..
        } = self;
        faults
            .iter()
            .filter(|fault| fault.strikes(member_id, *seen, rng.f64()))
            .map(|fault| fault.kind)
            .collect()
    }
}

/// Accepts connections until the task is aborted.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Mutex<Shared>>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(connection(stream, Arc::clone(&shared)));
            }
            // A passing problem, such as too many open files.
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
            let response = handle(request, &shared).await;
            response.ok_or_else(|| {
                reset.store(true, Ordering::Relaxed);
                BrokenOff
            })
        }
    });
    // An error here is a client that disconnected, or a connection that a fault reset.
    let _ = http1::Builder::new()
        .serve_connection(Connection::new(stream, Arc::clone(&reset)), service)
        .await;
}

type SandboxResponse = Response<ResponseBody>;

/// Responds to one request. `None` resets the connection.
async fn handle(request: Request<Incoming>, shared: &Mutex<Shared>) -> Option<SandboxResponse> {
    let method = request.method().as_str().to_owned();
    let path = request.uri().path().to_owned();
    let has_keys = ["x-access-key", "x-access-secret"]
        .iter()
        .all(|name| request.headers().get(*name).is_some_and(|v| !v.is_empty()));
    let bytes = match Limited::new(request.into_body(), LARGEST_BODY)
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
        Place::Channel(_) | Place::Nowhere => String::new(),
    };
    let faults = match place {
        Place::User(..) => lock(shared).strike(&member_id),
        Place::Channel(_) | Place::Nowhere => Vec::new(),
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
    let response = shared.respond(&method, &place, body.as_ref(), has_keys, &faults);
    if shared.settings.log {
        let status = response.as_ref().map(|response| response.status().as_u16());
        shared.log.push(Logged {
            method,
            path,
            body,
            status,
        });
    }
    response
}

enum Place {
    Channel(ApiVersion),
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
            _ if rest == "channel" => Self::Channel(api),
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
    ) -> Option<SandboxResponse> {
        if !has_keys {
            return Some(self.error(401, "unauthorized", &[]));
        }
        if !self.bucket.take() {
            let wait = self.bucket.seconds_to_next().ceil();
            let mut response = self.error(429, "tooManyRequests", &[]);
            if let Ok(value) = HeaderValue::from_str(&format!("{wait:.0}")) {
                response.headers_mut().insert(RETRY_AFTER, value);
            }
            return Some(response);
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
                    let mut response = self.text(302, "text/plain", "");
                    response.headers_mut().insert(
                        LOCATION,
                        HeaderValue::from_static("http://127.0.0.2:9/elsewhere"),
                    );
                    return Some(response);
                }
                _ => {}
            }
        }
        let response = match (method, place) {
            ("GET", Place::Channel(api)) => {
                let is_wrong = self
                    .faults
                    .iter()
                    .any(|fault| fault.kind == FaultKind::WrongChannel);
                let id = if is_wrong {
                    "another-channel"
                } else {
                    &self.settings.channel_id
                };
                let channel = channel_view(*api, id);
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
                Err(_) => self.error(500, "internalError", &[]),
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
                    Ok(Err(invalid)) => self.error(422, "invalidEntity", &invalid),
                    Err(_) => self.error(500, "internalError", &[]),
                }
            }
            _ => self.error(404, "notFound", &[]),
        };
        self.spoil(response, faults)
    }

    /// Applies the faults that strike after the write.
    fn spoil(&self, response: SandboxResponse, faults: &[FaultKind]) -> Option<SandboxResponse> {
        for fault in faults {
            match fault {
                FaultKind::ResetAfter => return None,
                FaultKind::ErrorAfter => return Some(self.error(500, "sandboxFault", &[])),
                FaultKind::BrokenJson => {
                    return Some(self.text(200, "application/json", "{\"user\": {\"profile\": "));
                }
                FaultKind::Truncated => {
                    let mut response = self.text(200, "application/json", "{\"user\"");
                    // The header promises more bytes than the body has.
                    response.headers_mut().insert(
                        hyper::header::CONTENT_LENGTH,
                        HeaderValue::from_static("4096"),
                    );
                    return Some(response.map(ResponseBody::cut));
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
        Some(response)
    }

    fn json(&self, status: u16, body: &Json) -> SandboxResponse {
        self.text(status, "application/json", &body.to_string())
    }

    fn error(&self, status: u16, kind: &str, invalid: &[InvalidField]) -> SandboxResponse {
        let errors: Vec<Json> = invalid
            .iter()
            .map(|field| json!({"field": field.field, "message": field.message}))
            .collect();
        self.json(
            status,
            &json!({"type": kind, "status": status, "errors": errors}),
        )
    }

    fn text(&self, status: u16, content_type: &'static str, body: &str) -> SandboxResponse {
        self.bytes(status, content_type, body.as_bytes().to_vec())
    }

    fn bytes(&self, status: u16, content_type: &'static str, body: Vec<u8>) -> SandboxResponse {
        let mut response = Response::new(ResponseBody::whole(body));
        *response.status_mut() =
            StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
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
        response
    }
}

/// The response body about the channel, with every field that the official document requires.
fn channel_view(api: ApiVersion, id: &str) -> Json {
    let mut channel = json!({
        "id": id,
        "name": "Sandbox",
        "bizGrade": "unknown",
        "color": "#123456",
        "timeZone": "Asia/Seoul",
    });
    let more = match api {
        ApiVersion::V4 => json!({ "enableEmail": true, "enableTexting": true }),
        ApiVersion::V5 => json!({
            "baseTutorialCompleted": true,
            "botName": "Sandbox",
            "followUpEmail": true,
            "followUpTexting": true,
            "welcomeMessage": {},
        }),
    };
    if let (Some(channel), Json::Object(more)) = (channel.as_object_mut(), more) {
        channel.extend(more);
    }
    json!({ "channel": channel })
}

/// The response body about one user.
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
        fields.entry("language").or_insert(Json::from("en"));
        for flag in ["unsubscribeEmail", "unsubscribeTexting"] {
            fields.entry(flag).or_insert(Json::Bool(false));
        }
    }
    // `online` is left out: the document knows an object there, and nobody is online.
    json!({ "user": user })
}

/// The time since 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "the sandbox stands for Channel, which has its own clock; no decision of talkform depends on it"
)]
fn now() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

pub(crate) fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
