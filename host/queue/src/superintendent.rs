//! What postsuper(1) and postqueue(1) change: hold, release, delete, requeue, expire, flush. Every command may be repeated,
//! may come while the message is being delivered, and leaves unknown ids alone.
//!
//! A message that is being delivered cannot be called back. Deleted, it is gone and what its delivery says later is not
//! heard; held, it stays out of further attempts; requeued, it is tried again at once.

use std::{collections::HashMap, sync::Arc, time::SystemTime};

use crate::{
    Queue, QueueError, QueueId, QueueName,
    index::{Entry, Place},
    queue_file::QueueFile,
    record::{Key, Note},
    recovery::{UNKNOWN_SERIAL, WITH_FILES, accept},
    shared::Shared,
    state_record::State,
};

/// Which messages a command is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    Id(QueueId),
    All,
}

impl Queue {
    /// postqueue -f and -i: makes deferred mail due now. Returns how many messages.
    pub fn flush(&self, which: &Which, now: SystemTime) -> usize {
        let ids = self.chosen(which, &[QueueName::Deferred]);
        let mut index = self.shared().index();
        let changed = ids.into_iter().filter(|&id| index.reschedule(id, now)).count();
        drop(index);
        self.shared().due_changed.notify_one();
        changed
    }

    /// postsuper -h: out of the way of delivery, until released. Returns the ids it changed. `queues`: where to look, empty
    /// for all but hold.
    pub async fn hold(&self, which: &Which, queues: &[QueueName]) -> Result<Vec<QueueId>, QueueError> {
        self.each(which, queues, &QueueName::MAIL[1..], Shared::hold).await
    }

    /// postsuper -H: from hold to the deferred queue, due now.
    pub async fn release(&self, which: &Which, now: SystemTime) -> Result<Vec<QueueId>, QueueError> {
        let release = move |shared: &Shared, key: Key, entry: &Entry| shared.release(key, entry, now);
        let changed = self.each(which, &[], &[QueueName::Hold], release).await;
        self.shared().due_changed.notify_one();
        changed
    }

    /// postsuper -d.
    pub async fn delete(&self, which: &Which, queues: &[QueueName]) -> Result<Vec<QueueId>, QueueError> {
        self.each(which, queues, &QueueName::MAIL, Shared::delete).await
    }

    /// postsuper -r: back to the incoming queue as if never tried; recipients that are done stay done. Unlike Postfix's it
    /// keeps its id and is not rewritten again.
    pub async fn requeue(&self, which: &Which, queues: &[QueueName]) -> Result<Vec<QueueId>, QueueError> {
        let changed = self.each(which, queues, &QueueName::MAIL, Shared::requeue).await;
        self.shared().room_made();
        changed
    }

    /// postsuper -e: returned to the sender at its next attempt. (-f is this and `release`.)
    pub async fn expire(&self, which: &Which, queues: &[QueueName]) -> Result<Vec<QueueId>, QueueError> {
        self.each(which, queues, &QueueName::MAIL, Shared::expire).await
    }

    /// Takes note of what an administrator did to the queue directories with mv, cp and rm: a file that vanished is a message
    /// that is gone, a new one is taken in (under a new id when its own is taken).
    pub async fn rescan(&self) -> Result<(), QueueError> {
        let shared = self.shared();
        let files = shared.file_work(|shared| {
            let mut files = Vec::new();
            for queue in WITH_FILES {
                files.extend(shared.directories.scan(queue)?.into_iter().map(|(path, name)| (path, name, queue)));
            }
            Ok(files)
        });
        let unknown = |name: &str| match name.parse::<QueueId>() {
            Ok(id) => !shared.index().is_taken(id),
            Err(_) => false,
        };
        for (path, name, queue) in files.await?.into_iter().filter(|(_, name, _)| unknown(name)) {
            let Ok(id) = name.parse::<QueueId>() else { continue };
            let _turn = shared.turn(id).await;
            if !unknown(&name) {
                continue;
            }
            shared.file_work(move |shared| shared.adopt(path, name, queue)).await?;
        }
        let everywhere = self.chosen(&Which::All, &QueueName::MAIL);
        for id in everywhere {
            let _turn = shared.turn(id).await;
            let Some(entry) = shared.index().get(id).cloned() else { continue };
            if let Some(path) = shared.path(id, &entry)
                && shared.file_work(move |_| Ok(!path.exists())).await?
            {
                shared.forget((id, entry.serial));
            }
        }
        shared.due_changed.notify_one();
        Ok(())
    }

    fn chosen(&self, which: &Which, queues: &[QueueName]) -> Vec<QueueId> {
        let index = self.shared().index();
        let wanted = |entry: &Entry| queues.contains(&entry.shown_in());
        match which {
            Which::Id(id) => index.get(*id).filter(|entry| wanted(entry)).map(|_| *id).into_iter().collect(),
            Which::All => index.all().filter(|(_, entry)| wanted(entry)).map(|(id, _)| id).collect(),
        }
    }

