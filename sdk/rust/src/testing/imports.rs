//! The imports of `wit/`, answered by the fake server of the current thread. Signatures as the generated ones.

use super::{Edit, LogLine, WORLD, World};

fn with<T>(f: impl FnOnce(&mut World) -> T) -> T {
    WORLD.with_borrow_mut(f)
}

pub mod session {
    use super::with;
    use crate::{Attribute, Facts, NameStatus, Stage};

    pub fn get(attribute: Attribute) -> Option<String> {
        with(|world| world.attributes.get(&(attribute as u8)).cloned())
    }
    pub fn get_many(attributes: &[Attribute]) -> Vec<Option<String>> {
        attributes.iter().map(|&attribute| get(attribute)).collect()
    }
    pub fn get_named(name: &str) -> Option<String> {
        with(|world| world.named.get(name).cloned())
    }
    pub fn current_stage() -> Stage {
        with(|world| world.stage.unwrap_or(Stage::Recipient))
    }
    pub fn current_facts() -> Facts {
        with(|world| world.facts.unwrap_or(Facts::empty()))
    }
    pub fn recipient_count() -> u32 {
        with(|world| world.recipients.len() as u32)
    }
    pub fn recipient_at(index: u32) -> Option<String> {
        with(|world| world.recipients.get(index as usize).cloned())
    }
    pub fn size() -> u64 {
        with(|world| world.size)
    }
    pub fn client_port() -> u16 {
        with(|world| world.ports.0)
    }
    pub fn server_port() -> u16 {
        with(|world| world.ports.1)
    }
    pub fn encryption_keysize() -> u16 {
        0
    }
    pub fn client_connections() -> u32 {
        with(|world| world.connections)
    }
    pub fn client_name_status() -> NameStatus {
        with(|world| world.name_status.unwrap_or(NameStatus::Unchecked))
    }
    pub fn reverse_client_name_status() -> NameStatus {
        with(|world| world.reverse_name_status.unwrap_or(NameStatus::Unchecked))
    }
    pub fn pause(milliseconds: u32) {
        with(|world| world.paused += std::time::Duration::from_millis(milliseconds.into()));
    }
}

pub mod parameters {
    use super::with;

    pub fn get(name: &str) -> Option<String> {
        with(|world| world.parameters.get(name).cloned())
    }
    pub fn get_boolean(name: &str) -> Option<bool> {
        get(name).map(|value| value == "yes")
    }
    pub fn get_number(name: &str) -> Option<i64> {
        get(name)?.parse().ok()
    }
    pub fn get_duration(name: &str) -> Option<u64> {
        get(name)?.trim_end_matches('s').parse::<u64>().ok().map(|seconds| seconds * 1000)
    }
    pub fn get_list(name: &str) -> Vec<String> {
        let value = get(name).unwrap_or_default();
        value.split([',', ' ']).filter(|item| !item.is_empty()).map(Into::into).collect()
    }
}

pub mod log {
    use super::{LogLine, with};
    use crate::log::Level;

    pub fn write(level: Level, text: &str) {
        with(|world| world.log.push(LogLine::Written(level, text.into())));
    }
    pub fn info_action(text: &str) {
        with(|world| world.log.push(LogLine::InfoAction(text.into())));
    }
    pub fn warn_action(text: &str) {
        with(|world| world.log.push(LogLine::WarnAction(text.into())));
    }
}

pub mod clock {
    use super::with;

    pub fn now() -> u64 {
        with(|world| world.clock)
    }
    pub fn monotonic() -> u64 {
        now() * 1_000_000
    }
}

pub mod random {
    use super::with;

    pub fn number() -> u64 {
        with(|world| {
            world.random = world.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            world.random
        })
    }
}

pub mod notes {
    use super::with;

    pub fn get(key: &str) -> Option<String> {
        with(|world| world.notes.get(key).cloned())
    }
    pub fn set(key: &str, value: Option<&str>) {
        with(|world| match value {
            Some(value) => drop(world.notes.insert(key.into(), value.into())),
            None => drop(world.notes.remove(key)),
        });
    }
    pub fn get_from(plugin: &str, key: &str) -> Option<String> {
        with(|world| world.notes.get(&format!("{plugin}/{key}")).cloned())
    }
}

pub mod message {
    use super::with;
    use crate::message::Header;

