//! What is known of one SMTP session: plain data, lent to plugins as a snapshot.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use hook::{Attribute, Edit, Facts, NameStatus, SessionView, Tables};
use mail::{ClientAttributes, EnvelopeRecipient, ReturnContent};

use crate::{Settings, restrict::subject::Subject};

/// The client, by its connection or by XCLIENT.
#[derive(Clone, Debug)]
pub struct Client {
    /// Verified host name, or `unknown`.
    pub name: String,
    /// Name by the address alone, or `unknown`.
    pub reverse_name: String,
    /// Without brackets; `unknown` when XCLIENT says so.
    pub address: String,
    /// As in an address literal: `IPv6:::1`.
    pub literal: String,
    /// 0: there is none, or it is not known.
    pub port: u16,
    /// False when XCLIENT says so.
    pub port_known: bool,
    /// The connection has no addresses; those above stand in for them.
    pub over_unix: bool,
    pub name_status: NameStatus,
    pub reverse_status: NameStatus,
    pub server_address: String,
    pub server_port: u16,
    /// `name[address]`, with `:port` under smtpd_client_port_logging: how log lines and replies name the client.
    pub label: String,
}

impl Client {
    /// A client whose name is not looked up.
    pub fn new(peer: SocketAddr, local: SocketAddr) -> Self {
        let unknown = || "unknown".to_string();
        let address = peer.ip().to_canonical();
        let mut client = Self {
            name: unknown(),
            reverse_name: unknown(),
            address: String::new(),
            literal: String::new(),
            port: peer.port(),
            port_known: true,
            over_unix: false,
            name_status: NameStatus::Unchecked,
            reverse_status: NameStatus::Unchecked,
            server_address: local.ip().to_canonical().to_string(),
            server_port: local.port(),
            label: String::new(),
        };
        client.set_address(address.to_string());
        client
    }

    /// A program of this host, over a unix-domain socket or a pipe: as in Postfix it is taken for localhost, and nothing is
    /// looked up.
    pub fn local(ipv6_only: bool) -> Self {
        let here = if ipv6_only { IpAddr::from(Ipv6Addr::LOCALHOST) } else { Ipv4Addr::LOCALHOST.into() };
        let here = SocketAddr::new(here, 0);
        Self {
            name: "localhost".to_string(),
            reverse_name: "localhost".to_string(),
            name_status: NameStatus::Verified,
            reverse_status: NameStatus::Verified,
            over_unix: true,
            ..Self::new(here, here)
        }
    }

    /// Sets the address and its literal.
    pub(crate) fn set_address(&mut self, address: String) {
        self.literal = if address.contains(':') { format!("IPv6:{address}") } else { address.clone() };
        self.address = address;
    }

    /// Names the client anew after a change.
    pub(crate) fn relabel(&mut self, with_port: bool) {
        self.label = format!("{}[{}]", self.name, self.address);
        if with_port {
            let port = if self.port_known { self.port.to_string() } else { "unknown".to_string() };
            self.label.push_str(&format!(":{port}"));
        }
    }
}

/// A port for the log.
pub(crate) fn port_text(port: u16) -> String {
    if port == 0 { "unknown".to_string() } else { port.to_string() }
}

/// What XFORWARD told of the client upstream; empty: nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Forwarded {
    pub name: String,
    pub address: String,
    pub port: String,
    pub protocol: String,
    pub helo: String,
    pub ident: String,
    /// SOURCE=LOCAL.
    pub local: Option<bool>,
}

/// From an accepted MAIL FROM to the end of the message.
#[derive(Clone, Debug, Default)]
pub struct Transaction {
    /// Internal form; empty: the null sender.
    pub sender: String,
    /// Unique to this transaction: the policy attribute `instance`.
    pub instance: String,
    /// SIZE=, then the real size.
    pub size: u64,
    /// `7BIT`, `8BITMIME` or empty.
    pub body_type: &'static str,
    pub return_content: Option<ReturnContent>,
    /// ENVID, decoded.
    pub envelope_id: String,
    pub smtputf8: bool,
    /// local_header_rewrite_clients has the client.
    pub local_client: bool,
    /// Accepted.
    pub recipients: Vec<EnvelopeRecipient>,
    /// RCPT TO commands over smtpd_recipient_limit.
    pub overshoot: u32,
    /// What plugins changed so far.
    pub edits: Vec<Edit>,
    /// DISCARD: no more restrictions, and nobody gets the message.
    pub discard: bool,
}

