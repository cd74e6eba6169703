//! permit_auth_destination: own domains and relay_domains.

use waxwing_sdk::prelude::*;

pub const RESTRICTION: Restriction =
    Restriction::new("permit_auth_destination", |_| match crate::unauthorized_recipient() {
        Ok(None) => Verdict::Permit,
        Ok(Some(_)) => Verdict::Dunno,
        Err(verdict) => verdict,
    })
    .depends_on(Inputs::RECIPIENT.union(Inputs::SENDER))
    .summary("Permits recipients in domains this server is responsible for");

#[cfg(test)]
mod tests {
    use super::RESTRICTION;
    use waxwing_sdk::{addresses::AddressClass, prelude::*, testing::Host};

    #[test]
    fn permits_its_own() {
        let check = |class| Host::new().recipient("r@x.test").resolves("r@x.test", class).check(&RESTRICTION, "");
        assert_eq!(check(AddressClass::Local), Verdict::Permit);
        assert_eq!(check(AddressClass::Relay), Verdict::Permit);
        assert_eq!(check(AddressClass::DefaultClass), Verdict::Dunno);
        assert_eq!(Host::new().check(&RESTRICTION, ""), Verdict::Dunno, "no recipient");
    }
}
