//! What a command finds in its environment: export_environment, and no more of ours.

use config::{
    Config,
    parameters::{EXPORT_ENVIRONMENT, IMPORT_ENVIRONMENT},
};

/// Where commands are searched for.
const PATH: &str = "/usr/bin:/bin";

/// export_environment. What it names comes from import_environment and the environment that the server was started with;
/// MAIL_CONFIG is always the configuration directory.
pub fn exported(config: &Config) -> Vec<(String, String)> {
    let imported = config.get(&IMPORT_ENVIRONMENT);
    let value_of = |name: &str| {
        if name == "MAIL_CONFIG" {
            return Some(config.directory().display().to_string());
        }
        let given = imported.iter().find_map(|entry| entry.strip_prefix(name)?.strip_prefix('='));
        let inherited = || imported.iter().any(|entry| entry == name).then(|| std::env::var(name).ok()).flatten();
        given.map(str::to_string).or_else(inherited)
    };
    let mut environment: Vec<(String, String)> = config
        .get(&EXPORT_ENVIRONMENT)
        .iter()
        .filter_map(|entry| match entry.split_once('=') {
            Some((name, value)) => Some((name.to_string(), value.to_string())),
            None => value_of(entry).map(|value| (entry.clone(), value)),
        })
        .collect();
    environment.retain(|(name, _)| name != "PATH");
    environment.push(("PATH".to_string(), PATH.to_string()));
    environment
}
