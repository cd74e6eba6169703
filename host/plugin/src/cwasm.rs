//! The store of compiled components in data_directory. Cranelift takes a tenth of a second for a small component and
//! seconds for an interpreter; reading its result back takes a tenth of a millisecond.
#![allow(unsafe_code)] // Component::deserialize; see Store::read.

use std::{
    fs::{self, File, OpenOptions},
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};
use wasmtime::{Engine, component::Component};

/// The store. Without a directory that belongs to us alone, nothing is read or written.
pub(crate) struct CompiledStore {
    directory: Option<PathBuf>,
    /// Engine settings and version a compiled component must have been made with.
    compatibility: u64,
}

impl CompiledStore {
    /// Opens `directory`, made where it is missing.
    pub(crate) fn open(directory: &Path, engine: &Engine) -> Self {
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(directory);
        let ours =
            made.and_then(|()| fs::symlink_metadata(directory)).is_ok_and(|found| found.is_dir() && is_ours(&found));
        Self { directory: ours.then(|| directory.to_path_buf()), compatibility: hasher.finish() }
    }

    fn path(&self, hash: &str) -> Option<PathBuf> {
        Some(self.directory.as_ref()?.join(format!("{hash}-{:016x}.cwasm", self.compatibility)))
    }

    /// The compiled form of the component with this hash; none where it is missing, not ours, or does not load.
    pub(crate) fn read(&self, engine: &Engine, hash: &str) -> Option<Component> {
        let path = self.path(hash)?;
        let bytes = read_own_file(&path).ok()?;
        let (code, digest) = bytes.split_at_checked(bytes.len().checked_sub(32)?)?;
        // A torn write (power cut before the rename reached the disk) must not reach the deserializer.
        if Sha256::digest(code)[..] != *digest {
            return None;
        }
        // SAFETY: `deserialize` runs what it is given as machine code, so the bytes must come from `Component::serialize`.
        // They do: `write` below is the only writer. The directory and the file belong to our own uid and nobody else may
        // write to either (`is_ours`), the file was opened without following a link and checked through the open
        // descriptor, its digest is right, and its name carries the hash of the engine's compiler settings and version,
        // which `deserialize` checks again. Who can write there as our uid could replace this program itself.
        unsafe { Component::deserialize(engine, code) }.ok()
    }

    /// Keeps the compiled form for the next start. Failure costs only time.
    pub(crate) fn write(&self, component: &Component, hash: &str) -> io::Result<()> {
        let Some(path) = self.path(hash) else { return Ok(()) };
        let code = component.serialize().map_err(io::Error::other)?;
        let mut name = path.clone().into_os_string();
        name.push(format!(".{}", std::process::id()));
        let temporary = PathBuf::from(name);
        let _ = fs::remove_file(&temporary);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
        let written = file.write_all(&code).and_then(|()| file.write_all(&Sha256::digest(&code)));
        let renamed = written.and_then(|()| fs::rename(&temporary, &path));
        if renamed.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        renamed
    }
}

/// The hash a component is known by.
pub(crate) fn hash(wasm: &[u8]) -> String {
    Sha256::digest(wasm).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Owned by us, and writable by nobody else.
fn is_ours(found: &fs::Metadata) -> bool {
    found.uid() == nix::unistd::geteuid().as_raw() && found.mode() & 0o022 == 0
}

fn read_own_file(path: &Path) -> io::Result<Vec<u8>> {
    let mut file: File = OpenOptions::new().read(true).custom_flags(nix::fcntl::OFlag::O_NOFOLLOW.bits()).open(path)?;
    let found = file.metadata()?;
    if !found.is_file() || !is_ours(&found) {
        return Err(io::Error::from(io::ErrorKind::PermissionDenied));
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