    /// Does one thing to each message, one after the other. The ids for which it says true.
    async fn each(
        &self,
        which: &Which,
        queues: &[QueueName],
        default: &[QueueName],
        work: impl Fn(&Shared, Key, &Entry) -> Result<bool, QueueError> + Send + Sync + 'static,
    ) -> Result<Vec<QueueId>, QueueError> {
        let (shared, work, mut changed) = (self.shared(), Arc::new(work), Vec::new());
        for id in self.chosen(which, if queues.is_empty() { default } else { queues }) {
            let _turn = shared.turn(id).await;
            let Some(entry) = shared.index().get(id).cloned() else { continue };
            let work = work.clone();
            match shared.file_work(move |shared| work(shared, (id, entry.serial), &entry)).await {
                Ok(true) => changed.push(id),
                // Corrupt: it is put aside and said so.
                Ok(false) | Err(QueueError::Corrupt { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(changed)
    }
}

impl Shared {
    fn hold(&self, key: Key, entry: &Entry) -> Result<bool, QueueError> {
        if entry.queue == QueueName::Hold {
            return Ok(false);
        }
        let there = match entry.place {
            Place::File(from) => self.directories.move_file(key.0, from, QueueName::Hold, &*self.settings.disk)?,
            Place::Journal { .. } => match self.read(key.0, entry, 0)? {
                Some(stored) => self.write(key.0, QueueName::Hold, &stored).map(|()| true)?,
                None => false,
            },
        };
        let recorded = if matches!(entry.place, Place::Journal { .. }) { entry.done.len() } else { 0 };
        Ok(self.moved(key, there, QueueName::Hold, recorded, entry.next_attempt))
    }

    fn release(&self, key: Key, entry: &Entry, now: SystemTime) -> Result<bool, QueueError> {
        let Place::File(from) = entry.place else { return Ok(false) };
        // The time is set first: found after a crash in deferred, it is due.
        let path = self.directories.file(from, key.0);
        let dated = std::fs::File::options().write(true).open(&path).and_then(|file| file.set_modified(now));
        if let Err(error) = dated
            && error.kind() != std::io::ErrorKind::NotFound
        {
            return Err(QueueError::storage("set time of", path, error));
        }
        let there = self.directories.move_file(key.0, from, QueueName::Deferred, &*self.settings.disk)?;
        Ok(self.moved(key, there, QueueName::Deferred, 0, Some(now)))
    }

    fn delete(&self, key: Key, entry: &Entry) -> Result<bool, QueueError> {
        let Some(entry) = self.forget(key).map(|_| entry) else { return Ok(false) };
        if let Some(path) = self.path(key.0, entry) {
            // At once rather than with the next batch, so that the administrator's next find(1) agrees.
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
                Err(error) => return Err(QueueError::storage("remove", path, error)),
                Ok(()) => {}
            }
        }
        Ok(true)
    }

    fn requeue(&self, key: Key, entry: &Entry) -> Result<bool, QueueError> {
        let mut recorded = 0;
        if let Place::File(from) = entry.place {
            let path = self.directories.file(from, key.0);
            let mut there = false;
            if let Some(mut file) = self.open(&path)? {
                let mut recipients = file.state.recipients.clone();
                recipients.iter_mut().for_each(|recipient| recipient.reason = None);
                let mut state = State { recipients, ..State::default() };
                entry.done.iter().for_each(|&recipient| state.mark_done(recipient));
                recorded = entry.done.len();
                file.append(state, &*self.settings.disk)?;
                there = self.directories.move_file(key.0, from, QueueName::Incoming, &*self.settings.disk)?;
            }
            if !self.moved(key, there, QueueName::Incoming, recorded, None) {
                return Ok(false);
            }
        }
        if let Some(entry) = self.index().get_mut(key) {
            entry.requeued = entry.in_hands;
            entry.force_expire = false;
        }
        Ok(true)
    }

    fn expire(&self, key: Key, entry: &Entry) -> Result<bool, QueueError> {
        match self.path(key.0, entry) {
            None => self.journal.note(Note::Expire(key), None),
            Some(path) => {
                let Some(mut file) = self.open(&path)? else {
                    self.forget(key);
                    return Ok(false);
                };
                let state = State { force_expire: true, ..file.state.clone() };
                file.append(state, &*self.settings.disk)?;
            }
        }
        if let Some(entry) = self.index().get_mut(key) {
            entry.force_expire = true;
        }
        Ok(true)
    }

    /// Opens a message's file; a corrupt one is put aside.
    fn open(&self, path: &std::path::Path) -> Result<Option<QueueFile>, QueueError> {
        let opened = QueueFile::open(path);
        if let Err(QueueError::Corrupt { what, .. }) = &opened {
            self.directories.quarantine(path, what, &self.log);
        }
        opened
    }

    /// Tells the index that a message's file is in another queue, or gone.
    fn moved(&self, key: Key, there: bool, queue: QueueName, recorded: usize, next: Option<SystemTime>) -> bool {
        if !there {
            self.forget(key);
            return false;
        }
        if !self.settle(key, queue, recorded) {
            return false;
        }
        self.index().change_queue(key, queue, next);
        true
    }

    /// Takes in a file that somebody put into a queue directory.
    fn adopt(&self, path: std::path::PathBuf, name: String, queue: QueueName) -> Result<(), QueueError> {
        let taken = accept(&self.settings, &self.directories, &self.log, &HashMap::new(), (path, name, queue))?;
        let Some((id, found)) = taken else { return Ok(()) };
        let mut entry = Entry::new(UNKNOWN_SERIAL, Place::File(found.queue), found.queue, 0);
        entry.next_attempt = Some(found.modified);
        self.index().insert(id, entry, None, None);
        self.room_made();
        Ok(())
    }
}
