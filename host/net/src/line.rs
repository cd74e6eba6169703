//! Buffered line I/O for both sides of SMTP (RFC 5321 section 2.3.8), as Postfix's smtp_stream(3).

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::deadline::{Deadline, Timer};

const FIRST_SIZE: usize = 4 * 1024;
const LARGEST_SIZE: usize = 64 * 1024;
/// Output beyond this is sent without being asked to flush, and pieces as large go out without a copy.
const OUTPUT_SIZE: usize = 16 * 1024;
/// A line that goes on for so long will never end.
const ENDLESS: usize = 1024 * 1024;

/// Why a connection is of no more use.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// The peer did not send or take data in time.
    #[error("timeout")]
    Timeout,
    /// The peer closed; also within a line.
    #[error("lost connection")]
    Eof,
    /// The system reported an error, such as a reset by the peer.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// How a line ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineEnd {
    CrLf,
    /// A bare LF; RFC 5321 section 2.3.8 forbids it.
    Lf,
    /// Longer than the limit: the rest, up to and including the line end, was thrown away.
    TooLong,
}

/// A connection with buffers on both sides. Output is kept until [`Connection::flush`], until there is much of it, or
/// until a read has to ask the system, so that a batch of pipelined commands or replies costs one system call.
pub struct Connection<S> {
    stream: S,
    input: Vec<u8>,
    /// What is buffered: input[start..end].
    start: usize,
    end: usize,
    /// The last read filled the whole buffer.
    filled: bool,
    output: Vec<u8>,
    timer: Timer,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Takes over an open stream.
    pub fn new(stream: S) -> Self {
        Self { stream, input: Vec::new(), start: 0, end: 0, filled: false, output: Vec::new(), timer: Timer::default() }
    }

    /// The stream below.
    pub fn stream(&self) -> &S {
        &self.stream
    }

    /// The stream alone, for STARTTLS. Buffered input is dropped with the buffer: nothing that was sent in the clear may
    /// be taken for part of the encrypted session (CVE-2011-0411).
    pub fn into_stream(self) -> S {
        self.stream
    }

    /// The stream below, to put TLS on it.
    pub fn stream_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// Forgets what has arrived and was not consumed: nothing that was sent in the clear may be taken for part of the
    /// encrypted session (RFC 3207 section 4.2, CVE-2011-0411).
    pub fn discard_input(&mut self) {
        self.consume(usize::MAX);
    }

    /// What has arrived and was not consumed: not empty after a command means pipelining.
    pub fn buffered(&self) -> &[u8] {
        &self.input[self.start..self.end]
    }

