//! Gets access tokens of Google for a workload that another provider of identities vouches for, such as a CI: by the
//! files of workload identity federation (`"type": "external_account"`), which `object_store` does not read.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Limited};
use object_store::client::{
    HttpClient, HttpConnector, HttpRequest, HttpRequestBody, ReqwestConnector,
};
use object_store::gcp::GcpCredential;
use object_store::{ClientOptions, CredentialProvider, Error, HeaderMap, HeaderValue};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use url::{Position, Url};

use crate::model::is_loopback;

/// How long before its end a token is no longer used.
const MARGIN: Duration = Duration::from_secs(300);

/// How long a token of a service account holds. Google gives no less than what is asked for.
const LIFETIME: Duration = Duration::from_secs(3600);

/// The most bytes of an answer.
const MOST_BYTES: usize = 1 << 20;

/// The most characters of an answer in an error.
const MOST_SHOWN: usize = 300;

/// How often a request is sent that gets no answer, or an error of the server.
const MOST_TRIES: u32 = 4;

/// The pause before a request is sent again; it doubles.
const PAUSE: Duration = Duration::from_millis(250);

/// What a file of credentials says about its kind.
#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "type")]
    kind: String,
}

/// A file of workload identity federation. The names are Google's.
#[derive(Deserialize)]
struct FederationFile {
    audience: String,
    subject_token_type: String,
    token_url: String,
    service_account_impersonation_url: Option<String>,
    credential_source: Source,
}

/// Where the token of the other provider is.
#[derive(Deserialize)]
struct Source {
    file: Option<PathBuf>,
    url: Option<String>,
    #[serde(default)]
    headers: HashMap<String, String>,
    #[serde(default)]
    format: Format,
}

/// In which form that token is there.
#[derive(Default, Deserialize)]
struct Format {
    /// The member of the JSON that holds it; `None` if it is the whole text.
    subject_token_field_name: Option<String>,
}

/// A source of tokens.
pub(crate) struct Federation {
    file: FederationFile,
    client: HttpClient,
    /// The last token, and how long it is used.
    token: Mutex<Option<(Arc<GcpCredential>, Instant)>>,
}

impl fmt::Debug for Federation {
    // The file and the token hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Federation").finish_non_exhaustive()
    }
}

impl CredentialProvider for Federation {
    type Credential = GcpCredential;

    fn get_credential<'s, 'f>(
        &'s self,
    ) -> Pin<Box<dyn Future<Output = object_store::Result<Arc<GcpCredential>>> + Send + 'f>>
    where
        's: 'f,
        Self: 'f,
    {
        Box::pin(async move {
            let mut token = self.token.lock().await;
            if let Some((credential, until)) = &*token
                && Instant::now() < *until
            {
                return Ok(Arc::clone(credential));
            }
            let asked = Instant::now();
            let (bearer, lifetime) = self.exchange().await.map_err(|reason| failed(&reason))?;
            let credential = Arc::new(GcpCredential { bearer });
            let until = asked + lifetime.saturating_sub(MARGIN);
            *token = Some((Arc::clone(&credential), until));
            Ok(credential)
        })
    }
}

/// An error with its reason for a person.
fn failed(reason: &str) -> Error {
    Error::Generic {
        store: "GCS",
        source: format!("workload identity federation: {reason}").into(),
    }
}

impl Federation {
    /// The source that a file of credentials describes. `None` if the file is of another kind, or cannot be read.
    ///
    /// # Errors
    ///
    /// The file is one of workload identity federation and not a valid one, or takes the token from where talkform
    /// cannot get it.
    pub(crate) fn read(path: &Path, options: &ClientOptions) -> Result<Option<Self>, Error> {
        // Whoever reads the other kinds reports a file that cannot be read.
        let Ok(text) = std::fs::read(path) else {
            return Ok(None);
        };
        match serde_json::from_slice::<Kind>(&text) {
            Ok(Kind { kind }) if kind == "external_account" => {}
            Ok(_) | Err(_) => return Ok(None),
        }
        let file: FederationFile = serde_json::from_slice(&text)
            .map_err(|error| failed(&format!("cannot use {}: {error}", path.display())))?;
        let source = &file.credential_source;
        if source.file.is_none() && source.url.is_none() {
            return Err(failed(&format!(
                "{} takes the token neither from a file nor from a URL; set GOOGLE_BEARER_TOKEN to an access token",
                path.display()
            )));
        }
        let urls = [
            Some(&file.token_url),
            file.service_account_impersonation_url.as_ref(),
            source.url.as_ref(),
        ];
        for url in urls.into_iter().flatten() {
            check_url(url).map_err(|reason| failed(&reason))?;
        }
        // Each address was checked.
        let client = ReqwestConnector::default().connect(&options.clone().with_allow_http(true))?;
        Ok(Some(Self {
            file,
            client,
            token: Mutex::default(),
        }))
    }

