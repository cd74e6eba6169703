//! `store`: named key/value stores, by scope.

use crate::{bindings::waxwing::plugin::store, grants::Grant, state::State};

type Answer<T> = wasmtime::Result<Result<T, store::StoreError>>;

impl State {
    fn stored<T>(
        &mut self,
        name: &str,
        act: impl FnOnce(&dyn hook::Store) -> Result<T, hook::StoreError>,
    ) -> Answer<T> {
        self.sees_everything();
        self.needs("store", false)?;
        if !self.plugin.grants.covers(Grant::Store, name) {
            return Ok(Err(store::StoreError::NotGranted));
        }
        Ok(act(&*self.plugin.services()?.store).map_err(|error| match error {
            hook::StoreError::NotGranted => store::StoreError::NotGranted,
            hook::StoreError::TooBig => store::StoreError::TooBig,
            hook::StoreError::Unavailable(text) => store::StoreError::Unavailable(text),
        }))
    }
}

impl store::Host for State {
    fn get(&mut self, store: String, key: String) -> Answer<Option<Vec<u8>>> {
        self.stored(&store, |stores| stores.get(&store, &key))
    }

    fn put(&mut self, store: String, key: String, value: Vec<u8>, ttl: u32) -> Answer<()> {
        self.stored(&store, |stores| stores.put(&store, &key, &value, ttl))
    }

    fn put_if_absent(&mut self, store: String, key: String, value: Vec<u8>, ttl: u32) -> Answer<bool> {
        self.stored(&store, |stores| stores.put_if_absent(&store, &key, &value, ttl))
    }

    fn add(&mut self, store: String, key: String, amount: i64, ttl: u32) -> Answer<i64> {
        self.stored(&store, |stores| stores.add(&store, &key, amount, ttl))
    }

    fn remove(&mut self, store: String, key: String) -> Answer<()> {
        self.stored(&store, |stores| stores.remove(&store, &key))
    }
}
