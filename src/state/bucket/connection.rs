//! Connects to the store of a bucket. Credentials come from the usual variables and identities of the cloud alone.

use std::future::Future;
use std::io;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::{GoogleCloudStorage, GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::{BackoffConfig, ClientOptions, ObjectStore, RetryConfig};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use crate::model::{StateScheme, StateStore};
use crate::state::bucket::address::Address;
use crate::state::bucket::google_identity::Federation;

/// How long one request may take. A state of a million users has about 200 MB.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(300);

/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a request is repeated while the store answers with errors of its own.
const RETRY_TIMEOUT: Duration = Duration::from_secs(60);

/// The store of one bucket, with a thread that talks to it.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) scheme: StateScheme,
    runtime: Option<Runtime>,
}

impl Connection {
    pub(crate) fn open(address: &Address, settings: &StateStore) -> io::Result<Self> {
        // Another part of the program may have installed it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let store = build(address, settings).map_err(io::Error::other)?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("bucket")
            .enable_all()
            .build()?;
        Ok(Self {
            store,
            scheme: address.scheme,
            runtime: Some(runtime),
        })
    }

    /// Starts work on the connection's own thread. The caller may be of any runtime, or of none.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> oneshot::Receiver<T> {
        let (done, result) = oneshot::channel();
        self.start(work, |found| {
            // Whoever asked may be gone.
            let _ = done.send(found);
        });
        result
    }

    /// Does work on the connection's own thread and waits for it.
    pub(crate) fn wait<T: Send + 'static>(
        &self,
        work: impl Future<Output = io::Result<T>> + Send + 'static,
    ) -> io::Result<T> {
        // A `oneshot` must not be waited for inside of a runtime.
        let (done, result) = mpsc::channel();
        self.start(work, move |found| {
            let _ = done.send(found);
        });
        result.recv().map_err(io::Error::other)?
    }

    fn start<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
        finish: impl FnOnce(T) + Send + 'static,
    ) {
        if let Some(runtime) = &self.runtime {
            runtime.spawn(async move { finish(work.await) });
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // A runtime that is dropped waits, which an asynchronous caller must not.
            runtime.shutdown_background();
        }
    }
}

fn build(
    address: &Address,
    settings: &StateStore,
) -> Result<Arc<dyn ObjectStore>, object_store::Error> {
    let is_plain = settings
        .endpoint
        .as_ref()
        .is_some_and(|endpoint| endpoint.starts_with("http://"));
    let client = ClientOptions::new()
        .with_timeout(REQUEST_TIMEOUT)
        .with_connect_timeout(CONNECT_TIMEOUT)
        .with_allow_http(is_plain);
    let retry = RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(5),
            base: 2.0,
        },
        max_retries: 5,
        retry_timeout: RETRY_TIMEOUT,
    };
    Ok(match address.scheme {
        StateScheme::S3 => {
            let mut builder = AmazonS3Builder::from_env()
                .with_bucket_name(&address.bucket)
                .with_client_options(client)
                .with_retry(retry)
                .with_allow_http(is_plain)
                // Not every store knows how to remove several objects with one request.
                .with_disable_bulk_delete(true);
            if let Some(region) = &settings.region {
                builder = builder.with_region(region);
            }
            if let Some(endpoint) = &settings.endpoint {
                builder = builder.with_endpoint(endpoint);
            }
            if let Some(path_style) = settings.path_style {
                builder = builder.with_virtual_hosted_style_request(!path_style);
            }
            if let Some(key) = &settings.kms_key {
                builder = builder.with_sse_kms_encryption(key);
            }
            Arc::new(builder.build()?)
        }
        StateScheme::Gs => Arc::new(google(address, settings, &client, retry)?),
        StateScheme::Az => {
            let mut builder = MicrosoftAzureBuilder::from_env()
                .with_container_name(&address.bucket)
                .with_client_options(client)
                .with_retry(retry)
                .with_allow_http(is_plain);
            if let Some(endpoint) = &settings.endpoint {
                builder = builder.with_endpoint(endpoint.clone());
            }
            Arc::new(builder.build()?)
        }
    })
}

fn google(
    address: &Address,
    settings: &StateStore,
    client: &ClientOptions,
    retry: RetryConfig,
) -> Result<GoogleCloudStorage, object_store::Error> {
    let mut builder = GoogleCloudStorageBuilder::from_env()
        .with_bucket_name(&address.bucket)
        .with_client_options(client.clone())
        .with_retry(retry);
    if let Some(endpoint) = &settings.endpoint {
        builder = builder.with_base_url(endpoint);
    }
    let named = |key| builder.get_config_value(&key);
    let others = [
        GoogleConfigKey::BearerToken,
        GoogleConfigKey::ServiceAccount,
        GoogleConfigKey::ServiceAccountKey,
    ];
    if others.into_iter().all(|key| named(key).is_none())
        && let Some(path) = named(GoogleConfigKey::ApplicationCredentials)
        && let Some(federation) = Federation::read(Path::new(&path), client)?
    {
        builder = builder.with_credentials(Arc::new(federation));
    }
    builder.build()
}
