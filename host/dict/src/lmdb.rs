//! `lmdb:FILE`: the file FILE.lmdb that postmap(1) writes (lmdb_table(5)).
//!
//! The file is read as a whole, into memory, by code that takes every number in it with doubt: LMDB itself maps the file
//! and trusts it, so that a damaged or half copied table would end the whole server. Only postmap writes, through LMDB.

pub(crate) mod write;

use std::{path::Path, sync::Arc};

use hook::{Lookup, Table, TableError, TableKind};
use indexmap::IndexMap;

use crate::{DictError, open::Environment, source::Source};

pub(crate) struct LmdbTable {
    title: String,
    source: Arc<Source<Result<IndexMap<String, String>, String>>>,
}

impl LmdbTable {
    pub fn open(title: &str, name: &str, environment: &Environment) -> Result<Self, DictError> {
        let path = format!("{name}.lmdb");
        let shown = path.clone();
        let parse = move |content: &[u8]| entries(content).map_err(|reason| format!("{shown}: {reason}"));
        let source = Source::open(Path::new(&path), environment, Box::new(parse))
            .map_err(|error| DictError::StorageOpen { what: "database ", path: path.into(), error })?;
        if let Err(reason) = &source.current().value {
            return Err(DictError::ConfigSyntax(reason.clone()));
        }
        Ok(Self { title: title.to_string(), source })
    }
}

impl Table for LmdbTable {
    fn title(&self) -> &str {
        &self.title
    }
    fn kind(&self) -> TableKind {
        TableKind::Keys
    }
    fn lookup<'a>(&'a self, key: &'a str) -> Lookup<'a, Option<String>> {
        Lookup::Now(match &self.source.current().value {
            Ok(entries) => Ok(entries.get(key).cloned()),
            Err(reason) => Err(TableError::Temporary(reason.clone())),
        })
    }
    fn entries(&self) -> Option<Vec<(String, String)>> {
        let current = self.source.current();
        let entries = current.value.as_ref().ok()?;
        Some(entries.iter().map(|(key, value)| (key.clone(), value.clone())).collect())
    }
}

/// The entries in the order of their keys. postmap ends keys and values with a null character or (-n) not; it is not theirs.
fn entries(content: &[u8]) -> Result<IndexMap<String, String>, String> {
    let mut entries = IndexMap::new();
    // Postmap asks for the key with its null first.
    let mut with_null = Vec::new();
    File::open(content)?.each(&mut |key, value| {
        let (bare, value) = (key.strip_suffix(b"\0").unwrap_or(key), value.strip_suffix(b"\0").unwrap_or(value));
        let Ok(text) = std::str::from_utf8(bare) else { return };
        let (text, value) = (text.to_string(), String::from_utf8_lossy(value).into_owned());
        if bare.len() < key.len() {
            with_null.push((text.clone(), value.clone()));
        }
        entries.insert(text, value);
    })?;
    entries.extend(with_null);
    Ok(entries)
}

// The format: mdb.c of LMDB 0.9, data version 1, on a machine of 64 bits and this byte order.
const MAGIC: u32 = 0xBEEF_C0DE;
const DATA_VERSION: u32 = 1;
const PAGE_HEADER: usize = 16;
const BRANCH: u16 = 0x01;
const LEAF: u16 = 0x02;
const OVERFLOW: u16 = 0x04;
/// A value that lies on pages of its own.
const BIG_VALUE: u16 = 0x01;
/// No B+ tree of such a depth fits on a disk.
const DEEPEST: usize = 32;

/// The bytes of a file, and which tree in it counts.
struct File<'f> {
    bytes: &'f [u8],
    page_size: usize,
    root: u64,
}

type Take<'t> = &'t mut dyn FnMut(&[u8], &[u8]);

