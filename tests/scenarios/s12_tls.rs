//! S11 and S12: hosts whose users log in with Dovecot, old clients included.

use waxwing_tests::{
    client::Client,
    dns::Dns,
    dovecot::{AUTH_PORT, Dovecot},
    namespace,
    needs::Need,
    server::{self, Server},
    sink::Sink,
};

const NEEDS: &[Need] = &[Need::Postfix, Need::Waxwing, Need::Dovecot];
const ZONE: &str = "
good.test            A     10.9.0.1
elsewhere.test       A     10.9.0.5
";

/// `joe`, `secret`.
const JOE: &str = "AUTH PLAIN AGpvZQBzZWNyZXQ=";
const WRONG: &str = "AUTH PLAIN AGpvZQB3cm9uZw==";

const S12: &str = "\
myhostname = ub904
smtpd_tls_cert_file = $certificates/server.pem
smtpd_tls_key_file = $certificates/server.key
smtpd_use_tls = yes
smtp_use_tls = yes
smtpd_tls_session_cache_database = btree:${data_directory}/smtpd_scache
smtp_tls_session_cache_database = btree:${data_directory}/smtp_scache
mydestination = ub904, localhost.localdomain, , localhost
mynetworks = 192.0.2.0/24
recipient_delimiter = +
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_authenticated_header = yes
smtpd_sasl_security_options = noanonymous
smtpd_sasl_local_domain = $myhostname
broken_sasl_auth_clients = yes
smtpd_relay_restrictions =
smtpd_recipient_restrictions = reject_unknown_sender_domain, reject_unknown_recipient_domain, reject_unauth_pipelining,
    permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination
smtpd_sender_restrictions = reject_unknown_sender_domain
smtpd_tls_received_header = yes
smtpd_tls_mandatory_protocols = SSLv3, TLSv1
smtpd_tls_mandatory_ciphers = medium, high
smtpd_tls_auth_only = yes
tls_random_source = dev:/dev/urandom
default_transport = smtp:[elsewhere.test]:2525
";

fn with_dovecot<F: Fn(&mut Server)>(main_cf: &str, test: F) {
    namespace::inside_named(namespace::test_name::<F>(), NEEDS, |place| {
        let _dns = Dns::serve(ZONE);
        let _dovecot = Dovecot::serve(place, &["joe:secret"], None);
        server::both(place, |server| {
            server.main_cf(&format!("{main_cf}smtpd_sasl_path = inet:127.0.0.1:{AUTH_PORT}\n"));
            server.start();
            test(server);
        });
    });
}

#[test]
fn s11_6_both_forms_of_auth_and_the_login_in_received() {
    let s11 = "\
myhostname = mail.domain.com
mydestination = $myhostname, domain.com
mynetworks = 192.0.2.0/24
smtpd_sasl_type = dovecot
smtpd_sasl_auth_enable = yes
smtpd_sasl_local_domain = domain.com
broken_sasl_auth_clients = yes
smtpd_sasl_security_options = noanonymous
smtpd_sasl_authenticated_header = yes
smtpd_recipient_restrictions = permit_mynetworks permit_sasl_authenticated, reject_unauth_destination
smtpd_relay_restrictions =
default_transport = smtp:[elsewhere.test]:2525
";
    with_dovecot(s11, |server| {
        let sink = Sink::listen("10.9.0.5:2525");
        let mut client = Client::ready("198.51.100.9", server.port);
        let ehlo = client.command("EHLO client.test");
        assert!(ehlo.contains("250-AUTH PLAIN LOGIN CRAM-MD5\n250-AUTH=PLAIN LOGIN CRAM-MD5\n"), "{ehlo}");
        assert_eq!(client.command(JOE), "235 2.7.0 Authentication successful");
        let reply = client.mail("a@good.test", "b@elsewhere.test", "Subject: x\n\nbody\n");
        assert!(reply.starts_with("250 2.0.0"), "{reply}");
        let text = sink.wait_for(1)[0].text();
        assert!(
            text.contains("\n\t(Authenticated sender: joe)\n\tby mail.domain.com (")
                && text.contains(") with ESMTPA id "),
            "{text}"
        );
    });
}

#[test]
fn s12_2_no_login_before_tls() {
    with_dovecot(S12, |server| {
        let mut client = Client::ready("198.51.100.9", server.port);
        let ehlo = client.command("EHLO client.test");
        assert!(ehlo.contains("250-STARTTLS") && !ehlo.contains("AUTH"), "{ehlo}");
        // The printed 504 is for a service whose AUTH is ready before TLS; with smtpd_tls_auth_only it is not.
        assert_eq!(client.command(JOE), "503 5.5.1 Error: authentication not enabled");
        let ehlo = client.starttls();
        assert!(ehlo.contains("250-AUTH PLAIN LOGIN CRAM-MD5\n250-AUTH=PLAIN LOGIN CRAM-MD5\n"), "{ehlo}");
        assert_eq!(client.command(WRONG), "535 5.7.8 Error: authentication failed: (reason unavailable)");
        assert_eq!(client.command(JOE), "235 2.7.0 Authentication successful");
    });
}

#[test]
fn s12_3_login_and_relay() {
    with_dovecot(S12, |server| {
        let sink = Sink::listen("10.9.0.5:2525");
        let mut client = Client::ready("198.51.100.9", server.port);
        client.starttls();
        assert_eq!(client.command(JOE), "235 2.7.0 Authentication successful");
        let reply = client.mail("a@good.test", "b@elsewhere.test", "Subject: x\n\nbody\n");
        assert!(reply.starts_with("250 2.0.0"), "{reply}");
        let text = sink.wait_for(1)[0].text();
        for part in [
            "\t(using TLSv1.3 with cipher ",
            "\n\t(No client certificate requested)\n\t(Authenticated sender: joe)\n",
            ") with ESMTPSA id ",
        ] {
            assert!(text.contains(part), "no {part:?} in\n{text}");
        }
    });
}

#[test]
fn s12_4_no_login_no_relay() {
    with_dovecot(S12, |server| {
        let ask = |sender: &str| {
            let mut client = Client::ready("198.51.100.9", server.port);
            client.command(&format!("MAIL FROM:<{sender}>"));
            client.command("RCPT TO:<b@elsewhere.test>")
        };
        assert_eq!(ask("a@good.test"), "554 5.7.1 <b@elsewhere.test>: Relay access denied");
        assert_eq!(ask("a@missing.test"), "450 4.1.8 <a@missing.test>: Sender address rejected: Domain not found");
        let mut local = Client::ready("192.0.2.1", server.port);
        local.command("MAIL FROM:<a@missing.test>");
        let reply = local.command("RCPT TO:<b@elsewhere.test>");
        assert_eq!(reply, "450 4.1.8 <a@missing.test>: Sender address rejected: Domain not found");
    });
}

#[test]
fn s12_6_no_such_cipher_grade() {
    let demanding = format!("{S12}smtpd_tls_security_level = encrypt\n");
    with_dovecot(&demanding, |server| {
        let mut client = Client::ready("198.51.100.9", server.port);
        assert_eq!(client.command("STARTTLS"), "220 2.0.0 Ready to start TLS");
        assert!(client.handshake(None, false).is_err(), "the handshake fails");
        server.logged(&["warning: unknown[198.51.100.9]: invalid cipher grade: \"medium, high\""]);
    });
}
