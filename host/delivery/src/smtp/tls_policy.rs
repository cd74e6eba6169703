//! How much TLS a destination gets: `smtp_tls_security_level`, `smtp_tls_policy_maps`.

use std::time::Duration;

use config::Config;
use hook::{SearchOrder, Services};
use net::tls::{Authorities, ChainFiles, Common, Peer, name_matches};

use super::{destination::Destination, tls_parameters::*};
use crate::DeliveryError;

/// In the order of their demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    None,
    May,
    Encrypt,
    Fingerprint,
    Verify,
    Secure,
}

impl Level {
    /// The error is a text for the log.
    fn parse(name: &str) -> Result<Self, String> {
        Ok(match name.to_ascii_lowercase().as_str() {
            "none" => Self::None,
            "may" => Self::May,
            "encrypt" => Self::Encrypt,
            "fingerprint" => Self::Fingerprint,
            "verify" => Self::Verify,
            "secure" => Self::Secure,
            "dane" | "dane-only" => return Err(format!("{name} is not supported in this release")),
            _ => return Err(format!("invalid tls security level: \"{name}\"")),
        })
    }
}

/// What one destination gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    pub level: Level,
    pub protocols: String,
    pub grade: String,
    pub exclude_ciphers: String,
    /// Names or fingerprints.
    pub matching: Vec<String>,
    pub server_name: String,
}

/// From main.cf.
#[derive(Clone, Debug)]
pub struct TlsSettings {
    pub level: Level,
    policy_maps: String,
    pub wrapper: bool,
    pub note_offer: bool,
    pub log_sessions: bool,
    /// Sessions under TLS may be kept for more mail.
    pub reuse: bool,
    pub limit: Duration,
    pub common: Common,
    pub verify_depth: usize,
    mandatory_protocols: String,
    mandatory_grade: String,
    mandatory_exclude: String,
    verify_match: Vec<String>,
    secure_match: Vec<String>,
    fingerprint_match: Vec<String>,
    server_name: String,
    wildcards_match_more: bool,
}

impl TlsSettings {
    /// Reads the parameters.
    pub fn from_config(config: &Config) -> Result<Self, DeliveryError> {
        let name = "smtp_tls_security_level";
        let bad =
            |value: &str, reason: String| DeliveryError::Configuration { parameter: name, value: value.into(), reason };
        let text = config.get(&SMTP_TLS_SECURITY_LEVEL);
        let mut level = match text.as_str() {
            "" if config.get(&SMTP_ENFORCE_TLS) && config.get(&SMTP_TLS_ENFORCE_PEERNAME) => Level::Verify,
            "" if config.get(&SMTP_ENFORCE_TLS) => Level::Encrypt,
            "" if config.get(&SMTP_USE_TLS) => Level::May,
            "" => Level::None,
            text => Level::parse(text).map_err(|reason| bad(text, reason))?,
        };
        let wrapper = config.get(&SMTP_TLS_WRAPPERMODE);
        if wrapper && level < Level::Encrypt {
            // There is no plain text to fall back to.
            level = Level::Encrypt;
        }
        if !config.get(&SMTP_TLS_PER_SITE).is_empty() {
            let reason = "not supported in this release; use smtp_tls_policy_maps".to_string();
            let value = config.get(&SMTP_TLS_PER_SITE);
            return Err(DeliveryError::Configuration { parameter: "smtp_tls_per_site", value, reason });
        }
        let (file, directory) = (config.get(&SMTP_TLS_CAFILE), config.get(&SMTP_TLS_CAPATH));
        let system =
            config.get(&net::tls::parameters::TLS_APPEND_DEFAULT_CA) && !(file.is_empty() && directory.is_empty());
        let common = Common {
            protocols: config.get(&SMTP_TLS_PROTOCOLS),
            grade: config.get(&SMTP_TLS_CIPHERS),
            exclude_ciphers: config.get(&SMTP_TLS_EXCLUDE_CIPHERS),
            authorities: Authorities { file, directory, system },
            digest: config.get(&SMTP_TLS_FINGERPRINT_DIGEST),
            chains: ChainFiles {
                chain_files: config.get(&SMTP_TLS_CHAIN_FILES),
                certificate: config.get(&SMTP_TLS_CERT_FILE),
                key: config.get(&SMTP_TLS_KEY_FILE),
                ec_certificate: config.get(&SMTP_TLS_ECCERT_FILE),
                ec_key: config.get(&SMTP_TLS_ECKEY_FILE),
            },
        };
        let loglevel: i64 = config.get(&SMTP_TLS_LOGLEVEL).trim().parse().unwrap_or(0);
        Ok(Self {
            level,
            policy_maps: config.get(&SMTP_TLS_POLICY_MAPS),
            wrapper,
            note_offer: config.get(&SMTP_TLS_NOTE_STARTTLS_OFFER),
            log_sessions: loglevel > 0,
            reuse: config.get(&SMTP_TLS_CONNECTION_REUSE),
            limit: config.get(&SMTP_STARTTLS_TIMEOUT),
            verify_depth: usize::try_from(config.get(&SMTP_TLS_SCERT_VERIFYDEPTH)).unwrap_or(9),
            mandatory_protocols: config.get(&SMTP_TLS_MANDATORY_PROTOCOLS),
            mandatory_grade: config.get(&SMTP_TLS_MANDATORY_CIPHERS),
            mandatory_exclude: config.get(&SMTP_TLS_MANDATORY_EXCLUDE_CIPHERS),
            verify_match: names(&config.get(&SMTP_TLS_VERIFY_CERT_MATCH)),
            secure_match: names(&config.get(&SMTP_TLS_SECURE_CERT_MATCH)),
            fingerprint_match: fingerprints(&config.get(&SMTP_TLS_FINGERPRINT_CERT_MATCH)),
            server_name: config.get(&SMTP_TLS_SERVERNAME),
            wildcards_match_more: config.get(&net::tls::parameters::TLS_WILDCARD_MATCHES_MULTIPLE_LABELS),
            common,
        })
    }

