//! Address verification: ADDRESS_VERIFICATION_README, verify(8).
//!
//! What comes in: sender or recipient. What goes out: a refusal where a probe says that mail to the address would not arrive.
//! Probing, its cache and its polling are the server's.
#![forbid(unsafe_code)]

mod reject_unverified_recipient;
mod reject_unverified_sender;
mod verdict;

use waxwing_sdk::{Grant, prelude::*};

pub const PLUGIN: Plugin = Plugin::new("verify", env!("CARGO_PKG_VERSION"), "Address verification")
    .parameters(&[
        reject_unverified_sender::REJECT_CODE,
        reject_unverified_sender::DEFER_CODE,
        reject_unverified_sender::REJECT_REASON,
        reject_unverified_sender::TEMPFAIL_ACTION,
        reject_unverified_recipient::REJECT_CODE,
        reject_unverified_recipient::DEFER_CODE,
        reject_unverified_recipient::REJECT_REASON,
        reject_unverified_recipient::TEMPFAIL_ACTION,
    ])
    .grants(&[GrantRequest::new(Grant::Verification, "", "an address that is not known yet is probed")])
    .restrictions(&[reject_unverified_sender::RESTRICTION, reject_unverified_recipient::RESTRICTION]);

waxwing_sdk::export!(PLUGIN);
