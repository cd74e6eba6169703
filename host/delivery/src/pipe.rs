//! pipe(8): delivery to a command of master.cf. No shell is involved: the administrator's words become the arguments, and
//! what a message puts into an argument stays in it.

mod arguments;
mod attributes;
pub mod parameters;

use std::{path::PathBuf, sync::Arc, time::Duration};

use config::{Config, MasterEntry};
use hook::{BoxFuture, Clock, Delivery, Outcome, RecipientStatus, Request};
use mail::{Class, Status, address::Extensions};

use crate::{
    CommandRun, StatusLog, UserRights,
    command::{self, environment, judge},
    delivered_to::DeliveredTo,
    mailbox::{Lines, Prefix},
};
use arguments::{Arguments, Subject};
pub use attributes::{Attributes, Flags, User};

const CONFIGURATION_ERROR: &str = "mail system configuration error";

/// What pipe(8) reads from main.cf and its entry of master.cf.
#[derive(Clone, Debug)]
pub struct Settings {
    service: String,
    /// What is wrong with the entry. As in Postfix, this is an error only for mail that comes this way.
    attributes: Result<Attributes, String>,
    /// Who runs the commands that start nothing as root, and who may not be used for it.
    extensions: Extensions,
    /// enable_original_recipient.
    original_recipient: bool,
    environment: Vec<(String, String)>,
    time_limit: Duration,
    queue_directory: PathBuf,
    master_cf: String,
}

impl Settings {
    /// `config` is the entry's view.
    pub fn from_config(config: &Config, entry: &MasterEntry) -> Self {
        Self {
            service: entry.service.clone(),
            attributes: Attributes::parse(&entry.args, &config.get(&config::parameters::MAIL_OWNER)),
            extensions: rewrite::settings::extensions(config),
            original_recipient: config.text("enable_original_recipient").as_deref() != Some("no"),
            environment: environment::exported(config),
            time_limit: config.get_for(&entry.service, &parameters::TIME_LIMIT),
            queue_directory: config.get(&config::parameters::QUEUE_DIRECTORY).into(),
            master_cf: config.directory().join("master.cf").display().to_string(),
        }
    }

    /// What is wrong with the entry's attributes; mail for it waits until that is mended.
    pub fn problem(&self) -> Option<&str> {
        self.attributes.as_ref().err().map(String::as_str)
    }
}

/// The agent of one entry.
pub struct Pipe {
    settings: Settings,
    rights: Arc<dyn UserRights>,
    status_log: StatusLog,
    clock: Arc<dyn Clock>,
}

type Refusal = (Status, String);

impl Pipe {
    pub fn new(settings: Settings, rights: Arc<dyn UserRights>, status_log: StatusLog, clock: Arc<dyn Clock>) -> Self {
        Self { settings, rights, status_log, clock }
    }

    async fn attempt(&self, request: &Request) -> Result<String, Refusal> {
        let log = self.status_log.log();
        let attributes = self.settings.attributes.as_ref().map_err(|problem| {
            log.fatal(format_args!("{problem}"));
            (Status::temporary(3, 0), "unknown mail transport error".to_string())
        })?;
        for (flag, letter) in [(Flags::DELIVERED_TO, 'D'), (Flags::ORIGINAL_TO, 'O')] {
            if attributes.flags.contains(flag) && request.recipients.len() > 1 {
                let service = &self.settings.service;
                log.warning(format_args!("pipe flag `{letter}' requires {service}_destination_recipient_limit = 1"));
                return Err(configuration_error());
            }
        }
        if attributes.size > 0 && request.content.len() > attributes.size {
            return Err((Status::permanent(2, 3), "message too large".to_string()));
        }
        let program = attributes.command.first().map_or("", String::as_str);
        if request.probe {
            return Ok(format!("delivers to command: {program}"));
        }
        let first = request.recipients.first().map_or("", |r| r.address.as_str());
        if attributes.flags.contains(Flags::DELIVERED_TO) && self.seen(request)?.contains(first) {
            return Err((Status::permanent(4, 6), format!("mail forwarding loop for {first}")));
        }
        let arguments = self.arguments(attributes, request)?;
        let run = CommandRun {
            owner: Some(attributes.user.owner),
            programs: vec![arguments],
            directory: attributes.directory.clone(),
            usual_directory: self.settings.queue_directory.clone(),
            environment: self.settings.environment.clone(),
            time_limit: self.settings.time_limit,
            input: self.input(attributes, request)?,
        };
        let end = self.rights.run(run).await;
        let output = judge(&end, program, "pipe")?;
        let service = &self.settings.service;
        Ok(match output.is_empty() {
            true => format!("delivered via {service} service"),
            false => {
                let start: String = output.chars().take(100).collect();
                format!("delivered via {service} service ({start})")
            }
        })
    }

