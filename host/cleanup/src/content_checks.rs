//! header_checks, mime_header_checks, nested_header_checks, body_checks and milter_header_checks: the lists of a configuration.

use config::Config;
use dict::CheckList;
use hook::{CheckPart, Checkers, Tables};
use mail::mime::{self, Options, Place};

use crate::parameters::*;

/// The lists, open. None: nothing stands in the parameter.
#[derive(Default)]
pub struct ContentChecks {
    header: Option<CheckList>,
    mime_header: Option<CheckList>,
    nested_header: Option<CheckList>,
    body: Option<CheckList>,
    milter_header: Option<CheckList>,
    /// strict_7bit_headers and its relatives.
    pub(crate) strict: Options,
    /// disable_mime_input_processing.
    pub(crate) mime_disabled: bool,
    /// body_checks_size_limit, bytes of one body segment.
    pub(crate) body_limit: u64,
}

impl ContentChecks {
    /// Opens the lists of main.cf. The error is one line that names the parameter.
    pub(crate) fn open(config: &Config, tables: &dyn Tables, checkers: &dyn Checkers) -> Result<Self, String> {
        let list = |parameter: &config::Param<config::Text>| {
            CheckList::open(parameter.name, &config.get(parameter), tables, checkers)
        };
        Ok(Self {
            header: list(&HEADER_CHECKS)?,
            mime_header: list(&MIME_HEADER_CHECKS)?,
            nested_header: list(&NESTED_HEADER_CHECKS)?,
            body: list(&BODY_CHECKS)?,
            milter_header: list(&MILTER_HEADER_CHECKS)?,
            ..Self::of(config)
        })
    }

    /// Without lists, for who has no plugins.
    pub(crate) fn of(config: &Config) -> Self {
        let strict_8bitmime = config.get(&STRICT_8BITMIME);
        let mut strict = Options::empty();
        strict.set(Options::EIGHT_BIT_HEADERS, strict_8bitmime || config.get(&STRICT_7BIT_HEADERS));
        strict.set(Options::EIGHT_BIT_BODY, strict_8bitmime || config.get(&STRICT_8BITMIME_BODY));
        strict.set(Options::ENCODING_DOMAIN, config.get(&STRICT_MIME_ENCODING_DOMAIN));
        let lists = [&HEADER_CHECKS, &MIME_HEADER_CHECKS, &NESTED_HEADER_CHECKS];
        // Parts that nest too deep would escape them.
        strict.set(Options::NESTING, !strict.is_empty() || lists.iter().any(|list| !config.get(*list).is_empty()));
        let mime_disabled = config.get(&DISABLE_MIME_INPUT_PROCESSING);
        Self {
            strict: if mime_disabled { Options::empty() } else { strict },
            mime_disabled,
            body_limit: u64::try_from(config.get(&BODY_CHECKS_SIZE_LIMIT)).unwrap_or(u64::MAX),
            ..Self::default()
        }
    }

    /// Whether what stands behind the message's own header has to be looked at line by line.
    pub(crate) fn looks_into_body(&self) -> bool {
        let lists = [&self.mime_header, &self.nested_header, &self.body];
        lists.iter().any(|list| list.is_some()) || !self.strict.is_empty()
    }

    /// Whether there is anything to check at all.
    pub(crate) fn wanted(&self) -> bool {
        self.header.is_some() || self.looks_into_body()
    }

    /// The list for a header, by its place and name.
    pub(crate) fn of_header(&self, place: Place, name: &[u8]) -> (CheckPart, Option<&CheckList>) {
        match place {
            _ if mime::is_mime_header(name) => (CheckPart::MimeHeader, self.mime_header.as_ref()),
            Place::Part => (CheckPart::MimeHeader, self.mime_header.as_ref()),
            Place::Primary => (CheckPart::Header, self.header.as_ref()),
            Place::Nested => (CheckPart::NestedHeader, self.nested_header.as_ref()),
        }
    }

    /// body_checks, for a line that begins at `offset` of its segment.
    pub(crate) fn of_body(&self, offset: u64) -> Option<&CheckList> {
        self.body.as_ref().filter(|_| offset < self.body_limit)
    }

    /// milter_header_checks: for headers that filters add.
    pub fn of_milter_header(&self) -> Option<&CheckList> {
        self.milter_header.as_ref()
    }
}
