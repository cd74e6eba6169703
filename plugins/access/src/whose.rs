//! Whose servers a check_*_{a,mx,ns}_access restriction looks up.

use waxwing_sdk::{Attribute, Subject, Verdict, address::name_and_address, class, session};

use crate::servers::{Search, Servers};

/// The verified client name; none when it is unknown.
pub fn client(restriction: &'static str, table: &str, servers: Servers) -> Verdict {
    let [name, address] = session::attributes([Attribute::ClientName, Attribute::ClientAddress]);
    let Some(name) = known(name) else { return Verdict::Dunno };
    let address = address.unwrap_or_default();
    let subject = || Subject::new(name_and_address(&name, &address), class::CLIENT);
    Search { restriction, table, target: &name, subject: &subject }.check(servers)
}

/// The client name from address to name only.
pub fn reverse_client(restriction: &'static str, table: &str, servers: Servers) -> Verdict {
    target(restriction, table, servers, known(session::attribute(Attribute::ReverseClientName)), class::REVERSE_CLIENT)
}

pub fn helo(restriction: &'static str, table: &str, servers: Servers) -> Verdict {
    target(restriction, table, servers, session::helo_name(), class::HELO)
}

pub fn sender(restriction: &'static str, table: &str, servers: Servers) -> Verdict {
    target(restriction, table, servers, session::sender(), class::SENDER)
}

pub fn recipient(restriction: &'static str, table: &str, servers: Servers) -> Verdict {
    target(restriction, table, servers, session::recipient(), class::RECIPIENT)
}

fn target(
    restriction: &'static str,
    table: &str,
    servers: Servers,
    target: Option<String>,
    class: &'static str,
) -> Verdict {
    let Some(target) = target.filter(|target| !target.is_empty()) else { return Verdict::Dunno };
    let subject = || Subject::new(target.as_str(), class);
    Search { restriction, table, target: &target, subject: &subject }.check(servers)
}

fn known(name: Option<String>) -> Option<String> {
    name.filter(|name| !name.eq_ignore_ascii_case("unknown"))
}
