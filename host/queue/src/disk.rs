//! The few operations that make mail durable, behind a port so that a test can let each of them fail.

use std::{
    fs::{File, OpenOptions},
    io::{self, IoSlice},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

/// What the queue asks of the file system where an answer decides over a 250.
pub trait Disk: Send + Sync {
    /// A new file, readable and writable by its owner only; fails if there is one.
    fn create(&self, path: &Path) -> io::Result<File>;
    /// Writes some of the bytes at an offset; says how many.
    fn write(&self, file: &File, bytes: &[IoSlice<'_>], offset: u64) -> io::Result<usize>;
    /// fdatasync(2).
    fn sync_data(&self, file: &File) -> io::Result<()>;
    /// fsync(2).
    fn sync_all(&self, file: &File) -> io::Result<()>;
    /// rename(2).
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Makes the names in a directory durable.
    fn sync_directory(&self, path: &Path) -> io::Result<()>;
}

/// The file system of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocalDisk;

impl Disk for LocalDisk {
    fn create(&self, path: &Path) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)
    }

    fn write(&self, file: &File, bytes: &[IoSlice<'_>], offset: u64) -> io::Result<usize> {
        Ok(nix::sys::uio::pwritev(file, bytes, offset as nix::libc::off_t)?)
    }

    fn sync_data(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }

    fn sync_all(&self, file: &File) -> io::Result<()> {
        file.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }
}

/// Most slices one pwritev(2) takes.
const MOST_SLICES: usize = 1024;

/// Writes all of the slices at `offset`. On an error an unknown part of them is written.
pub(crate) fn write_all(disk: &dyn Disk, file: &File, mut slices: &mut [IoSlice<'_>], offset: u64) -> io::Result<u64> {
    let mut written = 0;
    IoSlice::advance_slices(&mut slices, 0);
    while !slices.is_empty() {
        let few = &slices[..slices.len().min(MOST_SLICES)];
        match disk.write(file, few, offset + written) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => {
                written += count as u64;
                IoSlice::advance_slices(&mut slices, count);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(written)
}
