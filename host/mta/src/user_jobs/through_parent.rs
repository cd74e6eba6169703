//! The server's side: what other users own is done by the parent, each job over a channel of its own.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use delivery::{
    CommandEnd, CommandRun, FileError, FileFacts, OwnRights, Owner, UserRights,
    mailbox::{MailboxError, MaildirDelivery, MboxDelivery, MboxKind},
};
use hook::{BoxFuture, Content};
use mail::Status;
use master::privileged::{JobChannel, Parent};
use tokio::sync::Semaphore;

use super::{Kind, Outcome, UserJob, Work, status};

/// Mailboxes written at the same time. More would only wait for each other at the disk. Commands and small questions have
/// the limits of their transports.
const WRITERS: usize = 8;

/// [`UserRights`] by way of the parent; what is the server's own it does itself.
pub struct ThroughParent {
    parent: Arc<Parent>,
    idle: Mutex<Vec<JobChannel>>,
    places: Semaphore,
}

impl ThroughParent {
    pub fn new(parent: Arc<Parent>) -> Self {
        Self { parent, idle: Mutex::default(), places: Semaphore::new(WRITERS) }
    }

    /// The error says what is wrong between us and the parent. What became of the job is not known then: trying again may
    /// deliver twice, not trying would lose the mail.
    async fn job(&self, job: UserJob, content: Content) -> Result<(Outcome, Vec<u8>), String> {
        let known = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut channel = match known {
            Some(channel) => channel,
            None => self.parent.job_channel().map_err(|e| e.to_string())?,
        };
        let done = channel.job(&job, content.len(), content.pieces()).await.map_err(|e| e.to_string())?;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < WRITERS {
            idle.push(channel);
        }
        Ok(done)
    }

    async fn write(&self, job: UserJob, content: Content) -> Result<u64, MailboxError> {
        let trouble = |text: String| MailboxError::new(Status::temporary(3, 0), format!("mailbox writer: {text}"));
        // Never closed.
        let _place = self.places.acquire().await.map_err(|e| trouble(e.to_string()))?;
        match self.job(job, content).await.map_err(trouble)?.0 {
            Outcome::Written(at) => Ok(at),
            Outcome::Failed { class, subject, detail, text, access_denied, warning } => {
                Err(MailboxError { status: status((class, subject, detail)), text, access_denied, warning })
            }
            other => Err(trouble(format!("unexpected answer {other:?}"))),
        }
    }
}

/// Lines of address headers: text by construction.
fn prefix_text(prefix: Vec<u8>) -> String {
    String::from_utf8(prefix).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
}

fn nothing() -> Content {
    Content::Memory(Vec::new().into())
}

/// Of root's files the parent shows the forwarding file. What else only root may see, nobody sees.
fn is_hidden(owner: Owner, path: &Path) -> bool {
    owner.uid == 0 && path.file_name().is_none_or(|name| name != ".forward")
}

const NO_ANSWER: FileError = FileError(nix::libc::EIO);

impl UserRights for ThroughParent {
    fn effective(&self, owner: Owner) -> Owner {
        owner
    }

    fn write_maildir(&self, delivery: MaildirDelivery) -> BoxFuture<'_, Result<(), MailboxError>> {
        if delivery.owner == Owner::own() {
            return OwnRights.write_maildir(delivery);
        }
        let unwritable = delivery.unwritable;
        let work = Work::Maildir {
            directory: delivery.directory,
            prefix: prefix_text(delivery.prefix),
            limit: delivery.limit,
            now: delivery.now,
            host_name: delivery.host_name,
            unwritable: (unwritable.class.digit(), unwritable.subject, unwritable.detail),
        };
        let job = UserJob { owner: delivery.owner, work };
        Box::pin(async move { self.write(job, delivery.content).await.map(drop) })
    }

    fn append_mbox(&self, delivery: MboxDelivery) -> BoxFuture<'_, Result<u64, MailboxError>> {
        if delivery.owner == Owner::own() {
            return OwnRights.append_mbox(delivery);
        }
        let locking = delivery.locking;
        let work = Work::Mbox {
            path: delivery.path,
            kind: match delivery.kind {
                MboxKind::Mailbox => Kind::Mailbox,
                MboxKind::File => Kind::File,
                MboxKind::Virtual => Kind::Virtual,
            },
            prefix: prefix_text(delivery.prefix),
            limit: delivery.limit,
            now: delivery.now,
            locks: locking.methods.iter().map(|method| method.name().to_string()).collect(),
            attempts: locking.attempts,
            delay: locking.delay,
            stale: locking.stale,
            strict_ownership: delivery.strict_ownership,
        };
        let job = UserJob { owner: delivery.owner, work };
        Box::pin(self.write(job, delivery.content))
    }

    fn run(&self, run: CommandRun) -> BoxFuture<'_, CommandEnd> {
        Box::pin(async move {
            // A command never has the server's own rights: with them it could change the queue.
            let Some(owner) = run.owner else {
                return CommandEnd::not_started("fatal: no user for the command".into());
            };
            let work = Work::Run {
                programs: run.programs,
                directory: run.directory,
                usual_directory: run.usual_directory,
                environment: run.environment,
                time_limit: run.time_limit,
            };
            match self.job(UserJob { owner, work }, run.input).await {
                Ok((Outcome::Ended(end), _)) => end,
                Ok((Outcome::Failed { text, .. }, _)) => CommandEnd::not_started(format!("fatal: {text}")),
                Ok((other, _)) => CommandEnd::not_started(format!("fatal: unexpected answer {other:?}")),
                Err(text) => CommandEnd::not_started(format!("fatal: {text}")),
            }
        })
    }

    fn look(&self, owner: Owner, path: PathBuf, follow: bool) -> BoxFuture<'_, Result<FileFacts, FileError>> {
        if owner == Owner::own() || is_hidden(owner, &path) {
            return OwnRights.look(owner, path, follow);
        }
        Box::pin(async move {
            match self.job(UserJob { owner, work: Work::Look { path, follow } }, nothing()).await {
                Ok((Outcome::Facts(facts), _)) => Ok(facts),
                Ok((Outcome::NoFile(error), _)) => Err(error),
                // Another .forward of root's than that of its home.
                Ok((Outcome::Failed { .. }, _)) if owner.uid == 0 => Err(FileError(nix::libc::EACCES)),
                Ok(_) | Err(_) => Err(NO_ANSWER),
            }
        })
    }

    fn read(&self, owner: Owner, path: PathBuf) -> BoxFuture<'_, Result<Vec<u8>, FileError>> {
        if owner == Owner::own() || is_hidden(owner, &path) {
            return OwnRights.read(owner, path);
        }
        Box::pin(async move {
            match self.job(UserJob { owner, work: Work::Read { path } }, nothing()).await {
                Ok((Outcome::Text, text)) => Ok(text),
                Ok((Outcome::NoFile(error), _)) => Err(error),
                // Another .forward of root's than that of its home.
                Ok((Outcome::Failed { .. }, _)) if owner.uid == 0 => Err(FileError(nix::libc::EACCES)),
                Ok(_) | Err(_) => Err(NO_ANSWER),
            }
        })
    }
}
