//! `:include:/file/name`.

use std::path::PathBuf;

use mail::Status;

use super::{
    attributes::{Attributes, Source},
    expansion::Expansion,
};
use crate::Owner;

/// Levels, as in newer Postfix.
const DEEPEST: u32 = 100;

impl Expansion<'_> {
    pub(super) async fn include(&mut self, attributes: Attributes, path: &str) {
        let mut it = attributes.deeper();
        if it.level > DEEPEST {
            self.log.warning(format_args!(":include: nesting limit exceeded for {path}"));
            return self.refuse(it, Status::permanent(4, 6), ":include: nesting limit exceeded");
        }
        if self.was_here(&format!("include {} {path}", it.uid())) {
            return;
        }
        it.expanded_from = Some(it.local.clone());
        if !path.starts_with('/') {
            self.log.warning(format_args!(":include:{path} uses a relative path"));
            return self.configuration_error(it, Status::permanent(3, 5));
        }
        let owner = it.rights.as_ref().map_or(Owner { uid: 0, gid: 0 }, |account| account.owner());
        let facts = match self.world.look(owner, PathBuf::from(path), true).await {
            Ok(facts) => facts,
            Err(error) => {
                self.log.warning(format_args!("unable to lookup :include: file {path}: {error}"));
                return self.configuration_error(it, Status::permanent(3, 5));
            }
        };
        let wrong = match (facts.regular, facts.mode & 0o002 != 0) {
            (false, _) => Some("is not a regular file"),
            (true, true) => Some("is world writable"),
            (true, false) => None,
        };
        if let Some(wrong) = wrong {
            self.log.warning(format_args!(":include: file {path} {wrong}"));
            return self.configuration_error(it, Status::permanent(3, 5));
        }
        it.source = Some(Source::Include);
        if !self.take_rights_of_include(&mut it, path, facts.uid) {
            return;
        }
        // From here on nobody is delivered to directly.
        if it.owner.is_none() {
            it.owner = Some(it.address.clone());
        }
        let owner = it.rights.as_ref().map_or(Owner { uid: 0, gid: 0 }, |account| account.owner());
        match self.world.read(owner, PathBuf::from(path)).await {
            Ok(text) => {
                if !self.settings.propagate_include {
                    it.unmatched = None;
                }
                self.push_text(it, &text, None);
            }
            Err(error) => {
                self.log.warning(format_args!("cannot open include file {path}: {error}"));
                self.configuration_error(it, Status::permanent(3, 5));
            }
        }
    }

    /// A user's file in root's alias has its owner's rights, or it could act as default_privs. A file of somebody else's in
    /// a user's file changes nothing. False: refused.
    fn take_rights_of_include(&mut self, it: &mut Attributes, path: &str, uid: u32) -> bool {
        if it.uid() != 0 {
            return true;
        }
        let why = match self.world.user_of(uid) {
            Ok(Some(account)) => {
                if account.uid != 0 {
                    it.rights = Some(account);
                }
                return true;
            }
            Ok(None) => String::new(),
            Err(error) => format!(": {error}"),
        };
        self.log.warning(format_args!("cannot find username for uid {uid}{why}"));
        self.log.warning(format_args!("{path}: cannot find :include: file owner username"));
        self.configuration_error(it.clone(), Status::temporary(3, 5));
        false
    }
}
