//! The near side of the journal: sessions leave their messages and notes here, one committer thread takes all that has
//! gathered, and one wake-up answers every session of a batch.

use std::{
    path::PathBuf,
    sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use mail::Envelope;
use tokio::sync::Notify;

use crate::{
    QueueError, QueueId,
    record::{Key, Note},
};

/// Notes wait so long for a message to ride with before they are written on their own.
const NOTE_DELAY: Duration = Duration::from_millis(5);

/// A message to be made durable.
pub(crate) struct Commit {
    pub(crate) key: Key,
    /// The record up to the content, without its marker.
    pub(crate) head: Vec<u8>,
    pub(crate) content: Bytes,
    pub(crate) envelope: Arc<Envelope>,
}

/// What the sessions of one batch wait for.
#[derive(Default)]
pub(crate) struct Batch {
    result: OnceLock<Result<(), QueueError>>,
    done: Notify,
}

impl Batch {
    /// Answers everyone who waits.
    pub(crate) fn finish(&self, result: Result<(), QueueError>) {
        // A batch is finished once, by the committer that took it.
        let _ = self.result.set(result);
        self.done.notify_waiters();
    }

    async fn wait(&self) -> Result<(), QueueError> {
        // In this order: whoever asks for `notified` before the result is set is woken.
        let notified = self.done.notified();
        if let Some(result) = self.result.get() {
            return result.clone();
        }
        notified.await;
        self.result.get().cloned().unwrap_or(Err(QueueError::Closed))
    }
}

/// What the committer does next.
#[derive(Default)]
pub(crate) struct Work {
    pub(crate) commits: Vec<Commit>,
    pub(crate) notes: Vec<Note>,
    /// Files of messages that are gone.
    pub(crate) unlinks: Vec<(QueueId, PathBuf)>,
    pub(crate) batch: Arc<Batch>,
    /// The last work there is.
    pub(crate) stop: bool,
}

#[derive(PartialEq)]
enum Committer {
    Awake,
    Asleep,
    /// Waits a moment for so many messages.
    Gathering(usize),
}

/// How long a batch waits for the sessions that were in the last one. Without it, those that were just answered come a moment
/// too late for the next batch, and two half batches take turns: twice the syncs for the same mail.
#[derive(Clone, Copy, Default)]
pub(crate) struct Gather {
    pub(crate) messages: usize,
    pub(crate) wait: Duration,
}

struct Pending {
    work: Work,
    /// When the first of the notes was left.
    noted_at: Option<Instant>,
    committer: Committer,
}

/// Where the committer is met.
pub(crate) struct Journal {
    pending: Mutex<Pending>,
    wake: Condvar,
}

impl Journal {
    pub(crate) fn new() -> Self {
        let pending = Pending { work: Work::default(), noted_at: None, committer: Committer::Awake };
        Self { pending: Mutex::new(pending), wake: Condvar::new() }
    }

    // Nothing in this module panics while it holds the lock; should it, the committer still has to answer the waiting.
    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a message durable.
    pub(crate) async fn commit(&self, commit: Commit) -> Result<(), QueueError> {
        let batch = {
            let mut pending = self.lock();
            if pending.work.stop {
                return Err(QueueError::Closed);
            }
            pending.work.commits.push(commit);
            match pending.committer {
                Committer::Gathering(wanted) if pending.work.commits.len() < wanted => {}
                _ => self.rouse(&pending),
            }
            pending.work.batch.clone()
        };
        batch.wait().await
    }

    /// Remembers something with the next batch, or soon, and then removes the file.
    pub(crate) fn note(&self, note: Note, unlink: Option<(QueueId, PathBuf)>) {
        let mut pending = self.lock();
        pending.work.notes.push(note);
        pending.work.unlinks.extend(unlink);
        if pending.noted_at.is_none() {
            pending.noted_at = Some(Instant::now());
            self.rouse(&pending);
        }
    }

    /// Writes what there is, syncs it, and ends the committer. Further commits are refused.
    pub(crate) async fn close(&self) -> Result<(), QueueError> {
        self.stop().wait().await
    }

    /// The same without waiting.
    pub(crate) fn stop(&self) -> Arc<Batch> {
        let mut pending = self.lock();
        pending.work.stop = true;
        self.rouse(&pending);
        pending.work.batch.clone()
    }

    fn rouse(&self, pending: &Pending) {
        if pending.committer != Committer::Awake {
            self.wake.notify_one();
        }
    }

    /// Messages that wait for the next batch.
    pub(crate) fn waiting(&self) -> usize {
        self.lock().work.commits.len()
    }

    /// The committer's next work; waits for it. Empty work: `sync_by` has come.
    pub(crate) fn next_work(&self, sync_by: Option<Instant>, gather: Gather) -> Work {
        let mut pending = self.lock();
        let mut gather_by = None;
        loop {
            let (now, messages) = (Instant::now(), pending.work.commits.len());
            if pending.work.stop || (messages > 0 && messages >= gather.messages) {
                break;
            }
            let by = if messages > 0 {
                Some(*gather_by.get_or_insert(now + gather.wait))
            } else {
                let write_by = pending.noted_at.map(|at| at + NOTE_DELAY);
                [write_by, sync_by].into_iter().flatten().min()
            };
            if by.is_some_and(|by| by <= now) {
                break;
            }
            pending.committer = if messages > 0 { Committer::Gathering(gather.messages) } else { Committer::Asleep };
            pending = match by {
                None => self.wake.wait(pending).unwrap_or_else(PoisonError::into_inner),
                Some(by) => self.wake.wait_timeout(pending, by - now).unwrap_or_else(PoisonError::into_inner).0,
            };
            pending.committer = Committer::Awake;
        }
        pending.noted_at = None;
        let stop = pending.work.stop;
        // Whoever asks to close later than the last work meets the same batch, which by then has its answer.
        let batch = if stop { pending.work.batch.clone() } else { Arc::default() };
        std::mem::replace(&mut pending.work, Work { stop, batch, ..Work::default() })
    }
}
