//! AUTH: SASL_README, RFC 4954. Who checks passwords is another program; what is here passes words between it and the client.

mod dovecot;
pub mod parameters;
mod saslauthd;
mod security_options;

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use config::{Config, parameters as shared};
use dict::{ListStyle, MatchList, Opener};
use hook::{Clock, Services};

use crate::SmtpdError;
use parameters as p;
use security_options::{Properties, SecurityOptions};

/// How long a list of mechanisms is believed: as long as a Postfix process with it waits for a client (max_idle).
const MECHANISMS_LAST: Duration = Duration::from_secs(100);

/// A way to log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mechanism {
    pub name: String,
    pub properties: Properties,
}

/// The beginning of an exchange. Holds the password, so it has no form for logs.
pub(crate) struct Question<'a> {
    pub mechanism: &'a str,
    pub service: &'a str,
    /// Addresses of both ends.
    pub server: &'a str,
    pub client: &'a str,
    /// Under TLS.
    pub secured: bool,
    /// Base64.
    pub initial: Option<&'a str>,
}

/// What the other program says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Base64, for the client.
    Challenge(String),
    /// Logged in, under this name; none: anonymously.
    Done(Option<String>),
    Failed {
        reason: String,
        user: Option<String>,
    },
    /// The reason, and a warning for the log.
    Temporary(String, Option<String>),
}

enum Backend {
    Dovecot(dovecot::Dovecot),
    Saslauthd(saslauthd::Saslauthd),
}

/// An exchange under way.
pub(crate) enum Exchange {
    Dovecot(dovecot::Exchange),
    Saslauthd(saslauthd::Exchange),
}

/// AUTH of one service.
pub(crate) struct Sasl {
    backend: Backend,
    options: SecurityOptions,
    tls_options: SecurityOptions,
    filter: MatchList,
    exceptions: MatchList,
    clock: Arc<dyn Clock>,
    known: Mutex<Option<(Duration, Vec<Mechanism>)>>,
    pub service: String,
    pub response_limit: usize,
    /// broken_sasl_auth_clients.
    pub old_offer: bool,
    pub authenticated_header: bool,
}

/// What a session may use, and what it is told of.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Offer {
    pub usable: Vec<String>,
    /// `PLAIN LOGIN`.
    pub text: String,
    /// The login name that the last exchange was about, for the log.
    pub user: Option<String>,
}

impl Sasl {
    /// None where smtpd_sasl_auth_enable = no.
    pub fn new(config: &Config, services: &Services, warn: dict::Warn) -> Result<Option<Self>, SmtpdError> {
        if !config.get(&p::SMTPD_SASL_AUTH_ENABLE) {
            return Ok(None);
        }
        let queue_directory = config.get(&shared::QUEUE_DIRECTORY);
        let (kind, path) = (config.get(&p::SMTPD_SASL_TYPE), config.get(&p::SMTPD_SASL_PATH));
        let service = config.get(&p::SMTPD_SASL_SERVICE);
        let backend = match kind.as_str() {
            "dovecot" => {
                Backend::Dovecot(dovecot::Dovecot::new(&path, Path::new(&queue_directory), services.randomness.clone()))
            }
            "cyrus" => {
                let (search, realm) = (config.get(&p::CYRUS_SASL_CONFIG_PATH), config.get(&p::SMTPD_SASL_LOCAL_DOMAIN));
                let found =
                    saslauthd::Saslauthd::new(&path, &search, config.directory(), Path::new(&queue_directory), &realm);
                Backend::Saslauthd(found.map_err(SmtpdError::ConfigSasl)?.for_service(&service))
            }
            _ => {
                let place = config.place("smtpd_sasl_type").map_or_else(String::new, |place| format!("{place}: "));
                return Err(SmtpdError::ConfigSasl(format!("{place}unsupported SASL server implementation: {kind}")));
            }
        };
        let environment = dict::Environment {
            clock: services.clock.clone(),
            randomness: services.randomness.clone(),
            warn,
            utf8: config.get(&shared::SMTPUTF8_ENABLE),
            plugin_tables: None,
        };
        let mut opener = Opener::new(environment).with_main_cf(config);
        let mut list = |name: &str, value: String, style| {
            MatchList::parse(name, &value, style, false, &mut opener).map_err(|e| SmtpdError::ConfigSasl(e.to_string()))
        };
        Ok(Some(Self {
            backend,
            options: options("smtpd_sasl_security_options", config.get(&p::SMTPD_SASL_SECURITY_OPTIONS))?,
            tls_options: options("smtpd_sasl_tls_security_options", config.get(&p::SMTPD_SASL_TLS_SECURITY_OPTIONS))?,
            filter: list("smtpd_sasl_mechanism_filter", config.get(&p::SMTPD_SASL_MECHANISM_FILTER), ListStyle::Text)?,
            exceptions: list(
                "smtpd_sasl_exceptions_networks",
                config.get(&p::SMTPD_SASL_EXCEPTIONS_NETWORKS),
                ListStyle::Host,
            )?,
            clock: services.clock.clone(),
            known: Mutex::default(),
            service,
            response_limit: usize::try_from(config.get(&p::SMTPD_SASL_RESPONSE_LIMIT)).unwrap_or(12_288),
            old_offer: config.get(&p::BROKEN_SASL_AUTH_CLIENTS),
            authenticated_header: config.get(&p::SMTPD_SASL_AUTHENTICATED_HEADER),
        }))
    }

