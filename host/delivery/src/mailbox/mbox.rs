//! All messages in one file: mbox(5), with the locks of mbox_open(3).

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    str::FromStr,
    time::{Duration, SystemTime},
};

use config::{Config, List, Param};
use hook::Content;
use mail::Status;
use nix::{
    fcntl::{FcntlArg, fcntl},
    libc,
};

use super::{Lines, MailboxError, lines, open, parameters::*};
use crate::{DeliveryError, Owner};

/// A message for one mailbox file.
#[derive(Clone, Debug)]
pub struct MboxDelivery {
    /// For [`UserRights`](crate::UserRights) to become; the file must be the uid's with `strict_ownership`.
    pub owner: Owner,
    pub path: PathBuf,
    pub kind: MboxKind,
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

/// Whose file it is: what else than a regular file may stand there, and what errors mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MboxKind {
    /// local(8): the mailbox of a user.
    Mailbox,
    /// local(8): `/file/name` of an alias, :include: or .forward file; may be a device.
    File,
    /// virtual(8).
    Virtual,
}

impl MboxKind {
    /// For errors that say nothing of their own.
    fn default_status(self) -> Status {
        match self {
            Self::Mailbox | Self::File => Status::permanent(2, 0),
            Self::Virtual => Status::temporary(2, 0),
        }
    }
}

/// virtual_mailbox_lock or mailbox_delivery_lock, and its patience.
#[derive(Clone, Debug)]
pub struct Locking {
    pub methods: Vec<LockMethod>,
    pub attempts: u32,
    pub delay: Duration,
    pub stale: Duration,
}

