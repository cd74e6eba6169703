//! reject_unlisted_recipient: RCPT TO must be an address that its class knows.

use waxwing_sdk::prelude::*;

use crate::{Role, listed};

pub const RESTRICTION: Restriction = Restriction::new("reject_unlisted_recipient", |_| listed::check(Role::Recipient))
    .aliases(&["check_recipient_maps"])
    .depends_on(Inputs::SENDER.union(Inputs::RECIPIENT))
    .summary("Rejects recipients that the tables of their address class do not list");

#[cfg(test)]
mod tests {
    use super::RESTRICTION;
    use waxwing_sdk::{
        addresses::{AddressClass, AddressError, Listing, Resolution},
        prelude::*,
        temporary_lookup_failure,
        testing::Host,
    };

    fn host() -> Host {
        Host::new().recipient("n@x.test").listing("n@x.test", Ok(Listing::Unlisted))
    }

    #[test]
    fn names_the_table_of_each_class() {
        for (class, table) in [
            (AddressClass::Local, "local recipient"),
            (AddressClass::VirtualAlias, "virtual alias"),
            (AddressClass::VirtualMailbox, "virtual mailbox"),
            (AddressClass::Relay, "relay recipient"),
        ] {
            let text = format!("<n@x.test>: Recipient address rejected: User unknown in {table} table");
            let verdict = host().resolves("n@x.test", class).check(&RESTRICTION, "");
            assert_eq!(verdict, refuse(550, "5.1.1", text), "{class:?}");
        }
        assert_eq!(host().check(&RESTRICTION, ""), Verdict::Dunno, "elsewhere");
        assert_eq!(Host::new().recipient("u@x.test").check(&RESTRICTION, ""), Verdict::Dunno, "listed");
    }

    #[test]
    fn each_class_has_its_reply_code() {
        for (class, parameter) in [
            (AddressClass::Local, "unknown_local_recipient_reject_code"),
            (AddressClass::VirtualAlias, "unknown_virtual_alias_reject_code"),
            (AddressClass::VirtualMailbox, "unknown_virtual_mailbox_reject_code"),
            (AddressClass::Relay, "unknown_relay_recipient_reject_code"),
        ] {
            let verdict = host().resolves("n@x.test", class).parameter(parameter, "450").check(&RESTRICTION, "");
            assert!(matches!(verdict, Verdict::Defer(_)), "{parameter}: {verdict:?}");
        }
    }

    #[test]
    fn the_table_may_stay_unnamed() {
        let mut host = host().resolves("n@x.test", AddressClass::Local).parameter("show_user_unknown_table_name", "no");
        let text = "<n@x.test>: Recipient address rejected: User unknown";
        assert_eq!(host.check(&RESTRICTION, ""), refuse(550, "5.1.1", text));
    }

    #[test]
    fn error_and_retry_speak_for_themselves() {
        for (transport, nexthop, code, status, text) in [
            ("error", "5.1.6 User has moved to new@x.test", 550, "5.1.6", "User has moved to new@x.test"),
            ("error", "go away", 550, "5.1.1", "go away"),
            ("error", "5.2.1 disabled", 550, "5.2.1", "disabled"),
            ("retry", "later", 450, "4.1.1", "later"),
        ] {
            let resolution = Resolution {
                transport: transport.into(),
                nexthop: nexthop.into(),
                recipient: "n@x.test".into(),
                address_class: AddressClass::Local,
                source_routed: false,
            };
            let mut host = host().listing("n@x.test", Ok(Listing::Unavailable)).resolution("n@x.test", Ok(resolution));
            let text = format!("<n@x.test>: Recipient address rejected: {text}");
            assert_eq!(host.check(&RESTRICTION, ""), refuse(code, status, text), "{transport}:{nexthop}");
        }
    }

    #[test]
    fn a_failing_table_defers() {
        let mut host = host().listing("n@x.test", Err(AddressError::Temporary));
        assert_eq!(host.check(&RESTRICTION, ""), temporary_lookup_failure("n@x.test"));
    }
}
