//! Wasm plugins behind the `hook` traits: plugins.cf, `wasm:NAME` tables, the `wasm` command word of master.cf, and every
//! name in smtpd_*_restrictions. The plugin author's side of it is `wit/`.
//!
//! What comes in: plugins.cf, the components in plugin_directory, the default plugins the binary carries, and
//! [`hook::Services`]. What goes out: a [`Registry`], one generation of loaded plugins, which is the [`hook::Catalogue`] of
//! smtpd(8) and makes [`hook::Delivery`] and [`hook::Table`] objects; [`PluginHost`] replaces it whole when a file changes.
//!
//! Reading order: `registry` (what a generation is), `load` and `describe` (from file to checked plugin), `grants` (what its
//! linker holds), `loaded`, `instances` and `run` (one call), `restriction`, `check`, `filter`, `table`,
//! `delivery`, `delivery_hook`, `report` (the worlds), `imports` (what a plugin
//! may ask), `reload` (swapping generations).
//!
//! What it must never do: let a failed call look like consent, apply an edit of a call that failed, keep an instance after
//! a failure, give a component an import the administrator did not grant, or block a session while it compiles.
//! This is the only crate that names wasmtime. `cwasm` is the only module with unsafe code.
#![deny(unsafe_code)]

mod at_once;
mod bindings;
mod check;
mod connections;
mod cwasm;
mod delivery;
mod delivery_hook;
mod describe;
mod engine;
mod error;
mod failure;
mod filter;
mod grants;
mod imports;
mod instances;
mod limits;
mod load;
mod loaded;
mod message;
mod parameters;
mod registry;
mod reload;
mod report;
mod restriction;
mod run;
mod state;
mod store;
mod table;

pub use error::PluginError;
pub use message::ContentView;
pub use registry::{Origin, PluginInfo, Registry};
pub use reload::{Embedded, PluginHost, ServicesFactory};
pub use store::Stores;
