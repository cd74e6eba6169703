//! check_client_ns_access type:table: the name servers of the verified name of the client.

use waxwing_sdk::{ArgumentKind, prelude::*};

use crate::{lookup, servers::Servers, whose};

const NAME: &str = "check_client_ns_access";

pub const RESTRICTION: Restriction = Restriction::new(NAME, |table| whose::client(NAME, table, Servers::Ns))
    .argument(ArgumentKind::Table)
    .validate(|argument| lookup::needs_table(NAME, argument))
    .depends_on(Inputs::CONNECTION.union(Inputs::SENDER))
    .summary("Looks the name servers of the verified name of the client up in an access table");

#[cfg(test)]
mod tests {
    use super::RESTRICTION;
    use waxwing_sdk::{dns::RecordType, prelude::*, testing::Host};

    #[test]
    fn finds_the_name_servers() {
        let host = |value| {
            Host::new()
                .client("192.0.2.1", "d.test")
                .dns("d.test", RecordType::Ns, &["ns.bad.test"])
                .table("hash:/t", &[("bad.test", value)])
        };
        let text = "<d.test[192.0.2.1]>: Client host rejected: Access denied";
        assert_eq!(host("REJECT").check(&RESTRICTION, "hash:/t"), refuse(554, "5.7.1", text));
        let mut permits = host("OK");
        assert!(matches!(permits.check(&RESTRICTION, "hash:/t"), Verdict::ServerError(_)));
        assert_eq!(permits.warnings()[0], "restriction check_client_ns_access returns OK for d.test");
        let mut other = host("REJECT").table("hash:/t", &[("other.test", "REJECT")]);
        assert_eq!(other.check(&RESTRICTION, "hash:/t"), Verdict::Dunno);
    }
}
