//! One message, one file: maildir(5).

use std::{
    fs::{DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use hook::Content;
use mail::Status;
use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};

use super::{Lines, MailboxError, lines};
use crate::Owner;

/// A message for one maildir.
#[derive(Clone, Debug)]
pub struct MaildirDelivery {
    /// For [`UserRights`](crate::UserRights) to become; [`write`] takes the rights it runs with.
    pub owner: Owner,
    pub directory: PathBuf,
    /// Lines before the message, with LF line ends.
    pub prefix: Vec<u8>,
    pub content: Content,
    /// Bytes; 0: none.
    pub limit: u64,
    pub now: SystemTime,
    pub host_name: String,
    /// For errors that say nothing of their own, such as a directory that cannot be made.
    pub unwritable: Status,
}

/// gethostname(2), for file names.
pub fn host_name(config: &config::Config) -> String {
    let name = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    name.unwrap_or_else(|| config.get(&config::parameters::MYHOSTNAME))
}

/// Writes to `tmp`, syncs, moves to `new`, syncs the directory. Blocks.
pub fn write(delivery: &MaildirDelivery) -> Result<(), MailboxError> {
    let (temporary, mut file) = create(delivery)?;
    let written = fill(delivery, &temporary, &mut file);
    if written.is_err() {
        // Nothing more can be done about a file that cannot be removed; readers ignore `tmp`, and clean it up.
        let _ = std::fs::remove_file(&temporary);
    }
    written
}

/// A new file in `tmp`; missing directories are made.
fn create(delivery: &MaildirDelivery) -> Result<(PathBuf, File), MailboxError> {
    let since = delivery.now.duration_since(UNIX_EPOCH).unwrap_or_default();
    // The thread makes it unique within the process, and the time within the thread.
    let thread = nix::unistd::gettid();
    let name = format!("{}.M{}P{thread}.{}", since.as_secs(), since.subsec_micros(), delivery.host_name);
    let path = delivery.directory.join("tmp").join(name);
    let open = || OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    let file = match open() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make_directories(&delivery.directory).and_then(|()| open())
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            // Left by a crash under a process id that came round again.
            std::fs::remove_file(&path).and_then(|()| open())
        }
        opened => opened,
    };
    let file = file.map_err(|error| create_failed(delivery, &path, &error))?;
    Ok((path, file))
}

fn create_failed(delivery: &MaildirDelivery, path: &Path, error: &io::Error) -> MailboxError {
    MailboxError::system(error, delivery.unwritable, &format!("create maildir file {}", path.display()))
}

fn fill(delivery: &MaildirDelivery, temporary: &Path, file: &mut File) -> Result<(), MailboxError> {
    let mut room = if delivery.limit == 0 { u64::MAX } else { delivery.limit };
    lines::copy(&delivery.prefix, &delivery.content, &Lines::default(), |part| {
        room = room.checked_sub(part.len() as u64).ok_or(io::Error::from_raw_os_error(nix::libc::EFBIG))?;
        file.write_all(part)
    })
    .map_err(MailboxError::copy)?;
    let sync = |error| MailboxError::system(&error, Status::temporary(3, 0), "error writing message");
    file.sync_data().map_err(sync)?;
    let facts = file.metadata().map_err(sync)?;
    let since = delivery.now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (seconds, micros) = (since.as_secs(), since.subsec_micros());
    let name = format!("{seconds}.V{:x}I{:x}M{micros}.{}", facts.dev(), facts.ino(), delivery.host_name);
    let new = delivery.directory.join("new");
    let target = new.join(name);
    move_without_overwriting(temporary, &target).map_err(|error| create_failed(delivery, &target, &error))?;
    // The name must survive a power cut as well as the content.
    if let Err(error) = File::open(&new).and_then(|directory| directory.sync_all()) {
        let _ = std::fs::remove_file(&target);
        return Err(create_failed(delivery, &target, &error));
    }
    Ok(())
}

/// rename(2) that keeps an existing file; link(2) and unlink(2) where the file system cannot.
fn move_without_overwriting(from: &Path, to: &Path) -> io::Result<()> {
    let renamed = renameat2(AT_FDCWD, from, AT_FDCWD, to, RenameFlags::RENAME_NOREPLACE);
    match renamed {
        Err(nix::Error::EINVAL | nix::Error::ENOSYS) => {
            std::fs::hard_link(from, to)?;
            std::fs::remove_file(from)
        }
        result => result.map_err(io::Error::from),
    }
}

/// `tmp`, `new` and `cur`, for the owner alone, and all above them; made durable.
fn make_directories(maildir: &Path) -> io::Result<()> {
    let first_missing = maildir.ancestors().take_while(|path| !path.exists()).last().unwrap_or(maildir);
    let parent = first_missing.parent().unwrap_or(Path::new("/")).to_path_buf();
    for name in ["tmp", "new", "cur"] {
        DirBuilder::new().recursive(true).mode(0o700).create(maildir.join(name))?;
    }
    for path in maildir.ancestors().take_while(|path| path.starts_with(&parent)) {
        File::open(path)?.sync_all()?;
    }
    Ok(())
}
