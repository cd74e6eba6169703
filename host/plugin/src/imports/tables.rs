//! `tables`: lookup tables and match lists with Postfix's search rules.

use std::sync::Arc;

use hook::{Lookup, SearchOrder};

use crate::{bindings::waxwing::plugin::tables, state::State};

type Answer<T> = wasmtime::Result<Result<T, tables::TableError>>;

impl State {
    async fn find(&mut self, order: SearchOrder, tables: &str, key: &str) -> Answer<Option<hook::Found>> {
        // The table may say something else next time.
        self.sees_everything();
        self.needs("tables", true)?;
        if !self.plugin.may_read_tables(tables) && !self.service_has_tables(tables) {
            return Ok(Err(tables::TableError::Configuration(format!(
                "{tables}: neither an argument nor a parameter of this plugin, and it has no grant `tables`"
            ))));
        }
        let found = match self.service_tables() {
            Some(own) => match own.open(tables) {
                Ok(()) => settled(self.at_once, own.find(order, tables, key)).await,
                Err(why) => Some(Err(hook::TableError::Configuration(why))),
            },
            None => settled(self.at_once, self.plugin.services()?.tables.find(order, tables, key)).await,
        };
        self.told(found)
    }

    async fn find_pair(&mut self, order: SearchOrder, tables: &str, key: &str) -> Answer<Option<tables::Found>> {
        let found = self.find(order, tables, key).await?;
        Ok(found.map(|found| found.map(|found| tables::Found { key: found.key, value: found.value })))
    }

    fn told<T>(&mut self, found: Option<Result<T, hook::TableError>>) -> Answer<T> {
        if !matches!(found, Some(Ok(_))) {
            self.sees_everything();
        }
        Ok(found.ok_or_else(|| self.would_wait())?.map_err(error))
    }

    /// Those of the service whose session this call is about, where it has its own.
    fn service_tables(&self) -> Option<Arc<dyn hook::Tables>> {
        self.call.as_ref()?.session.service_tables().cloned()
    }

    fn match_tables(&self) -> wasmtime::Result<Arc<dyn hook::Tables>> {
        Ok(match self.service_tables() {
            Some(own) => own,
            None => self.plugin.services()?.tables.clone(),
        })
    }

    fn may_match(&self, parameter: &str) -> wasmtime::Result<Result<(), tables::TableError>> {
        self.needs("tables", true)?;
        Ok(if self.plugin.may_match(parameter) {
            Ok(())
        } else {
            Err(tables::TableError::Configuration(format!(
                "{parameter}: not a declared match list of this plugin, and it has no grant `tables`"
            )))
        })
    }
}

impl tables::Host for State {
    async fn lookup(&mut self, tables: String, key: String) -> Answer<Option<String>> {
        let found = self.find(SearchOrder::Exact, &tables, &key).await?;
        Ok(found.map(|found| found.map(|found| found.value)))
    }

    async fn find_domain(&mut self, tables: String, name: String) -> Answer<Option<tables::Found>> {
        self.find_pair(SearchOrder::Domain, &tables, &name).await
    }

    async fn find_address(&mut self, tables: String, address: String) -> Answer<Option<tables::Found>> {
        self.find_pair(SearchOrder::Address, &tables, &address).await
    }

    async fn find_mailbox(&mut self, tables: String, address: String) -> Answer<Option<tables::Found>> {
        self.find_pair(SearchOrder::Mailbox, &tables, &address).await
    }

    async fn find_alias(&mut self, tables: String, address: String) -> Answer<Option<tables::Found>> {
        self.find_pair(SearchOrder::Alias, &tables, &address).await
    }

    async fn find_transport(&mut self, tables: String, address: String) -> Answer<Option<tables::Found>> {
        self.find_pair(SearchOrder::Transport, &tables, &address).await
    }

    async fn match_domain(&mut self, parameter: String, name: String) -> Answer<bool> {
        if let Err(refused) = self.may_match(&parameter)? {
            return Ok(Err(refused));
        }
        let tables = self.match_tables()?;
        let found = settled(self.at_once, tables.match_domain(&parameter, &name)).await;
        self.told(found)
    }

    async fn match_host(&mut self, parameter: String, name: String, address: String) -> Answer<bool> {
        if let Err(refused) = self.may_match(&parameter)? {
            return Ok(Err(refused));
        }
        let tables = self.match_tables()?;
        let found = settled(self.at_once, tables.match_host(&parameter, &name, &address)).await;
        self.told(found)
    }
}

/// None: that has to wait, in a call that cannot.
async fn settled<T>(at_once: bool, lookup: Lookup<'_, T>) -> Option<Result<T, hook::TableError>> {
    if at_once && matches!(lookup, Lookup::Later(_)) { None } else { Some(lookup.wait().await) }
}

fn error(error: hook::TableError) -> tables::TableError {
    match error {
        hook::TableError::Temporary(text) => tables::TableError::Temporary(text),
        hook::TableError::Configuration(text) => tables::TableError::Configuration(text),
    }
}