    /// Marks the first `count` buffered bytes as used. More than there are: all.
    pub fn consume(&mut self, count: usize) {
        self.start = self.start.saturating_add(count).min(self.end);
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        }
    }

    /// Buffered input, after a read if there is none. Never empty.
    pub async fn fill(&mut self, deadline: &mut Deadline) -> Result<&[u8], ConnectionError> {
        if self.start == self.end {
            self.fill_more(deadline).await?;
        }
        Ok(self.buffered())
    }

    /// Reads more behind what is buffered; returns how many bytes came. The buffer grows with what is left in it, so the
    /// caller consumes.
    pub async fn fill_more(&mut self, deadline: &mut Deadline) -> Result<usize, ConnectionError> {
        self.flush(deadline).await?;
        self.make_room();
        let (stream, free) = (&mut self.stream, &mut self.input[self.end..]);
        let read = |context: &mut Context<'_>| {
            let mut space = ReadBuf::new(free);
            Pin::new(&mut *stream).poll_read(context, &mut space).map_ok(|()| space.filled().len())
        };
        let count = self.timer.run(deadline, read).await.ok_or(ConnectionError::Timeout)??;
        if count == 0 {
            return Err(ConnectionError::Eof);
        }
        self.filled = count == self.input.len() - self.end;
        self.end += count;
        deadline.transferred(count);
        Ok(count)
    }

    /// Small at first, since most connections wait most of the time; larger once a peer has filled it.
    fn make_room(&mut self) {
        let tight = self.input.len() - self.end < FIRST_SIZE / 4;
        if tight && self.start > 0 {
            self.input.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        let still_tight = self.input.len() - self.end < FIRST_SIZE / 4;
        if still_tight || (self.filled && self.input.len() < LARGEST_SIZE) {
            let size = (self.input.len() * 2).clamp(FIRST_SIZE, LARGEST_SIZE.max(self.end + LARGEST_SIZE / 4));
            self.input.resize(size, 0);
        }
    }

    /// Reads one line into `line` (replacing what it holds), without its line end and cut to `limit` bytes. Never holds
    /// more than `limit` bytes and one buffer, however long the line is; a mebibyte over the limit is an error.
    pub async fn read_line(
        &mut self,
        limit: usize,
        deadline: &mut Deadline,
        line: &mut Vec<u8>,
    ) -> Result<LineEnd, ConnectionError> {
        line.clear();
        let (mut cut, mut drained) = (false, 0);
        loop {
            let piece = self.fill(deadline).await?;
            let newline = memchr::memchr(b'\n', piece);
            let part = &piece[..newline.unwrap_or(piece.len())];
            // One byte more than the limit, for a CR that may belong to the line end.
            let room = (limit + 1).saturating_sub(line.len());
            cut |= part.len() > room;
            line.extend_from_slice(&part[..part.len().min(room)]);
            let used = part.len() + usize::from(newline.is_some());
            self.consume(used);
            drained += used;
            if drained > limit.saturating_add(ENDLESS) {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "endless line").into());
            }
            if newline.is_some() {
                return Ok(end_line(line, cut, limit));
            }
        }
    }

    /// Appends to the output.
    pub fn write(&mut self, bytes: &[u8]) {
        self.output.extend_from_slice(bytes);
    }

    /// The buffer of [`Connection::write`], for callers that format into it.
    pub fn output(&mut self) -> &mut Vec<u8> {
        &mut self.output
    }

    /// Sends a piece of content: small ones join the output, large ones go out as they lie.
    pub async fn send(&mut self, piece: &[u8], deadline: &mut Deadline) -> Result<(), ConnectionError> {
        if self.output.len() + piece.len() <= OUTPUT_SIZE {
            self.output.extend_from_slice(piece);
            return Ok(());
        }
        self.flush(deadline).await?;
        if piece.len() < OUTPUT_SIZE / 2 {
            self.output.extend_from_slice(piece);
            return Ok(());
        }
        write_all(&mut self.stream, &mut self.timer, piece, deadline).await
    }

    /// Sends all output.
    pub async fn flush(&mut self, deadline: &mut Deadline) -> Result<(), ConnectionError> {
        if self.output.is_empty() {
            return Ok(());
        }
        let sent = write_all(&mut self.stream, &mut self.timer, &self.output, deadline).await;
        self.output.clear();
        if self.output.capacity() > 4 * OUTPUT_SIZE {
            self.output.shrink_to(OUTPUT_SIZE);
        }
        sent
    }
}

async fn write_all<S: AsyncWrite + Unpin>(
    stream: &mut S,
    timer: &mut Timer,
    mut bytes: &[u8],
    deadline: &mut Deadline,
) -> Result<(), ConnectionError> {
    while !bytes.is_empty() {
        let write = |context: &mut Context<'_>| Pin::new(&mut *stream).poll_write(context, bytes);
        let count = timer.run(deadline, write).await.ok_or(ConnectionError::Timeout)??;
        if count == 0 {
            return Err(ConnectionError::Eof);
        }
        deadline.transferred(count);
        bytes = &bytes[count..];
    }
    // A TLS layer keeps what is not flushed; for a plain socket this does nothing.
    let flush = |context: &mut Context<'_>| -> Poll<io::Result<()>> { Pin::new(&mut *stream).poll_flush(context) };
    Ok(timer.run(deadline, flush).await.ok_or(ConnectionError::Timeout)??)
}

/// The line end was found: says which, and cuts the line.
fn end_line(line: &mut Vec<u8>, cut: bool, limit: usize) -> LineEnd {
    let crlf = !cut && line.last() == Some(&b'\r');
    if crlf {
        line.pop();
    }
    if cut || line.len() > limit {
        line.truncate(limit);
        return LineEnd::TooLong;
    }
    if crlf { LineEnd::CrLf } else { LineEnd::Lf }
}

#[cfg(test)]
mod tests;
