//! What regexp_table(5) and pcre_table(5) have in common: rules, negation, `if` and `endif`, and results with `$1`.

use hook::{Lookup, Table, TableKind};

use regex::bytes::SetMatches;

use crate::{
    DictError,
    candidates::Candidates,
    logical_line::{LogicalLine, logical_lines},
    open::{Environment, Text, Warn},
    replacement::{BadReference, Replacement},
};

/// Byte ranges of the whole match and of the groups.
pub(crate) type Spans = Vec<Option<(usize, usize)>>;

/// A letter behind the closing delimiter.
pub(crate) enum Letter {
    Known,
    /// Accepted and without effect.
    Obsolete,
    Unknown,
}

/// A regular expression library with its words for the log.
pub(crate) trait Engine: Sized + Send + Sync + 'static {
    /// The table type.
    const TYPE: &'static str;
    /// What is said of a rule without closing delimiter.
    const UNCLOSED: &'static str;
    /// What is said of `$0`.
    const INDEX_ZERO: &'static str;
    /// `/pattern/!/other/ result` is known.
    const SECOND_PATTERN: bool;
    type Flags: Copy;
    fn default_flags() -> Self::Flags;
    fn toggle(flags: &mut Self::Flags, letter: char) -> Letter;
    /// The pattern for [`Candidates`]; none where it is not simple enough.
    fn simple(pattern: &str, flags: Self::Flags) -> Option<String>;
    /// The error is what stands behind `line N: ` in the log.
    fn compile(pattern: &str, flags: Self::Flags) -> Result<Self, String>;
    fn groups(&self) -> usize;
    /// Fills as many spans as there is room for.
    fn find(&self, text: &[u8], spans: &mut [Option<(usize, usize)>]) -> Result<bool, String>;
}

struct Condition<E> {
    engine: E,
    negated: bool,
    /// Its number among the candidates; none: it is asked in any case.
    candidate: Option<usize>,
}

/// All rules of a table.
struct Rules<E> {
    list: Vec<Rule<E>>,
    candidates: Option<Candidates>,
}

/// What the candidates say of one text.
enum Possible {
    /// There are none to ask.
    Unknown,
    /// No translated pattern matches.
    Nothing,
    Some(SetMatches),
}

impl Possible {
    fn has(&self, number: Option<usize>) -> bool {
        match (self, number) {
            (Possible::Unknown, _) | (_, None) => true,
            (Possible::Nothing, Some(_)) => false,
            (Possible::Some(set), Some(number)) => set.matched(number),
        }
    }
}

struct Rule<E> {
    line: usize,
    condition: Condition<E>,
    /// Must hold as well.
    second: Option<Condition<E>>,
    action: Action,
}

enum Action {
    Result(Replacement),
    /// Goes on behind the endif, at this index, when the pattern does not match.
    If(usize),
}

/// A regexp or pcre table.
pub(crate) struct PatternTable<E> {
    title: String,
    name: String,
    rules: Text<Rules<E>>,
    warn: Warn,
}

impl<E: Engine> PatternTable<E> {
    /// Without `regsub`, rules with `$1` are skipped: alias_maps must not let a stranger's address name a command.
    pub fn open(title: &str, name: &str, regsub: bool, environment: &Environment) -> Result<Self, DictError> {
        let (file, warn) = (name.to_string(), environment.warn.clone());
        let parse = Box::new(move |content: &[u8]| {
            let (rules, open, simple) = (Vec::new(), Vec::new(), Vec::new());
            Parser::<E> { file: &file, warn: &*warn, regsub, rules, open, simple }.rules(content)
        });
        let rules = Text::open(E::TYPE, name, environment, parse)?;
        Ok(Self { title: title.to_string(), name: name.to_string(), rules, warn: environment.warn.clone() })
    }

    fn search(&self, rules: &Rules<E>, key: &[u8]) -> Option<String> {
        let possible = match &rules.candidates {
            None => Possible::Unknown,
            Some(candidates) => candidates.of(key).map_or(Possible::Nothing, Possible::Some),
        };
        let mut spans: Spans = Vec::new();
        let mut at = 0;
        while let Some(rule) = rules.list.get(at) {
            at += 1;
            let wanted = if let Action::Result(replacement) = &rule.action { replacement.highest() } else { 0 };
            spans.clear();
            spans.resize(if wanted > 0 { wanted + 1 } else { 0 }, None);
            let mut matches = self.holds(rule.line, &rule.condition, key, &possible, &mut spans);
            if let (true, Some(second)) = (matches, &rule.second) {
                matches = self.holds(rule.line, second, key, &possible, &mut []);
            }
            match &rule.action {
                Action::Result(replacement) if matches => return Some(replacement.expand(key, &spans)),
                Action::If(end) if !matches => at = *end,
                _ => {}
            }
        }
        None
    }

