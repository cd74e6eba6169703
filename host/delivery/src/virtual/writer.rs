//! Who writes mailbox files: the server itself where it has the right uid, else whatever may become that user.

use std::io;

use hook::BoxFuture;
use mail::Status;
use nix::errno::Errno;

use super::{
    maildir::{self, MaildirDelivery},
    mbox::{self, MboxDelivery},
    unix_lines::CopyError,
};

/// Under whose rights a mailbox is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    pub uid: u32,
    pub gid: u32,
}

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
        let reason = if error.raw_os_error().is_some() { errno.desc().to_string() } else { error.to_string() };
        Self { status, text: format!("{what}: {reason}"), access_denied: errno == Errno::EACCES, warning: None }
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

/// Writes whole messages durably: when a call returns Ok, file and directory are on the disk.
pub trait MailboxWriter: Send + Sync {
    fn write_maildir(&self, delivery: MaildirDelivery) -> BoxFuture<'_, Result<(), MailboxError>>;
    fn append_mbox(&self, delivery: MboxDelivery) -> BoxFuture<'_, Result<(), MailboxError>>;
}

/// Writes with the server's own rights, on blocking threads; refuses every other owner.
#[derive(Clone, Copy, Debug, Default)]
pub struct DirectWriter;

impl MailboxWriter for DirectWriter {
    fn write_maildir(&self, delivery: MaildirDelivery) -> BoxFuture<'_, Result<(), MailboxError>> {
        Box::pin(async move {
            check_owner(delivery.owner)?;
            blocking(move || maildir::write(&delivery)).await
        })
    }

    fn append_mbox(&self, delivery: MboxDelivery) -> BoxFuture<'_, Result<(), MailboxError>> {
        Box::pin(async move {
            check_owner(delivery.owner)?;
            blocking(move || mbox::append(&delivery)).await
        })
    }
}

fn check_owner(owner: Owner) -> Result<(), MailboxError> {
    let (uid, gid) = (nix::unistd::geteuid().as_raw(), nix::unistd::getegid().as_raw());
    if (owner.uid, owner.gid) == (uid, gid) {
        return Ok(());
    }
    let Owner { uid: wanted, gid: wanted_group } = owner;
    let text = format!("cannot deliver as UID/GID={wanted}/{wanted_group}: the server runs as UID/GID={uid}/{gid}");
    Err(MailboxError::new(Status::temporary(3, 5), text))
}

async fn blocking(work: impl FnOnce() -> Result<(), MailboxError> + Send + 'static) -> Result<(), MailboxError> {
    let gone = |_| MailboxError::new(Status::temporary(3, 0), "mailbox writer stopped");
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(gone(error)))
}