impl Locking {
    /// `methods` is the agent's own list. One that does not exist is an error.
    pub fn from_config(config: &Config, methods: &Param<List>) -> Result<Self, DeliveryError> {
        let method = |name: &String| {
            name.parse().map_err(|()| DeliveryError::Configuration {
                parameter: methods.name,
                value: name.clone(),
                reason: "unknown lock method".to_string(),
            })
        };
        Ok(Self {
            methods: config.get(methods).iter().map(method).collect::<Result<_, _>>()?,
            attempts: config.get(&DELIVER_LOCK_ATTEMPTS) as u32,
            delay: config.get(&DELIVER_LOCK_DELAY),
            stale: config.get(&STALE_LOCK_TIME),
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockMethod {
    Fcntl,
    Flock,
    Dotlock,
}

impl LockMethod {
    /// As main.cf has it.
    pub fn name(self) -> &'static str {
        match self {
            LockMethod::Fcntl => "fcntl",
            LockMethod::Flock => "flock",
            LockMethod::Dotlock => "dotlock",
        }
    }
}

impl FromStr for LockMethod {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        [Self::Fcntl, Self::Flock, Self::Dotlock].into_iter().find(|method| method.name() == name).ok_or(())
    }
}

/// Locks, appends, syncs; a failed append is cut off again. Gives where in the file the message begins. Blocks, for locks
/// up to attempts times delay.
pub fn append(delivery: &MboxDelivery) -> Result<u64, MailboxError> {
    let default = delivery.kind.default_status();
    let found = delivery.path.metadata();
    let existed = found.is_ok();
    // A lock file beside a device would be a nuisance to others.
    let lockable = found.map_or(true, |facts| facts.is_file());
    let (_dotlock, warning) = match lockable.then(|| {
        let file = Dotfile { path: &delivery.path, now: delivery.now, default };
        lock_dotfile(&file, &delivery.locking)
    }) {
        None => (None, None),
        Some(Ok(lock)) => (lock, None),
        // A lock that another holds is respected; one that cannot be made is not needed for a file.
        Some(Err(error)) if delivery.kind == MboxKind::File && error.status != Status::temporary(2, 0) => {
            (None, Some(error.text))
        }
        Some(Err(error)) => return Err(error),
    };
    let (mut file, facts) = open::open(&delivery.path, default)?;
    if !facts.is_file() {
        return append_to_device(delivery, &mut file);
    }
    // A warning reaches the log only with an error; that of a file delivered to is not worth more.
    let warned = |mut error: MailboxError| {
        error.warning = error.warning.or_else(|| warning.clone());
        error
    };
    lock(&file, &delivery.locking, default).map_err(warned)?;
    // What counts is the file once the lock is held: a mail reader may have put another in its place.
    let facts = file.metadata().map_err(|e| MailboxError::system(&e, default, "fstat"))?;
    if facts.nlink() != 1 {
        let mut error = MailboxError::new(Status::temporary(2, 0), "target file status changed unexpectedly");
        error.warning = Some(format!("{}: file status changed unexpectedly", delivery.path.display()));
        return Err(error);
    }
    check(delivery, &facts)?;
    let size = facts.len();
    match write(delivery, &mut file, size) {
        Err(error) => {
            // What is left cannot be told from a message: cut it off. Should that fail too, the error already defers.
            let _ = file.set_len(size);
            Err(warned(error))
        }
        Ok(()) if existed => Ok(size),
        Ok(()) => {
            let parent = delivery.path.parent().unwrap_or(Path::new("/"));
            let synced = File::open(parent).and_then(|directory| directory.sync_all());
            match synced {
                // A directory that only lets its files be written, such as a mail spool, cannot be opened to be synced.
                Err(error) if error.kind() != io::ErrorKind::PermissionDenied => {
                    Err(MailboxError::system(&error, Status::temporary(3, 0), "error writing message"))
                }
                _ => Ok(size),
            }
        }
    }
}

/// `/dev/null` and its like: no lock, nothing to sync or to cut off.
fn append_to_device(delivery: &MboxDelivery, file: &mut File) -> Result<u64, MailboxError> {
    let path = delivery.path.display();
    let text = format!("destination {path} is not a regular file");
    match delivery.kind {
        MboxKind::Mailbox => return Err(MailboxError::new(Status::permanent(2, 0), text)),
        MboxKind::Virtual => {
            let mut error = MailboxError::new(Status::permanent(3, 5), "mail system configuration error");
            error.warning = Some(text);
            return Err(error);
        }
        MboxKind::File => {}
    }
    let copied = lines::copy(&delivery.prefix, &delivery.content, &Lines::mbox(), |part| file.write_all(part));
    copied.map_err(MailboxError::copy)?;
    let ended = file.write_all(b"\n");
    ended.map_err(|e| MailboxError::system(&e, Status::temporary(3, 0), "error writing message"))?;
    Ok(0)
}

fn check(delivery: &MboxDelivery, facts: &std::fs::Metadata) -> Result<(), MailboxError> {
    let path = delivery.path.display();
    if delivery.kind == MboxKind::File {
        // Nobody wants a program with mail in it.
        let executable = facts.mode() & 0o111 != 0;
        return match executable {
            true => Err(MailboxError::new(Status::permanent(7, 1), "file is executable")),
            false => Ok(()),
        };
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
    lines::copy(&delivery.prefix, &delivery.content, &Lines::mbox(), &mut put).map_err(MailboxError::copy)?;
    let wrote = put(b"\n").and_then(|()| file.sync_all());
    wrote.map_err(|error| MailboxError::system(&error, Status::temporary(3, 0), "error writing message"))
}

/// Removes the dotlock file when it goes.
pub(super) struct Dotlock(PathBuf);

impl Drop for Dotlock {
    fn drop(&mut self) {
        // A lock that stays is broken after stale_lock_time.
        let _ = std::fs::remove_file(&self.0);
    }
}

pub(super) fn lock(file: &File, locking: &Locking, default: Status) -> Result<(), MailboxError> {
    // Open-file-description locks meet fcntl locks of other programs, and threads of this one as well.
    let fcntl_lock = || fcntl(file, FcntlArg::F_OFD_SETLK(&whole_file())).map(drop).map_err(io::Error::from);
    let flock_lock = || file.try_lock().map_err(|_| io::Error::from_raw_os_error(libc::EAGAIN));
    for (method, attempt) in
        [(LockMethod::Fcntl, &fcntl_lock as &dyn Fn() -> io::Result<()>), (LockMethod::Flock, &flock_lock)]
    {
        if locking.methods.contains(&method) {
            retry(locking, attempt)
                .map_err(|error| MailboxError::system(&error, default, "unable to lock for exclusive access"))?;
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

/// A file to be locked by one beside it.
pub(super) struct Dotfile<'f> {
    pub path: &'f Path,
    /// Against which the age of the lock is taken.
    pub now: SystemTime,
    /// For errors that say nothing of their own.
    pub default: Status,
}

/// `PATH.lock`, where asked for.
pub(super) fn lock_dotfile(file: &Dotfile<'_>, locking: &Locking) -> Result<Option<Dotlock>, MailboxError> {
    if !locking.methods.contains(&LockMethod::Dotlock) {
        return Ok(None);
    }
    let mut name = file.path.as_os_str().to_os_string();
    name.push(".lock");
    let lock_path = PathBuf::from(name);
    let attempt = || {
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&lock_path);
        if made.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::AlreadyExists) {
            remove_stale(&lock_path, locking.stale, file.now);
        }
        made.map(drop)
    };
    match retry(locking, &attempt) {
        Ok(()) => Ok(Some(Dotlock(lock_path))),
        Err(error) => {
            let what = format!("unable to create lock file {}", lock_path.display());
            let held = error.kind() == io::ErrorKind::AlreadyExists;
            let default = if held { Status::temporary(2, 0) } else { file.default };
            Err(MailboxError::system(&error, default, &what))
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
