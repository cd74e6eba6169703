//! Every row of access(5), as Postfix 3.7 answers it.

use super::{Action, Entry, split_status};
use crate::{
    Stage, Subject, Verdict, class, reply,
    testing::{Edit, Host},
};

fn apply(host: &mut Host, value: &str, class: &'static str) -> Verdict {
    let subject = Subject::new("x@y.test", class);
    host.run(|| Entry { table: "hash:/t", key: "y.test", value }.apply(&subject))
}

fn session() -> Host {
    Host::new().stage(Stage::Recipient).protocol_state("RCPT").sender("s@z.test").recipient("x@y.test")
}

#[test]
fn every_action_is_known() {
    for (value, expected) in [
        ("OK", Action::Permit),
        ("ok whatever", Action::Permit),
        ("RELAY", Action::Permit),
        ("987654321", Action::Permit),
        ("dunno", Action::Dunno),
        ("REJECT", Action::Reject("")),
        ("reject  go away", Action::Reject("go away")),
        ("DEFER later", Action::Defer("later")),
        ("550 no", Action::Code(550, "no")),
        ("421\tbye", Action::Code(421, "bye")),
        ("550", Action::Permit),
        ("250 fine", Action::Restrictions("250 fine")),
        ("DEFER_IF_PERMIT", Action::DeferIfPermit("")),
        ("defer_if_reject x", Action::DeferIfReject("x")),
        ("INFO x", Action::Info("x")),
        ("WARN x", Action::Warn("x")),
        ("HANGUP", Action::Hangup),
        ("PREPEND X-A: b", Action::Prepend("X-A: b")),
        ("FILTER smtp:[::1]", Action::Filter("smtp:[::1]")),
        ("HOLD why", Action::Hold("why")),
        ("DISCARD", Action::Discard("")),
        ("REDIRECT a@b", Action::Redirect("a@b")),
        ("BCC a@b", Action::Bcc("a@b")),
        ("permit_mynetworks, reject", Action::Restrictions("permit_mynetworks, reject")),
        ("local_only", Action::Restrictions("local_only")),
        ("", Action::Empty),
        (" , ", Action::Empty),
    ] {
        assert_eq!(Action::parse(value), expected, "{value:?}");
    }
}

#[test]
fn the_status_is_split_off_and_fits_what_is_refused() {
    for (text, class, status, rest) in [
        ("go away", class::RECIPIENT, "5.7.1", "go away"),
        ("5.1.1 no such user", class::RECIPIENT, "5.1.1", "no such user"),
        ("5.1.1 no such user", class::SENDER, "5.1.7", "no such user"),
        ("5.1.8 bad", class::RECIPIENT, "5.1.2", "bad"),
        ("5.1.1 no such user", class::HELO, "5.0.0", "no such user"),
        ("4.2.1", class::SENDER, "4.2.1", ""),
        ("3.7.1 x", class::SENDER, "5.7.1", "3.7.1 x"),
        ("5.7.1x y", class::SENDER, "5.7.1", "5.7.1x y"),
        ("5.1234.1 y", class::SENDER, "5.7.1", "5.1234.1 y"),
    ] {
        let (found, left) = split_status("5.7.1", text);
        assert_eq!((found.for_class(class).as_str(), left), (status, rest), "{text} about {class}");
    }
    assert_eq!(split_status("4.7.1", "").0.as_str(), "4.7.1");
}

#[test]
fn refusals_name_what_they_refuse() {
    let refused = |code, status, text: &str| Verdict::Reject(reply(code, status, text));
    for (value, class, expected) in [
        ("REJECT", class::RECIPIENT, refused(554, "5.7.1", "<x@y.test>: Recipient address rejected: Access denied")),
        ("REJECT no", class::SENDER, refused(554, "5.7.1", "<x@y.test>: Sender address rejected: no")),
        ("REJECT 5.1.1 no", class::SENDER, refused(554, "5.1.7", "<x@y.test>: Sender address rejected: no")),
        ("550 5.2.2 full", class::RECIPIENT, refused(550, "5.2.2", "<x@y.test>: Recipient address rejected: full")),
        ("DEFER", class::HELO, Verdict::Defer(reply(450, "4.7.1", "<x@y.test>: Helo command rejected: Access denied"))),
        ("451 wait", class::CLIENT, Verdict::Defer(reply(451, "4.7.1", "<x@y.test>: Client host rejected: wait"))),
        (
            "DEFER_IF_PERMIT",
            class::RECIPIENT,
            Verdict::DeferIfPermit(reply(450, "4.7.1", "<x@y.test>: Recipient address rejected: Service unavailable")),
        ),
        (
            "DEFER_IF_REJECT 4.3.0 busy",
            class::RECIPIENT,
            Verdict::DeferIfReject(reply(450, "4.3.0", "<x@y.test>: Recipient address rejected: busy")),
        ),
    ] {
        assert_eq!(apply(&mut session(), value, class), expected, "{value}");
    }
    let mut host = session().parameter("access_map_reject_code", "521").parameter("access_map_defer_code", "421");
    assert_eq!(
        apply(&mut host, "REJECT", class::RECIPIENT),
        refused(521, "5.7.1", "<x@y.test>: Recipient address rejected: Access denied")
    );
    let mut host = session().parameter("access_map_reject_code", "450");
    assert!(matches!(apply(&mut host, "REJECT", class::RECIPIENT), Verdict::Defer(_)));
}

