//! S09, its eleventh outcome: TLS of the gateway, with its key and with the typing error of the original.

use std::process::Command;

use waxwing_tests::{client::Client, needs::Need, sink::Sink};

use crate::scenario;

const ZONE: &str = "
inside.test          A     10.9.0.5
";
const MAIN_CF: &str = "\
myhostname = my-reverse-dns.domain.tld
smtpd_use_tls = yes
smtpd_tls_security_level = may
smtpd_tls_received_header = yes
smtpd_tls_ask_ccert = yes
smtpd_tls_loglevel = 1
smtpd_tls_cert_file = $certificates/server.pem
smtpd_tls_session_cache_database = btree:${queue_directory}/smtpd_scache
smtp_use_tls = yes
smtp_tls_security_level = may
smtp_tls_cert_file = $certificates/server.pem
smtp_tls_key_file = $certificates/server.key
smtp_tls_session_cache_database = btree:${queue_directory}/smtp_scache
default_transport = smtp
relayhost = [inside.test]:2525
mynetworks = 127.0.0.0/8
";

/// The parts of a Received: header that two TLS libraries must agree on.
fn tls_part(text: &str) -> String {
    let start = text.find("\t(using ").unwrap_or_else(|| panic!("no TLS in Received: of\n{text}"));
    let end = text[start..].find("\tby ").expect("Received: goes on") + start;
    let part = text[start..end].replace("SHA512", "SHA256");
    part.lines().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

#[test]
fn s09_11_starttls_with_a_matching_key() {
    scenario(ZONE, |server, _| {
        let inside = Sink::listen("10.9.0.5:2525");
        server.main_cf(&format!(
            "{MAIN_CF}smtpd_tls_key_file = $certificates/server.key\nsmtpd_tls_CAfile = $certificates/ca.pem\n"
        ));
        server.start();
        for (number, certificate) in [None, Some("client"), Some("stranger")].into_iter().enumerate() {
            let mut client = Client::ready("127.0.0.1", server.port);
            client.starttls_as(certificate);
            let reply = client.mail("a@good.test", "user@listed.test", "Subject: x\n\nbody\n");
            assert!(reply.starts_with("250 2.0.0"), "{reply}");
            client.quit();
            let text = inside.wait_for(number + 1)[number].text();
            let tls13 = "\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)\n\t key-exchange X25519 server-signature \
                         RSA-PSS (2048 bits) server-digest SHA256";
            let signed = "\n\t client-signature RSA-PSS (2048 bits) client-digest SHA256)";
            let expected = match certificate {
                None => format!("{tls13})\n\t(Client did not present a certificate)"),
                Some("client") => {
                    format!("{tls13}{signed}\n\t(Client CN \"client.test\", Issuer \"Test CA\" (verified OK))")
                }
                Some(_) => {
                    format!("{tls13}{signed}\n\t(Client CN \"stranger.test\", Issuer \"stranger.test\" (not verified))")
                }
            };
            assert_eq!(tls_part(&text), expected);
            assert!(text.contains("\tby my-reverse-dns.domain.tld (") && text.contains(") with ESMTPS id "), "{text}");
        }
        for word in ["Anonymous", "Trusted", "Untrusted"] {
            server
                .logged(&[&format!("{word} TLS connection established from unknown[127.0.0.1]: TLSv1.3 with cipher ")]);
        }
    });
}

/// Nothing is kept where main.cf says, below the queue directory: Postfix keeps it in the data directory, Waxwing in
/// tickets that clients bring back.
#[test]
fn s09_11_sessions_are_taken_up_again() {
    scenario(ZONE, |server, _| {
        server.main_cf(&format!(
            "{MAIN_CF}smtpd_tls_key_file = $certificates/server.key\nsmtpd_tls_CAfile = $certificates/ca.pem\n"
        ));
        server.start();
        let session = server.directory.join("session");
        let handshake = |option: &str| {
            // Tickets come after the handshake.
            let script = format!(
                "(sleep 1; printf 'QUIT\\r\\n') | openssl s_client -starttls smtp -connect 127.0.0.1:{} {option} {}",
                server.port,
                session.display()
            );
            let output = Command::new("sh").args(["-c", &script]).output().expect("sh runs");
            String::from_utf8_lossy(&output.stdout).into_owned()
        };
        let first = handshake("-sess_out");
        assert!(first.contains("New, TLSv1.3"), "{first}");
        let second = handshake("-sess_in");
        assert!(second.contains("Reused, TLSv1.3"), "{second}");
        let kept = std::fs::read_dir(server.queue_directory()).expect("a queue").filter_map(Result::ok);
        let kept: Vec<_> =
            kept.map(|file| file.file_name()).filter(|name| name.to_string_lossy().contains("scache")).collect();
        assert!(kept.is_empty(), "{kept:?}");
    });
}

#[test]
fn s09_11_the_misspelt_key() {
    scenario(ZONE, |server, _| {
        let inside = Sink::listen("10.9.0.5:2525");
        server.main_cf(&format!("{MAIN_CF}smtpd_tls_key_file = /etc/postfix/myssql.key\n"));
        server.start();
        let mut client = Client::ready("127.0.0.1", server.port);
        assert!(client.command("EHLO client.test").contains("250-STARTTLS"));
        assert_eq!(client.command("STARTTLS"), "454 4.7.0 TLS not available due to local problem");
        let reply = client.mail("a@good.test", "user@listed.test", "Subject: x\n\nbody\n");
        assert!(reply.starts_with("250 2.0.0"), "plain mail goes on: {reply}");
        let text = inside.wait_for(1)[0].text();
        assert!(text.contains(") with ESMTP id "), "{text}");
        server.logged(&[
            "warning: cannot get RSA private key from file \"/etc/postfix/myssql.key\": disabling TLS support",
        ]);
    });
}

/// openssl(1) and swaks as clients that nobody here wrote.
#[test]
fn s09_11_other_clients() {
    if !waxwing_tests::needs::present("s09_11_other_clients", &[Need::Swaks]) {
        return;
    }
    scenario(ZONE, |server, _| {
        let inside = Sink::listen("10.9.0.5:2525");
        server.main_cf(&format!("{MAIN_CF}smtpd_tls_key_file = $certificates/server.key\n"));
        server.start();
        let to = format!("127.0.0.1:{}", server.port);
        let run = |script: &str| {
            let output = std::process::Command::new("bash").arg("-c").arg(script).output().expect("bash runs");
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
        };
        let authority = waxwing_tests::tls::certificates().join("ca.pem");
        for (option, version) in [("-tls1_3", "TLSv1.3"), ("-tls1_2", "TLSv1.2")] {
            let said = run(&format!(
                "(sleep 1; printf 'QUIT\\n') | openssl s_client -starttls smtp -connect {to} {option} -CAfile {} \
                 -verify_return_error -verify_hostname mx.test -crlf -ign_eof",
                authority.display()
            ));
            assert!(said.contains(version) && said.contains("Verify return code: 0 (ok)"), "{said}");
            assert!(said.contains("221 2.0.0 Bye"), "{said}");
        }
        let said = run(&format!("swaks --server {to} --tls --from a@good.test --to user@listed.test"));
        assert!(said.contains("TLS started") && said.contains("<~  250 2.0.0 Ok: queued as"), "{said}");
        inside.wait_for(1);
    });
}
