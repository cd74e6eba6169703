//! Log lines; the server adds queue id and client. Needs no grant.

pub use crate::bindings::waxwing::plugin::log::Level;
use crate::host;

/// A line of the plugin's own.
pub fn write(level: Level, text: &str) {
    host::log::write(level, text);
}

/// A `warning:` line.
pub fn warning(text: &str) {
    host::log::write(Level::Warning, text);
}

/// An ordinary line.
pub fn info(text: &str) {
    host::log::write(Level::Info, text);
}

/// The INFO action of access(5): `info:` with client, sender, recipient and HELO.
pub fn info_action(text: &str) {
    host::log::info_action(text);
}

/// The WARN action, likewise `warn:`.
pub fn warn_action(text: &str) {
    host::log::warn_action(text);
}
