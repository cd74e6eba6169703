//! check_reverse_client_hostname_access type:table: the client's name from address to name only. Anyone can write such a
//! name, so OK is an error.

use waxwing_sdk::{ArgumentKind, Attribute, class, prelude::*, tables};

use crate::lookup;

const NAME: &str = "check_reverse_client_hostname_access";

pub const RESTRICTION: Restriction = Restriction::new(NAME, |table| {
    let [name, address] = session::attributes([Attribute::ReverseClientName, Attribute::ClientAddress]);
    let (name, address) = (name.unwrap_or_default(), address.unwrap_or_default());
    let subject = || Subject::new(name.as_str(), class::REVERSE_CLIENT);
    lookup::never_permit(NAME, &name, table, &name, tables::find_domain(table, &name), subject)
        .or_else(|| {
            let found = tables::find_address(table, &address);
            lookup::never_permit(NAME, &name, table, &address, found, subject)
        })
        .unwrap_or(Verdict::Dunno)
})
.argument(ArgumentKind::Table)
.validate(|argument| lookup::needs_table(NAME, argument))
.depends_on(Inputs::CONNECTION.union(Inputs::SENDER))
.summary("Looks the client's unverified name and its address up in an access table");

#[cfg(test)]
mod tests {
    use super::RESTRICTION;
    use waxwing_sdk::{configuration_error, prelude::*, testing::Host};

    #[test]
    fn refuses_but_never_permits() {
        let host = |value| Host::new().client("192.0.2.1", "mx.dyn.test").table("hash:/t", &[("dyn.test", value)]);
        let text = "<mx.dyn.test>: Unverified Client host rejected: Access denied";
        assert_eq!(host("REJECT").check(&RESTRICTION, "hash:/t"), refuse(554, "5.7.1", text));
        assert_eq!(host("DUNNO").check(&RESTRICTION, "hash:/t"), Verdict::Dunno);
        let mut permits = host("OK");
        assert_eq!(permits.check(&RESTRICTION, "hash:/t"), configuration_error());
        assert_eq!(
            permits.warnings(),
            [
                "restriction check_reverse_client_hostname_access returns OK for mx.dyn.test",
                "this is not allowed for security reasons",
                "use DUNNO instead of OK if you want to make an exception",
            ]
        );
    }
}
