//! Resolving: the ADDRESS RESOLUTION part of trivial-rewrite(8): which class, transport and next hop an address has.

use hook::{AddressClass, AddressError, Resolution, SearchOrder, TableError};
use mail::{
    address::{is_dot_string, split_domain},
    hostname::{parse_mailhost_literal, valid_hostaddr, valid_hostname, valid_mailhost_literal},
};

use crate::{
    Rewrite,
    canonical_form::{Context, stripped_of_dot},
    settings::{Named, Routes},
    transport::Destination,
};

/// An address without the local domains and routing operators wrapped around it.
struct Peeled {
    address: String,
    /// Its domain is final here: mydestination, inet_interfaces, proxy_interfaces.
    local: bool,
}

impl Rewrite {
    /// Resolves an address that is in canonical form. An address of no valid form is `AddressError::Syntax`.
    pub(crate) async fn resolve_canonical(
        &self,
        address: &str,
        sender: &str,
        routes: &Routes,
    ) -> Result<Resolution, AddressError> {
        let Peeled { address, mut local } = self.peel(address).await?;
        let (address, domain_is_own) = self.checked_domain(address).await?;
        local |= domain_is_own;
        // peel() always leaves a domain.
        let (local_part, domain) = match split_domain(&address) {
            (local_part, Some(domain)) => (local_part, domain),
            (local_part, None) => (local_part, ""),
        };
        // allow_min_user: a delivery command could take it for an option.
        if !self.settings.allow_min_user && address.starts_with('-') {
            return Err(AddressError::Syntax);
        }
        let (address_class, mut to) = self.class_of(domain, local, sender, routes).await?;
        self.warn_of_second_list(address_class, domain).await;
        if address_class != AddressClass::VirtualAlias
            && let Some(found) = self.find(SearchOrder::Transport, &routes.transport_maps.value, &address).await?
        {
            to.apply(&found, domain);
        }
        if let Some(place) = self.find(SearchOrder::Alias, &self.settings.relocated_maps, &address).await? {
            to = Destination { transport: "error".into(), nexthop: format!("5.1.6 User has moved to {place}") };
        }
        // Whatever we make of these operators ourselves, the next host may follow them.
        let source_routed = !self.settings.allow_untrusted_routing && local_part.contains(['@', '%', '!']);
        Ok(Resolution {
            transport: to.transport,
            nexthop: to.nexthop,
            source_routed,
            address_class,
            recipient: address,
        })
    }

    /// Takes local domains off (`a%b@here` to `a@b`) until the domain is not ours or nothing is left to take off.
    async fn peel(&self, address: &str) -> Result<Peeled, AddressError> {
        let settings = &self.settings;
        let mut address = address.to_string();
        let mut own_domain: Option<String> = None;
        for _ in 0..address.len() + 100 {
            if let Some(len) = stripped_of_dot(&address).map(str::len) {
                address.truncate(len);
            }
            if settings.resolve_null_domain && address.ends_with('@') {
                address.pop();
            }
            if let (local_part, Some(domain)) = split_domain(&address) {
                if !domain.is_empty() && !self.is_local_domain(domain).await? {
                    return Ok(Peeled { address, local: false });
                }
                own_domain = Some(domain.to_string());
                address = local_part.to_string();
            }
            match self.route_inside(&address) {
                Some(inner) => address = inner,
                // For consistency with the From: header of notices.
                None if address.is_empty() => address = settings.empty_address_recipient.clone(),
                None => {
                    address.push('@');
                    address.push_str(own_domain.as_deref().unwrap_or(&settings.myhostname));
                    return Ok(Peeled { address, local: true });
                }
            }
        }
        self.log.warning(format_args!("resolve_addr: <{address}>: giving up"));
        Err(AddressError::Temporary(format!("<{address}>: too many routing operators")))
    }

    /// The address that a local part asks to be forwarded to (`b!a`, `a%b`, `a@b`), in canonical form.
    fn route_inside(&self, local_part: &str) -> Option<String> {
        let settings = &self.settings;
        let quoted = !is_dot_string(local_part);
        if quoted && !settings.resolve_dequoted_address {
            return None;
        }
        let bang = settings.swap_bangpath.then(|| local_part.split_once('!')).flatten();
        let percent = settings.allow_percent_hack.then(|| local_part.rsplit_once('%')).flatten();
        let inner = match (quoted && local_part.contains('@'), quoted, bang, percent) {
            (true, ..) => local_part.to_string(),
            (_, false, Some((site, user)), _) | (_, true, Some((site, user)), None) => format!("{user}@{site}"),
            (_, _, _, Some((user, site))) => format!("{user}@{site}"),
            (_, _, None, None) => return None,
        };
        Some(settings.canonical_form(&inner, Context::Local).into_owned())
    }

    /// A domain has to be a host name or an address literal. Also tells whether a numeric one turned out to be local.
    async fn checked_domain(&self, address: String) -> Result<(String, bool), AddressError> {
        let (local_part, domain) = split_domain(&address);
        let domain = domain.unwrap_or("");
        let valid = match domain.starts_with('[') {
            true => valid_mailhost_literal(domain),
            // With smtputf8_enable a name may hold UTF-8; only its ASCII labels can be checked here.
            false => valid_hostname(domain) || (!domain.is_ascii() && valid_hostname(&ascii_shape(domain))),
        };
        if valid {
            return Ok((address, false));
        }
        if self.settings.resolve_numeric_domain && valid_hostaddr(domain) {
            let literal = format!("[{domain}]");
            let local = self.is_local_domain(&literal).await?;
            return Ok((format!("{local_part}@{literal}"), local));
        }
        Err(AddressError::Syntax)
    }

