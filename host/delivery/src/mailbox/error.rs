//! Why a mailbox file could not be written.

use std::io;

use mail::Status;
use nix::errno::Errno;

use super::lines::CopyError;

/// Why nothing was delivered; what was written in part is gone again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailboxError {
    /// Class 4 defers, class 5 bounces.
    pub status: Status,
    pub text: String,
    /// EACCES: the agent logs how to help it.
    pub access_denied: bool,
    /// For the log, beside the recipient's line.
    pub warning: Option<String>,
}

impl MailboxError {
    /// mbox_dsn(3): `default` for errors that say nothing of their own. A full disk passes, a quota does not.
    pub fn system(error: &io::Error, default: Status, what: &str) -> Self {
        let errno = Errno::from_raw(error.raw_os_error().unwrap_or(0));
        let status = match errno {
            Errno::EAGAIN | Errno::ESTALE => Status::temporary(2, 0),
            Errno::ENOSPC => Status::temporary(3, 0),
            Errno::EDQUOT | Errno::EFBIG => Status::permanent(2, 2),
            _ => default,
        };
        let text = format!("{what}: {}", reason(error));
        Self { status, text, access_denied: errno == Errno::EACCES, warning: None }
    }

    /// A status and a text.
    pub fn new(status: Status, text: impl Into<String>) -> Self {
        Self { status, text: text.into(), access_denied: false, warning: None }
    }

    pub(super) fn copy(error: CopyError) -> Self {
        match error {
            CopyError::Read(error) => Self::system(&error, Status::temporary(3, 0), "error reading message"),
            CopyError::Write(error) => Self::system(&error, Status::temporary(3, 0), "error writing message"),
        }
    }
}

/// strerror(3), without the number that Rust adds.
pub fn reason(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(errno) => Errno::from_raw(errno).desc().to_string(),
        None => error.to_string(),
    }
}
