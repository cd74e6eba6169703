//! smtpd behind a proxy that says who the client is (smtpd_upstream_proxy_protocol), and smtpd_command_filter.

use std::net::{Ipv4Addr, Ipv6Addr};

use waxwing_tests::{
    client::{CLOSED, Client},
    dns::Dns,
    namespace,
    needs::Need,
    server::{Kind, Server},
};

use crate::scenario;

const PORT: u16 = 2588;
const WRAPPED: u16 = 2589;

fn behind_a_proxy(server: &mut Server) {
    server.main_cf(
        "smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination\nsmtpd_client_port_logging = yes\n\
         smtpd_tls_cert_file = $certificates/server.pem\nsmtpd_tls_key_file = $certificates/server.key\n",
    );
    let haproxy = "  -o smtpd_upstream_proxy_protocol=haproxy\n  -o smtpd_upstream_proxy_timeout=2s\n";
    server.master = format!(
        "{PORT} inet n - n - - smtpd\n{haproxy}{WRAPPED} inet n - n - - smtpd\n{haproxy}  -o smtpd_tls_wrappermode=yes\n"
    );
    server.start();
}

fn sent(port: u16, header: &[u8]) -> Client {
    let mut client = Client::connect(port).expect("it listens");
    client.send(header);
    client
}

/// The second version of the header: command, family, and the rest.
fn second(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n".to_vec();
    header.extend_from_slice(&[0x20 | command, family]);
    header.extend_from_slice(&(rest.len() as u16).to_be_bytes());
    header.extend_from_slice(rest);
    header
}

fn four() -> Vec<u8> {
    let addresses = [Ipv4Addr::new(198, 51, 100, 9), Ipv4Addr::new(192, 0, 2, 1)].map(|a| a.octets()).concat();
    [addresses, vec![0x12, 0x67, 0, 25]].concat()
}

fn six() -> Vec<u8> {
    let address = |text: &str| text.parse::<Ipv6Addr>().expect("literal").octets();
    [address("2001:db8::9"), address("2001:db8::1")].concat().into_iter().chain([0x12, 0x68, 0, 25]).collect()
}

#[test]
fn clients_are_who_the_proxy_says() {
    scenario("", |server, _| {
        behind_a_proxy(server);
        let own = server.log().len();
        for (header, label) in [
            (b"PROXY TCP4 198.51.100.9 192.0.2.1 4701 25\r\n".to_vec(), "unknown[198.51.100.9]:4701"),
            (b"PROXY TCP6 2001:db8::9 2001:db8::1 4702 25\r\n".to_vec(), "unknown[2001:db8::9]:4702"),
            (b"PROXY TCP4 198.51.100.9 192.0.2.1 4703 25 more\n".to_vec(), "unknown[198.51.100.9]:4703"),
            (second(1, 0x11, &four()), "unknown[198.51.100.9]:4711"),
            (second(1, 0x21, &six()), "unknown[2001:db8::9]:4712"),
            (second(1, 0x11, &[four(), b"\x03\x00\x04abcd".to_vec()].concat()), "unknown[198.51.100.9]:4711"),
        ] {
            let mut client = sent(PORT, &header);
            assert_eq!(client.reply(), "220 mx.test ESMTP", "{label}");
            assert!(client.command("EHLO client.test").starts_with("250-mx.test"));
            assert_eq!(client.command("MAIL FROM:<a@good.test>"), "250 2.1.0 Ok");
            // The proxy is in mynetworks, and the client is not.
            let reply = client.command("RCPT TO:<b@elsewhere.test>");
            assert_eq!(reply, "554 5.7.1 <b@elsewhere.test>: Relay access denied", "{label}");
            client.quit();
            server.logged(&[&format!("connect from {label}")]);
            server.logged(&[&format!("NOQUEUE: reject: RCPT from {label}: 554 5.7.1 ")]);
        }
        // A proxy that speaks for itself.
        for header in [second(0, 0, b""), second(0, 0x11, &four())] {
            let mut client = sent(PORT, &header);
            assert_eq!(client.reply(), "220 mx.test ESMTP");
            client.command("EHLO client.test");
            assert_eq!(client.command("MAIL FROM:<a@good.test>"), "250 2.1.0 Ok");
            assert_eq!(client.command("RCPT TO:<b@elsewhere.test>"), "250 2.1.5 Ok");
            client.quit();
        }
        assert!(server.log()[own..].contains("disconnect from unknown[127.0.0.1]:"), "{}", server.log_end());
    });
}

