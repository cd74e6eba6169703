//! STARTTLS and wrapper mode: TLS_README, RFC 3207, RFC 8314.

pub mod parameters;

use std::{sync::Arc, time::Duration};

use config::Config;
use hook::{Inputs, MailLog};
use mail::{
    Status,
    received::{ClientCertificate, TlsDetails},
};
use net::tls::{Authorities, ChainFiles, Common, HandshakeError, Peer, ReadFile, Server, ServerSettings};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{
    SmtpdError,
    anvil::Counted,
    chat::End,
    conversation::Conversation,
    transcript::ErrorClass,
    verb::{Step, refusal},
};
use parameters as p;

/// What a service does with TLS.
#[derive(Clone, Debug, Default)]
pub(crate) struct TlsUse {
    /// STARTTLS is offered.
    pub offered: bool,
    /// Mail only under TLS.
    pub enforced: bool,
    pub wrapper: bool,
    /// AUTH only under TLS.
    pub auth_only: bool,
    pub ask: bool,
    /// A trusted certificate is demanded.
    pub required: bool,
    pub received_header: bool,
    pub log_sessions: bool,
    pub limit: Duration,
}

impl TlsUse {
    /// The texts are warnings.
    pub fn from(config: &Config) -> Result<(Self, Vec<String>), SmtpdError> {
        let mut warnings = Vec::new();
        let wrapper = config.get(&p::SMTPD_TLS_WRAPPERMODE);
        let level = config.get(&p::SMTPD_TLS_SECURITY_LEVEL);
        let (mut offered, mut enforced) = match level.to_ascii_lowercase().as_str() {
            "" => (config.get(&p::SMTPD_USE_TLS), config.get(&p::SMTPD_ENFORCE_TLS)),
            "none" => (false, false),
            "may" => (true, false),
            "encrypt" => (true, true),
            "dane" | "dane-only" | "fingerprint" | "verify" | "secure" => {
                let name = "smtpd_tls_security_level";
                warnings.push(format!("{name}: unsupported TLS level \"{level}\", using \"encrypt\""));
                (true, true)
            }
            _ => return Err(SmtpdError::ConfigTlsLevel(level)),
        };
        enforced |= wrapper;
        offered |= enforced;
        let mut required = config.get(&p::SMTPD_TLS_REQ_CCERT);
        if required && !enforced {
            warnings.push("Can't require client certs unless TLS is required".to_string());
            required = false;
        }
        let level: i64 = config.get(&p::SMTPD_TLS_LOGLEVEL).trim().parse().unwrap_or(0);
        let tls = Self {
            offered,
            enforced,
            wrapper,
            auth_only: config.get(&p::SMTPD_TLS_AUTH_ONLY) || enforced,
            ask: required || config.get(&p::SMTPD_TLS_ASK_CCERT),
            required,
            received_header: config.get(&p::SMTPD_TLS_RECEIVED_HEADER),
            log_sessions: level > 0,
            limit: config.get(&p::SMTPD_STARTTLS_TIMEOUT),
        };
        Ok((tls, if offered { warnings } else { Vec::new() }))
    }

