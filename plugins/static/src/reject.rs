//! reject: refuses whatever the list is about.

use waxwing_sdk::prelude::*;

pub const REJECT_CODE: Parameter = Parameter::new_code("reject_code", "554", "Reply code of the restriction reject");

pub const RESTRICTION: Restriction =
    Restriction::new("reject", |_| Subject::of_stage().refuse(REJECT_CODE.code(), "5.7.1", "Access denied"))
        .traits(Traits::FINAL.union(Traits::GUARDS_RELAY))
        .summary("Rejects the request; what follows is ignored");

#[cfg(test)]
mod tests {
    use super::RESTRICTION;
    use waxwing_sdk::{prelude::*, testing::Host};

    #[test]
    fn names_what_each_list_is_about() {
        for (stage, text) in [
            (Stage::Client, "<mx.test[192.0.2.1]>: Client host rejected: Access denied"),
            (Stage::Helo, "<helo.test>: Helo command rejected: Access denied"),
            (Stage::Sender, "<s@a.test>: Sender address rejected: Access denied"),
            (Stage::Relay, "<r@b.test>: Recipient address rejected: Access denied"),
            (Stage::Recipient, "<r@b.test>: Recipient address rejected: Access denied"),
            (Stage::Data, "<DATA>: Data command rejected: Access denied"),
            (Stage::EndOfData, "<END-OF-MESSAGE>: End-of-data rejected: Access denied"),
            (Stage::Etrn, "<etrn.test>: Etrn command rejected: Access denied"),
        ] {
            let mut host = Host::new()
                .client("192.0.2.1", "mx.test")
                .helo("helo.test")
                .sender("s@a.test")
                .recipient("r@b.test")
                .attribute(waxwing_sdk::Attribute::EtrnDomain, "etrn.test")
                .stage(stage);
            assert_eq!(host.check(&RESTRICTION, ""), refuse(554, "5.7.1", text), "{stage:?}");
        }
    }

    #[test]
    fn a_list_that_a_table_named_is_about_what_the_table_was_asked() {
        let mut host = Host::new()
            .recipient("r@b.test")
            .stage(Stage::Recipient)
            .named("reply_name", "unverified.test")
            .named("reply_class", "Unverified Client host");
        let text = "<unverified.test>: Unverified Client host rejected: Access denied";
        assert_eq!(host.check(&RESTRICTION, ""), refuse(554, "5.7.1", text));
    }

    #[test]
    fn reject_code_may_defer_or_be_wrong() {
        let mut host = Host::new().recipient("r@b.test").parameter("reject_code", "450");
        let text = "<r@b.test>: Recipient address rejected: Access denied";
        assert_eq!(host.check(&RESTRICTION, ""), refuse(450, "5.7.1", text));
        let mut host = Host::new().recipient("r@b.test").parameter("reject_code", "250");
        assert_eq!(host.check(&RESTRICTION, ""), refuse(450, "4.7.1", "Service unavailable"));
        assert_eq!(host.warnings(), [format!("SMTP reply code configuration error: 250 5.7.1 {text}")]);
    }
}
