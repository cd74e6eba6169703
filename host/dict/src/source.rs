//! The content of a table file, read again when the file changes.

use std::{
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;

use crate::{error::reason, open::Environment};

/// How long a look at the file counts: one stat(2) costs ten lookups.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// A file younger than this may still be in the hands of its writer.
const SETTLE: Duration = Duration::from_millis(100);
/// Larger files are read by a thread of their own, so that no session waits for it.
const READ_IN_PLACE: u64 = 64 * 1024;

/// Makes the content out of the bytes of a file.
pub(crate) type Parse<T> = Box<dyn Fn(&[u8]) -> T + Send + Sync>;

/// What one version of a file holds. A change swaps the whole content at once.
pub(crate) struct Source<T> {
    path: PathBuf,
    content: ArcSwap<Version<T>>,
    parse: Parse<T>,
    /// When the file was last looked at, in milliseconds of the monotonic clock.
    looked: AtomicU64,
    reading: AtomicBool,
    /// A warning about the missing file has been given.
    missed: AtomicBool,
    environment: Environment,
}

pub(crate) struct Version<T> {
    stamp: Stamp,
    pub value: T,
}

/// What changes when a file is written or replaced.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: (i64, i64),
    size: u64,
    inode: (u64, u64),
}

impl Stamp {
    fn of(metadata: &std::fs::Metadata) -> Self {
        Self {
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            size: metadata.size(),
            inode: (metadata.dev(), metadata.ino()),
        }
    }
}

impl<T: Send + Sync + 'static> Source<T> {
    pub fn open(path: &Path, environment: &Environment, parse: Parse<T>) -> io::Result<Arc<Self>> {
        let (stamp, bytes) = read(path)?;
        let version = Version { stamp, value: parse(&bytes) };
        Ok(Arc::new(Self {
            path: path.to_path_buf(),
            content: ArcSwap::from_pointee(version),
            parse,
            looked: AtomicU64::new(milliseconds(environment.clock.monotonic())),
            reading: AtomicBool::new(false),
            missed: AtomicBool::new(false),
            environment: environment.clone(),
        }))
    }

    /// The newest complete content, as far as the last look at the file tells. Never waits for a large file.
    pub fn current(self: &Arc<Self>) -> arc_swap::Guard<Arc<Version<T>>> {
        let time = milliseconds(self.environment.clock.monotonic());
        if time.saturating_sub(self.looked.load(Ordering::Relaxed)) < milliseconds(LOOK_EVERY) {
            return self.content.load();
        }
        self.looked.store(time, Ordering::Relaxed);
        match std::fs::metadata(&self.path) {
            Ok(metadata) => {
                self.missed.store(false, Ordering::Relaxed);
                let content = self.content.load();
                if Stamp::of(&metadata) == content.stamp || !self.settled(&metadata) {
                    return content;
                }
                drop(content);
                self.reread(metadata.size());
            }
            Err(error) => {
                if !self.missed.swap(true, Ordering::Relaxed) {
                    let path = self.path.display();
                    (self.environment.warn)(&format!("open {path}: {}; keeping its last content", reason(&error)));
                }
            }
        }
        self.content.load()
    }

    fn settled(&self, metadata: &std::fs::Metadata) -> bool {
        let Ok(modified) = metadata.modified() else { return true };
        // A time in the future says nothing about the writer.
        self.environment.clock.now().duration_since(modified).map_or(true, |age| age >= SETTLE)
    }

    fn reread(self: &Arc<Self>, size: u64) {
        if self.reading.swap(true, Ordering::Acquire) {
            return;
        }
        if size <= READ_IN_PLACE {
            return self.replace();
        }
        let source = self.clone();
        if std::thread::Builder::new().name("table".into()).spawn(move || source.replace()).is_err() {
            self.reading.store(false, Ordering::Release);
        }
    }

    fn replace(&self) {
        match read(&self.path) {
            Ok((stamp, bytes)) => {
                let value = (self.parse)(&bytes);
                self.content.store(Arc::new(Version { stamp, value }));
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => (self.environment.warn)(&format!("open {}: {}", self.path.display(), reason(&error))),
        }
        self.reading.store(false, Ordering::Release);
    }
}

/// The content, and the stamp it had before and after reading.
fn read(path: &Path) -> io::Result<(Stamp, Vec<u8>)> {
    for _ in 0..8 {
        let before = Stamp::of(&std::fs::metadata(path)?);
        let bytes = std::fs::read(path)?;
        if before == Stamp::of(&std::fs::metadata(path)?) {
            return Ok((before, bytes));
        }
    }
    Err(io::Error::new(io::ErrorKind::Interrupted, "file changes while it is read"))
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
