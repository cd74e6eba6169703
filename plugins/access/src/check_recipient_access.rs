//! check_recipient_access type:table: RCPT TO by address, domain, parent domains, local part.

use waxwing_sdk::{ArgumentKind, Attribute, class, prelude::*};

use crate::{lookup, mail_address};

const NAME: &str = "check_recipient_access";

pub const RESTRICTION: Restriction = Restriction::new(NAME, |table| {
    let [recipient, sender] = session::attributes([Attribute::Recipient, Attribute::Sender]);
    match recipient {
        Some(recipient) => mail_address::check(table, recipient, sender, class::RECIPIENT),
        None => Verdict::Dunno,
    }
})
.argument(ArgumentKind::Table)
.validate(|argument| lookup::needs_table(NAME, argument))
.bare_table(Stages::RELAY.union(Stages::RECIPIENT))
.depends_on(Inputs::RECIPIENT.union(Inputs::SENDER))
.summary("Looks the recipient address up in an access table");

#[cfg(test)]
mod tests {
    use super::RESTRICTION;
    use waxwing_sdk::{
        addresses::{AddressClass, AddressError, Resolution},
        prelude::*,
        temporary_lookup_failure,
        testing::Host,
    };

    fn host(recipient: &str) -> Host {
        Host::new().recipient(recipient).table("hash:/t", &[("u@a.test", "OK"), ("bad.test", "REJECT")])
    }

    #[test]
    fn address_and_domain() {
        assert_eq!(host("u@a.test").check(&RESTRICTION, "hash:/t"), Verdict::Permit);
        let text = "<x@bad.test>: Recipient address rejected: Access denied";
        assert_eq!(host("x@bad.test").check(&RESTRICTION, "hash:/t"), refuse(554, "5.7.1", text));
        assert_eq!(host("v@a.test").check(&RESTRICTION, "hash:/t"), Verdict::Dunno);
        assert_eq!(Host::new().check(&RESTRICTION, "hash:/t"), Verdict::Dunno, "no recipient");
    }

    #[test]
    fn odd_addresses_are_looked_up_as_rewritten() {
        let resolution = |source_routed| Resolution {
            transport: "local".into(),
            nexthop: "a.test".into(),
            recipient: "u@a.test".into(),
            address_class: AddressClass::Local,
            source_routed,
        };
        let mut bare = host("u").resolution("u", Ok(resolution(false)));
        assert_eq!(bare.check(&RESTRICTION, "hash:/t"), Verdict::Permit);
        let mut routed = host("u%else.test@a.test").resolution("u%else.test@a.test", Ok(resolution(true)));
        assert_eq!(routed.check(&RESTRICTION, "hash:/t"), Verdict::Dunno, "never OK for what routes itself");
        let mut failing = host("u").resolution("u", Err(AddressError::Temporary));
        assert_eq!(failing.check(&RESTRICTION, "hash:/t"), temporary_lookup_failure("u"));
    }
}
