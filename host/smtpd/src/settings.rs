//! The parameters of one smtpd service, read once for a configuration generation.

use std::{path::PathBuf, time::Duration};

use config::{Config, parameters as shared};

use crate::{SmtpdError, ehlo_keywords::EhloKeywords, parameters as p, transcript::TranscriptSettings};

/// smtpd_forbid_bare_newline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BareNewline {
    /// Postfix 3.7's default: any line with only a dot ends a message.
    Allow,
    Normalize,
    Reject,
}

/// Limits on one client's events in a time unit; 0: no limit.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ClientLimits {
    pub connections: u32,
    pub connection_rate: u32,
    pub message_rate: u32,
    pub recipient_rate: u32,
    pub auth_rate: u32,
    pub tls_rate: u32,
}

impl ClientLimits {
    /// Without any nothing is counted.
    pub fn any(&self) -> bool {
        let limits = [self.connections, self.connection_rate, self.message_rate, self.recipient_rate];
        limits.into_iter().chain([self.auth_rate, self.tls_rate]).any(|limit| limit > 0)
    }
}

/// Everything a session asks of the configuration.
#[derive(Debug)]
pub struct Settings {
    pub(crate) service: String,
    /// What this service's `-o` say of parameters that plugins declare.
    pub(crate) plugin_overrides: Vec<(String, String)>,
    pub(crate) hostname: String,
    pub(crate) mail_name: String,
    pub(crate) mail_version: String,
    pub(crate) compatibility_level: String,
    pub(crate) stress: String,
    pub(crate) syslog_name: String,
    pub(crate) transcripts: TranscriptSettings,
    pub(crate) banner: String,
    pub(crate) timeout: Duration,
    /// With smtpd_per_request_deadline: bytes a second that prolong it.
    pub(crate) min_data_rate: Option<u64>,
    pub(crate) peername_lookup: bool,
    pub(crate) port_logging: bool,
    pub(crate) helo_required: bool,
    pub(crate) delay_reject: bool,
    pub(crate) delay_open: bool,
    pub(crate) strict_envelopes: bool,
    pub(crate) allow_min_user: bool,
    pub(crate) disable_vrfy: bool,
    pub(crate) smtputf8: bool,
    pub(crate) strict_smtputf8: bool,
    /// smtputf8 is no by nobody's choice, but for a compatibility_level below 1.
    pub(crate) smtputf8_by_level: bool,
    pub(crate) soft_bounce: bool,
    pub(crate) external_log_addresses: bool,
    pub(crate) bare_newline: BareNewline,
    pub(crate) bare_newline_code: u16,
    pub(crate) forbid_pipelining: bool,
    pub(crate) discarded: EhloKeywords,
    pub(crate) discard_maps: String,
    /// Empty: no smtpd_command_filter.
    pub(crate) command_filter: String,
    /// smtpd_upstream_proxy_timeout. None: clients come without a proxy.
    pub(crate) upstream_proxy: Option<Duration>,
    /// These lists are not empty.
    pub(crate) has_noop_commands: bool,
    pub(crate) has_forbidden_commands: bool,
    pub(crate) has_xclient_hosts: bool,
    pub(crate) has_xforward_hosts: bool,
    pub(crate) logs_permits: bool,
    pub(crate) header_rewrite_clients: Vec<String>,
    /// Empty: none.
    pub(crate) content_filter: String,
    pub(crate) overrides: cleanup::Overrides,
    /// None: no smtpd_proxy_filter.
    pub(crate) proxy: Option<crate::proxy::ProxySettings>,
    /// debug_peer_list is not empty.
    pub(crate) has_debug_peers: bool,
    /// receive_override_options = no_unknown_recipient_checks.
    pub(crate) takes_unknown_recipients: bool,
    pub(crate) reject_footer: String,
    pub(crate) reject_footer_maps: String,
    pub(crate) ipv4: bool,
    pub(crate) ipv6: bool,

    pub(crate) soft_error_limit: u32,
    pub(crate) hard_error_limit: u32,
    pub(crate) error_sleep: Duration,
    pub(crate) junk_command_limit: u32,
    pub(crate) recipient_limit: usize,
    pub(crate) recipient_overshoot_limit: u32,
    pub(crate) line_length_limit: usize,
    /// 0: no limit.
    pub(crate) message_size_limit: u64,
    pub(crate) queue_minfree: u64,
    pub(crate) queue_directory: PathBuf,
    pub(crate) client_limits: ClientLimits,

    pub(crate) tls: crate::tls::TlsUse,
    pub(crate) relay_first: bool,
    /// relay_first is no by nobody's choice, but for a compatibility_level below 3.6.
    pub(crate) relay_first_by_level: bool,
    pub(crate) reject_unlisted_recipient: bool,
    pub(crate) reject_unlisted_sender: bool,
    /// access_map_reject_code and access_map_defer_code: what a plugin's refusal without a code gets.
    pub(crate) reject_code: u16,
    pub(crate) defer_code: u16,
}

