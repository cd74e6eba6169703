//! A file that is replaced as a whole: written beside the old one, made durable, renamed into place.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};

/// The name of the new file until it is complete.
const SUFFIX: &str = ".tmp";

/// What the system says, without Rust's error number.
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_string()
}

/// Replaces the content of a file by what `change` makes of it. Mode and owner stay. Other calls for the same file wait.
///
/// # Errors
/// In postconf(1)'s words; then the file is as it was.
pub fn replace(path: &Path, change: impl FnOnce(&[u8]) -> Result<Vec<u8>>) -> Result<()> {
    let new = PathBuf::from(format!("{}{SUFFIX}", path.display()));
    let failed = |what: &str, file: &Path, error: io::Error| anyhow!("{what} {}: {}", file.display(), reason(&error));
    let mut file = open_locked(&new).map_err(|e| failed("open", &new, e))?;
    let written = (|| {
        let old = fs::read(path).map_err(|e| anyhow!("open {} for reading: {}", path.display(), reason(&e)))?;
        let metadata = fs::metadata(path).map_err(|e| failed("stat", path, e))?;
        let content = change(&old)?;
        let write = |e| failed("write", &new, e);
        file.write_all(&content).map_err(write)?;
        file.set_permissions(metadata.permissions()).map_err(write)?;
        // Another user's file can be edited by who may write its directory, but not given away.
        if file.metadata().map_err(write)?.uid() != metadata.uid()
            || file.metadata().map_err(write)?.gid() != metadata.gid()
        {
            fchown(&file, Some(metadata.uid()), Some(metadata.gid())).map_err(|e| failed("chown", &new, e))?;
        }
        file.sync_all().map_err(write)?;
        fs::rename(&new, path).map_err(|e| failed("rename", &new, e))?;
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(directory).and_then(|directory| directory.sync_all()).map_err(|e| failed("sync", directory, e))
    })();
    if written.is_err() {
        // It is not in place, and the error to tell is the one before.
        let _ = fs::remove_file(&new);
    }
    written
}

/// Opens the new file, empty, for this process alone.
fn open_locked(path: &Path) -> io::Result<File> {
    loop {
        let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
        file.lock()?;
        // Who had the lock before may have renamed the file into place.
        match fs::metadata(path) {
            Ok(found) if found.ino() == file.metadata()?.ino() && found.dev() == file.metadata()?.dev() => {
                file.set_len(0)?;
                return Ok(file);
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
}
