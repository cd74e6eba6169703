//! The small parent that keeps root's rights, and its unprivileged child, the mail server.
//!
//! The parent starts the child with one end of a socket pair as standard input. Over it the child asks for listening
//! sockets (ports below 1024) and for mailbox channels; both come back as file descriptors. Over a mailbox channel it sends
//! jobs that a thread of the parent does with the file system rights of the mailbox's owner, and of nobody else.

mod channel;
mod child;
mod parent;
pub mod protocol;

pub use child::{MailboxChannel, Parent};
pub use parent::{Files, OpenKey, OpenLog, Owner, WriteMailbox, supervise};
