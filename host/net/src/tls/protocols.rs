//! Lists of TLS versions: `smtpd_tls_protocols` and its relatives.

/// What a list leaves of what the library speaks. SSLv2 to TLSv1.1 have names, but cannot be spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protocols {
    pub tls12: bool,
    pub tls13: bool,
}

/// Names and version numbers, oldest first.
const KNOWN: [(&str, u16); 6] = [
    ("SSLv2", 0x0002),
    ("SSLv3", 0x0300),
    ("TLSv1", 0x0301),
    ("TLSv1.1", 0x0302),
    ("TLSv1.2", 0x0303),
    ("TLSv1.3", 0x0304),
];

impl Protocols {
    /// None: the list has a name that is not known. Names stand alone (only these), behind `!` (not these), or as limits
    /// behind `>=` and `<=`.
    pub fn parse(list: &str) -> Option<Self> {
        let (mut only, mut not) = (Vec::new(), Vec::new());
        let (mut least, mut most) = (0, u16::MAX);
        for word in list.split([',', ' ', '\t', '\r', '\n', ':']).filter(|word| !word.is_empty()) {
            if let Some(limit) = word.strip_prefix(">=") {
                least = limit_number(limit)?;
            } else if let Some(limit) = word.strip_prefix("<=") {
                most = limit_number(limit)?;
            } else if let Some(name) = word.strip_prefix('!') {
                not.push(number(name)?);
            } else {
                only.push(number(word)?);
            }
        }
        let wanted = |version: u16| {
            (only.is_empty() || only.contains(&version))
                && !not.contains(&version)
                && (least == 0 || version >= least)
                && version <= most
        };
        Some(Self { tls12: wanted(0x0303), tls13: wanted(0x0304) })
    }

    /// Nothing that the library speaks.
    pub fn is_empty(self) -> bool {
        !(self.tls12 || self.tls13)
    }
}

fn number(name: &str) -> Option<u16> {
    KNOWN.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, number)| *number)
}

/// Limits may be hexadecimal wire numbers, and 0 is no limit.
fn limit_number(text: &str) -> Option<u16> {
    number(text)
        .or_else(|| u16::from_str_radix(text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?, 16).ok())
        .or_else(|| text.parse().ok().filter(|limit| *limit == 0))
}

/// For the library.
pub(super) fn versions(protocols: Protocols) -> Vec<&'static rustls::SupportedProtocolVersion> {
    let all = [(protocols.tls13, &rustls::version::TLS13), (protocols.tls12, &rustls::version::TLS12)];
    all.into_iter().filter(|(wanted, _)| *wanted).map(|(_, version)| version).collect()
}
