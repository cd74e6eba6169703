//! Mailbox files, maildirs, and files of aliases.

use hook::Request;
use mail::Status;

use super::{Local, attributes::Attributes, biff, delivery::Done};
use crate::{
    Owner,
    mailbox::{MailboxError, MaildirDelivery, MboxDelivery, MboxKind, Prefix},
};

impl Local {
    pub(super) async fn to_mailbox(&self, request: &Request, it: &Attributes, path: &str, in_spool: bool) -> Done {
        let account = it.rights.as_ref().map_or(Owner { uid: 0, gid: 0 }, |account| account.owner());
        let owner = if in_spool { self.spool_owner(account).await } else { account };
        let delivery = self.mbox(request, it, path, owner, MboxKind::Mailbox);
        match self.rights.append_mbox(delivery).await {
            Ok(at) => {
                if self.settings.biff {
                    biff::notify(&it.user, at, self.status_log.log()).await;
                }
                Ok("delivered to mailbox".to_string())
            }
            Err(error) => {
                if let Some(warning) = &error.warning {
                    self.status_log.log().warning(format_args!("{warning}"));
                }
                let what = format!("cannot update mailbox {path} for user {}. {}", it.user, error.text);
                Err((self.spool_status(&error, in_spool).await, what))
            }
        }
    }

    /// In a mail spool of a group the mailbox is the user's and the group's, which may make lock files there.
    async fn spool_owner(&self, account: Owner) -> Owner {
        match self.rights.look(account, self.settings.spool_directory.clone().into(), true).await {
            Ok(facts) if facts.mode & 0o002 == 0 && facts.mode & 0o020 != 0 && facts.gid != 0 => {
                Owner { gid: facts.gid, ..account }
            }
            _ => account,
        }
    }

    /// In a spool where only root may make files, Postfix makes them as root. That is not done here, and is no fault of the
    /// recipient's.
    async fn spool_status(&self, error: &MailboxError, in_spool: bool) -> Status {
        if !(in_spool && error.access_denied) {
            return error.status;
        }
        let directory = &self.settings.spool_directory;
        let looked = self.rights.look(Owner::own(), directory.clone().into(), true).await;
        if looked.is_ok_and(|facts| facts.mode & 0o022 == 0) {
            self.status_log.log().warning(format_args!(
                "mail_spool_directory {directory} is writable for root alone: make it writable for a group, such as mail"
            ));
            return Status::temporary(2, 0);
        }
        error.status
    }

    pub(super) async fn to_file(&self, request: &Request, it: &Attributes, path: &str) -> Done {
        let owner = it.privileges(self.settings.default_privileges);
        let delivery = self.mbox(request, it, path, owner, MboxKind::File);
        match self.rights.append_mbox(delivery).await {
            Ok(_) => Ok(format!("delivered to file: {path}")),
            Err(error) => {
                if let Some(warning) = &error.warning {
                    self.status_log.log().warning(format_args!("{warning}"));
                }
                Err((error.status, format!("cannot append message to file {path}: {}", error.text)))
            }
        }
    }

    fn mbox(&self, request: &Request, it: &Attributes, path: &str, owner: Owner, kind: MboxKind) -> MboxDelivery {
        let settings = &self.settings;
        let now = self.services.clock.now();
        let prefix = Prefix { from: Some(&it.sender), ..self.prefix(it, settings.delivered_header.file) };
        MboxDelivery {
            owner,
            path: path.into(),
            kind,
            prefix: prefix.lines("\n", now),
            content: request.content.clone(),
            limit: settings.size_limit,
            locking: settings.locking.clone(),
            strict_ownership: settings.strict_ownership,
            now,
        }
    }

    /// Without the `From ` line.
    pub(super) fn prefix<'a>(&self, it: &'a Attributes, delivered: bool) -> Prefix<'a> {
        Prefix {
            from: None,
            return_path: Some(&it.sender),
            original_to: Some(it.original.as_str())
                .filter(|original| self.settings.original_recipient && !original.is_empty()),
            delivered_to: Some(it.delivered.as_str()).filter(|_| delivered),
        }
    }

    pub(super) async fn to_maildir(&self, request: &Request, it: &Attributes, path: &str, owner: Owner) -> Done {
        let settings = &self.settings;
        let now = self.services.clock.now();
        let delivery = MaildirDelivery {
            owner,
            directory: path.into(),
            prefix: self.prefix(it, settings.delivered_header.file).lines("\n", now),
            content: request.content.clone(),
            limit: settings.size_limit,
            now,
            host_name: settings.host_name.clone(),
            unwritable: Status::permanent(2, 0),
        };
        let log = self.status_log.log();
        match self.rights.write_maildir(delivery).await {
            Ok(()) => Ok("delivered to maildir".to_string()),
            Err(error) => {
                if error.access_denied {
                    let Owner { uid, gid } = owner;
                    log.warning(format_args!("maildir access problem for UID/GID={uid}/{gid}: {}", error.text));
                    log.warning(format_args!("perhaps you need to create the maildirs in advance"));
                }
                Err((error.status, format!("maildir delivery failed: {}", error.text)))
            }
        }
    }
}
