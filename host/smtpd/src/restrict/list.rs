//! Reading smtpd_*_restrictions: names, their arguments, bare tables, classes.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use config::{Config, parameters as shared, tokens};
use hook::{ArgumentKind, Catalogue, MailLog, Restriction, Services, Stage, Traits};

use super::parameter;
use crate::{Settings, SmtpdError};

/// One list of one stage.
#[derive(Clone, Default)]
pub(crate) struct List {
    pub items: Vec<Item>,
}

/// One item.
#[derive(Clone)]
pub(crate) struct Item {
    /// As written, argument included.
    pub text: String,
    pub what: What,
}

/// What an item is.
#[derive(Clone)]
pub(crate) enum What {
    /// `warn_if_reject`.
    WarnIfReject,
    Ask(Question),
    Class(Arc<List>),
    /// It cannot work: answers 451 4.3.5 and logs this warning each time.
    Faulty(String),
}

/// A restriction and its argument.
#[derive(Clone)]
pub(crate) struct Question {
    /// The same for the same question in every list of a generation; None for items that a table named.
    pub number: Option<usize>,
    pub restriction: Arc<dyn Restriction>,
    pub argument: Option<String>,
}

/// A restriction, by its plugin and name, with its argument: `check_plugin` may name a restriction that another plugin replaced.
type QuestionKey = (String, String, Option<String>);

fn question_key(restriction: &Arc<dyn Restriction>, argument: Option<&str>) -> QuestionKey {
    let offer = restriction.offer();
    (offer.plugin.clone(), offer.name.clone(), argument.map(str::to_string))
}

/// What validating came to.
type Validated = HashMap<QuestionKey, Result<(), String>>;

/// The numbers of the questions of one generation.
#[derive(Default)]
pub(crate) struct Numbers(HashMap<QuestionKey, usize>);

impl Numbers {
    fn of(&mut self, key: QuestionKey) -> usize {
        let next = self.0.len();
        *self.0.entry(key).or_insert(next)
    }
}

/// Reads lists of one configuration generation.
pub(crate) struct Reader {
    pub catalogue: Arc<dyn Catalogue>,
    pub services: Services,
    pub log: MailLog,
    /// Where each list is set, such as `/etc/waxwing/main.cf, line 7: `; empty for a default.
    places: HashMap<&'static str, String>,
    /// Classes by name, as written.
    classes: HashMap<String, String>,
    /// The same read, for lists that tables name.
    read_classes: HashMap<(Stage, String), What>,
    valid: Mutex<Validated>,
    /// Tables opened by now.
    opened: Mutex<HashSet<String>>,
}

/// How deep lists that tables name may nest: beyond it they surely contain themselves.
pub(crate) const DEEPEST: usize = 100;

const STAGES: [Stage; 8] = [
    Stage::Client,
    Stage::Helo,
    Stage::Sender,
    Stage::Relay,
    Stage::Recipient,
    Stage::Data,
    Stage::EndOfData,
    Stage::Etrn,
];

impl Reader {
    pub fn new(
        config: &Config,
        catalogue: Arc<dyn Catalogue>,
        services: Services,
        log: MailLog,
    ) -> Result<Self, SmtpdError> {
        let names = config.get(&shared::SMTPD_RESTRICTION_CLASSES);
        let mut classes = HashMap::new();
        for name in names {
            match config.text(&name) {
                Some(value) if !value.trim().is_empty() => {
                    classes.insert(name, value);
                }
                _ => {
                    let error = SmtpdError::ConfigClassUndefined(name);
                    log.fatal(format_args!("{error}"));
                    return Err(error);
                }
            }
        }
        let place = |stage: Stage| {
            let place = config.place(parameter(stage)).map_or_else(String::new, |place| format!("{place}: "));
            (parameter(stage), place)
        };
        let places = STAGES.into_iter().map(place).collect();
        let (read_classes, valid, opened) = Default::default();
        Ok(Self { catalogue, services, log, places, classes, read_classes, valid, opened })
    }

