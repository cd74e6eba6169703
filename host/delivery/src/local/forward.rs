//! Forwarding files: forward_path, usually `~/.forward`.

use std::path::PathBuf;

use mail::Status;
use nix::libc;

use super::{
    attributes::{Account, Attributes, Source},
    expansion::{Expansion, Task},
    leaf::What,
};
use crate::{
    FileError, FileFacts,
    macros::{self, Use},
};

/// What stands in forward_path for a user.
struct Found {
    path: String,
    facts: FileFacts,
    /// The file's name has the address extension in it.
    with_extension: bool,
}

impl Expansion<'_> {
    /// True: mail for the user is forwarded, and all that comes of it is on its way.
    pub(super) async fn forwarding_file(&mut self, attributes: Attributes) -> bool {
        let mut it = attributes.deeper();
        if self.settings.forward_path.is_empty() {
            return false;
        }
        let account = match self.world.user(&it.user) {
            Ok(Some(account)) => account,
            Ok(None) => return false,
            Err(error) => {
                self.user_lookup_failed(it, &error);
                return true;
            }
        };
        if !self.settings.frozen_delivered_to {
            it.delivered = it.address.clone();
        }
        it.rights = Some(account.clone());
        it.source = Some(Source::Forward);
        // Other addresses get a message of their own, and :include: files leave the sender alone.
        it.owner = Some(it.user.clone());
        let found = match self.search_forward_path(&it, &account).await {
            Ok(Some(found)) => found,
            Ok(None) => return false,
            Err(text) => {
                self.refuse(it, Status::temporary(3, 0), text);
                return true;
            }
        };
        if found.with_extension || !self.settings.propagate_forward {
            it.unmatched = None;
        }
        let path = &found.path;
        if self.probe {
            let text = format!("forward via file: {path}");
            self.leaf(it, What::Done(text));
            return true;
        }
        if self.was_here(&format!("forward {path}")) {
            // Within its own expansion the user's mail goes to the mailbox; after it, it was delivered.
            return self.has_been(&format!("forward-done {path}"));
        }
        it.expanded_from = Some(it.local.clone());
        let wrong = match &found.facts {
            facts if !facts.regular => Some("is not a regular file".to_string()),
            facts if facts.uid != 0 && facts.uid != account.uid => Some(format!("has bad owner uid {}", facts.uid)),
            facts if facts.mode & 0o002 != 0 => Some("is world writable".to_string()),
            _ => None,
        };
        if let Some(wrong) = wrong {
            self.log.warning(format_args!("file {path} {wrong}"));
            return false;
        }
        match self.world.read(account.owner(), PathBuf::from(path)).await {
            Ok(text) => {
                it.without_success();
                self.push_text(it, &text, Some(Task::Forwarded(path.clone())))
            }
            Err(error) if is_answer(error) => {
                self.log.warning(format_args!("cannot open file {path}: {error}"));
                false
            }
            Err(error) => {
                self.refuse(it, Status::temporary(3, 0), format!("error reading forwarding file: {error}"));
                true
            }
        }
    }

    /// The first that exists. The error is that it cannot be told.
    async fn search_forward_path(&self, it: &Attributes, account: &Account) -> Result<Option<Found>, String> {
        for pieces in &self.settings.forward_path {
            let mut with_extension = false;
            let mut lookup = |name: &str, wanted: Use| {
                with_extension |= name == "extension" && wanted == Use::Value && it.extension.is_some();
                it.value(name)
            };
            let expanded = macros::expand(pieces, &mut lookup, Some(&self.settings.forward_filter));
            if expanded.undefined {
                continue;
            }
            let path = expanded.text;
            match self.world.look(account.owner(), PathBuf::from(&path), false).await {
                Ok(facts) => return Ok(Some(Found { path, facts, with_extension })),
                Err(error) if is_answer(error) => {}
                Err(error) => return Err(format!("error reading forwarding file: {error}")),
            }
        }
        Ok(None)
    }
}

/// The error says something of the file. Others, such as a parent that is gone, must not look like no file.
fn is_answer(error: FileError) -> bool {
    const ANSWERS: &[i32] = &[
        libc::ENOENT,
        libc::ENOTDIR,
        libc::EACCES,
        libc::EPERM,
        libc::ELOOP,
        libc::ENAMETOOLONG,
        libc::EINVAL,
        libc::EISDIR,
        libc::ENXIO,
    ];
    ANSWERS.contains(&error.0)
}
