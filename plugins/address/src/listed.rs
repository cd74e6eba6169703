//! Whether this server knows an address: ADDRESS_CLASS_README, LOCAL_RECIPIENT_README.

use waxwing_sdk::{
    ParameterKind,
    access::split_status,
    addresses::{self, AddressClass, Listing, Resolution},
    prelude::*,
    temporary_lookup_failure,
};

use crate::Role;

pub const UNKNOWN_LOCAL_RECIPIENT_REJECT_CODE: Parameter = Parameter::new_code(
    "unknown_local_recipient_reject_code",
    "550",
    "Reply code for addresses in mydestination that local_recipient_maps does not know",
);
pub const UNKNOWN_VIRTUAL_ALIAS_REJECT_CODE: Parameter = Parameter::new_code(
    "unknown_virtual_alias_reject_code",
    "550",
    "Reply code for addresses in virtual_alias_domains that virtual_alias_maps does not know",
);
pub const UNKNOWN_VIRTUAL_MAILBOX_REJECT_CODE: Parameter = Parameter::new_code(
    "unknown_virtual_mailbox_reject_code",
    "550",
    "Reply code for addresses in virtual_mailbox_domains that virtual_mailbox_maps does not know",
);
pub const UNKNOWN_RELAY_RECIPIENT_REJECT_CODE: Parameter = Parameter::new_code(
    "unknown_relay_recipient_reject_code",
    "550",
    "Reply code for addresses in relay_domains that relay_recipient_maps does not know",
);
pub const SHOW_USER_UNKNOWN_TABLE_NAME: Parameter = Parameter::new(
    "show_user_unknown_table_name",
    ParameterKind::Boolean,
    "yes",
    "Whether a refusal says which table does not know the address",
);

pub fn check(role: Role) -> Verdict {
    let Some(address) = role.address() else { return Verdict::Dunno };
    let listing = match role {
        Role::Sender => addresses::find_sender(&address),
        Role::Recipient => addresses::find_recipient(&address),
    };
    match listing {
        Ok(Listing::Listed) => return Verdict::Dunno,
        Ok(Listing::Unlisted | Listing::Unavailable) => {}
        Err(_) => return temporary_lookup_failure(&address),
    }
    match addresses::resolve_or_defer(&address, &role.other_address()) {
        Ok(resolved) => refusal(role, &Subject::new(address, role.class()), &resolved),
        Err(verdict) => verdict,
    }
}

fn refusal(role: Role, subject: &Subject, resolved: &Resolution) -> Verdict {
    let unknown = match role {
        Role::Sender => "5.1.0",
        Role::Recipient => "5.1.1",
    };
    // The resolver's own words: relocated_maps, transport_maps and virtual aliases end at error(8) or retry(8).
    let code = match (resolved.transport.as_str(), resolved.address_class) {
        ("error", AddressClass::VirtualAlias) => Some(UNKNOWN_VIRTUAL_ALIAS_REJECT_CODE.code()),
        ("error", _) => Some(550),
        ("retry", _) => Some(450),
        _ => None,
    };
    if let Some(code) = code {
        let (status, text) = split_status(unknown, &resolved.nexthop);
        return subject.refuse(code, status.for_class(subject.class).as_str(), text);
    }
    let (code, table) = match resolved.address_class {
        AddressClass::Local => (UNKNOWN_LOCAL_RECIPIENT_REJECT_CODE, " in local recipient table"),
        AddressClass::VirtualAlias => (UNKNOWN_VIRTUAL_ALIAS_REJECT_CODE, " in virtual alias table"),
        AddressClass::VirtualMailbox => (UNKNOWN_VIRTUAL_MAILBOX_REJECT_CODE, " in virtual mailbox table"),
        AddressClass::Relay => (UNKNOWN_RELAY_RECIPIENT_REJECT_CODE, " in relay recipient table"),
        // Nobody can say who lives elsewhere.
        AddressClass::DefaultClass => return Verdict::Dunno,
    };
    let table = if SHOW_USER_UNKNOWN_TABLE_NAME.is_yes() { table } else { "" };
    subject.refuse(code.code(), unknown, &["User unknown", table].concat())
}
