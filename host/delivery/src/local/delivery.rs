//! Does what an expansion came to, one after the other, and makes one status of it for the recipient.

use std::{collections::HashSet, time::Duration};

use hook::{Notify, Outcome, Recipient, RecipientStatus, Request, Unreached};
use mail::{Class, Status, address::split_domain};

use super::{
    Local,
    attributes::Attributes,
    expansion::{Expansion, Message},
    leaf::{Leaf, What},
    resubmission::Forwards,
};
use crate::{delivered_to::DeliveredTo, status_log::Attempt};

/// What became of one delivery: the text of a success, or why not.
pub(super) type Done = Result<String, (Status, String)>;

/// What became of all.
#[derive(Default)]
struct Outcomes {
    last_success: Option<RecipientStatus>,
    deferred: Option<RecipientStatus>,
    unreached: Vec<Unreached>,
}

impl Local {
    pub(super) async fn deliver_one(&self, request: &Request, recipient: &Recipient) -> RecipientStatus {
        let top = Attributes::of(recipient, &request.sender);
        let log = self.status_log.log();
        if let Some(problem) = &self.settings.problem {
            log.fatal(format_args!("{problem}"));
            return self.log_refusal(request, &top, Status::temporary(3, 0), "unknown mail transport error").await;
        }
        let seen = match DeliveredTo::read(&request.content) {
            Ok(seen) => seen,
            Err(error) => {
                let text = format!("error reading message: {error}");
                return self.log_refusal(request, &top, Status::temporary(3, 0), &text).await;
            }
        };
        let message =
            Message { queue_id: &request.queue_id, sender: &request.sender, probe: request.probe, seen: &seen };
        let expansion = Expansion::new(&*self.world, &self.settings, log, message);
        let leaves = expansion.run(top.clone()).await;
        self.deliver_all(request, &top, leaves).await
    }

    async fn deliver_all(&self, request: &Request, top: &Attributes, leaves: Vec<Leaf>) -> RecipientStatus {
        let mut outcomes = Outcomes::default();
        let mut forwards = Forwards::default();
        let mut left: HashSet<u32> = HashSet::new();
        for Leaf { attributes, what } in leaves {
            // As in Postfix, a file is left at the first destination that has to wait; all of it is tried again.
            if attributes.files.iter().any(|file| left.contains(file)) {
                continue;
            }
            if what == What::Forward {
                forwards.add(attributes);
                continue;
            }
            let (status, tell) = self.deliver_leaf(request, &attributes, &what).await;
            if status.outcome == Outcome::Deferred {
                left.extend(&attributes.files);
            }
            outcomes.add(status, &attributes.address, tell);
        }
        // Nothing is forwarded while something has to be tried again: the next attempt would forward it once more.
        if outcomes.deferred.is_none() {
            for forward in forwards.into_messages() {
                let status = self.resubmit(request, top, forward).await;
                outcomes.add(status, &top.address, None);
            }
        }
        outcomes.into_status(&top.address)
    }

    async fn deliver_leaf(
        &self,
        request: &Request,
        attributes: &Attributes,
        what: &What,
    ) -> (RecipientStatus, Option<String>) {
        let begin = self.services.clock.monotonic();
        let (done, tells_owner) = match what {
            What::Mailbox { path, in_spool } => (self.to_mailbox(request, attributes, path, *in_spool).await, false),
            What::UserMaildir(path) => {
                let owner = attributes.rights.as_ref().map(|account| account.owner());
                let owner = owner.unwrap_or(self.settings.default_privileges);
                (self.to_maildir(request, attributes, path, owner).await, false)
            }
            What::Maildir(path) => {
                let owner = attributes.privileges(self.settings.default_privileges);
                (self.to_maildir(request, attributes, path, owner).await, false)
            }
            What::File(path) => (self.to_file(request, attributes, path).await, false),
            What::Command(command) => (self.to_command(request, attributes, command).await, true),
            What::Pass(transport) => return (self.pass(request, attributes, transport).await, None),
            What::Done(text) => (Ok(text.clone()), false),
            What::Refused { status, text, tell_owner } => (Err((*status, text.clone())), *tell_owner),
            // Collected by the caller.
            What::Forward => (Err((Status::temporary(3, 0), "unable to forward message".to_string())), false),
        };
        let tell = match (&done, tells_owner) {
            (Err((status, _)), true) if status.class == Class::Permanent => self.list_owner(attributes).await,
            _ => None,
        };
        let spent = self.services.clock.monotonic().saturating_sub(begin);
        (self.log_done(request, attributes, done, spent).await, tell)
    }

