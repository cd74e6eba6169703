//! smtpd_sasl_security_options: which kinds of mechanisms are not offered.

bitflags::bitflags! {
    /// What is said of a mechanism.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub(crate) struct Properties: u8 {
        const PLAINTEXT = 1; const ACTIVE = 2; const DICTIONARY = 4; const ANONYMOUS = 8;
        const FORWARD_SECRECY = 16; const MUTUAL_AUTH = 32; const PRIVATE = 64;
    }
}

/// As Dovecot's auth protocol spells them.
const DOVECOT: &[(&str, Properties)] = &[
    ("plaintext", Properties::PLAINTEXT),
    ("active", Properties::ACTIVE),
    ("dictionary", Properties::DICTIONARY),
    ("anonymous", Properties::ANONYMOUS),
    ("forward-secrecy", Properties::FORWARD_SECRECY),
    ("mutual-auth", Properties::MUTUAL_AUTH),
    ("private", Properties::PRIVATE),
];

impl Properties {
    /// Words that are not known say nothing.
    pub fn of_dovecot<'a>(words: impl Iterator<Item = &'a str>) -> Self {
        words.filter_map(|word| DOVECOT.iter().find(|(name, _)| *name == word)).map(|(_, property)| *property).collect()
    }
}

/// Options: what a mechanism must not be, and what it must be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SecurityOptions {
    not: Properties,
    must: Properties,
}

impl SecurityOptions {
    /// The error is the word that is no option.
    pub fn parse(words: &[String]) -> Result<Self, String> {
        let mut options = Self::default();
        for word in words {
            match word.to_ascii_lowercase().as_str() {
                "noplaintext" => options.not |= Properties::PLAINTEXT,
                "noactive" => options.not |= Properties::ACTIVE,
                "nodictionary" => options.not |= Properties::DICTIONARY,
                "noanonymous" => options.not |= Properties::ANONYMOUS,
                "forward_secrecy" => options.must |= Properties::FORWARD_SECRECY,
                "mutual_auth" => options.must |= Properties::MUTUAL_AUTH,
                _ => return Err(word.clone()),
            }
        }
        Ok(options)
    }

    /// Whether a mechanism may be used.
    pub fn allow(self, properties: Properties) -> bool {
        !properties.intersects(self.not) && properties.contains(self.must)
    }
}
