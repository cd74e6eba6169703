//! What smtp(8) reads from main.cf, as values.

use std::{net::IpAddr, time::Duration};

use config::Config;
use net::Deadline;

use super::{parameters::*, sasl::SaslSettings, tls_policy::TlsSettings};
use crate::DeliveryError;

/// smtp_address_preference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressPreference {
    Any,
    Ipv4,
    Ipv6,
}

/// One value for each configuration generation and master.cf service.
#[derive(Clone, Debug)]
pub struct Settings {
    /// LMTP (RFC 2033) in place of SMTP.
    pub lmtp: bool,
    pub queue_directory: std::path::PathBuf,
    pub helo_name: String,
    pub my_host_name: String,
    pub default_port: u16,
    pub relayhost: String,
    pub fallback_relay: Vec<String>,
    pub timeouts: Timeouts,
    /// smtp_send_xforward_command.
    pub send_xforward: bool,
    pub always_send_ehlo: bool,
    pub never_send_ehlo: bool,
    /// Upper case.
    pub discard_ehlo_keywords: Vec<String>,
    /// The same by server address.
    pub discard_ehlo_keyword_maps: String,
    pub dns_reply_filter: String,
    pub reply_filter: String,
    /// smtp_quote_rfc821_envelope.
    pub quote_envelope: bool,
    pub skip_5xx_greeting: bool,
    pub skip_quit_response: bool,
    /// smtp_address_verify_target = data.
    pub probe_until_data: bool,
    pub lookup: LookupSettings,
    /// 0: no limit, for both.
    pub address_limit: usize,
    pub session_limit: usize,
    pub bind_ipv4: Option<IpAddr>,
    pub bind_ipv6: Option<IpAddr>,
    /// Longest reply line that is looked at, and most reply text that is kept.
    pub reply_limit: usize,
    /// 0: no limit.
    pub line_length_limit: usize,
    pub cache: CacheSettings,
    pub tls: TlsSettings,
    pub sasl: SaslSettings,
}

/// How names become addresses.
#[derive(Clone, Debug)]
pub struct LookupSettings {
    /// MX records at all.
    pub mx: bool,
    pub ignore_mx_lookup_error: bool,
    pub defer_if_no_mx_address: bool,
    pub dns: bool,
    pub native: bool,
    pub ipv4: bool,
    pub ipv6: bool,
    pub randomize: bool,
    pub preference: AddressPreference,
    /// Up to so many addresses are of both protocols, if there are such; 0: whatever comes first.
    pub balance_limit: usize,
}

/// smtp_connection_cache_* and smtp_connection_reuse_*.
#[derive(Clone, Debug)]
pub struct CacheSettings {
    pub on_demand: bool,
    pub destinations: Vec<String>,
    pub idle_limit: Duration,
    pub age_limit: Duration,
    /// 0: no limit.
    pub use_limit: u32,
}

/// smtp_*_timeout.
#[derive(Clone, Debug)]
pub struct Timeouts {
    pub connect: Duration,
    pub helo: Duration,
    pub mail: Duration,
    pub rcpt: Duration,
    pub xforward: Duration,
    pub data_init: Duration,
    pub data_transfer: Duration,
    pub data_done: Duration,
    pub rset: Duration,
    pub quit: Duration,
    pub per_request: bool,
    pub min_data_rate: u64,
}

impl Timeouts {
    /// One of the limits above as smtp_per_request_deadline wants it counted.
    pub fn deadline(&self, limit: Duration) -> Deadline {
        if self.per_request { Deadline::per_request(limit, self.min_data_rate) } else { Deadline::per_read(limit) }
    }
}

