//! What replies and log lines are about: `<name>: Class`.

use hook::{Edit, Inputs, Stage};

use super::{class, list::Question};
use crate::Session;

const UNVERIFIED_CLIENT: &str = "Unverified Client host";

/// `<name>: Class`. Kept in the session while a list that a table named is walked: what stands in that list speaks of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subject {
    pub name: String,
    pub class: &'static str,
}

impl Subject {
    /// What a restriction is about: whom its name says (check_client_access), or the one input its answer depends on; else
    /// what the list it stands in is about.
    pub fn of(session: &Session, stage: Stage, question: &Question) -> Self {
        let offer = question.restriction.offer();
        let said = |word: &str| offer.name.split('_').any(|part| part == word);
        let about = match offer.depends_on & !Inputs::VOLATILE {
            _ if said("reverse") && said("client") => {
                return Self { name: session.client.reverse_name.clone(), class: UNVERIFIED_CLIENT };
            }
            _ if said("client") => Stage::Client,
            _ if said("helo") => Stage::Helo,
            _ if said("sender") => Stage::Sender,
            _ if said("recipient") => Stage::Recipient,
            _ if said("etrn") => Stage::Etrn,
            Inputs::CONNECTION => Stage::Client,
            Inputs::HELO => Stage::Helo,
            Inputs::SENDER => Stage::Sender,
            Inputs::RECIPIENT => Stage::Recipient,
            _ => return session.subject.clone().unwrap_or_else(|| Self::of_stage(session, stage)),
        };
        Self::of_stage(session, about)
    }

    fn of_stage(session: &Session, stage: Stage) -> Self {
        let name = match stage {
            Stage::Client => session.client.label.clone(),
            Stage::Helo => session.helo.clone().unwrap_or_default(),
            Stage::Sender => session.sender().unwrap_or_default().to_string(),
            Stage::Relay | Stage::Recipient => session.recipient.clone().unwrap_or_default(),
            Stage::Data => "DATA".to_string(),
            Stage::EndOfData => crate::verb::END_OF_MESSAGE.to_string(),
            Stage::Etrn => session.etrn_domain.clone().unwrap_or_default(),
        };
        Self { name, class: class(stage) }
    }

    /// The log's word and text for an edit; none for those Postfix does not log. A text that names its subject itself
    /// (`<name>: …`) is taken as it is.
    pub fn edit_text(&self, edit: &Edit) -> Option<(&'static str, String)> {
        let Self { name, class } = self;
        let triggers = |action: &str, what: &str| format!("<{name}>: {class} triggers {action} {what}");
        let given = |action: &str, text: &str| match text {
            "" => format!("<{name}>: {class} triggers {action} action"),
            text if text.starts_with('<') && text.contains(">: ") => text.to_string(),
            text => format!("<{name}>: {class} {text}"),
        };
        match edit {
            Edit::Hold(text) => Some(("hold", given("HOLD", text))),
            Edit::Discard(text) => Some(("discard", given("DISCARD", text))),
            Edit::Filter(destination) => Some(("filter", triggers("FILTER", destination))),
            Edit::Redirect(address) => Some(("redirect", triggers("REDIRECT", address))),
            Edit::Bcc(address) => Some(("bcc", triggers("BCC", address))),
            _ => None,
        }
    }
}

/// Restrictions on what anybody can write into DNS: a list that their table names may not permit either.
pub(crate) fn may_never_permit(restriction: &str) -> bool {
    restriction.strip_prefix("check_").and_then(|name| name.strip_suffix("_access")).is_some_and(|name| {
        name.starts_with("reverse_client_hostname") || ["_a", "_mx", "_ns"].iter().any(|kind| name.ends_with(kind))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whom_dns_says_something_of_is_never_permitted() {
        for (name, never) in [
            ("check_client_access", false),
            ("check_reverse_client_hostname_access", true),
            ("check_reverse_client_hostname_mx_access", true),
            ("check_sender_ns_access", true),
            ("check_helo_a_access", true),
            ("check_sender_access", false),
            ("check_sasl_access", false),
            ("check_policy_service", false),
        ] {
            assert_eq!(may_never_permit(name), never, "{name}");
        }
    }

    #[test]
    fn edits_in_the_log() {
        let subject = Subject { name: "c[192.0.2.1]".into(), class: "Client host" };
        for (edit, expected) in [
            (Edit::Filter("smtp:[x]".into()), Some(("filter", "<c[192.0.2.1]>: Client host triggers FILTER smtp:[x]"))),
            (Edit::Hold(String::new()), Some(("hold", "<c[192.0.2.1]>: Client host triggers HOLD action"))),
            (Edit::Discard("why".into()), Some(("discard", "<c[192.0.2.1]>: Client host why"))),
            (Edit::PrependHeader { name: "X".into(), value: "y".into() }, None),
        ] {
            let text = subject.edit_text(&edit);
            assert_eq!(text.as_ref().map(|(word, text)| (*word, text.as_str())), expected, "{edit:?}");
        }
    }
}
