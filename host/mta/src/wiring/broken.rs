//! What stands in for services that cannot be had: every question is put off.

use std::sync::Arc;

use hook::{AddressError, Addresses, BoxFuture, Listing, Resolution, Services, Store};

use super::Lasting;

/// `why` is for the log, at each question.
pub fn broken_services(lasting: &Lasting, why: String) -> Services {
    let broken = Arc::new(Broken(why));
    Services {
        clock: lasting.clock.clone(),
        randomness: lasting.randomness.clone(),
        dns: broken.clone(),
        smtpd_dns: broken.clone(),
        tables: broken.clone(),
        addresses: broken,
        store: lasting.store.clone(),
        sockets: Arc::new(hook::NoSockets),
    }
}

/// Answers every question with "try later".
pub struct Broken(pub String);

impl Addresses for Broken {
    fn resolve<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<Resolution, AddressError>> {
        Box::pin(async { Err(AddressError::Temporary(self.0.clone())) })
    }
    fn find_recipient<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Listing, AddressError>> {
        Box::pin(async { Err(AddressError::Temporary(self.0.clone())) })
    }
    fn find_sender<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Listing, AddressError>> {
        Box::pin(async { Err(AddressError::Temporary(self.0.clone())) })
    }
}

impl hook::Dns for Broken {
    fn lookup<'a>(
        &'a self,
        _: &'a str,
        _: hook::RecordType,
    ) -> BoxFuture<'a, Result<hook::DnsAnswer, hook::DnsFailure>> {
        Box::pin(async { Err(self.dns_failure()) })
    }
    fn reverse(&self, _: std::net::IpAddr) -> BoxFuture<'_, Result<hook::DnsAnswer, hook::DnsFailure>> {
        Box::pin(async { Err(self.dns_failure()) })
    }
}

impl Broken {
    fn dns_failure(&self) -> hook::DnsFailure {
        hook::DnsFailure { reason: hook::DnsReason::ServerFailure, secure: false, text: self.0.clone() }
    }

    fn store_error(&self) -> hook::StoreError {
        hook::StoreError::Unavailable(self.0.clone())
    }

    fn table_error<T>(&self) -> hook::Lookup<'_, T> {
        hook::Lookup::Now(Err(hook::TableError::Temporary(self.0.clone())))
    }
}

impl Store for Broken {
    fn get(&self, _: &str, _: &str) -> Result<Option<Vec<u8>>, hook::StoreError> {
        Err(self.store_error())
    }
    fn put(&self, _: &str, _: &str, _: &[u8], _: u32) -> Result<(), hook::StoreError> {
        Err(self.store_error())
    }
    fn put_if_absent(&self, _: &str, _: &str, _: &[u8], _: u32) -> Result<bool, hook::StoreError> {
        Err(self.store_error())
    }
    fn add(&self, _: &str, _: &str, _: i64, _: u32) -> Result<i64, hook::StoreError> {
        Err(self.store_error())
    }
    fn remove(&self, _: &str, _: &str) -> Result<(), hook::StoreError> {
        Err(self.store_error())
    }
}

impl hook::Tables for Broken {
    fn open(&self, _: &str) -> Result<(), String> {
        Err(self.0.clone())
    }
    fn find<'a>(&'a self, _: hook::SearchOrder, _: &'a str, _: &'a str) -> hook::Lookup<'a, Option<hook::Found>> {
        self.table_error()
    }
    fn match_domain<'a>(&'a self, _: &'a str, _: &'a str) -> hook::Lookup<'a, bool> {
        self.table_error()
    }
    fn match_host<'a>(&'a self, _: &'a str, _: &'a str, _: &'a str) -> hook::Lookup<'a, bool> {
        self.table_error()
    }
}
