//! Joins configuration, plugins and daemons: the only place that knows them all. One [`Generation`] is everything a
//! reload replaces; [`Lasting`] is what stays.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use anyhow::{Context, Result, anyhow};
use config::{
    Config, MasterEntry, ServiceKind, Wakeup,
    parameters::{DELIVERY_PLUGINS, QUEUE_DIRECTORY, SMTPUTF8_ENABLE, SYSLOG_NAME},
};
use delivery::{
    DeliveryError, Discard, ErrorAgent, Pipe, Smtp, StatusLog, UserRights, Virtual, Wasm, pipe,
    status_log::delivery_status_filter::{
        PIPE_DELIVERY_STATUS_FILTER, SMTP_DELIVERY_STATUS_FILTER, VIRTUAL_DELIVERY_STATUS_FILTER,
    },
    virtual_mailbox,
};
use hook::{BoxFuture, Clock, Delivery, MailLog, Randomness, Services, Store};
use plugin::{PluginHost, Registry};
use queue::Queue;
use rewrite::Rewrite;

use crate::{
    default_plugins::DEFAULT_PLUGINS,
    told::told,
    verification::{Verification, VerifiedAddresses},
};

mod broken;
mod cleanup_services;
mod local_delivery;
mod wasm_tables;
use broken::{Broken, broken_services};
use cleanup_services::CleanupServices;
use local_delivery::{LateAgents, local};
pub use wasm_tables::WasmTables;

/// What outlives a reload.
#[derive(Clone)]
pub struct Lasting {
    pub clock: Arc<dyn Clock>,
    pub randomness: Arc<dyn Randomness>,
    pub store: Arc<dyn Store>,
    pub anvil: Arc<smtpd::Anvil>,
    pub tables: Arc<TableCache>,
    pub rights: Arc<dyn UserRights>,
    pub wasm_tables: Arc<WasmTables>,
    pub verification: Arc<Verification>,
    /// Reads files with private keys.
    pub key_files: Arc<net::tls::ReadFile>,
}

/// Open tables shared by generations.
pub type TableCache = Mutex<Option<Arc<dict::Tables>>>;

/// Clock, DNS, tables and addresses of one configuration; `Err` is what is wrong with it.
pub fn services(config: &Config, lasting: &Lasting) -> Result<Services> {
    let tables = open_tables(config, lasting)?;
    let resolver = net::Resolver::new(&net::dns::Settings::default()).context("DNS resolver")?;
    let dns: Arc<dyn hook::Dns> = Arc::new(resolver);
    let rewrite = Rewrite::new(config, tables.clone())?;
    Ok(Services {
        clock: lasting.clock.clone(),
        randomness: lasting.randomness.clone(),
        smtpd_dns: smtpd::restriction_dns(config, dns.clone(), tables.clone()),
        dns,
        tables,
        addresses: Arc::new(VerifiedAddresses { rewrite, verification: lasting.verification.clone() }),
        store: lasting.store.clone(),
        sockets: Arc::new(net::Sockets::new(config.get(&QUEUE_DIRECTORY).into())),
    })
}

fn open_tables(config: &Config, lasting: &Lasting) -> Result<Arc<dict::Tables>> {
    let (wasm, plugins) = (lasting.wasm_tables.clone(), config.clone());
    let log = MailLog::new(&config.get(&SYSLOG_NAME), "proxymap");
    let environment = dict::Environment {
        clock: lasting.clock.clone(),
        randomness: lasting.randomness.clone(),
        warn: Arc::new(move |text| log.warning(format_args!("{text}"))),
        utf8: config.get(&SMTPUTF8_ENABLE),
        plugin_tables: Some(Arc::new(move |name: &str, argument: &str| wasm.open(&plugins, name, argument))),
    };
    let mut cache = lasting.tables.lock().map_err(|_| anyhow!("table cache"))?;
    let tables = Arc::new(dict::Tables::new(config, &config::Machine::current(), environment, cache.as_deref())?);
    if !config.has_overrides() {
        *cache = Some(tables.clone());
    }
    Ok(tables)
}

