//! What a plugin says of itself, as constants: the plugin, its parameters, the grants it wants, its restrictions.

use crate::{ArgumentKind, Grant, Inputs, ParameterKind, Stages, Traits, Verdict, host};

/// A plugin: name, parameters, wanted grants and restrictions. Hand it to [`export!`](crate::export).
#[derive(Clone, Copy)]
pub struct Plugin {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) parameters: &'static [Parameter],
    pub(crate) grants: &'static [GrantRequest],
    pub(crate) restrictions: &'static [Restriction],
}

impl Plugin {
    /// `name` stands in logs when plugins.cf gives no other; `summary` is one line.
    pub const fn new(name: &'static str, version: &'static str, summary: &'static str) -> Self {
        Self { name, version, summary, parameters: &[], grants: &[], restrictions: &[] }
    }

    /// Parameters it reads; others cannot be read.
    pub const fn parameters(mut self, parameters: &'static [Parameter]) -> Self {
        self.parameters = parameters;
        self
    }

    /// Permissions it wants, with scope and reason. What it imports decides what it needs; this is for people.
    pub const fn grants(mut self, grants: &'static [GrantRequest]) -> Self {
        self.grants = grants;
        self
    }

    /// Restrictions it offers.
    pub const fn restrictions(mut self, restrictions: &'static [Restriction]) -> Self {
        self.restrictions = restrictions;
        self
    }

    /// The restriction of this name or alias, ASCII case ignored.
    pub fn restriction(&self, name: &str) -> Option<&'static Restriction> {
        self.restrictions.iter().find(|offered| {
            offered.name.eq_ignore_ascii_case(name)
                || offered.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name))
        })
    }
}

/// One wanted permission.
#[derive(Clone, Copy)]
pub struct GrantRequest {
    pub(crate) grant: Grant,
    pub(crate) scope: &'static str,
    pub(crate) reason: &'static str,
}

impl GrantRequest {
    /// `scope` as in wit/plugin.wit (the name of a store, a URL prefix …), empty for no narrowing; `reason` in one line.
    pub const fn new(grant: Grant, scope: &'static str, reason: &'static str) -> Self {
        Self { grant, scope, reason }
    }

    /// DNS lookups.
    pub const fn dns(reason: &'static str) -> Self {
        Self::new(Grant::Dns, "", reason)
    }

    /// A named key/value store.
    pub const fn store(name: &'static str, reason: &'static str) -> Self {
        Self::new(Grant::Store, name, reason)
    }
}

/// A parameter of main.cf, or of the plugin's `-o` lines in plugins.cf. The constant that declares it also reads it.
#[derive(Clone, Copy)]
pub struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) kind: ParameterKind,
    pub(crate) default_value: &'static str,
    pub(crate) summary: &'static str,
}

impl Parameter {
    /// `default_value` in main.cf syntax. For a parameter that the server owns (`mynetworks`) it is ignored.
    pub const fn new(
        name: &'static str,
        kind: ParameterKind,
        default_value: &'static str,
        summary: &'static str,
    ) -> Self {
        Self { name, kind, default_value, summary }
    }

    /// An SMTP reply code.
    pub const fn new_code(name: &'static str, default_value: &'static str, summary: &'static str) -> Self {
        Self::new(name, ParameterKind::ReplyCode, default_value, summary)
    }

    /// A time such as `300s`.
    pub const fn new_time(name: &'static str, default_value: &'static str, summary: &'static str) -> Self {
        Self::new(name, ParameterKind::Duration, default_value, summary)
    }

    /// Name as in main.cf.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Value as text, `$name` expanded.
    pub fn text(&self) -> String {
        host::parameters::get(self.name).unwrap_or_else(|| self.default_value.into())
    }

    /// True when it has a value.
    pub fn is_set(&self) -> bool {
        !self.text().is_empty()
    }

