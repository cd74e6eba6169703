//! Everything read from main.cf, once per configuration generation.

use config::{Config, parameters as shared};

use crate::parameters::*;

bitflags::bitflags! {
    /// Items of canonical_classes, masquerade_classes and their relatives.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Classes: u8 {
        const ENVELOPE_SENDER = 1; const ENVELOPE_RECIPIENT = 2; const HEADER_SENDER = 4; const HEADER_RECIPIENT = 8;
    }
}

/// A set of tables that rewrites addresses one to one.
#[derive(Clone, Debug)]
pub struct CanonicalMaps {
    /// The parameter, for log lines.
    pub title: &'static str,
    pub tables: String,
    pub classes: Classes,
}

/// The values cleanup works with. Tables are the text of their parameter.
#[derive(Clone, Debug)]
pub struct Settings {
    pub myhostname: String,
    pub always_add_missing_headers: bool,
    pub undisclosed_recipients_header: String,
    /// Lower case.
    pub message_drop_headers: Vec<String>,
    pub hopcount_limit: usize,
    /// Bytes; None: no limit.
    pub message_size_limit: Option<u64>,
    /// Bytes of one logical header.
    pub header_size_limit: usize,
    /// header_address_token_limit.
    pub header_address_token_limit: usize,
    /// Bytes of a line that are handled at once.
    pub line_length_limit: usize,
    pub mime_limits: mail::mime::Limits,
    pub detect_8bit_encoding_header: bool,
    /// smtputf8_enable, and smtputf8_autodetect_classes has `sendmail` or `all`.
    pub detects_smtputf8: bool,
    /// message_strip_characters, message_reject_characters.
    pub strip_characters: Vec<u8>,
    pub reject_characters: Vec<u8>,
    /// sender_canonical_maps, recipient_canonical_maps, canonical_maps, in the order in which they apply.
    pub canonical: Vec<CanonicalMaps>,
    /// masquerade_domains, lower case; `!` marks those left alone.
    pub masquerade_domains: Vec<String>,
    pub masquerade_exceptions: Vec<String>,
    pub masquerade_classes: Classes,
    pub virtual_alias_maps: String,
    pub virtual_alias_address_length_limit: usize,
    pub virtual_alias_expansion_limit: usize,
    pub virtual_alias_recursion_limit: usize,
    /// propagate_unmatched_extensions holds `canonical`, `virtual`.
    pub propagate_canonical: bool,
    pub propagate_virtual: bool,
    pub always_bcc: String,
    pub sender_bcc_maps: String,
    pub recipient_bcc_maps: String,
    pub enable_original_recipient: bool,
    /// None: no limit.
    pub duplicate_filter_limit: Option<usize>,
    pub empty_address_recipient: String,
    pub remote_header_rewrite_domain: String,
    pub enable_long_queue_ids: bool,
    /// header_from_format.
    pub standard_from: bool,
    pub extensions: mail::address::Extensions,
}

