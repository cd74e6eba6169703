//! `unix:passwd.byname` and `unix:group.byname`: the accounts of the system.

use hook::{Lookup, Table, TableError, TableKind};
use nix::unistd::{Group, User};

use crate::DictError;

pub(crate) struct UnixTable {
    title: String,
    accounts: Accounts,
}

#[derive(Clone, Copy)]
enum Accounts {
    Users,
    Groups,
}

impl UnixTable {
    pub fn open(title: &str, name: &str) -> Result<Self, DictError> {
        let accounts = match name {
            "passwd.byname" => Accounts::Users,
            "group.byname" => Accounts::Groups,
            _ => return Err(DictError::ConfigSyntax(format!("unknown table: unix:{name}"))),
        };
        Ok(Self { title: title.to_string(), accounts })
    }

    /// The account in the form of passwd(5) or group(5).
    fn find(&self, key: &str) -> Result<Option<String>, nix::Error> {
        if key.contains('\0') {
            return Ok(None);
        }
        match self.accounts {
            Accounts::Users => Ok(User::from_name(key)?.map(|user| {
                let (password, gecos) = (user.passwd.to_string_lossy(), user.gecos.to_string_lossy());
                let (home, shell) = (user.dir.display(), user.shell.display());
                format!("{}:{password}:{}:{}:{gecos}:{home}:{shell}", user.name, user.uid, user.gid)
            })),
            Accounts::Groups => Ok(Group::from_name(key)?.map(|group| {
                format!("{}:{}:{}:{}", group.name, group.passwd.to_string_lossy(), group.gid, group.mem.join(","))
            })),
        }
    }
}

impl Table for UnixTable {
    fn title(&self) -> &str {
        &self.title
    }
    fn kind(&self) -> TableKind {
        TableKind::Keys
    }
    fn lookup<'a>(&'a self, key: &'a str) -> Lookup<'a, Option<String>> {
        let failed = |error: nix::Error| TableError::Temporary(error.desc().to_string());
        Lookup::Now(self.find(key).map_err(failed))
    }
}
