//! What a plugin says of itself, asked once in a throwaway instance, and checked.

use std::{
    collections::HashSet,
    sync::{Arc, atomic::AtomicU32},
};

use hook::{ArgumentKind, Inputs, MailLog, Offer, Stages, Traits};

use crate::{
    bindings::{
        exports::waxwing::plugin::{
            content_checks, delivery_attempts, events, filter_events, plugin::Description, restrictions,
        },
        waxwing::plugin::types,
    },
    grants::Grants,
    limits::{Settings, Waits, World},
    run::Runner,
    state::{Facts, Phase, State},
};

/// All a plugin offers.
pub(crate) struct Described {
    pub description: Description,
    pub restrictions: Vec<Offer>,
    pub content_checks: Option<content_checks::Subscription>,
    pub filter_events: Option<filter_events::Subscription>,
    pub delivery_attempts: Option<delivery_attempts::AttemptEvents>,
    pub events: Option<events::Kinds>,
}

/// Asks a component to describe itself. `Err` is one line.
pub(crate) async fn describe(
    runner: &Runner,
    name: &str,
    settings: &Settings,
    log: &MailLog,
) -> Result<Described, String> {
    let facts = Arc::new(Facts {
        name: name.to_string(),
        version: String::new(),
        services: None,
        grants: Grants::none(),
        parameters: Default::default(),
        own_options: Default::default(),
        tables: Default::default(),
        endpoints: Default::default(),
        connections: None,
        log: log.clone(),
        slow: AtomicU32::new(u32::MAX),
    });
    let limit = settings.limit(World::Report, Waits::Never);
    let mut live = runner
        .instantiate(&facts, limit)
        .await
        .map_err(|(kind, cause)| format!("cannot be instantiated: {kind:?}: {cause}"))?;
    live.store.data_mut().begin(Phase::Describe, crate::state::Editing::Forbidden, None);
    macro_rules! ask {
        ($function:literal, $func:expr) => {{
            let func = $func;
            runner
                .call(&mut live.store, limit, func, ())
                .await
                .map_err(|(kind, cause)| format!("{}: {kind:?}: {cause}", $function))?
        }};
    }
    let description = ask!("describe", live.guests.plugin.func_describe());
    let version = clean(&description.version);
    let offers = match &live.guests.restrictions {
        Some(guest) => ask!("list-restrictions", guest.func_list_restrictions()),
        None => Vec::new(),
    };
    let content_checks = match &live.guests.content_checks {
        Some(guest) => Some(ask!("content-checks.subscribe", guest.func_subscribe())),
        None => None,
    };
    let filter_events = match &live.guests.filter_events {
        Some(guest) => Some(ask!("filter-events.subscribe", guest.func_subscribe())),
        None => None,
    };
    let delivery_attempts = match &live.guests.delivery_attempts {
        Some(guest) => Some(ask!("delivery-attempts.subscribe", guest.func_subscribe())),
        None => None,
    };
    let events = match &live.guests.events {
        Some(guest) => Some(ask!("events.subscribe", guest.func_subscribe())),
        None => None,
    };
    write_log(live.store.data(), log);
    check_parameters(&description)?;
    let restrictions = check_restrictions(name, &version, offers)?;
    let described = Described { description, restrictions, content_checks, filter_events, delivery_attempts, events };
    Ok(described)
}

fn write_log(state: &State, log: &MailLog) {
    for line in &state.log {
        write_line(log, None, &state.plugin.name, line);
    }
}

/// Writes a plugin's line where no caller does it: outside restrictions, checks and filters.
pub(crate) fn write_line(log: &MailLog, queue_id: Option<&str>, plugin: &str, line: &hook::LogLine) {
    use hook::{Level, LogLine};
    let id = queue_id.map(|id| format!("{id}: ")).unwrap_or_default();
    match line {
        LogLine::Write { level: Level::Debug, text } => log.debug(format_args!("{id}plugin {plugin}: {text}")),
        LogLine::Write { level: Level::Info, text } => log.info(format_args!("{id}plugin {plugin}: {text}")),
        LogLine::Write { level: Level::Warning, text } => log.warning(format_args!("{id}plugin {plugin}: {text}")),
        LogLine::Write { level: Level::Error, text } => log.error(format_args!("{id}plugin {plugin}: {text}")),
        LogLine::Info(text) => log.info(format_args!("{id}plugin {plugin}: info: {text}")),
        LogLine::Warn(text) => log.info(format_args!("{id}plugin {plugin}: warn: {text}")),
    }
}

/// One line of at most 200 characters.
pub(crate) fn clean(text: &str) -> String {
    text.chars().take(200).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 64 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b))
}