/// The plugin host's way to services for a configuration that knows the plugins' parameters. The same configuration without
/// them passed [`services`] just before; should it fail now, whoever asks is told to try later.
pub fn services_factory(lasting: Lasting) -> plugin::ServicesFactory {
    Arc::new(move |config: &Config| match services(config, &lasting) {
        Ok(services) => services,
        Err(error) => {
            let log = MailLog::new(&config.get(&SYSLOG_NAME), "master");
            log.error(format_args!("{}", told(&error)));
            broken_services(&lasting, told(&error))
        }
    })
}

/// An smtpd entry of master.cf. All its places taken, new sessions run under stress=yes (STRESS_README).
pub struct SmtpServer {
    pub entry: MasterEntry,
    pub normal: smtpd::Service,
    pub stressed: smtpd::Service,
}

/// The daemons of one configuration and one set of plugins.
pub struct Generation {
    config: Config,
    pickup: Pickup,
    smtpd: Vec<SmtpServer>,
    qmgr: qmgr::Generation,
    verify: Arc<bounce::Verify>,
}

impl Generation {
    /// The queue manager's part goes its own way.
    pub fn split(self) -> (Daemons, qmgr::Generation) {
        let Self { config, pickup, smtpd, qmgr, verify } = self;
        (Daemons { config, pickup, smtpd, verify }, qmgr)
    }
}

/// A generation without the queue manager's part.
pub struct Daemons {
    pub config: Config,
    pub pickup: Pickup,
    pub smtpd: Vec<SmtpServer>,
    pub verify: Arc<bounce::Verify>,
}

/// What a start would refuse of tables, restriction lists and transports.
pub async fn check(registry: Arc<Registry>) -> Result<()> {
    let config = registry.config().clone();
    let lasting = closed_lasting(&config)?;
    let scratch = tempfile::tempdir().context("temporary directory")?;
    let settings = queue::Settings::new(scratch.path(), lasting.randomness.clone());
    let queue = Queue::open(settings, MailLog::new(&config.get(&SYSLOG_NAME), "qmgr"))?;
    let nobody_asks: smtpd::Flush = Arc::new(|_| Box::pin(async { false }));
    generation(registry, &lasting, &queue, nobody_asks).await.map(drop)
}

/// Builds the daemons. `flush` is what ETRN asks for.
pub async fn generation(
    registry: Arc<Registry>,
    lasting: &Lasting,
    queue: &Queue,
    flush: smtpd::Flush,
) -> Result<Generation> {
    let config = registry.config().clone();
    // The registry's own services hold the same tables; rewrite is made from them once more, cheaply.
    let services = registry.services().clone();
    let rewrite = Rewrite::new(&config, services.tables.clone())?;
    let cleanups = CleanupServices::of(&config, &registry, &rewrite, queue)?;
    let cleanup = cleanups.named_by(&config)?;
    let notices = Arc::new(Notices { config: config.clone(), cleanup: cleanup.clone() });
    let mut servers = Vec::new();
    for entry in smtp_servers(&config) {
        let view = config.service(entry);
        let stressed = view.with_overrides(&[("stress".to_string(), "yes".to_string())]);
        let (catalogue, mut services) = (registry.clone(), services.clone());
        if view.has_overrides() {
            // Lists such as `-o mynetworks=` are the service's own; addresses are trivial-rewrite's business for all.
            services.tables = registry.services_for(&view).tables;
        }
        let cleanup = cleanups.named_by(&view).with_context(|| entry.place.to_string())?;
        let anvil = lasting.anvil.clone();
        let normal = smtpd::Service::new(view, catalogue, services, cleanup, anvil, &entry.service)
            .await
            .with_context(|| format!("{}: service {}", entry.place, entry.service))?
            .with_flush(flush.clone())
            .with_notices(post_notice(notices.clone()))
            .with_tls(&*lasting.key_files)
            .with_filters(registry.clone())
            .with_context(|| format!("{}: service {}", entry.place, entry.service))?;
        let stressed = normal.with_settings(&stressed)?;
        servers.push(SmtpServer { normal, stressed, entry: entry.clone() });
    }
    let verify = lasting.verification.next(&config, &rewrite, notices.clone(), services.clock.clone())?;
    let bounce = bounce::Bounce::new(bounce::Settings::from(&config), notices).with_verify(verify.clone());
    let qmgr = qmgr::Generation {
        settings: qmgr::Settings::from(&config),
        addresses: services.addresses.clone(),
        transports: transports(&config, &registry, &services, lasting, &cleanup)?,
        bounce,
        attempts: delivery_plugins(&config, &registry)?,
        log: MailLog::new(&config.get(&SYSLOG_NAME), "qmgr"),
    };
    let pickup = Pickup::of(&config, &cleanups)?;
    Ok(Generation { config, pickup, smtpd: servers, qmgr, verify })
}