impl Settings {
    /// Reads the parameters.
    pub fn from_config(config: &Config) -> Result<Self, DeliveryError> {
        let count = |value: i64| usize::try_from(value).unwrap_or(0);
        let port = config.get(&SMTP_TCP_PORT);
        let default_port =
            super::destination::service_port(&port).ok_or_else(|| bad("smtp_tcp_port", &port, "unknown service"))?;
        Ok(Self {
            lmtp: false,
            queue_directory: config.get(&config::parameters::QUEUE_DIRECTORY).into(),
            helo_name: config.get(&SMTP_HELO_NAME),
            my_host_name: config.get(&config::parameters::MYHOSTNAME),
            default_port,
            relayhost: config.get(&config::parameters::RELAYHOST),
            fallback_relay: config.get(&SMTP_FALLBACK_RELAY),
            timeouts: timeouts(config),
            send_xforward: config.get(&SMTP_SEND_XFORWARD_COMMAND),
            always_send_ehlo: config.get(&SMTP_ALWAYS_SEND_EHLO),
            never_send_ehlo: config.get(&SMTP_NEVER_SEND_EHLO),
            discard_ehlo_keywords: upper(config.get(&SMTP_DISCARD_EHLO_KEYWORDS)),
            discard_ehlo_keyword_maps: config.get(&SMTP_DISCARD_EHLO_KEYWORD_ADDRESS_MAPS),
            dns_reply_filter: config.get(&SMTP_DNS_REPLY_FILTER),
            reply_filter: config.get(&SMTP_REPLY_FILTER),
            quote_envelope: config.get(&SMTP_QUOTE_RFC821_ENVELOPE),
            skip_5xx_greeting: config.get(&SMTP_SKIP_5XX_GREETING),
            skip_quit_response: config.get(&SMTP_SKIP_QUIT_RESPONSE),
            probe_until_data: config.get(&SMTP_ADDRESS_VERIFY_TARGET) == "data",
            lookup: lookup(config)?,
            address_limit: count(config.get(&SMTP_MX_ADDRESS_LIMIT)),
            session_limit: count(config.get(&SMTP_MX_SESSION_LIMIT)),
            bind_ipv4: bind(config, &SMTP_BIND_ADDRESS, IpAddr::is_ipv4)?,
            bind_ipv6: bind(config, &SMTP_BIND_ADDRESS6, IpAddr::is_ipv6)?,
            reply_limit: count(config.get(&config::parameters::LINE_LENGTH_LIMIT)),
            line_length_limit: count(config.get(&SMTP_LINE_LENGTH_LIMIT)),
            tls: TlsSettings::from_config(config)?,
            sasl: SaslSettings::from_config(config)?,
            cache: CacheSettings {
                on_demand: config.get(&SMTP_CONNECTION_CACHE_ON_DEMAND),
                destinations: config.get(&SMTP_CONNECTION_CACHE_DESTINATIONS),
                idle_limit: config.get(&SMTP_CONNECTION_CACHE_TIME_LIMIT),
                age_limit: config.get(&SMTP_CONNECTION_REUSE_TIME_LIMIT),
                use_limit: count(config.get(&SMTP_CONNECTION_REUSE_COUNT_LIMIT)) as u32,
            },
        })
    }
}

impl Settings {
    /// Of an lmtp(8) service, with the view of its configuration that the rest of the agent reads.
    pub fn from_lmtp_config(config: &Config) -> Result<(Self, Config), DeliveryError> {
        let view = super::lmtp::view(config);
        Ok((Self { lmtp: true, ..Self::from_config(&view)? }, view))
    }
}

fn bad(parameter: &'static str, value: &str, reason: &str) -> DeliveryError {
    DeliveryError::Configuration { parameter, value: value.to_string(), reason: reason.to_string() }
}

pub(super) fn upper(words: Vec<String>) -> Vec<String> {
    words.into_iter().map(|word| word.to_ascii_uppercase()).collect()
}