/// One session. Cheap to lend: plugins get the `Arc` it lives in.
#[derive(Clone)]
pub struct Session {
    pub(crate) settings: Arc<Settings>,
    /// Of a service with `-o` in master.cf, which may change lists.
    tables: Option<Arc<dyn Tables>>,
    pub client: Client,
    /// None before HELO.
    pub helo: Option<String>,
    /// EHLO was said, or XCLIENT PROTO=ESMTP.
    pub esmtp: bool,
    /// The command in progress as logs and policy servers know it: `CONNECT`, `RCPT`, `END-OF-MESSAGE`.
    pub place: &'static str,
    pub transaction: Option<Transaction>,
    /// RCPT TO under test, or the only recipient. Internal form.
    pub recipient: Option<String>,
    /// ORCPT and NOTIFY of the recipient under test.
    pub(crate) recipient_options: (String, String),
    pub queue_id: Option<String>,
    pub(crate) etrn_domain: Option<String>,
    pub(crate) sasl_method: Option<String>,
    pub(crate) sasl_username: Option<String>,
    /// AUTH= of MAIL FROM.
    pub(crate) sasl_sender: Option<String>,
    /// AUTH may be used now.
    pub(crate) auth_available: bool,
    /// None: in the clear.
    pub(crate) tls: Option<Arc<net::tls::Peer>>,
    pub(crate) forwarded: Forwarded,
    /// Commands came before the client might send them.
    pub(crate) pipelined_early: bool,
    pub(crate) connections: u32,
    /// `sendmail -bs`.
    pub(crate) stand_alone: bool,
    /// While a list that a table named is walked: what that table was asked about.
    pub(crate) subject: Option<Subject>,
}

impl Session {
    /// A session that has just begun.
    pub(crate) fn new(settings: Arc<Settings>, tables: Option<Arc<dyn Tables>>, mut client: Client) -> Self {
        client.relabel(settings.port_logging);
        Self {
            settings,
            tables,
            client,
            helo: None,
            esmtp: false,
            place: "CONNECT",
            transaction: None,
            recipient: None,
            recipient_options: Default::default(),
            queue_id: None,
            etrn_domain: None,
            sasl_method: None,
            sasl_username: None,
            sasl_sender: None,
            auth_available: false,
            tls: None,
            forwarded: Forwarded::default(),
            pipelined_early: false,
            connections: 0,
            stand_alone: false,
            subject: None,
        }
    }

    /// `SMTP` or `ESMTP`.
    pub fn protocol(&self) -> &'static str {
        if self.esmtp { "ESMTP" } else { "SMTP" }
    }

    /// Nobody is logged in.
    pub(crate) fn log_out(&mut self) {
        self.sasl_method = None;
        self.sasl_username = None;
    }

    /// The client's certificate.
    pub(crate) fn certificate(&self) -> Option<&net::tls::PeerCertificate> {
        self.tls.as_ref()?.certificate.as_ref()
    }

    /// The queue id or NOQUEUE, for the log.
    pub(crate) fn id(&self) -> &str {
        self.queue_id.as_deref().unwrap_or("NOQUEUE")
    }

    pub(crate) fn sender(&self) -> Option<&str> {
        self.transaction.as_ref().map(|t| t.sender.as_str())
    }

    /// An address as log lines show it: info_log_address_format.
    pub(crate) fn shown<'a>(&self, address: &'a str) -> std::borrow::Cow<'a, str> {
        if self.settings.external_log_addresses { mail::address::quote(address) } else { address.into() }
    }

    /// What the queue remembers of the client: XFORWARD's word before the connection's.
    pub(crate) fn client_attributes(&self, local: bool) -> ClientAttributes {
        let forwarded = &self.forwarded;
        let any = !(forwarded.name.is_empty()
            && forwarded.address.is_empty()
            && forwarded.port.is_empty()
            && forwarded.helo.is_empty());
        let or = |upstream: &str, own: &str| {
            let text = if any { upstream } else { own };
            if any && text.is_empty() { "unknown".to_string() } else { text.to_string() }
        };
        ClientAttributes {
            name: or(&forwarded.name, &self.client.name),
            reverse_name: self.client.reverse_name.clone(),
            address: or(&forwarded.address, &self.client.address),
            port: if any { forwarded.port.parse().unwrap_or(0) } else { self.client.port },
            helo: or(&forwarded.helo, self.helo.as_deref().unwrap_or_default()),
            protocol: if forwarded.protocol.is_empty() {
                self.protocol().to_string()
            } else {
                forwarded.protocol.clone()
            },
            sasl_method: self.sasl_method.clone().unwrap_or_default(),
            sasl_username: self.sasl_username.clone().unwrap_or_default(),
            sasl_sender: self.sasl_sender.clone().unwrap_or_default(),
            log_ident: forwarded.ident.clone(),
            local: forwarded.local.unwrap_or(local),
        }
    }

    fn dsn_return(&self) -> Option<&str> {
        match self.transaction.as_ref()?.return_content? {
            ReturnContent::Full => Some("FULL"),
            ReturnContent::Headers => Some("HDRS"),
        }
    }
}