    /// ADDRESS_CLASS_README: class, and destination before transport_maps.
    async fn class_of(
        &self,
        domain: &str,
        local: bool,
        sender: &str,
        routes: &Routes,
    ) -> Result<(AddressClass, Destination), AddressError> {
        let (class, transport, nexthop) = if local {
            (AddressClass::Local, routes.local.clone(), domain.to_string())
        } else if self.listed("virtual_alias_domains", domain).await? {
            let table = if self.settings.show_user_unknown_table_name { " in virtual alias table" } else { "" };
            let nexthop = format!("5.1.1 User unknown{table}");
            return Ok((AddressClass::VirtualAlias, Destination { transport: "error".into(), nexthop }));
        } else if self.listed("virtual_mailbox_domains", domain).await? {
            (AddressClass::VirtualMailbox, routes.virtual_mailbox.clone(), domain.to_string())
        } else if self.listed("relay_domains", domain).await? {
            (AddressClass::Relay, routes.relay.clone(), self.relayhost(domain, sender, routes).await?)
        } else {
            let transport = self.default_transport(sender, routes).await?;
            (AddressClass::Default, transport, self.relayhost(domain, sender, routes).await?)
        };
        let to = Destination::of_parameter(&transport.value, &nexthop);
        let Named { parameter, .. } = transport;
        match (to.transport.is_empty(), to.nexthop.is_empty()) {
            (true, _) => Err(self.unusable(parameter, "null transport is not allowed")),
            (_, true) => Err(self.unusable(parameter, "null nexthop is not allowed")),
            _ => Ok((class, to)),
        }
    }

    /// sender_dependent_default_transport_maps, or default_transport.
    async fn default_transport(&self, sender: &str, routes: &Routes) -> Result<Named, AddressError> {
        let key = or_key(sender, &self.settings.empty_default_transport_key);
        let maps = &routes.sender_default_transport_maps;
        Ok(match self.sender_dependent(maps, key).await? {
            Some(value) => Named { parameter: maps.parameter, value },
            None => routes.default.clone(),
        })
    }

    /// sender_dependent_relayhost_maps, or relayhost, or the domain itself.
    async fn relayhost(&self, domain: &str, sender: &str, routes: &Routes) -> Result<String, AddressError> {
        let key = or_key(sender, &self.settings.empty_relayhost_key);
        Ok(match self.sender_dependent(&routes.sender_relayhost_maps, key).await? {
            Some(relayhost) => relayhost,
            None if routes.relayhost.is_empty() => domain.to_string(),
            None => routes.relayhost.clone(),
        })
    }

    /// A result of DUNNO ends the search without one.
    async fn sender_dependent(&self, maps: &Named, key: &str) -> Result<Option<String>, AddressError> {
        Ok(match self.find(SearchOrder::Alias, &maps.value, key).await? {
            Some(found) if found.is_empty() => {
                self.log.warning(format_args!("{}: ignoring null lookup result for {key}", maps.parameter));
                None
            }
            Some(found) if found.eq_ignore_ascii_case("dunno") => None,
            found => found,
        })
    }

    /// mydestination, or a literal of one of this host's addresses.
    pub async fn is_local_domain(&self, domain: &str) -> Result<bool, AddressError> {
        if self.listed("mydestination", domain).await? {
            return Ok(true);
        }
        let Some(address) = parse_mailhost_literal(domain) else {
            return Ok(false);
        };
        let address = address.to_string();
        for parameter in ["inet_interfaces", "proxy_interfaces"] {
            if self.tables.match_host(parameter, "", &address).wait().await.map_err(|error| self.failed(&error))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    pub(crate) async fn listed(&self, parameter: &str, domain: &str) -> Result<bool, AddressError> {
        self.tables.match_domain(parameter, domain).wait().await.map_err(|error| self.failed(&error))
    }

    pub(crate) async fn find(
        &self,
        order: SearchOrder,
        tables: &str,
        key: &str,
    ) -> Result<Option<String>, AddressError> {
        if tables.is_empty() {
            return Ok(None);
        }
        let found = self.tables.find(order, tables, key).wait().await.map_err(|error| self.failed(&error))?;
        Ok(found.map(|found| found.value))
    }

    fn failed(&self, error: &TableError) -> AddressError {
        AddressError::Temporary(error.to_string())
    }

    fn unusable(&self, parameter: &str, what: &str) -> AddressError {
        self.log.warning(format_args!("parameter {parameter}: {what}"));
        AddressError::Temporary(format!("parameter {parameter}: {what}"))
    }
}

fn or_key<'a>(sender: &'a str, key: &'a str) -> &'a str {
    if sender.is_empty() { key } else { sender }
}

/// Non-ASCII letters stand as `x`, so that length, dots and hyphens can be checked.
fn ascii_shape(domain: &str) -> String {
    domain.chars().map(|c| if c.is_ascii() { c } else { 'x' }).collect()
}