    /// Reads a parameter. `numbers` tells the questions of the generation apart.
    pub async fn read(&self, stage: Stage, text: &str, numbers: &mut Numbers) -> List {
        let list = self.items(stage, text, Some(numbers), &mut Vec::new()).await;
        self.warn_of_unreachable(&list);
        self.warn_of_faults(stage, &list);
        list
    }

    /// What cannot work is told at start, with its place; a client that comes to it gets 451 4.3.5.
    fn warn_of_faults(&self, stage: Stage, list: &List) {
        for item in &list.items {
            match &item.what {
                What::Faulty(why) => self.log.warning(format_args!("{}{why}", self.where_set(stage))),
                What::Class(list) => self.warn_of_faults(stage, list),
                What::WarnIfReject | What::Ask(_) => {}
            }
        }
    }

    /// `FILE, line N: parameter: `.
    fn where_set(&self, stage: Stage) -> String {
        let name = parameter(stage);
        format!("{}{name}: ", self.places.get(name).map_or("", String::as_str))
    }

    /// Reads the classes as well, in case a table names one: their tables have to be open by then.
    async fn read_classes(&mut self, numbers: &mut Numbers) {
        let mut read = HashMap::new();
        for (name, text) in &self.classes {
            for stage in STAGES {
                let class = self.class(stage, name, text, Some(numbers), &mut Vec::new()).await;
                read.insert((stage, name.clone()), class);
            }
        }
        self.read_classes = read;
    }

    /// Reads what a table or plugin named: no tables, nothing kept.
    pub async fn read_named(&self, stage: Stage, names: &str) -> List {
        self.items(stage, names, None, &mut Vec::new()).await
    }

    /// `within`: the classes this is part of. No `numbers`: a table named these items.
    async fn items(
        &self,
        stage: Stage,
        text: &str,
        mut numbers: Option<&mut Numbers>,
        within: &mut Vec<String>,
    ) -> List {
        let mut items = Vec::new();
        let mut words = tokens::split(text, tokens::COMMA_SPACE).into_iter();
        while let Some(word) = words.next() {
            let mut written = word.to_string();
            let mut next = || {
                let word = words.next()?;
                written.push(' ');
                written.push_str(word);
                Some(word.to_string())
            };
            let what = if word.eq_ignore_ascii_case("warn_if_reject") {
                What::WarnIfReject
            } else if let (None, Some(class)) = (&numbers, self.read_classes.get(&(stage, word.to_string()))) {
                class.clone()
            } else if let Some(class) = self.classes.get(word) {
                self.class(stage, word, class, numbers.as_deref_mut(), within).await
            } else if word.eq_ignore_ascii_case("check_plugin") {
                match next().map(|name| self.catalogue.of_plugin(&name)) {
                    Some(Ok(found)) => self.question(stage, found, None, &mut next, numbers.as_deref_mut()).await,
                    Some(Err(why)) => What::Faulty(why),
                    None => What::Faulty("restriction check_plugin requires plugin name".to_string()),
                }
            } else if is_table(word) && numbers.is_none() {
                What::Faulty(format!("restriction list in a table or answer has lookup table: {word}"))
            } else if is_table(word) {
                match self.catalogue.bare_table(stage) {
                    Some(found) => {
                        let table = Some(word.to_string());
                        self.question(stage, found, table, &mut next, numbers.as_deref_mut()).await
                    }
                    None => What::Faulty(self.no_bare_table(stage, word)),
                }
            } else {
                match self.catalogue.find(word) {
                    Some(found) => self.question(stage, found, None, &mut next, numbers.as_deref_mut()).await,
                    None => What::Faulty(format!("unknown smtpd restriction: \"{word}\"")),
                }
            };
            items.push(Item { text: written, what });
        }
        List { items }
    }

    async fn class(
        &self,
        stage: Stage,
        name: &str,
        text: &str,
        numbers: Option<&mut Numbers>,
        within: &mut Vec<String>,
    ) -> What {
        if within.iter().any(|outer| outer == name) {
            return What::Faulty(format!("restriction class `{name}' contains itself"));
        }
        within.push(name.to_string());
        let list = Box::pin(self.items(stage, text, numbers, within)).await;
        within.pop();
        What::Class(Arc::new(list))
    }