    /// Some destination may get TLS.
    pub fn is_used(&self) -> bool {
        self.level > Level::None || !self.policy_maps.is_empty()
    }

    /// Tables to open at start.
    pub fn tables(&self) -> &str {
        &self.policy_maps
    }

    /// The policy of a destination. The error is a warning for the log: mail waits until it is repaired.
    pub async fn policy(&self, services: &Services, destination: &Destination) -> Result<Policy, String> {
        match self.find(services, destination).await? {
            None => Ok(self.of_level(self.level)),
            Some((table, value)) => self.parse(&value).map_err(|why| format!("{table}: {why}")),
        }
    }

    /// For plain text.
    pub fn no_tls(&self) -> Policy {
        self.of_level(Level::None)
    }

    async fn find(&self, services: &Services, destination: &Destination) -> Result<Option<(String, String)>, String> {
        if self.policy_maps.is_empty() {
            return Ok(None);
        }
        // A destination with brackets or a port is looked up as it stands; a domain with its parents, `.example.com`.
        let mut key = destination.text.as_str();
        loop {
            match services.tables.find(SearchOrder::Exact, &self.policy_maps, key).wait().await {
                Ok(Some(found)) => {
                    return Ok(Some((format!("{}, lookup key \"{key}\"", self.policy_maps), found.value)));
                }
                Ok(None) => {}
                Err(error) => return Err(format!("{}, lookup key \"{key}\": {error}", self.policy_maps)),
            }
            let domain = !destination.text.contains(['[', ':']);
            match key.get(1..).and_then(|rest| rest.find('.')).filter(|_| domain) {
                Some(dot) => key = &key[dot + 1..],
                None => return Ok(None),
            }
        }
    }

    fn of_level(&self, level: Level) -> Policy {
        let common = &self.common;
        let mandatory = level >= Level::Encrypt;
        let or = |strict: &str, loose: &str| if mandatory { strict.to_string() } else { loose.to_string() };
        Policy {
            level,
            protocols: or(&self.mandatory_protocols, &common.protocols),
            grade: or(&self.mandatory_grade, &common.grade),
            exclude_ciphers: match mandatory {
                true => format!("{} {}", common.exclude_ciphers, self.mandatory_exclude),
                false => common.exclude_ciphers.clone(),
            },
            matching: match level {
                Level::Fingerprint => self.fingerprint_match.clone(),
                Level::Verify => self.verify_match.clone(),
                Level::Secure => self.secure_match.clone(),
                _ => Vec::new(),
            },
            server_name: self.server_name.clone(),
        }
    }

    /// `level name=value …`.
    fn parse(&self, value: &str) -> Result<Policy, String> {
        let mut words = value.split([',', ' ', '\t', '\r', '\n']).filter(|word| !word.is_empty());
        let level = words.next().ok_or("invalid empty policy")?;
        let mut policy = self.of_level(Level::parse(level)?);
        let mut matching: Option<Vec<String>> = None;
        for word in words {
            let (name, value) =
                word.split_once('=').ok_or_else(|| format!("malformed attribute/value pair \"{word}\""))?;
            if policy.level == Level::None {
                return Err(format!("ignoring attribute \"{name}\" with TLS disabled"));
            }
            match name.to_ascii_lowercase().as_str() {
                "protocols" => policy.protocols = value.to_string(),
                "ciphers" => policy.grade = value.to_string(),
                "exclude" => policy.exclude_ciphers = value.to_string(),
                "servername" => policy.server_name = value.to_string(),
                "match" => {
                    let more = if policy.level == Level::Fingerprint { fingerprints(value) } else { names(value) };
                    matching.get_or_insert_default().extend(more);
                }
                "connection_reuse" => {}
                _ => return Err(format!("invalid attribute name: \"{name}\"")),
            }
        }
        if let Some(matching) = matching {
            policy.matching = matching;
        }
        Ok(policy)
    }

