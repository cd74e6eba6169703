//! FILE.cdb as postmap(1) makes it: a new file beside the old one, which then takes its name.

use std::{
    fs::OpenOptions,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use super::{HEAD, TABLES, hash};
use crate::{
    error::reason,
    postmap::{Entries, PostmapError, Writing},
};

/// Writes the entries in place of all there were. The old file stays whole until the new one is durable.
pub(crate) fn write(path: &Path, entries: &Entries, writing: &Writing) -> Result<(), PostmapError> {
    let failed = |error: io::Error| PostmapError::Write(format!("write {}: {}", path.display(), reason(&error)));
    let content = content(entries).ok_or_else(|| failed(io::Error::other("a cdb file holds at most 4 GB")))?;
    let temporary = format!("{}.tmp", path.display());
    let create = OpenOptions::new().write(true).create(true).truncate(true).mode(writing.mode).open(&temporary);
    let mut file =
        create.map_err(|error| PostmapError::Write(format!("open database {temporary}: {}", reason(&error))))?;
    let written = file.write_all(&content).and_then(|()| file.sync_all());
    written.and_then(|()| std::fs::rename(&temporary, path)).map_err(|error| {
        // What is left of it serves nobody; the error that counts is the first.
        let _ = std::fs::remove_file(&temporary);
        failed(error)
    })
}

/// None when it does not fit the 32 bits of a position.
fn content(entries: &Entries) -> Option<Vec<u8>> {
    let mut content = vec![0; HEAD];
    let mut tables: Vec<Vec<(u32, u32)>> = vec![Vec::new(); TABLES];
    let put = |content: &mut Vec<u8>, numbers: [u32; 2]| numbers.iter().for_each(|n| content.extend(n.to_le_bytes()));
    for (key, value) in entries {
        let hash = hash(key);
        tables[hash as usize % TABLES].push((hash, u32::try_from(content.len()).ok()?));
        put(&mut content, [u32::try_from(key.len()).ok()?, u32::try_from(value.len()).ok()?]);
        content.extend(key);
        content.extend(value);
    }
    for (index, table) in tables.iter().enumerate() {
        // Half of the slots stay free, so that a search ends soon.
        let mut slots = vec![[0, 0]; table.len() * 2];
        for (hash, position) in table {
            let mut slot = (*hash as usize >> 8) % slots.len();
            while slots[slot][1] != 0 {
                slot = (slot + 1) % slots.len();
            }
            slots[slot] = [*hash, *position];
        }
        let position = u32::try_from(content.len()).ok()?;
        content[index * 8..index * 8 + 4].copy_from_slice(&position.to_le_bytes());
        content[index * 8 + 4..index * 8 + 8].copy_from_slice(&u32::try_from(slots.len()).ok()?.to_le_bytes());
        slots.into_iter().for_each(|slot| put(&mut content, slot));
    }
    u32::try_from(content.len()).ok()?;
    Some(content)
}
