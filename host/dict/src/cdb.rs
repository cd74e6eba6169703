//! `cdb:FILE`: the file FILE.cdb, D. J. Bernstein's constant database (cdb_table(5), <https://cr.yp.to/cdb/cdb.txt>).

pub(crate) mod write;

use std::{path::Path, sync::Arc};

use hook::{Lookup, Table, TableError, TableKind};

use crate::{DictError, open::Environment, source::Source};

pub(crate) struct CdbTable {
    title: String,
    path: String,
    source: Arc<Source<Vec<u8>>>,
}

impl CdbTable {
    pub fn open(title: &str, name: &str, environment: &Environment) -> Result<Self, DictError> {
        let path = format!("{name}.cdb");
        let source = Source::open(Path::new(&path), environment, Box::new(<[u8]>::to_vec))
            .map_err(|error| DictError::StorageOpen { what: "database ", path: path.clone().into(), error })?;
        Ok(Self { title: title.to_string(), path, source })
    }
}

impl Table for CdbTable {
    fn title(&self) -> &str {
        &self.title
    }
    fn kind(&self) -> TableKind {
        TableKind::Keys
    }
    fn lookup<'a>(&'a self, key: &'a str) -> Lookup<'a, Option<String>> {
        let current = self.source.current();
        // postmap -N ends keys and values with a null character, which Postfix asks for first.
        let with_null = [key.as_bytes(), b"\0"].concat();
        let found = match find(&current.value, &with_null) {
            Ok(None) => find(&current.value, key.as_bytes()),
            other => other,
        };
        Lookup::Now(match found {
            Ok(value) => {
                Ok(value.map(|value| String::from_utf8_lossy(value.strip_suffix(b"\0").unwrap_or(value)).into_owned()))
            }
            Err(Damaged) => {
                let path = &self.path;
                Err(TableError::Temporary(format!("{path}: the cdb file is damaged or incomplete; run postmap again")))
            }
        })
    }
}

/// The file points beyond its end.
#[derive(Debug, PartialEq, Eq)]
struct Damaged;

/// There are 256 hash tables, to which the file's head points.
const TABLES: usize = 256;
const HEAD: usize = TABLES * 8;

fn hash(key: &[u8]) -> u32 {
    key.iter().fold(5381, |hash: u32, byte| (hash << 5).wrapping_add(hash) ^ u32::from(*byte))
}

/// The first value of a key.
fn find<'f>(file: &'f [u8], key: &[u8]) -> Result<Option<&'f [u8]>, Damaged> {
    let hash = hash(key);
    let (start, slots) = pair(file, hash as usize % TABLES * 8)?;
    if slots == 0 {
        return Ok(None);
    }
    let first = (hash as usize >> 8) % slots;
    for slot in (first..slots).chain(0..first) {
        let (slot_hash, record) = pair(file, start + slot * 8)?;
        if record == 0 {
            return Ok(None);
        }
        if slot_hash == hash as usize {
            let (key_size, value_size) = pair(file, record)?;
            let record = file.get(record + 8..).ok_or(Damaged)?;
            let (found, rest) = record.split_at_checked(key_size).ok_or(Damaged)?;
            if found == key {
                return rest.get(..value_size).map(Some).ok_or(Damaged);
            }
        }
    }
    Ok(None)
}

/// Two numbers that stand one behind the other.
fn pair(file: &[u8], at: usize) -> Result<(usize, usize), Damaged> {
    let bytes: [u8; 8] = file.get(at..).and_then(|bytes| bytes.first_chunk()).copied().ok_or(Damaged)?;
    let [a, b, c, d, e, f, g, h] = bytes;
    Ok((u32::from_le_bytes([a, b, c, d]) as usize, u32::from_le_bytes([e, f, g, h]) as usize))
}

#[cfg(test)]
mod tests;
