//! The columns of master.cf: -F.

use anyhow::{Result, bail};
use config::MasterFields;

use super::{
    Call,
    folding::{print_line, print_setting},
    master_entries::{expanded, print_arguments},
    master_requests,
    sources::Sources,
};

/// What is printed.
///
/// # Errors
/// For a request of another form or a field that does not exist, and with -x for a value that does not expand.
pub fn shown(call: &Call, sources: &Sources) -> Result<String> {
    for text in call.operands() {
        let parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty()).collect();
        if let [_, _, name] = parts[..] {
            field(name)?;
        }
    }
    let mut out = String::new();
    let syntax = ("-F option requires service_name[/type[/field]]", 3);
    master_requests::each(call, &sources.master, syntax, |entry, request| {
        let entry = if call.modes.has('x') { expanded(call, sources, entry)? } else { entry.clone() };
        for (column, name) in MasterFields::NAMES.iter().enumerate() {
            if request.is_none_or(|request| request.names(name)) {
                print_field(call, &mut out, &entry, column);
            }
        }
        Ok(true)
    })?;
    Ok(out)
}

/// The column of a name; `*` has none.
///
/// # Errors
/// When no column is called so.
pub fn field(name: &str) -> Result<Option<usize>> {
    match MasterFields::NAMES.iter().position(|field| *field == name) {
        None if name != "*" => bail!("invalid service attribute name: \"{name}\""),
        found => Ok(found),
    }
}

fn print_field(call: &Call, out: &mut String, entry: &MasterFields, column: usize) {
    let format = call.format();
    let name = format!("{}/{}/{}", entry.service(), entry.kind(), MasterFields::NAMES[column]);
    if let Some(value) = entry.columns().get(column) {
        return print_setting(out, &name, value, format);
    }
    if format.no_value {
        return print_line(out, &name, format.fold);
    }
    let label = if format.no_name { String::new() } else { format!("{name} = ") };
    out.push_str(&label);
    out.push_str(entry.command());
    print_arguments(out, entry, label.len() + entry.command().len(), format.fold);
}