    pub fn size() -> u64 {
        with(|world| {
            let header: usize = world.headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
            (header + 2 + world.body.len()) as u64
        })
    }
    pub fn header_count() -> u32 {
        with(|world| world.headers.len() as u32)
    }
    pub fn header_at(index: u32) -> Option<Header> {
        with(|world| world.headers.get(index as usize).cloned()).map(|(name, value)| Header { name, value })
    }
    pub fn find_header(name: &str, nth: u32) -> Option<u32> {
        with(|world| {
            let mut found = world.headers.iter().enumerate().filter(|(_, field)| field.0.eq_ignore_ascii_case(name));
            found.nth(nth as usize).map(|(at, _)| at as u32)
        })
    }
    pub fn raw_header(index: u32) -> Option<Vec<u8>> {
        header_at(index).map(|field| format!("{}: {}\r\n", field.name, field.value).into_bytes())
    }
}

pub mod body {
    use super::with;

    pub fn size() -> u64 {
        with(|world| world.body.len() as u64)
    }
    pub fn read(offset: u64, len: u32) -> Vec<u8> {
        with(|world| world.body.iter().skip(offset as usize).take(len.min(65_536) as usize).copied().collect())
    }
}

pub mod dns {
    use super::with;
    use crate::dns::{Answer, Failure, Reason, RecordType};

    pub fn lookup(name: &str, kind: RecordType) -> Result<Answer, Failure> {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        with(|world| {
            world.lookups.push(name.clone());
            let known = world.dns.keys().any(|(other, _)| *other == name);
            let reason = if known { Reason::NoData } else { Reason::NoSuchDomain };
            world.dns.get(&(name, kind as u8)).cloned().unwrap_or(Err(Failure { reason, secure: false }))
        })
    }
    pub fn reverse(address: &str) -> Result<Answer, Failure> {
        lookup(address, RecordType::Ptr)
    }
}

pub mod tables {
    use super::with;
    use crate::{
        address::{split_domain, split_extension},
        tables::{Found, TableError},
    };

    fn first(tables: &str, keys: impl Iterator<Item = String>) -> Result<Option<Found>, TableError> {
        with(|world| {
            let table = world.tables.get(tables);
            let Some(table) = table else { return Err(TableError::Configuration(format!("{tables} is not open"))) };
            let entries = table.as_ref().map_err(Clone::clone)?;
            let mut keys = keys.map(|key| key.to_ascii_lowercase());
            Ok(keys.find_map(|key| entries.get(&key).map(|value| Found { key: key.clone(), value: value.clone() })))
        })
    }

    fn parents(name: &str) -> impl Iterator<Item = String> + '_ {
        std::iter::successors(Some(name), |name| name.split_once('.').map(|(_, parent)| parent)).map(Into::into)
    }

    pub fn lookup(tables: &str, key: &str) -> Result<Option<String>, TableError> {
        Ok(first(tables, std::iter::once(key.to_string()))?.map(|found| found.value))
    }
    pub fn find_domain(tables: &str, name: &str) -> Result<Option<Found>, TableError> {
        first(tables, parents(name))
    }
    pub fn find_address(tables: &str, address: &str) -> Result<Option<Found>, TableError> {
        let delimiter = if address.contains(':') { ':' } else { '.' };
        let shorter = std::iter::successors(Some(address), |address| Some(address.rsplit_once(delimiter)?.0));
        first(tables, shorter.map(Into::into))
    }
    pub fn find_mailbox(tables: &str, address: &str) -> Result<Option<Found>, TableError> {
        if address.is_empty() {
            return first(tables, std::iter::once("<>".to_string()));
        }
        let (local, domain) = split_domain(address);
        let domain = domain.unwrap_or_default();
        let base = split_extension(local, "+").0;
        let keys = [address.to_string(), format!("{base}@{domain}")];
        let last = [format!("{local}@"), format!("{base}@")];
        first(tables, keys.into_iter().chain(parents(domain)).chain(last))
    }
    pub fn find_alias(tables: &str, address: &str) -> Result<Option<Found>, TableError> {
        let (local, domain) = split_domain(address);
        let base = split_extension(local, "+").0;
        let domain = domain.unwrap_or_default();
        first(tables, [address.to_string(), format!("{base}@{domain}"), format!("@{domain}")].into_iter())
    }
    pub fn match_domain(parameter: &str, name: &str) -> Result<bool, TableError> {
        match_host(parameter, name, "")
    }
    pub fn match_host(parameter: &str, name: &str, address: &str) -> Result<bool, TableError> {
        let members = with(|world| world.matches.get(parameter).cloned()).unwrap_or(Ok(Vec::new()))?;
        Ok(members.iter().any(|member| member == name || member == address))
    }
}

pub mod addresses {
    use super::with;
    use crate::addresses::{AddressClass, AddressError, Listing, Resolution};

