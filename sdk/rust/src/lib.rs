//! Waxwing plugins in Rust: everything a plugin may ask of the mail server, and how it answers.
//!
//! A restriction is a function from its argument in main.cf to a [`Verdict`]; a [`Plugin`] lists the restrictions it offers.
//! This is a whole plugin:
//! ```
//! use waxwing_sdk::prelude::*;
//!
//! const NO_EXAMPLE: Restriction = Restriction::new("reject_example_sender", |_argument| match session::sender() {
//!     Some(sender) if sender.ends_with("@example.com") => refuse(554, "5.7.1", "Mail from example.com is not real"),
//!     _ => Verdict::Dunno,
//! })
//! .depends_on(Inputs::SENDER);
//!
//! pub const PLUGIN: Plugin = Plugin::new("no-example", "1.0.0", "Refuses example.com").restrictions(&[NO_EXAMPLE]);
//! waxwing_sdk::export!(PLUGIN);
//! ```
//! Built with `--target wasm32-unknown-unknown` it is a component; built natively, `cargo test` runs it on the fake server of
//! the module `testing`. It must never assume that anything outlives a call: the server may use a new instance for each.
#![deny(unsafe_code)]

pub mod access;
pub mod address;
pub mod addresses;
#[doc(hidden)]
pub mod bindings;
pub mod dns;
pub mod edits;
mod export;
pub mod hostname;
pub mod log;
pub mod message;
mod plugin;
mod reply;
pub mod services;
pub mod session;
pub mod socket;
pub mod store;
pub mod tables;
pub mod template;
#[cfg(not(target_family = "wasm"))]
pub mod testing;

pub use bindings::{
    exports::waxwing::plugin::{
        plugin::{Grant, ParameterKind},
        restrictions::{ArgumentKind, Traits, Verdict},
    },
    waxwing::plugin::{
        session::{Attribute, Facts, NameStatus},
        types::{EnhancedStatus, Inputs, Reply, Stage, Stages},
    },
};
pub use plugin::{GrantRequest, Parameter, Plugin, Restriction};
pub use reply::{Subject, class, configuration_error, lookup_failure, refuse, reply, temporary_lookup_failure};
pub use services::{clock, notes, random};

#[doc(hidden)]
pub use export::{describe, dispatch, list_restrictions, validate};

/// What nearly every plugin uses.
pub mod prelude {
    pub use crate::{
        GrantRequest, Inputs, Parameter, Plugin, Restriction, Stage, Stages, Subject, Traits, Verdict, class, refuse,
        session,
    };
}

/// The server: the real one in a component, the fake one of [`testing`] in native builds.
#[cfg(target_family = "wasm")]
pub(crate) use bindings::waxwing::plugin as host;
#[cfg(not(target_family = "wasm"))]
pub(crate) use testing::imports as host;