/// The entries of master.cf that are SMTP servers: on ports, and on unix-domain sockets.
pub fn smtp_servers(config: &Config) -> impl Iterator<Item = &MasterEntry> {
    let listens = |kind| matches!(kind, ServiceKind::Inet | ServiceKind::Unix);
    enabled(config).filter(move |entry| listens(entry.kind) && entry.command == "smtpd")
}

/// The entries of master.cf but for those of master_service_disable.
fn enabled(config: &Config) -> impl Iterator<Item = &MasterEntry> {
    let disabled = config.get(&master::parameters::MASTER_SERVICE_DISABLE);
    config.master().iter().filter(move |entry| !master::is_disabled(&disabled, entry))
}

/// The configuration with the `-o` of the first master.cf entry that runs a daemon which is part of the server.
fn view_of(config: &Config, command: &str) -> Config {
    config.master().iter().find(|entry| entry.command == command).map_or_else(|| config.clone(), |e| config.service(e))
}

/// What pickup(8) does to local mail.
pub struct Pickup {
    /// Of its entry in master.cf. Without one sendmail works all the same, so Postfix's own master.cf stands in.
    pub wakeup: Wakeup,
    pub cleanup: Arc<cleanup::Cleanup>,
    pub content_filter: String,
    pub overrides: cleanup::Overrides,
}

impl Pickup {
    fn of(config: &Config, cleanups: &CleanupServices) -> Result<Self> {
        let view = view_of(config, "pickup");
        let entry = config.master().iter().find(|entry| entry.command == "pickup");
        Ok(Self {
            wakeup: entry.map_or(Wakeup { seconds: 60, only_if_used: false }, |entry| entry.wakeup),
            cleanup: cleanups.named_by(&view)?,
            content_filter: view.get(&smtpd::parameters::CONTENT_FILTER),
            overrides: smtpd::cleanup_overrides(&view)?,
        })
    }
}

fn delivery_plugins(config: &Config, registry: &Arc<Registry>) -> Result<Vec<Arc<dyn hook::DeliveryAttempts>>> {
    let names = config.get(&DELIVERY_PLUGINS);
    let place = config.place("delivery_plugins").map_or_else(|| "delivery_plugins".to_string(), |p| p.to_string());
    names.iter().map(|name| registry.delivery_attempts(name).map_err(|e| anyhow!("{place}: {e}"))).collect()
}

/// The delivery agents by transport name.
struct Agents {
    by_transport: HashMap<String, Arc<dyn Delivery>>,
    /// The queue manager's own.
    discarding: Arc<dyn Delivery>,
}

impl qmgr::Transports for Agents {
    fn find(&self, transport: &str) -> Option<Arc<dyn Delivery>> {
        self.by_transport.get(transport).cloned()
    }

    fn discarding(&self) -> Option<Arc<dyn Delivery>> {
        Some(self.discarding.clone())
    }
}

