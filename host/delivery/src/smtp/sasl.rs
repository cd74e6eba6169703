//! AUTH to a server: SASL_README, RFC 4954. PLAIN (RFC 4616), LOGIN and CRAM-MD5 (RFC 2195).

use base64::{Engine, engine::general_purpose::STANDARD};
use config::Config;
use hmac::{Mac, SimpleHmac};
use hook::{SearchOrder, Services};
use mail::Status;

use super::{
    parameters::{SMTP_SEND_DUMMY_MAIL_AUTH, SMTP_SENDER_DEPENDENT_AUTHENTICATION},
    progress::{Progress, Reason},
    reply::{Reply, Trouble},
    session::Session,
    starttls::Way,
    tls_parameters::*,
};
use crate::DeliveryError;

/// A name and a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    user: String,
    password: String,
}

/// From main.cf.
#[derive(Clone, Debug)]
pub struct SaslSettings {
    enabled: bool,
    passwords: String,
    options: [Options; 3],
    filter: Vec<String>,
    soft_bounce: bool,
    /// smtp_sender_dependent_authentication.
    by_sender: bool,
    /// smtp_send_dummy_mail_auth: AUTH=<> behind MAIL FROM, RFC 4954 section 5.
    pub dummy_mail_auth: bool,
}

/// smtp_sasl_security_options and its relatives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Options {
    plaintext: bool,
    active: bool,
    dictionary: bool,
}

/// In the order in which they are tried: the password itself goes over the wire only where nothing better is offered.
const MECHANISMS: [&str; 3] = ["CRAM-MD5", "PLAIN", "LOGIN"];

impl SaslSettings {
    /// Reads the parameters.
    pub fn from_config(config: &Config) -> Result<Self, DeliveryError> {
        let options = |parameter: &config::Param<config::List>| {
            let mut options = Options { plaintext: true, active: true, dictionary: true };
            for word in config.get(parameter) {
                match word.to_ascii_lowercase().as_str() {
                    "noplaintext" => options.plaintext = false,
                    "noactive" => options.active = false,
                    "nodictionary" => options.dictionary = false,
                    "noanonymous" => {}
                    // No mechanism here proves who the server is.
                    "mutual_auth" | "forward_secrecy" => (options.plaintext, options.dictionary) = (false, false),
                    _ => {
                        let reason = "unknown option".to_string();
                        return Err(DeliveryError::Configuration { parameter: parameter.name, value: word, reason });
                    }
                }
            }
            Ok(options)
        };
        Ok(Self {
            enabled: config.get(&SMTP_SASL_AUTH_ENABLE),
            passwords: config.get(&SMTP_SASL_PASSWORD_MAPS),
            options: [
                options(&SMTP_SASL_SECURITY_OPTIONS)?,
                options(&SMTP_SASL_TLS_SECURITY_OPTIONS)?,
                options(&SMTP_SASL_TLS_VERIFIED_SECURITY_OPTIONS)?,
            ],
            filter: config.get(&SMTP_SASL_MECHANISM_FILTER),
            soft_bounce: config.get(&SMTP_SASL_AUTH_SOFT_BOUNCE),
            by_sender: config.get(&SMTP_SENDER_DEPENDENT_AUTHENTICATION),
            dummy_mail_auth: config.get(&SMTP_SASL_AUTH_ENABLE) && config.get(&SMTP_SEND_DUMMY_MAIL_AUTH),
        })
    }

    /// Tables to open at start.
    pub fn tables(&self) -> &str {
        if self.enabled { &self.passwords } else { "" }
    }

    /// Whether a session belongs to its sender, and must not be used for others.
    pub fn is_by_sender(&self) -> bool {
        self.enabled && self.by_sender
    }

    /// Who we are for a server: by the sender where smtp_sender_dependent_authentication says so, by the server's name, then
    /// by the destination as main.cf or a transport table has it. The error is a warning for the log.
    pub async fn credentials(
        &self,
        services: &Services,
        sender: &str,
        host: &str,
        destination: &str,
    ) -> Result<Option<Credentials>, String> {
        if !self.enabled || self.passwords.is_empty() {
            return Ok(None);
        }
        let sender = Some(sender).filter(|sender| self.by_sender && !sender.is_empty());
        let keys = sender.map(|sender| (SearchOrder::Alias, sender)).into_iter();
        for (order, key) in keys.chain([host, destination].map(|key| (SearchOrder::Exact, key))) {
            match services.tables.find(order, &self.passwords, key).wait().await {
                Ok(Some(found)) => {
                    let (user, password) = found.value.split_once(':').unwrap_or((&found.value, ""));
                    return Ok(Some(Credentials { user: user.to_string(), password: password.to_string() }));
                }
                Ok(None) => {}
                Err(error) => return Err(format!("{}: {error}", self.passwords)),
            }
        }
        Ok(None)
    }

