//! check_reverse_client_hostname_mx_access type:table: the mail servers of the name of the client from address to name only.

use waxwing_sdk::{ArgumentKind, prelude::*};

use crate::{lookup, servers::Servers, whose};

const NAME: &str = "check_reverse_client_hostname_mx_access";

pub const RESTRICTION: Restriction = Restriction::new(NAME, |table| whose::reverse_client(NAME, table, Servers::Mx))
    .argument(ArgumentKind::Table)
    .validate(|argument| lookup::needs_table(NAME, argument))
    .depends_on(Inputs::CONNECTION.union(Inputs::SENDER))
    .summary("Looks the mail servers of the name of the client from address to name only up in an access table");

#[cfg(test)]
mod tests {
    use super::RESTRICTION;
    use waxwing_sdk::{dns::RecordType, prelude::*, testing::Host};

    #[test]
    fn finds_the_mail_servers() {
        let host = |value| {
            Host::new()
                .client("192.0.2.1", "d.test")
                .dns("d.test", RecordType::Mx, &["10 mx.bad.test"])
                .table("hash:/t", &[("bad.test", value)])
        };
        let text = "<d.test>: Unverified Client host rejected: Access denied";
        assert_eq!(host("REJECT").check(&RESTRICTION, "hash:/t"), refuse(554, "5.7.1", text));
        let mut permits = host("OK");
        assert!(matches!(permits.check(&RESTRICTION, "hash:/t"), Verdict::ServerError(_)));
        assert_eq!(permits.warnings()[0], "restriction check_reverse_client_hostname_mx_access returns OK for d.test");
        let mut other = host("REJECT").table("hash:/t", &[("other.test", "REJECT")]);
        assert_eq!(other.check(&RESTRICTION, "hash:/t"), Verdict::Dunno);
    }
}