impl SessionView for Session {
    fn attribute(&self, attribute: Attribute) -> Option<&str> {
        let transaction = self.transaction.as_ref();
        match attribute {
            Attribute::ProtocolState => Some(self.place),
            Attribute::ProtocolName => Some(self.protocol()),
            Attribute::HeloName => self.helo.as_deref(),
            Attribute::QueueId => self.queue_id.as_deref(),
            Attribute::Sender => self.sender(),
            Attribute::Recipient => self.recipient.as_deref(),
            Attribute::ClientAddress => Some(&self.client.address),
            Attribute::ClientName => Some(&self.client.name),
            Attribute::ReverseClientName => Some(&self.client.reverse_name),
            Attribute::ServerAddress => Some(&self.client.server_address),
            // MAIL FROM begins it only once it is accepted.
            Attribute::Instance => transaction.filter(|_| self.place != "MAIL").map(|t| t.instance.as_str()),
            Attribute::SaslMethod => self.sasl_method.as_deref(),
            Attribute::SaslUsername => self.sasl_username.as_deref(),
            Attribute::SaslSender => self.sasl_sender.as_deref(),
            // Names that no authority vouches for are anybody's.
            Attribute::CcertSubject => self.certificate().filter(|c| c.trusted).map(|c| c.subject.as_str()),
            Attribute::CcertIssuer => self.certificate().filter(|c| c.trusted).map(|c| c.issuer.as_str()),
            Attribute::CcertFingerprint => self.certificate().map(|c| c.fingerprint.as_str()),
            Attribute::CcertPubkeyFingerprint => self.certificate().map(|c| c.public_key_fingerprint.as_str()),
            Attribute::EncryptionProtocol => self.tls.as_ref().map(|tls| tls.protocol),
            Attribute::EncryptionCipher => self.tls.as_ref().map(|tls| tls.cipher.as_str()),
            Attribute::TlsSni => self.tls.as_ref()?.sni.as_deref(),
            Attribute::EtrnDomain => self.etrn_domain.as_deref(),
            Attribute::CompatibilityLevel => Some(&self.settings.compatibility_level),
            Attribute::MailVersion => Some(&self.settings.mail_version),
            Attribute::Stress => Some(&self.settings.stress),
            Attribute::ServiceName => Some(&self.settings.service),
            Attribute::DaemonName => Some("smtpd"),
            Attribute::EnvelopeId => transaction.map(|t| t.envelope_id.as_str()).filter(|t| !t.is_empty()),
            Attribute::DsnReturn => self.dsn_return(),
            Attribute::BodyType => transaction.map(|t| t.body_type).filter(|t| !t.is_empty()),
            Attribute::OriginalRecipient => Some(self.recipient_options.0.as_str()).filter(|t| !t.is_empty()),
            Attribute::DsnNotify => Some(self.recipient_options.1.as_str()).filter(|t| !t.is_empty()),
            // smtpd_policy_service_policy_context.
            Attribute::PolicyContext => None,
        }
    }

    fn service_parameters(&self) -> &[(String, String)] {
        &self.settings.plugin_overrides
    }

    fn service_tables(&self) -> Option<&Arc<dyn Tables>> {
        self.tables.as_ref()
    }

