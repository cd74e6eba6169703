//! Access tables: access(5), postconf(5), the check_*_access restrictions.
//!
//! What comes in: a table, and what the client said or is. What goes out: whatever the table's right-hand side says. The
//! search order is the server's, the meaning of the result the SDK's (`access`), which policy services share. What anybody can
//! write into DNS (reverse names, mail and name servers) can be refused here, but never permitted.
#![forbid(unsafe_code)]

mod check_ccert_access;
mod check_client_a_access;
mod check_client_access;
mod check_client_mx_access;
mod check_client_ns_access;
mod check_etrn_access;
mod check_helo_a_access;
mod check_helo_access;
mod check_helo_mx_access;
mod check_helo_ns_access;
mod check_recipient_a_access;
mod check_recipient_access;
mod check_recipient_mx_access;
mod check_recipient_ns_access;
mod check_reverse_client_hostname_a_access;
mod check_reverse_client_hostname_access;
mod check_reverse_client_hostname_mx_access;
mod check_reverse_client_hostname_ns_access;
mod check_sasl_access;
mod check_sender_a_access;
mod check_sender_access;
mod check_sender_mx_access;
mod check_sender_ns_access;
mod lookup;
mod mail_address;
mod servers;
mod whose;

use waxwing_sdk::{
    Grant,
    access::{ACCESS_MAP_DEFER_CODE, ACCESS_MAP_REJECT_CODE},
    prelude::*,
};

pub const PLUGIN: Plugin = Plugin::new("access", env!("CARGO_PKG_VERSION"), "Access tables")
    .parameters(&[ACCESS_MAP_REJECT_CODE, ACCESS_MAP_DEFER_CODE, check_ccert_access::SMTPD_TLS_ASK_CCERT])
    .grants(&[
        GrantRequest::dns("check_*_{a,mx,ns}_access look hosts up"),
        GrantRequest::new(Grant::Addresses, "", "addresses are looked up in their rewritten form"),
        GrantRequest::new(Grant::EditEnvelope, "", "HOLD, DISCARD, FILTER, REDIRECT and BCC"),
        GrantRequest::new(Grant::EditHeaders, "", "PREPEND"),
    ])
    .restrictions(&[
        check_client_access::RESTRICTION,
        check_reverse_client_hostname_access::RESTRICTION,
        check_helo_access::RESTRICTION,
        check_sender_access::RESTRICTION,
        check_recipient_access::RESTRICTION,
        check_etrn_access::RESTRICTION,
        check_sasl_access::RESTRICTION,
        check_ccert_access::RESTRICTION,
        check_client_a_access::RESTRICTION,
        check_client_mx_access::RESTRICTION,
        check_client_ns_access::RESTRICTION,
        check_helo_a_access::RESTRICTION,
        check_helo_mx_access::RESTRICTION,
        check_helo_ns_access::RESTRICTION,
        check_recipient_a_access::RESTRICTION,
        check_recipient_mx_access::RESTRICTION,
        check_recipient_ns_access::RESTRICTION,
        check_reverse_client_hostname_a_access::RESTRICTION,
        check_reverse_client_hostname_mx_access::RESTRICTION,
        check_reverse_client_hostname_ns_access::RESTRICTION,
        check_sender_a_access::RESTRICTION,
        check_sender_mx_access::RESTRICTION,
        check_sender_ns_access::RESTRICTION,
    ]);

waxwing_sdk::export!(PLUGIN);
