//! The maildrop queue: where sendmail(1) leaves a message whether or not a server runs, and where pickup(8) finds it. A file
//! here has the form of any queue file, so that one put here from a queue directory or a backup is received again, under
//! a new id.

use std::{
    fs::{File, OpenOptions, Permissions},
    io,
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    time::SystemTime,
};

use hook::{Content, MailLog, Randomness};
use mail::Envelope;

use crate::{
    LocalDisk, QueueError, QueueId, QueueName,
    directory::{Directories, UNFINISHED},
    id::IdSource,
    listing::Listed,
    queue_file::{NewFile, QueueFile},
    state_record::State,
};

/// Leaves a message in `queue_directory/maildrop`. Durable on return. Blocks. Returns the name of the file, which is not
/// the id the message is going to have.
pub fn drop(
    directory: &Path,
    envelope: &Envelope,
    content: &[u8],
    now: SystemTime,
    randomness: &dyn Randomness,
) -> Result<QueueId, QueueError> {
    let maildrop = directory.join(QueueName::Maildrop.as_str());
    let ids = IdSource::new(false, randomness.number());
    loop {
        let name = ids.next(now, |_| false);
        let path = maildrop.join(name.as_str());
        let mut file = match NewFile::create(&path, &LocalDisk) {
            // Another sendmail has drawn the same name.
            Err(QueueError::Storage { cause, .. }) if cause.kind() == io::ErrorKind::AlreadyExists => continue,
            _ if path.exists() => continue,
            other => other?,
        };
        // The server may run as another user; the directory cannot be listed, so only it finds the file.
        file.set_mode(0o644)?;
        file.write(content, &LocalDisk)?;
        file.finish(&path, randomness.number(), envelope, &State::default(), &LocalDisk)?;
        return Ok(name);
    }
}

/// A message that waits in maildrop.
#[derive(Debug)]
pub struct Dropped {
    path: PathBuf,
    /// The user who left it: its claimed sender is his word only.
    pub uid: u32,
    /// Without recipients that are done, in a file that was in another queue before.
    pub envelope: Envelope,
    pub content: Content,
}

impl Dropped {
    /// Where it lies, for the log.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The message has been received (or refused for good): its file goes. Blocks.
    pub fn remove(self) -> Result<(), QueueError> {
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(QueueError::storage("remove", self.path, error))
            }
            _ => Ok(()),
        }
    }
}

/// At most so many messages that wait, oldest names first; what cannot be read is moved to `corrupt/`. Their files stay until
/// [`Dropped::remove`], so a crash repeats a message rather than losing it. Blocks. For one caller at a time.
pub fn take(directory: &Path, limit: usize, log: &MailLog) -> Result<Vec<Dropped>, QueueError> {
    let directories = Directories::at(directory);
    let mut names = directories.scan(QueueName::Maildrop)?;
    names.retain(|(_, name)| !name.ends_with(UNFINISHED));
    names.sort();
    let mut found = Vec::new();
    for (path, _) in names.into_iter().take(limit) {
        match open(&path) {
            Ok(Some(dropped)) => found.push(dropped),
            Ok(None) => {}
            Err(QueueError::Corrupt { path, what }) => directories.quarantine(&path, what, log),
            Err(error) => log.warning(format_args!("{error}")),
        }
    }
    Ok(found)
}

fn open(path: &Path) -> Result<Option<Dropped>, QueueError> {
    let Some(file) = open_read_only(path)? else { return Ok(None) };
    let metadata = file.metadata().map_err(|e| QueueError::storage("stat", path, e))?;
    if !metadata.is_file() {
        return Err(QueueError::Corrupt { path: path.to_path_buf(), what: "not a regular file" });
    }
    let file = QueueFile::read(file, path)?;
    let content = file.content(256 << 10)?;
    let (mut envelope, mut at, done) = (file.envelope, 0, file.state.recipients);
    envelope.recipients.retain(|_| {
        at += 1;
        !done.get(at - 1).is_some_and(|recipient| recipient.done)
    });
    envelope.hold = None;
    Ok(Some(Dropped { path: path.to_path_buf(), uid: metadata.uid(), envelope, content }))
}

pub(crate) fn open_read_only(path: &Path) -> Result<Option<File>, QueueError> {
    // Anybody may put anything here: no link is followed, and a pipe does not block.
    let flags = nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK;
    match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(QueueError::storage("open", path, error)),
    }
}

/// The messages that wait, for a listing. What cannot be read is passed over.
pub fn list(directory: &Path) -> Result<Vec<Listed>, QueueError> {
    let waiting = Directories::at(directory).scan(QueueName::Maildrop)?;
    let listed = waiting.into_iter().filter_map(|(path, name)| {
        let file = QueueFile::read(open_read_only(&path).ok()??, &path).ok()?;
        let id = name.parse().ok()?;
        Some(Listed::of(QueueName::Maildrop, id, &file.into_stored().into_message(id)))
    });
    Ok(listed.collect())
}

impl NewFile {
    fn set_mode(&self, mode: u32) -> Result<(), QueueError> {
        let path = self.unfinished();
        std::fs::set_permissions(path, Permissions::from_mode(mode))
            .map_err(|e| QueueError::storage("set mode of", path, e))
    }
}
