//! `queue_directory/pid/master.pid`: one mail system for each queue, and how the commands find it.

use std::{
    fs::{File, OpenOptions},
    io::{Read, Seek, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    time::{Duration, Instant},
};

use nix::fcntl::{Flock, FlockArg};

use crate::MasterError;

/// The lock of a running mail system; dropping it gives the queue free.
#[derive(Debug)]
pub struct PidFile {
    _lock: Flock<File>,
}

impl PidFile {
    /// Takes the lock and writes this process' number as Postfix does (right-aligned, one line).
    pub fn take(path: &Path) -> Result<Self, MasterError> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o644)
            .open(path)
            .map_err(MasterError::file(path))?;
        let mut lock = lock(file, path)?;
        lock.set_len(0)
            .and_then(|()| lock.rewind())
            .and_then(|()| writeln!(lock, "{:>11}", std::process::id()))
            .map_err(MasterError::file(path))?;
        Ok(Self { _lock: lock })
    }
}

/// How long a server that was killed may take to end: a thread of it that waits for the disk keeps its files open until then.
const DYING: Duration = Duration::from_secs(30);

fn lock(mut file: File, path: &Path) -> Result<Flock<File>, MasterError> {
    let begin = Instant::now();
    loop {
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => return Ok(lock),
            Err((unlocked, _)) => file = unlocked,
        }
        let holder = read(path).unwrap_or(0);
        if is_alive(holder) || begin.elapsed() > DYING {
            return Err(MasterError::AlreadyRunning(holder));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// False once the process has ended or its first thread has, which is all that shows of one that is ending: proc(5).
fn is_alive(pid: i32) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    !matches!(stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next()), None | Some('Z' | 'X'))
}

/// The process that holds the lock, if any does.
pub fn running(path: &Path) -> Option<i32> {
    let file = File::open(path).ok()?;
    match Flock::lock(file, FlockArg::LockSharedNonblock) {
        Ok(_free) => None,
        Err(_) => read(path),
    }
}

fn read(path: &Path) -> Option<i32> {
    let mut text = String::new();
    File::open(path).ok()?.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_one_is_told_who_runs() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("master.pid");
        assert_eq!(running(&path), None);
        let held = PidFile::take(&path).expect("a free lock");
        assert_eq!(running(&path), Some(std::process::id() as i32));
        match PidFile::take(&path) {
            Err(MasterError::AlreadyRunning(pid)) => assert_eq!(pid, std::process::id() as i32),
            other => panic!("the lock was given twice: {other:?}"),
        }
        drop(held);
        assert_eq!(running(&path), None);
    }
}
