//! defer_unauth_destination: as reject_unauth_destination, with a code 100 lower; the default of smtpd_relay_restrictions.

use waxwing_sdk::prelude::*;

pub const RESTRICTION: Restriction = Restriction::new("defer_unauth_destination", |_| {
    crate::guard(|| crate::RELAY_DOMAINS_REJECT_CODE.code().saturating_sub(100), "4.7.1")
})
.depends_on(Inputs::RECIPIENT.union(Inputs::SENDER))
.traits(Traits::GUARDS_RELAY)
.summary("Defers recipients in domains this server is not responsible for");

#[cfg(test)]
mod tests {
    use super::RESTRICTION;
    use waxwing_sdk::{addresses::AddressClass, prelude::*, testing::Host};

    #[test]
    fn defers_what_is_not_its_own() {
        let denied = refuse(454, "4.7.1", "<r@x.test>: Relay access denied");
        assert_eq!(Host::new().recipient("r@x.test").check(&RESTRICTION, ""), denied);
        let mut own = Host::new().recipient("r@x.test").resolves("r@x.test", AddressClass::Relay);
        assert_eq!(own.check(&RESTRICTION, ""), Verdict::Dunno);
    }
}
