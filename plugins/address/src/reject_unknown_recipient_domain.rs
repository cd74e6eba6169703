//! reject_unknown_recipient_domain: RCPT TO's domain must be in DNS, unless it is one of this server's.

use waxwing_sdk::prelude::*;

use crate::{Role, domain_in_dns};

pub const RESTRICTION: Restriction =
    Restriction::new("reject_unknown_recipient_domain", |_| domain_in_dns::check(Role::Recipient))
        .depends_on(Inputs::SENDER.union(Inputs::RECIPIENT))
        .summary("Rejects recipient domains without MX, A or AAAA record");

#[cfg(test)]
mod tests {
    use super::RESTRICTION;
    use waxwing_sdk::{
        dns::{Reason, RecordType},
        prelude::*,
        testing::Host,
    };

    #[test]
    fn wants_a_domain_that_takes_mail() {
        let host = || Host::new().sender("s@here.test").recipient("r@x.test");
        assert_eq!(host().dns("x.test", RecordType::Mx, &["10 mx.test"]).check(&RESTRICTION, ""), Verdict::Dunno);
        let text = "<r@x.test>: Recipient address rejected: Domain not found";
        assert_eq!(host().check(&RESTRICTION, ""), refuse(450, "4.1.2", text));
        let mut no_mail = host().dns_failure("x.test", RecordType::Mx, Reason::NullMx);
        let text = "<r@x.test>: Recipient address rejected: Domain x.test does not accept mail (nullMX)";
        assert_eq!(no_mail.check(&RESTRICTION, ""), refuse(556, "5.1.10", text));
    }
}
