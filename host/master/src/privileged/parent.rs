//! The parent's side: starts the server, binds, does jobs of other users, passes signals on.

use std::{
    io::{self, BufReader, Read, Write},
    os::{fd::OwnedFd, unix::net::UnixStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
};

use nix::unistd::{Gid, Uid, setfsgid, setfsuid, setgroups};
use serde::{Serialize, de::DeserializeOwned};

use super::{channel, protocol::*};
use crate::{MasterError, listen};

/// Whose file system rights a job needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    pub uid: u32,
    pub gid: u32,
}

/// What the parent can do for the server with other users' rights.
pub trait OwnerJobs: Send + Sync + 'static {
    type Job: DeserializeOwned;
    type Outcome: Serialize;
    /// With whose rights.
    fn owner(&self, job: &Self::Job) -> Owner;
    /// Whether this one job may be done with root's rights. Everything else that would need them is refused.
    fn for_root(&self, _job: &Self::Job) -> bool {
        false
    }
    /// Does a job that has `size` bytes of content. The thread has the owner's file system rights. Gives what is to be sent
    /// back behind the outcome.
    fn work(&self, job: Self::Job, size: u64, content: &mut dyn Read) -> (Self::Outcome, Vec<u8>);
    /// The outcome of a job that may not be done.
    fn refused(&self, text: String) -> Self::Outcome;
}

/// Opens the log file; the path is never the server's word.
pub type OpenLog = dyn Fn() -> io::Result<std::fs::File> + Send + Sync;

/// Opens a file with keys or certificates, if the configuration names it.
pub type OpenKey = dyn Fn(&Path) -> io::Result<std::fs::File> + Send + Sync;

/// What the parent opens for the server beside sockets.
pub struct Files {
    pub log: Box<OpenLog>,
    pub key: Box<OpenKey>,
}

/// Starts `server` (which must drop root by itself) with the way to us as its standard input, and serves it until it ends;
/// gives its exit status. Signals to stop or reload are passed on to it.
pub fn supervise(mut server: Command, jobs: Arc<impl OwnerJobs>, files: Files) -> Result<i32, MasterError> {
    let broken = |e: io::Error| MasterError::Parent(e.to_string());
    // Files are written with the owner's user and group only, never with root's other groups.
    setgroups(&[]).map_err(|e| broken(e.into()))?;
    // Files that commands make are nobody else's business unless they say so, as under Postfix.
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o077));
    let (ours, theirs) = UnixStream::pair().map_err(broken)?;
    let signals = nix::sys::signal::SigSet::from_iter([
        nix::sys::signal::Signal::SIGTERM,
        nix::sys::signal::Signal::SIGINT,
        nix::sys::signal::Signal::SIGHUP,
        nix::sys::signal::Signal::SIGCHLD,
    ]);
    // Blocked before the first thread starts, so that only `wait` below sees them. The child unblocks its own.
    signals.thread_block().map_err(|e| broken(e.into()))?;
    let child = server.stdin(Stdio::from(OwnedFd::from(theirs))).spawn().map_err(broken)?;
    drop(server);
    thread::spawn(move || answer(ours, &jobs, &files));
    wait(child, &signals)
}

fn wait(mut child: Child, signals: &nix::sys::signal::SigSet) -> Result<i32, MasterError> {
    use nix::sys::signal::{Signal, kill};
    let broken = |e: io::Error| MasterError::Parent(e.to_string());
    let pid = nix::unistd::Pid::from_raw(child.id() as i32);
    loop {
        let signal = signals.wait().map_err(|e| broken(e.into()))?;
        if signal == Signal::SIGCHLD {
            if let Some(status) = child.try_wait().map_err(broken)? {
                return Ok(status.code().unwrap_or(1));
            }
        } else {
            // It may have ended just now; then SIGCHLD follows.
            let _ = kill(pid, signal);
        }
    }
}

fn answer(mut stream: UnixStream, jobs: &Arc<impl OwnerJobs>, files: &Files) {
    while let Ok(Some(request)) = channel::receive::<Request>(&mut stream) {
        let given: io::Result<OwnedFd> = match request {
            Request::Bind(address) => match listen::bind(address) {
                Ok(socket) => Ok(socket.into()),
                Err(MasterError::Bind { source, .. }) => Err(source),
                Err(other) => Err(io::Error::other(other.to_string())),
            },
            Request::LogFile => (files.log)().map(Into::into),
            Request::KeyFile(path) => (files.key)(&path).map(Into::into),
            Request::Jobs => UnixStream::pair().map(|(ours, theirs)| {
                let jobs = jobs.clone();
                thread::spawn(move || work(ours, &*jobs));
                theirs.into()
            }),
        };
        let sent = match given {
            Ok(descriptor) => channel::send(&mut stream, &Response::Descriptor)
                .and_then(|()| channel::send_descriptor(&stream, &descriptor)),
            Err(error) => {
                channel::send(&mut stream, &Response::Failed(error.raw_os_error().unwrap_or(0), error.to_string()))
            }
        };
        if sent.is_err() {
            return;
        }
    }
}

/// One channel for jobs. Ends when the server closes it or breaks the protocol.
fn work<W: OwnerJobs>(stream: UnixStream, jobs: &W) {
    let Ok(mut answers) = stream.try_clone() else { return };
    // A small job comes in with one read.
    let mut stream = BufReader::with_capacity(64 * 1024, stream);
    while let Ok(Some(Job { job, content })) = channel::receive::<Job<W::Job>>(&mut stream) {
        if content > CONTENT_LIMIT {
            return;
        }
        let owner = jobs.owner(&job);
        let mut input = (&mut stream).take(content);
        let refused = if (owner.uid == 0 || owner.gid == 0) && !(owner.uid == 0 && jobs.for_root(&job)) {
            Err(format!("{}:{}: nothing is done with root's rights", owner.uid, owner.gid))
        } else {
            become_owner(owner).map_err(|error| error.to_string())
        };
        let (outcome, result) = match refused {
            Ok(()) => jobs.work(job, content, &mut input),
            Err(text) => (jobs.refused(text), Vec::new()),
        };
        // What a failed job left unread must not be taken for the next one.
        let answered = io::copy(&mut input, &mut io::sink())
            .and_then(|_| channel::send(&mut answers, &Done { outcome, content: result.len() as u64 }))
            .and_then(|()| answers.write_all(&result));
        if answered.is_err() {
            return;
        }
    }
}

/// File system rights of this thread only (setfsuid(2)); the kernel takes root's file capabilities away with them.
fn become_owner(owner: Owner) -> io::Result<()> {
    let (uid, gid) = (Uid::from_raw(owner.uid), Gid::from_raw(owner.gid));
    // The calls give the former id and no error: asking twice shows whether the first took.
    setfsgid(gid);
    setfsuid(uid);
    if setfsgid(gid) == gid && setfsuid(uid) == uid {
        return Ok(());
    }
    Err(io::Error::other(format!("cannot act as {}:{}", owner.uid, owner.gid)))
}

#[cfg(test)]
mod tests;
