//! defer_if_permit: turns a later permit into a deferral.

use waxwing_sdk::{prelude::*, reply};

pub const RESTRICTION: Restriction = Restriction::new("defer_if_permit", |_| {
    let text = Subject::of_stage().rejected("defer_if_permit requested");
    Verdict::DeferIfPermit(reply(450, "4.7.0", text))
})
.traits(Traits::GUARDS_RELAY)
.summary("Defers the request where a later restriction, or the end of the list, would permit it");

#[cfg(test)]
mod tests {
    use waxwing_sdk::{prelude::*, reply, testing::Host};

    #[test]
    fn defers_what_would_be_permitted() {
        let mut host = Host::new().helo("h.test").stage(Stage::Helo);
        let reply = reply(450, "4.7.0", "<h.test>: Helo command rejected: defer_if_permit requested");
        assert_eq!(host.check(&super::RESTRICTION, ""), Verdict::DeferIfPermit(reply));
    }
}
