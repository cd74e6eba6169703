//! Walking one restriction list: what each verdict does.

use std::{sync::Arc, time::Duration};

use hook::{
    Answer, ArgumentKind, Call, Edit, Failure, FailureAction, Instances, Level, LogLine, MailLog, MessageView, Notes,
    Offer, RestrictionOutcome, SessionView, Stage, TypedReply, Verdict,
};
use mail::{Reply, Status};

use super::{
    Asked, Decision, Effect, Tracer, class,
    defer::Defer,
    list::{DEEPEST, Item, List, Lists, Question, UNLISTED_RECIPIENT, UNLISTED_SENDER, What},
    log,
    reuse::Reuse,
    subject::{Subject, may_never_permit},
};
use crate::{
    Session, Settings,
    transcript::{ErrorClass, Transcript, is_temporary_lookup_failure},
};

/// One evaluation: what it needs and what it changes.
pub(crate) struct Evaluator<'a> {
    pub lists: &'a Lists,
    pub settings: &'a Settings,
    pub log: &'a MailLog,
    pub session: &'a mut Arc<Session>,
    pub defer: &'a mut Defer,
    pub transcript: &'a mut Transcript,
    pub reuse: &'a mut Reuse,
    pub notes: &'a Notes,
    pub instances: &'a Instances,
    pub message: Option<Arc<dyn MessageView>>,
    pub tracer: Option<&'a mut dyn Tracer>,
    /// The implicit checks of unlisted addresses that a list made already.
    pub unlisted: Unlisted,
}

/// Which unlisted addresses were looked for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Unlisted {
    pub sender: bool,
    pub recipient: bool,
}

/// How an item or a list ended.
pub(crate) enum Walk {
    /// No opinion: on to the next.
    On,
    /// OK: this list is over.
    Permit,
    Stop(Decision),
}

