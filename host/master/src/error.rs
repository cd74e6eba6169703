//! Whose fault it is when a service cannot run.

use std::{io, net::SocketAddr, path::PathBuf};

/// What master can fail at.
#[derive(Debug, thiserror::Error)]
pub enum MasterError {
    /// A master.cf entry names no address this host can listen on.
    #[error("{place}: service {service}: {problem}")]
    Config { place: String, service: String, problem: String },
    /// Another program has the port, or it needs root.
    #[error("bind {address} port {}: {source}", address.port())]
    Bind { address: SocketAddr, source: io::Error },
    /// The mail system runs already.
    #[error("the Waxwing mail system is already running: pid {0}")]
    AlreadyRunning(i32),
    /// It does not.
    #[error("the Waxwing mail system is not running")]
    NotRunning,
    /// A file or socket of our own.
    #[error("{path}: {source}")]
    File { path: PathBuf, source: io::Error },
    /// The privileged parent went away or broke the protocol.
    #[error("privileged parent: {0}")]
    Parent(String),
}

impl MasterError {
    /// An I/O error with the file it happened on.
    pub fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }
}