fn transports(
    config: &Config,
    registry: &Arc<Registry>,
    services: &Services,
    lasting: &Lasting,
    cleanup: &Arc<cleanup::Cleanup>,
) -> Result<Arc<Agents>> {
    let others = Arc::new(LateAgents::default());
    let mut agents: HashMap<String, Arc<dyn Delivery>> = HashMap::new();
    for entry in enabled(config).filter(|e| e.kind != ServiceKind::Inet) {
        let made = match entry.command.as_str() {
            "local" => local(config, entry, services, lasting, cleanup, others.clone()).map(Some),
            "smtpd" if entry.kind == ServiceKind::Unix => continue,
            _ => agent(config, entry, registry, services, lasting),
        };
        let agent = made.with_context(|| format!("{}: transport {}", entry.place, entry.service))?;
        match agent {
            Some(agent) => {
                agents.insert(entry.service.clone(), agent);
            }
            None if IN_THE_SERVER.contains(&entry.command.as_str()) => {}
            None => MailLog::new(&config.get(&SYSLOG_NAME), "master").warning(format_args!(
                "{}: service {}: command {} is not supported in this release; mail for it waits in the queue",
                entry.place, entry.service, entry.command
            )),
        }
    }
    let own_log = StatusLog::new(config, MailLog::new(&config.get(&SYSLOG_NAME), "qmgr"));
    let discarding = Arc::new(Discard::new(own_log, lasting.clock.clone()));
    let agents = Arc::new(Agents { by_transport: agents, discarding });
    others.connect(&agents);
    Ok(agents)
}

/// Commands of master.cf whose work the server does by itself: their entries are accepted and mean nothing.
const IN_THE_SERVER: &[&str] = &[
    "pickup",
    "cleanup",
    "qmgr",
    "oqmgr",
    "nqmgr",
    "tlsmgr",
    "trivial-rewrite",
    "bounce",
    "verify",
    "flush",
    "proxymap",
    "showq",
    "anvil",
    "scache",
    "postlogd",
];

fn agent(
    config: &Config,
    entry: &MasterEntry,
    registry: &Arc<Registry>,
    services: &Services,
    lasting: &Lasting,
) -> Result<Option<Arc<dyn Delivery>>> {
    let view = config.service(entry);
    let syslog_name = view.get(&SYSLOG_NAME);
    let status_log = |daemon: &str| StatusLog::new(&view, MailLog::new(&syslog_name, daemon));
    let filtered = |daemon: &str, view: &Config, maps: &config::Param<config::Text>| {
        let name = if daemon == "lmtp" { "lmtp_delivery_status_filter" } else { maps.name };
        status_log(daemon).with_filter(&services.tables, name, view.get(maps))
    };
    let clock = lasting.clock.clone();
    let bad = |e: DeliveryError| anyhow!("{e}");
    Ok(Some(match entry.command.as_str() {
        "smtp" => {
            let settings = delivery::smtp::Settings::from_config(&view).map_err(bad)?;
            let rules = delivery::smtp::Rules::from_config(&view, services.tables.clone(), &**registry).map_err(bad)?;
            let hosts = net::hosts::HostsFile::system();
            let smtp = Smtp::new(
                settings,
                rules,
                services.clone(),
                hosts,
                filtered("smtp", &view, &SMTP_DELIVERY_STATUS_FILTER),
            );
            Arc::new(smtp.with_tls(&*lasting.key_files))
        }
        "lmtp" => {
            let (settings, view) = delivery::smtp::Settings::from_lmtp_config(&view).map_err(bad)?;
            let rules = delivery::smtp::Rules::from_config(&view, services.tables.clone(), &**registry).map_err(bad)?;
            let hosts = net::hosts::HostsFile::system();
            let lmtp = Smtp::new(
                settings,
                rules,
                services.clone(),
                hosts,
                filtered("lmtp", &view, &SMTP_DELIVERY_STATUS_FILTER),
            );
            Arc::new(lmtp.with_tls(&*lasting.key_files))
        }
        "virtual" => {
            let settings = virtual_mailbox::Settings::from_config(&view).map_err(bad)?;
            let rights = lasting.rights.clone();
            let log = filtered("virtual", &view, &VIRTUAL_DELIVERY_STATUS_FILTER);
            Arc::new(Virtual::new(settings, services.clone(), rights, log).map_err(bad)?)
        }
        "pipe" => {
            let settings = pipe::Settings::from_config(&view, entry);
            let log = filtered("pipe", &view, &PIPE_DELIVERY_STATUS_FILTER);
            if let Some(problem) = settings.problem() {
                // As in Postfix only mail for it suffers, since most master.cf files have entries that nobody uses.
                let (place, service) = (&entry.place, &entry.service);
                log.log()
                    .warning(format_args!("{place}: service {service}: {problem}; mail for it waits in the queue"));
            }
            Arc::new(Pipe::new(settings, lasting.rights.clone(), log, clock))
        }
        "discard" => Arc::new(Discard::new(status_log("discard"), clock)),
        "error" | "retry" => {
            // master.cf calls the same daemon under two service names.
            Arc::new(ErrorAgent::new(&entry.service, status_log("error"), clock))
        }
        "wasm" => {
            let name = entry.args.first().context("the command wasm needs the plugin's name as its first argument")?;
            let delivery = registry.delivery(name, &entry.service).map_err(|e| anyhow!(e))?;
            Arc::new(Wasm::new(delivery, status_log(&entry.service), clock))
        }
        _ => return Ok(None),
    }))
}

