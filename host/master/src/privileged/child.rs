//! The server's side: asking the privileged parent.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    os::{
        fd::{AsFd, OwnedFd},
        unix::net::UnixStream,
    },
    path::Path,
    sync::{Mutex, PoisonError},
};

use serde::{Serialize, de::DeserializeOwned};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

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
        let descriptor = self.ask(&Request::Bind(address)).map_err(|source| MasterError::Bind { address, source })?;
        Ok(descriptor.into())
    }

    /// A channel for jobs of other users. Call within a tokio runtime.
    pub fn job_channel(&self) -> Result<JobChannel, MasterError> {
        let descriptor = self.ask(&Request::Jobs).map_err(|e| MasterError::Parent(e.to_string()))?;
        let open = |stream: UnixStream| {
            stream.set_nonblocking(true)?;
            tokio::net::UnixStream::from_std(stream)
        };
        open(descriptor.into()).map(JobChannel).map_err(|e| MasterError::Parent(e.to_string()))
    }

    /// The log file of main.cf, which the parent reads for itself.
    pub fn log_file(&self) -> io::Result<std::fs::File> {
        self.ask(&Request::LogFile).map(std::fs::File::from)
    }

    /// A file with keys or certificates, where the configuration names it.
    pub fn key_file(&self, path: &Path) -> io::Result<std::fs::File> {
        self.ask(&Request::KeyFile(path.to_path_buf())).map(std::fs::File::from)
    }

    fn ask(&self, request: &Request) -> io::Result<OwnedFd> {
        let mut stream = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        channel::send(&mut *stream, request)?;
        match channel::receive(&mut *stream)? {
            Some(Response::Descriptor) => channel::receive_descriptor(&stream),
            Some(Response::Failed(0, text)) => Err(io::Error::other(text)),
            Some(Response::Failed(errno, _)) => Err(io::Error::from_raw_os_error(errno)),
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

/// One thread of the parent, ready for jobs, one at a time.
#[derive(Debug)]
pub struct JobChannel(tokio::net::UnixStream);

impl JobChannel {
    /// Sends a job with its content and waits for the outcome and what comes with it. After an error the channel is of no more use.
    pub async fn job<J: Serialize, O: DeserializeOwned>(
        &mut self,
        job: &J,
        len: u64,
        content: impl Iterator<Item = io::Result<impl AsRef<[u8]>>>,
    ) -> io::Result<(O, Vec<u8>)> {
        let mut out = Vec::with_capacity(len.min(GATHERED) as usize + 1024);
        channel::send(&mut out, &Job { job, content: len })?;
        let mut sent = 0;
        for piece in content {
            let piece = piece?;
            out.extend_from_slice(piece.as_ref());
            sent += piece.as_ref().len() as u64;
            if out.len() as u64 >= GATHERED {
                self.0.write_all(&out).await?;
                out.clear();
            }
        }
        if sent != len {
            return Err(io::Error::other(format!("job of {len} bytes had {sent}")));
        }
        self.0.write_all(&out).await?;
        let mut head = [0; 4];
        self.0.read_exact(&mut head).await?;
        let size = u32::from_le_bytes(head);
        if size > FRAME_LIMIT {
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("frame of {size} bytes")));
        }
        let mut body = vec![0; size as usize];
        self.0.read_exact(&mut body).await?;
        let Done { outcome, content } = serde_json::from_slice(&body)?;
        if content > RESULT_LIMIT {
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("result of {content} bytes")));
        }
        let mut result = vec![0; content as usize];
        self.0.read_exact(&mut result).await?;
        Ok((outcome, result))
    }
}

/// A small message goes over in one write.
const GATHERED: u64 = 64 * 1024;
