//! authorized_submit_users, authorized_mailq_users, authorized_flush_users: who may use sendmail(1), mailq(1) and postqueue(1).

use hook::TableError;
use nix::unistd::{Uid, User};

use super::{Answer, Peer, Server};

/// sysexits(3).
const EX_TEMPFAIL: i32 = 75;
const EX_NOPERM: i32 = 77;

/// What a command asks the server for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Submit,
    List,
    Flush,
}

impl Use {
    fn parameter(self) -> &'static str {
        match self {
            Use::Submit => "authorized_submit_users",
            Use::List => "authorized_mailq_users",
            Use::Flush => "authorized_flush_users",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Use::Submit => "submit mail",
            Use::List => "view the mail queue",
            Use::Flush => "flush the mail queue",
        }
    }
}

impl Server {
    /// The exit status of a command that its user may not give, which the answer tells.
    pub(super) async fn forbidden(&self, peer: Peer, wanted: Use, answer: &Answer) -> Option<i32> {
        // As in Postfix, who could read the queue directory anyway is not asked for, and neither is who flushes as its owner.
        if wanted != Use::Submit && self.is_administrator(peer) {
            return None;
        }
        let user =
            User::from_uid(Uid::from_raw(peer.uid)).ok().flatten().map_or("unknown".to_string(), |user| user.name);
        let registry = self.plugins.current();
        let parameter = wanted.parameter();
        match registry.services().tables.match_domain(parameter, &user).wait().await {
            Ok(true) => None,
            Ok(false) => {
                answer.line(format!("User {user}({}) is not allowed to {}", peer.uid, wanted.words())).await;
                Some(EX_NOPERM)
            }
            Err(TableError::Temporary(why) | TableError::Configuration(why)) => {
                answer.line(format!("{parameter} cannot be looked up: {why}")).await;
                Some(EX_TEMPFAIL)
            }
        }
    }
}
