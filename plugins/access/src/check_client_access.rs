//! check_client_access type:table: the client by name, parent domains, address and networks.

use waxwing_sdk::{ArgumentKind, Attribute, address::name_and_address, class, prelude::*, tables};

use crate::lookup;

const NAME: &str = "check_client_access";

pub const RESTRICTION: Restriction = Restriction::new(NAME, |table| {
    let [name, address] = session::attributes([Attribute::ClientName, Attribute::ClientAddress]);
    let (name, address) = (name.unwrap_or_default(), address.unwrap_or_default());
    let subject = || Subject::new(name_and_address(&name, &address), class::CLIENT);
    lookup::access(table, &name, tables::find_domain(table, &name), subject)
        .or_else(|| lookup::access(table, &address, tables::find_address(table, &address), subject))
        .unwrap_or(Verdict::Dunno)
})
.argument(ArgumentKind::Table)
.validate(|argument| lookup::needs_table(NAME, argument))
.bare_table(Stages::CLIENT)
// Of the sender, whether there is a message to change.
.depends_on(Inputs::CONNECTION.union(Inputs::SENDER))
.summary("Looks the client's name and address up in an access table");

#[cfg(test)]
mod tests {
    use super::RESTRICTION;
    use waxwing_sdk::{prelude::*, tables::TableError, testing::Host};

    fn check(entries: &[(&str, &str)]) -> Verdict {
        let host = Host::new().client("192.0.2.1", "mx.example.test").table("hash:/t", entries);
        host.parameter("access_map_reject_code", "554").check(&RESTRICTION, "hash:/t")
    }

    #[test]
    fn name_then_parents_then_address_then_networks() {
        let denied =
            |text: &str| refuse(554, "5.7.1", format!("<mx.example.test[192.0.2.1]>: Client host rejected: {text}"));
        assert_eq!(check(&[("mx.example.test", "REJECT")]), denied("Access denied"));
        assert_eq!(check(&[("example.test", "REJECT a"), ("192.0.2.1", "OK")]), denied("a"));
        assert_eq!(check(&[("192.0.2.1", "OK"), ("192.0", "REJECT")]), Verdict::Permit);
        assert_eq!(check(&[("192.0", "REJECT b")]), denied("b"));
        assert_eq!(check(&[("mx.example.test", "DUNNO"), ("192.0.2.1", "REJECT")]), Verdict::Dunno);
        assert_eq!(check(&[("other.test", "REJECT")]), Verdict::Dunno);
    }

    #[test]
    fn a_table_that_fails_defers() {
        for error in [TableError::Temporary("down".into()), TableError::Configuration("bad".into())] {
            let mut host = Host::new().client("192.0.2.1", "mx.example.test").broken_table("hash:/t", error);
            let text = "<mx.example.test[192.0.2.1]>: Client host rejected: Server configuration error";
            assert_eq!(host.check(&RESTRICTION, "hash:/t"), refuse(451, "4.3.5", text));
        }
    }
}
