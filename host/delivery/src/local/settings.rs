//! What local(8) reads of main.cf, once a configuration generation.

use std::{path::PathBuf, time::Duration};

use config::{Config, parameters as shared};
use mail::address::Extensions;
use nix::unistd::User;

use super::{attributes::Source, parameters::*};
use crate::{
    DeliveryError, Owner,
    command::environment,
    macros::{self, Piece},
    mailbox::{Locking, maildir, mbox::LockMethod, parameters::STRICT_MAILBOX_OWNERSHIP, size_limit_problem},
};

/// Where a Delivered-To: line is put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveredHeader {
    pub command: bool,
    pub file: bool,
    pub forward: bool,
}

/// The values local(8) works with. Tables are the text of their parameter.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The master.cf service; what resolves to it is delivered here.
    pub service: String,
    pub alias_maps: Vec<String>,
    pub commands_from: Vec<Source>,
    pub files_from: Vec<Source>,
    pub biff: bool,
    pub execution_directory: Result<Vec<Piece>, String>,
    pub command_filter: String,
    pub execution_directory_filter: String,
    pub forward_filter: String,
    pub expand_owner_alias: bool,
    pub fallback_transport: String,
    pub fallback_transport_maps: String,
    pub forward_path: Vec<Vec<Piece>>,
    pub home_mailbox: String,
    pub command_shell: Vec<String>,
    pub luser_relay: Vec<Piece>,
    pub spool_directory: String,
    pub mailbox_command: String,
    pub mailbox_command_maps: String,
    pub mailbox_transport: String,
    pub mailbox_transport_maps: String,
    pub locking: Locking,
    /// Bytes; 0: none.
    pub size_limit: u64,
    pub frozen_delivered_to: bool,
    pub delivered_header: DeliveredHeader,
    pub require_home_directory: bool,
    pub reset_owner_alias: bool,
    pub strict_ownership: bool,
    pub extensions: Extensions,
    /// propagate_unmatched_extensions.
    pub propagate_alias: bool,
    pub propagate_forward: bool,
    pub propagate_include: bool,
    /// enable_original_recipient.
    pub original_recipient: bool,
    /// 0: no limit.
    pub duplicate_limit: usize,
    pub default_privileges: Owner,
    pub environment: Vec<(String, String)>,
    pub time_limit: Duration,
    pub queue_directory: PathBuf,
    pub host_name: String,
    /// Why no mail can be delivered under this configuration.
    pub problem: Option<String>,
}

impl Settings {
    /// `config` is the view of the entry called `service`.
    ///
    /// # Errors
    /// A value that this agent cannot use.
    pub fn from_config(config: &Config, service: &str) -> Result<Self, DeliveryError> {
        let propagated = config.get(&shared::PROPAGATE_UNMATCHED_EXTENSIONS);
        let propagates = |what: &str| propagated.iter().any(|word| word == what);
        let split = |text: String| text.split_whitespace().map(str::to_string).collect();
        let mut locking = Locking::from_config(config, &MAILBOX_DELIVERY_LOCK)?;
        if config.get(&SUN_MAILTOOL_COMPATIBILITY) {
            locking.methods.retain(|method| *method == LockMethod::Dotlock);
        }
        Ok(Self {
            service: service.to_string(),
            alias_maps: tables(&config.get(&shared::ALIAS_MAPS)),
            commands_from: sources(config, &ALLOW_MAIL_TO_COMMANDS)?,
            files_from: sources(config, &ALLOW_MAIL_TO_FILES)?,
            biff: config.get(&BIFF),
            execution_directory: macros::parse(&config.get(&COMMAND_EXECUTION_DIRECTORY)).map_err(|e| e.to_string()),
            command_filter: config.get(&COMMAND_EXPANSION_FILTER),
            execution_directory_filter: config.get(&EXECUTION_DIRECTORY_EXPANSION_FILTER),
            forward_filter: config.get(&FORWARD_EXPANSION_FILTER),
            expand_owner_alias: config.get(&EXPAND_OWNER_ALIAS),
            fallback_transport: config.get(&FALLBACK_TRANSPORT),
            fallback_transport_maps: config.get(&FALLBACK_TRANSPORT_MAPS),
            forward_path: forward_path(config)?,
            home_mailbox: config.get(&HOME_MAILBOX),
            command_shell: split(config.get(&LOCAL_COMMAND_SHELL)),
            luser_relay: pattern("luser_relay", &config.get(&LUSER_RELAY))?,
            spool_directory: config.get(&MAIL_SPOOL_DIRECTORY),
            mailbox_command: config.get(&MAILBOX_COMMAND),
            mailbox_command_maps: config.get(&MAILBOX_COMMAND_MAPS),
            mailbox_transport: config.get(&MAILBOX_TRANSPORT),
            mailbox_transport_maps: config.get(&MAILBOX_TRANSPORT_MAPS),
            locking,
            size_limit: config.get(&MAILBOX_SIZE_LIMIT),
            frozen_delivered_to: config.get(&FROZEN_DELIVERED_TO),
            delivered_header: delivered_header(config)?,
            require_home_directory: config.get(&REQUIRE_HOME_DIRECTORY),
            reset_owner_alias: config.get(&RESET_OWNER_ALIAS),
            strict_ownership: config.get(&STRICT_MAILBOX_OWNERSHIP),
            extensions: rewrite::settings::extensions(config),
            propagate_alias: propagates("alias"),
            propagate_forward: propagates("forward"),
            propagate_include: propagates("include"),
            original_recipient: config.text("enable_original_recipient").as_deref() != Some("no"),
            duplicate_limit: config.get(&shared::DUPLICATE_FILTER_LIMIT) as usize,
            default_privileges: default_privileges(config)?,
            environment: environment::exported(config),
            time_limit: config.get(&shared::COMMAND_TIME_LIMIT),
            queue_directory: config.get(&shared::QUEUE_DIRECTORY).into(),
            host_name: maildir::host_name(config),
            problem: size_limit_problem(config, MAILBOX_SIZE_LIMIT.name, config.get(&MAILBOX_SIZE_LIMIT)),
        })
    }