#[test]
fn what_is_no_header_ends_the_session() {
    scenario("", |server, _| {
        behind_a_proxy(server);
        let cases: Vec<(Vec<u8>, &str)> = vec![
            (b"EHLO client.test\r\n".to_vec(), "unrecognized protocol header: EHLO client.test\\r\\n"),
            (b"PROXY UNKNOWN\r\n".to_vec(), "bad or missing protocol type: PROXY UNKNOWN\\r\\n"),
            (b"PROXY TCP4 198.51.100.999 192.0.2.1 1 25\r\n".to_vec(), "bad or missing client address: PROXY TCP4 "),
            (b"PROXY TCP4 2001:db8::9 192.0.2.1 1 25\r\n".to_vec(), "bad or missing client address: PROXY TCP4 2001"),
            (b"PROXY TCP4 198.51.100.9 192.0.2.x 1 25\r\n".to_vec(), "bad or missing server address: PROXY TCP4 "),
            (b"PROXY TCP4 198.51.100.9 192.0.2.1 99999 25\r\n".to_vec(), "bad or missing client port: PROXY TCP4 "),
            (b"PROXY TCP4 198.51.100.9 192.0.2.1\r\n".to_vec(), "bad or missing client port: PROXY TCP4 198.51.100.9"),
            (b"PROXY TCP4 198.51.100.9 192.0.2.1 1 x\r\n".to_vec(), "bad or missing server port: PROXY TCP4 "),
            (second(1, 0x12, &four()), "unsupported network protocol: \\r\\n\\r\\n\\000\\r\\nQUIT\\n!\\022"),
            (second(5, 0x11, &four()), "bad command in proxy header: \\r\\n\\r\\n\\000\\r\\nQUIT\\n%"),
            (second(1, 0x11, &four()[..8]), "short address field: \\r\\n\\r\\n\\000\\r\\nQUIT\\n!"),
            (b"\r\n\r\n\0\r\nQUIT\n\x11\x11\0\0".to_vec(), "unrecognized protocol version: \\r\\n\\r\\n\\000"),
            (Vec::new(), "timeout error"),
        ];
        for (header, warning) in cases {
            let mut client = sent(PORT, &header);
            assert_eq!(client.reply(), "421 4.3.0 mx.test Server local error", "{warning}");
            assert_eq!(client.reply(), CLOSED, "{warning}");
            server.logged(&[&format!("warning: haproxy read: {warning}")]);
        }
        server.logged(&["/smtpd[", "connect from unknown[127.0.0.1]:"]);
    });
}

#[test]
fn tls_begins_behind_the_header() {
    scenario("", |server, _| {
        behind_a_proxy(server);
        let mut client = sent(WRAPPED, b"PROXY TCP4 198.51.100.9 192.0.2.1 4720 25\r\n");
        client.handshake(None, false).expect("a handshake");
        assert_eq!(client.reply(), "220 mx.test ESMTP");
        client.quit();
        server.logged(&["disconnect from unknown[198.51.100.9]:4720 quit=1 commands=1"]);
    });
}

const FILTER: &str = "/^(RCPT TO:<.*>) NOTIFY=.*/ $1\n/^DELE$/ NOOP\n/^(EHLO .*)xx$/ $1\n/^subject: / QUIT\n";

#[test]
fn commands_are_replaced() {
    scenario("", |server, _| {
        server.table("filter", FILTER);
        server.main_cf("smtpd_command_filter = regexp:$config_directory/filter\n");
        server.start();
        let mut client = Client::connect(server.port).expect("it listens");
        assert_eq!(client.reply(), "220 mx.test ESMTP");
        assert!(client.command("EHLO client.testxx").starts_with("250-mx.test"));
        assert_eq!(client.command("  DELE"), "250 2.0.0 Ok");
        assert_eq!(client.command("MAIL FROM:<a@good.test>"), "250 2.1.0 Ok");
        // NEVER may not stand with others.
        assert_eq!(client.command("RCPT TO:<b@mx.test> NOTIFY=NEVER,DELAY"), "250 2.1.5 Ok");
        assert!(client.command("DATA").starts_with("354"));
        let reply = client.content("Subject: x\nsubject: y\n\nbody\n");
        assert!(reply.starts_with("250 2.0.0 Ok: queued as "), "content is no command: {reply}");
        client.quit();
        for line in [
            "unknown[127.0.0.1]: replacing command \"EHLO client.testxx\" with \"EHLO client.test\"",
            "unknown[127.0.0.1]: replacing command \"  DELE\" with \"NOOP\"",
            "replacing command \"RCPT TO:<b@mx.test> NOTIFY=NEVER,DELAY\" with \"RCPT TO:<b@mx.test>\"",
            "disconnect from unknown[127.0.0.1] ehlo=1 mail=1 rcpt=1 data=1 noop=1 quit=1 commands=6",
        ] {
            server.logged(&[line]);
        }
    });
}

/// Postfix's own table client tries for minutes; what counts here is that nothing passes unfiltered.
#[test]
fn without_its_table_no_command_passes() {
    namespace::inside(&[Need::Waxwing], |place| {
        let _dns = Dns::serve("");
        let mut server = Server::new(place, Kind::Waxwing);
        server.main_cf("smtpd_command_filter = tcp:127.0.0.1:9\n");
        server.start();
        let mut client = Client::connect(server.port).expect("it listens");
        assert_eq!(client.reply(), "220 mx.test ESMTP");
        assert_eq!(client.command("EHLO client.test"), "421 4.3.0 mx.test Server local error");
        assert_eq!(client.reply(), CLOSED);
        server.logged(&["warning: unknown[127.0.0.1]: tcp:127.0.0.1:9: "]);
        server.stop();
    });
}

#[test]
fn the_busiest_client_is_logged() {
    scenario("", |server, _| {
        server.main_cf("anvil_status_update_time = 2s\nsmtpd_client_connection_rate_limit = 100\n");
        server.start();
        // The test itself connects twice to see whether the server is there.
        for _ in 0..4 {
            Client::ready("198.51.100.9", server.port).quit();
        }
        let port = server.port;
        let rate = format!("statistics: max connection rate 4/60s for ({port}:198.51.100.9) at ");
        server.logged(&["postfix/anvil[", &rate]);
        // A session may still be counted when the next one begins.
        server.logged(&["statistics: max connection count ", &format!(" for ({port}:198.51.100.9) at ")]);
        server.logged(&["statistics: max cache size "]);
    });
}
