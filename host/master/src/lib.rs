//! master(8): what a master.cf entry needs before and around its daemon.
//!
//! What comes in: master.cf entries with a service behind each (`listen`), orders of the admin commands over a unix socket
//! (`control`), and, from the unprivileged server, requests for what needs another uid (`privileged`).
//! What goes out: accepted connections, replies to the admin commands, files written as their owner.
//!
//! Waxwing is one unprivileged process (docs/design.md): the process limit of a master.cf entry is a limit of sessions, its
//! chroot and unpriv columns are accepted and inert. An inet entry listens on ports, a unix entry on a socket in `private` or
//! `public` below queue_directory, which the server makes itself. Started as root, a small parent keeps root's rights and nothing
//! else: it binds ports and does jobs of other users for the server through the protocol of `privileged::protocol`, and reads no mail
//! and no configuration that the server could change.
//!
//! Names here are those of master.cf(5): service, inet, unix, private, maxproc.
//!
//! What it must never do: know what a service does with a connection, hand over more of them than a service's limit, or run
//! anything received from the network with root's rights.
#![forbid(unsafe_code)]

pub mod control;
pub mod listen;
pub mod parameters;
pub mod pid_file;
pub mod privileged;

mod disabled;
mod error;

pub use disabled::is_disabled;
pub use error::MasterError;
pub use listen::{Accepted, Connection, Endpoint, Listeners, SocketService};
