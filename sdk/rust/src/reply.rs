//! Replies in Postfix's words: `<NAME>: CLASS rejected: REASON`.

use crate::{
    Attribute, EnhancedStatus, Reply, Stage, Verdict, address,
    hostname::digits,
    log::{self, Level},
    session,
};

/// What a reply is about, in the words of Postfix's replies and log lines.
pub mod class {
    pub const CLIENT: &str = "Client host";
    pub const REVERSE_CLIENT: &str = "Unverified Client host";
    pub const CERTIFICATE: &str = "Client certificate";
    pub const SASL_LOGIN: &str = "SASL login name";
    pub const HELO: &str = "Helo command";
    pub const SENDER: &str = "Sender address";
    pub const RECIPIENT: &str = "Recipient address";
    pub const ETRN: &str = "Etrn command";
    pub const DATA: &str = "Data command";
    pub const END_OF_DATA: &str = "End-of-data";

    /// The constant with this text.
    pub(super) fn known(text: &str) -> Option<&'static str> {
        let all = [CLIENT, REVERSE_CLIENT, CERTIFICATE, SASL_LOGIN, HELO, SENDER, RECIPIENT, ETRN, DATA, END_OF_DATA];
        all.into_iter().find(|class| *class == text)
    }
}

/// A refusal with any code: 4NN defers, 5NN rejects. `status` is an enhanced status such as `5.7.1`; its first digit follows
/// the code. Another code is a configuration error (`*_reject_code`): logged, and the client is deferred, as Postfix does.
pub fn refuse(code: u16, status: &str, text: impl Into<String>) -> Verdict {
    let text = text.into();
    match code {
        400..=499 => Verdict::Defer(reply(code, status, text)),
        500..=599 => Verdict::Reject(reply(code, status, text)),
        _ => {
            let mut buffer = [0; 5];
            let code = digits(code, &mut buffer);
            let line = ["SMTP reply code configuration error: ", code, " ", status, " ", &text].concat();
            log::write(Level::Warning, &line);
            Verdict::Defer(reply(450, "4.7.1", "Service unavailable"))
        }
    }
}

/// A reply for a [`Verdict`] that carries one.
pub fn reply(code: u16, status: &str, text: impl Into<String>) -> Reply {
    Reply { code: Some(code), status: enhanced_status(status), text: Some(text.into()) }
}

/// Subject and detail of `x.y.z`.
fn enhanced_status(status: &str) -> Option<EnhancedStatus> {
    let mut parts = status.split('.').skip(1).map(|part| part.parse::<u16>().ok());
    Some(EnhancedStatus { subject: parts.next()??, detail: parts.next()?? })
}

/// `451 4.3.5 Server configuration error`, which warn_if_reject does not soften.
pub fn configuration_error() -> Verdict {
    Verdict::ServerError(reply(451, "4.3.5", "Server configuration error"))
}

/// `451 4.3.0 <name>: Temporary lookup failure`, which warn_if_reject does not soften.
pub fn temporary_lookup_failure(name: &str) -> Verdict {
    Verdict::ServerError(reply(451, "4.3.0", ["<", name, ">: Temporary lookup failure"].concat()))
}

/// What Postfix answers when a table fails while it tests `name`. The reason is logged.
pub fn lookup_failure(error: &crate::tables::TableError, name: &str) -> Verdict {
    let (crate::tables::TableError::Temporary(reason) | crate::tables::TableError::Configuration(reason)) = error;
    crate::log::warning(reason);
    match error {
        crate::tables::TableError::Temporary(_) => temporary_lookup_failure(name),
        crate::tables::TableError::Configuration(_) => configuration_error(),
    }
}

/// What a refusal is about.
pub struct Subject {
    /// What stands between `<` and `>`.
    pub name: String,
    /// One of [`class`].
    pub class: &'static str,
}

impl Subject {
    /// Any name and [`class`].
    pub fn new(name: impl Into<String>, class: &'static str) -> Self {
        Self { name: name.into(), class }
    }

    /// The client as Postfix names it: `name[address]`.
    pub fn client() -> Self {
        let [name, address] = session::attributes([Attribute::ClientName, Attribute::ClientAddress]);
        Self::new(address::name_and_address(&name.unwrap_or_default(), &address.unwrap_or_default()), class::CLIENT)
    }

    /// What the list under evaluation is about: the client in smtpd_client_restrictions, and so on; in a list that a table
    /// named, what that table was asked about.
    pub fn of_stage() -> Self {
        if let Some(class) = session::named("reply_class").as_deref().and_then(class::known) {
            return Self::new(session::named("reply_name").unwrap_or_default(), class);
        }
        let attribute = |attribute, class| Self::new(session::attribute(attribute).unwrap_or_default(), class);
        match session::stage() {
            Stage::Client => Self::client(),
            Stage::Helo => attribute(Attribute::HeloName, class::HELO),
            Stage::Sender => attribute(Attribute::Sender, class::SENDER),
            Stage::Relay | Stage::Recipient => attribute(Attribute::Recipient, class::RECIPIENT),
            Stage::Data => Self::new("DATA", class::DATA),
            Stage::EndOfData => Self::new("END-OF-MESSAGE", class::END_OF_DATA),
            Stage::Etrn => attribute(Attribute::EtrnDomain, class::ETRN),
        }
    }

    /// `<NAME>: CLASS rejected: REASON`.
    pub fn rejected(&self, reason: &str) -> String {
        ["<", &self.name, ">: ", self.class, " rejected: ", reason].concat()
    }

    /// `<NAME>: CLASS WHAT`, for log lines.
    pub fn log_line(&self, what: &str) -> String {
        ["<", &self.name, ">: ", self.class, " ", what].concat()
    }

    /// A refusal of this.
    pub fn refuse(&self, code: u16, status: &str, reason: &str) -> Verdict {
        refuse(code, status, self.rejected(reason))
    }
}
