//! The parameters of main.cf: plain, -n, -d, and by name.

use anyhow::Result;

use super::{Call, folding::print_setting, sources::Sources};

/// What is printed.
///
/// # Errors
/// With -x, for a value that does not expand.
pub fn shown(call: &Call, sources: &Sources) -> Result<String> {
    let mut out = String::new();
    let named = !call.operands().is_empty();
    let names = if named { call.operands().to_vec() } else { all_names(call, sources) };
    let user = user_names(call, sources);
    let view = sources.config.with_overrides(&[("process_name".to_string(), call.invocation.name.clone())]);
    for name in names {
        let known = sources.config.is_known(&name) || user.contains(&name);
        if !known {
            call.warn(format!("{name}: unknown parameter"));
            continue;
        }
        let set = sources.setting(&name).filter(|_| !call.modes.has('d')).map(str::to_string);
        if call.modes.has('n') && set.is_none() {
            continue;
        }
        let value = match set {
            Some(value) => value,
            None if name == "process_name" => call.invocation.name.clone(),
            None if name == "config_directory" && call.modes.has('d') => {
                crate::commands::DEFAULT_CONFIG_DIRECTORY.to_string()
            }
            None => sources.config.default_text(&name).unwrap_or_default(),
        };
        let value = if call.modes.has('x') { sources.expanded(call, &view, &name, &value)? } else { value };
        print_setting(&mut out, &name, &value, call.format());
    }
    Ok(out)
}

fn all_names(call: &Call, sources: &Sources) -> Vec<String> {
    let config = &sources.config;
    let mut names = Vec::new();
    if call.classes.builtin {
        let rows = config.rows().filter(|row| !row.template).map(|row| row.name.to_string());
        names.extend(rows.filter(|name| !is_service_name(sources, name)));
        names.extend(config.plugin_rows().iter().map(|row| row.name.clone()));
    }
    if call.classes.service {
        names.extend(config.template_names().into_iter().map(|(name, _)| name));
        let rows = config.rows().filter(|row| !row.template).map(|row| row.name.to_string());
        names.extend(rows.filter(|name| is_service_name(sources, name)));
    }
    if call.classes.user {
        names.extend(user_names(call, sources));
    }
    names.sort();
    names.dedup();
    names
}

/// Whether a row stands for the parameter of one service, such as `local_destination_concurrency_limit`, whose default
/// differs from that of the others.
fn is_service_name(sources: &Sources, name: &str) -> bool {
    let suffix = |row: &config::Row| row.template.then(|| name.strip_suffix(row.name)).flatten().map(str::to_string);
    let services = sources.config.rows().filter_map(suffix);
    services.into_iter().any(|service| sources.master.iter().any(|entry| entry.service() == service))
}

/// What main.cf sets, nobody defines, and some other setting uses.
fn user_names(call: &Call, sources: &Sources) -> Vec<String> {
    if call.modes.has('d') {
        return Vec::new();
    }
    let config = &sources.config;
    let main_cf = call.directory().join("main.cf");
    let unused = config.unused();
    let is_unused = |name: &str| {
        let value = config.setting(name).unwrap_or_default();
        let text = format!("{}: unused parameter: {name}={value}", main_cf.display());
        unused.iter().any(|warning| warning.text == text)
    };
    config.names_set().filter(|name| !config.is_known(name) && !is_unused(name)).map(str::to_string).collect()
}
