//! virtual(8): delivery to Maildir and mbox mailboxes named by tables.

pub mod parameters;

use std::{path::PathBuf, sync::Arc, time::Duration};

use config::Config;
use hook::{BoxFuture, Delivery, Outcome, Recipient, RecipientStatus, Request, SearchOrder, Services};
use mail::{Class, Status};

use crate::{
    DeliveryError, Owner, StatusLog, UserRights,
    mailbox::{Locking, MailboxError, MaildirDelivery, MboxDelivery, MboxKind, Prefix, maildir, size_limit_problem},
    status_log::Attempt,
};

const CONFIGURATION_ERROR: &str = "mail system configuration error";

/// What virtual(8) reads from main.cf.
#[derive(Clone, Debug)]
pub struct Settings {
    /// virtual_mailbox_maps, virtual_uid_maps and virtual_gid_maps.
    pub mailboxes: String,
    pub uids: String,
    pub gids: String,
    /// virtual_mailbox_base.
    pub base: String,
    pub minimum_uid: u32,
    /// virtual_mailbox_limit in bytes; 0: none.
    pub limit: u64,
    pub locking: Locking,
    pub strict_ownership: bool,
    /// enable_original_recipient.
    pub original_recipient: bool,
    /// Why no mail can be delivered under this configuration.
    pub problem: Option<String>,
    /// The last part of maildir file names.
    pub host_name: String,
}

impl Settings {
    /// Reads the parameters; a lock method that does not exist is an error.
    pub fn from_config(config: &Config) -> Result<Self, DeliveryError> {
        use crate::mailbox::parameters::STRICT_MAILBOX_OWNERSHIP;
        use parameters::*;
        Ok(Self {
            mailboxes: config.get(&config::parameters::VIRTUAL_MAILBOX_MAPS),
            uids: config.get(&VIRTUAL_UID_MAPS),
            gids: config.get(&VIRTUAL_GID_MAPS),
            base: config.get(&VIRTUAL_MAILBOX_BASE),
            minimum_uid: u32::try_from(config.get(&VIRTUAL_MINIMUM_UID)).unwrap_or(u32::MAX),
            limit: config.get(&VIRTUAL_MAILBOX_LIMIT),
            locking: Locking::from_config(config, &VIRTUAL_MAILBOX_LOCK)?,
            strict_ownership: config.get(&STRICT_MAILBOX_OWNERSHIP),
            original_recipient: config.text("enable_original_recipient").as_deref() != Some("no"),
            problem: size_limit_problem(config, VIRTUAL_MAILBOX_LIMIT.name, config.get(&VIRTUAL_MAILBOX_LIMIT)),
            host_name: maildir::host_name(config),
        })
    }
}

/// The agent.
pub struct Virtual {
    settings: Settings,
    services: Services,
    rights: Arc<dyn UserRights>,
    status_log: StatusLog,
}

/// A mailbox as the tables name it.
struct Mailbox {
    path: String,
    owner: Owner,
}

impl Virtual {
    /// Opens the tables. `rights` is what writes the mailboxes with their owners' rights.
    pub fn new(
        settings: Settings,
        services: Services,
        rights: Arc<dyn UserRights>,
        status_log: StatusLog,
    ) -> Result<Self, DeliveryError> {
        for tables in [&settings.mailboxes, &settings.uids, &settings.gids] {
            services.tables.open(tables).map_err(DeliveryError::Table)?;
        }
        Ok(Self { settings, services, rights, status_log })
    }

    async fn deliver_one(&self, request: &Request, recipient: &Recipient) -> RecipientStatus {
        let begin = self.services.clock.monotonic();
        let mailbox = match &self.settings.problem {
            None => self.mailbox(recipient).await,
            Some(problem) => {
                self.status_log.log().fatal(format_args!("{problem}"));
                Err((Status::temporary(3, 0), "unknown mail transport error".to_string()))
            }
        };
        let result = match mailbox {
            Ok(mailbox) if request.probe => Ok(delivers_to(&mailbox)),
            Ok(mailbox) => self.write(request, recipient, mailbox).await,
            Err(refusal) => Err(refusal),
        };
        let mut status = match result {
            Ok(text) => RecipientStatus::new(Outcome::Delivered, Status::success(0, 0), text),
            Err((status, text)) => {
                let permanent = status.class == Class::Permanent;
                RecipientStatus::new(if permanent { Outcome::Bounced } else { Outcome::Deferred }, status, text)
            }
        };
        let spent: Duration = self.services.clock.monotonic().saturating_sub(begin);
        status.transmit_seconds = spent.as_secs_f64();
        status
    }