    /// Keys, certificates and authorities. None: STARTTLS will be refused for now, and the log says why.
    pub fn server(&self, config: &Config, read: &ReadFile, log: &MailLog) -> Option<Arc<Server>> {
        if !self.offered {
            return None;
        }
        let (protocols, grade) = match self.enforced {
            true => (config.get(&p::SMTPD_TLS_MANDATORY_PROTOCOLS), config.get(&p::SMTPD_TLS_MANDATORY_CIPHERS)),
            false => (config.get(&p::SMTPD_TLS_PROTOCOLS), config.get(&p::SMTPD_TLS_CIPHERS)),
        };
        let mut exclude_ciphers = config.get(&p::SMTPD_TLS_EXCLUDE_CIPHERS);
        if self.enforced {
            exclude_ciphers = format!("{exclude_ciphers} {}", config.get(&p::SMTPD_TLS_MANDATORY_EXCLUDE_CIPHERS));
        }
        let chains = ChainFiles {
            chain_files: config.get(&p::SMTPD_TLS_CHAIN_FILES),
            certificate: config.get(&p::SMTPD_TLS_CERT_FILE),
            key: config.get(&p::SMTPD_TLS_KEY_FILE),
            ec_certificate: config.get(&p::SMTPD_TLS_ECCERT_FILE),
            ec_key: config.get(&p::SMTPD_TLS_ECKEY_FILE),
        };
        if chains.is_empty() || chains.certificate.eq_ignore_ascii_case("none") {
            log.warning(format_args!("No server certs available. TLS won't be enabled"));
            return None;
        }
        if !config.get(&net::tls::parameters::TLS_SERVER_SNI_MAPS).is_empty() {
            log.warning(format_args!(
                "tls_server_sni_maps is not supported in this release: every client is shown the default certificate"
            ));
        }
        let (file, directory) = (config.get(&p::SMTPD_TLS_CAFILE), config.get(&p::SMTPD_TLS_CAPATH));
        // As in Postfix, the system's authorities only come on top of others.
        let system =
            config.get(&net::tls::parameters::TLS_APPEND_DEFAULT_CA) && !(file.is_empty() && directory.is_empty());
        let authorities = Authorities { file, directory, system };
        let digest = config.get(&p::SMTPD_TLS_FINGERPRINT_DIGEST);
        let settings = ServerSettings {
            common: Common { protocols, grade, exclude_ciphers, authorities, digest, chains },
            ask: self.ask,
            verify_depth: usize::try_from(config.get(&p::SMTPD_TLS_CCERT_VERIFYDEPTH)).unwrap_or(9),
            own_order: config.get(&net::tls::parameters::TLS_PREEMPT_CIPHERLIST),
        };
        match Server::new(&settings, read) {
            Ok(server) => Some(Arc::new(server)),
            Err(unavailable) => {
                unavailable.0.iter().for_each(|text| log.warning(format_args!("{text}")));
                None
            }
        }
    }
}

