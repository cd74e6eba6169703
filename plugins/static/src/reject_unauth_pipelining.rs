//! reject_unauth_pipelining: the client sent a command ahead of its turn.

use waxwing_sdk::{Facts, prelude::*};

pub const RESTRICTION: Restriction = Restriction::new("reject_unauth_pipelining", |_| {
    if session::facts().contains(Facts::PIPELINED_EARLY) {
        return Subject::of_stage().refuse(503, "5.5.0", "Improper use of SMTP command pipelining");
    }
    Verdict::Dunno
})
.summary("Rejects a client that sends commands ahead of time where that is not allowed");

#[cfg(test)]
mod tests {
    use super::RESTRICTION;
    use waxwing_sdk::{Facts, prelude::*, testing::Host};

    #[test]
    fn rejects_early_commands() {
        assert_eq!(Host::new().stage(Stage::Data).check(&RESTRICTION, ""), Verdict::Dunno);
        let mut host = Host::new().stage(Stage::Data).facts(Facts::ESMTP | Facts::PIPELINED_EARLY);
        assert_eq!(
            host.check(&RESTRICTION, ""),
            refuse(503, "5.5.0", "<DATA>: Data command rejected: Improper use of SMTP command pipelining")
        );
    }
}
