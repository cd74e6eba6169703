//! defer: tells the client to try again later, whatever the list is about.

use waxwing_sdk::prelude::*;

pub const DEFER_CODE: Parameter = Parameter::new_code("defer_code", "450", "Reply code of the restriction defer");

pub const RESTRICTION: Restriction =
    Restriction::new("defer", |_| Subject::of_stage().refuse(DEFER_CODE.code(), "4.3.2", "Try again later"))
        .traits(Traits::FINAL.union(Traits::GUARDS_RELAY))
        .summary("Defers the request; what follows is ignored");

#[cfg(test)]
mod tests {
    use waxwing_sdk::{prelude::*, testing::Host};

    #[test]
    fn defers() {
        let mut host = Host::new().sender("s@a.test").stage(Stage::Sender);
        assert_eq!(
            host.check(&super::RESTRICTION, ""),
            refuse(450, "4.3.2", "<s@a.test>: Sender address rejected: Try again later")
        );
    }
}
