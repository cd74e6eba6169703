//! Mailbox jobs between the server and its privileged parent: what `delivery` wants written, as the protocol of
//! `master::privileged` carries it, and what the parent does with it.

use std::{
    io::{self, Read},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use delivery::virtual_mailbox::{
    DirectWriter, LockMethod, Locking, MailboxError, MailboxWriter, MaildirDelivery, MboxDelivery, Owner, append_mbox,
    write_maildir,
};
use hook::{BoxFuture, Content};
use mail::{Class, Status};
use master::privileged::{self, MailboxChannel, Parent, WriteMailbox};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

/// Content up to this many bytes is held in the parent's memory, more in an unnamed file.
const MEMORY_LIMIT: u64 = 1 << 20;

/// One job.
#[derive(Serialize, Deserialize)]
pub struct MailboxJob {
    uid: u32,
    gid: u32,
    path: PathBuf,
    prefix: String,
    limit: u64,
    now: SystemTime,
    form: Form,
    content: u64,
}

#[derive(Serialize, Deserialize)]
enum Form {
    Maildir { host_name: String },
    Mbox { locks: Vec<String>, attempts: u32, delay: Duration, stale: Duration, strict_ownership: bool },
}

/// How it went.
#[derive(Serialize, Deserialize)]
pub enum MailboxOutcome {
    Written,
    Failed { class: u16, subject: u16, detail: u16, text: String, access_denied: bool, warning: Option<String> },
}

/// The parent's side.
pub fn parent_jobs() -> Arc<WriteMailbox<MailboxJob, MailboxOutcome>> {
    Arc::new(WriteMailbox {
        owner: |job: &MailboxJob| privileged::Owner { uid: job.uid, gid: job.gid },
        write: |job, content| outcome(write(job, content)),
        refused: |text| outcome(Err(MailboxError::new(Status::temporary(3, 5), text))),
    })
}

fn write(job: MailboxJob, content: &mut dyn Read) -> Result<(), MailboxError> {
    let unreadable = |e: io::Error| MailboxError::system(&e, Status::temporary(3, 0), "error reading message");
    let content = take_content(content, job.content).map_err(unreadable)?;
    let owner = Owner { uid: job.uid, gid: job.gid };
    let prefix = job.prefix.into_bytes();
    match job.form {
        Form::Maildir { host_name } => {
            let (directory, limit) = (job.path, job.limit);
            write_maildir(&MaildirDelivery { owner, directory, prefix, content, limit, now: job.now, host_name })
        }
        Form::Mbox { locks, attempts, delay, stale, strict_ownership } => {
            let methods = locks.iter().filter_map(|name| name.parse().ok()).collect();
            let locking = Locking { methods, attempts, delay, stale };
            let (path, limit) = (job.path, job.limit);
            append_mbox(&MboxDelivery { owner, path, prefix, content, limit, locking, strict_ownership, now: job.now })
        }
    }
}

fn take_content(input: &mut dyn Read, len: u64) -> io::Result<Content> {
    if len <= MEMORY_LIMIT {
        let mut bytes = Vec::with_capacity(len as usize);
        input.read_to_end(&mut bytes)?;
        return Ok(Content::Memory(bytes.into()));
    }
    let mut file = tempfile::tempfile()?;
    let len = io::copy(input, &mut file)?;
    Ok(Content::File { file: Arc::new(file), offset: 0, len })
}

fn outcome(result: Result<(), MailboxError>) -> MailboxOutcome {
    match result {
        Ok(()) => MailboxOutcome::Written,
        Err(e) => MailboxOutcome::Failed {
            class: e.status.class.digit(),
            subject: e.status.subject,
            detail: e.status.detail,
            text: e.text,
            access_denied: e.access_denied,
            warning: e.warning,
        },
    }
}

impl From<MailboxOutcome> for Result<(), MailboxError> {
    fn from(outcome: MailboxOutcome) -> Self {
        match outcome {
            MailboxOutcome::Written => Ok(()),
            MailboxOutcome::Failed { class, subject, detail, text, access_denied, warning } => {
                let class = if class == 5 { Class::Permanent } else { Class::Temporary };
                Err(MailboxError { status: Status::new(class, subject, detail), text, access_denied, warning })
            }
        }
    }
}

/// Mailboxes written at the same time. More would only wait for each other at the disk.
const WRITERS: usize = 8;

/// The server's side: writes through the parent, each job over a channel of its own.
pub struct ParentWriter {
    parent: Arc<Parent>,
    idle: Mutex<Vec<MailboxChannel>>,
    places: Semaphore,
}

impl ParentWriter {
    pub fn new(parent: Arc<Parent>) -> Self {
        Self { parent, idle: Mutex::default(), places: Semaphore::new(WRITERS) }
    }

    async fn job(&self, job: MailboxJob, content: Content) -> Result<(), MailboxError> {
        // What became of the file is not known: trying again may deliver twice, not trying would lose the mail.
        let trouble = |text: String| MailboxError::new(Status::temporary(3, 0), format!("mailbox writer: {text}"));
        // Never closed.
        let _place = self.places.acquire().await.map_err(|e| trouble(e.to_string()))?;
        let known = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut channel = match known {
            Some(channel) => channel,
            None => self.parent.mailbox().map_err(|e| trouble(e.to_string()))?,
        };
        let outcome: MailboxOutcome =
            channel.job(&job, job.content, content.pieces()).await.map_err(|e| trouble(e.to_string()))?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(channel);
        outcome.into()
    }
}

/// Lines of address headers: text by construction.
fn prefix_text(prefix: Vec<u8>) -> String {
    String::from_utf8(prefix).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
}

impl MailboxWriter for ParentWriter {
    fn write_maildir(&self, delivery: MaildirDelivery) -> BoxFuture<'_, Result<(), MailboxError>> {
        if is_own(delivery.owner) {
            return Box::pin(DirectWriter.write_maildir(delivery));
        }
        let job = MailboxJob {
            uid: delivery.owner.uid,
            gid: delivery.owner.gid,
            path: delivery.directory,
            prefix: prefix_text(delivery.prefix),
            limit: delivery.limit,
            now: delivery.now,
            form: Form::Maildir { host_name: delivery.host_name },
            content: delivery.content.len(),
        };
        Box::pin(self.job(job, delivery.content))
    }

    fn append_mbox(&self, delivery: MboxDelivery) -> BoxFuture<'_, Result<(), MailboxError>> {
        if is_own(delivery.owner) {
            return Box::pin(DirectWriter.append_mbox(delivery));
        }
        let locking = delivery.locking;
        let job = MailboxJob {
            uid: delivery.owner.uid,
            gid: delivery.owner.gid,
            path: delivery.path,
            prefix: prefix_text(delivery.prefix),
            limit: delivery.limit,
            now: delivery.now,
            form: Form::Mbox {
                locks: locking.methods.iter().map(|m| lock_name(*m).to_string()).collect(),
                attempts: locking.attempts,
                delay: locking.delay,
                stale: locking.stale,
                strict_ownership: delivery.strict_ownership,
            },
            content: delivery.content.len(),
        };
        Box::pin(self.job(job, delivery.content))
    }
}

/// As virtual_mailbox_lock has it.
fn lock_name(method: LockMethod) -> &'static str {
    match method {
        LockMethod::Fcntl => "fcntl",
        LockMethod::Flock => "flock",
        LockMethod::Dotlock => "dotlock",
    }
}

fn is_own(owner: Owner) -> bool {
    owner.uid == nix::unistd::geteuid().as_raw() && owner.gid == nix::unistd::getegid().as_raw()
}