impl<'f> File<'f> {
    /// There are two meta pages; the one of the later transaction counts.
    fn open(bytes: &'f [u8]) -> Result<Self, String> {
        // A database nothing was ever written to.
        if bytes.is_empty() {
            return Ok(Self { bytes, page_size: 4096, root: u64::MAX });
        }
        if u32_at(bytes, 16)? != MAGIC {
            return Err("not an LMDB file".to_string());
        }
        if u32_at(bytes, 20)? != DATA_VERSION {
            return Err("LMDB file of an unknown version".to_string());
        }
        let page_size = u32_at(bytes, 40)? as usize;
        if !(512..=65_536).contains(&page_size) {
            return Err(damaged());
        }
        let meta = |start: usize| Ok::<_, String>((u64_at(bytes, start + 144)?, u64_at(bytes, start + 128)?));
        let (first, second) = (meta(0)?, meta(page_size)?);
        let (_, root) = if second.0 > first.0 { second } else { first };
        Ok(Self { bytes, page_size, root })
    }

    fn each(&self, take: Take<'_>) -> Result<(), String> {
        // A page can be in the tree once; a file that says otherwise would be walked for ever.
        let mut left = self.bytes.len() / self.page_size;
        if self.root == u64::MAX { Ok(()) } else { self.tree(self.root, 0, &mut left, take) }
    }

    fn tree(&self, page: u64, depth: usize, left: &mut usize, take: Take<'_>) -> Result<(), String> {
        if depth > DEEPEST || *left == 0 {
            return Err(damaged());
        }
        *left -= 1;
        let bytes = self.page(page)?;
        let (flags, lower) = (u16_at(bytes, 10)?, u16_at(bytes, 12)? as usize);
        let count = lower.checked_sub(PAGE_HEADER).ok_or_else(damaged)? / 2;
        for index in 0..count {
            let node = bytes.get(u16_at(bytes, PAGE_HEADER + 2 * index)? as usize..).ok_or_else(damaged)?;
            let low = u32::from(u16_at(node, 0)?) | u32::from(u16_at(node, 2)?) << 16;
            let (node_flags, key_size) = (u16_at(node, 4)?, u16_at(node, 6)? as usize);
            if flags & BRANCH != 0 {
                self.tree(u64::from(low) | u64::from(node_flags) << 32, depth + 1, left, take)?;
            } else if flags & LEAF != 0 {
                let (key, rest) = node.get(8..).and_then(|node| node.split_at_checked(key_size)).ok_or_else(damaged)?;
                let value = match node_flags & BIG_VALUE {
                    0 => rest.get(..low as usize).ok_or_else(damaged)?,
                    _ => self.big_value(u64_at(rest, 0)?, low as usize)?,
                };
                take(key, value);
            } else {
                return Err(damaged());
            }
        }
        Ok(())
    }

    fn page(&self, number: u64) -> Result<&'f [u8], String> {
        let start = usize::try_from(number).ok().and_then(|number| number.checked_mul(self.page_size));
        let start = start.ok_or_else(damaged)?;
        self.bytes.get(start..start.saturating_add(self.page_size)).ok_or_else(damaged)
    }

    fn big_value(&self, page: u64, size: usize) -> Result<&'f [u8], String> {
        if u16_at(self.page(page)?, 10)? & OVERFLOW == 0 {
            return Err(damaged());
        }
        let start = page as usize * self.page_size + PAGE_HEADER;
        self.bytes.get(start..start.saturating_add(size)).ok_or_else(damaged)
    }
}

fn damaged() -> String {
    "the LMDB file is damaged or incomplete; run postmap again".to_string()
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N], String> {
    bytes.get(at..).and_then(|bytes| bytes.first_chunk()).copied().ok_or_else(damaged)
}

fn u16_at(bytes: &[u8], at: usize) -> Result<u16, String> {
    array(bytes, at).map(u16::from_ne_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Result<u32, String> {
    array(bytes, at).map(u32::from_ne_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> Result<u64, String> {
    array(bytes, at).map(u64::from_ne_bytes)
}

#[cfg(test)]
mod tests;
