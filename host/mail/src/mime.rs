//! A message taken apart line by line as cleanup(8) and smtp(8) see it: header fields of the message, of its parts and of
//! messages within it, and body lines between them. RFC 2045, RFC 2046.
//!
//! The machine keeps what it has to remember, which is the field it is in and the boundaries it waits for. Lines are the
//! caller's, and stay where they are.

mod quoted_printable;
#[cfg(test)]
mod tests;
mod token;

use memchr::memchr;

use crate::header::name_length;
pub use quoted_printable::QuotedPrintable;
use token::Token;

bitflags::bitflags! {
    /// What the machine looks for.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Options: u8 {
        /// disable_mime_input_processing, disable_mime_output_conversion: all after the first header is body.
        const DISABLED = 1;
        /// strict_7bit_headers.
        const EIGHT_BIT_HEADERS = 2;
        /// strict_8bitmime_body.
        const EIGHT_BIT_BODY = 4;
        /// strict_mime_encoding_domain.
        const ENCODING_DOMAIN = 8;
        /// mime_nesting_limit.
        const NESTING = 16;
        /// Turn what is labelled 8bit or binary into quoted-printable: RFC 6152 section 3.
        const DOWNGRADE = 32;
    }
}

/// mime_nesting_limit, mime_boundary_length_limit, header_size_limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub nesting: usize,
    pub boundary_length: usize,
    pub header_size: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { nesting: 100, boundary_length: 2048, header_size: 102_400 }
    }
}

/// Something that the options forbid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    Nesting,
    EightBitHeader,
    EightBitBody,
    EncodingDomain,
}

impl Fault {
    /// Postfix's words.
    pub fn text(self) -> &'static str {
        match self {
            Fault::Nesting => "MIME nesting exceeds safety limit",
            Fault::EightBitHeader => "improper use of 8-bit data in message header",
            Fault::EightBitBody => "improper use of 8-bit data in message body",
            Fault::EncodingDomain => "invalid message/* or multipart/* encoding domain",
        }
    }
}

/// Where a field stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The message's own header.
    Primary,
    /// The header of a part of a multipart.
    Part,
    /// The header of an attached message.
    Nested,
}

/// A whole field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    pub place: Place,
    /// `name:value`, lines joined by LF, no line end behind the last one. No line is taken when it is over header_size_limit.
    pub text: Vec<u8>,
}

/// What one line brought to an end, in this order, and what the line itself is.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// The field before the line is over.
    pub header: Option<Header>,
    /// With [`Options::DOWNGRADE`]: a Content-Transfer-Encoding field that belongs at the end of this header.
    pub encoding: Option<Header>,
    /// The message's own header is over.
    pub header_ends: bool,
    /// An empty line has to stand before this one: header and body were not apart.
    pub separator: bool,
    /// The line is body text.
    pub body: Option<Body>,
}

/// A line of body text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Body {
    /// Bytes of this body segment before the line, line ends not counted (body_checks_size_limit).
    pub offset: u64,
    /// It is to be encoded as [`QuotedPrintable`].
    pub encode: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Header(Place),
    Body,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ContentType {
    Leaf,
    Rfc822,
    /// message/partial and message/external-body: RFC 2046 section 5.2 wants them in 7bit.
    SevenBitMessage,
    OtherMessage,
    Multipart,
}

impl ContentType {
    fn is_message(self) -> bool {
        matches!(self, Self::Rfc822 | Self::SevenBitMessage | Self::OtherMessage)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    SevenBit,
    EightBit,
    Binary,
    QuotedPrintable,
    Base64,
}

impl Encoding {
    /// What the encoded text consists of.
    fn domain(self) -> Self {
        match self {
            Self::EightBit | Self::Binary => self,
            _ => Self::SevenBit,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::SevenBit => "7bit",
            Self::EightBit => "8bit",
            Self::Binary => "binary",
            Self::QuotedPrintable => "quoted-printable",
            Self::Base64 => "base64",
        }
    }

    fn of(name: &[u8]) -> Option<Self> {
        let all = [Self::SevenBit, Self::EightBit, Self::Binary, Self::QuotedPrintable, Self::Base64];
        all.into_iter().find(|encoding| encoding.name().as_bytes().eq_ignore_ascii_case(name))
    }
}

/// A multipart that is not over.
#[derive(Clone, Debug)]
struct Level {
    boundary: Vec<u8>,
    /// multipart/digest holds messages where nothing else is said.
    default_type: ContentType,
}

/// The machine. Feed it every line, then [`Mime::end`].
#[derive(Clone, Debug)]
pub struct Mime {
    options: Options,
    limits: Limits,
    state: State,
    content_type: ContentType,
    encoding: Encoding,
    /// Innermost last.
    levels: Vec<Level>,
    /// The field so far.
    field: Vec<u8>,
    /// The line before was not whole.
    partial: bool,
    offset: u64,
    found: Vec<Fault>,
    faults: Vec<(Fault, Vec<u8>)>,
}

impl Mime {
    pub fn new(options: Options, limits: Limits) -> Self {
        Self {
            options,
            limits,
            state: State::Header(Place::Primary),
            content_type: ContentType::Leaf,
            encoding: Encoding::SevenBit,
            levels: Vec::new(),
            field: Vec::new(),
            partial: false,
            offset: 0,
            found: Vec::new(),
            faults: Vec::new(),
        }
    }

