//! Small services that need no grant: time, randomness, notes on the message.

/// Time.
pub mod clock {
    use crate::host;

    /// Seconds since 1970-01-01 UTC; can jump.
    pub fn seconds() -> u64 {
        host::clock::now() / 1000
    }

    /// Milliseconds since 1970-01-01 UTC; can jump.
    pub fn milliseconds() -> u64 {
        host::clock::now()
    }

    /// Nanoseconds from an arbitrary start; never goes back.
    pub fn monotonic() -> u64 {
        host::clock::monotonic()
    }
}

/// Randomness from the operating system.
pub mod random {
    use crate::host;

    /// 64 random bits.
    pub fn number() -> u64 {
        host::random::number()
    }
}

/// Small values kept with the message until it leaves the queue: what a restriction writes, a delivery plugin reads.
pub mod notes {
    use crate::host;

    /// A note of this plugin.
    pub fn get(key: &str) -> Option<String> {
        host::notes::get(key)
    }

    /// Sets or, with none, removes a note.
    pub fn set(key: &str, value: Option<&str>) {
        host::notes::set(key, value);
    }

    /// A note of another plugin, by its name in plugins.cf.
    pub fn get_from(plugin: &str, key: &str) -> Option<String> {
        host::notes::get_from(plugin, key)
    }
}
