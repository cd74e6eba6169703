//! Values of the parameters a plugin declares: from plugins.cf, main.cf or the plugin's default, checked when it is loaded.

use config::{Config, Kind, KindTag, Limits, PluginRow, tokens};

use crate::bindings::exports::waxwing::plugin::plugin::{Parameter, ParameterKind};

/// One checked value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Value {
    text: String,
    kind: ParameterKind,
    /// Of boolean 0 or 1, number, reply code, or milliseconds.
    number: i64,
}

impl Value {
    /// Checks a text that is already expanded. `Err` says what is wrong.
    pub(crate) fn parse(name: &str, kind: ParameterKind, text: String) -> Result<Self, String> {
        let limits = Limits::default();
        let number = match kind {
            ParameterKind::Boolean => config::Boolean::parse(name, &text, &limits)?.into(),
            ParameterKind::Number => config::Count::parse(name, &text, &limits)?,
            ParameterKind::Duration => {
                i64::try_from(config::Time::parse(name, &text, &limits)?.as_millis()).unwrap_or(i64::MAX)
            }
            ParameterKind::ReplyCode => {
                let code = config::ReplyCode::parse(name, &text, &limits)?;
                if code < 400 {
                    return Err(format!("parameter {name}: bad reply code {code}: want 400 to 599"));
                }
                code.into()
            }
            ParameterKind::Text
            | ParameterKind::Template
            | ParameterKind::Tables
            | ParameterKind::AddressList
            | ParameterKind::DomainList => 0,
        };
        Ok(Self { text, kind, number })
    }

    /// Another value of the same parameter.
    pub(crate) fn with_text(&self, name: &str, text: &str) -> Result<Self, String> {
        Self::parse(name, self.kind, text.to_string())
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn boolean(&self) -> Option<bool> {
        (self.kind == ParameterKind::Boolean).then_some(self.number != 0)
    }

    pub(crate) fn number(&self) -> Option<i64> {
        matches!(self.kind, ParameterKind::Number | ParameterKind::ReplyCode).then_some(self.number)
    }

    pub(crate) fn milliseconds(&self) -> Option<u64> {
        (self.kind == ParameterKind::Duration).then_some(self.number.unsigned_abs())
    }

    /// Split at comma and white space, `{ }` groups whole.
    pub(crate) fn items(&self) -> Vec<String> {
        use ParameterKind as K;
        let list = matches!(self.kind, K::Tables | K::AddressList | K::DomainList | K::Text | K::Template);
        if !list {
            return Vec::new();
        }
        tokens::split(&self.text, tokens::COMMA_SPACE).into_iter().map(str::to_owned).collect()
    }

    /// Names exactly these tables, or one of them.
    pub(crate) fn is_tables(&self, tables: &str) -> bool {
        self.kind == ParameterKind::Tables
            && (self.text == tables || tokens::split(&self.text, tokens::COMMA_SPACE).contains(&tables))
    }

    pub(crate) fn is_match_list(&self) -> bool {
        matches!(self.kind, ParameterKind::AddressList | ParameterKind::DomainList)
    }
}

/// The row that makes a declared parameter known to main.cf and postconf.
pub(crate) fn row(plugin: &str, parameter: &Parameter) -> PluginRow {
    PluginRow {
        plugin: plugin.to_string(),
        name: parameter.name.clone(),
        default: parameter.default_value.clone(),
        kind: match parameter.kind {
            ParameterKind::Text => KindTag::Text,
            ParameterKind::Boolean => KindTag::Boolean,
            ParameterKind::Number => KindTag::Count,
            ParameterKind::Duration => KindTag::Time,
            ParameterKind::ReplyCode => KindTag::ReplyCode,
            ParameterKind::Tables | ParameterKind::AddressList | ParameterKind::DomainList => KindTag::List,
            ParameterKind::Template => KindTag::Raw,
        },
        limits: Limits::default(),
        doc: parameter.summary.clone(),
    }
}

/// The value of a parameter as the plugin's view of the configuration has it. The text of an error is for the log and names
/// the place where there is one.
pub(crate) fn value(config: &Config, parameter: &Parameter) -> Result<Value, String> {
    let name = &parameter.name;
    let place = config.place(name).map(|place| format!("{place}: ")).unwrap_or_default();
    let text = match (parameter.kind, config.raw(name)) {
        (ParameterKind::Template, Some(raw)) => Some(raw.to_string()),
        (ParameterKind::Template, None) => config.default_text(name),
        _ => config.text(name),
    };
    let text = text.ok_or_else(|| format!("{place}parameter {name} does not expand"))?;
    Value::parse(name, parameter.kind, text).map_err(|wrong| format!("{place}{wrong}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(kind: ParameterKind, text: &str) -> Result<Value, String> {
        Value::parse("x", kind, text.to_string())
    }

    #[test]
    fn each_kind_reads_its_own_and_no_other() {
        let delay = value(ParameterKind::Duration, "5m").expect("a time");
        assert_eq!((delay.milliseconds(), delay.number(), delay.boolean()), (Some(300_000), None, None));
        let code = value(ParameterKind::ReplyCode, "450").expect("a code");
        assert_eq!(code.number(), Some(450));
        assert_eq!(value(ParameterKind::Boolean, "yes").expect("yes or no").boolean(), Some(true));
        for (kind, text) in [
            (ParameterKind::ReplyCode, "250"),
            (ParameterKind::ReplyCode, "abc"),
            (ParameterKind::Boolean, "maybe"),
            (ParameterKind::Duration, "soon"),
            (ParameterKind::Number, "1x"),
        ] {
            assert!(value(kind, text).is_err(), "{kind:?} took {text:?}");
        }
    }

    #[test]
    fn tables_are_named_whole_or_one_by_one() {
        let tables = value(ParameterKind::Tables, "hash:/a, inline:{ b=c, d=e }").expect("any text");
        assert_eq!(tables.items(), ["hash:/a", "inline:{ b=c, d=e }"]);
        assert!(tables.is_tables("hash:/a") && tables.is_tables("hash:/a, inline:{ b=c, d=e }"));
        assert!(!tables.is_tables("hash:/b"));
    }
}