    fn seen(&self, request: &Request) -> Result<DeliveredTo, Refusal> {
        DeliveredTo::read(&request.content)
            .map_err(|error| (Status::temporary(3, 0), format!("error reading message: {error}")))
    }

    fn arguments(&self, attributes: &Attributes, request: &Request) -> Result<Vec<String>, Refusal> {
        let log = self.status_log.log();
        let (service, file) = (&self.settings.service, &self.settings.master_cf);
        let subject = Subject {
            request,
            flags: attributes.flags,
            sender: sender(attributes, request),
            extensions: &self.settings.extensions,
            original_recipient: self.settings.original_recipient,
        };
        let arguments = Arguments::parse(&attributes.command).map_err(|problem| {
            log.warning(format_args!("file {file}: service {service}: {problem}"));
            configuration_error()
        })?;
        let expanded = arguments.expand(&subject);
        // An argument list ends at a null byte; such an address is nobody's.
        match expanded.iter().any(|argument| argument.contains('\0')) {
            true => Err((Status::permanent(1, 3), "null byte in address".to_string())),
            false => Ok(expanded),
        }
    }

    fn input(&self, attributes: &Attributes, request: &Request) -> Result<hook::Content, Refusal> {
        let (flags, sender) = (attributes.flags, sender(attributes, request));
        let recipient = request.recipients.first();
        let original = recipient
            .filter(|_| self.settings.original_recipient)
            .map(|r| if r.original.is_empty() { &r.address } else { &r.original });
        let prefix = Prefix {
            from: flags.contains(Flags::FROM).then_some(sender),
            return_path: flags.contains(Flags::RETURN_PATH).then_some(sender),
            original_to: original.map(String::as_str).filter(|_| flags.contains(Flags::ORIGINAL_TO)),
            delivered_to: recipient.map(|r| r.address.as_str()).filter(|_| flags.contains(Flags::DELIVERED_TO)),
        };
        let eol = attributes.eol.clone();
        let prefix = prefix.lines(&eol, self.clock.now());
        let lines =
            Lines { quote_from: flags.contains(Flags::QUOTE_FROM), stuff_dots: flags.contains(Flags::STUFF_DOTS), eol };
        command::input(&prefix, &request.content, &lines, flags.contains(Flags::BLANK_LINE))
            .map_err(|error| (Status::temporary(3, 0), format!("error reading message: {error}")))
    }
}

fn sender<'a>(attributes: &'a Attributes, request: &'a Request) -> &'a str {
    if request.sender.is_empty() { &attributes.null_sender } else { &request.sender }
}

fn configuration_error() -> Refusal {
    (Status::temporary(3, 5), CONFIGURATION_ERROR.to_string())
}

impl Delivery for Pipe {
    fn deliver(&self, request: Request) -> BoxFuture<'_, Vec<RecipientStatus>> {
        Box::pin(async move {
            let begin = self.clock.monotonic();
            let mut one = match self.attempt(&request).await {
                Ok(text) => RecipientStatus::new(Outcome::Delivered, Status::success(0, 0), text),
                Err((status, text)) => {
                    let bounced = status.class == Class::Permanent;
                    RecipientStatus::new(if bounced { Outcome::Bounced } else { Outcome::Deferred }, status, text)
                }
            };
            // The flag X says that nobody comes after the command.
            one.relayed = !self.settings.attributes.as_ref().is_ok_and(|a| a.flags.contains(Flags::FINAL));
            one.transmit_seconds = self.clock.monotonic().saturating_sub(begin).as_secs_f64();
            let attempts = vec![one.into(); request.recipients.len()];
            self.status_log.finish(&request, attempts, self.clock.now()).await
        })
    }
}

#[cfg(test)]
mod tests;