    pub fn resolve(address: &str, _sender: &str) -> Result<Resolution, AddressError> {
        with(|world| world.resolutions.get(address).cloned()).unwrap_or_else(|| {
            Ok(Resolution {
                transport: "smtp".into(),
                nexthop: crate::address::domain(address).unwrap_or_default().into(),
                recipient: address.into(),
                address_class: AddressClass::DefaultClass,
                source_routed: false,
            })
        })
    }
    pub fn find_recipient(address: &str) -> Result<Listing, AddressError> {
        with(|world| world.listings.get(address).copied()).unwrap_or(Ok(Listing::Listed))
    }
    pub fn find_sender(address: &str) -> Result<Listing, AddressError> {
        find_recipient(address)
    }
}

pub mod verification {
    use super::with;
    use crate::addresses::ProbeResult;

    pub fn probe(address: &str) -> Result<ProbeResult, String> {
        with(|world| world.probes.get(address).cloned()).unwrap_or(Err("no address verification database".into()))
    }
}

pub mod socket {
    pub use crate::testing::socket::{Connection, connect, wait};
}

pub mod store {
    use super::with;
    use crate::store::StoreError;

    pub fn get(store: &str, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        with(|world| {
            let now = world.clock;
            let entry = world.store.get(&(store.to_string(), key.to_string()));
            Ok(entry.filter(|(_, end)| end.is_none_or(|end| now < end)).map(|(value, _)| value.clone()))
        })
    }
    pub fn put(store: &str, key: &str, value: &[u8], ttl: u32) -> Result<(), StoreError> {
        if key.len() > 256 || value.len() > 65_536 {
            return Err(StoreError::TooBig);
        }
        with(|world| {
            let end = (ttl > 0).then(|| world.clock + u64::from(ttl) * 1000);
            world.store.insert((store.into(), key.into()), (value.to_vec(), end));
        });
        Ok(())
    }
    pub fn put_if_absent(store: &str, key: &str, value: &[u8], ttl: u32) -> Result<bool, StoreError> {
        if get(store, key)?.is_some() { Ok(false) } else { put(store, key, value, ttl).map(|()| true) }
    }
    pub fn add(store: &str, key: &str, amount: i64, ttl: u32) -> Result<i64, StoreError> {
        let old = get(store, key)?.and_then(|value| value.try_into().ok()).map(i64::from_le_bytes);
        let sum = old.unwrap_or(0) + amount;
        if old.is_none() {
            put(store, key, &sum.to_le_bytes(), ttl)?;
        } else {
            with(|world| {
                if let Some(entry) = world.store.get_mut(&(store.to_string(), key.to_string())) {
                    entry.0 = sum.to_le_bytes().to_vec();
                }
            });
        }
        Ok(sum)
    }
    pub fn remove(store: &str, key: &str) -> Result<(), StoreError> {
        with(|world| world.store.remove(&(store.to_string(), key.to_string())));
        Ok(())
    }
}

fn edit(edit: Edit) {
    with(|world| world.edits.push(edit));
}

pub mod envelope_edits {
    use super::{Edit, edit};

    pub fn hold(reason: &str) {
        edit(Edit::Hold(reason.into()));
    }
    pub fn discard(reason: &str) {
        edit(Edit::Discard(reason.into()));
    }
    pub fn filter(destination: &str) {
        edit(Edit::Filter(destination.into()));
    }
    pub fn redirect(address: &str) {
        edit(Edit::Redirect(address.into()));
    }
    pub fn bcc(address: &str) {
        edit(Edit::Bcc(address.into()));
    }
    pub fn set_sender(address: &str, parameters: &str) {
        edit(Edit::SetSender(address.into(), parameters.into()));
    }
    pub fn add_recipient(address: &str, parameters: &str) {
        edit(Edit::AddRecipient(address.into(), parameters.into()));
    }
    pub fn remove_recipient(address: &str) {
        edit(Edit::RemoveRecipient(address.into()));
    }
}

pub mod header_edits {
    use super::{Edit, edit};

    pub fn prepend(name: &str, value: &str) {
        edit(Edit::Prepend(name.into(), value.into()));
    }
    pub fn append(name: &str, value: &str) {
        edit(Edit::Append(name.into(), value.into()));
    }
    pub fn insert(index: u32, name: &str, value: &str) {
        edit(Edit::Insert(index, name.into(), value.into()));
    }
    pub fn replace(index: u32, value: &str) {
        edit(Edit::Replace(index, value.into()));
    }
    pub fn remove(index: u32) {
        edit(Edit::Remove(index));
    }
}
