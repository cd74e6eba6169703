//! Services that answer like those behind them and keep what was asked.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hook::{
    AddressClass, AddressError, Addresses, BoxFuture, Dns, DnsAnswer, DnsFailure, DnsReason, Found, Listing, Lookup,
    Probe, ProbeStatus, RecordType, Resolution, SearchOrder, Services, Store, StoreError, TableError, Tables,
};
use serde::Serialize;

/// One question to a service.
#[derive(Clone, Debug, Serialize)]
pub struct Looked {
    /// `dns`, `table`, `list`, `address`, `verification` or `store`.
    pub kind: &'static str,
    /// Record type; `type:name` of tables with the search order; parameter of a match list; what is asked of an address;
    /// operation and store.
    pub target: String,
    pub key: String,
    /// `error: …` where there is none.
    pub answer: String,
    pub microseconds: f64,
}

/// Keeps lookups and log lines until somebody takes them. Clones share.
#[derive(Clone, Default)]
pub struct Recorder(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    begun: bool,
    lookups: Vec<Looked>,
    log: Vec<String>,
}

impl Recorder {
    /// Services whose answers are kept. Probes are not sent; whatever else `services` can change is the caller's to keep apart.
    pub fn watch(&self, services: Services) -> Services {
        let behind = |dns: &Arc<dyn Dns>| {
            let services = Services { dns: dns.clone(), ..services.clone() };
            Arc::new(Watched { services, recorder: self.clone() })
        };
        let (unfiltered, watched) = (behind(&services.dns), behind(&services.smtpd_dns));
        Services {
            dns: unfiltered,
            smtpd_dns: watched.clone(),
            tables: watched.clone(),
            addresses: watched.clone(),
            store: watched,
            // A policy server learns from what it is asked: nobody is talked to.
            sockets: Arc::new(hook::NoSockets),
            ..services
        }
    }

    /// A line the server would log; false before the session begins, when it is about the start.
    pub fn log(&self, line: &str) -> bool {
        self.with(|kept| {
            if kept.begun {
                kept.log.push(line.to_string());
            }
            kept.begun
        })
    }

    /// The session begins: what was asked before was asked at start.
    pub(super) fn begin(&self) {
        self.with(|kept| *kept = Kept { begun: true, ..Kept::default() });
    }

    pub(super) fn take_lookups(&self) -> Vec<Looked> {
        self.with(|kept| std::mem::take(&mut kept.lookups))
    }

    pub(super) fn take(&self) -> (Vec<Looked>, Vec<String>) {
        self.with(|kept| (std::mem::take(&mut kept.lookups), std::mem::take(&mut kept.log)))
    }

