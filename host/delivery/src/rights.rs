//! With whose rights delivery touches what belongs to others: the port that the privileged parent stands behind.

use std::{
    io::{self, Read},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use hook::BoxFuture;
use mail::Status;
use nix::libc;
use serde::{Deserialize, Serialize};

use crate::{
    command::{self, CommandEnd, CommandRun},
    mailbox::{MailboxError, MaildirDelivery, MboxDelivery, maildir, mbox},
};

/// A numeric user and group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Owner {
    pub uid: u32,
    pub gid: u32,
}

impl Owner {
    /// This process's.
    pub fn own() -> Self {
        Self { uid: nix::unistd::geteuid().as_raw(), gid: nix::unistd::getegid().as_raw() }
    }
}

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFacts {
    pub regular: bool,
    pub uid: u32,
    pub gid: u32,
    pub mode: u32,
}

/// errno, for those who have to tell errors apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileError(pub i32);

impl std::fmt::Display for FileError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(nix::errno::Errno::from_raw(self.0).desc())
    }
}

impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        Self(error.raw_os_error().unwrap_or(libc::EIO))
    }
}

/// The longest :include: or .forward file that is read, in bytes.
pub const TEXT_LIMIT: u64 = 16 << 20;

/// Does a job with the rights of the job's owner. When a write returns Ok, file and directory are on the disk.
pub trait UserRights: Send + Sync {
    /// Whose rights a job for this owner has in fact: the server's own where it cannot become anybody else.
    fn effective(&self, owner: Owner) -> Owner;
    fn write_maildir(&self, delivery: MaildirDelivery) -> BoxFuture<'_, Result<(), MailboxError>>;
    /// Gives where in the file the message begins.
    fn append_mbox(&self, delivery: MboxDelivery) -> BoxFuture<'_, Result<u64, MailboxError>>;
    /// Runs a command to its end.
    fn run(&self, run: CommandRun) -> BoxFuture<'_, CommandEnd>;
    /// lstat(2), or stat(2) with `follow`.
    fn look(&self, owner: Owner, path: PathBuf, follow: bool) -> BoxFuture<'_, Result<FileFacts, FileError>>;
    /// The content of a regular file, at most [`TEXT_LIMIT`] bytes.
    fn read(&self, owner: Owner, path: PathBuf) -> BoxFuture<'_, Result<Vec<u8>, FileError>>;
}

/// All as the user that the server runs as, on blocking threads: what there is without a privileged parent.
#[derive(Clone, Copy, Debug, Default)]
pub struct OwnRights;

impl UserRights for OwnRights {
    fn effective(&self, _: Owner) -> Owner {
        Owner::own()
    }

    fn write_maildir(&self, delivery: MaildirDelivery) -> BoxFuture<'_, Result<(), MailboxError>> {
        Box::pin(async move { blocking(move || maildir::write(&delivery)).await.unwrap_or_else(stopped) })
    }

    fn append_mbox(&self, delivery: MboxDelivery) -> BoxFuture<'_, Result<u64, MailboxError>> {
        Box::pin(async move {
            let delivery = MboxDelivery { owner: Owner::own(), ..delivery };
            blocking(move || mbox::append(&delivery)).await.unwrap_or_else(stopped)
        })
    }

    fn run(&self, run: CommandRun) -> BoxFuture<'_, CommandEnd> {
        Box::pin(async move {
            let run = CommandRun { owner: None, ..run };
            let ended = blocking(move || command::run(&run)).await;
            ended.unwrap_or_else(|text| CommandEnd::not_started(text.to_string()))
        })
    }

    fn look(&self, _: Owner, path: PathBuf, follow: bool) -> BoxFuture<'_, Result<FileFacts, FileError>> {
        Box::pin(async move { blocking(move || look(&path, follow)).await.unwrap_or(Err(FileError(libc::EIO))) })
    }

    fn read(&self, _: Owner, path: PathBuf) -> BoxFuture<'_, Result<Vec<u8>, FileError>> {
        Box::pin(async move { blocking(move || read(&path)).await.unwrap_or(Err(FileError(libc::EIO))) })
    }
}

fn stopped<T>(text: &'static str) -> Result<T, MailboxError> {
    Err(MailboxError::new(Status::temporary(3, 0), text))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, &'static str> {
    tokio::task::spawn_blocking(work).await.map_err(|_| "delivery worker stopped")
}

/// With the rights of the thread. Blocks.
pub fn look(path: &Path, follow: bool) -> Result<FileFacts, FileError> {
    let facts = if follow { path.metadata() } else { path.symlink_metadata() }?;
    Ok(FileFacts { regular: facts.is_file(), uid: facts.uid(), gid: facts.gid(), mode: facts.mode() & 0o7777 })
}

/// With the rights of the thread; nothing but a regular file, which is never waited for. Blocks.
pub fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    let file = std::fs::OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let facts = file.metadata()?;
    if !facts.is_file() {
        return Err(FileError(libc::EINVAL));
    }
    if facts.len() > TEXT_LIMIT {
        return Err(FileError(libc::EFBIG));
    }
    let mut text = Vec::with_capacity(facts.len() as usize);
    file.take(TEXT_LIMIT + 1).read_to_end(&mut text)?;
    // It may have grown since.
    if text.len() as u64 > TEXT_LIMIT { Err(FileError(libc::EFBIG)) } else { Ok(text) }
}
