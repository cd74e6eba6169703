//! Which lists run at which command: smtpd_delay_reject, smtpd_relay_before_recipient_restrictions, and the implicit checks.

use hook::{Inputs, Stage};

use super::{
    Decision,
    defer::Since,
    eval::{Evaluator, Walk},
    list::List,
};

impl Evaluator<'_> {
    /// A client connected.
    pub async fn connect(&mut self) -> Decision {
        if self.settings.delay_reject { Decision::Go } else { self.client().await }
    }

    /// HELO or EHLO, its name set in the session.
    pub async fn helo(&mut self) -> Decision {
        if self.settings.delay_reject { Decision::Go } else { self.helo_list().await }
    }

    /// MAIL FROM, the transaction begun.
    pub async fn mail(&mut self) -> Decision {
        if self.settings.delay_reject { Decision::Go } else { self.sender_list().await }
    }

    /// RCPT TO or VRFY, the recipient set.
    pub async fn rcpt(&mut self) -> Decision {
        self.begin_run();
        // RFC 5321 section 4.5.1: postmaster is accepted without a domain.
        if self.session.recipient.as_deref().is_some_and(|r| r.eq_ignore_ascii_case("postmaster")) {
            return Decision::Go;
        }
        if self.settings.delay_reject {
            for early in [Since::Client, Since::Helo, Since::Sender] {
                let decision = self.early(early).await;
                if decision != Decision::Go {
                    return decision;
                }
            }
        }
        self.defer.restore(Since::Sender);
        self.unlisted.recipient = false;
        let lists = self.lists;
        let mut order = [(Stage::Relay, &lists.relay), (Stage::Recipient, &lists.recipient)];
        if !self.settings.relay_first {
            order.swap(0, 1);
        }
        for (stage, list) in order {
            let decision = self.list(stage, list).await;
            if stage == order[0].0 && matches!(decision, Decision::Refuse(_)) {
                self.remark_on_order();
            }
            if decision != Decision::Go {
                return decision;
            }
        }
        let decision = self.forced_deferral(Stage::Recipient);
        if decision != Decision::Go || self.unlisted.recipient || self.discards() {
            return decision;
        }
        self.implicit(Stage::Recipient, &lists.unlisted_recipient, "smtpd_reject_unlisted_recipient").await
    }

    /// Answers about a recipient hold for the lists of one run: who is asked about, and how many were accepted, changes between.
    fn begin_run(&mut self) {
        self.reuse.changed(Inputs::RECIPIENT);
    }

    /// Whoever chose no order may miss the other list's answer.
    fn remark_on_order(&self) {
        if self.settings.relay_first_by_level {
            self.log.info(format_args!(
                "using backwards-compatible default setting smtpd_relay_before_recipient_restrictions=no to reject \
                 recipient \"{}\" from client \"{}\"",
                self.session.recipient.as_deref().unwrap_or_default(),
                self.session.client.label
            ));
        }
    }

    /// DATA, or the first BDAT.
    pub async fn data(&mut self) -> Decision {
        let lists = self.lists;
        self.whole(Stage::Data, &lists.data, Since::Nothing).await
    }

    /// The content is in.
    pub async fn end_of_data(&mut self) -> Decision {
        let lists = self.lists;
        self.whole(Stage::EndOfData, &lists.end_of_data, Since::Nothing).await
    }

    /// ETRN, its domain set.
    pub async fn etrn(&mut self) -> Decision {
        if self.settings.delay_reject {
            for early in [Since::Client, Since::Helo] {
                let decision = self.early(early).await;
                if decision != Decision::Go {
                    return decision;
                }
            }
        }
        let lists = self.lists;
        self.whole(Stage::Etrn, &lists.etrn, Since::Helo).await
    }

    async fn early(&mut self, which: Since) -> Decision {
        match which {
            Since::Nothing => Decision::Go,
            Since::Client => self.client().await,
            Since::Helo => self.helo_list().await,
            Since::Sender => self.sender_list().await,
        }
    }

    async fn client(&mut self) -> Decision {
        let lists = self.lists;
        self.defer.restore(Since::Nothing);
        let decision = self.list(Stage::Client, &lists.client).await;
        self.defer.remember(Since::Client);
        decision
    }

    async fn helo_list(&mut self) -> Decision {
        let lists = self.lists;
        self.defer.restore(Since::Client);
        let decision = match self.session.helo {
            Some(_) => self.list(Stage::Helo, &lists.helo).await,
            None => Decision::Go,
        };
        self.defer.remember(Since::Helo);
        decision
    }

    async fn sender_list(&mut self) -> Decision {
        let lists = self.lists;
        self.defer.restore(Since::Helo);
        self.unlisted.sender = false;
        let Some(sender) = self.session.sender() else {
            self.defer.remember(Since::Sender);
            return Decision::Go;
        };
        let null_sender = sender.is_empty();
        let mut decision = self.list(Stage::Sender, &lists.sender).await;
        self.defer.remember(Since::Sender);
        if decision == Decision::Go && !null_sender && !self.unlisted.sender && !self.discards() {
            decision = self.implicit(Stage::Sender, &lists.unlisted_sender, "smtpd_reject_unlisted_sender").await;
        }
        decision
    }

    /// A list that stands alone, with its forced deferral.
    async fn whole(&mut self, stage: Stage, list: &List, since: Since) -> Decision {
        self.begin_run();
        self.defer.restore(since);
        let decision = self.list(stage, list).await;
        if decision == Decision::Go { self.forced_deferral(stage) } else { decision }
    }

    async fn list(&mut self, stage: Stage, list: &List) -> Decision {
        self.defer.begin_list();
        if list.items.is_empty() {
            return Decision::Go;
        }
        match self.walk(stage, list, 1).await {
            Walk::On | Walk::Permit => Decision::Go,
            Walk::Stop(decision) => decision,
        }
    }

    /// What a parameter stands for, when it is on.
    async fn implicit(&mut self, stage: Stage, list: &List, parameter: &str) -> Decision {
        if !list.items.is_empty() {
            self.remark(stage, parameter);
        }
        self.list(stage, list).await
    }

    fn remark(&mut self, stage: Stage, text: &str) {
        if let Some(tracer) = self.tracer.as_mut() {
            tracer.passed(stage, "", 0, text);
        }
    }

    /// defer_if_permit: what would be accepted is put off.
    fn forced_deferral(&mut self, stage: Stage) -> Decision {
        let Some(put_off) = self.defer.instead_of_permit() else { return Decision::Go };
        self.remark(stage, "what defer_if_permit put off");
        match self.refusal(put_off, false) {
            Some(reply) => Decision::Refuse(reply),
            None => Decision::Go,
        }
    }

    fn discards(&self) -> bool {
        self.session.transaction.as_ref().is_some_and(|t| t.discard)
    }
}