    fn named(&self, name: &str) -> Option<String> {
        let text = |attribute| self.attribute(attribute).map(str::to_string);
        let external = |attribute| self.attribute(attribute).map(|a| mail::address::quote(a).into_owned());
        match name.trim_matches(['{', '}']) {
            "request" => Some("smtpd_access_policy".to_string()),
            "protocol_state" => text(Attribute::ProtocolState),
            "protocol_name" => text(Attribute::ProtocolName),
            "helo_name" | "s" => text(Attribute::HeloName),
            "queue_id" | "i" => text(Attribute::QueueId),
            "sender" => text(Attribute::Sender),
            "recipient" => text(Attribute::Recipient),
            "mail_addr" | "f" => external(Attribute::Sender),
            "rcpt_addr" => external(Attribute::Recipient),
            "recipient_count" => Some(self.recipient_count().to_string()),
            "client_address" | "client_addr" => text(Attribute::ClientAddress),
            "client_name" => text(Attribute::ClientName),
            "reverse_client_name" | "client_ptr" => text(Attribute::ReverseClientName),
            "client_port" => Some(self.client_port().to_string()),
            "client_connections" => Some(self.connections.to_string()),
            "server_address" | "daemon_addr" => text(Attribute::ServerAddress),
            "server_port" | "daemon_port" => Some(self.server_port().to_string()),
            "_" => Some(format!("{} [{}]", self.client.reverse_name, self.client.address)),
            "j" | "daemon_name" => Some(self.settings.hostname.clone()),
            "v" => Some(format!("{} {}", self.settings.mail_name, self.settings.mail_version)),
            "instance" => text(Attribute::Instance),
            "size" => Some(self.size().to_string()),
            "etrn_domain" => text(Attribute::EtrnDomain),
            "stress" => text(Attribute::Stress),
            "compatibility_level" => text(Attribute::CompatibilityLevel),
            "mail_version" => text(Attribute::MailVersion),
            "service_name" => text(Attribute::ServiceName),
            "reply_name" => self.subject.as_ref().map(|subject| subject.name.clone()),
            "reply_class" => self.subject.as_ref().map(|subject| subject.class.to_string()),
            "sasl_method" | "auth_type" => text(Attribute::SaslMethod),
            "sasl_username" | "auth_authen" => text(Attribute::SaslUsername),
            "sasl_sender" | "auth_author" => text(Attribute::SaslSender),
            "ccert_subject" | "cert_subject" => text(Attribute::CcertSubject),
            "ccert_issuer" | "cert_issuer" => text(Attribute::CcertIssuer),
            "ccert_fingerprint" => text(Attribute::CcertFingerprint),
            "ccert_pubkey_fingerprint" => text(Attribute::CcertPubkeyFingerprint),
            "encryption_protocol" | "tls_version" => text(Attribute::EncryptionProtocol),
            "encryption_cipher" | "cipher" => text(Attribute::EncryptionCipher),
            "encryption_keysize" | "cipher_bits" => self.tls.as_ref().map(|tls| tls.used_bits.to_string()),
            "tls_sni" => text(Attribute::TlsSni),
            _ => None,
        }
    }

    fn facts(&self) -> Facts {
        let mut facts = Facts::empty();
        facts.set(Facts::ESMTP, self.esmtp);
        facts.set(Facts::AUTHENTICATED, self.auth_available && self.sasl_username.is_some());
        facts.set(Facts::AUTH_AVAILABLE, self.auth_available);
        facts.set(Facts::ENCRYPTED, self.tls.is_some());
        facts.set(Facts::CERTIFICATE_TRUSTED, self.certificate().is_some_and(|c| c.trusted));
        facts.set(Facts::PIPELINED_EARLY, self.pipelined_early);
        facts.set(Facts::SMTPUTF8, self.transaction.as_ref().is_some_and(|t| t.smtputf8));
        facts.set(Facts::LOCAL_SUBMISSION, self.stand_alone);
        facts.set(Facts::DELAY_REJECT, self.settings.delay_reject);
        facts
    }

    /// As in the policy protocol: the number is given at DATA and later, and 0 at RCPT for the first recipient.
    fn recipient_count(&self) -> u32 {
        self.transaction.as_ref().map_or(0, |t| t.recipients.len() as u32)
    }

    fn recipient_at(&self, index: u32) -> Option<&str> {
        self.transaction.as_ref()?.recipients.get(index as usize).map(|r| r.address.as_str())
    }

    fn size(&self) -> u64 {
        self.transaction.as_ref().map_or(0, |t| t.size)
    }

    fn client_port(&self) -> u16 {
        self.client.port
    }

    fn server_port(&self) -> u16 {
        self.client.server_port
    }

    fn encryption_keysize(&self) -> u16 {
        self.tls.as_ref().map_or(0, |tls| tls.used_bits as u16)
    }

    fn client_connections(&self) -> u32 {
        self.connections
    }

    fn client_name_status(&self) -> NameStatus {
        self.client.name_status
    }

    fn reverse_client_name_status(&self) -> NameStatus {
        self.client.reverse_status
    }
}
