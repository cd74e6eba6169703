//! verify(8): address verification, ADDRESS_VERIFICATION_README.
//!
//! A query answers from the cache. Where the cache has nothing, or what it has is to be refreshed, a probe goes into the
//! queue: a message without content whose delivery agents stop before they deliver. The queue manager reports what became
//! of it, and the report goes into the cache.
//!
//! `entry` says how long what is known counts, `cache` keeps it, `store` keeps it on disk, `sender` is the address that
//! probes come from, `settings` what main.cf says, `service` the question and the report.

mod cache;
mod entry;
pub mod parameters;
mod sender;
mod service;
mod settings;
mod store;

pub use cache::Cache;
pub use service::Verify;
pub use settings::Settings;

#[cfg(test)]
mod tests;