impl Settings {
    /// Reads all of them; `service` is the master.cf service's name.
    pub fn from(config: &Config, service: &str) -> Result<Self, SmtpdError> {
        let count = |value: i64| u32::try_from(value).unwrap_or(u32::MAX);
        let protocols: Vec<String> = config.get(&shared::INET_PROTOCOLS);
        let speaks = |name: &str| protocols.iter().any(|p| p == "all" || p == name);
        let set = |value: String| !value.trim().is_empty();
        let code = |name: &str, default: u16| config.text(name).and_then(|t| t.trim().parse().ok()).unwrap_or(default);
        let overrides = override_options(config)?;
        let has = |name: &str| overrides.iter().any(|option| option.eq_ignore_ascii_case(name));
        let rate = u64::try_from(config.get(&p::SMTPD_MIN_DATA_RATE)).unwrap_or(500);
        Ok(Self {
            service: service.to_string(),
            plugin_overrides: config.plugin_overrides(),
            hostname: config.get(&shared::MYHOSTNAME),
            mail_name: config.get(&shared::MAIL_NAME),
            mail_version: config.get(&shared::MAIL_VERSION),
            compatibility_level: config.get(&shared::COMPATIBILITY_LEVEL),
            stress: config.get(&shared::STRESS),
            syslog_name: config.get(&shared::SYSLOG_NAME),
            transcripts: TranscriptSettings::from(config),
            banner: config.get(&p::SMTPD_BANNER),
            timeout: config.get(&p::SMTPD_TIMEOUT),
            min_data_rate: config.get(&p::SMTPD_PER_REQUEST_DEADLINE).then_some(rate),
            peername_lookup: config.get(&p::SMTPD_PEERNAME_LOOKUP),
            port_logging: config.get(&p::SMTPD_CLIENT_PORT_LOGGING),
            helo_required: config.get(&p::SMTPD_HELO_REQUIRED),
            delay_reject: config.get(&p::SMTPD_DELAY_REJECT),
            delay_open: config.get(&p::SMTPD_DELAY_OPEN_UNTIL_VALID_RCPT),
            strict_envelopes: config.get(&p::STRICT_RFC821_ENVELOPES),
            allow_min_user: config.get(&rewrite::parameters::ALLOW_MIN_USER),
            disable_vrfy: config.get(&p::DISABLE_VRFY_COMMAND),
            smtputf8: config.get(&shared::SMTPUTF8_ENABLE),
            smtputf8_by_level: config.keeps_default_of_before([1, 0, 0], &shared::SMTPUTF8_ENABLE),
            strict_smtputf8: config.get(&shared::STRICT_SMTPUTF8),
            soft_bounce: config.get(&shared::SOFT_BOUNCE),
            external_log_addresses: config.get(&p::INFO_LOG_ADDRESS_FORMAT) != "internal",
            bare_newline: bare_newline(config)?,
            bare_newline_code: config.get(&p::SMTPD_FORBID_BARE_NEWLINE_REJECT_CODE),
            forbid_pipelining: config.get(&p::SMTPD_FORBID_UNAUTH_PIPELINING),
            discarded: EhloKeywords::parse(&config.get(&p::SMTPD_DISCARD_EHLO_KEYWORDS)),
            discard_maps: config.get(&p::SMTPD_DISCARD_EHLO_KEYWORD_ADDRESS_MAPS),
            command_filter: config.get(&p::SMTPD_COMMAND_FILTER),
            upstream_proxy: upstream_proxy(config)?,
            has_noop_commands: set(config.get(&p::SMTPD_NOOP_COMMANDS)),
            has_forbidden_commands: set(config.get(&p::SMTPD_FORBIDDEN_COMMANDS)),
            has_xclient_hosts: set(config.get(&p::SMTPD_AUTHORIZED_XCLIENT_HOSTS)),
            has_xforward_hosts: set(config.get(&p::SMTPD_AUTHORIZED_XFORWARD_HOSTS)),
            logs_permits: set(config.get(&p::SMTPD_LOG_ACCESS_PERMIT_ACTIONS)),
            header_rewrite_clients: words(&config.get(&p::LOCAL_HEADER_REWRITE_CLIENTS)),
            content_filter: config.get(&p::CONTENT_FILTER),
            overrides: cleanup_overrides(config)?,
            proxy: crate::proxy::ProxySettings::from(config)?,
            has_debug_peers: set(config.get(&p::DEBUG_PEER_LIST)),
            takes_unknown_recipients: has("no_unknown_recipient_checks"),
            reject_footer: config.get(&p::SMTPD_REJECT_FOOTER),
            reject_footer_maps: config.get(&p::SMTPD_REJECT_FOOTER_MAPS),
            ipv4: speaks("ipv4"),
            ipv6: speaks("ipv6"),
            soft_error_limit: count(config.get(&p::SMTPD_SOFT_ERROR_LIMIT)),
            hard_error_limit: count(config.get(&p::SMTPD_HARD_ERROR_LIMIT)),
            error_sleep: config.get(&p::SMTPD_ERROR_SLEEP_TIME),
            junk_command_limit: count(config.get(&p::SMTPD_JUNK_COMMAND_LIMIT)),
            recipient_limit: count(config.get(&p::SMTPD_RECIPIENT_LIMIT)) as usize,
            recipient_overshoot_limit: count(config.get(&p::SMTPD_RECIPIENT_OVERSHOOT_LIMIT)),
            line_length_limit: count(config.get(&shared::LINE_LENGTH_LIMIT)) as usize,
            message_size_limit: config.get(&shared::MESSAGE_SIZE_LIMIT),
            queue_minfree: config.get(&queue::parameters::QUEUE_MINFREE),
            queue_directory: config.get(&shared::QUEUE_DIRECTORY).into(),
            client_limits: ClientLimits {
                connections: count(config.get(&p::SMTPD_CLIENT_CONNECTION_COUNT_LIMIT)),
                connection_rate: count(config.get(&p::SMTPD_CLIENT_CONNECTION_RATE_LIMIT)),
                message_rate: count(config.get(&p::SMTPD_CLIENT_MESSAGE_RATE_LIMIT)),
                recipient_rate: count(config.get(&p::SMTPD_CLIENT_RECIPIENT_RATE_LIMIT)),
                auth_rate: count(config.get(&p::SMTPD_CLIENT_AUTH_RATE_LIMIT)),
                tls_rate: count(config.get(&p::SMTPD_CLIENT_NEW_TLS_SESSION_RATE_LIMIT)),
            },
            tls: crate::tls::TlsUse::from(config)?.0,
            relay_first: config.get(&p::SMTPD_RELAY_BEFORE_RECIPIENT_RESTRICTIONS),
            relay_first_by_level: config
                .keeps_default_of_before([3, 6, 0], &p::SMTPD_RELAY_BEFORE_RECIPIENT_RESTRICTIONS),
            reject_unlisted_recipient: config.get(&p::SMTPD_REJECT_UNLISTED_RECIPIENT),
            reject_unlisted_sender: config.get(&p::SMTPD_REJECT_UNLISTED_SENDER),
            reject_code: code("access_map_reject_code", 554),
            defer_code: code("access_map_defer_code", 450),
        })
    }
}

