//! Parameter rows: what is known about a parameter before any file is read.

use std::marker::PhantomData;

use crate::configuration::Evaluation;
use crate::expand::ExpandError;
use crate::kind::{Kind, KindTag, Limits, Unit};

/// Gives a default that depends on the machine or on other parameters in a way no `$name` can say, as a main.cf text.
pub type Computed = fn(&Evaluation<'_>) -> Result<String, ExpandError>;

/// A check of a value beyond its kind. The error is the message to show.
pub type Validity = fn(&str) -> Result<(), String>;

/// The master.cf commands that make a service a mail delivery transport, whose template parameters are read.
pub const DELIVERY_COMMANDS: &[&str] =
    &["smtp", "lmtp", "pipe", "local", "virtual", "error", "retry", "discard", "wasm"];

/// The parameters in which `$name` is not a parameter's: they are expanded later, with names of their own.
pub const UNEXPANDED: &[&str] = &[
    "command_execution_directory",
    "default_rbl_reply",
    "forward_path",
    "luser_relay",
    "mailbox_command",
    "postscreen_expansion_filter",
    "postscreen_reject_footer",
    "smtpd_expansion_filter",
    "smtpd_reject_footer",
];
/// Those of them whose services own template parameters, as postconf(1) has it. What main.cf sets for a service of another
/// of them is read and checked, and called unused.
pub(crate) const TEMPLATE_OWNERS: &[&str] = &["smtp", "lmtp", "pipe", "local", "virtual", "error", "wasm"];

/// One typed parameter. Made by [`parameters!`](crate::parameters!), read with [`Config::get`](crate::Config::get).
#[derive(Debug, Clone, Copy)]
pub struct Param<K: Kind> {
    /// The main.cf name; for a template the part after the service name, underscore included.
    pub name: &'static str,
    /// The main.cf text of the default, as `postconf -d` prints it.
    pub default: &'static str,
    pub doc: &'static str,
    pub limits: Limits,
    /// Each service whose command is one of `commands` has a parameter of its own: service name, then `name`.
    pub template: bool,
    pub commands: &'static [&'static str],
    /// A setting in main.cf is ignored with a warning.
    pub read_only: bool,
    /// A setting keeps something secret or out: while nothing obeys it, the server warns of it at its start.
    pub protects: bool,
    /// Gives the default in place of `default`.
    pub computed: Option<Computed>,
    pub check: Option<Validity>,
    kind: PhantomData<fn() -> K>,
}

/// A [`Param`] without its type, for postconf, the documentation and the checks.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    pub name: &'static str,
    pub default: &'static str,
    pub doc: &'static str,
    pub kind: KindTag,
    pub limits: Limits,
    pub template: bool,
    pub commands: &'static [&'static str],
    pub read_only: bool,
    pub protects: bool,
    pub computed: Option<Computed>,
    pub check: Option<Validity>,
}

/// A parameter that a plugin declares when it is loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginRow {
    /// The plugin's name in plugins.cf; its `-o name=value` there sets the parameter.
    pub plugin: String,
    pub name: String,
    /// The main.cf text of the default; may hold `$name`.
    pub default: String,
    pub kind: KindTag,
    pub limits: Limits,
    pub doc: String,
}

impl<K: Kind> Param<K> {
    pub const fn new(name: &'static str, default: &'static str) -> Param<K> {
        Param {
            name,
            default,
            doc: "",
            limits: Limits { min: None, max: None, unit: Unit::Seconds },
            template: false,
            commands: TEMPLATE_OWNERS,
            read_only: false,
            protects: false,
            computed: None,
            check: None,
            kind: PhantomData,
        }
    }

    #[must_use]
    pub const fn doc(mut self, doc: &'static str) -> Self {
        self.doc = doc;
        self
    }

    /// The least value; of a text the least length in bytes, of a time in seconds.
    #[must_use]
    pub const fn min(mut self, min: i64) -> Self {
        self.limits.min = Some(min);
        self
    }

    /// The greatest value; of a text the greatest length in bytes, of a time in seconds.
    #[must_use]
    pub const fn max(mut self, max: i64) -> Self {
        self.limits.max = Some(max);
        self
    }

