//! docs/restrictions.md: every restriction of the default plugins, as they describe themselves.

use std::fmt::Write;

use hook::{ArgumentKind, Inputs, Offer, Stages, Traits};

const HEAD: &str = "\
# Restrictions

Every name that may stand in `smtpd_*_restrictions`, a restriction class or the result of an access table, with the plugin
and the file that implement it. A plugin of plugins.cf that offers the same name takes the default's place.

This page is made by `waxwing plugin docs` from what the default plugins say of themselves; a test compares the two.
`warn_if_reject`, restriction classes and `check_plugin NAME[:restriction]` are syntax of the lists and belong to no plugin.

- *stages*: the lists it may stand in. A star marks the lists in which a bare `type:table` means this restriction.
- *depends on*: while none of this changes in a session, an answer is taken again without asking. What depends on the
  recipient, the content or something outside the session (volatile) is always asked.

";

/// The page.
pub fn page(offers: &[Offer]) -> String {
    let mut page = HEAD.to_string();
    // Writing to a String cannot fail.
    let _ = writeln!(page, "{} restrictions, and {} other names.\n", offers.len(), aliases(offers));
    page.push_str("| restriction | argument | stages | depends on | plugin and file |\n|---|---|---|---|---|\n");
    for offer in offers {
        let _ = writeln!(
            page,
            "| [`{name}`](#{name}) | {} | {} | {} | `{}` [{name}.rs]({}) |",
            argument(offer.argument),
            stages(offer),
            inputs(offer.depends_on),
            offer.plugin,
            file(offer),
            name = offer.name,
        );
    }
    for offer in offers {
        let _ = write!(page, "\n### {}\n\n{}.\n", offer.name, offer.summary.trim_end_matches('.'));
        let mut notes = Vec::new();
        if !offer.aliases.is_empty() {
            let names: Vec<_> = offer.aliases.iter().map(|alias| format!("`{alias}`")).collect();
            notes.push(format!("Also called {}.", names.join(", ")));
        }
        if offer.traits.contains(Traits::GUARDS_RELAY) {
            notes.push("Counts as protection against open relays.".to_string());
        }
        if offer.traits.contains(Traits::FINAL) {
            notes.push("Always decides: what stands behind it is never asked.".to_string());
        }
        if let Some(warning) = &offer.warning {
            notes.push(format!("Logs at start: `warning: {warning}`"));
        }
        for note in notes {
            let _ = writeln!(page, "{note}");
        }
    }
    page
}

fn aliases(offers: &[Offer]) -> usize {
    offers.iter().map(|offer| offer.aliases.len()).sum()
}

/// Each restriction is a file of its own name in its plugin's folder.
fn file(offer: &Offer) -> String {
    format!("../plugins/{}/src/{}.rs", offer.plugin, offer.name)
}

fn argument(kind: ArgumentKind) -> &'static str {
    match kind {
        ArgumentKind::None => "",
        ArgumentKind::Text => "text",
        ArgumentKind::Table => "`type:table`",
        ArgumentKind::Endpoint => "server",
        ArgumentKind::Duration => "time",
    }
}

fn stages(offer: &Offer) -> String {
    const NAMES: [(Stages, &str); 8] = [
        (Stages::CLIENT, "client"),
        (Stages::HELO, "helo"),
        (Stages::SENDER, "sender"),
        (Stages::RELAY, "relay"),
        (Stages::RECIPIENT, "recipient"),
        (Stages::DATA, "data"),
        (Stages::END_OF_DATA, "end-of-data"),
        (Stages::ETRN, "etrn"),
    ];
    if offer.stages.is_all() && offer.bare_table.is_empty() {
        return "all".to_string();
    }
    let names = NAMES.iter().filter(|(stage, _)| offer.stages.contains(*stage));
    let star = |stage: Stages| if offer.bare_table.contains(stage) { "*" } else { "" };
    names.map(|(stage, name)| format!("{name}{}", star(*stage))).collect::<Vec<_>>().join(" ")
}

fn inputs(inputs: Inputs) -> String {
    const NAMES: [(Inputs, &str); 8] = [
        (Inputs::CONNECTION, "connection"),
        (Inputs::TLS, "tls"),
        (Inputs::HELO, "helo"),
        (Inputs::AUTH, "auth"),
        (Inputs::SENDER, "sender"),
        (Inputs::RECIPIENT, "recipient"),
        (Inputs::CONTENT, "content"),
        (Inputs::VOLATILE, "volatile"),
    ];
    let names: Vec<_> = NAMES.iter().filter(|(input, _)| inputs.contains(*input)).map(|(_, name)| *name).collect();
    if names.is_empty() { "nothing".to_string() } else { names.join(" ") }
}
