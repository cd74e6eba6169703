//! Defaults that come from the machine, and checks that no kind of value makes.

use crate::compatibility_level;
use crate::configuration::Evaluation;
use crate::expand::ExpandError;
use crate::networks;
use crate::tokens;

/// The machine's name; a name without a dot gets `$mydomain`, or `localdomain` where that is not set either.
pub(super) fn myhostname(evaluation: &Evaluation) -> Result<String, ExpandError> {
    let name = &evaluation.machine().host_name;
    if name.contains('.') {
        return Ok(name.clone());
    }
    let domain = if evaluation.is_set("mydomain") { evaluation.value("mydomain")? } else { "localdomain".to_string() };
    Ok(format!("{}.{domain}", if name.is_empty() { "localhost" } else { name }))
}

/// `$myhostname` without its first part.
pub(super) fn mydomain(evaluation: &Evaluation) -> Result<String, ExpandError> {
    let name = evaluation.value("myhostname")?;
    Ok(name.split_once('.').map_or("localdomain", |(_, domain)| domain).to_string())
}

pub(super) fn default_mynetworks(evaluation: &Evaluation) -> Result<String, ExpandError> {
    networks::mynetworks(evaluation)
}

pub(super) fn config_directory(evaluation: &Evaluation) -> Result<String, ExpandError> {
    Ok(evaluation.directory().display().to_string())
}

pub(super) fn process_id(_: &Evaluation) -> Result<String, ExpandError> {
    Ok(std::process::id().to_string())
}

// === checks ===

pub(super) fn check_myhostname(text: &str) -> Result<(), String> {
    host_name("myhostname", text)
}

pub(super) fn check_mydomain(text: &str) -> Result<(), String> {
    host_name("mydomain", text)
}

fn host_name(name: &str, text: &str) -> Result<(), String> {
    if mail::hostname::valid_hostname(text) {
        Ok(())
    } else {
        Err(format!("parameter {name}: bad parameter value: {text}"))
    }
}

pub(super) fn check_myorigin(text: &str) -> Result<(), String> {
    if text.contains(tokens::COMMA_SPACE) {
        return Err(format!("myorigin parameter setting must not contain multiple values: {text}"));
    }
    Ok(())
}

pub(super) fn check_compatibility_level(text: &str) -> Result<(), String> {
    compatibility_level::parse(text)
        .map(drop)
        .ok_or_else(|| format!("malformed compatibility level syntax: \"{text}\""))
}

pub(super) fn check_mynetworks_style(text: &str) -> Result<(), String> {
    if ["class", "subnet", "host"].contains(&text) {
        return Ok(());
    }
    Err(format!("unknown mynetworks mask style value \"{text}\" in \"{text}\""))
}

pub(super) fn check_inet_protocols(text: &str) -> Result<(), String> {
    match tokens::split(text, tokens::COMMA_SPACE).into_iter().find(|word| !["all", "ipv4", "ipv6"].contains(word)) {
        Some(word) => Err(format!("unknown inet_protocols value \"{word}\" in \"{text}\"")),
        None => Ok(()),
    }
}
