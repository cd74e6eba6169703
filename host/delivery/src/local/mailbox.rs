//! A user's mailbox, or what main.cf puts in its place.

use mail::Status;

use super::{attributes::Attributes, expansion::Expansion, leaf::What};

impl Expansion<'_> {
    /// False: there is no such user.
    pub(super) async fn mailbox(&mut self, attributes: Attributes) -> bool {
        let mut it = attributes.deeper();
        if self.was_here(&format!("mailbox {}", it.local)) {
            return true;
        }
        let settings = self.settings;
        match self.transport(&it, &settings.mailbox_transport_maps, &settings.mailbox_transport).await {
            Ok(None) => {}
            Ok(Some(transport)) => {
                self.leaf(it, What::Pass(transport));
                return true;
            }
            Err(()) => {
                self.refuse(it, Status::temporary(3, 0), "table lookup failure");
                return true;
            }
        }
        let account = match self.world.user(&it.user) {
            Ok(Some(account)) => account,
            Ok(None) => return false,
            Err(error) => {
                self.user_lookup_failed(it, &error);
                return true;
            }
        };
        let home = account.home.clone();
        it.rights = Some(account);
        match self.world.find(&settings.mailbox_command_maps, &it.user).await {
            Ok(Some(command)) => self.command(it, &command),
            Err(error) => {
                self.log.warning(format_args!("mailbox_command_maps: lookup of '{}' failed: {error}", it.user));
                self.refuse(it, Status::temporary(3, 0), "table lookup failure");
            }
            Ok(None) if !settings.mailbox_command.is_empty() => self.command(it, &settings.mailbox_command),
            Ok(None) => self.mailbox_file(it, &home),
        }
        true
    }

    fn mailbox_file(&mut self, it: Attributes, home: &str) {
        let settings = self.settings;
        let in_spool = settings.home_mailbox.is_empty();
        let path = match settings.spool_directory.strip_suffix('/') {
            _ if !in_spool => format!("{home}/{}", settings.home_mailbox),
            Some(directory) => format!("{directory}/{}/", it.user),
            None => format!("{}/{}", settings.spool_directory, it.user),
        };
        let mut it = it.deeper();
        if !settings.frozen_delivered_to {
            it.delivered = it.address.clone();
        }
        let maildir = path.ends_with('/');
        let what = match (self.probe, maildir) {
            (true, true) => What::Done("delivers to maildir".to_string()),
            (true, false) => What::Done("delivers to mailbox".to_string()),
            (false, true) => What::UserMaildir(path),
            (false, false) => What::Mailbox { path, in_spool },
        };
        self.leaf(it, what);
    }

    /// Neither alias nor user.
    pub(super) async fn unknown(&mut self, attributes: Attributes) {
        let mut it = attributes.deeper();
        if self.was_here(&format!("deliver_unknown {}", it.local)) {
            return;
        }
        let settings = self.settings;
        match self.transport(&it, &settings.fallback_transport_maps, &settings.fallback_transport).await {
            Ok(None) => {}
            Ok(Some(transport)) => return self.leaf(it, What::Pass(transport)),
            Err(()) => return self.refuse(it, Status::temporary(3, 0), "table lookup failure"),
        }
        if !settings.luser_relay.is_empty() {
            it.unmatched = None;
            let expanded = crate::macros::expand(&settings.luser_relay, &mut |name, _| it.value(name), None);
            return self.address(it.clone(), &mail::address::unquote(&expanded.text)).await;
        }
        let text = format!("unknown user: \"{}\"", it.user);
        if it.user.eq_ignore_ascii_case("mailer-daemon") || it.user.eq_ignore_ascii_case("postmaster") {
            self.log.warning(format_args!("required alias not found: {}", it.user));
            return self.leaf(it, What::Done("discarded".to_string()));
        }
        self.refuse(it, Status::permanent(1, 1), text);
    }

    /// A transport by recipient, or for all. The error was logged.
    async fn transport(&self, it: &Attributes, maps: &str, for_all: &str) -> Result<Option<String>, ()> {
        match self.world.find(maps, &it.user).await {
            Ok(Some(transport)) => Ok(Some(transport)),
            Ok(None) => Ok(Some(for_all.to_string()).filter(|transport| !transport.is_empty())),
            Err(error) => {
                self.log.warning(format_args!("{maps}: lookup of '{}' failed: {error}", it.user));
                Err(())
            }
        }
    }
}
