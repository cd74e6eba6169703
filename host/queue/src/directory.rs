//! The directories below queue_directory: their names and modes, where a message's file lies, and the lock that keeps a
//! second server out.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use hook::MailLog;
use nix::fcntl::{Flock, FlockArg};

use crate::{Disk, QueueError, QueueId, QueueName, Settings};

/// Name and mode, as Postfix's postfix-files has them.
const DIRECTORIES: [(&str, u32); 11] = [
    ("incoming", 0o700),
    ("active", 0o700),
    ("deferred", 0o700),
    ("defer", 0o700),
    ("bounce", 0o700),
    ("hold", 0o700),
    ("corrupt", 0o700),
    ("journal", 0o700),
    ("maildrop", 0o1730),
    ("pid", 0o755),
    ("public", 0o710),
];

/// Files with this ending are half written: their message was never acknowledged.
pub(crate) const UNFINISHED: &str = ".tmp";

/// Where everything lies.
#[derive(Clone)]
pub(crate) struct Directories {
    root: PathBuf,
    hash_depth: usize,
    hash_names: Vec<String>,
}

/// Held while the queue is open. A lock of the operating system, so that it ends with the process, however that ends.
#[derive(Debug)]
pub(crate) struct Lock(#[allow(dead_code, reason = "only dropped")] Flock<File>);

impl Directories {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            root: settings.directory.clone(),
            hash_depth: settings.hash_depth,
            hash_names: settings.hash_names.clone(),
        }
    }

    /// For reading only: files are found by their names, however deep they lie.
    pub(crate) fn at(root: &Path) -> Self {
        Self { root: root.to_path_buf(), hash_depth: 0, hash_names: Vec::new() }
    }

    /// Makes what is missing.
    pub(crate) fn make(&self) -> Result<(), QueueError> {
        for (name, mode) in DIRECTORIES {
            make_directory(&self.root.join(name), mode)?;
        }
        Ok(())
    }

    pub(crate) fn lock(&self) -> Result<Lock, QueueError> {
        let path = self.journal().join("lock");
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = file.map_err(|e| QueueError::storage("open", &path, e))?;
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => Ok(Lock(lock)),
            Err((_, nix::errno::Errno::EWOULDBLOCK)) => Err(QueueError::InUse(self.root.clone())),
            Err((_, error)) => Err(QueueError::storage("lock", &path, error.into())),
        }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.root.join("journal")
    }

    pub(crate) fn of(&self, queue: QueueName) -> PathBuf {
        self.root.join(queue.as_str())
    }

    /// The directory a message's file lies in (hash_queue_names, hash_queue_depth).
    pub(crate) fn holding(&self, queue: QueueName, id: QueueId) -> PathBuf {
        let mut path = self.of(queue);
        if self.hash_names.iter().any(|name| name == queue.as_str()) {
            for level in 0..self.hash_depth {
                path.push(id.hash_letter(level).to_string());
            }
        }
        path
    }

    /// A message's file.
    pub(crate) fn file(&self, queue: QueueName, id: QueueId) -> PathBuf {
        self.holding(queue, id).join(id.as_str())
    }

    /// Makes the directory a message's file lies in.
    pub(crate) fn make_holding(&self, queue: QueueName, id: QueueId, disk: &dyn Disk) -> Result<PathBuf, QueueError> {
        let path = self.holding(queue, id);
        if !path.is_dir() {
            fs::create_dir_all(self.of(queue)).map_err(|e| QueueError::storage("make directory", &path, e))?;
            DirBuilder::new().recursive(true).mode(0o700).create(&path).map_err(|e| storage_dir(&path, e))?;
            // The new names must be as durable as the file that will be acknowledged in them.
            let mut parent = path.as_path();
            while parent != self.root {
                parent = parent.parent().unwrap_or(&self.root);
                disk.sync_directory(parent).map_err(|e| QueueError::storage("fsync", parent, e))?;
            }
        }
        Ok(path)
    }

    /// Moves a message's file to another queue, durably. False: it is not there any more.
    pub(crate) fn move_file(
        &self,
        id: QueueId,
        from: QueueName,
        to: QueueName,
        disk: &dyn Disk,
    ) -> Result<bool, QueueError> {
        if from == to {
            return Ok(true);
        }
        let target = self.make_holding(to, id, disk)?;
        let source = self.file(from, id);
        match disk.rename(&source, &target.join(id.as_str())) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(QueueError::storage("rename", source, error)),
        }
        for path in [target, self.holding(from, id)] {
            disk.sync_directory(&path).map_err(|e| QueueError::storage("fsync", path, e))?;
        }
        Ok(true)
    }

    /// All files of a queue at any depth: path and file name. Directory names longer than a letter are not ours.
    pub(crate) fn scan(&self, queue: QueueName) -> Result<Vec<(PathBuf, String)>, QueueError> {
        let (mut found, mut todo) = (Vec::new(), vec![self.of(queue)]);
        while let Some(directory) = todo.pop() {
            let entries = match fs::read_dir(&directory) {
                Ok(entries) => entries,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(QueueError::storage("open directory", directory, error)),
            };
            for entry in entries {
                let entry = entry.map_err(|e| QueueError::storage("read directory", &directory, e))?;
                let name = entry.file_name().to_string_lossy().into_owned();
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() && name.chars().count() == 1 => todo.push(entry.path()),
                    Ok(kind) if kind.is_file() => found.push((entry.path(), name)),
                    _ => {}
                }
            }
        }
        Ok(found)
    }

    /// Moves a file that cannot be read to `corrupt/`, where its bytes are kept for a person to look at.
    pub(crate) fn quarantine(&self, path: &Path, what: &str, log: &MailLog) {
        let name = path.file_name().unwrap_or_default();
        let corrupt = self.of(QueueName::Corrupt);
        let mut target = corrupt.join(name);
        for number in 1.. {
            if !target.exists() {
                break;
            }
            target = corrupt.join(format!("{}.{number}", name.to_string_lossy()));
        }
        log.warning(format_args!("{}: {what}", path.display()));
        match fs::rename(path, &target) {
            Ok(()) => {
                log.warning(format_args!("saving corrupt file \"{}\" as \"{}\"", path.display(), target.display()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => log.warning(format_args!("rename {} to {}: {error}", path.display(), target.display())),
        }
    }
}

fn make_directory(path: &Path, mode: u32) -> Result<(), QueueError> {
    match DirBuilder::new().mode(mode).create(path) {
        // mkdir(2) applies the umask; the modes are part of the contract with sendmail and the administrator.
        Ok(()) => fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))
            .map_err(|e| QueueError::storage("set mode of", path, e)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(storage_dir(path, error)),
    }
}

fn storage_dir(path: &Path, error: io::Error) -> QueueError {
    QueueError::storage("make directory", path, error)
}
