//! Who may send mail through this server to where: postconf(5), smtpd_relay_restrictions, ADDRESS_CLASS_README.
//!
//! What comes in: the recipient, resolved as trivial-rewrite(8) would. What goes out: OK, or a refusal, for destinations this
//! server is responsible for, or not. A recipient that routes itself (`user%elsewhere@here`) is never trusted.
#![forbid(unsafe_code)]

mod check_relay_domains;
mod defer_unauth_destination;
mod own_host;
mod permit_auth_destination;
mod permit_mx_backup;
mod reject_unauth_destination;

use waxwing_sdk::{Grant, ParameterKind, addresses, prelude::*};

const RELAY_DOMAINS_REJECT_CODE: Parameter =
    Parameter::new_code("relay_domains_reject_code", "554", "Reply code of the restriction reject_unauth_destination");
const RELAY_DOMAINS: Parameter =
    Parameter::new("relay_domains", ParameterKind::DomainList, "", "Domains this server relays mail to");

pub const PLUGIN: Plugin = Plugin::new("relay", env!("CARGO_PKG_VERSION"), "Relay control")
    .parameters(&[
        RELAY_DOMAINS_REJECT_CODE,
        RELAY_DOMAINS,
        own_host::MYDESTINATION,
        own_host::INET_INTERFACES,
        own_host::PROXY_INTERFACES,
        permit_mx_backup::PERMIT_MX_BACKUP_NETWORKS,
    ])
    .grants(&[
        GrantRequest::new(Grant::Addresses, "", "the class of the recipient's domain decides"),
        GrantRequest::dns("permit_mx_backup looks mail servers up"),
    ])
    .restrictions(&[
        permit_auth_destination::RESTRICTION,
        reject_unauth_destination::RESTRICTION,
        defer_unauth_destination::RESTRICTION,
        check_relay_domains::RESTRICTION,
        permit_mx_backup::RESTRICTION,
    ]);

waxwing_sdk::export!(PLUGIN);

/// Whether this server takes mail for the recipient under test from anyone; the recipient where it does not. None: there is
/// no recipient.
fn unauthorized_recipient() -> Result<Option<String>, Verdict> {
    let [recipient, sender] = session::attributes([waxwing_sdk::Attribute::Recipient, waxwing_sdk::Attribute::Sender]);
    let Some(recipient) = recipient else { return Err(Verdict::Dunno) };
    let resolved = addresses::resolve_or_defer(&recipient, sender.as_deref().unwrap_or_default())?;
    Ok(if resolved.is_authorized_destination() { None } else { Some(recipient) })
}

/// reject_unauth_destination and its deferring kin.
fn guard(code: fn() -> u16, status: &str) -> Verdict {
    match unauthorized_recipient() {
        Ok(None) => Verdict::Dunno,
        Ok(Some(recipient)) => refuse(code(), status, ["<", &recipient, ">: Relay access denied"].concat()),
        Err(verdict) => verdict,
    }
}
