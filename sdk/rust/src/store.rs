//! Named key/value stores shared by all sessions. Grant: store, scope the store's name.
//! Keys at most 256 bytes, values 64 KiB; `ttl` in seconds, 0: until removed; an expired entry is absent.

pub use crate::bindings::waxwing::plugin::store::StoreError;
use crate::host;

/// A value, or none.
pub fn get(store: &str, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
    host::store::get(store, key)
}

/// Sets a value.
pub fn put(store: &str, key: &str, value: &[u8], ttl: u32) -> Result<(), StoreError> {
    host::store::put(store, key, value, ttl)
}

/// Sets a value only where there is none; true when it did. Atomic over all sessions.
pub fn put_if_absent(store: &str, key: &str, value: &[u8], ttl: u32) -> Result<bool, StoreError> {
    host::store::put_if_absent(store, key, value, ttl)
}

/// Adds to a number and returns the sum; a missing entry counts as 0 and starts its `ttl`. Atomic.
pub fn add(store: &str, key: &str, amount: i64, ttl: u32) -> Result<i64, StoreError> {
    host::store::add(store, key, amount, ttl)
}

/// Removes an entry; fine when there is none.
pub fn remove(store: &str, key: &str) -> Result<(), StoreError> {
    host::store::remove(store, key)
}