fn timeouts(config: &Config) -> Timeouts {
    Timeouts {
        connect: config.get(&SMTP_CONNECT_TIMEOUT),
        helo: config.get(&SMTP_HELO_TIMEOUT),
        mail: config.get(&SMTP_MAIL_TIMEOUT),
        rcpt: config.get(&SMTP_RCPT_TIMEOUT),
        xforward: config.get(&SMTP_XFORWARD_TIMEOUT),
        data_init: config.get(&SMTP_DATA_INIT_TIMEOUT),
        data_transfer: config.get(&SMTP_DATA_XFER_TIMEOUT),
        data_done: config.get(&SMTP_DATA_DONE_TIMEOUT),
        rset: config.get(&SMTP_RSET_TIMEOUT),
        quit: config.get(&SMTP_QUIT_TIMEOUT),
        per_request: config.get(&SMTP_PER_REQUEST_DEADLINE),
        min_data_rate: config.get(&SMTP_MIN_DATA_RATE) as u64,
    }
}

fn lookup(config: &Config) -> Result<LookupSettings, DeliveryError> {
    let protocols = config.get(&config::parameters::INET_PROTOCOLS);
    let speaks = |name: &str| protocols.iter().any(|protocol| protocol == name || protocol == "all");
    let methods = config.get(&SMTP_HOST_LOOKUP);
    if let Some(method) = methods.iter().find(|method| *method != "dns" && *method != "native") {
        return Err(bad("smtp_host_lookup", method, "specify dns, native or both"));
    }
    let preference = match config.get(&SMTP_ADDRESS_PREFERENCE).as_str() {
        "any" => AddressPreference::Any,
        "ipv4" => AddressPreference::Ipv4,
        "ipv6" => AddressPreference::Ipv6,
        other => return Err(bad("smtp_address_preference", other, "specify any, ipv4 or ipv6")),
    };
    let disabled = match config.get(&SMTP_DNS_SUPPORT_LEVEL).as_str() {
        "" => config.get(&DISABLE_DNS_LOOKUPS),
        "disabled" => true,
        // Who validates is the name server; what it says of that matters to DANE alone.
        "enabled" | "dnssec" => false,
        other => return Err(bad("smtp_dns_support_level", other, "specify disabled, enabled or dnssec")),
    };
    let limit = usize::try_from(config.get(&SMTP_MX_ADDRESS_LIMIT)).unwrap_or(0);
    Ok(LookupSettings {
        mx: !disabled,
        ignore_mx_lookup_error: config.get(&IGNORE_MX_LOOKUP_ERROR),
        defer_if_no_mx_address: config.get(&SMTP_DEFER_IF_NO_MX_ADDRESS_FOUND),
        dns: !disabled && methods.iter().any(|method| method == "dns"),
        native: disabled || methods.iter().any(|method| method == "native"),
        ipv4: speaks("ipv4"),
        ipv6: speaks("ipv6"),
        randomize: config.get(&SMTP_RANDOMIZE_ADDRESSES),
        preference,
        balance_limit: if config.get(&SMTP_BALANCE_INET_PROTOCOLS) && speaks("ipv4") && speaks("ipv6") {
            limit
        } else {
            0
        },
    })
}

/// A source address. Without one, the only address of inet_interfaces, as long as others can reach it.
fn bind(
    config: &Config,
    parameter: &config::Param<config::Text>,
    family: fn(&IpAddr) -> bool,
) -> Result<Option<IpAddr>, DeliveryError> {
    let text = config.get(parameter);
    if text.is_empty() {
        let interfaces = config.get(&config::parameters::INET_INTERFACES);
        let addresses: Option<Vec<IpAddr>> = interfaces.iter().map(|interface| literal(interface)).collect();
        let mut own = addresses.unwrap_or_default().into_iter().filter(family);
        let only = own.next().filter(|address| !address.is_loopback() && !address.is_unspecified());
        return Ok(only.filter(|_| own.next().is_none()));
    }
    match literal(&text).filter(family) {
        Some(address) => Ok(Some(address)),
        None => Err(bad(parameter.name, &text, "bad address")),
    }
}

fn literal(text: &str) -> Option<IpAddr> {
    text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text).parse().ok()
}
