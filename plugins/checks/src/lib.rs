//! The actions of header_checks(5): what a table's right-hand side does with a header or body line, on receipt
//! (header_checks, mime_header_checks, nested_header_checks, body_checks, milter_header_checks) and on delivery (smtp_*_checks).
//!
//! What comes in: a line that a table of the parameter matched, with the attributes `check_result` (the right-hand side) and
//! `check_parameter` (whose table it is). Lines that match nothing do not come here. What goes out: one action, with edits of
//! the envelope and log lines beside it. A right-hand side that makes no sense is warned about and changes nothing.
#![forbid(unsafe_code)]

mod action;

use waxwing_sdk::{Grant, prelude::*};
use waxwing_sdk_check::{Action, Check, Part};

use action::Entry;

const CHECKS: Check = Check::new(|part, _line| {
    // Named as `wasm:checks` it is asked without a table behind it, and has no opinion.
    let (Some(value), Some(parameter)) = (session::named("check_result"), session::named("check_parameter")) else {
        return Action::Dunno;
    };
    let delivering = parameter.starts_with("smtp_") || parameter.starts_with("lmtp_");
    Entry { parameter: &parameter, value: &value, header: part != Part::Body, delivering }.action(part)
});

pub const PLUGIN: Plugin = Plugin::new("checks", env!("CARGO_PKG_VERSION"), "Actions of header_checks tables")
    .grants(&[GrantRequest::new(Grant::EditEnvelope, "", "HOLD, DISCARD, FILTER, REDIRECT and BCC")]);

waxwing_sdk_check::export!(PLUGIN, CHECKS);

#[cfg(test)]
mod tests;
