//! The argument of check_policy_service: a server, and settings of its own in place of smtpd_policy_service_*.

use std::time::Duration;

use waxwing_sdk::{ParameterKind, prelude::*};

pub const TIMEOUT: Parameter = Parameter::new_time(
    "smtpd_policy_service_timeout",
    "100s",
    "Time to connect to, send to or receive from a policy server",
);
pub const MAX_IDLE: Parameter = Parameter::new_time(
    "smtpd_policy_service_max_idle",
    "300s",
    "Time after which an unused policy connection is closed",
);
pub const MAX_TTL: Parameter = Parameter::new_time(
    "smtpd_policy_service_max_ttl",
    "1000s",
    "Time after which a policy connection is used no more",
);
pub const RETRY_DELAY: Parameter =
    Parameter::new_time("smtpd_policy_service_retry_delay", "1s", "Time between two tries of a policy request");
pub const REQUEST_LIMIT: Parameter = Parameter::new(
    "smtpd_policy_service_request_limit",
    ParameterKind::Number,
    "0",
    "Most requests over one policy connection; 0: no limit",
);
pub const TRY_LIMIT: Parameter =
    Parameter::new("smtpd_policy_service_try_limit", ParameterKind::Number, "2", "Most tries of a policy request");
pub const DEFAULT_ACTION: Parameter = Parameter::new(
    "smtpd_policy_service_default_action",
    ParameterKind::Text,
    "451 4.3.5 Server configuration problem",
    "Action when no policy server answers",
);
pub const POLICY_CONTEXT: Parameter =
    Parameter::new("smtpd_policy_service_policy_context", ParameterKind::Text, "", "Sent as policy_context");

/// A policy server and how it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// `inet:host:port` or `unix:path`.
    pub endpoint: String,
    /// Of connecting, and of each read and write.
    pub timeout: Duration,
    pub max_idle: Duration,
    pub max_ttl: Duration,
    pub retry_delay: Duration,
    /// 0: no limit.
    pub request_limit: u64,
    pub try_limit: u64,
    pub default_action: String,
    pub policy_context: String,
}

impl Service {
    /// `SERVER` or `{ SERVER, name=value, { name = value } … }`. `Err` says what is wrong.
    pub fn read(argument: &str) -> Result<Self, String> {
        let mut service = Self {
            endpoint: String::new(),
            timeout: Duration::from_secs(TIMEOUT.seconds()),
            max_idle: Duration::from_secs(MAX_IDLE.seconds()),
            max_ttl: Duration::from_secs(MAX_TTL.seconds()),
            retry_delay: Duration::from_secs(RETRY_DELAY.seconds()),
            request_limit: REQUEST_LIMIT.number().try_into().unwrap_or(0),
            try_limit: TRY_LIMIT.number().try_into().unwrap_or(0),
            default_action: DEFAULT_ACTION.text(),
            policy_context: POLICY_CONTEXT.text(),
        };
        let Some(inside) = braces(argument)? else {
            service.endpoint = argument.into();
            return Ok(service);
        };
        let mut items = Items(inside);
        service.endpoint = items.next().ok_or_else(|| ["empty policy service: \"", argument, "\""].concat())?.into();
        for item in items {
            let setting = braces(item)?.unwrap_or(item);
            let (name, value) =
                setting.split_once('=').ok_or_else(|| ["missing '=' after \"", setting, "\""].concat())?;
            service.set(name.trim(), value.trim())?;
        }
        Ok(service)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let wrong = || ["bad value in ", name, "=", value].concat();
        let time = || time(value).ok_or_else(wrong);
        let number = || value.parse::<u64>().map_err(|_| wrong());
        match name {
            "timeout" => self.timeout = time()?,
            "max_idle" => self.max_idle = time()?,
            "max_ttl" => self.max_ttl = time()?,
            "retry_delay" => self.retry_delay = time()?,
            "request_limit" => self.request_limit = number()?,
            "try_limit" => self.try_limit = number()?,
            "default_action" => self.default_action = value.into(),
            "policy_context" => self.policy_context = value.into(),
            _ => {
                let known =
                    "timeout, max_idle, max_ttl, retry_delay, request_limit, try_limit, default_action, policy_context";
                return Err(["unknown attribute name: ", name, ": want one of ", known].concat());
            }
        }
        Ok(())
    }

    /// What can be wrong beside the syntax: for the check at start.
    pub fn check(&self) -> Result<(), String> {
        let whole = match self.endpoint.split_once(':') {
            Some(("inet", rest)) => !rest.rsplit(':').next().unwrap_or_default().is_empty(),
            Some(("unix" | "local", rest)) => !rest.is_empty(),
            _ => false,
        };
        if !whole {
            return Err(["bad server \"", &self.endpoint, "\": want inet:host:port or unix:path"].concat());
        }
        for (name, value) in [
            ("timeout", self.timeout),
            ("max_idle", self.max_idle),
            ("max_ttl", self.max_ttl),
            ("retry_delay", self.retry_delay),
        ] {
            if value.is_zero() {
                return Err(["smtpd_policy_service_", name, ": bad value: 0: want at least 1s"].concat());
            }
        }
        if self.try_limit == 0 {
            return Err("smtpd_policy_service_try_limit: bad value: 0: want at least 1".into());
        }
        Ok(())
    }

    /// As Postfix's log lines name it.
    pub fn server(&self) -> &str {
        self.endpoint.split_once(':').map_or(self.endpoint.as_str(), |(_, server)| server)
    }
}

/// What stands between `{` and `}`; none where there are none.
fn braces(text: &str) -> Result<Option<&str>, String> {
    let Some(rest) = text.trim().strip_prefix('{') else { return Ok(None) };
    match rest.strip_suffix('}') {
        Some(inside) => Ok(Some(inside.trim())),
        None => Err(["missing '}' in \"", text, "\""].concat()),
    }
}

/// Items between commas and white space; `{ … }` is one of them.
struct Items<'a>(&'a str);

impl<'a> Iterator for Items<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        const BETWEEN: [char; 5] = [',', ' ', '\t', '\r', '\n'];
        let text = self.0.trim_start_matches(BETWEEN);
        if text.is_empty() {
            return None;
        }
        let mut depth = 0;
        let end = text.find(|c: char| {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            depth <= 0 && BETWEEN.contains(&c)
        });
        let (item, rest) = text.split_at(end.unwrap_or(text.len()));
        self.0 = rest;
        Some(item)
    }
}

/// A time with Postfix's units; without one, seconds.
fn time(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..digits].parse().ok()?;
    let unit = match &text[digits..] {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        "w" => 604_800,
        _ => return None,
    };
    Some(Duration::from_secs(number.checked_mul(unit)?))
}

#[cfg(test)]
mod tests;
