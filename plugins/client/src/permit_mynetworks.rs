//! permit_mynetworks: clients in mynetworks.

use waxwing_sdk::{Attribute, ParameterKind, Subject, lookup_failure, prelude::*, tables};

pub const MYNETWORKS: Parameter =
    Parameter::new("mynetworks", ParameterKind::AddressList, "", "Networks whose clients are trusted");

pub const RESTRICTION: Restriction = Restriction::new("permit_mynetworks", |_| {
    let [name, address] = session::attributes([Attribute::ClientName, Attribute::ClientAddress]);
    match tables::match_host(MYNETWORKS.name(), &name.unwrap_or_default(), &address.unwrap_or_default()) {
        Ok(true) => Verdict::Permit,
        Ok(false) => Verdict::Dunno,
        Err(error) => lookup_failure(&error, &Subject::of_stage().name),
    }
})
.depends_on(Inputs::CONNECTION)
.summary("Permits clients whose address is in mynetworks");

#[cfg(test)]
mod tests {
    use super::RESTRICTION;
    use waxwing_sdk::{configuration_error, prelude::*, tables::TableError, temporary_lookup_failure, testing::Host};

    #[test]
    fn permits_members_only() {
        let host = || Host::new().client("192.0.2.1", "mx.test");
        assert_eq!(host().list("mynetworks", &["192.0.2.1"]).check(&RESTRICTION, ""), Verdict::Permit);
        assert_eq!(host().list("mynetworks", &["mx.test"]).check(&RESTRICTION, ""), Verdict::Permit);
        assert_eq!(host().list("mynetworks", &["192.0.2.2"]).check(&RESTRICTION, ""), Verdict::Dunno);
    }

    #[test]
    fn a_broken_list_defers_without_mercy() {
        let mut host =
            Host::new().recipient("r@b.test").broken_list("mynetworks", TableError::Temporary("down".into()));
        assert_eq!(host.check(&RESTRICTION, ""), temporary_lookup_failure("r@b.test"));
        let mut host = Host::new().broken_list("mynetworks", TableError::Configuration("bad".into()));
        assert_eq!(host.check(&RESTRICTION, ""), configuration_error());
    }
}
