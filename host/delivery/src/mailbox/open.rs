//! safe_open(3): opens a mailbox file for appending, or makes it, whatever stands there in its name.

use std::{
    fs::{File, Metadata, OpenOptions},
    io,
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::Path,
};

use mail::Status;
use nix::libc;

use super::MailboxError;

/// The open file, and what it was when it was opened. A link of any kind that its owner could have put there to reach
/// another file is refused, unless root put it where nobody else can.
pub(super) fn open(path: &Path, default: Status) -> Result<(File, Metadata), MailboxError> {
    let failed = |what: &str, error: io::Error| MailboxError::system(&error, default, what);
    match open_existing(path) {
        Ok(file) => return check(path, file, default),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed("cannot open file", error)),
    }
    match options().create_new(true).open(path) {
        Ok(file) => {
            let facts = file.metadata().map_err(|e| failed("cannot get status of open file", e))?;
            Ok((file, facts))
        }
        // Somebody else made it just now.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => match open_existing(path) {
            Ok(file) => check(path, file, default),
            Err(_) => Err(failed("cannot create file exclusively", error)),
        },
        Err(error) => Err(failed("cannot create file exclusively", error)),
    }
}

/// Not blocking: the name may be that of a pipe without a reader.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.append(true).mode(0o600).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
    options
}

fn open_existing(path: &Path) -> io::Result<File> {
    options().open(path)
}

fn check(path: &Path, file: File, default: Status) -> Result<(File, Metadata), MailboxError> {
    let refused = |text: String| Err(MailboxError::new(default, text));
    let system = |what: &str| {
        let what = what.to_string();
        move |error: io::Error| MailboxError::system(&error, default, &what)
    };
    let facts = file.metadata().map_err(system("cannot get status of open file"))?;
    if facts.is_dir() {
        return refused("file is a directory".to_string());
    }
    if facts.nlink() != 1 {
        return refused(format!("file has {} hard links", facts.nlink()));
    }
    let named = path.symlink_metadata().map_err(system("file status changed unexpectedly"))?;
    if named.is_symlink() {
        return if roots_own_link(path, &named) {
            Ok((file, facts))
        } else {
            refused("file is a symbolic link".to_string())
        };
    }
    if (named.dev(), named.ino(), named.mode()) != (facts.dev(), facts.ino(), facts.mode()) {
        return refused("file status changed unexpectedly".to_string());
    }
    Ok((file, facts))
}

/// The link is root's, in a directory where only root can make one.
fn roots_own_link(path: &Path, link: &Metadata) -> bool {
    let parent = path.parent().map(Path::metadata).and_then(Result::ok);
    link.uid() == 0 && parent.is_some_and(|directory| directory.uid() == 0 && directory.mode() & 0o022 == 0)
}
