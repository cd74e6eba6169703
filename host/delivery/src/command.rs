//! Commands outside the mail system: pipe_command(3). Run with a user's rights and nothing of ours, in a session of their
//! own, with the message as standard input, for a limited time.

mod ending;
pub mod environment;
mod process;

use std::{path::PathBuf, time::Duration};

use bytes::Bytes;
use hook::Content;
use serde::{Deserialize, Serialize};

pub use ending::judge;
pub use process::run;

use crate::{
    Owner,
    mailbox::{Lines, lines},
};

/// How much of what a command prints is kept, in bytes.
pub const OUTPUT_LIMIT: usize = 4096;

/// One run.
#[derive(Clone, Debug)]
pub struct CommandRun {
    /// `None`: with the rights of this process.
    pub owner: Option<Owner>,
    /// Program and arguments. The next one is tried when the program of the one before is not found; there is at least one.
    pub programs: Vec<Vec<String>>,
    /// The working directory; it is an error when the owner cannot enter it.
    pub directory: Option<PathBuf>,
    /// The working directory otherwise, or `/` for those who cannot enter it.
    pub usual_directory: PathBuf,
    /// All of it: nothing is inherited.
    pub environment: Vec<(String, String)>,
    pub time_limit: Duration,
    /// Standard input, byte for byte.
    pub input: Content,
}

/// How it ended, and the start of what it printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandEnd {
    pub how: Ended,
    pub output: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ended {
    Exited(i32),
    Signal(i32),
    /// Killed with its whole process group.
    TimedOut,
    /// It did not run: why, as a command would have printed it.
    NotStarted(String),
}

impl CommandEnd {
    /// It did not run.
    pub fn not_started(why: String) -> Self {
        Self { how: Ended::NotStarted(why), output: Vec::new() }
    }
}

/// The message as a command reads it: lines before it, its own lines, and with `blank` an empty one after it.
pub fn input(prefix: &[u8], content: &Content, lines: &Lines, blank: bool) -> std::io::Result<Content> {
    use std::io::Write;
    let unread = |error| match error {
        lines::CopyError::Read(error) | lines::CopyError::Write(error) => error,
    };
    let end = if blank { lines.eol.as_bytes() } else { b"" };
    if content.len() <= IN_MEMORY {
        let mut bytes = Vec::new();
        lines::copy(prefix, content, lines, |part| {
            bytes.extend_from_slice(part);
            Ok(())
        })
        .map_err(unread)?;
        bytes.extend_from_slice(end);
        return Ok(Content::Memory(Bytes::from(bytes)));
    }
    let mut file = tempfile::tempfile()?;
    let mut len = 0;
    lines::copy(prefix, content, lines, |part| {
        len += part.len() as u64;
        file.write_all(part)
    })
    .map_err(unread)?;
    file.write_all(end)?;
    Ok(Content::File { file: file.into(), offset: 0, len: len + end.len() as u64 })
}

/// More is put into an unnamed file.
const IN_MEMORY: u64 = 1 << 20;

#[cfg(test)]
mod tests;
