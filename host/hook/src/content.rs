//! The content of a queued message: header, empty line, body, with CR LF line ends and without dot stuffing.

use std::{fs::File, io, os::unix::fs::FileExt, sync::Arc};

use bytes::Bytes;

/// Where the content lies. Clones share.
#[derive(Clone, Debug)]
pub enum Content {
    Memory(Bytes),
    /// A part of a queue file.
    File {
        file: Arc<File>,
        offset: u64,
        len: u64,
    },
}

impl Content {
    /// Bytes.
    pub fn len(&self) -> u64 {
        match self {
            Content::Memory(bytes) => bytes.len() as u64,
            Content::File { len, .. } => *len,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Up to `len` bytes from `at`; empty at the end. Without a copy where the content lies in memory.
    pub fn read(&self, at: u64, len: usize) -> io::Result<Bytes> {
        match self {
            Content::Memory(bytes) => {
                let start = (at as usize).min(bytes.len());
                Ok(bytes.slice(start..start.saturating_add(len).min(bytes.len())))
            }
            Content::File { file, offset, len: total } => {
                let want = len.min(total.saturating_sub(at) as usize);
                let mut piece = vec![0; want];
                file.read_exact_at(&mut piece, offset + at)?;
                Ok(piece.into())
            }
        }
    }

    /// The whole content in pieces of up to 64 KiB.
    pub fn pieces(&self) -> impl Iterator<Item = io::Result<Bytes>> + '_ {
        let mut at = 0;
        std::iter::from_fn(move || {
            if at >= self.len() {
                return None;
            }
            let piece = self.read(at, 64 * 1024);
            match &piece {
                Ok(bytes) => at += bytes.len() as u64,
                Err(_) => at = u64::MAX,
            }
            Some(piece)
        })
    }
}
