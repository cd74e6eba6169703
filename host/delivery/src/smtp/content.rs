//! Content on its way out: smtp_header_checks and its relatives, smtp_generic_maps, and 8-bit text for servers that take 7-bit
//! text only. Mail that none of them concerns is sent as it lies.

use std::sync::Arc;

use config::Config;
use dict::{CheckAnswer, CheckList, CheckTrouble};
use hook::{Call, CheckAction, CheckPart, Checkers, Instances, LogLine, MailLog, Request, SearchOrder, Stage, Tables};
use mail::{
    AddressList,
    address::{Extensions, add_extension, split_domain},
    mime::{self, Limits, Mime, Options, Place, QuotedPrintable, Step},
};
use memchr::memchr;
use rewrite::Context;

use super::{parameters::*, reply::Trouble};
use crate::DeliveryError;

/// What the parameters make of all content.
pub struct Rules {
    header: Option<CheckList>,
    mime_header: Option<CheckList>,
    nested_header: Option<CheckList>,
    body: Option<CheckList>,
    /// disable_mime_output_conversion is off.
    pub(super) converts: bool,
    generic: Generic,
    limits: Limits,
    line_limit: usize,
}

impl Rules {
    /// Opens the lists and tables.
    pub fn from_config(
        config: &Config,
        tables: Arc<dyn Tables>,
        checkers: &dyn Checkers,
    ) -> Result<Self, DeliveryError> {
        let list = |parameter: &config::Param<config::Text>| {
            CheckList::open(parameter.name, &config.get(parameter), &*tables, checkers).map_err(DeliveryError::Table)
        };
        let count = |value: i64| usize::try_from(value).unwrap_or(0);
        Ok(Self {
            header: list(&SMTP_HEADER_CHECKS)?,
            mime_header: list(&SMTP_MIME_HEADER_CHECKS)?,
            nested_header: list(&SMTP_NESTED_HEADER_CHECKS)?,
            body: list(&SMTP_BODY_CHECKS)?,
            converts: !config.get(&DISABLE_MIME_OUTPUT_CONVERSION),
            limits: Limits {
                nesting: count(config.get(&config::parameters::MIME_NESTING_LIMIT)),
                boundary_length: count(config.get(&config::parameters::MIME_BOUNDARY_LENGTH_LIMIT)),
                header_size: count(config.get(&config::parameters::HEADER_SIZE_LIMIT)),
            },
            line_limit: count(config.get(&config::parameters::LINE_LENGTH_LIMIT)),
            generic: Generic::from_config(config, tables.clone())?,
        })
    }

    /// What takes the content apart; none when it can stay as it is. `eight_bit`: the server takes 8-bit text.
    pub fn apply<'a>(&'a self, request: &'a Request, log: &'a MailLog, eight_bit: bool) -> Option<Outgoing<'a>> {
        let converts = self.converts && !eight_bit;
        let lists = [&self.header, &self.mime_header, &self.nested_header, &self.body];
        if !converts && lists.iter().all(|list| list.is_none()) && self.generic.tables.is_empty() {
            return None;
        }
        let mut options = Options::empty();
        options.set(Options::DOWNGRADE, converts);
        // Without either there is no need to look for parts.
        options.set(Options::DISABLED, !converts && self.mime_header.is_none() && self.nested_header.is_none());
        let call = Call {
            session: request.session.clone(),
            message: None,
            stage: Stage::EndOfData,
            notes: request.notes.clone(),
            instances: Instances::default(),
        };
        let mime = Mime::new(options, self.limits);
        let encoder = QuotedPrintable::default();
        Some(Outgoing {
            rules: self,
            log,
            id: &request.queue_id,
            call,
            mime,
            encoder,
            pending: Vec::new(),
            piece: false,
        })
    }

    /// smtp_generic_maps, for addresses of the envelope.
    pub fn generic(&self) -> &Generic {
        &self.generic
    }

    fn of_header(&self, place: Place, name: &[u8]) -> (CheckPart, Option<&CheckList>) {
        match place {
            _ if mime::is_mime_header(name) => (CheckPart::MimeHeader, self.mime_header.as_ref()),
            Place::Part => (CheckPart::MimeHeader, self.mime_header.as_ref()),
            Place::Primary => (CheckPart::Header, self.header.as_ref()),
            Place::Nested => (CheckPart::NestedHeader, self.nested_header.as_ref()),
        }
    }
}

/// The content of one message for one server.
pub struct Outgoing<'a> {
    rules: &'a Rules,
    log: &'a MailLog,
    id: &'a str,
    call: Call,
    mime: Mime,
    encoder: QuotedPrintable,
    /// The start of a line whose end has not come.
    pending: Vec<u8>,
    piece: bool,
}

