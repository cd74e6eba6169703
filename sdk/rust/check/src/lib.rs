//! Checkers of content in Rust: `wasm:NAME` in header_checks(5) and its relatives, wit/check.wit. A crate of its own beside
//! `waxwing-sdk`, since a component exports all of one world.
//! ```
//! use waxwing_sdk::prelude::*;
//! use waxwing_sdk_check::{Action, Check, Part, header, reject};
//!
//! const NO_WINMAIL: Check = Check::new(|_part, line| match header(line) {
//!     Some((_, value)) if value.contains("winmail.dat") => reject("5.7.1", "Send plain attachments, please"),
//!     _ => Action::Dunno,
//! })
//! .headers(&["Content-Type", "Content-Disposition"]);
//!
//! pub const PLUGIN: Plugin = Plugin::new("no-winmail", "1.0.0", "Refuses winmail.dat");
//! waxwing_sdk_check::export!(PLUGIN, NO_WINMAIL);
//! ```
//! What a checker may ask and change is what `waxwing_sdk` has: `session`, `message`, `edits`, `log` and so on.
#![deny(unsafe_code)]

#[doc(hidden)]
pub mod bindings;

pub use bindings::exports::waxwing::plugin::content_checks::{Action, Part};
#[doc(hidden)]
pub use waxwing_sdk;

use bindings::exports::waxwing::plugin::{content_checks::Subscription, plugin as described};

use waxwing_sdk::{EnhancedStatus, Grant, ParameterKind, Plugin, Reply, access::split_status};

/// What a plugin does with content lines.
#[derive(Clone, Copy)]
pub struct Check {
    headers: &'static [&'static str],
    check: fn(Part, &[u8]) -> Action,
}

impl Check {
    /// `check` gets each logical header, its lines joined by LF, and each body line.
    pub const fn new(check: fn(Part, &[u8]) -> Action) -> Self {
        Self { headers: &[], check }
    }

    /// Only these header fields, whatever their case; body lines all the same.
    pub const fn headers(mut self, names: &'static [&'static str]) -> Self {
        self.headers = names;
        self
    }

    /// Asks it. Only useful in a component's call, or in a test.
    pub fn check(&self, part: Part, line: &[u8]) -> Action {
        (self.check)(part, line)
    }
}

/// REJECT with a text that may begin with an enhanced status; `default_status` where it does not. `4.x.x` defers.
pub fn reject(default_status: &str, text: &str) -> Action {
    // A status without a text is all there is to say.
    let given = !text.is_empty();
    let (status, text) = split_status(default_status, text);
    let status = status.as_str();
    let mut numbers = status.split('.').skip(1).map(|number| number.parse().unwrap_or(0));
    let enhanced = EnhancedStatus { subject: numbers.next().unwrap_or(7), detail: numbers.next().unwrap_or(1) };
    let reply = Reply { code: None, status: Some(enhanced), text: given.then(|| text.to_string()) };
    if status.starts_with('4') { Action::Defer(reply) } else { Action::Reject(reply) }
}

/// Name and value of a header, unfolded; none where the line is no header or no text.
pub fn header(line: &[u8]) -> Option<(&str, String)> {
    let (name, value) = std::str::from_utf8(line).ok()?.split_once(':')?;
    Some((name.trim_end(), value.replace(['\r', '\n'], "").trim().to_string()))
}

/// Exports a [`Plugin`] constant and its [`Check`]. Native builds export nothing.
#[macro_export]
macro_rules! export {
    ($plugin:expr, $check:expr) => {
        // Used in native builds, too.
        const _: (&$crate::waxwing_sdk::Plugin, &$crate::Check) = (&$plugin, &$check);

        #[cfg(target_family = "wasm")]
        const _: () = {
            use $crate::bindings::exports::waxwing::plugin::{content_checks, plugin};
            struct Component;

            impl plugin::Guest for Component {
                fn describe() -> plugin::Description {
                    $crate::describe(&$plugin)
                }
            }

            impl content_checks::Guest for Component {
                fn subscribe() -> content_checks::Subscription {
                    $crate::subscribe(&$check)
                }

                fn check(part: content_checks::Part, line: ::std::vec::Vec<u8>) -> content_checks::Action {
                    $check.check(part, &line)
                }
            }

    $crate::bindings::__export_checks!(Component with_types_in $crate::bindings);
        };
    };
}

/// `content-checks.subscribe`.
#[doc(hidden)]
pub fn subscribe(check: &Check) -> Subscription {
    Subscription { headers: check.headers.iter().map(|&name| name.into()).collect() }
}

/// `plugin.describe`, in the types of this world.
#[doc(hidden)]
pub fn describe(plugin: &Plugin) -> described::Description {
    let told = waxwing_sdk::describe(plugin);
    let parameters = told.parameters.into_iter().map(|parameter| described::Parameter {
        name: parameter.name,
        kind: kind(parameter.kind),
        default_value: parameter.default_value,
        summary: parameter.summary,
    });
    let grants = told.grants.into_iter().map(|request| described::GrantRequest {
        grant: grant(request.grant),
        scope: request.scope,
        reason: request.reason,
    });
    described::Description {
        name: told.name,
        version: told.version,
        summary: told.summary,
        parameters: parameters.collect(),
        grants: grants.collect(),
    }
}

fn kind(kind: ParameterKind) -> described::ParameterKind {
    use described::ParameterKind as To;
    match kind {
        ParameterKind::Text => To::Text,
        ParameterKind::Boolean => To::Boolean,
        ParameterKind::Number => To::Number,
        ParameterKind::Duration => To::Duration,
        ParameterKind::ReplyCode => To::ReplyCode,
        ParameterKind::Tables => To::Tables,
        ParameterKind::AddressList => To::AddressList,
        ParameterKind::DomainList => To::DomainList,
        ParameterKind::Template => To::Template,
    }
}

fn grant(grant: Grant) -> described::Grant {
    use described::Grant as To;
    match grant {
        Grant::Dns => To::Dns,
        Grant::Tables => To::Tables,
        Grant::Addresses => To::Addresses,
        Grant::Verification => To::Verification,
        Grant::Store => To::Store,
        Grant::Http => To::Http,
        Grant::Socket => To::Socket,
        Grant::Body => To::Body,
        Grant::EditEnvelope => To::EditEnvelope,
        Grant::EditHeaders => To::EditHeaders,
        Grant::EditBody => To::EditBody,
        Grant::Submit => To::Submit,
        Grant::Metrics => To::Metrics,
        Grant::Files => To::Files,
    }
}