    /// Still in the message's own header.
    pub fn in_primary_header(&self) -> bool {
        self.state == State::Header(Place::Primary)
    }

    /// All that can still come is body text without headers in it.
    pub fn is_flat(&self) -> bool {
        self.state == State::Body && self.levels.is_empty()
    }

    /// Faults since the last call, each kind once a message, with the text they were found in.
    pub fn take_faults(&mut self) -> Vec<(Fault, Vec<u8>)> {
        std::mem::take(&mut self.faults)
    }

    /// One line without its line end; with `whole` false a piece of one, of which more is to come.
    pub fn line(&mut self, text: &[u8], whole: bool) -> Step {
        let mut step = Step::default();
        if let State::Header(place) = self.state
            && self.header_line(place, text, &mut step)
        {
            self.partial = !whole;
            return step;
        }
        self.body_line(text, &mut step);
        self.partial = !whole;
        step
    }

    /// The content is over.
    pub fn end(&mut self) -> Step {
        let mut step = Step::default();
        if let State::Header(place) = self.state {
            self.finish_field(place, &mut step);
            self.finish_header(place, &mut step);
            self.enter(State::Body);
        }
        step
    }

    /// True when the line belongs to the header.
    fn header_line(&mut self, place: Place, text: &[u8], step: &mut Step) -> bool {
        if !self.field.is_empty() {
            // RFC 5322 section 2.2.3: white space at the start of a line continues the field.
            let continues = matches!(text.first(), Some(b' ' | b'\t'));
            if self.partial || continues {
                if self.field.len() < self.limits.header_size {
                    if !self.partial {
                        self.field.push(b'\n');
                    }
                    self.append_to_field(text);
                }
                return true;
            }
            self.finish_field(place, step);
        }
        if let Some(name) = name_length(text) {
            self.append_to_field(&text[..name]);
            let rest = &text[name..];
            let blanks = rest.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
            self.append_to_field(&rest[blanks..]);
            return true;
        }
        self.finish_header(place, step);
        match text.is_empty() {
            true => self.enter_body(),
            false => {
                // Only between the message's header and its body may a line be put in: elsewhere it would break a signature.
                step.separator = place == Place::Primary;
                self.enter(State::Body);
            }
        }
        false
    }

    /// A NUL ends a line of it, as in Postfix.
    fn append_to_field(&mut self, text: &[u8]) {
        let end = memchr(0, text).unwrap_or(text.len());
        self.field.extend_from_slice(&text[..end]);
    }

    fn finish_field(&mut self, place: Place, step: &mut Step) {
        if self.field.is_empty() {
            return;
        }
        let text = std::mem::take(&mut self.field);
        let name = &text[..memchr(b':', &text).unwrap_or(0)];
        let mut held = false;
        if !self.options.contains(Options::DISABLED) {
            if name.eq_ignore_ascii_case(b"content-type") {
                self.content_type(&text);
            } else if name.eq_ignore_ascii_case(b"content-transfer-encoding") {
                self.content_encoding(&text[name.len() + 1..]);
                // Whether it stays true is known when the header is over: what stands there then replaces it.
                held = self.converts();
            }
        }
        if self.options.contains(Options::EIGHT_BIT_HEADERS) && !text.is_ascii() {
            self.fault(Fault::EightBitHeader, &text);
        }
        if !held {
            step.header = Some(Header { place, text });
        }
    }

    /// The present entity is to be converted.
    fn converts(&self) -> bool {
        self.options.contains(Options::DOWNGRADE) && self.encoding.domain() != Encoding::SevenBit
    }

    fn finish_header(&mut self, place: Place, step: &mut Step) {
        if self.converts() {
            let composite = self.content_type.is_message() || self.content_type == ContentType::Multipart;
            let name = if composite { "7bit" } else { "quoted-printable" };
            step.encoding = Some(Header { place, text: format!("Content-Transfer-Encoding: {name}").into_bytes() });
        }
        step.header_ends = place == Place::Primary;
        if self.options.contains(Options::ENCODING_DOMAIN) {
            let domain = self.encoding.domain();
            // RFC 2045 section 6.4: composite types are not encoded themselves.
            let wrong = match self.content_type {
                ContentType::SevenBitMessage => domain != Encoding::SevenBit,
                ContentType::Leaf => false,
                _ => self.encoding != domain,
            };
            if wrong {
                self.fault(Fault::EncodingDomain, self.encoding.name().as_bytes());
            }
        }
    }

