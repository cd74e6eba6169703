//! Every expectation was first seen from Postfix 3.7.11 under the same main.cf.

use std::{collections::HashMap, sync::Arc};

use config::Config;
use hook::{AddressClass, AddressError, Addresses, Found, Listing, Lookup, SearchOrder, TableError, Tables};
use mail::address::{Extensions, split_domain};

use crate::{Context, Rewrite, parameters};

/// Tables and lists in memory. A table is `static:{key=value, ...}` by name; `fail:` fails.
struct Memory {
    tables: HashMap<&'static str, Vec<(&'static str, &'static str)>>,
    lists: HashMap<&'static str, Vec<&'static str>>,
}

impl Memory {
    fn keys(&self, order: SearchOrder, key: &str) -> Vec<String> {
        let (local, domain) = split_domain(key);
        let domain = domain.unwrap_or("");
        let bare = Extensions::new("+").strip(key).map(|(bare, _)| bare);
        let mut keys = vec![key.to_string()];
        keys.extend(bare);
        match order {
            SearchOrder::Alias => {
                if self.lists["mydestination"].contains(&domain) {
                    keys.push(local.to_string());
                }
                keys.push(format!("@{domain}"));
            }
            SearchOrder::Transport => keys.extend([domain.to_string(), "*".to_string()]),
            _ => {}
        }
        keys
    }
}

impl Tables for Memory {
    fn open(&self, tables: &str) -> Result<(), String> {
        if tables.starts_with("bad:") { Err(format!("open {tables}")) } else { Ok(()) }
    }

    fn find<'a>(&'a self, order: SearchOrder, tables: &'a str, key: &'a str) -> Lookup<'a, Option<Found>> {
        if tables == "fail:" {
            return Lookup::Now(Err(TableError::Temporary("fail: is down".into())));
        }
        let entries = self.tables.get(tables).cloned().unwrap_or_default();
        let found = self.keys(order, key).into_iter().find_map(|key| {
            let value = entries.iter().find(|(k, _)| *k == key)?.1.to_string();
            Some(Found { key, value })
        });
        Lookup::Now(Ok(found))
    }

    fn match_domain<'a>(&'a self, parameter: &'a str, name: &'a str) -> Lookup<'a, bool> {
        let list = self.lists.get(parameter).cloned().unwrap_or_default();
        Lookup::Now(Ok(list.iter().any(|domain| domain.eq_ignore_ascii_case(name))))
    }

    fn match_host<'a>(&'a self, parameter: &'a str, _name: &'a str, address: &'a str) -> Lookup<'a, bool> {
        Lookup::Now(Ok(parameter == "inet_interfaces" && address == "127.0.0.1"))
    }
}

