//! postconf(1): shows and edits main.cf and master.cf, as they are written; no value is checked.

mod bounce_templates;
mod classes;
mod edit_main_cf;
mod edit_master_cf;
mod folding;
mod lists;
mod main_parameters;
mod master_entries;
mod master_fields;
mod master_parameters;
mod master_requests;
mod modes;
mod replaced_file;
mod sources;

use std::io::Write;

use anyhow::{Result, anyhow, bail};

use super::Invocation;
use classes::Classes;
use modes::Modes;
use sources::Sources;

/// One call of the command.
pub(super) struct Call<'i> {
    pub invocation: &'i Invocation,
    pub modes: Modes,
    pub classes: Classes,
}

/// What postconf(1) prints for one name or entry.
#[derive(Clone, Copy)]
pub(super) struct Format {
    /// -f
    pub fold: bool,
    /// -h
    pub no_name: bool,
    /// -H
    pub no_value: bool,
}

impl Call<'_> {
    fn format(&self) -> Format {
        let has = |letter| self.modes.has(letter);
        Format { fold: has('f'), no_name: has('h'), no_value: has('H') }
    }

    fn operands(&self) -> &[String] {
        &self.modes.options.operands
    }

    fn directory(&self) -> std::path::PathBuf {
        self.invocation.directory(self.modes.options.value('c'))
    }

    /// Whether the directory was named, by an option or the environment.
    fn directory_is_named(&self) -> bool {
        self.modes.has('c')
            || std::env::var_os("MAIL_CONFIG").is_some()
            || self.directory() != std::path::Path::new(super::DEFAULT_CONFIG_DIRECTORY)
    }

    fn warn(&self, text: impl std::fmt::Display) {
        warn(&self.invocation.name, &text.to_string());
    }
}

/// A line on standard error.
fn warn(program: &str, text: &str) {
    eprintln!("{program}: warning: {}", printable(text));
}

/// Each byte that is not printable ASCII becomes `?`.
fn printable(text: &str) -> String {
    text.bytes().map(|byte| if byte == b' ' || byte.is_ascii_graphic() { char::from(byte) } else { '?' }).collect()
}

pub fn run(invocation: &Invocation) -> Result<u8> {
    answered(invocation).map_err(|error| {
        let text = crate::told::told(&error);
        if printable(&text) == text { error } else { anyhow!(printable(&text)) }
    })
}

fn answered(invocation: &Invocation) -> Result<u8> {
    let modes = Modes::parse(&invocation.name, &invocation.words)?;
    let classes = Classes::parse(modes.options.value('C'))?;
    let call = Call { invocation, modes, classes };
    if let Some(letter) = ['b', 't'].into_iter().find(|letter| call.modes.has(*letter)) {
        return bounce_templates::show(&call, letter == 'b');
    }
    if let Some(letter) = ['a', 'A', 'l', 'm'].into_iter().find(|letter| call.modes.has(*letter)) {
        return print(&lists::list(letter));
    }
    if let Some(mode) = call.modes.options.value('T') {
        return lists::tls(&call, mode);
    }
    if call.modes.edits() {
        return edit(&call);
    }
    show(&call)
}

fn show(call: &Call) -> Result<u8> {
    if call.modes.has('d') {
        let sources = Sources::defaults(call)?;
        return print(&main_parameters::shown(call, &sources)?);
    }
    let sources = Sources::read(call)?;
    let text = match call.modes.master() {
        Some('M') => master_entries::shown(call, &sources)?,
        Some('F') => master_fields::shown(call, &sources)?,
        Some(_) => master_parameters::shown(call, &sources)?,
        None => main_parameters::shown(call, &sources)?,
    };
    print(&text)?;
    let main_cf = call.directory().join("main.cf");
    let concerned = |file: &std::path::Path| call.modes.master().is_none() || file != main_cf;
    for warning in sources.config.unused().iter().filter(|warning| concerned(&warning.file)) {
        call.warn(warning);
    }
    Ok(0)
}

fn edit(call: &Call) -> Result<u8> {
    if call.operands().is_empty() {
        bail!(if call.modes.has('e') { "-e requires name=value argument" } else { "missing service argument" });
    }
    match call.modes.master() {
        Some(mode) => edit_master_cf::edit(call, mode)?,
        None => edit_main_cf::edit(call)?,
    }
    Ok(0)
}

fn print(text: &str) -> Result<u8> {
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(0)
}

#[cfg(test)]
mod tests;
