//! defer_if_reject: turns a later reject into a deferral.

use waxwing_sdk::{prelude::*, reply};

pub const RESTRICTION: Restriction = Restriction::new("defer_if_reject", |_| {
    let text = Subject::of_stage().rejected("defer_if_reject requested");
    Verdict::DeferIfReject(reply(450, "4.7.0", text))
})
.summary("Defers the request where a later restriction, or the end of the list, would reject it");

#[cfg(test)]
mod tests {
    use waxwing_sdk::{prelude::*, reply, testing::Host};

    #[test]
    fn defers_what_would_be_rejected() {
        let mut host = Host::new().helo("h.test").stage(Stage::Helo);
        let reply = reply(450, "4.7.0", "<h.test>: Helo command rejected: defer_if_reject requested");
        assert_eq!(host.check(&super::RESTRICTION, ""), Verdict::DeferIfReject(reply));
    }
}
