//! reject_maps_rbl: reject_rbl_client for each domain of maps_rbl_domains. Deprecated.

use waxwing_sdk::{ParameterKind, class, prelude::*};

use crate::block_list;

pub const MAPS_RBL_DOMAINS: Parameter =
    Parameter::new("maps_rbl_domains", ParameterKind::Text, "", "Block lists of the restriction reject_maps_rbl");

pub const RESTRICTION: Restriction = Restriction::new("reject_maps_rbl", |_| {
    let address = session::client_address();
    let mut verdicts = MAPS_RBL_DOMAINS.list().into_iter().map(|list| block_list::address(&list, &address, class::CLIENT));
    verdicts.find(|verdict| *verdict != Verdict::Dunno).unwrap_or(Verdict::Dunno)
})
.depends_on(crate::REPLY_INPUTS)
.warning(
    "support for restriction \"reject_maps_rbl\" will be removed from Postfix; use \"reject_rbl_client domain-name\" instead",
)
.summary("Rejects clients in the DNS block lists of maps_rbl_domains (deprecated)");

#[cfg(test)]
mod tests {
    use super::RESTRICTION;
    use waxwing_sdk::{dns::RecordType, prelude::*, testing::Host};

    #[test]
    fn asks_one_list_after_the_other() {
        let mut host = Host::new()
            .client("192.0.2.1", "mx.test")
            .parameter("maps_rbl_domains", "one.test, two.test")
            .dns("1.2.0.192.two.test", RecordType::A, &["127.0.0.2"]);
        let text = "Service unavailable; Client host [192.0.2.1] blocked using two.test";
        assert_eq!(host.check(&RESTRICTION, ""), refuse(554, "5.7.1", text));
    }
}
