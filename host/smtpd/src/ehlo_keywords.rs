//! smtpd_discard_ehlo_keywords: which EHLO keywords a client is not told of.

bitflags::bitflags! {
    /// Keywords, in the order in which Postfix names them in its log.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub(crate) struct EhloKeywords: u16 {
        const EIGHT_BIT_MIME = 1; const AUTH = 2; const DSN = 4; const ENHANCED_STATUS_CODES = 8; const ETRN = 16;
        const PIPELINING = 32; const SIZE = 64; const STARTTLS = 128; const VERP = 256; const VRFY = 512;
        const XCLIENT = 1024; const XFORWARD = 2048; const SILENT = 4096; const SMTPUTF8 = 8192; const CHUNKING = 16384;
    }
}

const NAMES: &[(&str, EhloKeywords)] = &[
    ("8BITMIME", EhloKeywords::EIGHT_BIT_MIME),
    ("AUTH", EhloKeywords::AUTH),
    ("DSN", EhloKeywords::DSN),
    ("ENHANCEDSTATUSCODES", EhloKeywords::ENHANCED_STATUS_CODES),
    ("ETRN", EhloKeywords::ETRN),
    ("PIPELINING", EhloKeywords::PIPELINING),
    ("SIZE", EhloKeywords::SIZE),
    ("STARTTLS", EhloKeywords::STARTTLS),
    ("VERP", EhloKeywords::VERP),
    ("VRFY", EhloKeywords::VRFY),
    ("XCLIENT", EhloKeywords::XCLIENT),
    ("XFORWARD", EhloKeywords::XFORWARD),
    ("SMTPUTF8", EhloKeywords::SMTPUTF8),
    ("CHUNKING", EhloKeywords::CHUNKING),
    ("SILENT-DISCARD", EhloKeywords::SILENT),
];

impl EhloKeywords {
    /// Names separated by commas and white space, in any case; unknown ones mean nothing.
    pub fn parse(text: &str) -> Self {
        let named = |word: &str| NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, flag)| *flag);
        text.split(|c: char| c == ',' || c.is_ascii_whitespace()).filter_map(named).collect()
    }

    /// The names, for the log.
    pub fn names(self) -> String {
        let names: Vec<_> = NAMES.iter().filter(|(_, flag)| self.contains(*flag)).map(|(name, _)| *name).collect();
        names.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_case_and_unknown_words() {
        let keywords = EhloKeywords::parse("chunking, foo Dsn");
        assert_eq!(keywords, EhloKeywords::CHUNKING | EhloKeywords::DSN);
        assert_eq!(keywords.names(), "DSN CHUNKING");
    }
}
