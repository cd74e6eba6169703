//! What travels with every question to a plugin.

use std::{
    any::Any,
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{MessageView, SessionView, Stage};

/// The session, message and stage a plugin is asked about. Cheap to clone.
#[derive(Clone)]
pub struct Call {
    pub session: Arc<dyn SessionView>,
    /// None before there is content, and in hooks that see none.
    pub message: Option<Arc<dyn MessageView>>,
    /// The list under evaluation, or that would run at this point.
    pub stage: Stage,
    pub notes: Notes,
    /// Where plugins with `instance=session` keep their instance. `instance=message` is cleared by [`Instances::end_message`].
    pub instances: Instances,
}

/// Small values kept with a message (wit/services.wit, notes). Before there is a message they belong to the session,
/// and every later message starts with a copy. Clones share.
#[derive(Clone, Debug, Default)]
pub struct Notes(Arc<Mutex<BTreeMap<(String, String), String>>>);

/// A note was refused: what is over the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoteTooBig;

impl Notes {
    /// Longest key, longest value in bytes, and most notes a plugin may keep on one message.
    pub const LIMITS: (usize, usize, usize) = (64, 4096, 32);

    /// A note of `plugin`.
    pub fn get(&self, plugin: &str, key: &str) -> Option<String> {
        self.lock().get(&(plugin.to_string(), key.to_string())).cloned()
    }

    /// Sets or, with none, removes a note.
    pub fn set(&self, plugin: &str, key: &str, value: Option<&str>) -> Result<(), NoteTooBig> {
        let (key_limit, value_limit, count_limit) = Self::LIMITS;
        let mut notes = self.lock();
        let entry = (plugin.to_string(), key.to_string());
        let Some(value) = value else {
            notes.remove(&entry);
            return Ok(());
        };
        let full = !notes.contains_key(&entry) && notes.keys().filter(|(p, _)| p == plugin).count() >= count_limit;
        if key.len() > key_limit || value.len() > value_limit || full {
            return Err(NoteTooBig);
        }
        notes.insert(entry, value.to_string());
        Ok(())
    }

    /// An independent copy: what a new message of the session starts with.
    pub fn copy(&self) -> Self {
        Self(Arc::new(Mutex::new(self.lock().clone())))
    }

    /// All notes as (plugin, key, value), for the queue file.
    pub fn all(&self) -> Vec<(String, String, String)> {
        self.lock().iter().map(|((p, k), v)| (p.clone(), k.clone(), v.clone())).collect()
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    // A poisoned lock only means that another call panicked between two complete map operations.
    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<(String, String), String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Plugin instances that live as long as a session or a message. The plugin host puts its own type in; nobody else looks.
/// Clones share. An instance is taken out for a call and put back after it, so no call nests in another.
#[derive(Clone, Default)]
pub struct Instances(Arc<Mutex<Vec<Kept>>>);

struct Kept {
    plugin: u64,
    until_message_end: bool,
    instance: Box<dyn Any + Send>,
}

impl Instances {
    /// Takes the instance of a plugin (a number unique to plugin and generation).
    pub fn take(&self, plugin: u64) -> Option<Box<dyn Any + Send>> {
        let mut kept = self.lock();
        let at = kept.iter().position(|k| k.plugin == plugin)?;
        Some(kept.swap_remove(at).instance)
    }

    /// Keeps an instance until the session, or the message, ends.
    pub fn keep(&self, plugin: u64, until_message_end: bool, instance: Box<dyn Any + Send>) {
        self.lock().push(Kept { plugin, until_message_end, instance });
    }

    /// Drops the instances kept for the message.
    pub fn end_message(&self) {
        self.lock().retain(|k| !k.until_message_end);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
