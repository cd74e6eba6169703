//! What an expansion has to ask: tables, users, files, addresses. A test puts its own there.

use std::{collections::HashMap, os::unix::fs::MetadataExt, path::PathBuf, sync::Arc};

use dict::{Maps, Options, Scope, Tables};
use hook::{AddressError, Addresses, BoxFuture, Resolution};
use nix::unistd::{Uid, User};

use super::{attributes::Account, settings::Settings};
use crate::{DeliveryError, FileError, FileFacts, Owner, UserRights};

/// A lookup that gave no answer. Text for the log.
pub type Failed = String;

/// The port.
pub trait World: Send + Sync {
    /// One table of alias_maps.
    fn alias<'a>(&'a self, table: &'a str, name: &'a str) -> BoxFuture<'a, Result<Option<String>, Failed>>;
    /// Who owns that table: `None` for what stands in main.cf itself, or belongs to root.
    fn alias_owner(&self, table: &str) -> Result<Option<u32>, Failed>;
    /// Another set of tables.
    fn find<'a>(&'a self, tables: &'a str, user: &'a str) -> BoxFuture<'a, Result<Option<String>, Failed>>;
    fn user(&self, name: &str) -> Result<Option<Account>, Failed>;
    fn user_of(&self, uid: u32) -> Result<Option<Account>, Failed>;
    fn look(&self, owner: Owner, path: PathBuf, follow: bool) -> BoxFuture<'_, Result<FileFacts, FileError>>;
    fn read(&self, owner: Owner, path: PathBuf) -> BoxFuture<'_, Result<Vec<u8>, FileError>>;
    fn resolve<'a>(&'a self, address: &'a str, sender: &'a str) -> BoxFuture<'a, Result<Resolution, AddressError>>;
}

/// The real one.
pub struct SystemWorld {
    /// By `type:name` or the text of a parameter. What they give names commands and files, so nothing of an address is put
    /// into a result.
    maps: HashMap<String, Arc<Maps>>,
    addresses: Arc<dyn Addresses>,
    rights: Arc<dyn UserRights>,
}

impl SystemWorld {
    /// Opens the tables.
    pub fn open(
        settings: &Settings,
        tables: &Tables,
        addresses: Arc<dyn Addresses>,
        rights: Arc<dyn UserRights>,
    ) -> Result<Self, DeliveryError> {
        let mut maps = HashMap::new();
        let aliases = settings.alias_maps.iter().map(|table| ("alias_maps", table.as_str()));
        for (parameter, value) in aliases.chain(settings.tables()) {
            if !value.is_empty() {
                let opened = tables.maps(parameter, value, Options { regsub: false });
                maps.insert(value.to_string(), opened.map_err(|e| DeliveryError::Table(e.to_string()))?);
            }
        }
        Ok(Self { maps, addresses, rights })
    }

    async fn lookup(&self, tables: &str, key: &str) -> Result<Option<String>, Failed> {
        match self.maps.get(tables) {
            None => Ok(None),
            Some(maps) => maps.find(key, Scope::Full).wait().await.map_err(|error| error.to_string()),
        }
    }
}

impl World for SystemWorld {
    fn alias<'a>(&'a self, table: &'a str, name: &'a str) -> BoxFuture<'a, Result<Option<String>, Failed>> {
        Box::pin(self.lookup(table, name))
    }

    fn alias_owner(&self, table: &str) -> Result<Option<u32>, Failed> {
        const FILES: &[&str] =
            &["hash", "btree", "dbm", "texthash", "regexp", "pcre", "cidr", "lmdb", "cdb", "sdbm", "sqlite"];
        match table.split_once(':') {
            Some((kind, name)) if FILES.contains(&kind) && name.starts_with('/') => match std::fs::metadata(name) {
                Ok(facts) => Ok(Some(facts.uid()).filter(|uid| *uid != 0)),
                Err(error) => Err(format!("{name}: {error}")),
            },
            _ => Ok(None),
        }
    }

    fn find<'a>(&'a self, tables: &'a str, user: &'a str) -> BoxFuture<'a, Result<Option<String>, Failed>> {
        Box::pin(self.lookup(tables, user))
    }

    fn user(&self, name: &str) -> Result<Option<Account>, Failed> {
        if name.contains('\0') {
            return Ok(None);
        }
        User::from_name(name).map(|user| user.map(account)).map_err(|error| error.desc().to_string())
    }

    fn user_of(&self, uid: u32) -> Result<Option<Account>, Failed> {
        User::from_uid(Uid::from_raw(uid)).map(|user| user.map(account)).map_err(|error| error.desc().to_string())
    }

    fn look(&self, owner: Owner, path: PathBuf, follow: bool) -> BoxFuture<'_, Result<FileFacts, FileError>> {
        self.rights.look(owner, path, follow)
    }

    fn read(&self, owner: Owner, path: PathBuf) -> BoxFuture<'_, Result<Vec<u8>, FileError>> {
        self.rights.read(owner, path)
    }

    fn resolve<'a>(&'a self, address: &'a str, sender: &'a str) -> BoxFuture<'a, Result<Resolution, AddressError>> {
        self.addresses.resolve(address, sender)
    }
}

fn account(user: User) -> Account {
    Account {
        name: user.name,
        uid: user.uid.as_raw(),
        gid: user.gid.as_raw(),
        home: user.dir.display().to_string(),
        shell: user.shell.display().to_string(),
    }
}