fn rewrite(main_cf: &str, tables: &[(&'static str, &[(&'static str, &'static str)])]) -> Rewrite {
    let base = "myhostname = mx.test\nmydomain = test\ncompatibility_level = 3.6\nvirtual_alias_maps =\nlocal_recipient_maps =\n";
    let config =
        Config::from_text(&format!("{base}{main_cf}"), &[config::parameters::PARAMETERS, parameters::PARAMETERS])
            .expect("the test's main.cf is good");
    let lists = [
        ("mydestination", vec!["mx.test", "localhost"]),
        ("virtual_alias_domains", vec!["va.test"]),
        ("virtual_mailbox_domains", vec!["vm.test"]),
        ("relay_domains", vec!["relay.test"]),
    ];
    let tables = tables.iter().map(|(name, entries)| (*name, entries.to_vec())).collect();
    let memory = Memory { tables, lists: lists.into_iter().collect() };
    Rewrite::new(&config, Arc::new(memory)).expect("the test's tables open")
}

#[test]
fn canonical_forms() {
    let plain = rewrite("", &[]);
    let old = rewrite("append_dot_mydomain = yes\nremote_header_rewrite_domain = domain.invalid\n", &[]);
    let off = rewrite("append_at_myorigin = no\nswap_bangpath = no\nallow_percent_hack = no\n", &[]);
    for (rewrite, address, expected) in [
        (&plain, "", ""),
        (&plain, "@", ""),
        (&plain, "user", "user@mx.test"),
        (&plain, "a!b", "b@a"),
        (&plain, "a%b", "a@b"),
        (&plain, "a%b%c", "a%b@c"),
        (&plain, "a b!c", "a b!c@mx.test"),
        (&plain, "a!b@c.test", "a!b@c.test"),
        (&plain, "@x,@y:a@b.test", "a@b.test"),
        (&plain, "a@b.test.", "a@b.test"),
        (&plain, "a@b..", "a@b.."),
        (&plain, "a@.", "a@."),
        (&plain, "a@", "a@"),
        (&plain, "a@b", "a@b"),
        (&old, "a@b", "a@b.test"),
        (&old, "a@[127.0.0.1]", "a@[127.0.0.1]"),
        (&off, "user", "user"),
        (&off, "a!b", "a!b"),
        (&off, "a%b", "a%b"),
    ] {
        assert_eq!(rewrite.canonical_form(address, Context::Local), expected, "{address}");
    }
    assert_eq!(plain.rewrite("user", false), "user");
    assert_eq!(old.rewrite("user", false), "user@domain.invalid");
    assert_eq!(old.rewrite("user@host", false), "user@host.domain.invalid");
}

#[tokio::test]
async fn peeling_and_classes() {
    let plain = rewrite("", &[]);
    for (address, recipient, class, transport, nexthop, routed) in [
        ("a@mx.test", "a@mx.test", AddressClass::Local, "local", "mx.test", false),
        ("a@[127.0.0.1]", "a@[127.0.0.1]", AddressClass::Local, "local", "mx.test", false),
        ("", "MAILER-DAEMON@mx.test", AddressClass::Local, "local", "mx.test", false),
        ("@mx.test", "MAILER-DAEMON@mx.test", AddressClass::Local, "local", "mx.test", false),
        ("@b.test", "@b.test", AddressClass::Default, "smtp", "b.test", false),
        ("a%b.test@mx.test", "a@b.test", AddressClass::Default, "smtp", "b.test", false),
        ("relay.test!a@mx.test", "a@relay.test", AddressClass::Relay, "relay", "relay.test", false),
        ("a@relay.test@mx.test", "a@relay.test", AddressClass::Relay, "relay", "relay.test", false),
        ("a b@c.test@mx.test", "a b@c.test", AddressClass::Default, "smtp", "c.test", false),
        ("a%b@relay.test", "a%b@relay.test", AddressClass::Relay, "relay", "relay.test", true),
        ("a@vm.test.", "a@vm.test", AddressClass::VirtualMailbox, "virtual", "vm.test", false),
        (
            "a@va.test",
            "a@va.test",
            AddressClass::VirtualAlias,
            "error",
            "5.1.1 User unknown in virtual alias table",
            false,
        ),
    ] {
        let found = plain.resolve(address, "").await.expect(address);
        assert_eq!(
            (&*found.recipient, found.address_class, &*found.transport, &*found.nexthop, found.source_routed),
            (recipient, class, transport, nexthop, routed),
            "{address}"
        );
    }
    for address in ["a@", "a@.", "a@b..test", "a@-b.test", "a@1.2.3.4", "a@[1.2.3]", "-a@b.test", "x y!z@mx.test"] {
        assert_eq!(plain.resolve(address, "").await, Err(AddressError::Syntax), "{address}");
    }
}

#[tokio::test]
async fn switches_of_the_resolver() {
    let literal = rewrite("allow_percent_hack = no\nswap_bangpath = no\nresolve_dequoted_address = no\n", &[]);
    for address in ["a%b@mx.test", "a!b@mx.test", "a@b@mx.test"] {
        let found = literal.resolve(address, "").await.expect(address);
        assert_eq!((&*found.recipient, found.source_routed), (address, true));
    }
    let lenient = rewrite("resolve_numeric_domain = yes\nresolve_null_domain = yes\nallow_min_user = yes\n", &[]);
    for (address, recipient, class) in [
        ("a@1.2.3.4", "a@[1.2.3.4]", AddressClass::Default),
        ("a@127.0.0.1", "a@[127.0.0.1]", AddressClass::Local),
        ("-a@mx.test", "-a@mx.test", AddressClass::Local),
        ("a@mx.test@", "a@mx.test", AddressClass::Local),
    ] {
        let found = lenient.resolve(address, "").await.expect(address);
        assert_eq!((&*found.recipient, found.address_class), (recipient, class), "{address}");
    }
}

#[tokio::test]
async fn transports_relayhosts_and_moves() {
    let main_cf = "relayhost = [hub.test]\ntransport_maps = t:\nrelocated_maps = r:\nlocal_transport = lmtp:unix:/x\n\
                   sender_dependent_relayhost_maps = sr:\nsender_dependent_default_transport_maps = st:\n";
    let rewrite = rewrite(
        main_cf,
        &[
            (
                "t:",
                &[
                    ("x.test", "smtp:[x]:26"),
                    ("u@y.test", ":[only]"),
                    ("z.test", "slow:"),
                    ("e.test", "error"),
                    ("n.test", ":"),
                ],
            ),
            ("r:", &[("gone@q.test", "new@r.test")]),
            ("sr:", &[("s@one.test", "[one]"), ("@two.test", "DUNNO"), ("<>", "[null]")]),
            ("st:", &[("s@one.test", "slow:[via]"), ("@two.test", "")]),
        ],
    );
    for (address, sender, transport, nexthop) in [
        ("a@q.test", "s@x", "smtp", "[hub.test]"),
        ("a@q.test", "", "smtp", "[null]"),
        ("a@q.test", "s@one.test", "slow", "[via]"),
        ("a@q.test", "s@two.test", "smtp", "[hub.test]"),
        ("a@relay.test", "s@one.test", "relay", "[one]"),
        ("a@x.test", "s@x", "smtp", "[x]:26"),
        ("u+e@y.test", "s@x", "smtp", "[only]"),
        ("a@z.test", "s@x", "slow", "z.test"),
        ("a@e.test", "s@x", "error", "Address is undeliverable"),
        ("a@n.test", "s@x", "smtp", "[hub.test]"),
        ("gone@q.test", "s@x", "error", "5.1.6 User has moved to new@r.test"),
        ("a@mx.test", "s@x", "lmtp", "unix:/x"),
    ] {
        let found = rewrite.resolve(address, sender).await.expect(address);
        assert_eq!((&*found.transport, &*found.nexthop), (transport, nexthop), "{address} from {sender}");
    }
    assert_eq!(rewrite.resolve_probe("a@x.test", "s@x").await.expect("resolves").transport, "smtp");
}

#[tokio::test]
async fn broken_tables_are_temporary_errors() {
    let broken = rewrite("transport_maps = fail:\n", &[]);
    let expected = Err(AddressError::Temporary("fail: is down".into()));
    assert_eq!(broken.resolve("a@b.test", "").await, expected);
    let nowhere = rewrite("default_transport = :x\n", &[]);
    let text = "parameter default_transport: null transport is not allowed".to_string();
    assert_eq!(nowhere.resolve("a@b.test", "").await, Err(AddressError::Temporary(text)));
}

#[tokio::test]
async fn listings() {
    let main_cf = "local_recipient_maps = l:\nvirtual_mailbox_maps = m:\nvirtual_alias_maps = v:\nsender_canonical_maps = sc:\n\
                   transport_maps = t:\n";
    let rewrite = rewrite(
        main_cf,
        &[
            ("l:", &[("joe", "x")]),
            ("m:", &[("a@vm.test", "x")]),
            ("v:", &[("x@va.test", "y"), ("alias@mx.test", "z")]),
            ("sc:", &[("out@mx.test", "q")]),
            ("t:", &[("dead.test", "error:5.1.2 dead")]),
        ],
    );
    for (address, expected) in [
        ("joe", Listing::Listed),
        ("joe@mx.test", Listing::Listed),
        ("jim@mx.test", Listing::Unlisted),
        ("alias@mx.test", Listing::Listed),
        ("out@mx.test", Listing::Unlisted),
        ("Postmaster@mx.test", Listing::Listed),
        ("double-bounce@mx.test", Listing::Listed),
        ("a@vm.test", Listing::Listed),
        ("b@vm.test", Listing::Unlisted),
        ("x@va.test", Listing::Listed),
        ("y@va.test", Listing::Unlisted),
        ("any@relay.test", Listing::Listed),
        ("any@b.test", Listing::Listed),
        ("any@dead.test", Listing::Unavailable),
    ] {
        assert_eq!(rewrite.find_recipient(address).await, Ok(expected), "{address}");
    }
    assert_eq!(rewrite.find_sender("out@mx.test").await, Ok(Listing::Listed));
    assert_eq!(rewrite.find_sender("").await, Ok(Listing::Listed));
}

#[test]
fn a_table_that_does_not_open_is_the_administrators_fault() {
    let config =
        Config::from_text("transport_maps = bad:x\n", &[config::parameters::PARAMETERS, parameters::PARAMETERS])
            .expect("the test's main.cf is good");
    let memory = Memory { tables: HashMap::new(), lists: HashMap::new() };
    let error = Rewrite::new(&config, Arc::new(memory)).err().map(|error| error.to_string());
    assert_eq!(error.as_deref(), Some("open bad:x"));
}

#[test]
fn a_default_that_is_old_is_remarked_on_where_it_counts() {
    let said = |main_cf: &str, given: &str| {
        let rewrite = rewrite(main_cf, &[]);
        rewrite.settings().remark(given, &rewrite.canonical_form(given, Context::Local)).unwrap_or_default()
    };
    let old = "compatibility_level = 0\n";
    let text = "using backwards-compatible default setting append_dot_mydomain=yes to rewrite";
    assert_eq!(said(old, "a@b"), format!("{text} \"b\" to \"b.test\""));
    assert_eq!(said(old, "b!a"), format!("{text} \"b\" to \"b.test\""));
    assert_eq!(
        said(old, "a@localhost"),
        format!(
            "{text} \"localhost\" to \"localhost.test\"; please add \"localhost\" to mydestination or other address class"
        )
    );
    for (main_cf, given) in [
        (old, "a"),
        (old, "a@b.test"),
        (old, "a@other.example"),
        ("compatibility_level = 0\nappend_dot_mydomain = yes\n", "a@b"),
        ("", "a@b"),
    ] {
        assert_eq!(said(main_cf, given), "", "{given} with {main_cf}");
    }
}
