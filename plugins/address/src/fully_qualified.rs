//! Whether an address has a full domain.

use waxwing_sdk::{
    Facts,
    address::{domain, is_literal},
    hostname::{is_utf8_hostname, without_final_dot},
    prelude::*,
};

use crate::Role;

pub const NON_FQDN_REJECT_CODE: Parameter =
    Parameter::new_code("non_fqdn_reject_code", "504", "Reply code of the reject_non_fqdn_* restrictions");

pub fn check(role: Role) -> Verdict {
    let Some(address) = role.address() else { return Verdict::Dunno };
    let domain = domain(&address).unwrap_or_default();
    if is_literal(domain) {
        return Verdict::Dunno;
    }
    let domain = without_final_dot(domain);
    let smtputf8 = !domain.is_ascii() && session::facts().contains(Facts::SMTPUTF8);
    if domain.contains('.') && is_utf8_hostname(domain, smtputf8) {
        return Verdict::Dunno;
    }
    let code = NON_FQDN_REJECT_CODE.code();
    Subject::new(address, role.class()).refuse(code, "4.5.2", "need fully-qualified address")
}
