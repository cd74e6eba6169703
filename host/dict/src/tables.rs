//! All tables and match lists of one configuration generation, behind [`hook::Tables`].

use std::{
    collections::HashMap,
    net::IpAddr,
    ops::ControlFlow,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use arc_swap::ArcSwap;
use config::{Config, Machine, parameters as shared};
use hook::{Found, Lookup, SearchOrder, TableError};
use mail::address::Extensions;

use crate::{
    DictError, Environment, ListStyle, Maps, MatchList, Opener, Options, OwnAddresses, Scope, Search,
    own_domains::LocalDomains, parameters,
};

/// Lists that are matched whole, without parents. (mydestination has rules of its own.)
const TEXT_LISTS: &[&str] = &[
    "virtual_alias_domains",
    "virtual_mailbox_domains",
    "authorized_submit_users",
    "authorized_mailq_users",
    "authorized_flush_users",
];

/// Implements [`hook::Tables`].
pub struct Tables {
    config: Config,
    search: Search,
    local: LocalDomains,
    opener: Mutex<Opener>,
    /// By their text in main.cf.
    maps: ArcSwap<HashMap<String, Arc<Maps>>>,
    /// By parameter name and style.
    lists: ArcSwap<HashMap<String, Arc<MatchList>>>,
    hosts: ArcSwap<HashMap<String, Arc<MatchList>>>,
}

impl Tables {
    /// Reads the parameters and opens the match lists that every mail needs. File tables that `previous` has open stay open.
    ///
    /// # Errors
    /// When a list or one of its tables is wrong; names the parameter.
    pub fn new(
        config: &Config,
        machine: &Machine,
        environment: Environment,
        previous: Option<&Tables>,
    ) -> Result<Self, DictError> {
        let mut opener = Opener::new(environment).with_main_cf(config);
        if let Some(previous) = previous {
            opener = opener.after(&previous.opener());
        }
        for parameter in ["alias_maps", "alias_database"] {
            opener.aliases_in(&config.text(parameter).unwrap_or_default());
        }
        let local = LocalDomains::of(config, OwnAddresses::of(config, machine), &mut opener)?;
        let tables = Self {
            config: config.clone(),
            search: search(config),
            local,
            opener: Mutex::new(opener),
            maps: ArcSwap::default(),
            lists: ArcSwap::default(),
            hosts: ArcSwap::default(),
        };
        for parameter in ["relay_domains", "virtual_alias_domains", "virtual_mailbox_domains"] {
            tables.domain_list(parameter)?;
        }
        tables.host_list("mynetworks")?;
        Ok(tables)
    }

    /// A search list with options of its own, for cleanup, local(8) and the like. `parameter` is named in errors.
    pub fn maps(&self, parameter: &str, tables: &str, options: Options) -> Result<Arc<Maps>, DictError> {
        Maps::open(parameter, tables, options, &mut self.opener()).map(Arc::new)
    }

    /// Searches a list that [`Tables::maps`] opened.
    pub fn find_in<'a>(&'a self, maps: &'a Maps, order: SearchOrder, key: &'a str) -> Lookup<'a, Option<Found>> {
        match self.find_now(maps, order, key) {
            Some(answer) => Lookup::Now(answer),
            None => Lookup::Later(Box::pin(self.find_waiting(maps, order, key))),
        }
    }

    /// What this host is: its addresses and local domains.
    pub fn own_addresses(&self) -> &OwnAddresses {
        self.local.own()
    }

    /// Whether a domain or text is in a list that is matched whole, such as masquerade_exceptions.
    pub fn match_text<'a>(&'a self, parameter: &'a str, text: &'a str) -> Lookup<'a, bool> {
        self.match_in(self.list(&self.lists, parameter, ListStyle::Text), text, "")
    }

    /// Opens a domain list; later questions find it open.
    pub fn domain_list(&self, parameter: &str) -> Result<Arc<MatchList>, DictError> {
        let style = if TEXT_LISTS.contains(&parameter) { ListStyle::Text } else { ListStyle::Domain };
        self.list(&self.lists, parameter, style)
    }

    /// Opens a host list, likewise.
    pub fn host_list(&self, parameter: &str) -> Result<Arc<MatchList>, DictError> {
        self.list(&self.hosts, parameter, ListStyle::Host)
    }

    fn opener(&self) -> MutexGuard<'_, Opener> {
        // Opening a table leaves the map of open tables whole even when it panics.
        self.opener.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn list(
        &self,
        lists: &ArcSwap<HashMap<String, Arc<MatchList>>>,
        parameter: &str,
        style: ListStyle,
    ) -> Result<Arc<MatchList>, DictError> {
        if let Some(list) = lists.load().get(parameter) {
            return Ok(list.clone());
        }
        let value = self.config.text(parameter).unwrap_or_default();
        let subdomains = style != ListStyle::Text && matches_subdomains(&self.config, parameter);
        let list = Arc::new(MatchList::parse(parameter, &value, style, subdomains, &mut self.opener())?);
        lists.rcu(|lists| {
            let mut lists = HashMap::clone(lists);
            lists.insert(parameter.to_string(), list.clone());
            lists
        });
        Ok(list)
    }

    fn match_in<'a>(
        &'a self,
        list: Result<Arc<MatchList>, DictError>,
        name: &'a str,
        address: &'a str,
    ) -> Lookup<'a, bool> {
        let list = match list {
            Ok(list) => list,
            Err(error) => return Lookup::Now(Err(TableError::Configuration(error.to_string()))),
        };
        match list.matches_now(name, address) {
            Some(answer) => Lookup::Now(answer),
            None => Lookup::Later(Box::pin(async move { list.matches_waiting(name, address).await })),
        }
    }

    fn find_now(&self, maps: &Maps, order: SearchOrder, key: &str) -> Option<Result<Option<Found>, TableError>> {
        let mut answer = Some(Ok(None));
        let mut local_answer = None;
        let mut is_local = |domain: &str| match self.local.is_local_now(domain) {
            Some(Ok(local)) => ControlFlow::Continue(local),
            other => {
                local_answer = Some(other.map(|result| result.map(|_| None)));
                ControlFlow::Break(())
            }
        };
        let mut ask = |key: &str, scope: Scope| match maps.find_now(key, scope) {
            Some(Ok(None)) => ControlFlow::Continue(()),
            other => {
                let found = |value| Found { key: key.to_string(), value };
                answer = other.map(|result| result.map(|value| value.map(found)));
                ControlFlow::Break(())
            }
        };
        // A break has left its reason in one of the two answers.
        let _ = self.search.walk(order, key, &mut is_local, &mut ask);
        local_answer.unwrap_or(answer)
    }

    async fn find_waiting(&self, maps: &Maps, order: SearchOrder, key: &str) -> Result<Option<Found>, TableError> {
        let local = match (order, mail::address::split_domain(key).1) {
            (SearchOrder::Alias, Some(domain)) => self.local.is_local_waiting(domain).await?,
            _ => false,
        };
        let mut keys = Vec::new();
        let mut note = |key: &str, scope: Scope| {
            keys.push((key.to_string(), scope));
            ControlFlow::Continue(())
        };
        // Nothing breaks this walk: it only notes the keys.
        let _ = self.search.walk(order, key, &mut |_| ControlFlow::Continue(local), &mut note);
        for (key, scope) in keys {
            if let Some(value) = maps.find_waiting(&key, scope).await? {
                return Ok(Some(Found { key, value }));
            }
        }
        Ok(None)
    }
}