#[test]
fn actions_that_change_the_message_are_edits() {
    for (value, verdict, edit) in [
        ("HOLD", Verdict::Dunno, Edit::Hold("<x@y.test>: Recipient address triggers HOLD action".into())),
        ("HOLD look", Verdict::Dunno, Edit::Hold("<x@y.test>: Recipient address look".into())),
        ("DISCARD", Verdict::Permit, Edit::Discard("<x@y.test>: Recipient address triggers DISCARD action".into())),
        ("FILTER smtp:host", Verdict::Dunno, Edit::Filter("smtp:host".into())),
        ("REDIRECT a@b.test", Verdict::Dunno, Edit::Redirect("a@b.test".into())),
        ("BCC a@b.test", Verdict::Dunno, Edit::Bcc("a@b.test".into())),
        ("PREPEND X-A: b: c", Verdict::Dunno, Edit::Prepend("X-A".into(), "b: c".into())),
    ] {
        let mut host = session();
        assert_eq!(apply(&mut host, value, class::RECIPIENT), verdict, "{value}");
        assert_eq!(host.edits(), [edit], "{value}");
    }
}

#[test]
fn wrong_entries_are_warned_of_in_postfix_words() {
    for (value, warning) in [
        ("FILTER", "access table hash:/t entry \"y.test\" has FILTER entry without value"),
        ("FILTER smtp", "access table hash:/t entry \"y.test\" requires transport:destination"),
        ("REDIRECT root", "access table hash:/t entry \"y.test\" requires user@domain target"),
        ("BCC root", "access table hash:/t entry \"y.test\" requires user@domain target"),
        ("PREPEND no header", "access table hash:/t entry \"y.test\" requires header: text"),
    ] {
        let mut host = session();
        assert_eq!(apply(&mut host, value, class::RECIPIENT), Verdict::Dunno, "{value}");
        assert_eq!((host.warnings(), host.edits().len()), (vec![warning.to_string()], 0), "{value}");
    }
    let mut host = session();
    assert!(matches!(apply(&mut host, "hash:/x", class::RECIPIENT), Verdict::ServerError(_)));
    assert_eq!(host.warnings()[0], "access table hash:/t has entry with lookup table: hash:/x");
    let mut host = session();
    assert_eq!(apply(&mut host, "", class::RECIPIENT), Verdict::Permit);
    assert_eq!(host.warnings(), ["access table hash:/t entry y.test has empty value"]);
}

#[test]
fn messages_can_only_be_changed_where_there_is_one() {
    let mut early = Host::new().stage(Stage::Client).protocol_state("CONNECT");
    assert_eq!(apply(&mut early, "HOLD", class::CLIENT), Verdict::Dunno);
    assert_eq!(
        early.warnings(),
        ["access table hash:/t: with smtpd_delay_reject=no, action HOLD is always skipped in Client host or Helo \
          command restrictions"]
    );
    let mut etrn = Host::new().stage(Stage::Etrn).protocol_state("ETRN");
    assert_eq!(apply(&mut etrn, "DISCARD", class::ETRN), Verdict::Dunno);
    assert_eq!(etrn.warnings(), ["access table hash:/t: action DISCARD is unavailable in smtpd_etrn_restrictions"]);
    let mut end = session().stage(Stage::EndOfData).protocol_state("END-OF-MESSAGE");
    assert_eq!(apply(&mut end, "PREPEND X-A: b", class::END_OF_DATA), Verdict::Dunno);
    assert_eq!(
        end.warnings(),
        ["access table hash:/t: action PREPEND must be used before smtpd_end_of_data_restrictions"]
    );
}
