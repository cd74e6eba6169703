//! permit_dnswl_client DOMAIN[=FILTER]: clients whose address is in a DNS allow list.

use waxwing_sdk::{ArgumentKind, prelude::*};

use crate::{
    allow_list,
    list::{find_address, needs_domain},
};

const NAME: &str = "permit_dnswl_client";

pub const RESTRICTION: Restriction = Restriction::new(NAME, |list| {
    let address = session::client_address();
    needs_domain(NAME, list).unwrap_or_else(|| allow_list::check(&address, find_address(list, &address)))
})
.argument(ArgumentKind::Text)
.validate(crate::list::check_filter)
.depends_on(Inputs::CONNECTION.union(Inputs::RECIPIENT).union(Inputs::SENDER))
.summary("Permits clients whose address is in a DNS allow list");

#[cfg(test)]
mod tests {
    use super::RESTRICTION;
    use waxwing_sdk::{
        addresses::AddressClass,
        dns::{Reason, RecordType},
        prelude::*,
        reply,
        testing::Host,
    };

    #[test]
    fn permits_what_is_listed_for_own_recipients_only() {
        let host = || Host::new().client("192.0.2.1", "mx.test").recipient("r@x.test");
        let own = || host().resolves("r@x.test", AddressClass::Local);
        let listed = |host: Host| host.dns("1.2.0.192.wl.test", RecordType::A, &["127.0.5.1"]);
        assert_eq!(listed(own()).check(&RESTRICTION, "wl.test"), Verdict::Permit);
        assert_eq!(listed(own()).check(&RESTRICTION, "wl.test=127.0.[1..4].[1..3]"), Verdict::Dunno);
        assert_eq!(own().check(&RESTRICTION, "wl.test"), Verdict::Dunno);
        assert_eq!(listed(host()).check(&RESTRICTION, "wl.test"), Verdict::Dunno, "never for relaying");
    }

    #[test]
    fn a_lookup_that_fails_softens_rejection() {
        let mut host = Host::new()
            .client("192.0.2.1", "mx.test")
            .recipient("r@x.test")
            .resolves("r@x.test", AddressClass::Local)
            .dns_failure("1.2.0.192.wl.test", RecordType::A, Reason::ServerFailure);
        let text = "<192.0.2.1>: Client host rejected: Service unavailable";
        assert_eq!(host.check(&RESTRICTION, "wl.test"), Verdict::DeferIfReject(reply(450, "4.7.1", text)));
    }
}
