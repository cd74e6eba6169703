//! reject_unknown_reverse_client_hostname: the client's address must have a name.

use waxwing_sdk::{NameStatus, prelude::*};

use crate::UNKNOWN_CLIENT_REJECT_CODE;

pub const RESTRICTION: Restriction = Restriction::new("reject_unknown_reverse_client_hostname", |_| {
    let code = match session::reverse_client_name_status() {
        // Without lookups (smtpd_peername_lookup = no) smtpd(8) takes every client for unknown.
        NameStatus::Verified => return Verdict::Dunno,
        // Not later in the list: what follows may depend on the name, so an answer for now is not good enough.
        NameStatus::TemporaryFailure => 450,
        NameStatus::NotFound | NameStatus::Forged | NameStatus::Unchecked => UNKNOWN_CLIENT_REJECT_CODE.code(),
    };
    let text = ["Client host rejected: cannot find your reverse hostname, [", &session::client_address(), "]"].concat();
    refuse(code, "4.7.1", text)
})
.depends_on(Inputs::CONNECTION)
.summary("Rejects clients whose address has no name");

#[cfg(test)]
mod tests {
    use super::RESTRICTION;
    use waxwing_sdk::{NameStatus, prelude::*, testing::Host};

    #[test]
    fn tells_permanent_from_temporary() {
        for (status, code) in [
            (NameStatus::Verified, None),
            (NameStatus::TemporaryFailure, Some(450)),
            (NameStatus::NotFound, Some(550)),
            (NameStatus::Forged, Some(550)),
        ] {
            let mut host = Host::new()
                .client("192.0.2.1", "unknown")
                .name_status(NameStatus::Verified, status)
                .parameter("unknown_client_reject_code", "550");
            let text = "Client host rejected: cannot find your reverse hostname, [192.0.2.1]";
            let expected = code.map_or(Verdict::Dunno, |code| refuse(code, "4.7.1", text));
            assert_eq!(host.check(&RESTRICTION, ""), expected, "{status:?}");
        }
    }

    #[test]
    fn the_default_is_450() {
        let verdict = Host::new().client("192.0.2.1", "unknown").check(&RESTRICTION, "");
        assert!(matches!(verdict, Verdict::Defer(reply) if reply.code == Some(450)));
    }
}
