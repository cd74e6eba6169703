//! The `-o name=value` of master.cf: -P.

use anyhow::Result;

use super::{Call, folding::print_setting, master_requests, sources::Sources};

/// What is printed.
///
/// # Errors
/// For a request of another form, and with -x for a value that does not expand.
pub fn shown(call: &Call, sources: &Sources) -> Result<String> {
    let mut out = String::new();
    let syntax = ("-P option requires service_name[/type[/parameter]]", 3);
    master_requests::each(call, &sources.master, syntax, |entry, request| {
        let view = sources.service(entry);
        let mut found = false;
        for (name, value) in &sources.parameters(entry) {
            if !request.is_none_or(|request| request.names(name)) {
                continue;
            }
            found = true;
            let value = if call.modes.has('x') { sources.expanded(call, &view, name, value)? } else { value.clone() };
            let label = format!("{}/{}/{name}", entry.service(), entry.kind());
            print_setting(&mut out, &label, &value, call.format());
        }
        Ok(found)
    })?;
    Ok(out)
}
