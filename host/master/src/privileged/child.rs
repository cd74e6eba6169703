//! The server's side: asking the privileged parent.

use std::{
    io::{self, Write},
    net::{SocketAddr, TcpListener},
    os::{
        fd::{AsFd, OwnedFd},
        unix::net::UnixStream,
    },
    sync::{Mutex, PoisonError},
};

use serde::{Serialize, de::DeserializeOwned};

use super::{channel, protocol::*};
use crate::MasterError;

/// The way to the parent.
#[derive(Debug)]
pub struct Parent(Mutex<UnixStream>);

impl Parent {
    /// Takes over standard input, where the parent put its socket.
    pub fn on_standard_input() -> Result<Self, MasterError> {
        let broken = |e: io::Error| MasterError::Parent(e.to_string());
        let socket = io::stdin().as_fd().try_clone_to_owned().map_err(broken)?;
        Ok(Self(Mutex::new(UnixStream::from(socket))))
    }

    /// A listening socket bound with root's rights.
    pub fn bind(&self, address: SocketAddr) -> Result<TcpListener, MasterError> {
        let descriptor = self
            .ask(&Request::Bind(address))
            .map_err(|source| MasterError::Bind { address, source })?;
        Ok(descriptor.into())
    }

    /// A channel for mailbox jobs, one at a time.
    pub fn mailbox(&self) -> Result<MailboxChannel, MasterError> {
        let descriptor = self.ask(&Request::Mailbox).map_err(|e| MasterError::Parent(e.to_string()))?;
        Ok(MailboxChannel(descriptor.into()))
    }

    /// The log file of main.cf, which the parent reads for itself.
    pub fn log_file(&self) -> io::Result<std::fs::File> {
        self.ask(&Request::LogFile).map(std::fs::File::from)
    }

    fn ask(&self, request: &Request) -> io::Result<OwnedFd> {
        let mut stream = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        channel::send(&mut *stream, request)?;
        match channel::receive(&mut *stream)? {
            Some(Response::Descriptor) => channel::receive_descriptor(&stream),
            Some(Response::Failed(errno, text)) if errno == 0 => Err(io::Error::other(text)),
            Some(Response::Failed(errno, _)) => Err(io::Error::from_raw_os_error(errno)),
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

/// One thread of the parent, ready for mailbox jobs. Blocking: for a thread that may wait.
#[derive(Debug)]
pub struct MailboxChannel(UnixStream);

impl MailboxChannel {
    /// Sends a job with its content and waits for the outcome. After an error the channel is of no more use.
    pub fn job<J: Serialize, O: DeserializeOwned>(
        &mut self,
        job: &J,
        len: u64,
        content: impl Iterator<Item = io::Result<impl AsRef<[u8]>>>,
    ) -> io::Result<O> {
        channel::send(&mut self.0, &Job { job, content: len })?;
        let mut sent = 0;
        for piece in content {
            let piece = piece?;
            self.0.write_all(piece.as_ref())?;
            sent += piece.as_ref().len() as u64;
        }
        if sent != len {
            return Err(io::Error::other(format!("job of {len} bytes had {sent}")));
        }
        channel::receive(&mut self.0)?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}