impl hook::Tables for Tables {
    fn open(&self, tables: &str) -> Result<(), String> {
        if self.maps.load().contains_key(tables) {
            return Ok(());
        }
        let opened = self.maps("", tables, Options::default()).map_err(|error| error.to_string())?;
        self.maps.rcu(|maps| {
            let mut maps = HashMap::clone(maps);
            maps.insert(tables.to_string(), opened.clone());
            maps
        });
        Ok(())
    }

    fn find<'a>(&'a self, order: SearchOrder, tables: &'a str, key: &'a str) -> Lookup<'a, Option<Found>> {
        let opened = self.maps.load();
        let Some(maps) = opened.get(tables) else {
            return Lookup::Now(Err(TableError::Configuration(format!("{tables}: table was not opened"))));
        };
        match self.find_now(maps, order, key) {
            Some(answer) => Lookup::Now(answer),
            None => {
                let maps = maps.clone();
                Lookup::Later(Box::pin(async move { self.find_waiting(&maps, order, key).await }))
            }
        }
    }

    fn open_each(&self, tables: &str) -> Result<Vec<Arc<dyn hook::Table>>, String> {
        let opened = self.maps("", tables, Options::default()).map_err(|error| error.to_string())?;
        Ok(opened.tables().to_vec())
    }

    fn match_domain<'a>(&'a self, parameter: &'a str, name: &'a str) -> Lookup<'a, bool> {
        if parameter == "mydestination" {
            return match self.local.is_destination_now(name) {
                Some(answer) => Lookup::Now(answer),
                None => Lookup::Later(Box::pin(self.local.is_destination_waiting(name))),
            };
        }
        if let Some(list) = self.lists.load().get(parameter)
            && let Some(answer) = list.matches_now(name, "")
        {
            return Lookup::Now(answer);
        }
        self.match_in(self.domain_list(parameter), name, "")
    }

    fn match_host<'a>(&'a self, parameter: &'a str, name: &'a str, address: &'a str) -> Lookup<'a, bool> {
        let own = match parameter {
            "inet_interfaces" => Some(&self.own_addresses().inet),
            "proxy_interfaces" => Some(&self.own_addresses().proxy),
            _ => None,
        };
        if let Some(own) = own {
            return Lookup::Now(Ok(address.parse::<IpAddr>().is_ok_and(|address| own.contains(&address))));
        }
        if let Some(list) = self.hosts.load().get(parameter)
            && let Some(answer) = list.matches_now(name, address)
        {
            return Lookup::Now(answer);
        }
        self.match_in(self.host_list(parameter), name, address)
    }
}

/// Whether a parameter is named in parent_domain_matches_subdomains.
fn matches_subdomains(config: &Config, parameter: &str) -> bool {
    config.get(&shared::PARENT_DOMAIN_MATCHES_SUBDOMAINS).iter().any(|word| word.eq_ignore_ascii_case(parameter))
}

fn search(config: &Config) -> Search {
    Search {
        access_matches_subdomains: matches_subdomains(config, "smtpd_access_maps"),
        transport_matches_subdomains: matches_subdomains(config, "transport_maps"),
        extensions: Extensions {
            delimiters: config.get(&shared::RECIPIENT_DELIMITER),
            double_bounce_sender: config.get(&shared::DOUBLE_BOUNCE_SENDER),
            owner_request_special: config.text("owner_request_special").is_none_or(|text| text != "no"),
        },
        null_sender_key: config.get(&parameters::SMTPD_NULL_ACCESS_LOOKUP_KEY),
    }
}

#[cfg(test)]
mod tests;
