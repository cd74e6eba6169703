//! Stand-ins for the default plugins, as far as the dialogues need them, each a closure over what the session says.

use std::{collections::HashMap, sync::Arc};

use config::Config;
use hook::{
    Answer, ArgumentKind, Attribute, BoxFuture, Call, Catalogue, Edit, Failure, FailureAction, FailureKind, Inputs,
    LogLine, Offer, Restriction, RestrictionOutcome, SearchOrder, Seen, Stage, Stages, Tables, Traits, TypedReply,
    Verdict,
};

type Check = Box<dyn Fn(Option<&str>, &Call) -> RestrictionOutcome + Send + Sync>;

struct Fake {
    offer: Offer,
    check: Check,
}

pub struct Restrictions {
    all: HashMap<String, Arc<Fake>>,
}

fn offer(name: &str, argument: ArgumentKind, depends_on: Inputs, traits: Traits) -> Offer {
    let bare = [
        ("check_client_access", Stages::CLIENT),
        ("check_helo_access", Stages::HELO),
        ("check_sender_access", Stages::SENDER),
        ("check_recipient_access", Stages::RELAY | Stages::RECIPIENT),
    ];
    Offer {
        name: name.to_string(),
        aliases: Vec::new(),
        argument,
        stages: Stages::all(),
        bare_table: bare.iter().find(|(n, _)| *n == name).map_or(Stages::empty(), |(_, stages)| *stages),
        depends_on,
        traits,
        warning: None,
        summary: String::new(),
        plugin: "fake".to_string(),
        version: "1".to_string(),
    }
}

fn typed(code: u16, status: (u16, u16), text: String) -> TypedReply {
    TypedReply { code: Some(code), status: Some(status), text: Some(text) }
}

/// `<name>: Class` of the list under evaluation.
fn about(call: &Call) -> String {
    let attribute = |a| call.session.attribute(a).unwrap_or_default();
    let client = || format!("{}[{}]", attribute(Attribute::ClientName), attribute(Attribute::ClientAddress));
    let (name, class) = match call.stage {
        Stage::Client => (client(), "Client host"),
        Stage::Helo => (attribute(Attribute::HeloName).to_string(), "Helo command"),
        Stage::Sender => (attribute(Attribute::Sender).to_string(), "Sender address"),
        Stage::Relay | Stage::Recipient => (attribute(Attribute::Recipient).to_string(), "Recipient address"),
        Stage::Data => ("DATA".to_string(), "Data command"),
        Stage::EndOfData => ("END-OF-MESSAGE".to_string(), "End-of-data"),
        Stage::Etrn => (attribute(Attribute::EtrnDomain).to_string(), "Etrn command"),
    };
    format!("<{name}>: {class} rejected")
}

/// access(5), as far as needed.
fn access(value: &str) -> Answer {
    let (word, text) = value.split_once(' ').unwrap_or((value, ""));
    let own = |text: &str| (!text.is_empty()).then(|| text.to_string());
    let edit = |edit| Answer { edits: vec![edit], ..Answer::of(Verdict::Dunno) };
    match word {
        "OK" => Answer::of(Verdict::Permit),
        "DUNNO" => Answer::of(Verdict::Dunno),
        "HANGUP" => Answer::of(Verdict::Hangup),
        "HOLD" => edit(Edit::Hold(text.to_string())),
        "FILTER" => edit(Edit::Filter(text.to_string())),
        "REDIRECT" => edit(Edit::Redirect(text.to_string())),
        "BCC" => edit(Edit::Bcc(text.to_string())),
        "DISCARD" => Answer { verdict: Verdict::Permit, ..edit(Edit::Discard(text.to_string())) },
        "PREPEND" => {
            let (name, value) = text.split_once(": ").expect("a header");
            edit(Edit::PrependHeader { name: name.to_string(), value: value.to_string() })
        }
        "WARN" => Answer { log: vec![LogLine::Warn(text.to_string())], ..Answer::of(Verdict::Dunno) },
        "INFO" => Answer { log: vec![LogLine::Info(text.to_string())], ..Answer::of(Verdict::Dunno) },
        "REJECT" => Answer::of(Verdict::Reject(TypedReply { text: own(text), ..TypedReply::default() })),
        "DEFER" => Answer::of(Verdict::Defer(TypedReply::default())),
        "DEFER_IF_PERMIT" => Answer::of(Verdict::DeferIfPermit(TypedReply::default())),
        "DEFER_IF_REJECT" => Answer::of(Verdict::DeferIfReject(TypedReply::default())),
        code if code.len() == 3 && code.starts_with(['4', '5']) => {
            let reply = TypedReply { code: code.parse().ok(), status: None, text: own(text) };
            Answer::of(if code.starts_with('4') { Verdict::Defer(reply) } else { Verdict::Reject(reply) })
        }
        _ => Answer::of(Verdict::Restrictions(value.to_string())),
    }
}

