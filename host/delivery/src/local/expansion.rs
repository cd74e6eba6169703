//! From a recipient to what is to be done: aliases, forwarding files, the user's mailbox or none. Asks only the [`World`] and
//! delivers nothing, so that all of it can be tested without files and users.
//!
//! What is still to be looked at lies on a stack, so that a deep nesting takes no deep recursion. Its order is that of
//! Postfix's recursion: the first destination with all that comes of it, then the next.

use std::collections::HashSet;

use hook::{AddressError, MailLog};
use mail::{Status, address::split_domain};

use super::{
    attributes::Attributes,
    leaf::{Leaf, What},
    settings::Settings,
    world::World,
};
use crate::delivered_to::DeliveredTo;

/// Levels of aliases, forwarding files and addresses. A loop of aliases is noticed some levels before, as one.
const DEEPEST: u32 = 110;

/// The expansion of one recipient.
pub struct Expansion<'w> {
    pub(super) world: &'w dyn World,
    pub(super) settings: &'w Settings,
    pub(super) log: &'w MailLog,
    pub(super) queue_id: &'w str,
    /// The envelope sender of the message, on whom routes may depend.
    pub(super) sender: &'w str,
    /// Say what would happen; expand nothing that takes files.
    pub(super) probe: bool,
    seen: &'w DeliveredTo,
    been_here: HashSet<String>,
    tasks: Vec<Task>,
    leaves: Vec<Leaf>,
    pub(super) files: u32,
}

pub(super) enum Task {
    Recipient(Attributes),
    Destination(Attributes, String),
    /// All that a forwarding file holds was looked at.
    Forwarded(String),
}

/// What the expansion starts from.
#[derive(Clone, Copy)]
pub struct Message<'w> {
    pub queue_id: &'w str,
    pub sender: &'w str,
    pub probe: bool,
    pub seen: &'w DeliveredTo,
}

impl<'w> Expansion<'w> {
    pub fn new(world: &'w dyn World, settings: &'w Settings, log: &'w MailLog, message: Message<'w>) -> Self {
        let Message { queue_id, sender, probe, seen } = message;
        let (been_here, tasks, leaves) = (HashSet::new(), Vec::new(), Vec::new());
        Self { world, settings, log, queue_id, sender, probe, seen, been_here, tasks, leaves, files: 0 }
    }

    /// All deliveries that the recipient stands for; at least one.
    pub async fn run(mut self, recipient: Attributes) -> Vec<Leaf> {
        let first = recipient.clone();
        self.tasks.push(Task::Recipient(recipient));
        while let Some(task) = self.tasks.pop() {
            match task {
                Task::Recipient(attributes) => self.recipient(attributes).await,
                Task::Destination(attributes, text) => self.destination(attributes, &text).await,
                Task::Forwarded(path) => {
                    self.was_here(&format!("forward-done {path}"));
                }
            }
        }
        if self.leaves.is_empty() {
            // Every way led to where the expansion had been: nobody would get the mail, and nobody would know.
            let text = format!("unknown user: \"{}\"", split_domain(&first.address).0.to_lowercase());
            self.refuse(first, Status::permanent(1, 1), text);
        }
        self.leaves
    }

    // === results ===

    pub(super) fn leaf(&mut self, attributes: Attributes, what: What) {
        self.leaves.push(Leaf { attributes, what });
    }

    pub(super) fn refuse(&mut self, attributes: Attributes, status: Status, text: impl Into<String>) {
        self.leaf(attributes, What::Refused { status, text: text.into(), tell_owner: false });
    }

    pub(super) fn configuration_error(&mut self, attributes: Attributes, status: Status) {
        self.refuse(attributes, status, "mail system configuration error");
    }

    /// To be looked at next, in this order.
    pub(super) fn push(&mut self, tasks: Vec<Task>) {
        self.tasks.extend(tasks.into_iter().rev());
    }

    /// duplicate_filter_limit: what is over it is not remembered.
    pub(super) fn was_here(&mut self, key: &str) -> bool {
        let key = key.to_lowercase();
        if self.been_here.contains(&key) {
            return true;
        }
        let limit = self.settings.duplicate_limit;
        if limit == 0 || self.been_here.len() < limit {
            self.been_here.insert(key);
        }
        false
    }

    pub(super) fn has_been(&self, key: &str) -> bool {
        self.been_here.contains(&key.to_lowercase())
    }

    // === a recipient ===

