//! Everything read from main.cf, once per configuration generation.

use config::{Config, Kind, Param, parameters as shared};
use mail::address::Extensions;

use crate::parameters::*;

/// The values trivial-rewrite works with. Tables are the text of their parameter.
#[derive(Clone, Debug)]
pub struct Settings {
    pub myhostname: String,
    pub myorigin: String,
    pub mydomain: String,
    /// remote_header_rewrite_domain; empty: do not rewrite.
    pub remote_domain: String,
    pub append_at_myorigin: bool,
    pub append_dot_mydomain: bool,
    /// append_dot_mydomain = yes by nobody's choice, but for a compatibility_level below 1.
    pub append_dot_mydomain_by_level: bool,
    pub swap_bangpath: bool,
    pub allow_percent_hack: bool,
    pub resolve_dequoted_address: bool,
    pub allow_untrusted_routing: bool,
    pub resolve_null_domain: bool,
    pub resolve_numeric_domain: bool,
    pub allow_min_user: bool,
    pub show_user_unknown_table_name: bool,
    pub helpful_warnings: bool,
    pub empty_address_recipient: String,
    pub extensions: Extensions,
    pub relocated_maps: String,
    pub canonical_maps: String,
    pub sender_canonical_maps: String,
    pub recipient_canonical_maps: String,
    pub virtual_alias_maps: String,
    pub virtual_mailbox_maps: String,
    pub relay_recipient_maps: String,
    pub local_recipient_maps: String,
    pub empty_relayhost_key: String,
    pub empty_default_transport_key: String,
    /// For mail, and for verify(8) probes.
    pub routes: Routes,
    pub probe_routes: Routes,
}

/// Where mail goes; probes of verify(8) have a set of their own. The first value of a pair is the parameter's name, for
/// warnings.
#[derive(Clone, Debug)]
pub struct Routes {
    pub local: Named,
    pub virtual_mailbox: Named,
    pub relay: Named,
    pub default: Named,
    pub relayhost: String,
    pub transport_maps: Named,
    pub sender_relayhost_maps: Named,
    pub sender_default_transport_maps: Named,
}

/// A value with the name of its parameter.
#[derive(Clone, Debug)]
pub struct Named {
    pub parameter: &'static str,
    pub value: String,
}

impl Settings {
    pub fn from(config: &Config) -> Self {
        Self {
            myhostname: config.get(&shared::MYHOSTNAME),
            myorigin: config.get(&shared::MYORIGIN),
            mydomain: config.get(&shared::MYDOMAIN),
            remote_domain: config.get(&REMOTE_HEADER_REWRITE_DOMAIN),
            append_at_myorigin: config.get(&APPEND_AT_MYORIGIN),
            append_dot_mydomain: config.get(&APPEND_DOT_MYDOMAIN),
            append_dot_mydomain_by_level: config.keeps_default_of_before([1, 0, 0], &APPEND_DOT_MYDOMAIN),
            swap_bangpath: config.get(&SWAP_BANGPATH),
            allow_percent_hack: config.get(&ALLOW_PERCENT_HACK),
            resolve_dequoted_address: config.get(&RESOLVE_DEQUOTED_ADDRESS),
            allow_untrusted_routing: config.get(&ALLOW_UNTRUSTED_ROUTING),
            resolve_null_domain: config.get(&RESOLVE_NULL_DOMAIN),
            resolve_numeric_domain: config.get(&RESOLVE_NUMERIC_DOMAIN),
            allow_min_user: config.get(&ALLOW_MIN_USER),
            show_user_unknown_table_name: config.get(&SHOW_USER_UNKNOWN_TABLE_NAME),
            helpful_warnings: config.get(&HELPFUL_WARNINGS),
            empty_address_recipient: config.get(&shared::EMPTY_ADDRESS_RECIPIENT),
            extensions: extensions(config),
            relocated_maps: config.get(&shared::RELOCATED_MAPS),
            canonical_maps: config.get(&shared::CANONICAL_MAPS),
            sender_canonical_maps: config.get(&shared::SENDER_CANONICAL_MAPS),
            recipient_canonical_maps: config.get(&shared::RECIPIENT_CANONICAL_MAPS),
            virtual_alias_maps: config.get(&shared::VIRTUAL_ALIAS_MAPS),
            virtual_mailbox_maps: config.get(&shared::VIRTUAL_MAILBOX_MAPS),
            relay_recipient_maps: config.get(&shared::RELAY_RECIPIENT_MAPS),
            local_recipient_maps: config.get(&shared::LOCAL_RECIPIENT_MAPS),
            empty_relayhost_key: config.get(&EMPTY_ADDRESS_RELAYHOST_MAPS_LOOKUP_KEY),
            empty_default_transport_key: config.get(&EMPTY_ADDRESS_DEFAULT_TRANSPORT_MAPS_LOOKUP_KEY),
            routes: Routes::of_mail(config),
            probe_routes: Routes::of_probes(config),
        }
    }