/// The text of a refusal gets what it is about in front.
fn named(mut answer: Answer, what: &str) -> Answer {
    if let Verdict::Reject(reply) | Verdict::Defer(reply) = &mut answer.verdict
        && let Some(text) = &mut reply.text
    {
        *text = format!("{what} rejected: {text}");
    }
    answer
}

impl Restrictions {
    pub fn new(tables: Arc<dyn Tables>, _: &Config) -> Self {
        let mut all = Self { all: HashMap::new() };
        all.plain();
        all.access(
            "check_client_access",
            "Client host",
            SearchOrder::Address,
            Attribute::ClientAddress,
            Inputs::CONNECTION,
            &tables,
        );
        all.access(
            "check_helo_access",
            "Helo command",
            SearchOrder::Domain,
            Attribute::HeloName,
            Inputs::HELO,
            &tables,
        );
        all.access(
            "check_sender_access",
            "Sender address",
            SearchOrder::Mailbox,
            Attribute::Sender,
            Inputs::SENDER,
            &tables,
        );
        all.access(
            "check_recipient_access",
            "Recipient address",
            SearchOrder::Mailbox,
            Attribute::Recipient,
            Inputs::RECIPIENT,
            &tables,
        );
        all
    }

    fn add(&mut self, offer: Offer, check: impl Fn(Option<&str>, &Call) -> RestrictionOutcome + Send + Sync + 'static) {
        let fake = Fake { offer, check: Box::new(check) };
        self.all.insert(fake.offer.name.clone(), Arc::new(fake));
    }

