//! Runs a Channel on loopback that speaks TLS, with a certificate of the tests.
//!
//! `certificates/authority.pem` has signed `channel.pem`, which is valid for `channel.test` for a hundred years, and
//! `expired.pem`. Both have the key `key.pem`. `stranger.pem` is an authority that has signed nothing.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::raw_channel::{user, whole};

/// The server. It runs until the test ends.
pub(crate) struct TlsChannel {
    pub(crate) port: u16,
    connections: Arc<AtomicUsize>,
}

/// The path of a certificate of the tests.
pub(crate) fn certificate(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/it/network/certificates")
        .join(format!("{name}.pem"))
}

impl TlsChannel {
    /// Serves channel `7` with this certificate. It has every user.
    pub(crate) fn start(name: &str) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let chain = CertificateDer::pem_file_iter(certificate(name)).expect("a certificate");
        let chain = chain.collect::<Result<Vec<_>, _>>().expect("a certificate");
        let key = PrivateKeyDer::from_pem_file(certificate("key")).expect("a key");
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("the key fits");
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&connections);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                counted.fetch_add(1, Ordering::Relaxed);
                let connection = ServerConnection::new(Arc::clone(&config)).expect("a connection");
                // A client that does not trust the certificate is gone at once.
                let _ = answer(StreamOwned::new(connection, stream));
            }
        });
        Self { port, connections }
    }

    /// How many connections were made so far.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

/// Answers one request and closes the connection.
fn answer(stream: StreamOwned<ServerConnection, TcpStream>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut line = String::from(" ");
    while !line.trim_end().is_empty() || line == " " {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
    }
    let path = first.split(' ').nth(1).unwrap_or_default();
    let response = match path.rsplit_once("/@") {
        Some((_, id)) => user(id),
        None => whole(200, "application/json", r#"{"channel":{"id":"7"}}"#),
    };
    let mut stream = reader.into_inner();
    stream.write_all(&response)?;
    stream.conn.send_close_notify();
    stream.flush()
}
