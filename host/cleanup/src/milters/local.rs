//! non_smtpd_milters: an SMTP session is simulated for mail that came without one.

use hook::{BoxFuture, Call, MailLog, Sockets};
use mail::{Envelope, address};

use super::{Answer, Asking, FilterSession, Macros};

/// As Postfix has it for sendmail(1).
pub(crate) const CLIENT_NAME: &str = "localhost";
pub(crate) const CLIENT_ADDRESS: &str = "127.0.0.1";

/// The macros of a simulated session.
pub(crate) struct LocalMacros {
    pub id: String,
    pub sender: Option<String>,
    pub recipient: Option<String>,
}

impl Macros for LocalMacros {
    fn value<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Option<String>> {
        let value = match name {
            "i" => Some(self.id.clone()),
            "_" => Some(format!("{CLIENT_NAME} [{CLIENT_ADDRESS}]")),
            "{client_name}" | "{client_ptr}" => Some(CLIENT_NAME.to_string()),
            "{client_addr}" => Some(CLIENT_ADDRESS.to_string()),
            "{client_port}" | "{daemon_port}" => Some("0".to_string()),
            "{daemon_addr}" => Some(CLIENT_ADDRESS.to_string()),
            "{mail_addr}" => self.sender.clone(),
            "{rcpt_addr}" => self.recipient.clone(),
            _ => None,
        };
        Box::pin(async { value })
    }
}

/// CONNECT to DATA; `heard` learns each answer and says whether to go on.
pub(crate) async fn simulate(
    filters: &mut FilterSession,
    envelope: &Envelope,
    macros: &mut LocalMacros,
    (sockets, log, call, id): (&dyn Sockets, &MailLog, &Call, &str),
    mut heard: impl FnMut(&str, Option<&str>, Answer) -> bool,
) {
    let mut go_on = |event: &str, recipient: Option<&str>, answer: Option<Answer>| {
        answer.is_none_or(|answer| heard(event, recipient, answer))
    };
    let asking = Asking { sockets, log, macros, call, id };
    let answer = filters.connect(CLIENT_NAME, CLIENT_ADDRESS, 0, &asking).await;
    if !go_on("CONNECT", None, answer) {
        return;
    }
    let answer = filters.helo(CLIENT_NAME, &asking).await;
    if !go_on("EHLO", None, answer) {
        return;
    }
    let sender = address::quote(&envelope.sender).into_owned();
    let argument = sender.clone();
    macros.sender = Some(sender);
    let answer = filters.mail(&[&argument], &Asking { sockets, log, macros, call, id }).await;
    if !go_on("MAIL", None, answer) {
        return;
    }
    for recipient in &envelope.recipients {
        let recipient = address::quote(&recipient.address).into_owned();
        let argument = recipient.clone();
        macros.recipient = Some(recipient);
        let answer = filters.rcpt(&[&argument], false, &Asking { sockets, log, macros, call, id }).await;
        if !go_on("RCPT", macros.recipient.as_deref(), answer) {
            return;
        }
    }
    let answer = filters.data(&Asking { sockets, log, macros, call, id }).await;
    go_on("DATA", macros.recipient.as_deref(), answer);
}