    /// Kinds boolean.
    pub fn is_yes(&self) -> bool {
        host::parameters::get_boolean(self.name).unwrap_or(self.default_value == "yes")
    }

    /// Kinds number and reply-code.
    pub fn number(&self) -> i64 {
        host::parameters::get_number(self.name).unwrap_or_else(|| self.default_value.parse().unwrap_or(0))
    }

    /// An SMTP reply code; 0 when the value is none.
    pub fn code(&self) -> u16 {
        self.number().try_into().unwrap_or(0)
    }

    /// Kind duration, in seconds.
    pub fn seconds(&self) -> u64 {
        match host::parameters::get_duration(self.name) {
            Some(milliseconds) => milliseconds / 1000,
            None => self.default_value.trim_end_matches('s').parse().unwrap_or(0),
        }
    }

    /// The items, split at comma and white space, `{ }` groups whole.
    pub fn list(&self) -> Vec<String> {
        host::parameters::get_list(self.name)
    }
}

/// One restriction on offer.
#[derive(Clone, Copy)]
pub struct Restriction {
    pub(crate) name: &'static str,
    pub(crate) check: fn(&str) -> Verdict,
    pub(crate) aliases: &'static [&'static str],
    pub(crate) argument: ArgumentKind,
    pub(crate) validate: fn(&str) -> Result<(), String>,
    pub(crate) stages: Stages,
    pub(crate) bare_table: Stages,
    pub(crate) depends_on: Inputs,
    pub(crate) traits: Traits,
    pub(crate) warning: Option<&'static str>,
    pub(crate) summary: &'static str,
}

impl Restriction {
    /// `name` as in main.cf; `check` gets the argument, `""` when there is none. Until told otherwise it takes no argument,
    /// may stand in every list, and is asked again each time (depends on [`Inputs::VOLATILE`]).
    pub const fn new(name: &'static str, check: fn(&str) -> Verdict) -> Self {
        Self {
            name,
            check,
            aliases: &[],
            argument: ArgumentKind::None,
            validate: |_| Ok(()),
            stages: Stages::all(),
            bare_table: Stages::empty(),
            depends_on: Inputs::VOLATILE,
            traits: Traits::empty(),
            warning: None,
            summary: "",
        }
    }

    /// Other names for exactly the same.
    pub const fn aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    /// What follows the name in the list.
    pub const fn argument(mut self, argument: ArgumentKind) -> Self {
        self.argument = argument;
        self
    }

    /// Checks the argument at start and reload; an error is logged and the item answers 451 4.3.5.
    pub const fn validate(mut self, validate: fn(&str) -> Result<(), String>) -> Self {
        self.validate = validate;
        self
    }

    /// Lists it may stand in.
    pub const fn stages(mut self, stages: Stages) -> Self {
        self.stages = stages;
        self
    }

    /// Lists in which a bare `type:table` means this restriction.
    pub const fn bare_table(mut self, stages: Stages) -> Self {
        self.bare_table = stages;
        self
    }

    /// What the answer depends on: while these stand still within a session, the server reuses the last answer. A
    /// dependency left out gives wrong answers; one too many only costs time.
    pub const fn depends_on(mut self, inputs: Inputs) -> Self {
        self.depends_on = inputs;
        self
    }

    /// What the server checks lists for at start.
    pub const fn traits(mut self, traits: Traits) -> Self {
        self.traits = traits;
        self
    }

    /// A warning logged at start when a list uses it: deprecated names.
    pub const fn warning(mut self, warning: &'static str) -> Self {
        self.warning = Some(warning);
        self
    }

    /// One line for the documentation.
    pub const fn summary(mut self, summary: &'static str) -> Self {
        self.summary = summary;
        self
    }

    /// Name as in main.cf.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Asks it. Only useful where there is a session: in a component's call, or in a test.
    pub fn check(&self, argument: &str) -> Verdict {
        (self.check)(argument)
    }
}