    /// A condition that cannot be evaluated (match limit exceeded) does not hold, as in Postfix.
    fn holds(
        &self,
        line: usize,
        condition: &Condition<E>,
        key: &[u8],
        possible: &Possible,
        spans: &mut [Option<(usize, usize)>],
    ) -> bool {
        if !possible.has(condition.candidate) {
            return condition.negated;
        }
        match condition.engine.find(key, spans) {
            Ok(found) => found != condition.negated,
            Err(reason) => {
                (self.warn)(&format!("{} map {}, line {line}: {reason}", E::TYPE, self.name));
                false
            }
        }
    }
}

impl<E: Engine> Table for PatternTable<E> {
    fn title(&self) -> &str {
        &self.title
    }
    fn kind(&self) -> TableKind {
        TableKind::Patterns
    }
    fn lookup<'a>(&'a self, key: &'a str) -> Lookup<'a, Option<String>> {
        self.lookup_line(key.as_bytes())
    }
    fn lookup_line<'a>(&'a self, line: &'a [u8]) -> Lookup<'a, Option<String>> {
        Lookup::Now(Ok(self.rules.with(|rules| self.search(rules, line))))
    }
}

/// `word` in any case at the start of a line, not followed by a letter or digit; what follows it.
pub(crate) fn keyword<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    let (start, rest) = line.split_at_checked(word.len())?;
    (start.eq_ignore_ascii_case(word) && !rest.starts_with(|c: char| c.is_ascii_alphanumeric())).then_some(rest)
}

struct Parser<'p, E> {
    file: &'p str,
    warn: &'p dyn Fn(&str),
    regsub: bool,
    rules: Vec<Rule<E>>,
    /// Indexes of the ifs that wait for their endif.
    open: Vec<usize>,
    /// Translated patterns.
    simple: Vec<String>,
}