    async fn recipient(&mut self, attributes: Attributes) {
        let mut it = attributes.deeper();
        if it.level > DEEPEST {
            self.log.warning(format_args!("recipient nesting limit exceeded for {}", it.address));
            return self.refuse(it, Status::permanent(4, 6), "recipient nesting limit exceeded");
        }
        if self.was_here(&format!("recipient {} {}", it.level, it.address)) {
            return;
        }
        if self.seen.contains(&it.address) {
            let text = format!("mail forwarding loop for {}", it.address);
            return self.leaf(it, What::Refused { status: Status::permanent(4, 6), text, tell_owner: true });
        }
        if it.delivered.is_empty() {
            it.delivered = it.address.clone();
        }
        let folded = it.address.to_lowercase();
        let (local, domain) = split_domain(&folded);
        if domain.is_none() {
            self.log.warning(format_args!("no @ in recipient address: {local}"));
        }
        let (user, extension) = self.settings.extensions.split(local);
        it.domain = domain.map(str::to_string);
        it.user = user.to_string();
        it.local = local.to_string();
        it.extension = extension.map(str::to_string);
        // It may become the part of a file name.
        if it.extension.as_ref().is_some_and(|extension| extension.contains('/')) {
            self.log.warning(format_args!("{}: address with illegal extension: {local}", self.queue_id));
            (it.extension, it.local) = (None, it.user.clone());
        }
        it.unmatched = it.extension.clone();
        if it.user.is_empty() {
            let text = format!("null username in \"{}\"", it.address);
            return self.refuse(it, Status::permanent(1, 3), text);
        }
        self.switch(it).await;
    }

    /// Alias, forwarding file, mailbox, nobody.
    async fn switch(&mut self, attributes: Attributes) {
        let mut it = attributes.deeper();
        // `\user`: no alias, no forwarding file.
        if it.address.starts_with('\\') {
            for text in [&mut it.address, &mut it.local, &mut it.user] {
                if text.starts_with('\\') {
                    text.remove(0);
                }
            }
            return self.mailbox_or_unknown(it).await;
        }
        it.unmatched = None;
        if self.alias(it.clone(), &it.local).await {
            return;
        }
        if it.extension.is_some() {
            it.unmatched = it.extension.clone().filter(|_| self.settings.propagate_alias);
            if self.alias(it.clone(), &it.user).await {
                return;
            }
            it.unmatched = it.extension.clone();
        }
        // Other users than who forwards, and members of lists, get a message of their own: each has a state of its own, then.
        let forwarded = it.owner.as_ref().is_some_and(|owner| !owner.eq_ignore_ascii_case(&it.user));
        if forwarded || it.source == Some(super::attributes::Source::Include) {
            return self.forward(it);
        }
        if self.settings.require_home_directory && !self.home_is_there(&it).await {
            return;
        }
        if !self.forwarding_file(it.clone()).await {
            self.mailbox_or_unknown(it).await;
        }
    }

    async fn mailbox_or_unknown(&mut self, it: Attributes) {
        if !self.mailbox(it.clone()).await {
            self.unknown(it).await;
        }
    }

    /// require_home_directory. False: the recipient has to wait.
    async fn home_is_there(&mut self, it: &Attributes) -> bool {
        let account = match self.world.user(&it.user) {
            Ok(account) => account,
            Err(error) => {
                self.user_lookup_failed(it.clone(), &error);
                return false;
            }
        };
        let Some(account) = account else { return true };
        let looked = self.world.look(account.owner(), account.home.clone().into(), true).await;
        match looked {
            Ok(_) => true,
            Err(error) => {
                let text = format!("cannot access home directory {}: {error}", account.home);
                self.refuse(it.clone(), Status::temporary(3, 0), text);
                false
            }
        }
    }

    pub(super) fn user_lookup_failed(&mut self, it: Attributes, error: &str) {
        self.log.warning(format_args!("error looking up passwd info for {}: {error}", it.user));
        self.refuse(it, Status::temporary(0, 0), "user lookup error");
    }

    // === addresses ===

    /// An address of an alias or file, in whatever form: where does it go?
    pub(super) async fn address(&mut self, attributes: Attributes, address: &str) {
        let mut it = attributes.deeper();
        let resolution = match self.world.resolve(address, self.sender).await {
            Ok(resolution) => resolution,
            Err(AddressError::Temporary(_)) => {
                return self.refuse(it, Status::temporary(3, 0), "address resolver failure");
            }
            Err(AddressError::Syntax) => {
                let text = format!("bad recipient address syntax: {address}");
                return self.refuse(it, Status::permanent(1, 3), text);
            }
        };
        it.address = match (&it.unmatched, self.settings.extensions.delimiters.chars().next()) {
            (Some(unmatched), Some(delimiter)) => {
                mail::address::add_extension(&resolution.recipient, &format!("{delimiter}{unmatched}"))
            }
            _ => resolution.recipient,
        };
        if resolution.transport == self.settings.service {
            self.push(vec![Task::Recipient(it)]);
        } else {
            self.forward(it);
        }
    }

    /// deliver_indirect(3): a message of its own.
    fn forward(&mut self, it: Attributes) {
        let it = it.deeper();
        if self.was_here(&format!("indirect {}", it.address)) {
            return;
        }
        if self.probe {
            let text = format!("forwards to {}", it.address);
            return self.leaf(it, What::Done(text));
        }
        self.leaf(it, What::Forward);
    }
}

#[cfg(test)]
mod tests;
