//! Starts and stops a sandbox, and shows what it has.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::sandbox::fault::Fault;
use crate::sandbox::server::Shared;

/// How a sandbox behaves.
#[derive(Clone, Debug)]
pub struct SandboxSettings {
    /// Where to listen; port 0 takes any free one.
    pub listen: SocketAddr,
    /// The file that keeps its users; none keeps them in memory.
    pub users: Option<PathBuf>,
    /// The id of its channel.
    pub channel_id: String,
    /// The size of its bucket, in requests.
    pub burst: u32,
    /// How fast the bucket is refilled, in requests a second.
    pub per_second: f64,
    /// What goes wrong, tried in this order.
    pub faults: Vec<Fault>,
    /// Makes the faults the same in every run.
    pub seed: u64,
    /// Whether every request is kept for [`Running::log`].
    pub log: bool,
}

impl Default for SandboxSettings {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            users: None,
            channel_id: "sandbox".to_owned(),
            burst: 1000,
            per_second: 10.0,
            faults: Vec::new(),
            seed: 0,
            log: false,
        }
    }
}

/// A request as the sandbox saw it.
#[derive(Clone, Debug, PartialEq)]
pub struct Logged {
    /// `GET`, `PUT` or `DELETE`.
    pub method: String,
    /// The path as it was sent.
    pub path: String,
    /// The body, where it was JSON.
    pub body: Option<serde_json::Value>,
    /// What was answered; `None` where the connection was broken off.
    pub status: Option<u16>,
}

/// A sandbox that is running.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    server: JoinHandle<()>,
}

/// Starts a sandbox on the present tokio runtime.
///
/// # Errors
///
/// The address is taken, or the users' file cannot be read or written.
pub async fn start(settings: SandboxSettings) -> io::Result<Running> {
    let listener = TcpListener::bind(settings.listen).await?;
    let address = listener.local_addr()?;
    let shared = Arc::new(Mutex::new(Shared::new(settings)?));
    let server = tokio::spawn(crate::sandbox::server::serve(listener, Arc::clone(&shared)));
    Ok(Running {
        address,
        shared,
        server,
    })
}

impl Running {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What goes into a project's `channel.baseUrl`.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many requests about users it has seen, ever since its users' file was made.
    pub fn requests(&self) -> u64 {
        lock(&self.shared).users.requests()
    }

    /// The requests of this run, where they are kept.
    pub fn log(&self) -> Vec<Logged> {
        lock(&self.shared).log.clone()
    }

    /// One user, as v4 answers it.
    pub fn user(&self, member_id: &str) -> Option<serde_json::Value> {
        lock(&self.shared).users.get(member_id).cloned()
    }

    /// The member ids it knows, in order.
    pub fn member_ids(&self) -> Vec<String> {
        lock(&self.shared).users.member_ids()
    }

    /// Changes a user behind everybody's back, as a person at Channel's desk would: `edit` gets the user
    /// as v4 answers it. `false` where there is no such user.
    ///
    /// # Errors
    ///
    /// The users' file cannot be written.
    pub fn edit(
        &self,
        member_id: &str,
        edit: impl FnOnce(&mut serde_json::Value),
    ) -> io::Result<bool> {
        lock(&self.shared).users.edit(member_id, edit)
    }

    /// Deletes a user behind everybody's back. `false` where there is no such user.
    ///
    /// # Errors
    ///
    /// The users' file cannot be written.
    pub fn delete(&self, member_id: &str) -> io::Result<bool> {
        lock(&self.shared).users.delete(member_id)
    }

    /// Changes what goes wrong from now on.
    pub fn set_faults(&self, faults: Vec<Fault>) {
        lock(&self.shared).set_faults(faults);
    }

    /// Ends it. Every user is in the file already.
    pub fn stop(self) {
        self.server.abort();
    }
}

pub(crate) fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
