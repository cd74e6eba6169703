//! waxwing explain: what the restriction lists of this configuration would say to a client, item by item, and why.
//!
//! The client is served by the server's own code, with a queue and stores that are thrown away: nothing is sent, nothing
//! is queued, no plugin learns anything. docs/explain.md is the page for administrators.

mod arguments;
mod text;

use std::{path::Path, sync::Arc};

use anyhow::{Context, Result, anyhow, bail};
use config::{
    Config,
    parameters::{DATA_DIRECTORY, SYSLOG_NAME},
};
use hook::MailLog;
use plugin::{Origin, PluginHost, Registry};
use queue::Queue;
use smtpd::explain::{Explanation, Imagined, Recorder};

use self::arguments::Arguments;
use super::Invocation;
use crate::{
    default_plugins::DEFAULT_PLUGINS,
    maillog::FollowedLog,
    store_view::StoreView,
    wiring::{self, Lasting, SmtpServer},
};

pub fn run(invocation: &Invocation) -> Result<u8> {
    let arguments = match Arguments::read(&invocation.words) {
        Ok(arguments) => arguments,
        Err(wrong) => {
            wrong.print()?;
            return Ok(u8::from(wrong.use_stderr()));
        }
    };
    let imagined = arguments.imagined()?;
    let config = invocation.config(arguments.config_directory.as_deref())?;
    let recorder = Recorder::default();
    let listener = recorder.clone();
    FollowedLog::install(move |line| listener.log(line))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let explanation = runtime.block_on(explain(&config, &recorder, arguments.service.as_deref(), imagined))?;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&explanation)?);
    } else {
        print!("{}", text::page(&explanation));
    }
    Ok(0)
}

async fn explain(
    config: &Config,
    recorder: &Recorder,
    service: Option<&str>,
    mut imagined: Imagined,
) -> Result<Explanation> {
    let scratch = tempfile::tempdir().context("temporary directory")?;
    let mut lasting = wiring::closed_lasting(config)?;
    let stores = config.get(&DATA_DIRECTORY);
    lasting.store = Arc::new(StoreView::new(Path::new(&stores), &scratch.path().join("store"), lasting.clock.clone())?);
    let host = plugins(config, recorder, &lasting).await?;
    let spool = scratch.path().join("queue");
    std::fs::create_dir(&spool).context("temporary queue directory")?;
    let settings = queue::Settings::new(&spool, lasting.randomness.clone());
    let queue = Queue::open(settings, MailLog::new(&config.get(&SYSLOG_NAME), "qmgr"))?;
    // Told that it was done, as by a server that could.
    let flush: smtpd::Flush = Arc::new(|_| Box::pin(async { true }));
    let registry = host.current();
    let (daemons, _) = wiring::generation(registry.clone(), &lasting, &queue, flush).await?.split();
    let server = chosen(&daemons.smtpd, service)?;
    imagined.server.set_port(port(&server.entry.service));
    let mut explanation = server.normal.explain(&imagined, recorder).await;
    explanation.introduce(|name| about(&registry, name));
    Ok(explanation)
}

/// The plugins, with services that keep what they are asked.
async fn plugins(config: &Config, recorder: &Recorder, lasting: &Lasting) -> Result<Arc<PluginHost>> {
    let (recorder, plain) = (recorder.clone(), wiring::services_factory(lasting.clone()));
    let watched: plugin::ServicesFactory = Arc::new(move |config: &Config| recorder.watch(plain(config)));
    let log = MailLog::new(&config.get(&SYSLOG_NAME), "master");
    let host = Arc::new(PluginHost::start(config.clone(), watched, DEFAULT_PLUGINS, log).await?);
    lasting.wasm_tables.connect(&host);
    Ok(host)
}

/// `--service`, or the first smtpd of master.cf.
fn chosen<'s>(servers: &'s [SmtpServer], service: Option<&str>) -> Result<&'s SmtpServer> {
    let names = || servers.iter().map(|server| server.entry.service.as_str()).collect::<Vec<_>>().join(", ");
    match service {
        None => servers
            .iter()
            .find(|server| server.entry.kind == config::ServiceKind::Inet)
            .or(servers.first())
            .context("master.cf has no smtpd service"),
        Some(name) => servers
            .iter()
            .find(|server| server.entry.service == name)
            .ok_or_else(|| anyhow!("no smtpd service {name} in master.cf, only: {}", names())),
    }
}

/// The port of `smtp`, `2525` or `127.0.0.1:2525`; 0 when only services(5) knows.
fn port(service: &str) -> u16 {
    match service.rsplit(':').next().unwrap_or(service) {
        "smtp" => 25,
        "submission" => 587,
        "smtps" | "submissions" => 465,
        number => number.parse().unwrap_or(0),
    }
}

/// Origin and mode of a plugin.
fn about(registry: &Registry, name: &str) -> Option<(String, String)> {
    let plugin = registry.plugins().into_iter().find(|plugin| plugin.name == name)?;
    let origin = match &plugin.origin {
        Origin::Default => "default".to_string(),
        Origin::File(path) => path.display().to_string(),
    };
    Some((origin, plugin.mode.to_string()))
}

/// What would be read as another command is no argument.
fn one_line<'t>(name: &str, text: &'t str) -> Result<&'t str> {
    if text.chars().any(char::is_control) {
        bail!("{name}: control characters are no part of a command: {text:?}");
    }
    Ok(text)
}
