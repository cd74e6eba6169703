//! check_sender_access type:table: MAIL FROM by address, domain, parent domains, local part; the null sender as
//! smtpd_null_access_lookup_key says.

use waxwing_sdk::{ArgumentKind, Attribute, class, prelude::*, tables};

use crate::{lookup, mail_address};

const NAME: &str = "check_sender_access";

pub const RESTRICTION: Restriction = Restriction::new(NAME, |table| {
    let [sender, recipient] = session::attributes([Attribute::Sender, Attribute::Recipient]);
    match sender {
        None => Verdict::Dunno,
        Some(sender) if sender.is_empty() => {
            let found = tables::find_mailbox(table, "");
            lookup::access(table, "<>", found, || Subject::new("", class::SENDER)).unwrap_or(Verdict::Dunno)
        }
        Some(sender) => mail_address::check(table, sender, recipient, class::SENDER),
    }
})
.argument(ArgumentKind::Table)
.validate(|argument| lookup::needs_table(NAME, argument))
.bare_table(Stages::SENDER)
.depends_on(Inputs::SENDER)
.summary("Looks the sender address up in an access table");

#[cfg(test)]
mod tests {
    use super::RESTRICTION;
    use waxwing_sdk::{prelude::*, testing::Host};

    fn check(sender: &str, entries: &[(&str, &str)]) -> Verdict {
        Host::new().sender(sender).table("hash:/t", entries).check(&RESTRICTION, "hash:/t")
    }

    #[test]
    fn address_domain_local_part_null() {
        let denied = |sender| refuse(554, "5.7.1", format!("<{sender}>: Sender address rejected: Access denied"));
        assert_eq!(check("u+x@a.b.test", &[("u+x@a.b.test", "REJECT")]), denied("u+x@a.b.test"));
        assert_eq!(check("u+x@a.b.test", &[("u@a.b.test", "REJECT")]), denied("u+x@a.b.test"));
        assert_eq!(check("u@a.b.test", &[("b.test", "REJECT"), ("u@", "OK")]), denied("u@a.b.test"));
        assert_eq!(check("u@a.b.test", &[("u@", "OK")]), Verdict::Permit);
        assert_eq!(check("", &[("<>", "REJECT")]), denied(""));
        assert_eq!(check("u@a.b.test", &[("c.test", "REJECT")]), Verdict::Dunno);
        assert_eq!(check("u@a.b.test", &[("u@a.b.test", "my_class")]), Verdict::Restrictions("my_class".into()));
        let nobody = Host::new().table("hash:/t", &[("<>", "REJECT")]).check(&RESTRICTION, "hash:/t");
        assert_eq!(nobody, Verdict::Dunno, "no MAIL command");
    }
}