/// For the Received: header.
pub(crate) fn received_details(peer: &Peer) -> TlsDetails {
    let clean = |text: &str| -> String {
        let comment = |c: char| if c.is_control() || matches!(c, '(' | ')' | '\\' | '"') { '?' } else { c };
        text.chars().map(comment).collect()
    };
    TlsDetails {
        protocol: peer.protocol.to_string(),
        cipher: peer.cipher.clone(),
        used_bits: peer.used_bits,
        algorithm_bits: peer.algorithm_bits,
        key_exchange: peer.key_exchange.clone(),
        server_signature: peer.server_signature.clone(),
        client_signature: peer.client_signature.clone(),
        client_certificate: match &peer.certificate {
            Some(certificate) => ClientCertificate::Presented {
                subject: clean(&certificate.subject),
                issuer: clean(&certificate.issuer),
                verified: certificate.trusted,
            },
            None if peer.requested => ClientCertificate::NotPresented,
            None => ClientCertificate::NotRequested,
        },
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Conversation<'_, S> {
    /// TLS from the first byte on. False: the session is over.
    pub async fn start_wrapper(&mut self) -> Result<bool, End> {
        if !self.service.settings.tls.wrapper || self.session.tls.is_some() || self.session.stand_alone {
            return Ok(true);
        }
        let (service, label) = (self.service, self.session.client.label.clone());
        let name = &service.settings.service;
        let Some(server) = &service.tls_server else {
            service.log.warning(format_args!(
                "Wrapper-mode request dropped from {label} for service {name}. TLS context initialization failed. \
                 For details see earlier warnings in your logs."
            ));
            return Ok(false);
        };
        if self.over_tls_rate(false).await.is_some() {
            service.log.warning(format_args!("Refusing TLS service request from {label} for service {name}"));
            return Ok(false);
        }
        self.session_mut().place = "CONNECT";
        self.start_tls(server).await?;
        Ok(!self.hangup)
    }

    /// The handshake, and what Postfix demands of a session under TLS. Nothing that the client said before counts any more:
    /// RFC 3207 section 4.2.
    pub async fn start_tls(&mut self, server: &Server) -> Result<(), End> {
        self.line.flush(&mut self.deadline).await?;
        self.line.discard_input();
        let (service, tls) = (self.service, &self.service.settings.tls);
        let now = service.services.clock.now();
        let peer = match server.accept(self.line.stream_mut(), tls.limit, now).await {
            Ok(peer) => peer,
            Err(error) => {
                self.log_failed_handshake(error);
                return Err(End::Lost);
            }
        };
        let trusted = peer.certificate.as_ref().map(|certificate| certificate.trusted);
        if tls.log_sessions {
            let word = match trusted {
                None => "Anonymous",
                Some(true) => "Trusted",
                Some(false) => "Untrusted",
            };
            let (label, summary) = (&self.session.client.label, peer.summary());
            service.log.info(format_args!("{word} TLS connection established from {label}: {summary}"));
        }
        let resumed = peer.resumed;
        self.end_transaction();
        let session = self.session_mut();
        session.tls = Some(Arc::new(peer));
        session.helo = None;
        session.log_out();
        self.reuse.changed(Inputs::TLS | Inputs::HELO | Inputs::AUTH);
        if !resumed && let Some(rate) = self.over_tls_rate(true).await {
            let (label, name) = (self.session.client.label.clone(), &service.settings.service);
            service
                .log
                .warning(format_args!("New TLS session rate limit exceeded: {rate} from {label} for service {name}"));
            let text = format!("Error: too many new TLS sessions from {label}");
            // At once, unasked as a greeting is.
            return self.close_with(Status::temporary(7, 0), &text).await;
        }
        if tls.required && trusted != Some(true) {
            let text =
                if trusted.is_some() { "Client certificate not trusted" } else { "No client certificate presented" };
            let label = &self.session.client.label;
            service.log.info(format_args!("NOQUEUE: abort: TLS from {label}: {text}"));
            // In answer to the next command, whatever it is.
            self.read_command().await?;
            return self.close_with(Status::temporary(7, 1), &format!("Error: {text}")).await;
        }
        Ok(())
    }

    fn log_failed_handshake(&self, error: HandshakeError) {
        let (log, label) = (&self.service.log, &self.session.client.label);
        match error {
            HandshakeError::Lost => log.info(format_args!("SSL_accept error from {label}: lost connection")),
            HandshakeError::Timeout => log.info(format_args!("SSL_accept error from {label}: Connection timed out")),
            HandshakeError::Library(why) => {
                log.info(format_args!("SSL_accept error from {label}: -1"));
                log.warning(format_args!("TLS library problem: {why}"));
            }
            HandshakeError::Settings(texts) => {
                texts.iter().for_each(|text| log.warning(format_args!("{label}: {text}")));
            }
        }
    }

    /// smtpd_client_new_tls_session_rate_limit: the rate, where it is over the limit. `counts`: this is one more.
    pub async fn over_tls_rate(&self, counts: bool) -> Option<u32> {
        let limit = self.service.settings.client_limits.tls_rate;
        let counting = self.counting.as_ref().filter(|_| limit > 0)?;
        let rate = if counts { counting.count(Counted::NewTls) } else { counting.rate_of(Counted::NewTls) };
        (rate > limit && !self.xclient && !self.is_event_exception().await).then_some(rate)
    }

    /// 530: this command needs TLS.
    pub async fn demand_tls(&mut self) -> Result<Step, End> {
        self.fail_by(ErrorClass::POLICY, refusal(530, (7, 0), "Must issue a STARTTLS command first")).await
    }
}
