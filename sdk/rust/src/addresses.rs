//! What the server would do with a mail address: trivial-rewrite(8) and verify(8). Grants: addresses, verification.

pub use crate::bindings::waxwing::plugin::{
    addresses::{AddressClass, AddressError, Listing, Resolution},
    verification::{ProbeResult, ProbeStatus},
};
use crate::{Verdict, host, temporary_lookup_failure};

/// Resolves an address; `sender` matters for sender_dependent_*_maps and may be empty.
pub fn resolve(address: &str, sender: &str) -> Result<Resolution, AddressError> {
    host::addresses::resolve(address, sender)
}

/// Resolves an address, or gives Postfix's answer where that fails: `451 4.3.0 <ADDRESS>: Temporary lookup failure`.
pub fn resolve_or_defer(address: &str, sender: &str) -> Result<Resolution, Verdict> {
    resolve(address, sender).map_err(|_| temporary_lookup_failure(address))
}

/// Whether the address exists, by canonical, virtual alias, and its class's maps.
pub fn find_recipient(address: &str) -> Result<Listing, AddressError> {
    host::addresses::find_recipient(address)
}

/// The same for a sender address.
pub fn find_sender(address: &str) -> Result<Listing, AddressError> {
    host::addresses::find_sender(address)
}

/// Asks verify(8), which may send probe mail. `Err`: no verification database, or it failed.
pub fn probe(address: &str) -> Result<ProbeResult, String> {
    host::verification::probe(address)
}

impl Resolution {
    /// mydestination, virtual_alias_domains or virtual_mailbox_domains hold the domain: delivery ends here.
    pub fn is_final(&self) -> bool {
        matches!(self.address_class, AddressClass::Local | AddressClass::VirtualAlias | AddressClass::VirtualMailbox)
    }

    /// This server takes mail for the address from anyone (permit_auth_destination).
    pub fn is_authorized_destination(&self) -> bool {
        // An address that has no domain even now is local.
        !self.recipient.contains('@')
            || !self.source_routed && (self.is_final() || self.address_class == AddressClass::Relay)
    }
}
