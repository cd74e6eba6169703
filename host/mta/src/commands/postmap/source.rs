//! The text a table is made of, read with no more rights than its owner has.

use std::{
    fs::File,
    io::{self, Read},
    os::unix::fs::MetadataExt,
};

use anyhow::{Context, Result, anyhow};
use nix::unistd::{Gid, Uid, setegid, seteuid, setgroups};

/// What is read, and from where.
pub(super) struct Source {
    /// As warnings call it.
    pub name: String,
    pub content: Vec<u8>,
    /// The permissions of the text, which a new table takes over; None for standard input.
    pub mode: Option<u32>,
}

/// The file, or with `incremental` standard input. Root goes on as the owner of the file unless `stay_root` (-o).
pub(super) fn read(path: &str, incremental: bool, stay_root: bool) -> Result<Source> {
    let mut content = Vec::new();
    if incremental {
        io::stdin().read_to_end(&mut content).context("standard input")?;
        return Ok(Source { name: "stdin".to_string(), content, mode: None });
    }
    let failed = |error: io::Error| {
        let reason = error.raw_os_error().map(|number| nix::errno::Errno::from_raw(number).desc().to_string());
        anyhow!("open {path}: {}", reason.unwrap_or_else(|| error.to_string()))
    };
    let mut file = File::open(path).map_err(failed)?;
    let facts = file.metadata().map_err(failed)?;
    file.read_to_end(&mut content).map_err(failed)?;
    if !stay_root {
        become_owner(facts.uid(), facts.gid())?;
    }
    Ok(Source { name: path.to_string(), content, mode: Some(facts.mode() & 0o777) })
}

/// A table that others can write to must not be made with root's rights: its owner could have put a link there.
fn become_owner(uid: u32, gid: u32) -> Result<()> {
    if !Uid::current().is_root() || uid == Uid::effective().as_raw() {
        return Ok(());
    }
    // The next file may be another user's.
    seteuid(Uid::from_raw(0)).context("seteuid")?;
    if uid != 0 {
        setgroups(&[Gid::from_raw(gid)]).context("setgroups")?;
        setegid(Gid::from_raw(gid)).context("setegid")?;
        seteuid(Uid::from_raw(uid)).context("seteuid")?;
    }
    Ok(())
}
