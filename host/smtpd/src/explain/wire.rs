//! The imagined client's end of the line: says nothing until the server asks for content, and hears every reply.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Clones share.
#[derive(Clone, Default)]
pub(super) struct Wire(Arc<Mutex<Ends>>);

#[derive(Default)]
struct Ends {
    heard: Vec<u8>,
    /// What the client sends when it is read from; none: it waits.
    content: Option<Vec<u8>>,
}

impl Wire {
    /// From now on the client sends this and then no more.
    pub fn send(&self, content: Vec<u8>) {
        self.ends().content = Some(content);
    }

    /// The lines the server said since the last time.
    pub fn said(&self) -> Vec<String> {
        lines(&std::mem::take(&mut self.ends().heard))
    }

    fn ends(&self) -> MutexGuard<'_, Ends> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reply lines without their ends.
pub(super) fn lines(output: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(output).lines().map(str::to_string).collect()
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        // A read while the client waits is the look for early commands at the greeting: it does not stay for the answer.
        let mut ends = self.ends();
        let Some(content) = &mut ends.content else { return Poll::Pending };
        let count = content.len().min(buffer.remaining());
        buffer.put_slice(&content[..count]);
        content.drain(..count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.ends().heard.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
