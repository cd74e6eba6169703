//! The small parent that keeps root's rights, and its unprivileged child, the mail server.
//!
//! The parent starts the child with one end of a socket pair as standard input. Over it the child asks for listening
//! sockets (ports below 1024) and for job channels; both come back as file descriptors. Over a job channel it sends what a
//! thread of the parent does with the file system rights of the job's owner, and of nobody else. A command gets the owner's
//! user and group for good, and none of the parent's.

mod channel;
mod child;
mod parent;
pub mod protocol;

pub use child::{JobChannel, Parent};
pub use parent::{Files, OpenKey, OpenLog, Owner, OwnerJobs, supervise};
