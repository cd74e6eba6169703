//! What the child may ask of the parent. JSON in frames of a length and that many bytes; nothing else is understood.

use std::{net::SocketAddr, path::PathBuf};

use serde::{Deserialize, Serialize};

/// Longest frame that is not content, in bytes.
pub const FRAME_LIMIT: u32 = 256 * 1024;
/// Most content of one job, in bytes: a bound for the parent's memory, not a policy.
pub const CONTENT_LIMIT: u64 = 1 << 31;

/// Most content of an answer, in bytes.
pub const RESULT_LIMIT: u64 = 1 << 25;

/// A request of the child.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// A TCP socket listening on this address.
    Bind(SocketAddr),
    /// One more channel for jobs of other users.
    Jobs,
    /// The log file that main.cf names, open for appending: its directory is usually root's.
    LogFile,
    /// A private key or certificate that main.cf or master.cf names, open for reading: keys are usually root's.
    KeyFile(PathBuf),
}

/// The parent's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Response {
    /// The descriptor comes with this frame.
    Descriptor,
    /// errno and text.
    Failed(i32, String),
}

/// Head of a job; `content` bytes follow the frame.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job<J> {
    pub job: J,
    pub content: u64,
}

/// Head of the answer to a job; `content` bytes follow the frame.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Done<O> {
    pub outcome: O,
    pub content: u64,
}
