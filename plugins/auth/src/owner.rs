//! Whose a sender address is: smtpd_sender_login_maps.

use waxwing_sdk::{Attribute, Facts, ParameterKind, addresses, log, lookup_failure, prelude::*, tables};

pub const SMTPD_SENDER_LOGIN_MAPS: Parameter =
    Parameter::new("smtpd_sender_login_maps", ParameterKind::Tables, "", "Logins that own a sender address");

/// A sender other than the null sender, and who sends.
pub struct Sending {
    pub sender: String,
    pub login: Option<String>,
    tables: String,
}

/// What is sent by whom. None: nothing to test. `restriction` stands in the warning where the service has no AUTH.
pub fn sending(restriction: &str) -> Option<Sending> {
    if !session::facts().contains(Facts::AUTH_AVAILABLE) {
        log::warning(&["restriction `", restriction, "' ignored: no SASL support"].concat());
        return None;
    }
    let [sender, login] = session::attributes([Attribute::Sender, Attribute::SaslUsername]);
    let sender = sender.filter(|sender| !sender.is_empty())?;
    let tables = SMTPD_SENDER_LOGIN_MAPS.text();
    (!tables.is_empty()).then_some(Sending { sender, login, tables })
}

impl Sending {
    /// Logged in, and not as an owner of the sender. `unowned`: what to think of a sender without any owner.
    pub fn check_login(&self, unowned: Verdict) -> Verdict {
        let Some(login) = &self.login else { return Verdict::Dunno };
        let is_login = |owner: &str| owner.to_lowercase() == login.to_lowercase();
        match self.owners() {
            Err(verdict) => verdict,
            Ok(None) if unowned == Verdict::Dunno => unowned,
            Ok(Some(owners)) if owners.split([',', ' ', '\t', '\r', '\n']).any(is_login) => Verdict::Dunno,
            Ok(_) => self.refuse(&["not owned by user ", login].concat()),
        }
    }

    /// Not logged in, though the sender has an owner.
    pub fn check_no_login(&self) -> Verdict {
        if self.login.is_some() {
            return Verdict::Dunno;
        }
        match self.owners() {
            Err(verdict) => verdict,
            Ok(None) => Verdict::Dunno,
            Ok(Some(_)) => self.refuse("not logged in"),
        }
    }

    fn owners(&self) -> Result<Option<String>, Verdict> {
        let recipient = session::recipient().unwrap_or_default();
        let resolved = addresses::resolve_or_defer(&self.sender, &recipient)?;
        match tables::find_alias(&self.tables, &resolved.recipient) {
            Ok(found) => Ok(found.map(|found| found.value)),
            Err(error) => Err(lookup_failure(&error, &self.sender)),
        }
    }

    fn refuse(&self, reason: &str) -> Verdict {
        Subject::new(self.sender.as_str(), class::SENDER).refuse(553, "5.7.1", reason)
    }
}

/// What the answers depend on.
pub const INPUTS: Inputs = Inputs::SENDER.union(Inputs::AUTH);

#[cfg(test)]
pub mod tests {
    use waxwing_sdk::{Attribute, Facts, prelude::*, testing::Host};

    /// A server with AUTH where alice and bob own a@x.test.
    pub fn host(sender: &str, login: Option<&str>) -> Host {
        let host = Host::new()
            .facts(Facts::AUTH_AVAILABLE)
            .sender(sender)
            .parameter("smtpd_sender_login_maps", "hash:/l")
            .table("hash:/l", &[("a@x.test", "alice, bob")]);
        match login {
            Some(login) => host.attribute(Attribute::SaslUsername, login),
            None => host,
        }
    }

    pub fn not_owned(sender: &str, login: &str) -> Verdict {
        refuse(553, "5.7.1", format!("<{sender}>: Sender address rejected: not owned by user {login}"))
    }

    pub fn not_logged_in(sender: &str) -> Verdict {
        refuse(553, "5.7.1", format!("<{sender}>: Sender address rejected: not logged in"))
    }
}