    fn with<T>(&self, act: impl FnOnce(&mut Kept) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

struct Watched {
    services: Services,
    recorder: Recorder,
}

impl Watched {
    fn now(&self) -> Duration {
        self.services.clock.monotonic()
    }

    fn keep(&self, kind: &'static str, target: impl Into<String>, key: &str, began: Duration, answer: String) {
        let microseconds = self.now().saturating_sub(began).as_nanos() as f64 / 1000.0;
        let looked = Looked { kind, target: target.into(), key: key.to_string(), answer, microseconds };
        self.recorder.with(|kept| kept.lookups.push(looked));
    }

    /// A table's answer. Never at once: a plugin that could not wait for the next one would ask for this one twice.
    fn table<'a, T: Send + 'a>(
        &'a self,
        lookup: Lookup<'a, T>,
        began: Duration,
        (kind, target, key): (&'static str, String, String),
        say: fn(&T) -> String,
    ) -> Lookup<'a, T> {
        let told = move |answer: &Result<T, TableError>| match answer {
            Ok(answer) => say(answer),
            Err(error) => format!("error: {error}"),
        };
        Lookup::Later(Box::pin(async move {
            let answer = lookup.wait().await;
            self.keep(kind, target, &key, began, told(&answer));
            answer
        }))
    }

    fn stored<T>(
        &self,
        operation: &str,
        store: &str,
        key: &str,
        act: impl FnOnce(&dyn Store) -> Result<T, StoreError>,
        say: impl FnOnce(&T) -> String,
    ) -> Result<T, StoreError> {
        let began = self.now();
        let answer = act(&*self.services.store);
        let told = match &answer {
            Ok(answer) => say(answer),
            Err(StoreError::NotGranted) => "error: not granted".to_string(),
            Err(StoreError::TooBig) => "error: too big".to_string(),
            Err(StoreError::Unavailable(why)) => format!("error: {why}"),
        };
        self.keep("store", format!("{operation} {store}"), key, began, told);
        answer
    }
}

fn yes_or_no(answer: &bool) -> String {
    if *answer { "yes" } else { "no" }.to_string()
}

fn records(answer: &Result<DnsAnswer, DnsFailure>) -> String {
    let failure = match answer {
        Ok(answer) => {
            let texts = answer.records.iter().map(|record| match record.preference {
                0 => record.data.clone(),
                preference => format!("{preference} {}", record.data),
            });
            return texts.collect::<Vec<_>>().join(", ");
        }
        Err(failure) => failure,
    };
    match failure.reason {
        DnsReason::NoSuchDomain => "no such domain",
        DnsReason::NoData => "no such record",
        DnsReason::NullMx => "null MX",
        DnsReason::Malformed => "error: malformed name or answer",
        DnsReason::Refused => "error: refused by the name server",
        DnsReason::ServerFailure => "error: server failure",
        DnsReason::Timeout => "error: no reply in time",
        DnsReason::Filtered => "removed by smtpd_dns_reply_filter",
    }
    .to_string()
}

impl Dns for Watched {
    fn lookup<'a>(&'a self, name: &'a str, kind: RecordType) -> BoxFuture<'a, Result<DnsAnswer, DnsFailure>> {
        Box::pin(async move {
            let began = self.now();
            let answer = self.services.dns.lookup(name, kind).await;
            self.keep("dns", net::dns::type_name(kind), name, began, records(&answer));
            answer
        })
    }

    fn reverse(&self, address: IpAddr) -> BoxFuture<'_, Result<DnsAnswer, DnsFailure>> {
        Box::pin(async move {
            let began = self.now();
            let answer = self.services.dns.reverse(address).await;
            self.keep("dns", "PTR", &address.to_string(), began, records(&answer));
            answer
        })
    }
}

impl Tables for Watched {
    fn open(&self, tables: &str) -> Result<(), String> {
        self.services.tables.open(tables)
    }

    fn find<'a>(&'a self, order: SearchOrder, tables: &'a str, key: &'a str) -> Lookup<'a, Option<Found>> {
        let began = self.now();
        let order_name = match order {
            SearchOrder::Exact => "exact key",
            SearchOrder::Domain => "domain and parents",
            SearchOrder::Address => "address and networks",
            SearchOrder::Mailbox => "mail address",
            SearchOrder::Alias => "alias",
            SearchOrder::Transport => "transport",
        };
        let about = ("table", format!("{tables} ({order_name})"), key.to_string());
        self.table(self.services.tables.find(order, tables, key), began, about, |found| match found {
            Some(Found { key, value }) => format!("{key}: {value}"),
            None => "not found".to_string(),
        })
    }

    fn match_domain<'a>(&'a self, parameter: &'a str, name: &'a str) -> Lookup<'a, bool> {
        let (began, about) = (self.now(), ("list", parameter.to_string(), name.to_string()));
        self.table(self.services.tables.match_domain(parameter, name), began, about, yes_or_no)
    }

    fn match_host<'a>(&'a self, parameter: &'a str, name: &'a str, address: &'a str) -> Lookup<'a, bool> {
        let (began, about) = (self.now(), ("list", parameter.to_string(), format!("{name}[{address}]")));
        self.table(self.services.tables.match_host(parameter, name, address), began, about, yes_or_no)
    }
}

fn address_error(error: &AddressError) -> String {
    match error {
        AddressError::Temporary(why) => format!("error: {why}"),
        AddressError::Syntax => "error: no valid address".to_string(),
    }
}