    /// Whether the server is who it should be. `nexthop` is the domain that mail is for.
    pub fn is_satisfied(&self, policy: &Policy, peer: &Peer, host: &str, nexthop: &str) -> bool {
        let Some(certificate) = &peer.certificate else { return policy.level < Level::Fingerprint };
        match policy.level {
            Level::None | Level::May | Level::Encrypt => true,
            Level::Fingerprint => policy.matching.iter().any(|wanted| {
                wanted.eq_ignore_ascii_case(&certificate.fingerprint)
                    || wanted.eq_ignore_ascii_case(&certificate.public_key_fingerprint)
            }),
            Level::Verify | Level::Secure => {
                let wanted = policy.matching.iter().map(|word| match word.as_str() {
                    "hostname" => host.to_string(),
                    "nexthop" => nexthop.to_string(),
                    "dot-nexthop" => format!(".{nexthop}"),
                    name => name.to_string(),
                });
                let matches = |wanted: String| {
                    certificate.names.iter().any(|name| name_matches(name, &wanted, self.wildcards_match_more))
                };
                certificate.trusted && wanted.into_iter().any(matches)
            }
        }
    }
}

impl Policy {
    /// The name to ask the server for.
    pub fn sni<'a>(&'a self, host: &'a str, nexthop: &'a str) -> &'a str {
        match self.server_name.as_str() {
            "hostname" => host,
            "nexthop" => nexthop,
            name => name,
        }
    }
}

fn names(list: &str) -> Vec<String> {
    list.split([',', ' ', '\t', '\r', '\n', ':']).filter(|word| !word.is_empty()).map(str::to_string).collect()
}

fn fingerprints(list: &str) -> Vec<String> {
    list.split([',', ' ', '\t', '\r', '\n', '|']).filter(|word| !word.is_empty()).map(str::to_string).collect()
}

#[cfg(test)]
mod tests {
    use net::tls::PeerCertificate;

    use super::*;
    use crate::testing;

    fn settings(main_cf: &str) -> Result<TlsSettings, DeliveryError> {
        TlsSettings::from_config(&testing::config(main_cf))
    }

    #[test]
    fn levels() {
        let level = |main_cf: &str| settings(main_cf).map(|s| s.level).map_err(|e| e.to_string());
        assert_eq!(level(""), Ok(Level::None));
        assert_eq!(level("smtp_use_tls = yes\n"), Ok(Level::May));
        assert_eq!(level("smtp_enforce_tls = yes\n"), Ok(Level::Verify));
        assert_eq!(level("smtp_enforce_tls = yes\nsmtp_tls_enforce_peername = no\n"), Ok(Level::Encrypt));
        assert_eq!(level("smtp_use_tls = yes\nsmtp_tls_security_level = none\n"), Ok(Level::None));
        assert_eq!(level("smtp_tls_wrappermode = yes\n"), Ok(Level::Encrypt));
        for (value, part) in
            [("dane", "not supported in this release"), ("bogus", "invalid tls security level: \"bogus\"")]
        {
            let why = level(&format!("smtp_tls_security_level = {value}\n")).expect_err(value);
            assert!(why.contains(part), "{why}");
        }
    }

    #[test]
    fn policies() {
        let settings = settings("smtp_tls_security_level = may\n").expect("good");
        let policy = settings.parse("secure match=example.com:.example.net protocols=TLSv1.3").expect("good");
        assert_eq!((policy.level, policy.protocols.as_str()), (Level::Secure, "TLSv1.3"));
        assert_eq!(policy.matching, ["example.com", ".example.net"]);
        assert_eq!(settings.parse("verify").map(|p| p.matching), Ok(vec!["hostname".to_string()]));
        for bad in ["", "bogus", "dane", "may nonsense", "may nonsense=1", "none match=x"] {
            assert!(settings.parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn who_the_server_is() {
        let settings = settings("").expect("good");
        let certificate = PeerCertificate {
            names: vec!["mx.example.com".into()],
            fingerprint: "AA:BB".into(),
            public_key_fingerprint: "CC".into(),
            trusted: true,
            ..PeerCertificate::default()
        };
        let peer = Peer { certificate: Some(certificate.clone()), ..Peer::default() };
        let stranger = Peer { certificate: Some(PeerCertificate { trusted: false, ..certificate }), ..Peer::default() };
        let anonymous = Peer::default();
        for (policy, good) in [
            ("encrypt", [true, true, true]),
            ("verify", [true, false, false]),
            ("secure", [true, false, false]),
            ("secure match=other.example", [false, false, false]),
            ("fingerprint match=aa:bb|00:11", [true, true, false]),
            ("fingerprint match=00:11,match=cc", [true, true, false]),
            ("fingerprint", [false, false, false]),
        ] {
            let parsed = settings.parse(policy).expect("good");
            let found = [&peer, &stranger, &anonymous]
                .map(|p| settings.is_satisfied(&parsed, p, "mx.example.com", "example.com"));
            assert_eq!(found, good, "{policy}");
        }
    }
}