    /// A restriction, its argument taken by `next` unless `given`.
    async fn question(
        &self,
        stage: Stage,
        restriction: Arc<dyn Restriction>,
        given: Option<String>,
        next: &mut impl FnMut() -> Option<String>,
        numbers: Option<&mut Numbers>,
    ) -> What {
        let offer = restriction.offer();
        let mut argument = given;
        if argument.is_none() && offer.argument != ArgumentKind::None {
            argument = next();
        }
        if offer.argument == ArgumentKind::Table {
            let word = argument.as_deref().unwrap_or(&offer.name);
            match tables(word) {
                Some(tables) if tables.is_qualified => {}
                Some(tables) => argument = Some(tables.names),
                None => {
                    return What::Faulty(format!(
                        "restriction {}: bad argument \"{word}\": need maptype:mapname",
                        offer.name
                    ));
                }
            }
        }
        if !offer.stages.contains(stage.set()) {
            return What::Faulty(format!("restriction `{}' cannot be used in {}", offer.name, parameter(stage)));
        }
        let number = numbers.map(|numbers| numbers.of(question_key(&restriction, argument.as_deref())));
        if number.is_some()
            && let Err(why) = self.validate(stage, &restriction, argument.as_deref()).await
        {
            return What::Faulty(format!("restriction {}: {why}", offer.name));
        }
        What::Ask(Question { number, restriction, argument })
    }

    /// Checks a restriction with its argument and opens its table, once.
    async fn validate(
        &self,
        stage: Stage,
        restriction: &Arc<dyn Restriction>,
        argument: Option<&str>,
    ) -> Result<(), String> {
        let offer = restriction.offer();
        let key = question_key(restriction, argument);
        if let Some(known) = lock(&self.valid).get(&key) {
            return known.clone();
        }
        self.open(stage, offer.argument, argument);
        if let Some(warning) = &offer.warning {
            self.log.warning(format_args!("{warning}"));
        }
        let outcome = restriction.validate(argument).await;
        lock(&self.valid).insert(key, outcome.clone());
        outcome
    }

    /// A table that cannot be opened is an error in the log; each lookup in it then fails, and the restriction answers
    /// 451 4.3.5 as Postfix's does.
    fn open(&self, stage: Stage, kind: ArgumentKind, argument: Option<&str>) {
        let (ArgumentKind::Table, Some(tables)) = (kind, argument.and_then(tables)) else { return };
        if lock(&self.opened).insert(tables.names.clone())
            && let Err(why) = self.services.tables.open(&tables.names)
        {
            // Postfix's line, and the place to mend it.
            self.log.error(format_args!("{why}"));
            self.log.warning(format_args!("{}{why}", self.where_set(stage)));
        }
    }

    fn no_bare_table(&self, stage: Stage, word: &str) -> String {
        let offers = self.catalogue.offers();
        let names: Vec<_> = offers.iter().filter(|o| !o.bare_table.is_empty()).map(|o| o.name.as_str()).collect();
        format!("specify one of ({}) before {} restriction \"{word}\"", names.join(", "), super::class(stage))
    }

    fn warn_of_unreachable(&self, list: &List) {
        let mut warned = false;
        for pair in list.items.windows(2) {
            if !warned && is_final(&pair[0]) {
                let (first, next) = (first_word(&pair[0].text), first_word(&pair[1].text));
                self.log.warning(format_args!("restriction `{next}' after `{first}' is ignored"));
            }
            warned = matches!(pair[0].what, What::WarnIfReject);
        }
    }
}

/// The lists of one service.
pub(crate) struct Lists {
    pub reader: Reader,
    pub client: List,
    pub helo: List,
    pub sender: List,
    pub relay: List,
    pub recipient: List,
    pub data: List,
    pub end_of_data: List,
    pub etrn: List,
    /// smtpd_reject_unlisted_sender and smtpd_reject_unlisted_recipient: what they stand for, when they are on.
    pub unlisted_sender: List,
    pub unlisted_recipient: List,
}

