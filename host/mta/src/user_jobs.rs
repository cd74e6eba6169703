//! Jobs between the server and its privileged parent: what `delivery` wants done with a user's rights, as the protocol of
//! `master::privileged` carries it, and what the parent does with it.

mod through_parent;

use std::{
    io::{self, Read},
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use config::Config;
use delivery::{
    CommandEnd, CommandRun, FileError, FileFacts, Owner, command, look,
    mailbox::{Locking, MailboxError, MaildirDelivery, MboxDelivery, MboxKind, maildir, mbox},
    read,
};
use hook::Content;
use mail::{Class, Status};
use master::privileged::{self, OwnerJobs};
use serde::{Deserialize, Serialize};

pub use through_parent::ThroughParent;

/// Content up to this many bytes is held in the parent's memory, more in an unnamed file.
const MEMORY_LIMIT: u64 = 1 << 20;
/// The longest time a command may be given.
const LONGEST_RUN: Duration = Duration::from_secs(365 * 24 * 3600);

/// One job, with the message as its content.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UserJob {
    pub owner: Owner,
    pub work: Work,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Work {
    Maildir {
        directory: PathBuf,
        prefix: String,
        limit: u64,
        now: SystemTime,
        host_name: String,
        /// Class, subject and detail.
        unwritable: (u16, u16, u16),
    },
    Mbox {
        path: PathBuf,
        kind: Kind,
        prefix: String,
        limit: u64,
        now: SystemTime,
        locks: Vec<String>,
        attempts: u32,
        delay: Duration,
        stale: Duration,
        strict_ownership: bool,
    },
    /// The content is the command's standard input.
    Run {
        programs: Vec<Vec<String>>,
        directory: Option<PathBuf>,
        usual_directory: PathBuf,
        environment: Vec<(String, String)>,
        time_limit: Duration,
    },
    Look {
        path: PathBuf,
        follow: bool,
    },
    Read {
        path: PathBuf,
    },
}

/// [`MboxKind`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    Mailbox,
    File,
    Virtual,
}

/// How it went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    /// The message begins there.
    Written(u64),
    Failed {
        class: u16,
        subject: u16,
        detail: u16,
        text: String,
        access_denied: bool,
        warning: Option<String>,
    },
    Ended(CommandEnd),
    Facts(FileFacts),
    /// The text follows.
    Text,
    NoFile(FileError),
}

/// The parent's side.
#[derive(Clone, Debug, Default)]
pub struct ParentJobs {
    /// Root's own mailbox, wherever main.cf may put it.
    root_mailboxes: Vec<PathBuf>,
    /// Root's own forwarding file.
    root_forward: PathBuf,
}

impl ParentJobs {
    /// What the parent itself reads of main.cf and passwd(5): the server has no say in it.
    pub fn from_config(config: &Config) -> Self {
        use delivery::local::parameters::{HOME_MAILBOX, MAIL_SPOOL_DIRECTORY};
        let root = nix::unistd::User::from_uid(nix::unistd::Uid::from_raw(0)).ok().flatten();
        let home = root.map_or_else(|| PathBuf::from("/root"), |user| user.dir);
        let mut root_mailboxes = vec![PathBuf::from(config.get(&MAIL_SPOOL_DIRECTORY)).join("root")];
        let at_home = config.get(&HOME_MAILBOX);
        if !at_home.is_empty() {
            root_mailboxes.push(home.join(at_home));
        }
        Self { root_mailboxes, root_forward: home.join(".forward") }
    }
}

impl OwnerJobs for ParentJobs {
    type Job = UserJob;
    type Outcome = Outcome;

    fn owner(&self, job: &UserJob) -> privileged::Owner {
        privileged::Owner { uid: job.owner.uid, gid: job.owner.gid }
    }

    fn for_root(&self, job: &UserJob) -> bool {
        match &job.work {
            Work::Mbox { path, kind: Kind::Mailbox, strict_ownership: true, .. } => self.root_mailboxes.contains(path),
            Work::Maildir { directory, .. } => self.root_mailboxes.contains(directory),
            Work::Look { path, follow: false } | Work::Read { path } => *path == self.root_forward,
            _ => false,
        }
    }

    fn work(&self, job: UserJob, size: u64, content: &mut dyn Read) -> (Outcome, Vec<u8>) {
        match job.work {
            Work::Look { path, follow } => {
                (look(&path, follow).map_or_else(Outcome::NoFile, Outcome::Facts), Vec::new())
            }
            Work::Read { path } => match read(&path) {
                Ok(text) => (Outcome::Text, text),
                Err(error) => (Outcome::NoFile(error), Vec::new()),
            },
            work => {
                let done = match take_content(content, size) {
                    Ok(content) => with_content(job.owner, work, content),
                    Err(error) => {
                        let what = "error reading message";
                        failed(MailboxError::system(&error, Status::temporary(3, 0), what))
                    }
                };
                (done, Vec::new())
            }
        }
    }

    fn refused(&self, text: String) -> Outcome {
        failed(MailboxError::new(Status::temporary(3, 5), text))
    }
}

fn with_content(owner: Owner, work: Work, content: Content) -> Outcome {
    match work {
        Work::Maildir { directory, prefix, limit, now, host_name, unwritable } => {
            let (prefix, unwritable) = (prefix.into_bytes(), status(unwritable));
            let delivery = MaildirDelivery { owner, directory, prefix, content, limit, now, host_name, unwritable };
            maildir::write(&delivery).map_or_else(failed, |()| Outcome::Written(0))
        }
        Work::Mbox { path, kind, prefix, limit, now, locks, attempts, delay, stale, strict_ownership } => {
            let methods = locks.iter().filter_map(|name| name.parse().ok()).collect();
            let locking = Locking { methods, attempts, delay, stale };
            let kind = match kind {
                Kind::Mailbox => MboxKind::Mailbox,
                Kind::File => MboxKind::File,
                Kind::Virtual => MboxKind::Virtual,
            };
            let prefix = prefix.into_bytes();
            let delivery = MboxDelivery { owner, path, kind, prefix, content, limit, locking, strict_ownership, now };
            mbox::append(&delivery).map_or_else(failed, Outcome::Written)
        }
        Work::Run { programs, directory, usual_directory, environment, time_limit } => {
            let (owner, input, time_limit) = (Some(owner), content, time_limit.min(LONGEST_RUN));
            let run = CommandRun { owner, programs, directory, usual_directory, environment, time_limit, input };
            Outcome::Ended(command::run(&run))
        }
        Work::Look { .. } | Work::Read { .. } => {
            failed(MailboxError::new(Status::temporary(3, 5), "no content wanted"))
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

fn failed(error: MailboxError) -> Outcome {
    Outcome::Failed {
        class: error.status.class.digit(),
        subject: error.status.subject,
        detail: error.status.detail,
        text: error.text,
        access_denied: error.access_denied,
        warning: error.warning,
    }
}

/// A failure is never of class 2.
fn status((class, subject, detail): (u16, u16, u16)) -> Status {
    let class = if class == 5 { Class::Permanent } else { Class::Temporary };
    Status::new(class, subject, detail)
}

#[cfg(test)]
mod tests;
