//! The lines that say what a restriction did: `NOQUEUE: reject: RCPT from name[addr]: …; from=<> to=<> proto= helo=<>`.

use std::fmt;

use hook::MailLog;

use crate::Session;

/// One line: `word` is reject, reject_warning, hold, permit and so on.
pub(crate) fn happened(log: &MailLog, session: &Session, word: &str, text: fmt::Arguments<'_>) {
    log.info(format_args!(
        "{}: {word}: {} from {}: {text};{}",
        session.id(),
        session.place,
        session.client.label,
        Details(session)
    ));
}

/// What the filter of smtpd_proxy_filter said.
pub(crate) fn proxied(log: &MailLog, session: &Session, word: &str, text: &str) {
    log.info(format_args!("proxy-{word}: {}: {text};{}", session.place, Details(session)));
}

/// ` from=<> to=<> proto= helo=<>`, as far as they are known.
struct Details<'a>(&'a Session);

impl fmt::Display for Details<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let session = self.0;
        if let Some(sender) = session.sender() {
            write!(f, " from=<{}>", session.shown(sender))?;
        }
        if let Some(recipient) = &session.recipient {
            write!(f, " to=<{}>", session.shown(recipient))?;
        }
        write!(f, " proto={}", session.protocol())?;
        if let Some(helo) = &session.helo {
            write!(f, " helo=<{helo}>")?;
        }
        match &session.sasl_username {
            Some(username) => write!(f, " sasl_username=<{username}>"),
            None => Ok(()),
        }
    }
}