/// The restrictions two parameters stand for.
pub(crate) const UNLISTED_SENDER: &str = "reject_unlisted_sender";
pub(crate) const UNLISTED_RECIPIENT: &str = "reject_unlisted_recipient";

impl Lists {
    /// Reads and checks all lists of a service.
    pub async fn read(config: &Config, settings: &Settings, mut reader: Reader) -> Self {
        let mut numbers = Numbers::default();
        let mut lists = Vec::new();
        for stage in STAGES {
            let text = config.text(parameter(stage)).unwrap_or_default();
            lists.push(reader.read(stage, &text, &mut numbers).await);
        }
        let implicit = |on: bool, name: &'static str| if on { name } else { "" };
        let sender = implicit(settings.reject_unlisted_sender, UNLISTED_SENDER);
        let recipient = implicit(settings.reject_unlisted_recipient, UNLISTED_RECIPIENT);
        let unlisted_sender = reader.read(Stage::Sender, sender, &mut numbers).await;
        let unlisted_recipient = reader.read(Stage::Recipient, recipient, &mut numbers).await;
        reader.read_classes(&mut numbers).await;
        let mut lists = lists.into_iter();
        let mut next = || lists.next().unwrap_or_default();
        Self {
            client: next(),
            helo: next(),
            sender: next(),
            relay: next(),
            recipient: next(),
            data: next(),
            end_of_data: next(),
            etrn: next(),
            unlisted_sender,
            unlisted_recipient,
            reader,
        }
    }
}

impl List {
    /// Whether some item, also in a class, counts as relay protection.
    pub fn guards_relay(&self) -> bool {
        self.items.iter().any(|item| match &item.what {
            What::Ask(question) => question.restriction.offer().traits.contains(Traits::GUARDS_RELAY),
            What::Class(list) => list.guards_relay(),
            _ => false,
        })
    }
}

fn is_final(item: &Item) -> bool {
    matches!(&item.what, What::Ask(question) if question.restriction.offer().traits.contains(Traits::FINAL))
}

fn first_word(text: &str) -> &str {
    text.split(' ').next().unwrap_or(text)
}

/// `type:name`; `{ … }` holds no bare table.
fn is_table(word: &str) -> bool {
    word.contains(':') && !word.starts_with('{')
}

/// The tables of an argument.
struct TableArgument {
    /// A list of `type:name`.
    names: String,
    /// Attributes such as `{ search_order = … }` stand beside them: the restriction reads the argument itself.
    is_qualified: bool,
}

/// `type:name` or `{ type:name, … }`; none when it is neither.
fn tables(word: &str) -> Option<TableArgument> {
    let inner = tokens::strip_braces(word).ok()?;
    let parts = tokens::split(inner, tokens::COMMA_SPACE);
    let is_qualified = word.starts_with('{') && parts.iter().any(|part| part.starts_with('{'));
    let names = match is_qualified {
        true => parts.into_iter().filter(|part| !part.starts_with('{')).collect::<Vec<_>>().join(", "),
        false => inner.to_string(),
    };
    names.contains(':').then_some(TableArgument { names, is_qualified })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_an_argument() {
        for (word, expected) in [
            ("hash:/a", Some(("hash:/a", false))),
            ("{ hash:/a, cidr:/b }", Some(("hash:/a, cidr:/b", false))),
            ("{ hash:/a, { search_order = cert_fingerprint } }", Some(("hash:/a", true))),
            ("inline:{a=b}", Some(("inline:{a=b}", false))),
            ("{ inline:{ {a = b} }, cidr:/b }", Some(("inline:{ {a = b} }, cidr:/b", false))),
            ("name", None),
            ("{ hash:/a", None),
        ] {
            let found = tables(word);
            assert_eq!(found.as_ref().map(|t| (t.names.as_str(), t.is_qualified)), expected, "{word}");
        }
    }
}
