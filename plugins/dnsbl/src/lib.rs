//! DNS block lists and allow lists: postconf(5), reject_rbl_client and its kin.
//!
//! What comes in: an address or a domain, and a list `domain[=filter]`. What goes out: a refusal worded by rbl_reply_maps or
//! default_rbl_reply, or OK. A list that cannot be asked never blocks anybody.
#![forbid(unsafe_code)]

mod allow_list;
mod block_list;
mod filter;
mod list;
mod permit_dnswl_client;
mod permit_rhswl_client;
mod reject_maps_rbl;
mod reject_rbl_client;
mod reject_rhsbl_client;
mod reject_rhsbl_helo;
mod reject_rhsbl_recipient;
mod reject_rhsbl_reverse_client;
mod reject_rhsbl_sender;
mod reply_text;

use waxwing_sdk::{Attribute, Grant, prelude::*};

/// A reply may name any of these.
const REPLY_INPUTS: Inputs = Inputs::CONNECTION.union(Inputs::HELO).union(Inputs::SENDER).union(Inputs::RECIPIENT);

pub const PLUGIN: Plugin = Plugin::new("dnsbl", env!("CARGO_PKG_VERSION"), "DNS block lists and allow lists")
    .parameters(&[
        reply_text::MAPS_RBL_REJECT_CODE,
        reply_text::DEFAULT_RBL_REPLY,
        reply_text::RBL_REPLY_MAPS,
        reply_text::SMTPD_EXPANSION_FILTER,
        reject_maps_rbl::MAPS_RBL_DOMAINS,
    ])
    .grants(&[
        GrantRequest::dns("the lists are in DNS"),
        GrantRequest::new(Grant::Addresses, "", "allow lists permit mail to own recipients only"),
    ])
    .restrictions(&[
        reject_rbl_client::RESTRICTION,
        reject_rhsbl_client::RESTRICTION,
        reject_rhsbl_reverse_client::RESTRICTION,
        reject_rhsbl_helo::RESTRICTION,
        reject_rhsbl_sender::RESTRICTION,
        reject_rhsbl_recipient::RESTRICTION,
        reject_maps_rbl::RESTRICTION,
        permit_dnswl_client::RESTRICTION,
        permit_rhswl_client::RESTRICTION,
    ]);

waxwing_sdk::export!(PLUGIN);

/// A client name that is not `unknown`.
fn known(attribute: Attribute) -> Option<String> {
    session::attribute(attribute).filter(|name| !name.eq_ignore_ascii_case("unknown"))
}
