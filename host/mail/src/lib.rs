//! The words of mail as pure types and parsers: RFC 5321 commands, paths and replies, RFC 5322 headers, RFC 3463 status
//! codes, RFC 3461/3464 delivery status notifications, and Postfix's notions of address, extension and envelope.
//!
//! What comes in: bytes and text from anywhere (clients, remote servers, queue files, tables, plugins).
//! What goes out: typed values, or an error that says what is wrong with the text.
//!
//! Addresses are kept in Postfix's internal form: a `String` without quotes or angle brackets, `""` for the null
//! sender; `address` converts from and to the external (RFC 5321) form.
//!
//! What it must never do: I/O of any kind, read a clock, or know a main.cf parameter: callers pass limits and flags in.
//! Nothing may panic, whatever the bytes are: the parsers are fuzzed.
#![forbid(unsafe_code)]

pub mod address;
mod address_list;
pub mod command;
pub mod date;
pub mod dsn;
pub mod envelope;
pub mod header;
pub mod hostname;
pub mod mime;
pub mod network;
pub mod path;
pub mod received;
pub mod reply;
pub mod status;
pub mod uxtext;
pub mod wrap;
pub mod xtext;

pub use address_list::AddressList;
pub use envelope::{ClientAttributes, Envelope, EnvelopeRecipient, ReturnContent};
pub use reply::Reply;
pub use status::{Class, Status};