    fn choose(&self, offered: &[String], under_tls: bool, verified: bool) -> Option<&'static str> {
        let options = self.options[usize::from(under_tls) + usize::from(under_tls && verified)];
        let named = |list: &[String], name: &str| list.iter().any(|one| one.eq_ignore_ascii_case(name));
        let wanted = |name: &&str| self.filter.is_empty() || named(&self.filter, name);
        let allowed = |name: &&str| match *name {
            "CRAM-MD5" => options.active && options.dictionary,
            _ => options.plaintext,
        };
        MECHANISMS.into_iter().filter(wanted).filter(allowed).find(|name| named(offered, name))
    }
}

impl Session {
    /// Logs in where there are credentials. False: the recipients were dealt with.
    pub async fn log_in(&mut self, progress: &mut Progress<'_>, way: &Way<'_>) -> bool {
        let Some(credentials) = way.credentials.filter(|_| self.offers_auth) else { return true };
        let name = self.peer().name_address;
        let sasl = &way.settings.sasl;
        let Some(mechanism) = sasl.choose(&self.mechanisms, self.tls.is_some(), self.verified) else {
            let text = format!(
                "SASL authentication failed: server {name} offered no compatible authentication mechanisms for this type \
                 of connection security"
            );
            progress.all_failed(Reason::local(Status::temporary(7, 0), text).throttling());
            return false;
        };
        match self.authenticate(progress, way, mechanism, credentials).await {
            Ok(reply) if reply.digit() == 2 => true,
            Ok(reply) => {
                let text = format!("SASL authentication failed; server {name} said: {}", reply.text);
                let mut reason = Reason::remote(self.host(), &reply, text).throttling();
                if sasl.soft_bounce && reason.status.class == mail::Class::Permanent {
                    reason.status = reason.status.with_class(mail::Class::Temporary);
                }
                progress.all_failed(reason);
                false
            }
            Err(trouble) => {
                progress.broken(trouble, "performing the AUTH handshake");
                false
            }
        }
    }

    async fn authenticate(
        &mut self,
        progress: &Progress<'_>,
        way: &Way<'_>,
        mechanism: &str,
        Credentials { user, password }: &Credentials,
    ) -> Result<Reply, Trouble> {
        let id = progress.request.queue_id.clone();
        let say = async |session: &mut Self, line: String| {
            session.command(&format!("{line}\r\n"), way.settings, way.log, &id).await
        };
        if mechanism == "PLAIN" {
            return say(self, format!("AUTH PLAIN {}", STANDARD.encode(format!("\0{user}\0{password}")))).await;
        }
        let mut reply = say(self, format!("AUTH {mechanism}")).await?;
        let mut answers =
            if mechanism == "LOGIN" { vec![user.clone(), password.clone()] } else { Vec::new() }.into_iter();
        // No mechanism here has more steps.
        for _ in 0..2 {
            if reply.digit() != 3 {
                break;
            }
            let challenge = reply.lines.first().map_or("", String::as_str).trim();
            let answer = match (mechanism, STANDARD.decode(challenge)) {
                ("CRAM-MD5", Ok(challenge)) => Some(cram_md5(user, password, &challenge)),
                ("LOGIN", _) => answers.next(),
                _ => None,
            };
            let line = answer.map_or_else(|| "*".to_string(), |answer| STANDARD.encode(answer));
            reply = say(self, line).await?;
        }
        Ok(reply)
    }
}

/// RFC 2195 section 2.
fn cram_md5(user: &str, password: &str, challenge: &[u8]) -> String {
    let mut mac = SimpleHmac::<md5::Md5>::new_from_slice(password.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(challenge);
    let digest: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{user} {digest}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn the_example_of_rfc_2195() {
        let challenge = b"<1896.697170952@postoffice.reston.mci.net>";
        assert_eq!(cram_md5("tim", "tanstaaftanstaaf", challenge), "tim b913a602c7eda7a495b4e6e7334d3890");
    }

    #[test]
    fn no_password_in_the_clear_unless_told_so() {
        let all = ["PLAIN", "LOGIN", "CRAM-MD5"].map(String::from);
        let plain = &all[..2];
        let settings = |text: &str| SaslSettings::from_config(&testing::config(text)).expect("good");
        let default = settings("");
        assert_eq!(default.choose(&all, false, false), Some("CRAM-MD5"));
        assert_eq!((default.choose(plain, false, false), default.choose(plain, true, true)), (None, None));
        let tls = settings("smtp_sasl_tls_security_options = noanonymous\n");
        assert_eq!((tls.choose(plain, false, false), tls.choose(plain, true, false)), (None, Some("PLAIN")));
        let filtered = settings("smtp_sasl_security_options = noanonymous\nsmtp_sasl_mechanism_filter = login\n");
        assert_eq!(filtered.choose(&all, false, false), Some("LOGIN"));
        assert!(SaslSettings::from_config(&testing::config("smtp_sasl_security_options = bogus\n")).is_err());
    }
}
