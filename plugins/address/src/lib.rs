//! Restrictions on sender and recipient addresses: postconf(5), smtpd_sender_restrictions, smtpd_recipient_restrictions.
//!
//! What comes in: MAIL FROM and RCPT TO. What goes out: a refusal where an address has no full domain, where its domain is
//! not in DNS, or where this server knows that nobody has it. They never look at whether mail may be relayed.
//! The null sender passes all of them.
#![forbid(unsafe_code)]

mod domain_in_dns;
mod fully_qualified;
mod listed;
mod reject_non_fqdn_recipient;
mod reject_non_fqdn_sender;
mod reject_unknown_recipient_domain;
mod reject_unknown_sender_domain;
mod reject_unlisted_recipient;
mod reject_unlisted_sender;

use waxwing_sdk::{Grant, class, prelude::*};

pub const PLUGIN: Plugin = Plugin::new("address", env!("CARGO_PKG_VERSION"), "Sender and recipient addresses")
    .parameters(&[
        fully_qualified::NON_FQDN_REJECT_CODE,
        domain_in_dns::UNKNOWN_ADDRESS_REJECT_CODE,
        domain_in_dns::UNKNOWN_ADDRESS_TEMPFAIL_ACTION,
        listed::UNKNOWN_LOCAL_RECIPIENT_REJECT_CODE,
        listed::UNKNOWN_VIRTUAL_ALIAS_REJECT_CODE,
        listed::UNKNOWN_VIRTUAL_MAILBOX_REJECT_CODE,
        listed::UNKNOWN_RELAY_RECIPIENT_REJECT_CODE,
        listed::SHOW_USER_UNKNOWN_TABLE_NAME,
    ])
    .grants(&[
        GrantRequest::dns("reject_unknown_sender_domain and reject_unknown_recipient_domain look the domain up"),
        GrantRequest::new(
            Grant::Addresses,
            "",
            "own domains are not looked up in DNS; reject_unlisted_* asks for users",
        ),
    ])
    .restrictions(&[
        reject_non_fqdn_sender::RESTRICTION,
        reject_non_fqdn_recipient::RESTRICTION,
        reject_unknown_sender_domain::RESTRICTION,
        reject_unknown_recipient_domain::RESTRICTION,
        reject_unlisted_sender::RESTRICTION,
        reject_unlisted_recipient::RESTRICTION,
    ]);

waxwing_sdk::export!(PLUGIN);

/// Which of the two addresses is tested.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Sender,
    Recipient,
}

impl Role {
    fn class(self) -> &'static str {
        match self {
            Role::Sender => class::SENDER,
            Role::Recipient => class::RECIPIENT,
        }
    }

    /// The address under test, when there is one and it is not the null sender.
    fn address(self) -> Option<String> {
        let address = match self {
            Role::Sender => session::sender(),
            Role::Recipient => session::recipient(),
        };
        address.filter(|address| !address.is_empty())
    }

    /// The other address: it may decide how this one resolves.
    fn other_address(self) -> String {
        let address = match self {
            Role::Sender => session::recipient(),
            Role::Recipient => session::sender(),
        };
        address.unwrap_or_default()
    }
}
