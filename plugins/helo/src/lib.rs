//! Restrictions on the HELO or EHLO name: postconf(5), smtpd_helo_restrictions.
//!
//! What comes in: the name the client gave. What goes out: a refusal where it is no host name, has no domain, or is not in
//! DNS. Without a HELO command they have no opinion. `[address]` is tested for its syntax instead.
#![forbid(unsafe_code)]

mod permit_naked_ip_address;
mod reject_invalid_helo_hostname;
mod reject_non_fqdn_helo_hostname;
mod reject_unknown_helo_hostname;

use waxwing_sdk::{class, prelude::*};

pub const PLUGIN: Plugin = Plugin::new("helo", env!("CARGO_PKG_VERSION"), "HELO and EHLO names")
    .parameters(&[
        reject_invalid_helo_hostname::INVALID_HOSTNAME_REJECT_CODE,
        reject_non_fqdn_helo_hostname::NON_FQDN_REJECT_CODE,
        reject_unknown_helo_hostname::UNKNOWN_HOSTNAME_REJECT_CODE,
        reject_unknown_helo_hostname::UNKNOWN_HELO_HOSTNAME_TEMPFAIL_ACTION,
    ])
    .grants(&[GrantRequest::dns("reject_unknown_helo_hostname looks the name up")])
    .restrictions(&[
        reject_invalid_helo_hostname::RESTRICTION,
        reject_non_fqdn_helo_hostname::RESTRICTION,
        reject_unknown_helo_hostname::RESTRICTION,
        permit_naked_ip_address::RESTRICTION,
    ]);

waxwing_sdk::export!(PLUGIN);

/// Tests the HELO name: `[…]` as an address literal, all else by `test`.
fn helo(test: fn(&Subject) -> Verdict) -> Verdict {
    match session::helo_name() {
        None => Verdict::Dunno,
        Some(name) => {
            let subject = Subject::new(name, class::HELO);
            if subject.name.starts_with('[') { reject_invalid_helo_hostname::literal(&subject) } else { test(&subject) }
        }
    }
}
