//! The network below SMTP: line I/O with deadlines (smtp_stream(3)), DNS lookups (dns_lookup(3)), client host names
//! (smtpd_peer(3)), TLS (TLS_README), and the connections of plugins to their servers (inet_connect(3), unix_connect(3)).
//!
//! What comes in: an open stream of any kind; names and addresses to look up; resolv.conf(5) and hosts(5).
//! What goes out: lines and content from [`Connection`], typed DNS answers from [`Resolver`] with Postfix's words for
//! each failure, a client's name with how sure it is from [`peer::lookup`], and streams under TLS from [`tls`].
//!
//! A deadline is a value of the caller ([`Deadline`]); a read that finds its data buffered costs no timer and no system
//! call, and replies leave in one piece before a read that waits.
//!
//! What it must never do: hold more of a peer's input than the caller's limit and one buffer, treat a failed lookup as
//! an answer, take a name from the DNS for true that does not resolve back, or know a verb or a reply of SMTP.
#![forbid(unsafe_code)]

mod deadline;
pub mod dns;
pub mod hosts;
mod line;
pub mod peer;
mod services;
mod sockets;
pub mod tls;

pub use deadline::Deadline;
pub use dns::Resolver;
pub use line::{Connection, ConnectionError, LineEnd};
pub use services::service_port;
pub use sockets::Sockets;