    /// Every set of tables but alias_maps, with its parameter.
    pub fn tables(&self) -> [(&'static str, &str); 3] {
        [
            (MAILBOX_TRANSPORT_MAPS.name, &self.mailbox_transport_maps),
            (MAILBOX_COMMAND_MAPS.name, &self.mailbox_command_maps),
            (FALLBACK_TRANSPORT_MAPS.name, &self.fallback_transport_maps),
        ]
    }
}

/// `type:name`, one by one. The proxy is passed by, as Postfix's local(8) does.
fn tables(value: &str) -> Vec<String> {
    let words = config::tokens::split(value, config::tokens::COMMA_SPACE);
    words.iter().map(|word| word.strip_prefix("proxy:").unwrap_or(word).to_string()).collect()
}

fn bad(parameter: &'static str, value: &str, reason: &str) -> DeliveryError {
    DeliveryError::Configuration { parameter, value: value.to_string(), reason: reason.to_string() }
}

fn sources(config: &Config, parameter: &config::Param<config::List>) -> Result<Vec<Source>, DeliveryError> {
    let source = |word: &String| match word.as_str() {
        "alias" => Ok(Source::Alias),
        "forward" => Ok(Source::Forward),
        "include" => Ok(Source::Include),
        _ => Err(bad(parameter.name, word, "specify any of: alias, forward, include")),
    };
    config.get(parameter).iter().map(source).collect()
}

fn delivered_header(config: &Config) -> Result<DeliveredHeader, DeliveryError> {
    let words = config.get(&PREPEND_DELIVERED_HEADER);
    let known = ["command", "file", "forward"];
    if let Some(word) = words.iter().find(|word| !known.contains(&word.as_str())) {
        return Err(bad(PREPEND_DELIVERED_HEADER.name, word, "specify any of: command, file, forward"));
    }
    let [command, file, forward] = known.map(|name| words.iter().any(|word| word == name));
    Ok(DeliveredHeader { command, file, forward })
}

fn pattern(parameter: &'static str, text: &str) -> Result<Vec<Piece>, DeliveryError> {
    macros::parse(text).map_err(|error| bad(parameter, text, &error.to_string()))
}

fn forward_path(config: &Config) -> Result<Vec<Vec<Piece>>, DeliveryError> {
    let value = config.get(&FORWARD_PATH);
    let words = value.split(|c: char| c == ',' || c.is_ascii_whitespace()).filter(|word| !word.is_empty());
    words.map(|word| pattern(FORWARD_PATH.name, word)).collect()
}

/// Never root, and never who could change the queue.
fn default_privileges(config: &Config) -> Result<Owner, DeliveryError> {
    let name = config.get(&shared::DEFAULT_PRIVS);
    let parameter = shared::DEFAULT_PRIVS.name;
    let user = User::from_name(&name).ok().flatten().ok_or_else(|| bad(parameter, &name, "unknown user name"))?;
    let owner = User::from_name(&config.get(&shared::MAIL_OWNER)).ok().flatten();
    if user.uid.is_root() || user.gid.as_raw() == 0 {
        return Err(bad(parameter, &name, "privileged user or group"));
    }
    if owner.is_some_and(|owner| owner.uid == user.uid) {
        return Err(bad(parameter, &name, "the same user as mail_owner"));
    }
    Ok(Owner { uid: user.uid.as_raw(), gid: user.gid.as_raw() })
}
