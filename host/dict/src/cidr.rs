//! cidr tables: cidr_table(5).

use std::net::IpAddr;

use hook::{Lookup, Table, TableKind};
use mail::network::Network;

use crate::{
    DictError,
    logical_line::{LogicalLine, logical_lines},
    network,
    open::{Environment, Text},
    pattern::keyword,
};

pub(crate) struct CidrTable {
    title: String,
    rules: Text<Vec<Rule>>,
}

struct Rule {
    network: Network,
    ipv6: bool,
    negated: bool,
    action: Action,
    line: usize,
}

enum Action {
    Result(String),
    /// Goes on behind the endif, at this index, when the pattern does not match.
    If(usize),
}

impl CidrTable {
    pub fn open(title: &str, name: &str, environment: &Environment) -> Result<Self, DictError> {
        let (file, warn) = (name.to_string(), environment.warn.clone());
        let parse = Box::new(move |content: &[u8]| rules(&file, content, &*warn));
        Ok(Self { title: title.to_string(), rules: Text::open("cidr", name, environment, parse)? })
    }
}

impl Table for CidrTable {
    fn title(&self) -> &str {
        &self.title
    }
    fn kind(&self) -> TableKind {
        TableKind::Patterns
    }
    fn lookup<'a>(&'a self, key: &'a str) -> Lookup<'a, Option<String>> {
        let Some(address) = network::address_of(key) else { return Lookup::Now(Ok(None)) };
        Lookup::Now(Ok(self.rules.with(|rules| search(rules, address))))
    }
}

fn search(rules: &[Rule], address: IpAddr) -> Option<String> {
    let mut at = 0;
    while let Some(rule) = rules.get(at) {
        at += 1;
        // A pattern says nothing about addresses of the other family, negated or not.
        let matches = rule.network.contains(address) != rule.negated && rule.ipv6 == address.is_ipv6();
        match &rule.action {
            Action::Result(value) if matches => return Some(value.clone()),
            Action::If(end) if !matches => at = *end,
            _ => {}
        }
    }
    None
}

fn rules(file: &str, content: &[u8], warn: &dyn Fn(&str)) -> Vec<Rule> {
    let mut rules = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    for line in logical_lines(file, content, warn) {
        if let Err(reason) = add_rule(&line, &mut rules, &mut open) {
            warn(&format!("cidr map {file}, line {}: {reason}: skipping this rule", line.number));
        }
    }
    let end = rules.len();
    for at in open.into_iter().rev() {
        warn(&format!("cidr map {file}, line {}: IF has no matching ENDIF", rules[at].line));
        rules[at].action = Action::If(end);
    }
    rules
}

fn add_rule(line: &LogicalLine, rules: &mut Vec<Rule>, open: &mut Vec<usize>) -> Result<(), String> {
    let text = line.text.trim();
    if let Some(rest) = keyword(text, "endif") {
        if !rest.trim().is_empty() {
            return Err("garbage after ENDIF".into());
        }
        let at = open.pop().ok_or("ENDIF without IF")?;
        rules[at].action = Action::If(rules.len());
        return Ok(());
    }
    if let Some(rest) = keyword(text, "if") {
        let (negated, pattern) = negation(rest);
        if pattern.is_empty() {
            return Err("no address pattern".into());
        }
        let network = network::parse(pattern)?;
        open.push(rules.len());
        rules.push(Rule { network, ipv6: pattern.contains(':'), negated, action: Action::If(0), line: line.number });
        return Ok(());
    }
    let (negated, text) = negation(text);
    let (pattern, value) = text.split_once(|c: char| c.is_ascii_whitespace()).unwrap_or((text, ""));
    if pattern.is_empty() {
        return Err("no address pattern".into());
    }
    let value = value.trim();
    if value.is_empty() {
        return Err("no lookup result".into());
    }
    let network = network::parse(pattern)?;
    rules.push(Rule {
        network,
        ipv6: pattern.contains(':'),
        negated,
        action: Action::Result(value.to_string()),
        line: line.number,
    });
    Ok(())
}

/// Takes `!` and blanks off the front; each `!` turns the meaning round.
fn negation(text: &str) -> (bool, &str) {
    let pattern = text.trim_start_matches(|c: char| c == '!' || c.is_ascii_whitespace());
    let marks = text[..text.len() - pattern.len()].bytes().filter(|b| *b == b'!').count();
    (marks % 2 == 1, pattern)
}
