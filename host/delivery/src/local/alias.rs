//! aliases(5).

use mail::Status;

use super::{
    attributes::{Attributes, Source},
    expansion::{Expansion, Task},
    leaf::What,
    token,
};

/// Levels, as in Postfix.
const DEEPEST: u32 = 100;

impl Expansion<'_> {
    /// True: the name is an alias, and all that comes of it is on its way.
    pub(super) async fn alias(&mut self, attributes: Attributes, name: &str) -> bool {
        let mut it = attributes.deeper();
        // An alias that holds its own name means the user of that name.
        if it.expanded_from.as_ref().is_some_and(|from| from.eq_ignore_ascii_case(name)) {
            return false;
        }
        if it.level > DEEPEST {
            self.log.warning(format_args!("alias database loop for {name}"));
            self.refuse(it, Status::permanent(4, 6), format!("alias database loop for {name}"));
            return true;
        }
        it.expanded_from = Some(name.to_string());
        for table in &self.settings.alias_maps {
            match self.world.alias(table, name).await {
                Ok(None) => {}
                Ok(Some(value)) => {
                    self.expand_alias(it, table, name, &value).await;
                    return true;
                }
                Err(error) => {
                    self.log.warning(format_args!("{table}: lookup of '{name}' failed: {error}"));
                    self.refuse(it, Status::temporary(3, 0), "alias database unavailable");
                    return true;
                }
            }
        }
        false
    }

    async fn expand_alias(&mut self, mut it: Attributes, table: &str, name: &str, value: &str) {
        if self.probe {
            return self.leaf(it, What::Done(format!("aliased to {value}")));
        }
        it.source = Some(Source::Alias);
        if !self.take_rights_of_table(&mut it, table) {
            return;
        }
        match self.owner_alias(name).await {
            Ok(Some(owner)) => {
                it.sender.clone_from(&owner);
                it.owner = Some(owner);
                // RFC 3461 section 5.2.7.3: a list is the end of what the sender asked for.
                it.list = true;
                it.original = String::new();
                it.dsn_original = String::new();
            }
            Ok(None) => {
                if self.settings.reset_owner_alias {
                    it.owner = None;
                }
            }
            Err(error) => {
                self.log.warning(format_args!("lookup of 'owner-{name}' failed: {error}"));
                return self.refuse(it, Status::temporary(3, 0), "alias database unavailable");
            }
        }
        if !self.settings.frozen_delivered_to {
            it.delivered = it.address.clone();
        }
        it.without_success();
        let destinations = token::destinations(value);
        if destinations.is_empty() {
            self.log.warning(format_args!("no recipient in alias lookup result for {name}"));
            return self.refuse(it, Status::temporary(3, 0), "alias database unavailable");
        }
        self.push(destinations.into_iter().map(|text| Task::Destination(it.clone(), text)).collect());
    }

    /// Commands and files of an alias have the rights of who owns the table; those of root's are nobody's. False: refused.
    fn take_rights_of_table(&mut self, it: &mut Attributes, table: &str) -> bool {
        let owner = match self.world.alias_owner(table) {
            Ok(owner) => owner,
            Err(error) => {
                self.log.warning(format_args!("no owner UID for alias database {table}: {error}"));
                self.refuse(it.clone(), Status::temporary(3, 0), "alias database unavailable");
                return false;
            }
        };
        let Some(uid) = owner else {
            it.rights = None;
            return true;
        };
        let why = match self.world.user_of(uid) {
            Ok(Some(account)) => {
                it.rights = Some(account);
                return true;
            }
            Ok(None) => String::new(),
            Err(error) => format!(": {error}"),
        };
        self.log.warning(format_args!("cannot find alias database owner for {table}{why}"));
        self.refuse(it.clone(), Status::temporary(3, 0), "cannot find alias database owner");
        false
    }

    /// The owner of a list, in canonical form: owner-NAME, or what it stands for.
    pub(super) async fn owner_alias(&self, name: &str) -> Result<Option<String>, String> {
        if !self.settings.extensions.owner_request_special {
            return Ok(None);
        }
        let owner = format!("owner-{name}");
        for table in &self.settings.alias_maps {
            if let Some(value) = self.world.alias(table, &owner).await? {
                let address = if self.settings.expand_owner_alias { value.trim() } else { owner.as_str() };
                let canonical = self.world.resolve(address, "").await;
                return Ok(Some(canonical.map_or_else(|_| address.to_string(), |resolution| resolution.recipient)));
            }
        }
        Ok(None)
    }
}