    /// The unit of a time that is written without one.
    #[must_use]
    pub const fn unit(mut self, unit: Unit) -> Self {
        self.limits.unit = unit;
        self
    }

    #[must_use]
    pub const fn template(mut self) -> Self {
        self.template = true;
        self
    }

    /// Which master.cf commands make a service own this template; without it all that deliver mail but discard.
    #[must_use]
    pub const fn commands(mut self, commands: &'static [&'static str]) -> Self {
        self.commands = commands;
        self
    }

    #[must_use]
    pub const fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }

    /// See [`Param::protects`](struct@Param).
    #[must_use]
    pub const fn protects(mut self) -> Self {
        self.protects = true;
        self
    }

    #[must_use]
    pub const fn computed(mut self, computed: Computed) -> Self {
        self.computed = Some(computed);
        self
    }

    #[must_use]
    pub const fn check(mut self, check: Validity) -> Self {
        self.check = Some(check);
        self
    }

    /// The row without its type.
    pub const fn row(self) -> Row {
        Row {
            name: self.name,
            default: self.default,
            doc: self.doc,
            kind: K::TAG,
            limits: self.limits,
            template: self.template,
            commands: self.commands,
            read_only: self.read_only,
            protects: self.protects,
            computed: self.computed,
            check: self.check,
        }
    }
}

impl Row {
    /// Whether `text`, expanded unless the kind is raw, is a value of this row under the given full name.
    pub(crate) fn accepts(&self, name: &str, text: &str) -> Result<(), String> {
        self.kind.check(name, text, &self.limits)?;
        self.check.map_or(Ok(()), |check| check(text))
    }
}

/// Names that two tables declare differently; a test of the program that joins the tables holds this to be empty.
pub fn conflicts(tables: &[&'static [Row]]) -> Vec<&'static str> {
    let mut seen = std::collections::HashMap::new();
    let mut names = Vec::new();
    for row in tables.iter().copied().flatten() {
        let first = *seen.entry((row.name, row.template)).or_insert(row);
        if first.default != row.default || first.kind != row.kind || first.limits != row.limits {
            names.push(row.name);
        }
    }
    names
}

/// Declares a crate's parameters: one `pub const` of type [`Param`] a row, and `pub const PARAMETERS: &[Row]` with them all.
///
/// A row is `NAME: Kind = "main_cf_name", "default", option, ...;` after doc comments, which `postconf` and the manual show.
/// The kind is one of [`Text`](crate::Text), [`Raw`](crate::Raw), [`List`](crate::List), [`Boolean`](crate::Boolean),
/// [`Count`](crate::Count), [`Size`](crate::Size), [`Time`](crate::Time) and [`ReplyCode`](crate::ReplyCode), and needs no
/// import. The options are methods of [`Param`]: `min = 1`, `max = 10`, `unit = d` (s, m, h, d or w), `template`,
/// `commands = &["pipe"]`, `read_only`, `protects`,
/// `computed = function`, `check = function`.
/// `pub static PARAMETERS;` may stand before the rows and `pub` before a name; neither changes anything.
#[macro_export]
macro_rules! parameters {
    (pub static PARAMETERS; $($rows:tt)*) => { $crate::parameters! { $($rows)* } };
    (pub const PARAMETERS; $($rows:tt)*) => { $crate::parameters! { $($rows)* } };
    ($(
        $(#[doc = $doc:literal])*
        $visibility:vis $constant:ident : $kind:ident = $name:expr, $default:expr
        $(, $option:ident $(= $value:expr)?)* $(,)? ;
    )*) => {
        $(
            $(#[doc = $doc])*
            pub const $constant: $crate::Param<$crate::$kind> = {
                #[allow(unused_imports)]
                use $crate::unit_letters::*;
                $crate::Param::<$crate::$kind>::new($name, $default)
                    .doc(concat!("" $(, $doc, "\n")*))
                    $(.$option($($value)?))*
            };
        )*
        /// Every row above, in order.
        pub const PARAMETERS: &[$crate::Row] = &[$($constant.row()),*];
    };
}

#[cfg(test)]
mod tests;
