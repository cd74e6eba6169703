//! Every parameter row of the server: the one list behind configuration checks, postconf and the documentation.
//!
//! A row stands in the crate that obeys it; in `inert` when nothing here could obey it; in `not_yet` until something does.

use config::{Config, Place, Row};

mod inert;
mod not_yet;
mod old_names;
mod page;

pub use page::page;

/// The tables of the crates that obey the parameters. Plugins add theirs when they are loaded.
const OBEYED: &[&[Row]] = &[
    config::parameters::PARAMETERS,
    queue::parameters::PARAMETERS,
    dict::parameters::PARAMETERS,
    rewrite::parameters::PARAMETERS,
    cleanup::parameters::PARAMETERS,
    smtpd::parameters::PARAMETERS,
    master::parameters::PARAMETERS,
    smtpd::sasl::parameters::PARAMETERS,
    smtpd::tls::parameters::PARAMETERS,
    net::tls::parameters::PARAMETERS,
    bounce::parameters::PARAMETERS,
    bounce::verify::parameters::PARAMETERS,
    qmgr::parameters::PARAMETERS,
];

const INERT: &[&[Row]] = &[inert::PARAMETERS];

/// What obeys, then what does not.
const SETS: [&[&[Row]]; 4] = [OBEYED, delivery::PARAMETERS, INERT, not_yet::TABLES];

/// Every table.
pub const ROWS: &[&[Row]] =
    &joined::<{ OBEYED.len() + delivery::PARAMETERS.len() + INERT.len() + not_yet::TABLES.len() }>();

const fn joined<const N: usize>() -> [&'static [Row]; N] {
    let mut tables: [&[Row]; N] = [&[]; N];
    let (mut set, mut at, mut index) = (0, 0, 0);
    while index < N {
        if at == SETS[set].len() {
            (set, at) = (set + 1, 0);
        } else {
            tables[index] = SETS[set][at];
            (at, index) = (at + 1, index + 1);
        }
    }
    tables
}

/// What becomes of a parameter's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Obeyed,
    /// It tunes a part of Postfix that does not exist here.
    Inert,
    NotYetObeyed,
}

impl State {
    /// Of a row; one that no table here has is a plugin's, and plugins obey theirs.
    pub fn of(name: &str) -> Self {
        let holds = |tables: &[&[Row]]| tables.iter().copied().flatten().any(|row| row.name == name);
        if holds(not_yet::TABLES) {
            Self::NotYetObeyed
        } else if holds(INERT) {
            Self::Inert
        } else {
            Self::Obeyed
        }
    }
}

/// How many rows are in which state, templates counted once. `config` knows the plugins' rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbers {
    pub obeyed: usize,
    pub inert: usize,
    pub not_yet: usize,
}

pub fn numbers(config: &Config) -> Numbers {
    let count = |tables: &[&[Row]]| tables.iter().map(|table| table.len()).sum::<usize>();
    let obeyed = count(OBEYED) + count(delivery::PARAMETERS) + config.plugin_rows().len();
    Numbers { obeyed, inert: count(INERT), not_yet: count(not_yet::TABLES) }
}

/// The rows that nothing obeys yet, by name.
pub fn not_yet_obeyed() -> Vec<&'static Row> {
    let mut rows: Vec<&Row> = not_yet::TABLES.iter().copied().flatten().collect();
    rows.sort_unstable_by_key(|row| row.name);
    rows
}

/// A setting of main.cf or a `-o` of master.cf that nothing obeys yet.
pub struct Unobeyed {
    pub name: String,
    pub value: String,
    pub place: Place,
    /// It would keep something secret or out, and asks for something else than the default.
    pub protects: bool,
}

/// All of them, in the order of the files.
pub fn unobeyed(config: &Config) -> Vec<Unobeyed> {
    let mut found = Vec::new();
    let mut add = |view: &Config, name: &str, value: &str, place: Option<Place>| {
        let Some(row) = view.row(name).filter(|row| State::of(row.name) == State::NotYetObeyed) else { return };
        let expanded = |text: &str| view.expand(text).unwrap_or_else(|_| text.to_string());
        let asks = expanded(value) != expanded(&view.default_text(name).unwrap_or_default());
        let protects = row.protects && asks && concerns_a_service(config, name);
        found.extend(place.map(|place| Unobeyed { name: name.into(), value: value.into(), place, protects }));
    };
    for name in config.names_set() {
        add(config, name, config.raw(name).unwrap_or_default(), config.place(name));
    }
    for entry in config.master() {
        let view = config.service(entry);
        for (name, value, place) in &entry.overrides {
            add(&view, name, value, Some(place.clone()));
        }
    }
    found.sort_by(|a, b| (&a.place.file, a.place.line).cmp(&(&b.place.file, b.place.line)));
    found
}

/// What the parameters of these daemons say means nothing, in Postfix, too, without a service of master.cf that runs them.
fn concerns_a_service(config: &Config, name: &str) -> bool {
    let daemons = ["postscreen", "lmtp", "qmqpd"];
    let of = |daemon: &&str| name.strip_prefix(*daemon).is_some_and(|rest| rest.starts_with('_'));
    daemons.into_iter().find(of).is_none_or(|daemon| config.master().iter().any(|entry| entry.command == daemon))
}

/// What a start and a reload have to warn of: whoever set this counts on being protected.
pub fn unmet_protection(config: &Config) -> Vec<String> {
    let unmet = unobeyed(config).into_iter().filter(|setting| setting.protects);
    unmet
        .map(|Unobeyed { name, value, place, .. }| {
            format!("{place}: {name} = {value} protects nothing: this release does not obey {name}")
        })
        .collect()
}

#[cfg(test)]
mod tests;
