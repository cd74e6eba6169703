//! What is put off: defer_if_permit, defer_if_reject, warn_if_reject. Pure.

use mail::Reply;

/// The refusals in waiting of one session.
#[derive(Clone, Debug, Default)]
pub(crate) struct Defer {
    if_permit: Option<Reply>,
    if_reject: Option<Reply>,
    /// What the client, helo and sender lists left behind: each later list starts from there.
    after_client: Option<Reply>,
    after_helo: Option<Reply>,
    after_sender: Option<Reply>,
    /// Depth of the list in which warn_if_reject stands; 0: none.
    warning: usize,
}

/// A point of the session to which defer_if_permit goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Since {
    Nothing,
    Client,
    Helo,
    Sender,
}

impl Defer {
    /// A list begins that goes by what was put off up to `since`.
    pub fn restore(&mut self, since: Since) {
        self.if_permit = match since {
            Since::Nothing => None,
            Since::Client => self.after_client.clone(),
            Since::Helo => self.after_helo.clone(),
            Since::Sender => self.after_sender.clone(),
        };
    }

    /// The client, helo or sender list ended.
    pub fn remember(&mut self, at: Since) {
        let kept = self.if_permit.clone();
        match at {
            Since::Nothing => {}
            Since::Client => self.after_client = kept,
            Since::Helo => self.after_helo = kept,
            Since::Sender => self.after_sender = kept,
        }
    }

    /// Every list begins without a defer_if_reject of another.
    pub fn begin_list(&mut self) {
        self.if_reject = None;
        self.warning = 0;
    }

    /// defer_if_permit: the first one counts.
    pub fn if_permit(&mut self, reply: Reply) {
        self.if_permit.get_or_insert(reply);
    }

    /// defer_if_reject: the first one counts.
    pub fn if_reject(&mut self, reply: Reply) {
        self.if_reject.get_or_insert(reply);
    }

    /// Whatever comes, the answer is a deferral: no need to look further.
    pub fn is_settled(&self) -> bool {
        self.if_permit.is_some() && self.if_reject.is_some()
    }

    /// A permanent refusal becomes the deferral that was put off. Not under warn_if_reject.
    pub fn instead_of_reject(&mut self) -> Option<Reply> {
        if self.warning > 0 { None } else { self.if_reject.take() }
    }

    /// A permission becomes the deferral that was put off.
    pub fn instead_of_permit(&self) -> Option<Reply> {
        self.if_permit.clone()
    }

    /// warn_if_reject in a list of this depth, counted from 1: up to the end of its next item.
    pub fn warn(&mut self, depth: usize) {
        if self.warning == 0 {
            self.warning = depth;
        }
    }

    /// An item of a list of this depth is done.
    pub fn item_done(&mut self, depth: usize) {
        if self.warning >= depth {
            self.warning = 0;
        }
    }

    pub fn warns(&self) -> bool {
        self.warning > 0
    }
}

#[cfg(test)]
mod tests {
    use mail::Status;

    use super::*;

    fn reply(text: &str) -> Reply {
        Reply::new(450, Status::temporary(7, 1), text)
    }

    #[test]
    fn the_first_one_counts_and_both_settle() {
        let mut defer = Defer::default();
        defer.if_permit(reply("a"));
        defer.if_permit(reply("b"));
        assert_eq!(defer.instead_of_permit(), Some(reply("a")));
        assert!(!defer.is_settled());
        defer.if_reject(reply("c"));
        assert!(defer.is_settled());
        assert_eq!(defer.instead_of_reject(), Some(reply("c")));
        assert_eq!(defer.instead_of_reject(), None, "used once");
    }

    #[test]
    fn early_lists_are_remembered_by_later_ones() {
        let mut defer = Defer::default();
        defer.if_permit(reply("client"));
        defer.remember(Since::Client);
        defer.restore(Since::Client);
        defer.remember(Since::Helo);
        defer.restore(Since::Nothing);
        assert_eq!(defer.instead_of_permit(), None);
        defer.restore(Since::Helo);
        assert_eq!(defer.instead_of_permit(), Some(reply("client")));
    }

    #[test]
    fn warn_if_reject_ends_with_its_item_or_the_class_it_stands_in() {
        let mut defer = Defer::default();
        defer.warn(1);
        assert!(defer.warns());
        defer.item_done(2);
        assert!(defer.warns(), "items of the class below are warned about too");
        defer.if_reject(reply("x"));
        assert_eq!(defer.instead_of_reject(), None, "a warning stays what it is");
        defer.item_done(1);
        assert!(!defer.warns());
    }
}
