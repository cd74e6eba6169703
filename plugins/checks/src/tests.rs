use waxwing_sdk::{
    EnhancedStatus, Reply,
    testing::{Edit, Host, LogLine},
};

use super::*;

/// The action, and what was asked for beside it.
fn ask(parameter: &str, part: Part, value: &str) -> (Action, Vec<String>) {
    let mut host = Host::new().named("check_result", value).named("check_parameter", parameter);
    let action = host.run(|| CHECKS.check(part, b"Subject: x"));
    let edits = host.edits().iter().map(|edit| match edit {
        Edit::Hold(text) => format!("hold {text}"),
        Edit::Discard(text) => format!("discard {text}"),
        Edit::Filter(text) => format!("filter {text}"),
        Edit::Redirect(text) => format!("redirect {text}"),
        Edit::Bcc(text) => format!("bcc {text}"),
        other => format!("{other:?}"),
    });
    let log = host.log().iter().map(|line| match line {
        LogLine::Written(_, text) => format!("warning: {text}"),
        LogLine::InfoAction(text) => format!("info {text}"),
        LogLine::WarnAction(text) => format!("warn {text}"),
    });
    (action, edits.chain(log).collect())
}

fn header(value: &str) -> (Action, Vec<String>) {
    ask("header_checks", Part::Header, value)
}

fn refusal(subject: u16, detail: u16, text: Option<&str>) -> Reply {
    Reply { code: None, status: Some(EnhancedStatus { subject, detail }), text: text.map(Into::into) }
}

#[test]
fn actions_that_decide() {
    for (value, action) in [
        ("OK", Action::Dunno),
        ("dunno any text", Action::Dunno),
        ("IGNORE", Action::Ignore),
        ("STRIP", Action::Strip(None)),
        ("strip  why", Action::Strip(Some("why".into()))),
        ("PASS", Action::Pass(None)),
        ("REPLACE Subject: y", Action::Replace(b"Subject: y".to_vec())),
        ("PREPEND X-A: 1", Action::Prepend(b"X-A: 1".to_vec())),
        ("REJECT", Action::Reject(refusal(7, 1, None))),
        ("REJECT no", Action::Reject(refusal(7, 1, Some("no")))),
        ("REJECT 5.2.3 no", Action::Reject(refusal(2, 3, Some("no")))),
        ("REJECT 4.2.3 later", Action::Defer(refusal(2, 3, Some("later")))),
        ("REJECT 4.7.1", Action::Defer(refusal(7, 1, Some("")))),
    ] {
        assert_eq!(header(value), (action, vec![]), "{value}");
    }
}

#[test]
fn actions_beside_the_answer() {
    for (value, said) in [
        ("HOLD", "hold "),
        ("HOLD why", "hold why"),
        ("DISCARD why", "discard why"),
        ("FILTER smtp:[f]", "filter smtp:[f]"),
        ("REDIRECT a@b", "redirect a@b"),
        ("BCC a@b", "bcc a@b"),
        ("INFO text", "info text"),
        ("WARN", "warn "),
    ] {
        assert_eq!(header(value), (Action::Dunno, vec![said.to_string()]), "{value}");
    }
}

#[test]
fn what_makes_no_sense_is_warned_about() {
    for (value, warning) in [
        ("FROB x", "unknown command in header_checks map: FROB x"),
        ("550 no", "unknown command in header_checks map: 550 no"),
        ("FILTER", "missing FILTER command argument in header_checks map"),
        ("FILTER smtp", "bad FILTER command smtp in header_checks -- need transport:destination"),
        ("REDIRECT a", "bad REDIRECT target \"a\" in header_checks map -- need user@domain"),
        ("BCC a", "bad BCC address \"a\" in header_checks map -- need user@domain"),
        ("REPLACE", "REPLACE action without text in header_checks map"),
        ("PREPEND x y", "bad PREPEND header text \"x y\" in header_checks map -- need \"headername: headervalue\""),
    ] {
        assert_eq!(header(value), (Action::Dunno, vec![format!("warning: {warning}")]), "{value}");
    }
}

#[test]
fn a_refusal_cannot_succeed() {
    let (action, said) = header("REJECT 2.1.1 success");
    assert_eq!(action, Action::Defer(refusal(1, 1, Some("success"))));
    assert_eq!(said, ["warning: bad DSN action in 2.1.1 success -- need 4.x.x or 5.x.x"]);
}

#[test]
fn body_lines_need_no_name() {
    let replaced = ask("body_checks", Part::Body, "REPLACE any text");
    assert_eq!(replaced, (Action::Replace(b"any text".to_vec()), vec![]));
}

#[test]
fn a_delivery_only_changes_lines() {
    for value in ["REJECT", "HOLD", "DISCARD x", "BCC a@b", "PASS", "FILTER a:b", "REDIRECT a@b"] {
        let warning = format!("warning: unsupported command in smtp_header_checks map: {value}");
        assert_eq!(ask("smtp_header_checks", Part::Header, value), (Action::Dunno, vec![warning]), "{value}");
    }
    assert_eq!(ask("smtp_header_checks", Part::Header, "IGNORE"), (Action::Ignore, vec![]));
}

#[test]
fn without_a_table_there_is_no_opinion() {
    assert_eq!(Host::new().run(|| CHECKS.check(Part::Header, b"Subject: x")), Action::Dunno);
}
