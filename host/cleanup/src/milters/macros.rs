//! Sendmail's macros: which go with which event, and where their values come from.

use std::sync::Arc;

use hook::BoxFuture;

use super::{
    list::{FilterSettings, MacroLists, macro_names},
    packet::Data,
};

/// Where the values come from.
pub trait Macros: Send + Sync {
    /// `i`, `{mail_addr}`. None: it has no value now.
    fn value<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Option<String>>;
}

/// The lists one milter gets: main.cf's, or its own where it asked for other ones (SETSYMLIST).
pub(super) struct Wanted {
    settings: Arc<FilterSettings>,
    own: [Option<Vec<String>>; 7],
}

/// The events with macros, numbered as SMFIM_CONNECT and its relatives. What UNKNOWN gets cannot be chosen by a milter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    Connect = 0,
    Helo = 1,
    Mail = 2,
    Rcpt = 3,
    Data = 4,
    EndOfData = 5,
    EndOfHeader = 6,
    Unknown = 7,
}

impl Wanted {
    pub fn new(settings: Arc<FilterSettings>) -> Self {
        Self { settings, own: Default::default() }
    }

    /// The lists after the option negotiation. Gives the numbers of those that are none; None: they cannot be read.
    pub fn read(&mut self, mut data: Data<'_>) -> Option<Vec<u32>> {
        let mut unknown = Vec::new();
        while !data.is_empty() {
            let (number, text) = (data.long()?, data.string()?);
            match self.own.get_mut(number as usize) {
                Some(own) => *own = Some(macro_names(&String::from_utf8_lossy(text))),
                None => unknown.push(number),
            }
        }
        Some(unknown)
    }

    fn names(&self, moment: Moment) -> &[String] {
        let MacroLists { connect, helo, mail, rcpt, data, unknown, end_of_header, end_of_data } = &self.settings.macros;
        if let Some(Some(own)) = self.own.get(moment as usize) {
            return own;
        }
        match moment {
            Moment::Connect => connect,
            Moment::Helo => helo,
            Moment::Mail => mail,
            Moment::Rcpt => rcpt,
            Moment::Data => data,
            Moment::EndOfData => end_of_data,
            Moment::EndOfHeader => end_of_header,
            Moment::Unknown => unknown,
        }
    }

    /// Names and values for an event. None: no names are listed for it.
    pub async fn values(&self, moment: Moment, macros: &dyn Macros) -> Option<Vec<String>> {
        let names = self.names(moment);
        if names.is_empty() {
            return None;
        }
        let mut values = Vec::new();
        for name in names {
            let own = match name.as_str() {
                "j" => Some(self.settings.hostname.clone()),
                "v" => Some(self.settings.version.clone()),
                "{daemon_name}" => Some(self.settings.daemon_name.clone()),
                _ => macros.value(name).await,
            };
            if let Some(value) = own.or_else(|| self.settings.macro_defaults.get(name).cloned()) {
                values.extend([name.clone(), value]);
            }
        }
        Some(values)
    }
}
