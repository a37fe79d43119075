//! Starts and stops a sandbox, and gives access to its users and requests.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::sandbox::fault::Fault;
use crate::sandbox::server::{Shared, lock, serve};
use crate::sandbox::settings::{Logged, SandboxSettings};

/// A sandbox that is running.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    server: JoinHandle<()>,
}

/// Starts a sandbox on the current tokio runtime.
///
/// # Errors
///
/// The address is in use, or the users' file cannot be read or written.
pub async fn start(settings: SandboxSettings) -> io::Result<Running> {
    let listener = TcpListener::bind(settings.listen).await?;
    let address = listener.local_addr()?;
    let shared = Arc::new(Mutex::new(Shared::new(settings)?));
    let server = tokio::spawn(serve(listener, Arc::clone(&shared)));
    Ok(Running {
        address,
        shared,
        server,
    })
}

impl Running {
    /// The address on which it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The value of a project's `channel.baseUrl`.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The number of requests about users since the users' file was created.
    pub fn requests(&self) -> u64 {
        lock(&self.shared).users.requests()
    }

    /// The requests of this run; empty unless `SandboxSettings::log` is set.
    pub fn log(&self) -> Vec<Logged> {
        lock(&self.shared).log.clone()
    }

    /// One user, as API v4 returns it.
    pub fn user(&self, member_id: &str) -> Option<serde_json::Value> {
        lock(&self.shared).users.get(member_id).cloned()
    }

    /// The member ids of all users, in order.
    pub fn member_ids(&self) -> Vec<String> {
        lock(&self.shared).users.member_ids()
    }

    /// Changes a user without a request, as a person at Channel's desk would. `edit` gets the user as API v4
    /// returns it. Returns `false` if there is no such user.
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

    /// Deletes a user without a request. Returns `false` if there is no such user.
    ///
    /// # Errors
    ///
    /// The users' file cannot be written.
    pub fn delete(&self, member_id: &str) -> io::Result<bool> {
        lock(&self.shared).users.delete(member_id)
    }

    /// Replaces the faults.
    pub fn set_faults(&self, faults: Vec<Fault>) {
        lock(&self.shared).set_faults(faults);
    }

    /// Stops the sandbox. Every user is in the file already.
    pub fn stop(self) {
        self.server.abort();
    }
}
