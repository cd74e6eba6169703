//! The parent's side: starts the server, binds, writes mailboxes, passes signals on.

use std::{
    io::{self, BufReader, Read},
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

/// Does mailbox jobs: `owner` says with whose rights, `write` does one. `write` runs in a thread that has those rights.
pub struct WriteMailbox<J, O> {
    pub owner: fn(&J) -> Owner,
    pub write: fn(J, &mut dyn Read) -> O,
    /// The outcome of a job that may not be done.
    pub refused: fn(String) -> O,
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
pub fn supervise<J, O>(mut server: Command, mailbox: Arc<WriteMailbox<J, O>>, files: Files) -> Result<i32, MasterError>
where
    J: DeserializeOwned + 'static,
    O: Serialize + 'static,
{
    let broken = |e: io::Error| MasterError::Parent(e.to_string());
    // Files are written with the owner's user and group only, never with root's other groups.
    setgroups(&[Gid::from_raw(0)]).map_err(|e| broken(e.into()))?;
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
    thread::spawn(move || answer(ours, &mailbox, &files));
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

fn answer<J, O>(mut stream: UnixStream, mailbox: &Arc<WriteMailbox<J, O>>, files: &Files)
where
    J: DeserializeOwned + 'static,
    O: Serialize + 'static,
{
    while let Ok(Some(request)) = channel::receive::<Request>(&mut stream) {
        let given: io::Result<OwnedFd> = match request {
            Request::Bind(address) => match listen::bind(address) {
                Ok(socket) => Ok(socket.into()),
                Err(MasterError::Bind { source, .. }) => Err(source),
                Err(other) => Err(io::Error::other(other.to_string())),
            },
            Request::LogFile => (files.log)().map(Into::into),
            Request::KeyFile(path) => (files.key)(&path).map(Into::into),
            Request::Mailbox => UnixStream::pair().map(|(ours, theirs)| {
                let mailbox = mailbox.clone();
                thread::spawn(move || work(ours, &mailbox));
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

/// One mailbox channel. Ends when the server closes it or breaks the protocol.
fn work<J: DeserializeOwned, O: Serialize>(stream: UnixStream, mailbox: &WriteMailbox<J, O>) {
    let Ok(mut answers) = stream.try_clone() else { return };
    // A small job comes in with one read.
    let mut stream = BufReader::with_capacity(64 * 1024, stream);
    while let Ok(Some(Job { job, content })) = channel::receive::<Job<J>>(&mut stream) {
        if content > CONTENT_LIMIT {
            return;
        }
        let owner = (mailbox.owner)(&job);
        let mut input = (&mut stream).take(content);
        let outcome = if owner.uid == 0 || owner.gid == 0 {
            (mailbox.refused)(format!("mailbox owner {}:{}: root owns no mailbox", owner.uid, owner.gid))
        } else {
            match become_owner(owner) {
                Ok(()) => (mailbox.write)(job, &mut input),
                Err(error) => (mailbox.refused)(error.to_string()),
            }
        };
        // What a failed write left unread must not be taken for the next job.
        if io::copy(&mut input, &mut io::sink()).is_err() || channel::send(&mut answers, &outcome).is_err() {
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
