//! Filters in Rust: `wasm:NAME` in smtpd_milters and non_smtpd_milters, wit/filter.wit. A crate of its own beside
//! `waxwing-sdk`, since a component exports all of one world.
//! ```
//! use waxwing_sdk::{Grant, edits::headers, message, prelude::*};
//! use waxwing_sdk_filter::{Event, Events, Filter, Response, reject};
//!
//! const NO_MONDAYS: Filter = Filter::new(Events::END_OF_MESSAGE, |event| match event {
//!     Event::EndOfMessage if message::header("Date", 0).is_some_and(|date| date.value.starts_with("Mon")) => {
//!         reject("5.7.1", "Not on a Monday")
//!     }
//!     _ => {
//!         headers::append("X-Day", "fine");
//!         Response::Proceed
//!     }
//! });
//!
//! const EDITS: GrantRequest = GrantRequest::new(Grant::EditHeaders, "", "adds X-Day");
//! pub const PLUGIN: Plugin = Plugin::new("no-mondays", "1.0.0", "Refuses mail of Mondays").grants(&[EDITS]);
//! waxwing_sdk_filter::export!(PLUGIN, NO_MONDAYS);
//! ```
//! What a filter may ask and change is what `waxwing_sdk` has (`session`, `message`, `edits`, `notes`, `log` and so on), and
//! [`body::write`].
#![deny(unsafe_code)]

#[doc(hidden)]
pub mod bindings;

pub use bindings::exports::waxwing::plugin::filter_events::{Event, Events, Piece, Response};
#[doc(hidden)]
pub use waxwing_sdk;

use bindings::exports::waxwing::plugin::{filter_events::Subscription, plugin as described};

use waxwing_sdk::{EnhancedStatus, Grant, ParameterKind, Plugin, Reply, access::split_status};

/// The body of the message. Grant: edit-body.
pub mod body {
    use crate::bindings::waxwing::plugin::body_edits;

    /// A piece of a new body, CR LF line ends; the first call throws the old body away. At [`crate::Event::EndOfMessage`] only.
    pub fn write(piece: &[u8]) {
        for piece in piece.chunks(64 * 1024) {
            body_edits::write(piece);
        }
    }
}

/// What a plugin does with the events of a session.
#[derive(Clone, Copy)]
pub struct Filter {
    events: Events,
    headers: &'static [&'static str],
    handle: fn(Event) -> Response,
}

impl Filter {
    /// `handle` gets the events named, and no others.
    pub const fn new(events: Events, handle: fn(Event) -> Response) -> Self {
        Self { events, headers: &[], handle }
    }

    /// Only these fields in [`Event::Header`], whatever their case.
    pub const fn headers(mut self, names: &'static [&'static str]) -> Self {
        self.headers = names;
        self
    }

    /// Tells it. Only useful in a component's call, or in a test.
    pub fn handle(&self, event: Event) -> Response {
        (self.handle)(event)
    }
}

/// A refusal with a text that may begin with an enhanced status; `default_status` where it does not. `4.x.x` defers.
pub fn reject(default_status: &str, text: &str) -> Response {
    // A status without a text is all there is to say.
    let given = !text.is_empty();
    let (status, text) = split_status(default_status, text);
    let status = status.as_str();
    let mut numbers = status.split('.').skip(1).map(|number| number.parse().unwrap_or(0));
    let enhanced = EnhancedStatus { subject: numbers.next().unwrap_or(7), detail: numbers.next().unwrap_or(1) };
    let reply = Reply { code: None, status: Some(enhanced), text: given.then(|| text.to_string()) };
    if status.starts_with('4') { Response::Defer(reply) } else { Response::Reject(reply) }
}

/// Exports a [`Plugin`] constant and its [`Filter`]. Native builds export nothing.
#[macro_export]
macro_rules! export {
    ($plugin:expr, $filter:expr) => {
        // Used in native builds, too.
        const _: (&$crate::waxwing_sdk::Plugin, &$crate::Filter) = (&$plugin, &$filter);

        #[cfg(target_family = "wasm")]
        const _: () = {
            use $crate::bindings::exports::waxwing::plugin::{filter_events, plugin};
            struct Component;

            impl plugin::Guest for Component {
                fn describe() -> plugin::Description {
                    $crate::describe(&$plugin)
                }
            }

            impl filter_events::Guest for Component {
                fn subscribe() -> filter_events::Subscription {
                    $crate::subscribe(&$filter)
                }

                fn handle(event: filter_events::Event) -> filter_events::Response {
                    $filter.handle(event)
                }
            }

    $crate::bindings::__export_filter!(Component with_types_in $crate::bindings);
        };
    };
}

/// `filter-events.subscribe`.
#[doc(hidden)]
pub fn subscribe(filter: &Filter) -> Subscription {
    Subscription { events: filter.events, headers: filter.headers.iter().map(|&name| name.into()).collect() }
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
