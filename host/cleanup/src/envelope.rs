//! The envelope: canonical addresses, BCC recipients, virtual aliases, each recipient once.

use std::collections::HashSet;

use mail::{Envelope, EnvelopeRecipient};
use rewrite::Context;

use crate::{Cleanup, CleanupError, Overrides, settings::Classes};

/// NOTIFY=NEVER, for recipients the sender does not know of: RFC 3461 section 4.1.
pub(crate) const NOTIFY_NEVER: u8 = 1;

/// About the bytes an envelope takes in a queue file of Postfix, which message_size_limit counts with the content.
pub(crate) fn size(envelope: &Envelope) -> u64 {
    let client = &envelope.client;
    let twice = client.name.len() + client.address.len() + client.helo.len() + client.protocol.len();
    let recipient = |r: &EnvelopeRecipient| {
        let original = if r.original.is_empty() { &r.address } else { &r.original };
        let dsn = if r.dsn_original.is_empty() { 0 } else { r.dsn_original.len() + 16 };
        (r.address.len() + original.len() + dsn + 4) as u64
    };
    let fixed = FIXED_RECORDS + envelope.sender.len() + 2 * twice + client.reverse_name.len();
    fixed as u64 + envelope.recipients.iter().map(recipient).sum::<u64>()
}

/// Sizes, times, marks of the parts, and the names of attributes.
const FIXED_RECORDS: usize = 620;

/// The recipients that go to the queue.
struct Recipients {
    list: Vec<EnvelopeRecipient>,
    seen: HashSet<String>,
}

impl Cleanup {
    /// Rewrites sender and recipients and adds those of always_bcc, sender_bcc_maps and recipient_bcc_maps.
    pub(crate) async fn clean_envelope(
        &self,
        id: &str,
        envelope: &mut Envelope,
        overrides: Overrides,
    ) -> Result<(), CleanupError> {
        let mapping = !overrides.contains(Overrides::NO_ADDRESS_MAPPINGS);
        // Mail that bounce(8) and its like make is copied to nobody.
        let copying = mapping && !envelope.internal;
        let mut to = Recipients { list: Vec::with_capacity(envelope.recipients.len()), seen: HashSet::new() };
        if !envelope.sender.is_empty() {
            envelope.sender = self.rewrite.rewrite(&envelope.sender, true);
            if mapping {
                self.canonical(id, &mut envelope.sender, Classes::ENVELOPE_SENDER).await?;
            }
        }
        if copying && !envelope.sender.is_empty() {
            self.copy_by_maps(id, "sender_bcc_maps", &self.settings.sender_bcc_maps, &envelope.sender, &mut to).await?;
        }
        let first = envelope.recipients.first().filter(|_| !envelope.redirect.is_empty()).cloned();
        for recipient in std::mem::take(&mut envelope.recipients) {
            let address = self.add_recipient(id, recipient, mapping, &mut to).await?;
            if copying {
                self.copy_by_maps(id, "recipient_bcc_maps", &self.settings.recipient_bcc_maps, &address, &mut to)
                    .await?;
            }
        }
        if copying && !self.settings.always_bcc.is_empty() {
            self.add_copy(id, &self.settings.always_bcc, &mut to).await?;
        }
        envelope.recipients = to.list;
        self.redirect(envelope, first);
        Ok(())
    }

    /// REDIRECT: the message goes to this address alone, which is rewritten but not aliased, with what was asked for the first
    /// recipient. No copies are sent.
    pub(crate) fn redirect(&self, envelope: &mut Envelope, first: Option<EnvelopeRecipient>) {
        let given = std::mem::take(&mut envelope.redirect);
        if let (false, Some(first)) = (given.is_empty(), first) {
            let address = self.rewrite.rewrite(&given, true);
            let original = if first.original.is_empty() { first.address } else { first.original };
            envelope.recipients = vec![EnvelopeRecipient { address, original, ..first }];
        }
    }