impl<E: Engine> Parser<'_, E> {
    fn rules(mut self, content: &[u8]) -> Rules<E> {
        for line in logical_lines(self.file, content, self.warn) {
            self.line(&line);
        }
        let end = self.rules.len();
        for at in std::mem::take(&mut self.open).into_iter().rev() {
            self.complain(self.rules[at].line, "IF has no matching ENDIF");
            self.rules[at].action = Action::If(end);
        }
        Rules { candidates: Candidates::new(&self.simple), list: self.rules }
    }

    fn complain(&self, line: usize, what: &str) {
        (self.warn)(&format!("{} map {}, line {line}: {what}", E::TYPE, self.file));
    }

    fn line(&mut self, line: &LogicalLine) {
        let text = line.text.trim();
        if !text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            self.rule(text, line.number);
        } else if let Some(rest) = keyword(text, "endif") {
            match self.open.pop() {
                None => self.complain(line.number, "ignoring ENDIF without matching IF"),
                Some(at) => {
                    self.rules[at].action = Action::If(self.rules.len());
                    if !rest.trim().is_empty() {
                        self.complain(line.number, "ignoring extra text after ENDIF");
                    }
                }
            }
        } else if let Some(rest) = keyword(text, "if") {
            let Some((pattern, rest)) = self.pattern(rest, line.number) else { return };
            let rest = rest.trim();
            if !rest.is_empty() {
                self.complain(line.number, &format!("ignoring extra text after IF statement: \"{rest}\""));
                self.complain(line.number, "do not prepend whitespace to statements between IF and ENDIF");
            }
            let Some(condition) = self.compile(pattern, line.number) else { return };
            self.open.push(self.rules.len());
            self.rules.push(Rule { line: line.number, condition, second: None, action: Action::If(0) });
        } else {
            self.complain(line.number, "ignoring unrecognized request");
        }
    }

    fn rule(&mut self, text: &str, line: usize) {
        let Some((first, mut rest)) = self.pattern(text, line) else { return };
        let mut second = None;
        if E::SECOND_PATTERN && rest.starts_with('!') {
            let Some((pattern, after)) = self.pattern(rest, line) else { return };
            (second, rest) = (Some(pattern), after);
        }
        let value = rest.trim_start();
        if value.is_empty() {
            self.complain(line, "no replacement text: using empty string");
        }
        let Some(replacement) = self.replacement(value, line) else { return };
        if replacement.highest() > 0 && first.negated {
            return self.complain(line, "$number found in negative match replacement text: skipping this rule");
        }
        if replacement.highest() > 0 && !self.regsub {
            return self.complain(line, "regular expression substitution is not allowed: skipping this rule");
        }
        let Some(condition) = self.compile(first, line) else { return };
        if replacement.highest() > condition.engine.groups() {
            let index = replacement.highest();
            return self.complain(line, &format!("out of range replacement index \"{index}\": skipping this rule"));
        }
        let second = match second.map(|pattern| self.compile(pattern, line)) {
            Some(None) => return,
            Some(compiled) => compiled,
            None => None,
        };
        self.rules.push(Rule { line, condition, second, action: Action::Result(replacement) });
    }

    /// One delimited pattern with its flags, and the text behind it.
    fn pattern<'t>(&self, text: &'t str, line: usize) -> Option<(Pattern<'t, E>, &'t str)> {
        let start = text.trim_start_matches(|c: char| c == '!' || c.is_ascii_whitespace());
        let negated = text[..text.len() - start.len()].matches('!').count() % 2 == 1;
        let Some(delimiter) = start.chars().next() else {
            self.complain(line, "no regexp: skipping this rule");
            return None;
        };
        let body = &start[delimiter.len_utf8()..];
        let Some(end) = closing(body, delimiter) else {
            self.complain(line, &format!("no closing regexp delimiter \"{delimiter}\": {} this rule", E::UNCLOSED));
            return None;
        };
        let mut flags = E::default_flags();
        let after = &body[end + delimiter.len_utf8()..];
        let ends = |c: char| c.is_ascii_whitespace() || (E::SECOND_PATTERN && c == '!');
        let letters = &after[..after.find(ends).unwrap_or(after.len())];
        for letter in letters.chars() {
            match E::toggle(&mut flags, letter) {
                Letter::Known => {}
                Letter::Obsolete => self.complain(line, &format!("ignoring obsolete regexp option \"{letter}\"")),
                Letter::Unknown => {
                    self.complain(line, &format!("unknown regexp option \"{letter}\": skipping this rule"));
                    return None;
                }
            }
        }
        Some((Pattern { text: &body[..end], negated, flags }, &after[letters.len()..]))
    }

    fn compile(&mut self, pattern: Pattern<'_, E>, line: usize) -> Option<Condition<E>> {
        match E::compile(pattern.text, pattern.flags) {
            Ok(engine) => {
                let candidate = E::simple(pattern.text, pattern.flags).map(|text| {
                    self.simple.push(text);
                    self.simple.len() - 1
                });
                Some(Condition { engine, negated: pattern.negated, candidate })
            }
            Err(reason) => {
                self.complain(line, &reason);
                None
            }
        }
    }

    fn replacement(&self, value: &str, line: usize) -> Option<Replacement> {
        match Replacement::parse(value) {
            Ok(replacement) => return Some(replacement),
            Err(BadReference::Truncated) => (self.warn)(&format!("truncated macro reference: \"{value}\"")),
            Err(BadReference::Empty) => (self.warn)(&format!("empty macro name: \"{value}\"")),
            Err(BadReference::NotNumeric(name)) => {
                self.complain(line, &format!("non-numeric replacement index \"{name}\""));
            }
            Err(BadReference::OutOfRange(name)) => {
                self.complain(line, &format!("{} replacement index \"{name}\"", E::INDEX_ZERO));
            }
        }
        self.complain(line, "bad replacement syntax: skipping this rule");
        None
    }
}

struct Pattern<'t, E: Engine> {
    text: &'t str,
    negated: bool,
    flags: E::Flags,
}

/// Where the closing delimiter is; a backslash protects the character behind it.
fn closing(body: &str, delimiter: char) -> Option<usize> {
    let mut escaped = false;
    for (index, c) in body.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == delimiter => return Some(index),
            _ => {}
        }
    }
    None
}
