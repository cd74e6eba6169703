//! The lists of main.cf: `inet:host:port`, `{ unix:path, default_action=accept }`, `wasm:NAME`.

use std::{collections::HashMap, sync::Arc, time::Duration};

use config::{Config, Kind, Limits, parameters as shared, tokens};
use hook::{Filter, FilterSource};

use super::packet::Protocol;
use crate::parameters::*;

/// What holds for all filters of a service.
#[derive(Clone, Debug)]
pub struct FilterSettings {
    pub(super) each: Each,
    pub(super) macros: MacroLists,
    /// milter_macro_defaults, names with their braces.
    pub(super) macro_defaults: HashMap<String, String>,
    pub(crate) hostname: String,
    /// milter_macro_daemon_name, milter_macro_v.
    pub(crate) daemon_name: String,
    pub(crate) version: String,
}

/// milter_connect_timeout and its relatives; a filter in braces may have its own.
#[derive(Clone, Debug)]
pub(super) struct Each {
    pub connect_timeout: Duration,
    pub command_timeout: Duration,
    pub content_timeout: Duration,
    pub default_action: DefaultAction,
    pub protocol: Protocol,
}

/// milter_default_action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum DefaultAction {
    Accept,
    Reject,
    Tempfail,
    Quarantine,
    Unknown(String),
}

impl DefaultAction {
    fn of(text: &str) -> Self {
        match text.to_ascii_lowercase().as_str() {
            "accept" => Self::Accept,
            "reject" => Self::Reject,
            "tempfail" => Self::Tempfail,
            "quarantine" => Self::Quarantine,
            _ => Self::Unknown(text.to_string()),
        }
    }
}

/// Names of macros by event: milter_connect_macros and its relatives.
#[derive(Clone, Debug, Default)]
pub(super) struct MacroLists {
    pub connect: Vec<String>,
    pub helo: Vec<String>,
    pub mail: Vec<String>,
    pub rcpt: Vec<String>,
    pub data: Vec<String>,
    pub unknown: Vec<String>,
    pub end_of_header: Vec<String>,
    pub end_of_data: Vec<String>,
}

impl FilterSettings {
    /// Of a service.
    ///
    /// # Errors
    /// What is wrong with milter_macro_defaults.
    pub fn from(config: &Config) -> Result<Self, String> {
        let list = |parameter: &config::Param<config::Text>| macro_names(&config.get(parameter));
        Ok(Self {
            each: Each {
                connect_timeout: config.get(&MILTER_CONNECT_TIMEOUT),
                command_timeout: config.get(&MILTER_COMMAND_TIMEOUT),
                content_timeout: config.get(&MILTER_CONTENT_TIMEOUT),
                default_action: DefaultAction::of(&config.get(&MILTER_DEFAULT_ACTION)),
                protocol: Protocol::named(&config.get(&MILTER_PROTOCOL)),
            },
            macros: MacroLists {
                connect: list(&MILTER_CONNECT_MACROS),
                helo: list(&MILTER_HELO_MACROS),
                mail: list(&MILTER_MAIL_MACROS),
                rcpt: list(&MILTER_RCPT_MACROS),
                data: list(&MILTER_DATA_MACROS),
                unknown: list(&MILTER_UNKNOWN_COMMAND_MACROS),
                end_of_header: list(&MILTER_END_OF_HEADER_MACROS),
                end_of_data: list(&MILTER_END_OF_DATA_MACROS),
            },
            macro_defaults: macro_defaults(&config.get(&MILTER_MACRO_DEFAULTS))?,
            hostname: config.get(&shared::MYHOSTNAME),
            daemon_name: config.get(&MILTER_MACRO_DAEMON_NAME),
            version: config.get(&MILTER_MACRO_V),
        })
    }
}

/// Names between commas and blanks.
pub(super) fn macro_names(text: &str) -> Vec<String> {
    text.split(tokens::COMMA_SPACE).filter(|name| !name.is_empty()).map(str::to_string).collect()
}

/// `name = value, { name = value with blanks }`; a name of more than one letter stands in braces.
fn macro_defaults(text: &str) -> Result<HashMap<String, String>, String> {
    let mut all = HashMap::new();
    for word in tokens::split(text, tokens::COMMA_SPACE) {
        // `{name}=value` begins with a brace, too.
        let (name, value) = tokens::name_value(tokens::strip_braces(word).unwrap_or(word))?;
        let name = if name.len() == 1 || name.starts_with('{') { name.to_string() } else { format!("{{{name}}}") };
        all.insert(name, value.to_string());
    }
    Ok(all)
}

/// Who is asked.
#[derive(Clone)]
pub(super) enum Asked {
    /// An endpoint.
    Milter(Arc<str>),
    Plugin(Arc<dyn Filter>),
}

/// One item of a list.
#[derive(Clone)]
pub(super) struct Item {
    /// As in main.cf, for log lines.
    pub name: Arc<str>,
    pub asked: Asked,
    pub each: Each,
    /// default_action stands in the item's own braces.
    pub own_action: bool,
}