    /// One more recipient of an envelope that is clean already.
    pub(crate) async fn add_late_recipient(
        &self,
        id: &str,
        envelope: &mut Envelope,
        mut recipient: EnvelopeRecipient,
        mapping: bool,
    ) -> Result<(), CleanupError> {
        // Its original address is the one it has here, since it was never given by a client.
        recipient.address = self.rewrite.rewrite(&recipient.address, true);
        if mapping {
            self.canonical(id, &mut recipient.address, Classes::ENVELOPE_RECIPIENT).await?;
        }
        let mut to = Recipients { list: Vec::with_capacity(envelope.recipients.len() + 1), seen: HashSet::new() };
        for mut known in std::mem::take(&mut envelope.recipients) {
            if known.original.is_empty() {
                known.original.clone_from(&known.address);
            }
            self.add_once(known, &mut to);
        }
        let added = self.add_recipient(id, recipient, mapping, &mut to).await;
        envelope.recipients = to.list;
        added.map(drop)
    }

    /// Returns the canonical address, before virtual aliases.
    async fn add_recipient(
        &self,
        id: &str,
        recipient: EnvelopeRecipient,
        mapping: bool,
        to: &mut Recipients,
    ) -> Result<String, CleanupError> {
        let given = match recipient.address.as_str() {
            "" => &self.settings.empty_address_recipient,
            given => given,
        };
        let mut address = self.rewrite.canonical_form(given, Context::Local).into_owned();
        if mapping {
            self.canonical(id, &mut address, Classes::ENVELOPE_RECIPIENT).await?;
        }
        let original =
            if recipient.original.is_empty() { recipient.address.clone() } else { recipient.original.clone() };
        if !mapping || self.settings.virtual_alias_maps.is_empty() {
            self.add_once(EnvelopeRecipient { address: address.clone(), original, ..recipient }, to);
            return Ok(address);
        }
        for alias in self.virtual_aliases(id, &address).await? {
            self.add_once(EnvelopeRecipient { address: alias, original: original.clone(), ..recipient.clone() }, to);
        }
        Ok(address)
    }

    async fn copy_by_maps(
        &self,
        id: &str,
        title: &str,
        tables: &str,
        key: &str,
        to: &mut Recipients,
    ) -> Result<(), CleanupError> {
        if tables.is_empty() {
            return Ok(());
        }
        match self.lookup(tables, key).await {
            Ok(Some(found)) => self.add_copy(id, &found.value, to).await,
            Ok(None) => Ok(()),
            Err(failed) => {
                self.log
                    .warning(format_args!("{id}: {title} map lookup problem -- message not accepted, try again later"));
                Err(CleanupError::TableLookup(failed.0))
            }
        }
    }

    /// A recipient the sender does not know of.
    async fn add_copy(&self, id: &str, address: &str, to: &mut Recipients) -> Result<(), CleanupError> {
        let address = self.rewrite.rewrite(&mail::address::unquote(address), true);
        let copy = EnvelopeRecipient { address, notify: NOTIFY_NEVER, ..EnvelopeRecipient::default() };
        self.add_recipient(id, copy, true, to).await.map(drop)
    }

    /// duplicate_filter_limit and enable_original_recipient: what counts as the same recipient.
    fn add_once(&self, mut recipient: EnvelopeRecipient, to: &mut Recipients) {
        let EnvelopeRecipient { address, original, dsn_original, notify } = &recipient;
        let key = match self.settings.enable_original_recipient {
            true => format!("{dsn_original}\n{notify}\n{original}\n{address}").to_lowercase(),
            false => address.to_lowercase(),
        };
        if to.seen.contains(&key) {
            return;
        }
        if self.settings.duplicate_filter_limit.is_none_or(|limit| to.seen.len() < limit) {
            to.seen.insert(key);
        }
        if recipient.original == recipient.address {
            recipient.original.clear();
        }
        to.list.push(recipient);
    }
}
