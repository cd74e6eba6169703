//! All messages in one file: mbox(5), with the locks of mbox_open(3).

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    str::FromStr,
    time::{Duration, SystemTime},
};

use hook::Content;
use mail::Status;
use nix::{
    fcntl::{FcntlArg, fcntl},
    libc,
};

use super::{
    unix_lines,
    writer::{MailboxError, Owner},
};

/// A message for one mailbox file.
#[derive(Clone, Debug)]
pub struct MboxDelivery {
    /// For the [`MailboxWriter`](super::MailboxWriter) to become; the file must be the uid's with `strict_ownership`.
    pub owner: Owner,
    pub path: PathBuf,
    /// The `From ` line and the lines before the message, with LF line ends.
    pub prefix: Vec<u8>,
    pub content: Content,
    /// Bytes of the whole file; 0: none.
    pub limit: u64,
    pub locking: Locking,
    pub strict_ownership: bool,
    /// Against which the age of a dotlock file is taken.
    pub now: SystemTime,
}

/// virtual_mailbox_lock and its patience.
#[derive(Clone, Debug)]
pub struct Locking {
    pub methods: Vec<LockMethod>,
    pub attempts: u32,
    pub delay: Duration,
    pub stale: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockMethod {
    Fcntl,
    Flock,
    Dotlock,
}

impl FromStr for LockMethod {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        match name {
            "fcntl" => Ok(Self::Fcntl),
            "flock" => Ok(Self::Flock),
            "dotlock" => Ok(Self::Dotlock),
            _ => Err(()),
        }
    }
}

/// Locks, appends, syncs; a failed append is cut off again. Blocks, for locks up to attempts times delay.
pub fn append(delivery: &MboxDelivery) -> Result<(), MailboxError> {
    let _dotlock = lock_dotfile(&delivery.path, &delivery.locking, delivery.now)?;
    let existed = delivery.path.exists();
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(&delivery.path)
        .map_err(|error| MailboxError::system(&error, Status::temporary(2, 0), "cannot open file"))?;
    let facts = file.metadata().map_err(|error| MailboxError::system(&error, Status::temporary(2, 0), "fstat"))?;
    check(delivery, &facts)?;
    lock(&file, &delivery.locking)?;
    // The size counts once the lock is held.
    let size = file.metadata().map_or(facts.len(), |facts| facts.len());
    let written = write(delivery, &mut file, size);
    if written.is_err() {
        // What is left cannot be told from a message: cut it off. Should that fail too, the error already defers.
        let _ = file.set_len(size);
    } else if !existed {
        let parent = delivery.path.parent().unwrap_or(Path::new("/"));
        let synced = File::open(parent).and_then(|directory| directory.sync_all());
        return synced.map_err(|error| MailboxError::system(&error, Status::temporary(3, 0), "error writing message"));
    }
    written
}

fn check(delivery: &MboxDelivery, facts: &std::fs::Metadata) -> Result<(), MailboxError> {
    let path = delivery.path.display();
    if !facts.is_file() {
        let mut error = MailboxError::new(Status::permanent(3, 5), "mail system configuration error");
        error.warning = Some(format!("destination {path} is not a regular file"));
        return Err(error);
    }
    if delivery.strict_ownership && facts.uid() != delivery.owner.uid {
        let text = format!("destination {path} is not owned by recipient");
        let mut error = MailboxError::new(Status::temporary(2, 0), text);
        let hint = "specify \"strict_mailbox_ownership = no\" to ignore mailbox ownership mismatch";
        error.warning = Some(hint.to_string());
        return Err(error);
    }
    Ok(())
}

fn write(delivery: &MboxDelivery, file: &mut File, size: u64) -> Result<(), MailboxError> {
    let mut room = if delivery.limit == 0 { u64::MAX } else { delivery.limit.saturating_sub(size) };
    let mut put = |part: &[u8]| {
        room = room.checked_sub(part.len() as u64).ok_or(io::Error::from_raw_os_error(libc::EFBIG))?;
        file.write_all(part)
    };
    unix_lines::copy(&delivery.prefix, &delivery.content, true, &mut put).map_err(MailboxError::copy)?;
    let wrote = put(b"\n").and_then(|()| file.sync_all());
    wrote.map_err(|error| MailboxError::system(&error, Status::temporary(3, 0), "error writing message"))
}

/// Removes the dotlock file when it goes.
struct Dotlock(PathBuf);

impl Drop for Dotlock {
    fn drop(&mut self) {
        // A lock that stays is broken after stale_lock_time.
        let _ = std::fs::remove_file(&self.0);
    }
}

fn lock(file: &File, locking: &Locking) -> Result<(), MailboxError> {
    // Open-file-description locks meet fcntl locks of other programs, and threads of this one as well.
    let fcntl_lock = || fcntl(file, FcntlArg::F_OFD_SETLK(&whole_file())).map(drop).map_err(io::Error::from);
    let flock_lock = || file.try_lock().map_err(|_| io::Error::from_raw_os_error(libc::EAGAIN));
    for (method, attempt) in
        [(LockMethod::Fcntl, &fcntl_lock as &dyn Fn() -> io::Result<()>), (LockMethod::Flock, &flock_lock)]
    {
        if locking.methods.contains(&method) {
            retry(locking, attempt).map_err(|error| {
                MailboxError::system(&error, Status::temporary(2, 0), "unable to lock for exclusive access")
            })?;
        }
    }
    Ok(())
}

fn whole_file() -> libc::flock {
    let (l_type, l_whence) = (libc::F_WRLCK as libc::c_short, libc::SEEK_SET as libc::c_short);
    libc::flock { l_type, l_whence, l_start: 0, l_len: 0, l_pid: 0 }
}

fn retry(locking: &Locking, attempt: &dyn Fn() -> io::Result<()>) -> io::Result<()> {
    let mut last = attempt();
    for _ in 1..locking.attempts {
        // Patience does not change rights.
        if !last.as_ref().is_err_and(|error| error.kind() != io::ErrorKind::PermissionDenied) {
            break;
        }
        std::thread::sleep(locking.delay);
        last = attempt();
    }
    last
}

/// `PATH.lock`, where asked for.
fn lock_dotfile(path: &Path, locking: &Locking, now: SystemTime) -> Result<Option<Dotlock>, MailboxError> {
    if !locking.methods.contains(&LockMethod::Dotlock) {
        return Ok(None);
    }
    let mut name = path.as_os_str().to_os_string();
    name.push(".lock");
    let lock_path = PathBuf::from(name);
    let attempt = || {
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&lock_path);
        if made.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::AlreadyExists) {
            remove_stale(&lock_path, locking.stale, now);
        }
        made.map(drop)
    };
    match retry(locking, &attempt) {
        Ok(()) => Ok(Some(Dotlock(lock_path))),
        Err(error) => {
            let what = format!("unable to create lock file {}", lock_path.display());
            Err(MailboxError::system(&error, Status::temporary(2, 0), &what))
        }
    }
}

fn remove_stale(lock: &Path, age: Duration, now: SystemTime) {
    let modified = std::fs::metadata(lock).and_then(|facts| facts.modified());
    let old = modified.is_ok_and(|time| now.duration_since(time).is_ok_and(|passed| passed > age));
    if old {
        let _ = std::fs::remove_file(lock);
    }
}
