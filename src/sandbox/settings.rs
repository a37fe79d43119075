//! Defines the settings of a sandbox and the record of a request that it received.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use crate::sandbox::fault::Fault;

/// The default channel id of a sandbox.
pub const CHANNEL: &str = "sandbox";

/// The settings of a sandbox.
#[derive(Clone, Debug)]
pub struct SandboxSettings {
    /// The address to listen on; port 0 takes any free port.
    pub listen: SocketAddr,
    /// The file that keeps its users; `None` keeps them in memory.
    pub users: Option<PathBuf>,
    /// The id of its channel.
    pub channel_id: String,
    /// The size of its bucket, in requests.
    pub burst: u32,
    /// The refill of the bucket, in requests a second.
    pub per_second: f64,
    /// The faults, in the order in which they are tried.
    pub faults: Vec<Fault>,
    /// The seed of the random numbers that decide about faults.
    pub seed: u64,
    /// Whether every request is kept for [`Running::log`](crate::sandbox::Running::log).
    pub log: bool,
}

impl Default for SandboxSettings {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            users: None,
            channel_id: CHANNEL.to_owned(),
            burst: 1000,
            per_second: 10.0,
            faults: Vec::new(),
            seed: 0,
            log: false,
        }
    }
}

/// A request that the sandbox received.
#[derive(Clone, Debug, PartialEq)]
pub struct Logged {
    /// `GET`, `PUT` or `DELETE`.
    pub method: String,
    /// The path as it was sent.
    pub path: String,
    /// The body; `None` if it was not JSON.
    pub body: Option<serde_json::Value>,
    /// The status of the response; `None` if the connection was reset.
    pub status: Option<u16>,
}