/// receive_override_options of a service, as far as cleanup minds them.
pub fn cleanup_overrides(config: &Config) -> Result<cleanup::Overrides, SmtpdError> {
    let options = override_options(config)?;
    let has = |name: &str| options.iter().any(|option| option.eq_ignore_ascii_case(name));
    let mut overrides = cleanup::Overrides::empty();
    overrides.set(cleanup::Overrides::NO_ADDRESS_MAPPINGS, has("no_address_mappings"));
    overrides.set(cleanup::Overrides::NO_HEADER_BODY_CHECKS, has("no_header_body_checks"));
    overrides.set(cleanup::Overrides::NO_MILTERS, has("no_milters"));
    Ok(overrides)
}

/// What receive_override_options knows.
const OVERRIDE_OPTIONS: [&str; 4] =
    ["no_unknown_recipient_checks", "no_address_mappings", "no_header_body_checks", "no_milters"];

fn override_options(config: &Config) -> Result<Vec<String>, SmtpdError> {
    let options = config.get(&p::RECEIVE_OVERRIDE_OPTIONS);
    let unknown = |option: &&String| !OVERRIDE_OPTIONS.iter().any(|known| option.eq_ignore_ascii_case(known));
    match options.iter().find(unknown) {
        Some(option) => {
            let value = options.join(" ");
            Err(SmtpdError::ConfigUnknownOption { name: "receive_override_options", option: option.clone(), value })
        }
        None => Ok(options),
    }
}

fn upstream_proxy(config: &Config) -> Result<Option<Duration>, SmtpdError> {
    let value = config.get(&p::SMTPD_UPSTREAM_PROXY_PROTOCOL);
    match value.as_str() {
        "" => Ok(None),
        "haproxy" => Ok(Some(config.get(&p::SMTPD_UPSTREAM_PROXY_TIMEOUT))),
        _ => Err(SmtpdError::ConfigUpstreamProxy(value)),
    }
}

fn bare_newline(config: &Config) -> Result<BareNewline, SmtpdError> {
    let value = config.get(&p::SMTPD_FORBID_BARE_NEWLINE);
    match value.to_ascii_lowercase().as_str() {
        "no" => Ok(BareNewline::Allow),
        "yes" | "normalize" => Ok(BareNewline::Normalize),
        "reject" => Ok(BareNewline::Reject),
        _ => Err(SmtpdError::ConfigBadValue { name: "smtpd_forbid_bare_newline", value }),
    }
}

fn words(text: &str) -> Vec<String> {
    config::tokens::split(text, config::tokens::COMMA_SPACE).into_iter().map(str::to_string).collect()
}