/// ADDRESS_CLASS_README.
fn class(class: AddressClass) -> &'static str {
    match class {
        AddressClass::Local => "local",
        AddressClass::VirtualAlias => "virtual alias",
        AddressClass::VirtualMailbox => "virtual mailbox",
        AddressClass::Relay => "relay",
        AddressClass::Default => "default",
    }
}

fn listing(answer: &Result<Listing, AddressError>) -> String {
    match answer {
        Ok(Listing::Listed) => "listed".to_string(),
        Ok(Listing::Unlisted) => "not listed".to_string(),
        Ok(Listing::Unavailable) => "unavailable".to_string(),
        Err(error) => address_error(error),
    }
}

impl Addresses for Watched {
    fn resolve<'a>(&'a self, address: &'a str, sender: &'a str) -> BoxFuture<'a, Result<Resolution, AddressError>> {
        Box::pin(async move {
            // As with tables.
            tokio::task::yield_now().await;
            let began = self.now();
            let answer = self.services.addresses.resolve(address, sender).await;
            let told = match &answer {
                Ok(found) => format!(
                    "{} through {}:{} (address class {})",
                    found.recipient,
                    found.transport,
                    found.nexthop,
                    class(found.address_class)
                ),
                Err(error) => address_error(error),
            };
            self.keep("address", "resolve", address, began, told);
            answer
        })
    }

    fn find_recipient<'a>(&'a self, address: &'a str) -> BoxFuture<'a, Result<Listing, AddressError>> {
        Box::pin(async move {
            // As with tables.
            tokio::task::yield_now().await;
            let began = self.now();
            let answer = self.services.addresses.find_recipient(address).await;
            self.keep("address", "recipient tables", address, began, listing(&answer));
            answer
        })
    }

    fn find_sender<'a>(&'a self, address: &'a str) -> BoxFuture<'a, Result<Listing, AddressError>> {
        Box::pin(async move {
            // As with tables.
            tokio::task::yield_now().await;
            let began = self.now();
            let answer = self.services.addresses.find_sender(address).await;
            self.keep("address", "sender tables", address, began, listing(&answer));
            answer
        })
    }

    /// No probe is sent, and what the server knows of the address lies in a file that it alone has open.
    fn probe<'a>(&'a self, address: &'a str, _stress: bool) -> BoxFuture<'a, Result<Probe, String>> {
        Box::pin(async move {
            let began = self.now();
            let told = "explain sends no probe".to_string();
            self.keep("verification", "probe", address, began, told.clone());
            Ok(Probe { status: ProbeStatus::InProgress, text: told })
        })
    }

    fn probe_sender(&self, address: &str) -> Option<String> {
        self.services.addresses.probe_sender(address)
    }
}

impl Store for Watched {
    fn get(&self, store: &str, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.stored(
            "get",
            store,
            key,
            |stores| stores.get(store, key),
            |found| match found {
                Some(value) => format!("{} bytes", value.len()),
                None => "absent".to_string(),
            },
        )
    }

    fn put(&self, store: &str, key: &str, value: &[u8], ttl: u32) -> Result<(), StoreError> {
        let told = format!("would be put: {} bytes for {ttl} s", value.len());
        self.stored("put", store, key, |stores| stores.put(store, key, value, ttl), |()| told)
    }

    fn put_if_absent(&self, store: &str, key: &str, value: &[u8], ttl: u32) -> Result<bool, StoreError> {
        let act = |stores: &dyn Store| stores.put_if_absent(store, key, value, ttl);
        self.stored("put-if-absent", store, key, act, |put| match put {
            true => format!("would be put: {} bytes for {ttl} s", value.len()),
            false => "there already".to_string(),
        })
    }

    fn add(&self, store: &str, key: &str, amount: i64, ttl: u32) -> Result<i64, StoreError> {
        self.stored("add", store, key, |stores| stores.add(store, key, amount, ttl), |sum| format!("would be {sum}"))
    }

    fn remove(&self, store: &str, key: &str) -> Result<(), StoreError> {
        self.stored("remove", store, key, |stores| stores.remove(store, key), |()| "would be removed".to_string())
    }
}