/// Notices of bounce(8) go through cleanup like all mail.
struct Notices {
    config: Config,
    cleanup: Arc<cleanup::Cleanup>,
}

impl bounce::Submit for Notices {
    fn submit(&self, envelope: mail::Envelope, content: Vec<u8>) -> BoxFuture<'_, Result<String, String>> {
        Box::pin(async move {
            let id = self.cleanup.new_queue_id();
            let content = crate::server::with_received(&self.config, &id.to_string(), None, envelope.arrival, &content);
            self.cleanup.submit_as(id, envelope, &content).await.map_err(|e| e.to_string())?;
            Ok(id.to_string())
        })
    }
}

/// Transcripts of the SMTP server for postmaster, likewise.
fn post_notice(notices: Arc<Notices>) -> smtpd::PostNotice {
    Arc::new(move |envelope, content| {
        let notices = notices.clone();
        Box::pin(async move { bounce::Submit::submit(&*notices, envelope, content).await })
    })
}

/// The configuration with the parameters that plugins declare, for postconf and checks. Nothing is started; what plugins keep in
/// stores stays closed, because the running server has it open.
pub fn describe_plugins(config: &Config) -> Result<Arc<Registry>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async {
        let lasting = closed_lasting(config)?;
        let log = MailLog::new(&config.get(&SYSLOG_NAME), "master");
        let host = PluginHost::start(config.clone(), services_factory(lasting), DEFAULT_PLUGINS, log).await?;
        Ok(host.current())
    })
}

/// For commands beside the server: no store, no other user's mailbox.
pub fn closed_lasting(config: &Config) -> Result<Lasting> {
    Ok(Lasting {
        clock: Arc::new(crate::system::SystemClock::start()),
        randomness: Arc::new(crate::system::SystemRandomness::open().context("/dev/urandom")?),
        store: Arc::new(Broken("stores are closed outside the server".into())),
        anvil: anvil(config),
        tables: Arc::default(),
        rights: Arc::new(delivery::OwnRights),
        wasm_tables: Arc::default(),
        verification: Arc::default(),
        key_files: Arc::new(net::tls::read_file),
    })
}

/// The counters of anvil(8); anvil_rate_time_unit counts from the start of the server.
pub fn anvil(config: &Config) -> Arc<smtpd::Anvil> {
    let log = MailLog::new(&config.get(&SYSLOG_NAME), "anvil");
    let clock = Arc::new(crate::system::SystemClock::start());
    Arc::new(smtpd::Anvil::new(clock, config.get(&smtpd::parameters::ANVIL_RATE_TIME_UNIT), log))
}