impl Settings {
    /// An unknown class name is the administrator's fault: the text says which parameter holds it.
    pub fn from(config: &Config) -> Result<Self, String> {
        let limit = |value: i64| (value > 0).then_some(value);
        let propagate = config.get(&shared::PROPAGATE_UNMATCHED_EXTENSIONS);
        let propagates = |name: &str| propagate.iter().any(|item| item.eq_ignore_ascii_case(name));
        Ok(Self {
            myhostname: config.get(&shared::MYHOSTNAME),
            always_add_missing_headers: config.get(&ALWAYS_ADD_MISSING_HEADERS),
            undisclosed_recipients_header: config.get(&UNDISCLOSED_RECIPIENTS_HEADER),
            message_drop_headers: lower(config.get(&MESSAGE_DROP_HEADERS)),
            hopcount_limit: count(config.get(&HOPCOUNT_LIMIT)),
            message_size_limit: Some(config.get(&shared::MESSAGE_SIZE_LIMIT)).filter(|limit| *limit > 0),
            header_size_limit: count(config.get(&shared::HEADER_SIZE_LIMIT)),
            header_address_token_limit: count(config.get(&HEADER_ADDRESS_TOKEN_LIMIT)),
            line_length_limit: count(config.get(&shared::LINE_LENGTH_LIMIT)),
            mime_limits: mail::mime::Limits {
                nesting: count(config.get(&shared::MIME_NESTING_LIMIT)),
                boundary_length: count(config.get(&shared::MIME_BOUNDARY_LENGTH_LIMIT)),
                header_size: count(config.get(&shared::HEADER_SIZE_LIMIT)),
            },
            detects_smtputf8: config.get(&shared::SMTPUTF8_ENABLE)
                && config.get(&shared::SMTPUTF8_AUTODETECT_CLASSES).iter().any(|c| c == "sendmail" || c == "all"),
            detect_8bit_encoding_header: config.get(&DETECT_8BIT_ENCODING_HEADER),
            strip_characters: unescape(&config.get(&MESSAGE_STRIP_CHARACTERS)),
            reject_characters: unescape(&config.get(&MESSAGE_REJECT_CHARACTERS)),
            canonical: canonical_maps(config)?,
            masquerade_domains: lower(config.get(&MASQUERADE_DOMAINS)),
            masquerade_exceptions: lower(config.get(&MASQUERADE_EXCEPTIONS)),
            masquerade_classes: classes(MASQUERADE_CLASSES.name, &config.get(&MASQUERADE_CLASSES))?,
            virtual_alias_maps: config.get(&shared::VIRTUAL_ALIAS_MAPS),
            virtual_alias_address_length_limit: count(config.get(&VIRTUAL_ALIAS_ADDRESS_LENGTH_LIMIT)),
            virtual_alias_expansion_limit: count(config.get(&VIRTUAL_ALIAS_EXPANSION_LIMIT)),
            virtual_alias_recursion_limit: count(config.get(&VIRTUAL_ALIAS_RECURSION_LIMIT)),
            propagate_canonical: propagates("canonical"),
            propagate_virtual: propagates("virtual"),
            always_bcc: config.get(&ALWAYS_BCC),
            sender_bcc_maps: config.get(&SENDER_BCC_MAPS),
            recipient_bcc_maps: config.get(&RECIPIENT_BCC_MAPS),
            enable_original_recipient: config.get(&shared::ENABLE_ORIGINAL_RECIPIENT),
            duplicate_filter_limit: limit(config.get(&shared::DUPLICATE_FILTER_LIMIT)).map(count),
            empty_address_recipient: config.get(&shared::EMPTY_ADDRESS_RECIPIENT),
            remote_header_rewrite_domain: config.get(&rewrite::parameters::REMOTE_HEADER_REWRITE_DOMAIN),
            enable_long_queue_ids: config.get(&queue::parameters::ENABLE_LONG_QUEUE_IDS),
            standard_from: !config.get(&HEADER_FROM_FORMAT).eq_ignore_ascii_case("obsolete"),
            extensions: rewrite::settings::extensions(config),
        })
    }

    /// Every set of tables, for opening them.
    pub fn tables(&self) -> Vec<&str> {
        let mut all: Vec<&str> = self.canonical.iter().map(|maps| maps.tables.as_str()).collect();
        all.extend([self.virtual_alias_maps.as_str(), &self.sender_bcc_maps, &self.recipient_bcc_maps]);
        all.retain(|tables| !tables.is_empty());
        all
    }
}

fn canonical_maps(config: &Config) -> Result<Vec<CanonicalMaps>, String> {
    let mut all = Vec::new();
    for (maps, where_) in [
        (&shared::SENDER_CANONICAL_MAPS, &SENDER_CANONICAL_CLASSES),
        (&shared::RECIPIENT_CANONICAL_MAPS, &RECIPIENT_CANONICAL_CLASSES),
        (&shared::CANONICAL_MAPS, &CANONICAL_CLASSES),
    ] {
        let tables = config.get(maps);
        let classes = classes(where_.name, &config.get(where_))?;
        if !tables.is_empty() {
            all.push(CanonicalMaps { title: maps.name, tables, classes });
        }
    }
    Ok(all)
}

fn classes(parameter: &str, words: &[String]) -> Result<Classes, String> {
    let mut classes = Classes::empty();
    for word in words {
        classes |= match word.to_ascii_lowercase().as_str() {
            "envelope_sender" => Classes::ENVELOPE_SENDER,
            "envelope_recipient" => Classes::ENVELOPE_RECIPIENT,
            "header_sender" => Classes::HEADER_SENDER,
            "header_recipient" => Classes::HEADER_RECIPIENT,
            _ => return Err(format!("unknown {parameter} value \"{word}\"")),
        };
    }
    Ok(classes)
}

fn lower(words: Vec<String>) -> Vec<String> {
    words.iter().map(|word| word.to_ascii_lowercase()).collect()
}

/// A parameter with a minimum of 0 or 1 always fits.
fn count(value: i64) -> usize {
    usize::try_from(value).unwrap_or(0)
}

/// C escapes: `\0`, `\n`, `\012`.
fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        match bytes.next() {
            Some(b'a') => out.push(7),
            Some(b'b') => out.push(8),
            Some(b'f') => out.push(12),
            Some(b'n') => out.push(b'\n'),
            Some(b'r') => out.push(b'\r'),
            Some(b't') => out.push(b'\t'),
            Some(b'v') => out.push(11),
            Some(digit @ b'0'..=b'7') => {
                let mut value = u32::from(digit - b'0');
                for _ in 0..2 {
                    let Some(next) = bytes.next_if(|b| (b'0'..=b'7').contains(b)) else { break };
                    value = value * 8 + u32::from(next - b'0');
                }
                out.push(value as u8);
            }
            Some(other) => out.push(other),
            None => {}
        }
    }
    out
}
