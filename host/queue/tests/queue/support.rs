//! A queue in a directory of its own, a disk that fails on request, and copies of the directory as a crash leaves it.
#![allow(dead_code, reason = "each test file uses a part")]

use std::{
    collections::HashMap,
    fs::File,
    io::{self, IoSlice},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use hook::{MailLog, Randomness};
use mail::{Envelope, EnvelopeRecipient};
use queue::{Disk, LocalDisk, Message, Queue, QueueError, QueueId, Settings};

/// Numbers that look random and differ between any two calls in this process.
pub struct Numbers;

impl Randomness for Numbers {
    fn number(&self) -> u64 {
        static DRAWN: AtomicU64 = AtomicU64::new(1);
        DRAWN.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }

    fn fill(&self, bytes: &mut [u8]) {
        bytes.iter_mut().for_each(|byte| *byte = self.number() as u8);
    }
}

/// A disk whose operations fail while told to, and which knows how much of each file would survive a power cut.
#[derive(Default)]
pub struct FaultyDisk {
    pub fail_create: Mutex<Option<i32>>,
    pub fail_write: Mutex<Option<i32>>,
    pub fail_sync: AtomicBool,
    /// Writes only so many bytes of what it is asked to before it fails.
    pub write_before_failing: AtomicUsize,
    /// Bytes of each inode that are durable.
    pub durable: Mutex<HashMap<u64, u64>>,
}

impl FaultyDisk {
    fn synced(&self, file: &File) -> io::Result<()> {
        if self.fail_sync.load(Ordering::SeqCst) {
            return Err(io::Error::from_raw_os_error(5));
        }
        let metadata = file.metadata()?;
        self.durable.lock().unwrap().insert(metadata.ino(), metadata.len());
        Ok(())
    }
}

impl Disk for FaultyDisk {
    fn create(&self, path: &Path) -> io::Result<File> {
        match *self.fail_create.lock().unwrap() {
            Some(code) => Err(io::Error::from_raw_os_error(code)),
            None => LocalDisk.create(path).inspect(|file| {
                self.durable.lock().unwrap().insert(file.metadata().unwrap().ino(), 0);
            }),
        }
    }

    fn write(&self, file: &File, bytes: &[IoSlice<'_>], offset: u64) -> io::Result<usize> {
        let Some(code) = *self.fail_write.lock().unwrap() else { return LocalDisk.write(file, bytes, offset) };
        let some = self.write_before_failing.swap(0, Ordering::SeqCst);
        let all: Vec<u8> = bytes.iter().flat_map(|slice| slice.to_vec()).collect();
        if some == 0 {
            return Err(io::Error::from_raw_os_error(code));
        }
        LocalDisk.write(file, &[IoSlice::new(&all[..some.min(all.len())])], offset)
    }

    fn sync_data(&self, file: &File) -> io::Result<()> {
        self.synced(file)?;
        LocalDisk.sync_data(file)
    }

    fn sync_all(&self, file: &File) -> io::Result<()> {
        self.synced(file)?;
        LocalDisk.sync_all(file)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        LocalDisk.rename(from, to)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        LocalDisk.sync_directory(path)
    }
}

pub struct Spool {
    pub directory: tempfile::TempDir,
    pub disk: Arc<FaultyDisk>,
}

impl Spool {
    pub fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap(), disk: Arc::default() }
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    pub fn settings(&self) -> Settings {
        Settings { disk: self.disk.clone(), ..Settings::new(self.path(), Arc::new(Numbers)) }
    }

    pub fn open(&self) -> Queue {
        self.open_with(|_| {})
    }

    pub fn open_with(&self, change: impl FnOnce(&mut Settings)) -> Queue {
        let mut settings = self.settings();
        change(&mut settings);
        Queue::open(settings, log()).unwrap()
    }

    /// The directory as `kill -9` leaves it now.
    pub fn killed(&self) -> Spool {
        let copy = Spool::new();
        copy_tree(self.path(), copy.path(), None);
        copy
    }

    /// The directory as a power cut leaves it now: without what was not synced.
    pub fn cut(&self) -> Spool {
        let copy = Spool::new();
        let durable = self.disk.durable.lock().unwrap();
        copy_tree(self.path(), copy.path(), Some(&durable));
        copy
    }

    /// Names of the files in a directory below, at any depth.
    pub fn files(&self, below: &str) -> Vec<PathBuf> {
        let (mut found, mut todo) = (Vec::new(), vec![self.path().join(below)]);
        while let Some(directory) = todo.pop() {
            for entry in std::fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { todo.push(path) } else { found.push(path) }
            }
        }
        found.retain(|path| !path.ends_with("lock"));
        found.sort();
        found
    }
}

fn copy_tree(from: &Path, to: &Path, durable: Option<&HashMap<u64, u64>>) {
    for entry in std::fs::read_dir(from).unwrap() {
        let (source, target) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if source.is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy_tree(&source, &target, durable);
            continue;
        }
        // Gone between the listing and here, as files go.
        let Ok(bytes) = std::fs::read(&source) else { continue };
        let inode = std::fs::metadata(&source).map(|m| m.ino());
        let kept = match (durable, inode) {
            (Some(durable), Ok(inode)) => durable.get(&inode).map_or(bytes.len(), |&len| len as usize),
            _ => bytes.len(),
        };
        std::fs::write(&target, &bytes[..kept.min(bytes.len())]).unwrap();
        if let Ok(modified) = std::fs::metadata(&source).and_then(|m| m.modified()) {
            File::options().write(true).open(&target).unwrap().set_modified(modified).unwrap();
        }
    }
}

pub fn log() -> MailLog {
    MailLog::new("postfix", "qmgr")
}

pub fn envelope(sender: &str, recipients: &[&str]) -> Envelope {
    let mut envelope = Envelope::new(sender, SystemTime::now());
    envelope.recipients =
        recipients.iter().map(|r| EnvelopeRecipient { address: r.to_string(), ..Default::default() }).collect();
    envelope
}

pub async fn commit(queue: &Queue, sender: &str, content: &[u8]) -> Result<QueueId, QueueError> {
    let id = queue.new_id(SystemTime::now());
    let mut writer = queue.create(id);
    writer.write(content).await?;
    writer.commit(envelope(sender, &["one@example.com", "two@example.com"])).await?;
    Ok(id)
}

/// The next arrival, if there is one.
pub async fn arrival(queue: &Queue) -> Option<Message> {
    tokio::time::timeout(Duration::from_millis(300), queue.next_arrival()).await.ok()
}

/// All arrivals that wait.
pub async fn arrivals(queue: &Queue) -> Vec<Message> {
    let mut all = Vec::new();
    while let Some(message) = arrival(queue).await {
        all.push(message);
    }
    all
}

pub fn text(message: &Message) -> Vec<u8> {
    message.content.pieces().flat_map(|piece| piece.unwrap().to_vec()).collect()
}
