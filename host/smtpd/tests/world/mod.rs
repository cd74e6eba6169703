//! A server in memory: real tables, rewriting, cleanup and queue, and restrictions made of closures.

mod restrictions;

use std::{
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use config::Config;
use hook::{
    AddressError, Addresses, BoxFuture, Clock, Dns, DnsAnswer, DnsFailure, DnsReason, Listing, MailLog, Randomness,
    RecordType, Resolution, Services, Store, StoreError,
};
use smtpd::{Anvil, Service, SmtpdError};

/// The settings every dialogue stands on (tests/dialogues/README.md).
const BASE: &str = "\
compatibility_level = 3.6
myhostname = mx.test
mydomain = test
mydestination = $myhostname, localhost
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
alias_maps =
alias_database =
local_recipient_maps =
smtpd_authorized_xclient_hosts = 127.0.0.1
smtpd_banner = $myhostname ESMTP
smtpd_peername_lookup = no
smtpd_error_sleep_time = 0
smtpd_soft_error_limit = 1000
smtpd_hard_error_limit = 1000
smtpd_junk_command_limit = 10000
";

pub struct World {
    pub service: Service,
    _queue_directory: tempfile::TempDir,
}

/// The rows of all crates involved.
const ROWS: &[&[config::Row]] = &[
    config::parameters::PARAMETERS,
    smtpd::parameters::PARAMETERS,
    smtpd::sasl::parameters::PARAMETERS,
    smtpd::tls::parameters::PARAMETERS,
    net::tls::parameters::PARAMETERS,
    dict::parameters::PARAMETERS,
    rewrite::parameters::PARAMETERS,
    cleanup::parameters::PARAMETERS,
    queue::parameters::PARAMETERS,
];

/// Base settings, then those of a dialogue, later ones winning.
fn config_of(settings: &[(String, String)], directory: &Path) -> Config {
    let mut main_cf = BASE.to_string();
    main_cf.push_str(&format!("queue_directory = {}\n", directory.display()));
    for (name, value) in settings {
        main_cf.push_str(&format!("{name} = {value}\n"));
    }
    Config::from_text(&main_cf, ROWS).expect("the settings of a dialogue are good")
}

impl World {
    /// A server with these settings on top of the base.
    pub async fn new(settings: &[(String, String)]) -> Result<Self, SmtpdError> {
        let directory = tempfile::tempdir().expect("a directory for the queue");
        let config = config_of(settings, directory.path());
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let randomness: Arc<dyn Randomness> = Arc::new(Numbers(AtomicU64::new(1)));
        let environment = dict::Environment {
            clock: clock.clone(),
            randomness: randomness.clone(),
            warn: Arc::new(|text| MailLog::new("postfix", "smtpd").warning(format_args!("{text}"))),
            utf8: true,
            plugin_tables: None,
        };
        let machine = config::Machine::current();
        let tables = dict::Tables::new(&config, &machine, environment, None).expect("tables open");
        let tables: Arc<dyn hook::Tables> = Arc::new(tables);
        let queue_settings = queue::Settings::new(directory.path(), randomness.clone());
        let queue = queue::Queue::open(queue_settings, MailLog::new("postfix", "qmgr")).expect("the queue opens");
        let rewrite = rewrite::Rewrite::new(&config, tables.clone()).expect("rewrite");
        let cleanup = cleanup::Cleanup::new(&config, rewrite, tables.clone(), queue, clock.clone()).expect("cleanup");
        let anvil = Anvil::new(clock.clone(), Duration::from_secs(60), MailLog::new("postfix", "anvil"));
        let nothing = Arc::new(Nothing);
        let services = Services {
            clock,
            randomness,
            dns: nothing.clone(),
            smtpd_dns: nothing.clone(),
            tables: tables.clone(),
            addresses: nothing.clone(),
            store: nothing,
            sockets: Arc::new(hook::NoSockets),
        };
        let catalogue = Arc::new(restrictions::Restrictions::new(tables, &config));
        let service = Service::new(config, catalogue, services, Arc::new(cleanup), Arc::new(anvil), "smtp").await?;
        let flush: smtpd::Flush = Arc::new(|_| Box::pin(async { true }));
        Ok(Self { service: service.with_flush(flush), _queue_directory: directory })
    }

    /// The address every client comes from.
    pub fn peer() -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], 40_000))
    }
}

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
    fn monotonic(&self) -> Duration {
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
    }
}

struct Numbers(AtomicU64);

impl Randomness for Numbers {
    fn number(&self) -> u64 {
        self.0.fetch_add(0x9E37_79B9, Ordering::Relaxed)
    }
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.number() as u8);
    }
}

/// No DNS, no address classes, no stores.
struct Nothing;

fn not_found() -> DnsFailure {
    DnsFailure { reason: DnsReason::NoSuchDomain, secure: false, text: "Host not found".to_string() }
}

impl Dns for Nothing {
    fn lookup<'a>(&'a self, _: &'a str, _: RecordType) -> BoxFuture<'a, Result<DnsAnswer, DnsFailure>> {
        Box::pin(async { Err(not_found()) })
    }
    fn reverse(&self, _: std::net::IpAddr) -> BoxFuture<'_, Result<DnsAnswer, DnsFailure>> {
        Box::pin(async { Err(not_found()) })
    }
}

impl Addresses for Nothing {
    fn resolve<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<Resolution, AddressError>> {
        Box::pin(async { Err(AddressError::Temporary("no resolver".to_string())) })
    }
    fn find_recipient<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Listing, AddressError>> {
        Box::pin(async { Ok(Listing::Listed) })
    }
    fn find_sender<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Listing, AddressError>> {
        Box::pin(async { Ok(Listing::Listed) })
    }
}

impl Store for Nothing {
    fn get(&self, _: &str, _: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Err(StoreError::NotGranted)
    }
    fn put(&self, _: &str, _: &str, _: &[u8], _: u32) -> Result<(), StoreError> {
        Err(StoreError::NotGranted)
    }
    fn put_if_absent(&self, _: &str, _: &str, _: &[u8], _: u32) -> Result<bool, StoreError> {
        Err(StoreError::NotGranted)
    }
    fn add(&self, _: &str, _: &str, _: i64, _: u32) -> Result<i64, StoreError> {
        Err(StoreError::NotGranted)
    }
    fn remove(&self, _: &str, _: &str) -> Result<(), StoreError> {
        Err(StoreError::NotGranted)
    }
}
