use waxwing_sdk::{
    refuse, reply,
    socket::SocketError,
    testing::{Edit, Host, Said},
};

use super::*;

const SERVER: &str = "inet:127.0.0.1:9998";

fn host() -> Host {
    Host::new()
        .sender("a@good.test")
        .recipient("b@mx.test")
        .parameter("access_map_reject_code", "554")
        .parameter("access_map_defer_code", "450")
}

fn answers(action: &str) -> Host {
    let text = format!("action={action}\n\n");
    host().server(SERVER, move |_| Said::Text(text.clone()))
}

#[test]
fn actions_of_access_5() {
    let rejected = |text: &str| format!("<b@mx.test>: Recipient address rejected: {text}");
    for (action, verdict) in [
        ("DUNNO", Verdict::Dunno),
        ("ok", Verdict::Permit),
        ("REJECT", refuse(554, "5.7.1", rejected("Access denied"))),
        ("reject go away", refuse(554, "5.7.1", rejected("go away"))),
        ("550 5.1.2 no", refuse(550, "5.1.2", rejected("no"))),
        ("DEFER later", refuse(450, "4.7.1", rejected("later"))),
        ("defer_if_permit Greylisted", Verdict::DeferIfPermit(reply(450, "4.7.1", rejected("Greylisted")))),
        ("permit_mynetworks, reject", Verdict::Restrictions("permit_mynetworks, reject".into())),
        ("421 4.3.2 bye", refuse(421, "4.3.2", rejected("bye"))),
    ] {
        assert_eq!(answers(action).check(&RESTRICTION, SERVER), verdict, "{action}");
    }
    let mut host = answers("PREPEND X-Greylist: delayed 300 seconds");
    assert_eq!(host.check(&RESTRICTION, SERVER), Verdict::Dunno);
    assert_eq!(host.edits(), [Edit::Prepend("X-Greylist".into(), "delayed 300 seconds".into())]);
    let mut host = answers("FILTER");
    assert_eq!(host.check(&RESTRICTION, SERVER), Verdict::Dunno);
    let warning = format!("access table {SERVER} entry \"policy query\" has FILTER entry without value");
    assert_eq!(host.warnings(), [warning]);
}

#[test]
fn without_an_answer_the_default_action() {
    let down = || host().no_server(SERVER, SocketError::Failed("Connection refused".into()));
    let problem = "<b@mx.test>: Recipient address rejected: Server configuration problem";
    assert_eq!(down().check(&RESTRICTION, SERVER), refuse(451, "4.3.5", problem));
    assert_eq!(down().check(&RESTRICTION, &format!("{{ {SERVER} default_action=DUNNO }}")), Verdict::Dunno);
    let own = format!("{{ {SERVER}, {{ default_action = 451 4.3.5 See http://x }} }}");
    let text = "<b@mx.test>: Recipient address rejected: See http://x";
    assert_eq!(down().check(&RESTRICTION, &own), refuse(451, "4.3.5", text));
}

#[test]
fn a_wrong_argument_is_the_servers_fault() {
    assert_eq!(host().check(&RESTRICTION, "{ }"), configuration_error());
}
