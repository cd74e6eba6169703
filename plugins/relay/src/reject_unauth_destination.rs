//! reject_unauth_destination: the guard against being an open relay.

use waxwing_sdk::prelude::*;

pub const RESTRICTION: Restriction = Restriction::new("reject_unauth_destination", |_| {
    crate::guard(|| crate::RELAY_DOMAINS_REJECT_CODE.code(), "5.7.1")
})
.depends_on(Inputs::RECIPIENT.union(Inputs::SENDER))
.traits(Traits::GUARDS_RELAY)
.summary("Rejects recipients in domains this server is not responsible for");

#[cfg(test)]
mod tests {
    use super::RESTRICTION;
    use waxwing_sdk::{
        addresses::{AddressClass, AddressError, Resolution},
        prelude::*,
        temporary_lookup_failure,
        testing::Host,
    };

    fn denied() -> Verdict {
        refuse(554, "5.7.1", "<r@x.test>: Relay access denied")
    }

    #[test]
    fn passes_its_own_classes_only() {
        for (class, expected) in [
            (AddressClass::Local, Verdict::Dunno),
            (AddressClass::VirtualAlias, Verdict::Dunno),
            (AddressClass::VirtualMailbox, Verdict::Dunno),
            (AddressClass::Relay, Verdict::Dunno),
            (AddressClass::DefaultClass, denied()),
        ] {
            let mut host = Host::new().recipient("r@x.test").resolves("r@x.test", class);
            assert_eq!(host.check(&RESTRICTION, ""), expected, "{class:?}");
        }
    }

    #[test]
    fn never_trusts_a_recipient_that_routes_itself() {
        let resolution = Resolution {
            transport: "local".into(),
            nexthop: "here.test".into(),
            recipient: "r%x.test@here.test".into(),
            address_class: AddressClass::Local,
            source_routed: true,
        };
        let mut host = Host::new().recipient("r@x.test").resolution("r@x.test", Ok(resolution));
        assert_eq!(host.check(&RESTRICTION, ""), denied());
    }

    #[test]
    fn defers_when_it_cannot_know() {
        let mut host = Host::new().recipient("r@x.test").resolution("r@x.test", Err(AddressError::Temporary));
        assert_eq!(host.check(&RESTRICTION, ""), temporary_lookup_failure("r@x.test"));
    }
}