impl Outgoing<'_> {
    /// What the next piece becomes.
    pub async fn piece(&mut self, bytes: &[u8]) -> Result<Vec<u8>, Trouble> {
        let mut out = Vec::with_capacity(bytes.len() + 1024);
        let mut rest = bytes;
        while !rest.is_empty() {
            let room = self.rules.line_limit - self.pending.len();
            let end = memchr(b'\n', &rest[..rest.len().min(room + 1)]);
            let taken = end.map_or(rest.len().min(room), |end| end + 1);
            let (line, after) = rest.split_at(taken);
            rest = after;
            if end.is_none() && line.len() < room {
                self.pending.extend_from_slice(line);
                break;
            }
            let mut joined = std::mem::take(&mut self.pending);
            let mut text = line;
            if !joined.is_empty() {
                joined.extend_from_slice(line);
                text = &joined;
            }
            if end.is_some() {
                text = text.strip_suffix(b"\r\n").or_else(|| text.strip_suffix(b"\n")).unwrap_or(text);
            }
            self.line(text, end.is_some(), &mut out).await?;
            joined.clear();
            self.pending = joined;
        }
        Ok(out)
    }

    /// What is left at the end.
    pub async fn end(&mut self) -> Result<Vec<u8>, Trouble> {
        let mut out = Vec::new();
        if !self.pending.is_empty() || self.piece {
            let last = std::mem::take(&mut self.pending);
            self.line(&last, true, &mut out).await?;
        }
        let step = self.mime.end();
        self.step(step, b"", true, &mut out).await?;
        Ok(out)
    }

    async fn line(&mut self, text: &[u8], whole: bool, out: &mut Vec<u8>) -> Result<(), Trouble> {
        let step = self.mime.line(text, whole);
        self.piece = !whole;
        self.step(step, text, whole, out).await
    }

    async fn step(&mut self, step: Step, text: &[u8], whole: bool, out: &mut Vec<u8>) -> Result<(), Trouble> {
        for header in [step.header, step.encoding].into_iter().flatten() {
            self.header(header, out).await?;
        }
        if step.separator {
            out.extend_from_slice(b"\r\n");
        }
        let Some(body) = step.body else { return Ok(()) };
        let mut replaced = None;
        if let Some(list) = &self.rules.body {
            match self.ask(list, CheckPart::Body, text, out).await? {
                Fate::Keep => {}
                Fate::Drop => return Ok(()),
                Fate::Replace(line) => replaced = Some(line),
            }
        }
        let text = replaced.as_deref().unwrap_or(text);
        if body.encode {
            self.encoder.encode(text, whole, out);
        } else {
            out.extend_from_slice(text);
            out.extend_from_slice(if whole { b"\r\n" } else { b"" });
        }
        Ok(())
    }

    async fn header(&mut self, header: mime::Header, out: &mut Vec<u8>) -> Result<(), Trouble> {
        let mime::Header { place, mut text } = header;
        let name = &text[..memchr(b':', &text).unwrap_or(0)];
        let (part, list) = self.rules.of_header(place, name);
        if let Some(list) = list {
            match self.ask(list, part, &text, out).await? {
                Fate::Keep => {}
                Fate::Drop => return Ok(()),
                Fate::Replace(line) => text = line,
            }
        }
        if place == Place::Primary
            && let Some(mapped) = self.rules.generic.header(&text).await.map_err(|why| self.failed(&why))?
        {
            out.extend_from_slice(&mapped);
            return Ok(());
        }
        write_lines(&text, out);
        Ok(())
    }

    async fn ask(&self, list: &CheckList, part: CheckPart, text: &[u8], out: &mut Vec<u8>) -> Result<Fate, Trouble> {
        let answer = match list.ask(part, text, &self.call).await {
            Ok(Some(answer)) => answer,
            Ok(None) => return Ok(Fate::Keep),
            Err(CheckTrouble::Table(why)) => return Err(self.failed(&why)),
            Err(CheckTrouble::Plugin(failure)) if failure.action == hook::FailureAction::Dunno => {
                self.log.warning(format_args!("{}: {failure}", self.id));
                return Ok(Fate::Keep);
            }
            Err(CheckTrouble::Plugin(failure)) => return Err(self.failed(&failure.to_string())),
        };
        Ok(self.act(list, part, text, answer, out))
    }

    fn act(&self, list: &CheckList, part: CheckPart, text: &[u8], answer: CheckAnswer, out: &mut Vec<u8>) -> Fate {
        for line in &answer.log {
            match line {
                LogLine::Info(why) => self.happened("info", part, text, why),
                LogLine::Warn(why) => self.happened("warning", part, text, why),
                LogLine::Write { level: hook::Level::Debug, text } => {
                    self.log.debug(format_args!("{}: {text}", self.id))
                }
                LogLine::Write { level: hook::Level::Info, text } => self.log.info(format_args!("{}: {text}", self.id)),
                LogLine::Write { text, .. } => self.log.warning(format_args!("{text}")),
            }
        }
        // The message was accepted: nothing but its lines can change now.
        let misplaced = !answer.edits.is_empty()
            || matches!(answer.action, CheckAction::Reject(_) | CheckAction::Defer(_) | CheckAction::Pass(_));
        if misplaced {
            let parameter = list.parameter();
            self.log.warning(format_args!("{}: {parameter}: an action that is not possible on delivery", self.id));
        }
        match answer.action {
            CheckAction::Ignore => Fate::Drop,
            CheckAction::Strip(why) => {
                self.happened("strip", part, text, why.as_deref().unwrap_or_default());
                Fate::Drop
            }
            CheckAction::Replace(line) => {
                self.happened("replace", part, text, &String::from_utf8_lossy(&line));
                Fate::Replace(line.into())
            }
            CheckAction::Prepend(line) => {
                self.happened("prepend", part, text, &String::from_utf8_lossy(&line));
                write_lines(&line, out);
                Fate::Keep
            }
            CheckAction::Dunno | CheckAction::Reject(_) | CheckAction::Defer(_) | CheckAction::Pass(_) => Fate::Keep,
        }
    }

    fn happened(&self, word: &str, part: CheckPart, text: &[u8], why: &str) {
        let class = if part == CheckPart::Body { "body" } else { "header" };
        let shown = String::from_utf8_lossy(&text[..text.len().min(60)]).into_owned();
        let shown: String = shown.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
        let colon = if why.is_empty() { "" } else { ": " };
        self.log.info(format_args!("{}: {word}: {class} {shown}{colon}{why}", self.id));
    }

    fn failed(&self, why: &str) -> Trouble {
        self.log.warning(format_args!("{}: {why}", self.id));
        Trouble::LocalData
    }
}

