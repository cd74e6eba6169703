//! Restrictions on the client's address, names and login: postconf(5), smtpd_client_restrictions.
//!
//! What comes in: the client's address, the outcome of its name lookup, its login. What goes out: OK for the server's own
//! people, a refusal for clients without a proper name. It looks nothing up in DNS: smtpd(8) did that when the client came.
#![forbid(unsafe_code)]

mod permit_inet_interfaces;
mod permit_mynetworks;
mod permit_sasl_authenticated;
mod reject_unknown_client_hostname;
mod reject_unknown_reverse_client_hostname;

use waxwing_sdk::prelude::*;

/// Refusals of the reject_unknown_*client_hostname restrictions, unless the lookup failed for now.
const UNKNOWN_CLIENT_REJECT_CODE: Parameter =
    Parameter::new_code("unknown_client_reject_code", "450", "Reply code for clients without a valid host name");

pub const PLUGIN: Plugin = Plugin::new("client", env!("CARGO_PKG_VERSION"), "Client address, name and login")
    .parameters(&[UNKNOWN_CLIENT_REJECT_CODE, permit_mynetworks::MYNETWORKS, permit_inet_interfaces::INET_INTERFACES])
    .restrictions(&[
        permit_mynetworks::RESTRICTION,
        permit_sasl_authenticated::RESTRICTION,
        permit_inet_interfaces::RESTRICTION,
        reject_unknown_client_hostname::RESTRICTION,
        reject_unknown_reverse_client_hostname::RESTRICTION,
    ]);

waxwing_sdk::export!(PLUGIN);