    /// Path and owner of the recipient's mailbox.
    async fn mailbox(&self, recipient: &Recipient) -> Result<Mailbox, (Status, String)> {
        let user = recipient.address.to_lowercase();
        let Some(path) = self.find(&self.settings.mailboxes, &user).await? else {
            return Err((Status::permanent(1, 1), format!("unknown user: \"{user}\"")));
        };
        let path = if self.settings.base.is_empty() { path } else { format!("{}/{path}", self.settings.base) };
        if !path.starts_with('/') {
            let name = "virtual_mailbox_maps";
            self.status_log.log().warning(format_args!("do not specify relative pathname: {name} = {path}"));
            return Err(configuration_error());
        }
        let uid = self.owner_id(&self.settings.uids, "uid", &user, self.settings.minimum_uid).await?;
        let gid = self.owner_id(&self.settings.gids, "gid", &user, 1).await?;
        Ok(Mailbox { path, owner: Owner { uid, gid } })
    }

    async fn owner_id(&self, tables: &str, what: &str, user: &str, least: u32) -> Result<u32, (Status, String)> {
        let log = self.status_log.log();
        let Some(text) = self.find(tables, user).await? else {
            log.warning(format_args!("recipient {user}: not found in virtual_{what}_maps"));
            return Err(configuration_error());
        };
        match text.parse().ok().filter(|id| *id >= least) {
            Some(id) => Ok(id),
            None => {
                log.warning(format_args!("recipient {user}: bad {what} {text} in virtual_{what}_maps"));
                Err(configuration_error())
            }
        }
    }

    async fn find(&self, tables: &str, user: &str) -> Result<Option<String>, (Status, String)> {
        match self.services.tables.find(SearchOrder::Alias, tables, user).wait().await {
            Ok(found) => Ok(found.map(|found| found.value)),
            Err(error) => {
                self.status_log.log().warning(format_args!("table {tables}: lookup {user}: {error}"));
                Err(configuration_error())
            }
        }
    }

    async fn write(
        &self,
        request: &Request,
        recipient: &Recipient,
        mailbox: Mailbox,
    ) -> Result<String, (Status, String)> {
        let now = self.services.clock.now();
        let (path, owner, limit) = (mailbox.path, mailbox.owner, self.settings.limit);
        let content = request.content.clone();
        let original = if recipient.original.is_empty() { &recipient.address } else { &recipient.original };
        let prefix = Prefix {
            from: None,
            return_path: Some(&request.sender),
            original_to: Some(original.as_str()).filter(|_| self.settings.original_recipient),
            delivered_to: Some(&recipient.address),
        };
        if path.ends_with('/') {
            let delivery = MaildirDelivery {
                owner,
                directory: PathBuf::from(&path),
                prefix: prefix.lines("\n", now),
                content,
                limit,
                now,
                host_name: self.settings.host_name.clone(),
                unwritable: Status::temporary(2, 0),
            };
            let written = self.rights.write_maildir(delivery).await;
            return match written {
                Ok(()) => Ok("delivered to maildir".to_string()),
                Err(error) => {
                    self.explain(&error, owner);
                    Err((error.status, format!("maildir delivery failed: {}", error.text)))
                }
            };
        }
        let delivery = MboxDelivery {
            owner,
            path: PathBuf::from(&path),
            kind: MboxKind::Virtual,
            prefix: Prefix { from: Some(&request.sender), ..prefix }.lines("\n", now),
            content,
            limit,
            locking: self.settings.locking.clone(),
            strict_ownership: self.settings.strict_ownership,
            now,
        };
        match self.rights.append_mbox(delivery).await {
            Ok(_) => Ok("delivered to mailbox".to_string()),
            Err(error) => {
                self.explain(&error, owner);
                Err((error.status, format!("delivery failed to mailbox {path}: {}", error.text)))
            }
        }
    }

    /// What the administrator needs beside the recipient's line.
    fn explain(&self, error: &MailboxError, owner: Owner) {
        let log = self.status_log.log();
        if error.access_denied {
            log.warning(format_args!("maildir access problem for UID/GID={}/{}: {}", owner.uid, owner.gid, error.text));
            log.warning(format_args!("perhaps you need to create the maildirs in advance"));
        }
        if let Some(warning) = &error.warning {
            log.warning(format_args!("{warning}"));
        }
    }
}

impl Delivery for Virtual {
    fn deliver(&self, request: Request) -> BoxFuture<'_, Vec<RecipientStatus>> {
        Box::pin(async move {
            let mut statuses = Vec::with_capacity(request.recipients.len());
            for recipient in &request.recipients {
                let attempt = Attempt::from(self.deliver_one(&request, recipient).await);
                let one = Request { recipients: vec![recipient.clone()], ..request.clone() };
                statuses.extend(self.status_log.finish(&one, vec![attempt], self.services.clock.now()).await);
            }
            statuses
        })
    }
}

fn configuration_error() -> (Status, String) {
    (Status::temporary(3, 5), CONFIGURATION_ERROR.to_string())
}

fn delivers_to(mailbox: &Mailbox) -> String {
    let kind = if mailbox.path.ends_with('/') { "maildir" } else { "mailbox" };
    format!("delivers to {kind}")
}

#[cfg(test)]
mod tests;
