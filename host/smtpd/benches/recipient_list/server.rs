//! The server of the benchmark: everything real but DNS, which answers from memory.

use std::{
    fs,
    net::{IpAddr, SocketAddr},
    path::Path,
    process::Command,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use config::Config;
use hook::{
    BoxFuture, Clock, Dns, DnsAnswer, DnsFailure, DnsReason, MailLog, Randomness, RecordType, ResourceRecord, Services,
    Store, StoreError,
};
use plugin::{PluginHost, Registry};
use smtpd::{Anvil, Service};

const FAMILIES: &[&str] = &["access", "address", "client", "dnsbl", "helo", "relay", "static"];

const ROWS: &[&[config::Row]] = &[
    config::parameters::PARAMETERS,
    smtpd::parameters::PARAMETERS,
    dict::parameters::PARAMETERS,
    rewrite::parameters::PARAMETERS,
    cleanup::parameters::PARAMETERS,
    queue::parameters::PARAMETERS,
];

/// reject_unlisted_* and the relay list are the same with and without the list that is measured.
const MAIN_CF: &str = "\
compatibility_level = 3.6
myhostname = mx.test
mydomain = test
mydestination = $myhostname, localhost
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
alias_maps =
alias_database =
local_recipient_maps =
smtpd_peername_lookup = no
smtpd_junk_command_limit = 2000000000
smtpd_relay_restrictions = reject_unauth_destination
smtpd_reject_unlisted_recipient = no
smtpd_client_connection_count_limit = 0
";

pub fn peer() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 7], 40_000))
}

pub fn local() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], 25))
}

pub struct Server {
    home: tempfile::TempDir,
    registry: Arc<Registry>,
    _host: PluginHost,
}

impl Server {
    pub async fn start() -> Self {
        let home = tempfile::tempdir().expect("a directory");
        let path = home.path();
        fs::create_dir(path.join("queue")).expect("queue_directory");
        let directories = format!("queue_directory = {0}/queue\ndata_directory = {0}/data\n", path.display());
        fs::write(path.join("main.cf"), format!("{MAIN_CF}{directories}")).expect("main.cf");
        fs::write(path.join("master.cf"), "").expect("master.cf");
        let networks: String = (0..100).map(|n| format!("198.51.{n}.0/24 REJECT\n")).collect();
        fs::write(path.join("clients"), format!("{networks}192.0.2.0/24 DUNNO\n")).expect("clients");
        let senders: String = (0..1000).map(|n| format!("user{n}@sender.test DUNNO\n")).collect();
        fs::write(path.join("senders"), senders).expect("senders");
        fs::write(path.join("recipients"), "user@mx.test DUNNO\n").expect("recipients");
        let config = Config::load(path, ROWS).unwrap_or_else(|errors| panic!("{errors}")).config;
        let factory: plugin::ServicesFactory = Arc::new(|config: &Config| services(config));
        let host = PluginHost::start(config, factory, default_plugins(), MailLog::new("postfix", "master")).await;
        let host = host.unwrap_or_else(|error| panic!("{error}"));
        Self { home, registry: host.current(), _host: host }
    }

    /// A service with this smtpd_recipient_restrictions.
    pub async fn service(&self, list: &str) -> Service {
        let list = list.replace("$config_directory", &self.home.path().display().to_string());
        let config = self.registry.config().with_overrides(&[("smtpd_recipient_restrictions".to_string(), list)]);
        let services = self.registry.services().clone();
        let tables = services.tables.clone();
        let directory = tempfile::tempdir_in(self.home.path()).expect("a directory").keep();
        let queue = queue::Queue::open(
            queue::Settings::new(&directory, services.randomness.clone()),
            MailLog::new("postfix", "qmgr"),
        );
        let rewrite = rewrite::Rewrite::new(&config, tables.clone()).expect("rewrite");
        let queue = queue.expect("the queue opens");
        let cleanup = cleanup::Cleanup::new(&config, rewrite, tables, queue, services.clock.clone()).expect("cleanup");
        let anvil = Anvil::new(services.clock.clone(), Duration::from_secs(60), MailLog::new("postfix", "anvil"));
        let service =
            Service::new(config, self.registry.clone(), services, Arc::new(cleanup), Arc::new(anvil), "smtp").await;
        service.unwrap_or_else(|error| panic!("{error}"))
    }
}

/// Built as host/mta/build.rs builds them.
fn default_plugins() -> plugin::Embedded {
    const TARGET: &str = "wasm32-unknown-unknown";
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = root.join("target/recipient-list");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(&root).args(["build", "--quiet", "--lib", "--profile", "wasm", "--target", TARGET]);
    cargo.arg("--target-dir").arg(&target).env_remove("RUSTFLAGS");
    for family in FAMILIES {
        cargo.args(["-p", &format!("waxwing-plugin-{family}")]);
    }
    assert!(cargo.status().expect("cargo runs").success(), "the default plugins do not build");
    let read = |family: &&'static str| -> (&'static str, &'static [u8]) {
        let file = target.join(TARGET).join("wasm").join(format!("waxwing_plugin_{family}.wasm"));
        (family, fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display())).leak())
    };
    FAMILIES.iter().map(read).collect::<Vec<_>>().leak()
}

fn services(config: &Config) -> Services {
    let clock: Arc<dyn Clock> = Arc::new(RealClock(Instant::now()));
    let randomness: Arc<dyn Randomness> = Arc::new(Fixed);
    let environment = dict::Environment {
        clock: clock.clone(),
        randomness: randomness.clone(),
        warn: Arc::new(|text| panic!("{text}")),
        utf8: true,
        plugin_tables: None,
    };
    let tables = dict::Tables::new(config, &config::Machine::current(), environment, None).expect("tables open");
    let tables: Arc<dyn hook::Tables> = Arc::new(tables);
    let addresses = Arc::new(rewrite::Rewrite::new(config, tables.clone()).expect("rewrite"));
    Services {
        clock,
        randomness,
        dns: Arc::new(Memory),
        smtpd_dns: Arc::new(Memory),
        tables,
        addresses,
        store: Arc::new(NoStore),
        sockets: Arc::new(hook::NoSockets),
    }
}

struct RealClock(Instant);

impl Clock for RealClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
}

struct Fixed;

impl Randomness for Fixed {
    fn number(&self) -> u64 {
        4
    }
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(4);
    }
}

/// Every domain has a mail server but those of the block list, which are not there.
struct Memory;

impl Dns for Memory {
    fn lookup<'a>(&'a self, name: &'a str, kind: RecordType) -> BoxFuture<'a, Result<DnsAnswer, DnsFailure>> {
        Box::pin(async move {
            if name.trim_end_matches('.').ends_with("blocked.test") {
                return Err(DnsFailure { reason: DnsReason::NoSuchDomain, secure: false, text: String::new() });
            }
            let (preference, data) = if kind == RecordType::Mx { (10, "mx.test") } else { (0, "192.0.2.9") };
            let record = ResourceRecord { name: name.to_string(), ttl: 300, preference, data: data.to_string() };
            Ok(DnsAnswer { records: vec![record], secure: false })
        })
    }
    fn reverse(&self, _: IpAddr) -> BoxFuture<'_, Result<DnsAnswer, DnsFailure>> {
        Box::pin(async { Err(DnsFailure { reason: DnsReason::NoSuchDomain, secure: false, text: String::new() }) })
    }
}

struct NoStore;

impl Store for NoStore {
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
