//! Describes how a sandbox behaves, and a request that it received.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use crate::sandbox::fault::Fault;

/// The id of the channel of a sandbox, where nobody names another.
pub const CHANNEL: &str = "sandbox";

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