    /// Logs one delivery's outcome under the address it was made to.
    pub(super) async fn log_done(
        &self,
        request: &Request,
        attributes: &Attributes,
        done: Done,
        spent: Duration,
    ) -> RecipientStatus {
        let mut status = match done {
            Ok(text) => RecipientStatus::new(Outcome::Delivered, Status::success(0, 0), text),
            Err((status, text)) => {
                let bounced = status.class == Class::Permanent;
                RecipientStatus::new(if bounced { Outcome::Bounced } else { Outcome::Deferred }, status, text)
            }
        };
        status.transmit_seconds = spent.as_secs_f64();
        let one = Request { recipients: vec![as_recipient(attributes)], ..request.clone() };
        let attempts = vec![Attempt::from(status.clone())];
        let mut logged = self.status_log.finish(&one, attempts, self.services.clock.now()).await;
        logged.pop().unwrap_or(status)
    }

    async fn log_refusal(&self, request: &Request, it: &Attributes, status: Status, text: &str) -> RecipientStatus {
        self.log_done(request, it, Err((status, text.to_string())), Duration::ZERO).await
    }

    /// deliver_pass(3): the other transport logs and answers.
    async fn pass(&self, request: &Request, it: &Attributes, transport: &str) -> RecipientStatus {
        let (name, nexthop) = transport.split_once(':').unwrap_or((transport, ""));
        let Some(agent) = self.others.find(name) else {
            let log = self.status_log.log();
            log.warning(format_args!("{}: no entry {name} in master.cf", request.queue_id));
            return self.log_refusal(request, it, Status::temporary(3, 0), "mail transport unavailable").await;
        };
        let nexthop = if nexthop.is_empty() { &request.nexthop } else { nexthop };
        let passed = Request {
            transport: name.to_string(),
            nexthop: nexthop.to_string(),
            sender: it.sender.clone(),
            recipients: vec![as_recipient(it)],
            ..request.clone()
        };
        let missing =
            || RecipientStatus::new(Outcome::Deferred, Status::temporary(3, 0), "delivery agent gave no status");
        agent.deliver(passed).await.pop().unwrap_or_else(missing)
    }

    /// Who hears of a failing list in the sender's place.
    async fn list_owner(&self, it: &Attributes) -> Option<String> {
        let seen = DeliveredTo::default();
        let message = Message { queue_id: "", sender: "", probe: false, seen: &seen };
        let asking = Expansion::new(&*self.world, &self.settings, self.status_log.log(), message);
        let local = split_domain(&it.address).0.to_lowercase();
        let (user, _) = self.settings.extensions.split(&local);
        for name in [local.as_str(), user] {
            // After a failed lookup the sender hears of it.
            if let Ok(Some(owner)) = asking.owner_alias(name).await {
                return Some(owner);
            }
        }
        None
    }
}

fn as_recipient(it: &Attributes) -> Recipient {
    Recipient {
        address: it.address.clone(),
        original: it.original.clone(),
        dsn_original: it.dsn_original.clone(),
        notify: if it.list { Notify::empty() } else { it.notify },
        index: 0,
    }
}

impl Outcomes {
    fn add(&mut self, status: RecipientStatus, address: &str, tell: Option<String>) {
        match status.outcome {
            Outcome::Delivered => self.last_success = Some(status),
            Outcome::Deferred => self.deferred = self.deferred.take().or(Some(status)),
            Outcome::Bounced if status.unreached.is_empty() => {
                let RecipientStatus { status, text, .. } = status;
                self.unreached.push(Unreached { address: address.to_string(), status, text, tell });
            }
            Outcome::Bounced => self.unreached.extend(status.unreached),
        }
    }

    /// What has to wait outweighs what failed, and that what was delivered.
    fn into_status(self, recipient: &str) -> RecipientStatus {
        if let Some(deferred) = self.deferred {
            return deferred;
        }
        let Some(first) = self.unreached.first() else {
            return self.last_success.unwrap_or_else(|| {
                RecipientStatus::new(Outcome::Deferred, Status::temporary(3, 0), "nothing was delivered")
            });
        };
        let mut status = RecipientStatus::new(Outcome::Bounced, first.status, first.text.clone());
        let only_itself = self.unreached.len() == 1 && first.tell.is_none() && first.address == recipient;
        if !only_itself {
            status.unreached = self.unreached;
        }
        status
    }
}