    /// What a session may use. The errors are a warning, if there is one, and what ends the session.
    pub async fn offer(&self, under_tls: bool) -> Result<Offer, (Option<String>, String)> {
        let none = "no SASL authentication mechanisms";
        let all = self.mechanisms().await.map_err(|warning| (Some(warning), none.to_string()))?;
        let options = if under_tls { self.tls_options } else { self.options };
        let usable: Vec<String> =
            all.into_iter().filter(|one| options.allow(one.properties)).map(|one| one.name).collect();
        if usable.is_empty() {
            return Err((None, none.to_string()));
        }
        let mut offered = Vec::new();
        for name in &usable {
            match self.filter.matches(name).wait().await {
                Ok(true) => offered.push(name.as_str()),
                Ok(false) => {}
                // Whether it may be offered is not known: it is not offered.
                Err(error) => return Err((Some(format!("smtpd_sasl_mechanism_filter: {error}")), none.to_string())),
            }
        }
        if offered.is_empty() {
            let all = usable.join(" ");
            return Err((None, format!("smtpd_sasl_mechanism_filter discards all mechanisms in '{all}'")));
        }
        Ok(Offer { text: offered.join(" "), usable, user: None })
    }

    /// smtpd_sasl_exceptions_networks. A list that cannot be searched hides AUTH.
    pub async fn is_exception(&self, name: &str, address: &str) -> bool {
        self.exceptions.matches_host(name, address).wait().await.unwrap_or(true)
    }

    async fn mechanisms(&self) -> Result<Vec<Mechanism>, String> {
        let dovecot = match &self.backend {
            Backend::Saslauthd(saslauthd) => return Ok(saslauthd.mechanisms()),
            Backend::Dovecot(dovecot) => dovecot,
        };
        let now = self.clock.monotonic();
        let known = self.known().clone();
        if let Some((_, known)) = known.filter(|(since, _)| now.saturating_sub(*since) < MECHANISMS_LAST) {
            return Ok(known);
        }
        let mechanisms = dovecot.mechanisms().await?;
        *self.known() = Some((now, mechanisms.clone()));
        Ok(mechanisms)
    }

    // A poisoned lock only means that another session panicked between two assignments.
    fn known(&self) -> std::sync::MutexGuard<'_, Option<(Duration, Vec<Mechanism>)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins an exchange. Without one the answer is final.
    pub async fn begin(&self, question: &Question<'_>) -> (Option<Exchange>, Answer) {
        if question.initial.is_some_and(|initial| !is_base64(initial)) {
            return (None, Answer::Failed { reason: "Invalid base64 data in initial response".into(), user: None });
        }
        match &self.backend {
            Backend::Dovecot(dovecot) => {
                let (exchange, answer) = dovecot.begin(question).await;
                if exchange.is_none() {
                    *self.known() = None;
                }
                (exchange.map(Exchange::Dovecot), answer)
            }
            Backend::Saslauthd(saslauthd) => {
                let (exchange, answer) = saslauthd.begin(question).await;
                (exchange.map(Exchange::Saslauthd), answer)
            }
        }
    }

    /// The client's answer to a challenge.
    pub async fn next(&self, exchange: &mut Exchange, response: &str) -> Answer {
        if !is_base64(response) {
            return Answer::Failed { reason: "Invalid base64 data in continued response".into(), user: None };
        }
        match (exchange, &self.backend) {
            (Exchange::Dovecot(exchange), _) => exchange.next(response).await,
            (Exchange::Saslauthd(exchange), Backend::Saslauthd(saslauthd)) => saslauthd.next(exchange, response).await,
            // An exchange lives no longer than the service it began with.
            (Exchange::Saslauthd(_), Backend::Dovecot(_)) => Answer::Temporary("generic failure".into(), None),
        }
    }
}

fn options(name: &'static str, words: Vec<String>) -> Result<SecurityOptions, SmtpdError> {
    SecurityOptions::parse(&words).map_err(|option| SmtpdError::ConfigUnknownOption {
        name,
        option,
        value: words.join(" "),
    })
}

/// By its characters; tabs and line feeds would end a field of Dovecot's protocol.
fn is_base64(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='))
}

#[cfg(test)]
mod tests;
