//! A server around the plugin host: services that answer from memory, a configuration in a temporary directory.
#![allow(dead_code)] // Each test binary uses its part.

pub mod guest;

use std::{
    net::IpAddr,
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant, SystemTime},
};

use config::Config;
use hook::{
    AddressError, Attribute, BoxFuture, Call, DnsAnswer, DnsFailure, DnsReason, Facts, Found, Instances, Listing,
    Lookup, MailLog, NameStatus, Notes, RecordType, Resolution, SearchOrder, Services, SessionView, Stage, Tables,
};
use plugin::{PluginError, PluginHost};

/// A configuration directory and what it takes to start a host in it.
pub struct Server {
    pub home: tempfile::TempDir,
}

impl Server {
    /// With a plugins.cf that names these components.
    pub fn new(plugins_cf: &str, components: &[(&str, Vec<u8>)]) -> Self {
        let home = tempfile::tempdir().expect("temporary directory");
        std::fs::create_dir(home.path().join("plugins")).expect("plugin_directory");
        std::fs::write(
            home.path().join("main.cf"),
            format!("data_directory = {}\n", home.path().join("data").display()),
        )
        .expect("main.cf");
        std::fs::write(home.path().join("master.cf"), "").expect("master.cf");
        let server = Self { home };
        server.write_plugins_cf(plugins_cf);
        for (file, wasm) in components {
            server.write_component(file, wasm);
        }
        server
    }

    pub fn write_plugins_cf(&self, text: &str) {
        std::fs::write(self.home.path().join("plugins.cf"), text).expect("plugins.cf");
    }

    /// Renamed into its place, as a careful build does.
    pub fn write_component(&self, file: &str, wasm: &[u8]) {
        let plugins = self.home.path().join("plugins");
        std::fs::write(plugins.join("new"), wasm).expect("component");
        std::fs::rename(plugins.join("new"), plugins.join(file)).expect("rename");
    }

    pub fn config(&self) -> Config {
        Config::load(self.home.path(), &[]).unwrap_or_else(|errors| panic!("{errors}")).config
    }

    pub async fn start(&self) -> Result<PluginHost, PluginError> {
        self.start_with(&[]).await
    }

    pub async fn start_with(&self, embedded: plugin::Embedded) -> Result<PluginHost, PluginError> {
        let data = self.home.path().join("data");
        let stores = plugin::Stores::open(&data.join("store"), Arc::new(RealClock)).expect("stores");
        let factory = move |_: &Config| services(stores.clone());
        PluginHost::start(self.config(), Arc::new(factory), embedded, MailLog::new("postfix", "plugin")).await
    }
}

fn services(stores: plugin::Stores) -> Services {
    Services {
        clock: Arc::new(RealClock),
        randomness: Arc::new(Fixed),
        dns: Arc::new(SlowDns),
        smtpd_dns: Arc::new(SlowDns),
        tables: Arc::new(OneTable::default()),
        addresses: Arc::new(NoAddresses),
        store: Arc::new(stores),
        sockets: Arc::new(hook::NoSockets),
    }
}

pub struct RealClock;

impl hook::Clock for RealClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn monotonic(&self) -> Duration {
        static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
        START.get_or_init(Instant::now).elapsed()
    }
}

struct Fixed;

impl hook::Randomness for Fixed {
    fn number(&self) -> u64 {
        4
    }

    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(4);
    }
}

/// Answers `slow.example` never, everything else at once with NXDOMAIN.
struct SlowDns;

impl hook::Dns for SlowDns {
    fn lookup<'a>(&'a self, name: &'a str, _: RecordType) -> BoxFuture<'a, Result<DnsAnswer, DnsFailure>> {
        Box::pin(async move {
            if name == "slow.example" {
                std::future::pending::<()>().await;
            }
            Err(DnsFailure { reason: DnsReason::NoSuchDomain, secure: false, text: String::new() })
        })
    }

    fn reverse(&self, _: IpAddr) -> BoxFuture<'_, Result<DnsAnswer, DnsFailure>> {
        Box::pin(async { Err(DnsFailure { reason: DnsReason::NoSuchDomain, secure: false, text: String::new() }) })
    }
}

/// Opens only tables called `inline:…`; the key `late` takes its time.
#[derive(Default)]
struct OneTable {
    opened: Mutex<Vec<String>>,
}

impl Tables for OneTable {
    fn open(&self, tables: &str) -> Result<(), String> {
        if !tables.starts_with("inline:") {
            return Err(format!("open {tables}: No such file or directory"));
        }
        self.opened.lock().expect("no panic holds it").push(tables.to_string());
        Ok(())
    }

    fn find<'a>(&'a self, _: SearchOrder, tables: &'a str, key: &'a str) -> Lookup<'a, Option<Found>> {
        let found = matches!(key, "known" | "late").then(|| Found { key: key.to_string(), value: tables.to_string() });
        if key != "late" {
            return Lookup::Now(Ok(found));
        }
        Lookup::Later(Box::pin(async {
            tokio::task::yield_now().await;
            Ok(found)
        }))
    }

    fn match_domain<'a>(&'a self, _: &'a str, _: &'a str) -> Lookup<'a, bool> {
        Lookup::Now(Ok(false))
    }

    fn match_host<'a>(&'a self, _: &'a str, _: &'a str, _: &'a str) -> Lookup<'a, bool> {
        Lookup::Now(Ok(false))
    }
}

struct NoAddresses;

impl hook::Addresses for NoAddresses {
    fn resolve<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<Resolution, AddressError>> {
        Box::pin(async { Err(AddressError::Syntax) })
    }

    fn find_recipient<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Listing, AddressError>> {
        Box::pin(async { Ok(Listing::Unlisted) })
    }

    fn find_sender<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Listing, AddressError>> {
        Box::pin(async { Ok(Listing::Unlisted) })
    }
}

/// A session with a client and a sender.
pub struct Session;

impl SessionView for Session {
    fn attribute(&self, attribute: Attribute) -> Option<&str> {
        match attribute {
            Attribute::ClientAddress => Some("192.0.2.1"),
            Attribute::Sender => Some("sender@example.com"),
            _ => None,
        }
    }

    fn named(&self, _: &str) -> Option<String> {
        None
    }

    fn facts(&self) -> Facts {
        Facts::ESMTP
    }

    fn recipient_count(&self) -> u32 {
        0
    }

    fn recipient_at(&self, _: u32) -> Option<&str> {
        None
    }

    fn size(&self) -> u64 {
        0
    }

    fn client_port(&self) -> u16 {
        0
    }

    fn server_port(&self) -> u16 {
        25
    }

    fn encryption_keysize(&self) -> u16 {
        0
    }

    fn client_connections(&self) -> u32 {
        1
    }

    fn client_name_status(&self) -> NameStatus {
        NameStatus::Unchecked
    }

    fn reverse_client_name_status(&self) -> NameStatus {
        NameStatus::Unchecked
    }
}

/// A call in a session of its own.
pub fn call() -> Call {
    Call {
        session: Arc::new(Session),
        message: None,
        stage: Stage::Recipient,
        notes: Notes::default(),
        instances: Instances::default(),
    }
}

/// Files below a directory, for tests of the store of compiled components.
pub fn files(directory: &Path) -> Vec<std::path::PathBuf> {
    std::fs::read_dir(directory).expect("directory").map(|entry| entry.expect("entry").path()).collect()
}
