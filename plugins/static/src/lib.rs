//! Restrictions that look at nothing but the session itself: postconf(5), SMTPD_ACCESS_README.
//!
//! What comes in: session attributes. What goes out: a fixed answer, worded as Postfix words it.
//! It asks neither tables nor DNS, so no call of it ever waits.
#![forbid(unsafe_code)]

mod defer;
mod defer_if_permit;
mod defer_if_reject;
mod permit;
mod reject;
mod reject_multi_recipient_bounce;
mod reject_plaintext_session;
mod reject_unauth_pipelining;
mod sleep;

use waxwing_sdk::prelude::*;

pub const PLUGIN: Plugin = Plugin::new("static", env!("CARGO_PKG_VERSION"), "Fixed answers and protocol checks")
    .parameters(&[
        reject::REJECT_CODE,
        defer::DEFER_CODE,
        reject_plaintext_session::PLAINTEXT_REJECT_CODE,
        reject_multi_recipient_bounce::MULTI_RECIPIENT_BOUNCE_REJECT_CODE,
    ])
    .restrictions(&[
        permit::RESTRICTION,
        reject::RESTRICTION,
        defer::RESTRICTION,
        defer_if_permit::RESTRICTION,
        defer_if_reject::RESTRICTION,
        sleep::RESTRICTION,
        reject_unauth_pipelining::RESTRICTION,
        reject_plaintext_session::RESTRICTION,
        reject_multi_recipient_bounce::RESTRICTION,
    ]);

waxwing_sdk::export!(PLUGIN);