    /// Every set of tables, for opening them.
    pub fn tables(&self) -> Vec<&str> {
        let mut all = vec![
            self.relocated_maps.as_str(),
            &self.canonical_maps,
            &self.sender_canonical_maps,
            &self.recipient_canonical_maps,
            &self.virtual_alias_maps,
            &self.virtual_mailbox_maps,
            &self.relay_recipient_maps,
            &self.local_recipient_maps,
        ];
        for routes in [&self.routes, &self.probe_routes] {
            all.push(&routes.transport_maps.value);
            all.push(&routes.sender_relayhost_maps.value);
            all.push(&routes.sender_default_transport_maps.value);
        }
        all.retain(|tables| !tables.is_empty());
        all
    }
}

/// How recipient_delimiter splits local parts under this configuration.
pub fn extensions(config: &Config) -> Extensions {
    Extensions {
        delimiters: config.get(&shared::RECIPIENT_DELIMITER),
        double_bounce_sender: config.get(&shared::DOUBLE_BOUNCE_SENDER),
        owner_request_special: config.get(&OWNER_REQUEST_SPECIAL),
    }
}

impl Routes {
    fn of_mail(config: &Config) -> Self {
        Self {
            local: named(config, &shared::LOCAL_TRANSPORT),
            virtual_mailbox: named(config, &shared::VIRTUAL_TRANSPORT),
            relay: named(config, &shared::RELAY_TRANSPORT),
            default: named(config, &shared::DEFAULT_TRANSPORT),
            relayhost: config.get(&shared::RELAYHOST),
            transport_maps: named(config, &shared::TRANSPORT_MAPS),
            sender_relayhost_maps: named(config, &shared::SENDER_DEPENDENT_RELAYHOST_MAPS),
            sender_default_transport_maps: named(config, &shared::SENDER_DEPENDENT_DEFAULT_TRANSPORT_MAPS),
        }
    }

    fn of_probes(config: &Config) -> Self {
        Self {
            local: named(config, &ADDRESS_VERIFY_LOCAL_TRANSPORT),
            virtual_mailbox: named(config, &ADDRESS_VERIFY_VIRTUAL_TRANSPORT),
            relay: named(config, &ADDRESS_VERIFY_RELAY_TRANSPORT),
            default: named(config, &ADDRESS_VERIFY_DEFAULT_TRANSPORT),
            relayhost: config.get(&ADDRESS_VERIFY_RELAYHOST),
            transport_maps: named(config, &ADDRESS_VERIFY_TRANSPORT_MAPS),
            sender_relayhost_maps: named(config, &ADDRESS_VERIFY_SENDER_DEPENDENT_RELAYHOST_MAPS),
            sender_default_transport_maps: named(config, &ADDRESS_VERIFY_SENDER_DEPENDENT_DEFAULT_TRANSPORT_MAPS),
        }
    }
}

fn named<K: Kind<Value = String>>(config: &Config, parameter: &Param<K>) -> Named {
    Named { parameter: parameter.name, value: config.get(parameter) }
}
