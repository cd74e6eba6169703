//! Whether an address class knows an address: reject_unlisted_recipient and reject_unlisted_sender of smtpd(8).

use hook::{AddressClass, AddressError, Listing, Resolution, SearchOrder};
use mail::address::split_domain;

use crate::Rewrite;

/// Which of the two questions: sender_canonical_maps count for senders only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Sender,
    Recipient,
}

impl Rewrite {
    pub(crate) async fn listing(&self, resolution: &Resolution, role: Role) -> Result<Listing, AddressError> {
        let settings = &self.settings;
        let address = resolution.recipient.as_str();
        let sender_maps = match role {
            Role::Sender => settings.sender_canonical_maps.as_str(),
            Role::Recipient => "",
        };
        let rewriting_maps =
            [&settings.recipient_canonical_maps, sender_maps, &settings.canonical_maps, &settings.virtual_alias_maps];
        for maps in rewriting_maps {
            if self.find(SearchOrder::Alias, maps, address).await?.is_some() {
                return Ok(Listing::Listed);
            }
        }
        let class_maps = match resolution.address_class {
            AddressClass::VirtualAlias => return Ok(Listing::Unlisted),
            _ if matches!(resolution.transport.as_str(), "error" | "retry") => return Ok(Listing::Unavailable),
            AddressClass::Default => "",
            AddressClass::Local if self.is_always_known(address) => "",
            AddressClass::Local => &settings.local_recipient_maps,
            AddressClass::VirtualMailbox => &settings.virtual_mailbox_maps,
            AddressClass::Relay => &settings.relay_recipient_maps,
        };
        if class_maps.is_empty() || self.find(SearchOrder::Alias, class_maps, address).await?.is_some() {
            return Ok(Listing::Listed);
        }
        Ok(Listing::Unlisted)
    }

    /// Local users that exist without a table: RFC 5321 section 4.5.1, and the senders of notices.
    fn is_always_known(&self, address: &str) -> bool {
        let (user, _) = split_domain(address);
        let known = [self.settings.extensions.double_bounce_sender.as_str(), "postmaster", "mailer-daemon"];
        known.iter().any(|name| user.eq_ignore_ascii_case(name))
    }
}
