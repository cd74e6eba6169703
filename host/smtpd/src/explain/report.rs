//! What `waxwing explain --json` prints. Names and meanings of fields are promised in docs/explain.md: add, never change.

use hook::NameStatus;
use serde::Serialize;

use super::Looked;
use crate::Client;

/// Counts up when a field changes its meaning.
pub(super) const FORMAT: u32 = 1;

/// The list that is walked when the content is in.
pub(super) const END_OF_DATA: &str = "smtpd_end_of_data_restrictions";

/// A whole session.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    pub format: u32,
    /// The smtpd service of master.cf.
    pub service: String,
    pub smtpd_delay_reject: bool,
    pub client: ImaginedClient,
    pub steps: Vec<Step>,
    /// The last step was not refused, and at least one recipient was taken where there were any.
    pub accepted: bool,
}

/// Who the server took the client for.
#[derive(Clone, Debug, Serialize)]
pub struct ImaginedClient {
    pub address: String,
    pub name: String,
    pub reverse_name: String,
    /// `verified`, `temporary failure`, `not found`, `forged` or `unchecked`.
    pub name_status: &'static str,
    pub lookups: Vec<Looked>,
    pub log: Vec<String>,
}

impl ImaginedClient {
    pub(super) fn of(client: &Client, lookups: Vec<Looked>, log: Vec<String>) -> Self {
        Self {
            address: client.address.clone(),
            name: client.name.clone(),
            reverse_name: client.reverse_name.clone(),
            name_status: match client.name_status {
                NameStatus::Verified => "verified",
                NameStatus::TemporaryFailure => "temporary failure",
                NameStatus::NotFound => "not found",
                NameStatus::Forged => "forged",
                NameStatus::Unchecked => "unchecked",
            },
            lookups,
            log,
        }
    }
}

/// One command of the client and the server's reply.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Step {
    /// As the client says it; `connect` and `END-OF-MESSAGE` stand for themselves.
    pub command: String,
    pub items: Vec<Item>,
    /// Lookups that belong to no restriction, such as those of cleanup(8).
    pub lookups: Vec<Looked>,
    /// Lines the server would log.
    pub log: Vec<String>,
    /// Lines of the reply, word for word; none: the server closes the connection without a word.
    pub reply: Vec<String>,
    /// The server closes the connection.
    pub closed: bool,
}

/// One item of a restriction list, in the order in which the server came to it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Item {
    /// The parameter.
    pub list: &'static str,
    /// 1 in the list itself, more in classes and lists that a table or plugin named; 0: a remark that is no item.
    pub depth: usize,
    /// As written in main.cf, with its argument.
    pub item: String,
    /// Why the item was not asked, or what the remark says.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// Who was asked; none where nobody was.
    #[serde(skip_serializing_if = "Option::is_none", flatten)]
    pub answered: Option<Answered>,
    /// What became of the answer: `refuses`, `warns`, `defers_if_permit`, `defers_if_reject`; none: nothing to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<&'static str>,
    /// The reply that goes with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply: Option<String>,
}

/// A restriction's answer.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Answered {
    pub restriction: String,
    pub argument: Option<String>,
    pub plugin: String,
    pub version: String,
    /// `default`, or the component's file.
    pub origin: String,
    /// `enforce` or `warn`.
    pub mode: String,
    /// `dunno`, `permit`, `reject`, `defer`, `defer-if-permit`, `defer-if-reject`, `restrictions`, `server-error`, `hangup`;
    /// `failed`: no answer.
    pub verdict: &'static str,
    /// The list of a verdict `restrictions`, or why there is no answer.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
    pub lookups: Vec<Looked>,
    /// What it changes in the message, in the words of access(5).
    pub edits: Vec<String>,
    pub log: Vec<String>,
    /// The pause it asks for, which explain does not make.
    pub pause_milliseconds: u64,
    /// Wall clock time of the call, with what it waited for.
    pub microseconds: f64,
    /// An earlier answer of this session was taken again.
    pub reused: bool,
}

impl Explanation {
    /// Tells of each plugin where it comes from and its mode.
    pub fn introduce(&mut self, plugin: impl Fn(&str) -> Option<(String, String)>) {
        let items = self.steps.iter_mut().flat_map(|step| &mut step.items);
        for answered in items.filter_map(|item| item.answered.as_mut()) {
            if let Some((origin, mode)) = plugin(&answered.plugin) {
                (answered.origin, answered.mode) = (origin, mode);
            }
        }
    }
}
