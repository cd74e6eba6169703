//! permit_inet_interfaces: clients with an address of this host.

use waxwing_sdk::{ParameterKind, Subject, lookup_failure, prelude::*, tables};

pub const INET_INTERFACES: Parameter =
    Parameter::new("inet_interfaces", ParameterKind::AddressList, "", "This host's own addresses");

pub const RESTRICTION: Restriction = Restriction::new("permit_inet_interfaces", |_| {
    match tables::match_host(INET_INTERFACES.name(), "", &session::client_address()) {
        Ok(true) => Verdict::Permit,
        Ok(false) => Verdict::Dunno,
        Err(error) => lookup_failure(&error, &Subject::of_stage().name),
    }
})
.depends_on(Inputs::CONNECTION)
.summary("Permits clients whose address is one of this host's");

#[cfg(test)]
mod tests {
    use super::RESTRICTION;
    use waxwing_sdk::{prelude::*, testing::Host};

    #[test]
    fn permits_this_host() {
        let host = |own| Host::new().client("192.0.2.1", "mx.test").list("inet_interfaces", &[own]);
        assert_eq!(host("192.0.2.1").check(&RESTRICTION, ""), Verdict::Permit);
        assert_eq!(host("192.0.2.2").check(&RESTRICTION, ""), Verdict::Dunno);
    }
}
