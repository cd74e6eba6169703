//! Greylisting: who is new is asked to come back in a few minutes. Mail servers do; most spam senders do not.
//!
//! A newcomer is a triplet of client network, sender and recipient that the store does not know yet. A client in a DNS
//! allow list is let through at once, and so is everybody who came back once.
#![forbid(unsafe_code)]

use waxwing_sdk::{
    Attribute, Facts, ParameterKind, address, clock, dns, log,
    prelude::*,
    reply,
    store::{self, StoreError},
};

// Parameters: `-o greylist_delay=60s` in plugins.cf, or `greylist_delay = 60s` in main.cf.
const DELAY: Parameter = Parameter::new_time("greylist_delay", "300s", "How long a newcomer has to wait");
const RETRY: Parameter =
    Parameter::new_time("greylist_retry_window", "172800s", "How long we wait for it to come back");
const MEMORY: Parameter = Parameter::new_time("greylist_lifetime", "3024000s", "How long it stays known after that");
const ALLOW_LIST: Parameter = Parameter::new(
    "greylist_allow_list",
    ParameterKind::Text,
    "list.dnswl.org",
    "DNS list of good clients; may be empty",
);

/// The store that `-o grant=store:greylist` gives us. All sessions share it, and it outlives a restart.
const STORE: &str = "greylist";

// The clock decides, so the answer may never be reused: that is the default of `depends_on`.
const GREYLIST: Restriction =
    Restriction::new("greylist", |_argument| check()).summary("Defers mail from newcomers until they come back");

pub const PLUGIN: Plugin = Plugin::new("greylist", env!("CARGO_PKG_VERSION"), "Greylisting")
    .parameters(&[DELAY, RETRY, MEMORY, ALLOW_LIST])
    .grants(&[GrantRequest::store(STORE, "remembers who came when"), GrantRequest::dns("asks the allow list")])
    .restrictions(&[GREYLIST]);

waxwing_sdk::export!(PLUGIN);

/// The restriction. `Dunno` lets the rest of the list decide.
fn check() -> Verdict {
    // Our own users need not wait.
    if session::facts().contains(Facts::AUTHENTICATED) {
        return Verdict::Dunno;
    }
    let [client, sender, recipient] =
        session::attributes([Attribute::ClientAddress, Attribute::Sender, Attribute::Recipient]);
    let (Some(client), Some(sender), Some(recipient)) = (client, sender, recipient) else {
        return Verdict::Dunno; // not at RCPT TO: nothing to remember yet
    };
    let triplet = [&address::network(&client), "/", &sender, "/", &recipient].concat().to_lowercase();
    match seconds_to_wait(&triplet, &client) {
        Ok(0) => Verdict::Dunno,
        Ok(seconds) => {
            let reason = format!("Greylisted, please come back in {seconds} seconds");
            let text = Subject::new(recipient, class::RECIPIENT).rejected(&reason);
            // Not `Defer`: a later restriction may have a better reason to reject.
            Verdict::DeferIfPermit(reply(450, "4.7.1", text))
        }
        // Better to take mail from a stranger than none at all.
        Err(error) => {
            log::warning(&format!("greylist is off: {error:?}"));
            Verdict::Dunno
        }
    }
}

/// 0 for those who may pass.
fn seconds_to_wait(triplet: &str, client: &str) -> Result<u64, StoreError> {
    let now = clock::seconds();
    let Some(first_seen) = store::get(STORE, triplet)? else {
        if is_allowed(client) {
            return Ok(0);
        }
        store::put_if_absent(STORE, triplet, &now.to_le_bytes(), RETRY.seconds() as u32)?;
        return Ok(DELAY.seconds());
    };
    let first_seen = first_seen.try_into().map_or(0, u64::from_le_bytes);
    let waited = now.saturating_sub(first_seen);
    if waited < DELAY.seconds() {
        return Ok(DELAY.seconds() - waited);
    }
    store::put(STORE, triplet, &first_seen.to_le_bytes(), MEMORY.seconds() as u32)?;
    Ok(0)
}

/// Whether the allow list has the client: `1.2.0.192.list.dnswl.org` exists for 192.0.2.1. It knows no private networks.
fn is_allowed(client: &str) -> bool {
    let list = ALLOW_LIST.text();
    let private = client.parse().is_ok_and(|ip: std::net::Ipv4Addr| ip.is_private() || ip.is_loopback());
    !list.is_empty() && !private && dns::lookup(&(address::reversed(client) + &list), dns::RecordType::A).is_ok()
}

#[cfg(test)]
mod tests;
