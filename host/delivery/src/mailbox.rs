//! Mailbox files: what local(8) and virtual(8) write, and the lines before a message that pipe(8) needs as well.

pub mod error;
pub mod exclusive;
pub mod lines;
pub mod maildir;
pub mod mbox;
mod open;
pub mod parameters;
pub mod prefix;

pub use error::MailboxError;
pub use exclusive::Exclusive;
pub use lines::Lines;
pub use maildir::MaildirDelivery;
pub use mbox::{LockMethod, Locking, MboxDelivery, MboxKind};
pub use prefix::Prefix;

/// A mailbox that cannot hold the largest message would bounce what was accepted: Postfix's words about it.
pub fn size_limit_problem(config: &config::Config, parameter: &str, limit: u64) -> Option<String> {
    let message = config.get(&config::parameters::MESSAGE_SIZE_LIMIT);
    let name = config::parameters::MESSAGE_SIZE_LIMIT.name;
    match (limit, message) {
        (0, _) => None,
        (_, 0) => Some(format!("configuration error: {parameter} is limited but {name} is unlimited")),
        (limit, message) if limit < message => Some(format!("configuration error: {parameter} is smaller than {name}")),
        _ => None,
    }
}