impl Evaluator<'_> {
    /// Walks a list of depth 1 (a class in it is one deeper).
    pub async fn walk(&mut self, stage: Stage, list: &List, depth: usize) -> Walk {
        for item in &list.items {
            if self.session.transaction.as_ref().is_some_and(|t| t.discard) {
                break;
            }
            if matches!(item.what, What::WarnIfReject) {
                self.defer.warn(depth);
                self.note(stage, item, depth, "");
                continue;
            }
            let walk = self.item(stage, item, depth).await;
            self.defer.item_done(depth);
            if !matches!(walk, Walk::On) {
                return walk;
            }
            if self.defer.is_settled() {
                break;
            }
        }
        Walk::On
    }

    async fn item(&mut self, stage: Stage, item: &Item, depth: usize) -> Walk {
        match &item.what {
            What::WarnIfReject => Walk::On,
            What::Class(list) => {
                self.note(stage, item, depth, "");
                Box::pin(self.walk(stage, list, depth + 1)).await
            }
            What::Faulty(why) => {
                self.note(stage, item, depth, why);
                self.log.warning(format_args!("{why}"));
                self.server_error(TypedReply::default())
            }
            What::Ask(question) => self.ask(stage, item, question, depth).await,
        }
    }

    async fn ask(&mut self, stage: Stage, item: &Item, question: &Question, depth: usize) -> Walk {
        let offer = question.restriction.offer();
        if offer.name == UNLISTED_RECIPIENT && self.settings.takes_unknown_recipients {
            self.note(stage, item, depth, "receive_override_options");
            return Walk::On;
        }
        if !self.defer.warns() {
            self.unlisted.sender |= offer.name == UNLISTED_SENDER;
            self.unlisted.recipient |= offer.name == UNLISTED_RECIPIENT;
        }
        let began = self.tracer.as_ref().map(|_| self.lists.reader.services.clock.monotonic());
        // What a list named by a table says is about that table's subject: no answer for another one.
        let number = question.number.filter(|_| self.session.subject.is_none());
        let kept = number.and_then(|n| self.reuse.find(n, stage)).cloned();
        let reused = kept.is_some();
        let outcome: RestrictionOutcome = match kept {
            Some(answer) => Ok(answer),
            None => {
                let session: Arc<dyn SessionView> = self.session.clone();
                let (notes, instances) = (self.notes.clone(), self.instances.clone());
                let call = Call { session, message: self.message.clone(), stage, notes, instances };
                question.restriction.check(question.argument.as_deref(), &call).await
            }
        };
        if let (Some(tracer), Some(began)) = (self.tracer.as_mut(), began) {
            let took = self.lists.reader.services.clock.monotonic().saturating_sub(began);
            let (argument, item) = (question.argument.as_deref(), &item.text);
            tracer.asked(Asked { stage, item, depth, offer, argument, outcome: &outcome, took, reused });
        }
        match outcome {
            Ok(answer) => {
                if let (Some(number), false) = (number, reused) {
                    self.reuse.keep(number, stage, offer.depends_on, &answer);
                }
                self.act(stage, question, answer, depth).await
            }
            Err(failure) => self.failed(&failure),
        }
    }

    /// Does what an answer says.
    async fn act(&mut self, stage: Stage, question: &Question, answer: Answer, depth: usize) -> Walk {
        if answer.pause > Duration::ZERO && self.tracer.is_none() {
            tokio::time::sleep(answer.pause).await;
        }
        let offer = question.restriction.offer();
        for line in &answer.log {
            self.write_log(&offer.plugin, line);
        }
        if answer.warn_only {
            return self.say_only(stage, question, answer);
        }
        for edit in answer.edits {
            self.edit(stage, question, edit);
        }
        match answer.verdict {
            Verdict::Dunno => Walk::On,
            Verdict::Permit => {
                if self.settings.logs_permits {
                    self.log_permit(stage, question).await;
                }
                Walk::Permit
            }
            Verdict::Reject(reply) => {
                let reply = self.reply(stage, question, reply, self.settings.reject_code, "Access denied");
                self.refuse_about(offer, reply)
            }
            Verdict::Defer(reply) => {
                let reply = self.reply(stage, question, reply, self.settings.defer_code, "Access denied");
                self.refuse_about(offer, reply)
            }
            Verdict::DeferIfPermit(reply) => {
                let reply = self.reply(stage, question, reply, self.settings.defer_code, "Service unavailable");
                if self.defer.warns() {
                    return self.refuse(reply);
                }
                self.trace(Effect::DefersIfPermit, &reply);
                self.defer.if_permit(reply);
                Walk::On
            }
            Verdict::DeferIfReject(reply) => {
                let reply = self.reply(stage, question, reply, self.settings.defer_code, "Service unavailable");
                self.trace(Effect::DefersIfReject, &reply);
                self.defer.if_reject(reply);
                Walk::On
            }
            Verdict::Restrictions(names) => self.named_list(stage, question, &names, depth).await,
            Verdict::ServerError(reply) => self.server_error(reply),
            Verdict::Hangup => {
                log::happened(self.log, self.session, "hangup", format_args!(""));
                Walk::Stop(Decision::Hangup)
            }
        }
    }

    /// A list that a table or plugin named: what stands in it speaks of the same subject.
    async fn named_list(&mut self, stage: Stage, question: &Question, names: &str, depth: usize) -> Walk {
        let name = &question.restriction.offer().name;
        if depth >= DEEPEST {
            let table = question.argument.as_deref().unwrap_or(name);
            self.log.warning(format_args!("access table {table} entry {names} causes unreasonable recursion"));
            return self.server_error(TypedReply::default());
        }
        let list = self.lists.reader.read_named(stage, names).await;
        let subject = Subject::of(self.session, stage, question);
        let target = subject.name.clone();
        let outer = Arc::make_mut(self.session).subject.replace(subject);
        let walk = Box::pin(self.walk(stage, &list, depth + 1)).await;
        Arc::make_mut(self.session).subject = outer;
        if !matches!(walk, Walk::Permit) || !may_never_permit(name) {
            return walk;
        }
        self.log.warning(format_args!("restriction {name} returns OK for {target}"));
        self.log.warning(format_args!("this is not allowed for security reasons"));
        self.log.warning(format_args!("use DUNNO instead of OK if you want to make an exception"));
        self.server_error(TypedReply::default())
    }

    /// mode=warn: says what would happen, and goes on.
    fn say_only(&mut self, stage: Stage, question: &Question, answer: Answer) -> Walk {
        let session: &Session = self.session;
        let settings = self.settings;
        let say = |word: &str, text: String| log::happened(self.log, session, word, format_args!("{text}"));
        for edit in &answer.edits {
            if let Some((word, text)) = Subject::of(session, stage, question).edit_text(edit) {
                say(&format!("{word}_warning"), text);
            }
        }
        let would = match answer.verdict {
            Verdict::Dunno => return Walk::On,
            Verdict::Reject(reply) => self.reply(stage, question, reply, settings.reject_code, "Access denied"),
            Verdict::Defer(reply) => self.reply(stage, question, reply, settings.defer_code, "Access denied"),
            Verdict::DeferIfPermit(reply) | Verdict::DeferIfReject(reply) => {
                self.reply(stage, question, reply, settings.defer_code, "Service unavailable")
            }
            Verdict::ServerError(reply) => server_error_reply(reply),
            Verdict::Permit => {
                say("permit_warning", format!("action={}", question.restriction.offer().name));
                return Walk::On;
            }
            Verdict::Restrictions(names) => {
                say("restrictions_warning", names);
                return Walk::On;
            }
            Verdict::Hangup => {
                say("hangup_warning", String::new());
                return Walk::On;
            }
        };
        say("reject_warning", would.log_text());
        self.trace(Effect::Warns, &would);
        Walk::On
    }

    /// Refuses, or under warn_if_reject only says so.
    fn refuse(&mut self, reply: Reply) -> Walk {
        let warns = self.defer.warns();
        match self.refusal(reply, warns) {
            Some(reply) => Walk::Stop(Decision::Refuse(reply)),
            None => Walk::On,
        }
    }

    /// The same for an address that is in no list: mail to or from it would be returned.
    fn refuse_about(&mut self, offer: &Offer, reply: Reply) -> Walk {
        let unlisted = [UNLISTED_SENDER, UNLISTED_RECIPIENT].contains(&offer.name.as_str());
        if unlisted && !is_temporary_lookup_failure(&reply) {
            self.transcript.will_refuse(ErrorClass::BOUNCE);
        }
        self.refuse(reply)
    }

    /// The server is at fault: not softened by warn_if_reject.
    fn server_error(&mut self, reply: TypedReply) -> Walk {
        // A table that failed comes this way, too; `refusal` knows it.
        self.transcript.will_refuse(ErrorClass::SOFTWARE);
        let reply = self.refusal(server_error_reply(reply), false);
        match reply {
            Some(reply) => Walk::Stop(Decision::Refuse(reply)),
            None => Walk::On,
        }
    }

    /// Logs a refusal; the reply to give, unless it is only a warning.
    pub fn refusal(&mut self, mut reply: Reply, warning: bool) -> Option<Reply> {
        if reply.code >= 500
            && let Some(put_off) = self.defer.instead_of_reject()
        {
            reply = put_off;
        }
        if self.settings.soft_bounce {
            soften(&mut reply);
        }
        if warning {
            self.transcript.will_only_warn();
        } else if is_temporary_lookup_failure(&reply) {
            self.transcript.will_refuse(ErrorClass::DATA);
        }
        let word = if warning { "reject_warning" } else { "reject" };
        log::happened(self.log, self.session, word, format_args!("{}", reply.log_text()));
        self.trace(if warning { Effect::Warns } else { Effect::Refuses }, &reply);
        (!warning).then_some(reply)
    }

    /// A call without an answer: one warning, and what failure_action says.
    fn failed(&mut self, failure: &Failure) -> Walk {
        self.log.warning(format_args!("{}: {failure}", self.session.id()));
        let reply = match failure.action {
            FailureAction::Dunno => return Walk::On,
            FailureAction::Defer => Reply::new(451, Status::temporary(3, 0), "Error: temporary policy failure"),
            FailureAction::Reject => Reply::new(554, Status::permanent(3, 0), "Error: policy failure"),
        };
        let reply = self.refusal(reply, false);
        self.transcript.will_refuse(ErrorClass::SOFTWARE);
        match reply {
            Some(reply) => Walk::Stop(Decision::Refuse(reply)),
            None => Walk::On,
        }
    }

    /// A plugin's reply with what it left out.
    fn reply(&self, stage: Stage, question: &Question, typed: TypedReply, code: u16, why: &str) -> Reply {
        let text = typed.text.unwrap_or_else(|| {
            let Subject { name, class } = Subject::of(self.session, stage, question);
            format!("<{name}>: {class} rejected: {why}")
        });
        let (subject, detail) = typed.status.unwrap_or((7, 1));
        Reply::new(typed.code.unwrap_or(code), Status::permanent(subject, detail), &text)
    }

    fn edit(&mut self, stage: Stage, question: &Question, edit: Edit) {
        let happened = Subject::of(self.session, stage, question).edit_text(&edit);
        let word = happened.as_ref().map_or("PREPEND".to_string(), |(word, _)| word.to_ascii_uppercase());
        let name = &question.restriction.offer().name;
        if self.session.transaction.is_none() {
            self.log.warning(format_args!("{name}: action {word} is always skipped in {} restrictions", class(stage)));
            return;
        }
        if stage == Stage::EndOfData && matches!(edit, Edit::PrependHeader { .. }) {
            self.log.warning(format_args!("{name}: action PREPEND must be used before smtpd_end_of_data_restrictions"));
            return;
        }
        if let Some((word, text)) = happened {
            log::happened(self.log, self.session, word, format_args!("{text}"));
        }
        if let Some(transaction) = &mut Arc::make_mut(self.session).transaction {
            transaction.discard |= matches!(edit, Edit::Discard(_));
            transaction.edits.push(edit);
        }
    }

    fn write_log(&self, plugin: &str, line: &LogLine) {
        let (id, client) = (self.session.id(), &self.session.client.label);
        match line {
            LogLine::Info(text) => log::happened(self.log, self.session, "info", format_args!("{text}")),
            LogLine::Warn(text) => log::happened(self.log, self.session, "warn", format_args!("{text}")),
            LogLine::Write { level, text } => {
                let line = format_args!("{id}: {plugin}: {client}: {text}");
                match level {
                    Level::Debug => self.log.debug(line),
                    Level::Info => self.log.info(line),
                    Level::Warning => self.log.warning(line),
                    Level::Error => self.log.error(line),
                }
            }
        }
    }

    /// smtpd_log_access_permit_actions. What an access table says is OK there.
    async fn log_permit(&self, stage: Stage, question: &Question) {
        let offer = question.restriction.offer();
        let table = question.argument.as_deref().filter(|_| offer.argument == ArgumentKind::Table);
        let action = if table.is_some() { "OK" } else { &offer.name };
        let tables = &self.lists.reader.services.tables;
        if !tables.match_domain("smtpd_log_access_permit_actions", action).wait().await.unwrap_or(false) {
            return;
        }
        let Subject { name, class } = Subject::of(self.session, stage, question);
        let from = if table.is_some() { "from " } else { "" };
        let table = table.unwrap_or_default();
        log::happened(
            self.log,
            self.session,
            "permit",
            format_args!("action={action} for {class}={name} {from}{table}"),
        );
    }

    fn note(&mut self, stage: Stage, item: &Item, depth: usize, note: &str) {
        if let Some(tracer) = self.tracer.as_mut() {
            tracer.passed(stage, &item.text, depth, note);
        }
    }

    fn trace(&mut self, effect: Effect, reply: &Reply) {
        if let Some(tracer) = self.tracer.as_mut() {
            tracer.replies(effect, reply);
        }
    }
}

/// soft_bounce.
pub(crate) fn soften(reply: &mut Reply) {
    if reply.code >= 500 {
        reply.code -= 100;
        reply.status = reply.status.map(|s| s.with_class(mail::Class::Temporary));
    }
}

fn server_error_reply(typed: TypedReply) -> Reply {
    let (subject, detail) = typed.status.unwrap_or((3, 5));
    let text = typed.text.as_deref().unwrap_or("Server configuration error");
    Reply::new(typed.code.unwrap_or(451), Status::temporary(subject, detail), text)
}