    fn plain(&mut self) {
        use ArgumentKind::None;
        let (nothing, guards) = (Inputs::empty(), Traits::GUARDS_RELAY);
        self.add(offer("permit", None, nothing, Traits::FINAL), |_, _| Ok(Answer::of(Verdict::Permit)));
        self.add(offer("reject", None, nothing, guards | Traits::FINAL), |_, call| {
            let text = format!("{}: Access denied", about(call));
            Ok(Answer::of(Verdict::Reject(typed(554, (7, 1), text))))
        });
        self.add(offer("defer", None, nothing, guards | Traits::FINAL), |_, call| {
            let text = format!("{}: Try again later", about(call));
            Ok(Answer::of(Verdict::Defer(typed(450, (3, 2), text))))
        });
        self.add(offer("defer_if_permit", None, nothing, guards), |_, call| {
            let text = format!("{}: defer_if_permit requested", about(call));
            Ok(Answer::of(Verdict::DeferIfPermit(typed(450, (7, 0), text))))
        });
        self.add(offer("defer_if_reject", None, nothing, Traits::empty()), |_, call| {
            let text = format!("{}: defer_if_reject requested", about(call));
            Ok(Answer::of(Verdict::DeferIfReject(typed(450, (7, 0), text))))
        });
        self.add(offer("permit_sasl_authenticated", None, Inputs::AUTH, Traits::empty()), |_, _| {
            Ok(Answer::of(Verdict::Dunno))
        });
        self.add(offer("permit_mynetworks", None, Inputs::CONNECTION, Traits::empty()), |_, call| {
            let own = call.session.attribute(Attribute::ClientAddress).is_some_and(|a| a.starts_with("127."));
            Ok(Answer::of(if own { Verdict::Permit } else { Verdict::Dunno }))
        });
        for (name, code) in [("reject_unauth_destination", 554), ("defer_unauth_destination", 454)] {
            self.add(offer(name, None, Inputs::RECIPIENT, guards), move |_, call| {
                let recipient = call.session.attribute(Attribute::Recipient).unwrap_or_default();
                let domain = recipient.rsplit_once('@').map_or("mx.test", |(_, domain)| domain);
                if matches!(domain, "mx.test" | "localhost") {
                    return Ok(Answer::of(Verdict::Dunno));
                }
                let reply = typed(code, (7, 1), format!("<{recipient}>: Relay access denied"));
                Ok(Answer::of(if code < 500 { Verdict::Defer(reply) } else { Verdict::Reject(reply) }))
            });
        }
        for name in ["reject_unlisted_recipient", "reject_unlisted_sender"] {
            self.add(offer(name, None, Inputs::VOLATILE, Traits::empty()), |_, _| Ok(Answer::of(Verdict::Dunno)));
        }
        for (name, action) in [("trap", FailureAction::Defer), ("trap_open", FailureAction::Dunno)] {
            self.add(offer(name, None, nothing, Traits::empty()), move |_, _| {
                Err(Failure {
                    kind: FailureKind::Trap,
                    plugin: "fake".to_string(),
                    version: "1".to_string(),
                    function: format!("restriction check({name})"),
                    cause: "unreachable".to_string(),
                    action,
                })
            });
        }
        // What is asked twice about the same connection would be found out: each answer counts up.
        let asked = std::sync::atomic::AtomicU64::new(0);
        self.add(offer("asked_once", None, Inputs::CONNECTION, Traits::empty()), move |_, _| {
            match asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
                0 => Ok(Answer { log: vec![LogLine::Info("first".to_string())], ..Answer::of(Verdict::Dunno) }),
                _ => Ok(Answer::of(Verdict::Reject(TypedReply::default()))),
            }
        });
        // It looks at the recipient, and not at the list it is asked in.
        let asked = std::sync::atomic::AtomicU64::new(0);
        let about_recipient = offer("asked_once_a_recipient", None, Inputs::RECIPIENT | Inputs::SENDER, guards);
        self.add(about_recipient, move |_, call| {
            let recipient = call.session.attribute(Attribute::Recipient).unwrap_or_default();
            let count = asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
            let seen = Seen { inputs: Inputs::RECIPIENT, stage: false };
            let log = vec![LogLine::Info(format!("call {count} about <{recipient}>"))];
            Ok(Answer { log, seen, ..Answer::of(Verdict::Dunno) })
        });
        self.add(offer("nap", None, Inputs::VOLATILE, Traits::empty()), |_, _| {
            Ok(Answer { pause: std::time::Duration::from_secs(30), ..Answer::of(Verdict::Dunno) })
        });
        self.add(offer("only_warns", None, nothing, Traits::empty()), |_, _| {
            let verdict = Verdict::Reject(TypedReply::default());
            Ok(Answer { warn_only: true, edits: vec![Edit::Hold("why not".to_string())], ..Answer::of(verdict) })
        });
    }

    fn access(
        &mut self,
        name: &str,
        class: &'static str,
        order: SearchOrder,
        key: Attribute,
        input: Inputs,
        tables: &Arc<dyn Tables>,
    ) {
        let tables = tables.clone();
        self.add(offer(name, ArgumentKind::Table, input, Traits::empty()), move |argument, call| {
            let value = call.session.attribute(key).unwrap_or_default();
            let shown = match key {
                Attribute::ClientAddress => {
                    format!("{}[{value}]", call.session.attribute(Attribute::ClientName).unwrap_or_default())
                }
                _ => value.to_string(),
            };
            let hook::Lookup::Now(found) = tables.find(order, argument.unwrap_or_default(), value) else {
                panic!("tables of dialogues answer at once");
            };
            Ok(match found {
                Ok(Some(found)) => named(access(&found.value), &format!("<{shown}>: {class}")),
                Ok(None) => Answer::of(Verdict::Dunno),
                Err(_) => {
                    let text = format!("<{shown}>: {class} rejected: Server configuration error");
                    Answer::of(Verdict::ServerError(typed(451, (3, 5), text)))
                }
            })
        });
    }
}

impl Restriction for Fake {
    fn offer(&self) -> &Offer {
        &self.offer
    }

    fn validate<'a>(&'a self, _: Option<&'a str>) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }

    fn check<'a>(&'a self, argument: Option<&'a str>, call: &'a Call) -> BoxFuture<'a, RestrictionOutcome> {
        Box::pin(async move { (self.check)(argument, call) })
    }
}

impl Catalogue for Restrictions {
    fn find(&self, name: &str) -> Option<Arc<dyn Restriction>> {
        self.all.get(&name.to_ascii_lowercase()).map(|fake| fake.clone() as Arc<dyn Restriction>)
    }

    fn bare_table(&self, stage: Stage) -> Option<Arc<dyn Restriction>> {
        let found = self.all.values().find(|fake| fake.offer.bare_table.contains(stage.set()));
        found.map(|fake| fake.clone() as Arc<dyn Restriction>)
    }

    fn of_plugin(&self, argument: &str) -> Result<Arc<dyn Restriction>, String> {
        let name = argument.split_once(':').map_or(argument, |(_, name)| name);
        self.find(name).ok_or_else(|| format!("plugin {argument} has no such restriction"))
    }

    fn offers(&self) -> Vec<Offer> {
        let mut offers: Vec<_> = self.all.values().map(|fake| fake.offer.clone()).collect();
        offers.sort_by(|a, b| a.name.cmp(&b.name));
        offers
    }

    fn generation(&self) -> u64 {
        1
    }
}
