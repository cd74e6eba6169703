use waxwing_sdk::testing::Host;

use super::*;

#[test]
fn all_attributes_in_order() {
    let mut host = Host::new()
        .helo("client.test")
        .sender("a@good.test")
        .recipient("b@mx.test")
        .recipients(&["b@mx.test"])
        .ports(4711, 25)
        .size(1234)
        .attribute(A::ProtocolName, "ESMTP")
        .attribute(A::ServerAddress, "192.0.2.2")
        .attribute(A::CcertSubject, "A+B C")
        .attribute(A::MailVersion, "9.9");
    let request = host.run(|| text("ctx"));
    let expected = "\
request=smtpd_access_policy
protocol_state=RCPT
protocol_name=ESMTP
client_address=192.0.2.1
client_name=client.example
client_port=4711
reverse_client_name=client.example
server_address=192.0.2.2
server_port=25
helo_name=client.test
sender=a@good.test
recipient=b@mx.test
recipient_count=0
queue_id=
instance=
size=1234
etrn_domain=
stress=
sasl_method=
sasl_username=
sasl_sender=
ccert_subject=A+2BB+20C
ccert_issuer=
ccert_fingerprint=
ccert_pubkey_fingerprint=
encryption_protocol=
encryption_cipher=
encryption_keysize=0
policy_context=ctx
compatibility_level=
mail_version=9.9

";
    assert_eq!(request, expected);
}

#[test]
fn recipients_are_counted_from_data_on() {
    for (state, shown, count) in
        [("RCPT", "RCPT", 0), ("DATA", "DATA", 2), ("BDAT", "DATA", 2), ("END-OF-MESSAGE", "END-OF-MESSAGE", 2)]
    {
        let request = Host::new().protocol_state(state).recipients(&["a@x", "b@x"]).run(|| text(""));
        assert!(request.contains(&format!("\nprotocol_state={shown}\n")), "{state}: {request}");
        assert!(request.contains(&format!("\nrecipient_count={count}\n")), "{state}: {request}");
    }
}

#[test]
fn no_value_begins_a_line() {
    let request = Host::new().helo("a\naction=OK\n\nb").run(|| text(""));
    assert!(request.contains("\nhelo_name=a?action=OK??b\n"), "{request}");
    assert_eq!(request.matches("\n\n").count(), 1, "{request}");
}