/// The filters of a service, or of mail that came without SMTP.
pub struct Filters {
    pub(super) settings: Arc<FilterSettings>,
    pub(super) items: Vec<Item>,
}

impl Filters {
    /// Reads a list; none where there is nothing in it. The error is one line.
    pub fn parse(
        settings: &Arc<FilterSettings>,
        text: &str,
        source: &dyn FilterSource,
    ) -> Result<Option<Arc<Self>>, String> {
        let words = tokens::split(text, tokens::COMMA_SPACE);
        let items: Result<Vec<Item>, String> = words.into_iter().map(|word| item(settings, word, source)).collect();
        let items = items?;
        Ok((!items.is_empty()).then(|| Arc::new(Self { settings: settings.clone(), items })))
    }
}

fn item(settings: &FilterSettings, word: &str, source: &dyn FilterSource) -> Result<Item, String> {
    let inner = tokens::strip_braces(word).map_err(|why| format!("milter service syntax error: {why}"))?;
    let mut parts = tokens::split(inner, tokens::COMMA_SPACE).into_iter();
    let name = parts.next().ok_or_else(|| format!("empty milter definition: \"{word}\""))?;
    let (mut each, mut own_action) = (settings.each.clone(), false);
    // A word of one item has no settings.
    for setting in parts {
        let (attribute, value) = tokens::name_value(tokens::strip_braces(setting)?)?;
        let time = |least| {
            let limits = Limits { min: Some(least), ..Limits::default() };
            config::Time::parse(attribute, value, &limits)
        };
        match attribute {
            "connect_timeout" => each.connect_timeout = time(1)?,
            "command_timeout" => each.command_timeout = time(1)?,
            "content_timeout" => each.content_timeout = time(1)?,
            "default_action" => (each.default_action, own_action) = (DefaultAction::of(value), true),
            "protocol" => each.protocol = Protocol::named(value),
            _ => return Err(format!("unknown attribute name \"{attribute}\" in \"{word}\"")),
        }
    }
    let asked = match name.split_once(':') {
        Some(("wasm", plugin)) => Asked::Plugin(source.filter(plugin).map_err(|why| format!("{name}: {why}"))?),
        Some(("inet" | "unix" | "local", rest)) if !rest.is_empty() => Asked::Milter(name.into()),
        Some((kind, rest)) if !rest.is_empty() => {
            return Err(format!("invalid transport name: {kind} in Milter service: {name}"));
        }
        _ => return Err(format!("Milter service needs transport:endpoint instead of \"{name}\"")),
    };
    Ok(Item { name: name.into(), asked, each, own_action })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nobody;
    impl FilterSource for Nobody {
        fn filter(&self, name: &str) -> Result<Arc<dyn Filter>, String> {
            Err(format!("no plugin {name} in plugins.cf"))
        }
    }

    fn settings() -> Arc<FilterSettings> {
        let config =
            Config::from_text("myhostname = mx.test\n", &[PARAMETERS, shared::PARAMETERS]).expect("a configuration");
        Arc::new(FilterSettings::from(&config).expect("settings"))
    }

    #[test]
    fn lists() {
        let parse = |text: &str| Filters::parse(&settings(), text, &Nobody);
        assert!(parse(" ").expect("empty").is_none());
        let filters =
            parse("inet:localhost:1 { unix:p/q, connect_timeout=3s, { default_action = accept } protocol=3 }");
        let filters = filters.expect("a list").expect("two");
        let [one, two] = &filters.items[..] else { panic!("{} items", filters.items.len()) };
        assert_eq!(
            (&*one.name, one.own_action, &one.each.default_action),
            ("inet:localhost:1", false, &DefaultAction::Tempfail)
        );
        assert_eq!((&*two.name, two.own_action, &two.each.default_action), ("unix:p/q", true, &DefaultAction::Accept));
        assert_eq!(
            (two.each.connect_timeout, two.each.command_timeout),
            (Duration::from_secs(3), Duration::from_secs(30))
        );
        for (bad, why) in [
            ("nobody", "Milter service needs transport:endpoint instead of \"nobody\""),
            ("ftp:x", "invalid transport name: ftp in Milter service: ftp:x"),
            ("{ }", "empty milter definition: \"{ }\""),
            ("wasm:x", "wasm:x: no plugin x in plugins.cf"),
            ("{ inet:1, foo=2 }", "unknown attribute name \"foo\" in \"{ inet:1, foo=2 }\""),
        ] {
            assert_eq!(parse(bad).err().as_deref(), Some(why), "{bad}");
        }
    }

    #[test]
    fn defaults_of_macros() {
        let defaults = macro_defaults("{client_addr}=1.2.3.4 j=x, { auth_type = a b }").expect("macros");
        let mut names: Vec<_> = defaults.iter().map(|(name, value)| format!("{name}={value}")).collect();
        names.sort();
        assert_eq!(names, ["j=x", "{auth_type}=a b", "{client_addr}=1.2.3.4"]);
    }
}
