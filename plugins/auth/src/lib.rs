//! Logins and certificates: postconf(5), SASL_README, TLS_README.
//!
//! What comes in: the SASL login, the client certificate, the sender. What goes out: OK for known certificates, a refusal for
//! senders that belong to somebody else. It never looks at a password.
#![forbid(unsafe_code)]

mod owner;
mod permit_tls_all_clientcerts;
mod permit_tls_clientcerts;
mod reject_authenticated_sender_login_mismatch;
mod reject_known_sender_login_mismatch;
mod reject_sender_login_mismatch;
mod reject_unauthenticated_sender_login_mismatch;

use waxwing_sdk::{Grant, prelude::*};

pub const PLUGIN: Plugin = Plugin::new("auth", env!("CARGO_PKG_VERSION"), "Logins and client certificates")
    .parameters(&[
        owner::SMTPD_SENDER_LOGIN_MAPS,
        permit_tls_clientcerts::RELAY_CLIENTCERTS,
        permit_tls_clientcerts::SMTPD_TLS_ASK_CCERT,
    ])
    .grants(&[GrantRequest::new(Grant::Addresses, "", "smtpd_sender_login_maps has senders in their rewritten form")])
    .restrictions(&[
        permit_tls_clientcerts::RESTRICTION,
        permit_tls_all_clientcerts::RESTRICTION,
        reject_sender_login_mismatch::RESTRICTION,
        reject_authenticated_sender_login_mismatch::RESTRICTION,
        reject_unauthenticated_sender_login_mismatch::RESTRICTION,
        reject_known_sender_login_mismatch::RESTRICTION,
    ]);

waxwing_sdk::export!(PLUGIN);