enum Fate {
    Keep,
    Drop,
    Replace(Vec<u8>),
}

/// Lines joined by LF.
fn write_lines(text: &[u8], out: &mut Vec<u8>) {
    for line in text.split(|byte| *byte == b'\n') {
        out.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        out.extend_from_slice(b"\r\n");
    }
}

/// generic(5): addresses that only mean something here become others on the way out.
pub struct Generic {
    tables: String,
    lookup: Arc<dyn Tables>,
    rewrite: rewrite::Settings,
    extensions: Extensions,
    /// propagate_unmatched_extensions holds `generic`.
    propagate: bool,
}

impl Generic {
    fn from_config(config: &Config, lookup: Arc<dyn Tables>) -> Result<Self, DeliveryError> {
        let tables = config.get(&SMTP_GENERIC_MAPS);
        if !tables.is_empty() {
            lookup.open(&tables).map_err(DeliveryError::Table)?;
        }
        let propagate = config.get(&config::parameters::PROPAGATE_UNMATCHED_EXTENSIONS);
        Ok(Self {
            tables,
            lookup,
            rewrite: rewrite::Settings::from(config),
            extensions: rewrite::settings::extensions(config),
            propagate: propagate.iter().any(|item| item.eq_ignore_ascii_case("generic")),
        })
    }

    /// The address, internal form, in its place; none: it stays.
    pub async fn map(&self, address: &str) -> Result<Option<String>, String> {
        if self.tables.is_empty() || address.is_empty() {
            return Ok(None);
        }
        let found = self.lookup.find(SearchOrder::Alias, &self.tables, address).wait().await;
        let Some(found) = found.map_err(|error| error.to_string())? else { return Ok(None) };
        let stripped = self.extensions.strip(address);
        let extension = match &stripped {
            Some((bare, extension)) if found.key.eq_ignore_ascii_case(bare) || !found.key.contains('@') => {
                extension.as_str()
            }
            _ => "",
        };
        let value = match found.value.strip_prefix('@') {
            Some(domain) => format!("{}@{domain}", mail::address::quote(split_domain(address).0)),
            None => found.value.clone(),
        };
        let mut list = AddressList::parse(&value);
        let Some(first) = list.addresses().next() else { return Ok(None) };
        let mapped = self.rewrite.canonical_form(first, Context::Local);
        Ok(Some(if self.propagate { add_extension(&mapped, extension) } else { mapped.into_owned() }))
    }

    /// A header with its addresses mapped, with CR LF; none: it stays.
    async fn header(&self, text: &[u8]) -> Result<Option<Vec<u8>>, String> {
        if self.tables.is_empty() {
            return Ok(None);
        }
        let Some((name, value)) = std::str::from_utf8(text).ok().and_then(|text| text.split_once(':')) else {
            return Ok(None);
        };
        if mail::header::address_header(name).is_none() {
            return Ok(None);
        }
        let mut list = AddressList::parse(value);
        let mut changed = false;
        for address in list.addresses() {
            if let Some(mapped) = self.map(address).await? {
                *address = mapped;
                changed = true;
            }
        }
        Ok(changed.then(|| list.header(name, usize::MAX)))
    }
}
