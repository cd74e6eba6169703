//! check_relay_domains: the relay control of Postfix 1: OK for clients or recipients in relay_domains, else no.

use waxwing_sdk::{class, lookup_failure, prelude::*, tables};

use crate::RELAY_DOMAINS;

pub const RESTRICTION: Restriction = Restriction::new("check_relay_domains", |_| {
    let Some(recipient) = session::recipient() else { return Verdict::Dunno };
    match tables::match_domain(RELAY_DOMAINS.name(), &session::client_name()) {
        Ok(true) => return Verdict::Permit,
        Ok(false) => {}
        Err(error) => return lookup_failure(&error, &recipient),
    }
    match crate::unauthorized_recipient() {
        Ok(None) => Verdict::Permit,
        Ok(Some(recipient)) => Subject::new(recipient, class::RECIPIENT).refuse(
            crate::RELAY_DOMAINS_REJECT_CODE.code(),
            "5.7.1",
            "Relay access denied",
        ),
        Err(verdict) => verdict,
    }
})
.depends_on(Inputs::RECIPIENT.union(Inputs::SENDER).union(Inputs::CONNECTION))
.traits(Traits::GUARDS_RELAY.union(Traits::FINAL))
.warning(
    "support for restriction \"check_relay_domains\" will be removed from Postfix; use \"reject_unauth_destination\" instead",
)
.summary("Permits clients and recipients in relay_domains, rejects all else (deprecated)");

#[cfg(test)]
mod tests {
    use super::RESTRICTION;
    use waxwing_sdk::{addresses::AddressClass, prelude::*, testing::Host};

    #[test]
    fn client_or_recipient_must_be_known() {
        let host = || Host::new().client("192.0.2.1", "mx.friend.test").recipient("r@x.test");
        assert_eq!(host().list("relay_domains", &["mx.friend.test"]).check(&RESTRICTION, ""), Verdict::Permit);
        assert_eq!(host().resolves("r@x.test", AddressClass::Local).check(&RESTRICTION, ""), Verdict::Permit);
        assert_eq!(
            host().check(&RESTRICTION, ""),
            refuse(554, "5.7.1", "<r@x.test>: Recipient address rejected: Relay access denied")
        );
    }
}
