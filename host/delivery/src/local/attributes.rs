//! What is known of one destination while a recipient is expanded: passed on by value, so that nothing that happens to one
//! destination changes another.

use hook::Notify;

use crate::Owner;

/// Where a destination was found; decides whether it may be a command or file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Alias,
    Forward,
    Include,
}

/// A user of passwd(5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub name: String,
    pub uid: u32,
    pub gid: u32,
    pub home: String,
    pub shell: String,
}

impl Account {
    pub fn owner(&self) -> Owner {
        Owner { uid: self.uid, gid: self.gid }
    }
}

/// One destination.
#[derive(Clone, Debug)]
pub struct Attributes {
    /// How deep the expansion is.
    pub level: u32,
    /// The recipient now, internal form.
    pub address: String,
    /// X-Original-To; empty: none.
    pub original: String,
    pub dsn_original: String,
    pub notify: Notify,
    /// The envelope sender of what is forwarded.
    pub sender: String,
    /// Delivered-To.
    pub delivered: String,
    /// Parts of `address` in lower case: local part, the user in it, domain, extension.
    pub local: String,
    pub user: String,
    pub domain: Option<String>,
    pub extension: Option<String>,
    /// An extension that the next address gets.
    pub unmatched: Option<String>,
    /// Who answers for the list or forwarding file; with an owner other addresses get a message of their own.
    pub owner: Option<String>,
    /// The owner- alias took the sender's place: nothing of the sender's DSN wishes goes on.
    pub list: bool,
    pub source: Option<Source>,
    /// The alias or user that was expanded last.
    pub expanded_from: Option<String>,
    /// With whose rights; none: default_privs.
    pub rights: Option<Account>,
    /// The :include: and .forward files it stands in. A file is left at the first destination that has to wait.
    pub files: Vec<u32>,
}

impl Attributes {
    /// Those of a recipient of the queue.
    pub fn of(recipient: &hook::Recipient, sender: &str) -> Self {
        let original = if recipient.original.is_empty() { &recipient.address } else { &recipient.original }.clone();
        Self {
            level: 0,
            address: recipient.address.clone(),
            original,
            dsn_original: recipient.dsn_original.clone(),
            notify: recipient.notify,
            sender: sender.to_string(),
            delivered: String::new(),
            local: String::new(),
            user: String::new(),
            domain: None,
            extension: None,
            unmatched: None,
            owner: None,
            list: false,
            source: None,
            expanded_from: None,
            rights: None,
            files: Vec::new(),
        }
    }

    /// One level down.
    pub fn deeper(mut self) -> Self {
        self.level += 1;
        self
    }

    /// Whose rights files and commands have: root's are nobody's.
    pub fn privileges(&self, default: Owner) -> Owner {
        let own = self.rights.as_ref().map_or(Owner { uid: 0, gid: 0 }, Account::owner);
        Owner {
            uid: if own.uid == 0 { default.uid } else { own.uid },
            gid: if own.gid == 0 { default.gid } else { own.gid },
        }
    }

    /// For the duplicate filter: 0 for root and for nobody in particular.
    pub fn uid(&self) -> u32 {
        self.rights.as_ref().map_or(0, |account| account.uid)
    }

    /// RFC 3461 section 5.2.7.1: what stands behind an alias reports no success of its own.
    pub fn without_success(&mut self) {
        let success = self.notify == Notify::SUCCESS;
        self.notify.remove(Notify::SUCCESS);
        if success {
            self.notify = Notify::NEVER;
        }
    }

    /// The names of forward_path and its like.
    pub fn value(&self, name: &str) -> Option<&str> {
        match name {
            "user" => Some(&self.user),
            "home" => self.rights.as_ref().map(|account| account.home.as_str()),
            "shell" => self.rights.as_ref().map(|account| account.shell.as_str()),
            "domain" => self.domain.as_deref(),
            "local" | "mailbox" => Some(&self.local),
            "recipient" => Some(&self.address),
            "extension" => self.extension.as_deref(),
            // The delimiter that this address has.
            "recipient_delimiter" => {
                let rest = self.local.strip_prefix(self.user.as_str())?;
                rest.chars().next().map(|first| &rest[..first.len_utf8()])
            }
            _ => None,
        }
    }
}
