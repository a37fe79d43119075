//! Sends requests to Channel over HTTP. No other module touches the network.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Client, Url, redirect};
use secrecy::{ExposeSecret, SecretString};
use tracing::Instrument;

use crate::model::is_loopback;
use crate::remote::obstacle::{Obstacle, causes};
use crate::remote::proxy::proxy_for;
use crate::remote::rate::RateHeaders;
use crate::remote::request::{Method, Request};
use crate::remote::transport::{Response, Sending, Transport, TransportError};

/// How many bytes of a body are read. A response about one user is far smaller.
const MAX_BODY: usize = 1024 * 1024;

/// The address, the credentials and the timeouts of a connection.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// Scheme, host, port and path, without a slash at the end. `http` only for loopback.
    pub base_url: String,
    /// `x-access-key`
    pub access_key: SecretString,
    /// `x-access-secret`
    pub access_secret: SecretString,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long Channel may be silent in the middle of a response.
    pub read_timeout: Duration,
    /// How long one request may take in all.
    pub total_timeout: Duration,
    /// How many connections are kept open for the next request.
    pub connections: usize,
    /// Whether the log shows the ids of users.
    pub logs_ids: bool,
}

impl HttpSettings {
    /// The default timeouts.
    pub fn new(base_url: String, access_key: SecretString, access_secret: SecretString) -> Self {
        Self {
            base_url,
            access_key,
            access_secret,
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(20),
            total_timeout: Duration::from_secs(40),
            connections: 256,
            logs_ids: true,
        }
    }
}

/// Why a client cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The credentials hold characters that a header cannot hold.
    #[error(
        "the access key or the access secret holds a character that cannot be sent; was it copied whole?"
    )]
    Credentials,
    /// The base URL is plain http and names another machine.
    #[error(
        "{0} is plain http; credentials and personal data go over https only (http is allowed to this machine alone)"
    )]
    PlainHttp(String),
    /// The HTTP library refuses, for example because the system's certificates cannot be read.
    #[error("cannot make an HTTP client: {0}")]
    Client(String),
}

/// A connection to Channel for one pair of credentials.
#[derive(Clone, Debug)]
pub struct Channel {
    client: Client,
    base_url: Url,
    /// The host of the base URL, for messages.
    host: String,
    /// The proxy on the way, without its credentials, for messages.
    proxy: Option<String>,
    logs_ids: bool,
}

impl Channel {
    /// Makes a client. Opens no connection yet.
    ///
    /// Redirects are not followed and cookies not kept. `HTTPS_PROXY` and `NO_PROXY` of the environment
    /// count, but not for plain http, which goes to this machine alone.
    ///
    /// # Errors
    ///
    /// The base URL is no URL or would send the credentials unencrypted to another machine, a credential cannot be a
    /// header, or the client cannot be built.
    pub fn new(settings: &HttpSettings) -> Result<Self, ClientError> {
        let plain = settings.base_url.starts_with("http://");
        let base_url = Url::parse(&settings.base_url)
            .map_err(|error| ClientError::Client(format!("{}: {error}", settings.base_url)))?;
        if plain && !is_loopback(&base_url) {
            return Err(ClientError::PlainHttp(settings.base_url.clone()));
        }
        let mut headers = HeaderMap::new();
        for (name, secret) in [
            ("x-access-key", &settings.access_key),
            ("x-access-secret", &settings.access_secret),
        ] {
            let mut value = HeaderValue::from_str(secret.expose_secret())
                .map_err(|_| ClientError::Credentials)?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        // Fails if an earlier client of this process has installed it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder()
            .default_headers(headers)
            .user_agent(concat!("talkform/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .referer(false)
            .connect_timeout(settings.connect_timeout)
            .read_timeout(settings.read_timeout)
            .timeout(settings.total_timeout)
            .pool_max_idle_per_host(settings.connections)
            .tcp_nodelay(true);
        if plain {
            // Plain http needs no certificates, and the machine may have none.
            builder = builder.tls_certs_only([]).no_proxy();
        }
        Ok(Self {
            client: builder
                .build()
                .map_err(|error| ClientError::Client(innermost(&error)))?,
            host: base_url.host_str().unwrap_or_default().to_owned(),
            base_url,
            proxy: if plain {
                None
            } else {
                proxy_for(&settings.base_url)
            },
            logs_ids: settings.logs_ids,
        })
    }

    /// Sends one request and reads its response.
    ///
    /// # Errors
    ///
    /// No response arrived, or it could not be read to its end.
    pub async fn send(&self, request: &Request) -> Result<Response, TransportError> {
        let span = tracing::debug_span!(
            "request",
            method = request.method.as_str(),
            path = self.logged_path(request)
        );
        let received = self.exchange(request).instrument(span.clone()).await;
        span.in_scope(|| match &received {
            Ok(response) => tracing::debug!(status = response.status, "answered"),
            Err(error) => tracing::debug!(%error, "not answered"),
        });
        received
    }

    /// The address of a request. The host is not parsed again.
    fn url(&self, request: &Request) -> Url {
        let mut url = self.base_url.clone();
        let before = self.base_url.path().trim_end_matches('/');
        url.set_path(&[before, &request.path].concat());
        url
    }

    /// The path of a request, without the id where that is hidden.
    fn logged_path<'r>(&self, request: &'r Request) -> &'r str {
        match request.path.split_once("/@") {
            Some((before, _)) if !self.logs_ids => before,
            _ => &request.path,
        }
    }

    async fn exchange(&self, request: &Request) -> Result<Response, TransportError> {
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Put => reqwest::Method::PUT,
            Method::Delete => reqwest::Method::DELETE,
        };
        let mut sent = self.client.request(method, self.url(request));
        if let Some(body) = &request.body {
            sent = sent
                .header(CONTENT_TYPE, "application/json")
                .body(body.clone());
        }
        let response = sent.send().await.map_err(|error| self.classify(&error))?;
        let status = response.status().as_u16();
        let rate = RateHeaders::read(|name| response.headers().get(name)?.to_str().ok());
        // The status counts also if the body broke off: a 422 is a 422.
        let body = read_body(response).await.ok().flatten();
        Ok(Response {
            status,
            rate,
            is_whole: body.is_some(),
            body: body.unwrap_or_default(),
        })
    }

    fn classify(&self, error: &reqwest::Error) -> TransportError {
        let proxy = self.proxy.as_deref();
        if error.is_timeout() {
            TransportError::Timeout
        } else if error.is_connect() {
            if let Some(obstacle) = Obstacle::of(error, &self.host, proxy) {
                return TransportError::Obstructed(obstacle);
            }
            let through = proxy.map(|proxy| format!(", through the proxy {proxy}"));
            TransportError::Connect(innermost(error) + &through.unwrap_or_default())
        } else if error.is_builder() {
            TransportError::Request(innermost(error))
        } else {
            TransportError::Broken(innermost(error))
        }
    }
}

impl Transport for Channel {
    fn send<'a>(&'a self, request: &'a Request) -> Sending<'a> {
        Box::pin(Self::send(self, request))
    }
}

/// `None` for a body that is too long.
async fn read_body(mut response: reqwest::Response) -> Result<Option<Vec<u8>>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > MAX_BODY {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}

/// The innermost cause: the outer ones repeat the address.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    causes(error).last().unwrap_or(error).to_string()
}
