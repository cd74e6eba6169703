//! S10: virtual mailboxes with submission on 587, as far as TLS and AUTH decide. Mail is discarded in the end.

use std::fs;

use waxwing_tests::{
    client::Client,
    dns::Dns,
    dovecot::Dovecot,
    namespace,
    needs::Need,
    server::{self, Server},
};

const NEEDS: &[Need] = &[Need::Postfix, Need::Waxwing, Need::Dovecot];
const ZONE: &str = "
example.com           A     10.9.0.1
example.com           MX    10 example.com
remote.test           A     10.9.0.2
";
const SUBMISSION: u16 = 2587;

const MAIN_CF: &str = "\
compatibility_level = 2
myhostname = smtp.example.com
smtpd_tls_cert_file=$certificates/server.pem
smtpd_tls_key_file=$certificates/server.key
smtpd_use_tls=yes
smtpd_tls_auth_only = yes
smtpd_tls_session_cache_database = btree:${data_directory}/smtpd_scache
smtpd_sender_login_maps = hash:$config_directory/controlled_envelope_senders
smtpd_recipient_restrictions = reject_invalid_hostname, reject_unknown_recipient_domain, reject_unauth_destination, permit
smtpd_relay_restrictions = permit_mynetworks permit_sasl_authenticated defer_unauth_destination
mydestination = $myhostname, localhost
virtual_mailbox_domains = example.com
virtual_mailbox_maps = hash:$config_directory/vmailbox
mynetworks = 127.0.0.0/8
recipient_delimiter = +
";

/// The submission service of the printed master.cf.
const MASTER_CF: &str = "2587 inet n - n - - smtpd
  -o syslog_name=postfix/submission
  -o smtpd_tls_security_level=encrypt
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_sasl_type=dovecot
  -o smtpd_sasl_path=private/auth
  -o smtpd_sasl_security_options=noanonymous
  -o smtpd_sasl_local_domain=$myhostname
  -o smtpd_client_restrictions=permit_sasl_authenticated,reject
#  -o milter_macro_daemon_name=ORIGINATING
  -o smtpd_sender_restrictions=reject_sender_login_mismatch
  -o smtpd_recipient_restrictions=reject_non_fqdn_recipient,reject_unknown_recipient_domain,permit_sasl_authenticated,reject
  -o smtpd_helo_restrictions=
";

const USERS: &[&str] = &["foo@example.com:secret", "yrt127@example.com:secret"];

fn submission<F: Fn(&mut Server)>(test: F) {
    namespace::inside_named(namespace::test_name::<F>(), NEEDS, |place| {
        let _dns = Dns::serve(ZONE);
        server::both(place, |server| {
            server.table("vmailbox", "@example.com OK\n");
            server.table(
                "controlled_envelope_senders",
                "@example.com yrt127@example.com\nfoo@example.com foo@example.com\n",
            );
            server.main_cf(MAIN_CF);
            server.master = MASTER_CF.to_string();
            let private = server.queue_directory().join("private");
            fs::create_dir_all(&private).expect("a directory");
            server.give("spool/private");
            let _dovecot = Dovecot::serve(place, USERS, Some(&private.join("auth")));
            server.start();
            test(server);
        });
    });
}

fn plain(user: &str, password: &str) -> String {
    let text = format!("\0{user}\0{password}");
    let output = std::process::Command::new("/usr/bin/python3")
        .args(["-c", "import base64,sys; print(base64.b64encode(sys.argv[1].replace('|',chr(0)).encode()).decode())"])
        .arg(text.replace('\0', "|"))
        .output()
        .expect("python3 runs");
    format!("AUTH PLAIN {}", String::from_utf8_lossy(&output.stdout).trim())
}

#[test]
fn s10_4_no_auth_and_no_relaying_on_port_25() {
    submission(|server| {
        let mut client = Client::ready("198.51.100.9", server.port);
        let ehlo = client.command("EHLO client.test");
        assert!(ehlo.contains("250-STARTTLS") && !ehlo.contains("AUTH"), "{ehlo}");
        assert_eq!(client.command(&plain("foo@example.com", "secret")), "503 5.5.1 Error: authentication not enabled");
        for from in ["198.51.100.9", "127.0.0.1"] {
            let mut client = Client::ready(from, server.port);
            client.command("MAIL FROM:<a@example.com>");
            let reply = client.command("RCPT TO:<other@remote.test>");
            assert_eq!(reply, "554 5.7.1 <other@remote.test>: Relay access denied", "from {from}");
            assert_eq!(client.command("RCPT TO:<any@example.com>"), "250 2.1.5 Ok", "from {from}");
        }
    });
}

