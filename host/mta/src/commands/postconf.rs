//! postconf(1): plain, -d, -n, -h, -x and names.

use std::io::Write;

use anyhow::Result;
use config::Config;

use super::Invocation;
use crate::{options::Options, told::told};

pub fn run(invocation: &Invocation) -> Result<u8> {
    let options = Options::parse("c:dhnxv", &invocation.words)?;
    let config = invocation.config(options.value('c'))?;
    // Loading the plugins costs more than all the rest; names that the server owns need none.
    let known = |name: &String| config.default_text(name).is_some() || config.is_set(name);
    let all = options.operands.is_empty();
    let config = if all || !options.operands.iter().all(known) { with_plugins(invocation, config) } else { config };
    if all && !options.has('d') {
        for warning in config.unused() {
            eprintln!("{}: warning: {warning}", invocation.name);
        }
    }
    let show = Show { config: &config, defaults: options.has('d'), expand: options.has('x'), bare: options.has('h') };
    let mut out = std::io::stdout().lock();
    if options.operands.is_empty() {
        let mut names = if options.has('n') { set_names(&config) } else { all_names(&config) };
        names.sort();
        names.dedup();
        for name in names {
            if let Some(value) = show.value(&name) {
                show.print(&mut out, &name, &value)?;
            }
        }
        return Ok(0);
    }
    for name in &options.operands {
        let shown = if options.has('n') && !config.is_set(name) { None } else { show.value(name) };
        match shown {
            Some(value) => show.print(&mut out, name, &value)?,
            None if options.has('n') => {}
            None => eprintln!("{}: warning: {name}: unknown parameter", invocation.name),
        }
    }
    Ok(0)
}

fn with_plugins(invocation: &Invocation, config: Config) -> Config {
    match crate::wiring::describe_plugins(&config) {
        Ok(registry) => registry.config().clone(),
        Err(error) => {
            eprintln!("{}: warning: parameters of plugins are not shown: {}", invocation.name, told(&error));
            config
        }
    }
}

struct Show<'c> {
    config: &'c Config,
    defaults: bool,
    expand: bool,
    bare: bool,
}

impl Show<'_> {
    /// As main.cf has it, or the default.
    fn value(&self, name: &str) -> Option<String> {
        let value = match self.config.raw(name).filter(|_| !self.defaults) {
            Some(set) => set.to_string(),
            None => self.config.default_text(name)?,
        };
        // An expansion that fails is shown as written, as the check of the configuration reports it.
        Some(if self.expand { self.config.expand(&value).unwrap_or(value) } else { value })
    }

    fn print(&self, out: &mut impl Write, name: &str, value: &str) -> std::io::Result<()> {
        match (self.bare, value.is_empty()) {
            (true, _) => writeln!(out, "{value}"),
            (false, true) => writeln!(out, "{name} ="),
            (false, false) => writeln!(out, "{name} = {value}"),
        }
    }
}

/// What main.cf sets and something uses.
fn set_names(config: &Config) -> Vec<String> {
    let unused: Vec<String> = config.unused().iter().map(|w| w.text.clone()).collect();
    let is_unused = |name: &str| unused.iter().any(|t| t.contains(&format!("unused parameter: {name}=")));
    config.names_set().filter(|n| !is_unused(n)).map(str::to_string).collect()
}

fn all_names(config: &Config) -> Vec<String> {
    let rows = config.rows().filter(|row| !row.template).map(|row| row.name.to_string());
    let templates = config.template_names().into_iter().map(|(name, _)| name);
    let plugins = config.plugin_rows().iter().map(|row| row.name.clone());
    rows.chain(templates).chain(plugins).chain(set_names(config)).collect()
}