fn check_parameters(description: &Description) -> Result<(), String> {
    let mut names = HashSet::new();
    for parameter in &description.parameters {
        let name = &parameter.name;
        if !is_name(name) {
            return Err(format!("describe: \"{}\" is no parameter name", clean(name)));
        }
        if !names.insert(name) {
            return Err(format!("describe: parameter {name} is declared twice"));
        }
        if matches!(name.as_str(), "grant" | "time_limit" | "memory_limit" | "failure_action" | "instance" | "mode") {
            return Err(format!("describe: parameter {name} has the name of an option of plugins.cf"));
        }
    }
    Ok(())
}

fn check_restrictions(
    plugin: &str,
    version: &str,
    listed: Vec<restrictions::Restriction>,
) -> Result<Vec<Offer>, String> {
    let mut names = HashSet::new();
    let mut bare = Stages::empty();
    let mut offers = Vec::new();
    for restriction in listed {
        for name in std::iter::once(&restriction.name).chain(&restriction.aliases) {
            if !is_name(name) {
                return Err(format!("list-restrictions: \"{}\" is no restriction name", clean(name)));
            }
            if !names.insert(name.to_ascii_lowercase()) {
                return Err(format!("list-restrictions: {name} is listed twice"));
            }
        }
        let offer = offer(plugin, version, restriction);
        if offer.stages.is_empty() {
            return Err(format!("list-restrictions: {} may stand at no stage", offer.name));
        }
        if bare.intersects(offer.bare_table) {
            return Err(format!(
                "list-restrictions: a bare table of one stage means {} and another restriction",
                offer.name
            ));
        }
        if !offer.bare_table.is_empty() && offer.argument != ArgumentKind::Table {
            return Err(format!("list-restrictions: a bare table means {}, which takes no table", offer.name));
        }
        bare |= offer.bare_table;
        offers.push(offer);
    }
    Ok(offers)
}

fn offer(plugin: &str, version: &str, restriction: restrictions::Restriction) -> Offer {
    Offer {
        argument: match restriction.argument {
            restrictions::ArgumentKind::None => ArgumentKind::None,
            restrictions::ArgumentKind::Text => ArgumentKind::Text,
            restrictions::ArgumentKind::Table => ArgumentKind::Table,
            restrictions::ArgumentKind::Endpoint => ArgumentKind::Endpoint,
            restrictions::ArgumentKind::Duration => ArgumentKind::Duration,
        },
        stages: stages(restriction.stages),
        bare_table: stages(restriction.bare_table),
        depends_on: inputs(restriction.depends_on),
        traits: traits(restriction.traits),
        warning: restriction.warning.as_deref().map(clean),
        summary: clean(&restriction.summary),
        name: restriction.name,
        aliases: restriction.aliases,
        plugin: plugin.to_string(),
        version: version.to_string(),
    }
}

fn stages(stages: types::Stages) -> Stages {
    use types::Stages as W;
    [
        (W::CLIENT, Stages::CLIENT),
        (W::HELO, Stages::HELO),
        (W::SENDER, Stages::SENDER),
        (W::RELAY, Stages::RELAY),
        (W::RECIPIENT, Stages::RECIPIENT),
        (W::DATA, Stages::DATA),
        (W::END_OF_DATA, Stages::END_OF_DATA),
        (W::ETRN, Stages::ETRN),
    ]
    .into_iter()
    .filter(|(theirs, _)| stages.contains(*theirs))
    .fold(Stages::empty(), |all, (_, ours)| all | ours)
}

fn inputs(inputs: types::Inputs) -> Inputs {
    use types::Inputs as W;
    [
        (W::CONNECTION, Inputs::CONNECTION),
        (W::TLS, Inputs::TLS),
        (W::HELO, Inputs::HELO),
        (W::AUTH, Inputs::AUTH),
        (W::SENDER, Inputs::SENDER),
        (W::RECIPIENT, Inputs::RECIPIENT),
        (W::CONTENT, Inputs::CONTENT),
        (W::VOLATILE, Inputs::VOLATILE),
    ]
    .into_iter()
    .filter(|(theirs, _)| inputs.contains(*theirs))
    .fold(Inputs::empty(), |all, (_, ours)| all | ours)
}

fn traits(traits: restrictions::Traits) -> Traits {
    let mut out = Traits::empty();
    if traits.contains(restrictions::Traits::GUARDS_RELAY) {
        out |= Traits::GUARDS_RELAY;
    }
    if traits.contains(restrictions::Traits::FINAL) {
        out |= Traits::FINAL;
    }
    out
}
