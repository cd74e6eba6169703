//! `service[/type[/name]]` on the command line of -M, -F and -P.

use anyhow::{Result, bail};
use config::MasterFields;

use super::Call;

/// One argument; `*` and what is left out match everything.
pub struct Request {
    pub text: String,
    service: String,
    kind: String,
    /// A field of -F, a parameter of -P.
    pub name: Option<String>,
}

impl Request {
    /// Takes `text` apart; `None` when it has more than `most` or fewer than `least` parts.
    pub fn parse(text: &str, least: usize, most: usize) -> Option<Self> {
        let parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty()).collect();
        if parts.len() < least || parts.len() > most {
            return None;
        }
        let part = |at: usize| parts.get(at).map_or("*", |part| *part).to_string();
        let name = (most == 3).then(|| part(2));
        Some(Self { text: text.to_string(), service: part(0), kind: part(1), name })
    }

    pub fn is_for(&self, service: &str, kind: &str) -> bool {
        matches(&self.service, service) && matches(&self.kind, kind)
    }

    pub fn names(&self, name: &str) -> bool {
        self.name.as_deref().is_none_or(|wanted| matches(wanted, name))
    }
}

fn matches(wanted: &str, found: &str) -> bool {
    wanted == "*" || wanted == found
}

/// Calls `show` for each entry of master.cf and each request it matches, or once for each entry when nothing was requested.
/// `show` says whether it had something to show; requests that never had are warned about.
pub fn each(
    call: &Call,
    entries: &[MasterFields],
    syntax: (&str, usize),
    mut show: impl FnMut(&MasterFields, Option<&Request>) -> Result<bool>,
) -> Result<()> {
    let mut requests = Vec::new();
    for text in call.operands() {
        match Request::parse(text, 1, syntax.1) {
            Some(request) => requests.push((request, false)),
            None => bail!("{}", syntax.0),
        }
    }
    for entry in entries {
        if requests.is_empty() {
            show(entry, None)?;
        }
        for (request, matched) in &mut requests {
            if request.is_for(entry.service(), entry.kind()) {
                *matched |= show(entry, Some(request))?;
            }
        }
    }
    for (request, _) in requests.iter().filter(|(_, matched)| !matched) {
        call.warn(format!("unmatched request: \"{}\"", request.text));
    }
    Ok(())
}
