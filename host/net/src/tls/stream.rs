//! A connection that may change from clear text to TLS within its life: RFC 3207.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};

/// Bytes of a peer, in the clear or under TLS.
pub enum Stream<S> {
    Plain(S),
    Tls(Box<tokio_rustls::TlsStream<S>>),
    /// A handshake failed: what the peer would make of further bytes is not known, so there are none.
    Gone,
}

/// Why there is no TLS session.
#[derive(Debug, thiserror::Error)]
pub enum HandshakeError {
    #[error("lost connection")]
    Lost,
    #[error("Connection timed out")]
    Timeout,
    /// The peer's fault or a lack of anything in common. The text is the library's.
    #[error("{0}")]
    Library(String),
    /// Settings that only show when they are used. Texts for the log.
    #[error("{}", .0.join("; "))]
    Settings(Vec<String>),
}

impl From<io::Error> for HandshakeError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::InvalidData => Self::Library(error.to_string()),
            _ => Self::Lost,
        }
    }
}

impl<S> Stream<S> {
    /// The connection below.
    pub fn lowest(&self) -> Option<&S> {
        match self {
            Self::Plain(stream) => Some(stream),
            Self::Tls(tls) => Some(tls.get_ref().0),
            Self::Gone => None,
        }
    }

    /// The connection in the clear, for a handshake. None: there is none.
    pub(super) fn take_plain(&mut self) -> Option<S> {
        match std::mem::replace(self, Self::Gone) {
            Self::Plain(stream) => Some(stream),
            other => {
                *self = other;
                None
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream<S> {
    /// Says in TLS that the session is over, so that its end is not taken for an attack. A peer that does not listen is not
    /// waited for.
    pub async fn close(&mut self) {
        if let Self::Tls(stream) = self {
            let _ = tokio::time::timeout(std::time::Duration::from_secs(1), stream.shutdown()).await;
        }
    }
}

fn gone() -> io::Error {
    io::ErrorKind::NotConnected.into()
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stream<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, space: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, space),
            Self::Tls(stream) => match Pin::new(stream).poll_read(context, space) {
                // Many clients close without saying so in TLS; to SMTP an end is an end.
                Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => Poll::Ready(Ok(())),
                other => other,
            },
            Self::Gone => Poll::Ready(Err(gone())),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Gone => Poll::Ready(Err(gone())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
            Self::Gone => Poll::Ready(Err(gone())),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Gone => Poll::Ready(Ok(())),
        }
    }
}