#[test]
fn s10_6_submission_wants_tls_and_then_a_login() {
    submission(|server| {
        let mut client = Client::ready("198.51.100.9", SUBMISSION);
        let ehlo = client.command("EHLO client.test");
        assert!(ehlo.contains("250-STARTTLS") && !ehlo.contains("AUTH"), "{ehlo}");
        assert_eq!(client.command("MAIL FROM:<foo@example.com>"), "530 5.7.0 Must issue a STARTTLS command first");
        let ehlo = client.starttls();
        assert!(ehlo.contains("250-AUTH PLAIN LOGIN CRAM-MD5\n") && !ehlo.contains("STARTTLS"), "{ehlo}");
        assert_eq!(client.command("MAIL FROM:<foo@example.com>"), "250 2.1.0 Ok");
        let reply = client.command("RCPT TO:<other@remote.test>");
        assert_eq!(reply, "554 5.7.1 <unknown[198.51.100.9]>: Client host rejected: Access denied");
        client.quit();
        server.logged(&["postfix/submission/smtpd[", "disconnect from unknown[198.51.100.9]", "starttls=1"]);
    });
}

#[test]
fn s10_7_senders_belong_to_logins() {
    submission(|server| {
        let session = |user: &str| {
            let mut client = Client::ready("198.51.100.9", SUBMISSION);
            client.starttls();
            assert_eq!(client.command(&plain(user, "secret")), "235 2.7.0 Authentication successful");
            client
        };
        let not_owned = |sender: &str, user: &str| {
            format!("553 5.7.1 <{sender}>: Sender address rejected: not owned by user {user}")
        };
        let (foo, yrt) = ("foo@example.com", "yrt127@example.com");
        for (user, sender, expected) in [
            (foo, foo, "250 2.1.5 Ok".to_string()),
            (foo, "bar@example.com", not_owned("bar@example.com", foo)),
            (yrt, "bar@example.com", "250 2.1.5 Ok".to_string()),
            (yrt, foo, not_owned(foo, yrt)),
        ] {
            let mut client = session(user);
            client.command(&format!("MAIL FROM:<{sender}>"));
            assert_eq!(client.command("RCPT TO:<other@remote.test>"), expected, "{user} as {sender}");
        }
        let mut client = session(foo);
        let reply = client.mail(foo, "other@remote.test", "Subject: x\n\nbody\n");
        assert!(reply.starts_with("250 2.0.0 Ok"), "{reply}");
        server.logged(&["client=unknown[198.51.100.9], sasl_method=PLAIN, sasl_username=foo@example.com"]);
        let mut client = Client::ready("198.51.100.9", SUBMISSION);
        client.starttls();
        let reply = client.command(&plain(foo, "wrong"));
        assert_eq!(reply, "535 5.7.8 Error: authentication failed: (reason unavailable)");
        server.logged(&[
            "warning: unknown[198.51.100.9]: SASL PLAIN authentication failed: (reason unavailable), sasl_username=foo@example.com",
        ]);
    });
}

#[test]
fn s10_without_dovecot_there_is_no_submission() {
    namespace::inside(NEEDS, |place| {
        let _dns = Dns::serve(ZONE);
        server::both(place, |server| {
            server.table("vmailbox", "@example.com OK\n");
            server.table("controlled_envelope_senders", "foo@example.com foo@example.com\n");
            server.main_cf(MAIN_CF);
            // Without TLS first, so that AUTH is wanted from the beginning.
            server.master = MASTER_CF.replace("security_level=encrypt", "auth_only=no");
            server.start();
            let mut client = Client::connect_from("198.51.100.9", SUBMISSION).expect("the server listens");
            assert_eq!(client.reply(), waxwing_tests::client::CLOSED);
            server.logged(&[
                "warning: SASL: Connect to Dovecot auth socket 'private/auth' failed: No such file or directory",
            ]);
            server.logged(&["submission/smtpd[", "fatal: no SASL authentication mechanisms"]);
            let mut mx = Client::ready("198.51.100.9", server.port);
            assert!(mx.command("NOOP").starts_with("250"), "port 25 needs no Dovecot");
        });
    });
}