    /// A new access token, and how long it holds.
    async fn exchange(&self) -> Result<(String, Duration), String> {
        let subject = self.subject_token().await?;
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair(
                "grant_type",
                "urn:ietf:params:oauth:grant-type:token-exchange",
            )
            .append_pair("audience", &self.file.audience)
            .append_pair("scope", "https://www.googleapis.com/auth/cloud-platform")
            .append_pair(
                "requested_token_type",
                "urn:ietf:params:oauth:token-type:access_token",
            )
            .append_pair("subject_token_type", &self.file.subject_token_type)
            .append_pair("subject_token", &subject)
            .finish();
        let mut headers = HeaderMap::new();
        headers.insert(
            "content-type",
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        let url = &self.file.token_url;
        let answer = json_of(&self.ask("POST", url, headers, form, &subject).await?)?;
        let token = text_at(&answer, "access_token").ok_or("the answer has no access_token")?;
        let Some(url) = &self.file.service_account_impersonation_url else {
            let seconds = answer["expires_in"].as_u64();
            return Ok((token, seconds.map_or(LIFETIME, Duration::from_secs)));
        };
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        let mut bearer = HeaderValue::from_str(&format!("Bearer {token}"))
            .map_err(|_| "the access token is no header")?;
        bearer.set_sensitive(true);
        headers.insert("authorization", bearer);
        let wanted = json!({
            "scope": ["https://www.googleapis.com/auth/devstorage.read_write"],
            "lifetime": format!("{}s", LIFETIME.as_secs()),
        });
        let wanted = wanted.to_string();
        let answer = json_of(&self.ask("POST", url, headers, wanted, &token).await?)?;
        let token = text_at(&answer, "accessToken").ok_or("the answer has no accessToken")?;
        Ok((token, LIFETIME))
    }

    /// The token of the other provider.
    async fn subject_token(&self) -> Result<String, String> {
        let source = &self.file.credential_source;
        let text = match (&source.file, &source.url) {
            (Some(path), _) => std::fs::read(path)
                .map_err(|error| format!("cannot read {}: {error}", path.display()))?,
            (None, Some(url)) => {
                let headers = HeaderMap::try_from(&source.headers)
                    .map_err(|_| "credential_source has a header that is none")?;
                self.ask("GET", url, headers, String::new(), "").await?
            }
            (None, None) => return Err("there is no source of the token".to_owned()),
        };
        let token = match &source.format.subject_token_field_name {
            Some(name) => text_at(&json_of(&text)?, name)
                .ok_or_else(|| format!("the source of the token has no {name}"))?,
            None => String::from_utf8(text).map_err(|_| "the token is no text")?,
        };
        Ok(token.trim().to_owned())
    }

    /// The content of a successful answer. An error does not repeat `secret`, the token that is sent.
    async fn ask(
        &self,
        method: &str,
        url: &str,
        headers: HeaderMap,
        content: String,
        secret: &str,
    ) -> Result<Vec<u8>, String> {
        let host =
            Url::parse(url).map(|url| url[Position::BeforeHost..Position::AfterPort].to_owned());
        let host = host.unwrap_or_default();
        let mut pause = PAUSE;
        let mut tries = 1;
        loop {
            let error = match self.ask_once(method, url, &headers, &content).await {
                Ok((200..300, content)) => return Ok(content),
                Ok((status, content)) if status < 500 => {
                    let mut said = String::from_utf8_lossy(&content).into_owned();
                    if !secret.is_empty() {
                        said = said.replace(secret, "(hidden)");
                    }
                    let shown: String = said
                        .chars()
                        .filter(|c| !c.is_control())
                        .take(MOST_SHOWN)
                        .collect();
                    return Err(format!("{host} answered {status}: {shown}"));
                }
                Ok((status, _)) => format!("{host} answered {status}"),
                Err(error) => format!("cannot ask {host}: {error}"),
            };
            if tries == MOST_TRIES {
                return Err(error);
            }
            tries += 1;
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }

    async fn ask_once(
        &self,
        method: &str,
        url: &str,
        headers: &HeaderMap,
        content: &str,
    ) -> Result<(u16, Vec<u8>), String> {
        let mut request = HttpRequest::new(HttpRequestBody::from(content.to_owned()));
        *request.method_mut() = method.parse().map_err(|_| "the method is none")?;
        *request.uri_mut() = url.parse().map_err(|_| "the address is none")?;
        *request.headers_mut() = headers.clone();
        let answer = self.client.execute(request).await;
        let answer = answer.map_err(|error| error.to_string())?;
        let status = answer.status().as_u16();
        let content = Limited::new(answer.into_body(), MOST_BYTES).collect().await;
        let content = content.map_err(|error| error.to_string())?;
        Ok((status, content.to_bytes().to_vec()))
    }
}

/// Fails if an address is not of https and not of this machine: what is sent there is a secret.
fn check_url(text: &str) -> Result<(), String> {
    let url = Url::parse(text).map_err(|_| format!("{text} is no address"))?;
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(&url) => Ok(()),
        _ => Err(format!("{text} would get a secret in clear")),
    }
}

fn json_of(text: &[u8]) -> Result<Value, String> {
    serde_json::from_slice(text).map_err(|_| "an answer is no JSON".to_owned())
}

fn text_at(value: &Value, name: &str) -> Option<String> {
    value[name].as_str().map(ToOwned::to_owned)
}
