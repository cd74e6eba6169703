//! local(8): delivery to the users of this system, their aliases and forwarding files.
//!
//! [`expansion`] finds out what a recipient stands for and touches nothing. [`delivery`] then does it: mailbox files,
//! commands, other transports, messages of their own.

mod alias;
mod attributes;
mod biff;
mod command;
mod delivery;
mod destination;
mod expansion;
mod files;
mod forward;
mod include;
mod leaf;
mod mailbox;
pub mod parameters;
mod resubmission;
mod settings;
mod token;
mod world;

use std::sync::Arc;

use hook::{BoxFuture, Delivery, RecipientStatus, Request, Services};

use crate::{StatusLog, UserRights};
pub use resubmission::{NotForwarded, Resubmit};
pub use settings::Settings;
pub use world::{SystemWorld, World};

/// Other transports: mailbox_transport, fallback_transport. What they log and answer stands for the recipient.
pub trait OtherTransports: Send + Sync {
    fn find(&self, transport: &str) -> Option<Arc<dyn Delivery>>;
}

/// The agent of one entry.
pub struct Local {
    settings: Settings,
    world: Arc<dyn World>,
    services: Services,
    rights: Arc<dyn UserRights>,
    others: Arc<dyn OtherTransports>,
    resubmit: Arc<dyn Resubmit>,
    status_log: StatusLog,
}

/// What the agent needs of the rest of the server.
pub struct Surroundings {
    pub world: Arc<dyn World>,
    pub services: Services,
    pub rights: Arc<dyn UserRights>,
    pub others: Arc<dyn OtherTransports>,
    pub resubmit: Arc<dyn Resubmit>,
}

impl Local {
    pub fn new(settings: Settings, surroundings: Surroundings, status_log: StatusLog) -> Self {
        let Surroundings { world, services, rights, others, resubmit } = surroundings;
        Self { settings, world, services, rights, others, resubmit, status_log }
    }
}

impl Delivery for Local {
    fn deliver(&self, request: Request) -> BoxFuture<'_, Vec<RecipientStatus>> {
        Box::pin(async move {
            let mut statuses = Vec::with_capacity(request.recipients.len());
            for recipient in &request.recipients {
                statuses.push(self.deliver_one(&request, recipient).await);
            }
            statuses
        })
    }
}

#[cfg(test)]
mod tests;
