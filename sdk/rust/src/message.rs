//! The message while it arrives: header (no grant) and body (grant: body). Before there is content, nothing is there.

pub use crate::bindings::waxwing::plugin::types::Header;
use crate::host;

/// Bytes of header, separator and body, with CR LF line ends.
pub fn size() -> u64 {
    host::message::size()
}

/// Header fields so far.
pub fn header_count() -> u32 {
    host::message::header_count()
}

/// Header field by position from 0.
pub fn header_at(index: u32) -> Option<Header> {
    host::message::header_at(index)
}

/// The `nth` (from 0) field of this name, ASCII case ignored.
pub fn header(name: &str, nth: u32) -> Option<Header> {
    host::message::find_header(name, nth).and_then(host::message::header_at)
}

/// Exact bytes of a field, folding and odd bytes kept.
pub fn raw_header(index: u32) -> Option<Vec<u8>> {
    host::message::raw_header(index)
}

/// Bytes of the body, with CR LF line ends.
pub fn body_size() -> u64 {
    host::body::size()
}

/// Up to `len` bytes (64 KiB at most) of the body from `offset`; empty at the end.
pub fn read_body(offset: u64, len: u32) -> Vec<u8> {
    host::body::read(offset, len)
}