    /// The empty line behind a header.
    fn enter_body(&mut self) {
        match self.content_type {
            ContentType::Rfc822 => self.enter_part(State::Header(Place::Nested), ContentType::Leaf),
            ContentType::Multipart => self.enter_part(State::Body, ContentType::Leaf),
            _ => self.enter(State::Body),
        }
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        self.offset = 0;
    }

    fn enter_part(&mut self, state: State, content_type: ContentType) {
        self.enter(state);
        self.content_type = content_type;
        self.encoding = Encoding::SevenBit;
    }

    fn body_line(&mut self, text: &[u8], step: &mut Step) {
        let labelled_7bit = self.encoding == Encoding::SevenBit;
        if self.options.contains(Options::EIGHT_BIT_BODY) && labelled_7bit && !text.is_ascii() {
            self.fault(Fault::EightBitBody, text);
        }
        if !self.partial && text.starts_with(b"--") && !self.levels.is_empty() {
            self.boundary(&text[2..]);
        }
        step.body = Some(Body { offset: self.offset, encode: self.converts() });
        self.offset += text.len() as u64;
    }

    /// `text` stands behind `--`. A boundary that contains another one's text at its start is taken for that one, the
    /// innermost first; what follows it does not matter.
    fn boundary(&mut self, text: &[u8]) {
        let Some(at) = self.levels.iter().rposition(|level| text.starts_with(&level.boundary)) else { return };
        let default_type = self.levels[at].default_type;
        // RFC 2046 section 5.1.1: two hyphens behind it end the multipart.
        if text[self.levels[at].boundary.len()..].starts_with(b"--") {
            self.levels.truncate(at);
            self.enter_part(State::Body, ContentType::Leaf);
        } else {
            self.levels.truncate(at + 1);
            self.enter_part(State::Header(Place::Part), default_type);
        }
    }

    fn content_type(&mut self, field: &[u8]) {
        let mut value = &field["content-type:".len()..];
        let Some(tokens) = token::until(&mut value, b';') else { return };
        let is = |at: usize, name: &str| tokens.get(at).is_some_and(|token: &Token| token.is_word(name));
        let subtype = |name: &str| tokens.len() >= 3 && tokens[1].is_special(b'/') && is(2, name);
        if tokens.is_empty() {
            return;
        }
        self.content_type = match () {
            () if is(0, "multipart") => ContentType::Multipart,
            () if !is(0, "message") => ContentType::Leaf,
            () if subtype("rfc822") => ContentType::Rfc822,
            () if subtype("partial") || subtype("external-body") => ContentType::SevenBitMessage,
            () => ContentType::OtherMessage,
        };
        if self.content_type != ContentType::Multipart {
            return;
        }
        let default_type = if subtype("digest") { ContentType::Rfc822 } else { ContentType::Leaf };
        // Several boundaries are illegal and a way to hide parts: each of them counts.
        while let Some(tokens) = token::until(&mut value, b';') {
            let names = tokens.first().is_some_and(|token| token.is_word("boundary"));
            if !names || tokens.len() < 3 || !tokens[1].is_special(b'=') {
                continue;
            }
            // Postfix counts the first one as none.
            if self.levels.len() > self.limits.nesting + 1 {
                if self.options.contains(Options::NESTING) {
                    self.fault(Fault::Nesting, field);
                }
                continue;
            }
            let mut boundary = tokens[2].text().to_vec();
            boundary.truncate(self.limits.boundary_length);
            self.levels.push(Level { boundary, default_type });
        }
    }

    fn content_encoding(&mut self, mut value: &[u8]) {
        let tokens = token::until(&mut value, 0).unwrap_or_default();
        if let Some(Token::Word(word)) = tokens.first()
            && let Some(encoding) = Encoding::of(word)
        {
            self.encoding = encoding;
        }
    }

    fn fault(&mut self, fault: Fault, text: &[u8]) {
        if !self.found.contains(&fault) {
            self.found.push(fault);
            self.faults.push((fault, text[..text.len().min(200)].to_vec()));
        }
    }
}

/// The field describes a body: it comes under mime_header_checks wherever it stands.
pub fn is_mime_header(name: &[u8]) -> bool {
    const NAMES: [&str; 6] = [
        "content-description",
        "content-disposition",
        "content-id",
        "content-transfer-encoding",
        "content-type",
        "mime-version",
    ];
    NAMES.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(name))
}
