//! STARTTLS and AUTH of the other side: what is demanded, what is done without, and what is said when it fails.

use std::{collections::HashMap, io, path::Path, time::SystemTime};

use net::{
    Connection, Deadline,
    tls::{ChainFiles, Common, Server as TlsServer, ServerSettings, Stream},
};

use super::*;

const TLS_EHLO: &str = "250-mx.test\r\n250 STARTTLS\r\n";

/// The certificates that the end-to-end tests use, too (tests/certificates).
fn read(path: &Path) -> io::Result<Vec<u8>> {
    std::fs::read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/certificates")).join(path))
}

fn secure_agent(main_cf: &str, tables: &[(&'static str, &'static str, &'static str)]) -> Smtp {
    let tables: HashMap<_, _> = tables.iter().map(|(table, key, value)| ((*table, *key), *value)).collect();
    agent(main_cf, Zone::default(), FakeTables(tables)).with_tls(&read)
}

async fn outcome(agent: Smtp, script: Vec<Act>, attempts: u32) -> ((Outcome, String, String), Vec<String>) {
    let (address, server) = server(script).await;
    let mut request = testing::request(&at(address), &["r@dst.test"], MESSAGE);
    request.attempts = attempts;
    let statuses = agent.deliver(request).await;
    let (statuses, address, lines) = server_lines(statuses, address, server).await;
    (brief(&statuses, address).remove(0), lines)
}

fn deferred(status: &str, text: &str) -> (Outcome, String, String) {
    (Outcome::Deferred, status.into(), text.into())
}

fn delivered() -> (Outcome, String, String) {
    (Outcome::Delivered, "2.0.0".into(), "250 2.0.0 Ok".into())
}

/// A whole session in the clear after what was said before.
fn goes_through() -> Vec<Act> {
    let accepts = |verb, reply: &str| [Expect(verb), say(reply)];
    let mut script: Vec<Act> =
        [accepts("MAIL", "250 2.1.0 Ok\r\n"), accepts("RCPT", "250 2.1.5 Ok\r\n"), accepts("DATA", "354 go\r\n")]
            .concat();
    script.extend([Content, say("250 2.0.0 Ok\r\n"), Expect("QUIT")]);
    script
}

#[tokio::test]
async fn tls_that_is_demanded_and_not_to_be_had() {
    let demanding = || secure_agent("smtp_tls_security_level = encrypt\n", &[]);
    let mut script = hello(PLAIN_EHLO);
    script.push(Expect("QUIT"));
    let (found, _) = outcome(demanding(), script, 0).await;
    assert_eq!(found, deferred("4.7.4", "TLS is required, but was not offered by host 127.0.0.1[127.0.0.1]"));
    let mut script = hello(TLS_EHLO);
    script.extend([Expect("STARTTLS"), say("454 4.7.0 no\r\n"), Expect("QUIT")]);
    let (found, _) = outcome(demanding(), script, 0).await;
    let text = "TLS is required, but host 127.0.0.1[127.0.0.1] refused to start TLS: 454 4.7.0 no";
    assert_eq!(found, deferred("4.7.0", text));
    let mut script = hello(TLS_EHLO);
    script.push(Expect("QUIT"));
    let agent = secure_agent("smtp_tls_security_level = encrypt\nsmtp_tls_CAfile = missing.pem\n", &[]);
    let (found, _) = outcome(agent, script, 0).await;
    assert_eq!(found, deferred("4.7.5", "TLS is required, but our TLS engine is unavailable"));
}

#[tokio::test]
async fn optional_tls_gives_way_to_plain_text() {
    let mut refused = hello(TLS_EHLO);
    refused.extend([Expect("STARTTLS"), say("454 4.7.0 no\r\n")]);
    refused.extend(goes_through());
    let (found, _) = outcome(secure_agent("smtp_tls_security_level = may\n", &[]), refused, 0).await;
    assert_eq!(found, delivered());
    // A handshake that fails: the first attempt waits, the next one goes in the clear.
    let broken = || {
        let mut script = hello(TLS_EHLO);
        script.extend([Expect("STARTTLS"), say("220 go\r\n"), say("no TLS at all\r\n")]);
        script
    };
    let (found, _) = outcome(secure_agent("smtp_tls_security_level = may\n", &[]), broken(), 0).await;
    assert_eq!(found, deferred("4.7.5", "Cannot start TLS: handshake failure"));
    let mut script = broken();
    script.push(Close);
    script.extend(hello(TLS_EHLO));
    script.extend(goes_through());
    let (found, _) = outcome(secure_agent("smtp_tls_security_level = may\n", &[]), script, 1).await;
    assert_eq!(found, delivered());
}

#[tokio::test]
async fn policies_by_destination() {
    let (address, server) = server(hello(PLAIN_EHLO)).await;
    let key: &'static str = Box::leak(at(address).into_boxed_str());
    for (value, status, text) in [
        ("encrypt", "4.7.4", "TLS is required, but was not offered by host 127.0.0.1[127.0.0.1]"),
        ("dane-only", "4.7.5", "client TLS configuration problem"),
        ("!", "4.7.5", "client TLS configuration problem"),
    ] {
        let agent = secure_agent("smtp_tls_policy_maps = hash:/p\n", &[("hash:/p", key, value)]);
        let statuses = agent.deliver(testing::request(key, &["r@dst.test"], MESSAGE)).await;
        assert_eq!(brief(&statuses, address), [deferred(status, text)], "{value}");
    }
    server.await.expect("the script fits");
}

/// A server under TLS that takes one message; says what it heard. With `login` it wants AUTH first.
async fn tls_server(login: Option<&'static str>) -> (SocketAddr, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    let common = Common {
        grade: "medium".into(),
        digest: "sha256".into(),
        chains: ChainFiles { certificate: "server.pem".into(), key: "server.key".into(), ..ChainFiles::default() },
        ..Common::default()
    };
    let settings = ServerSettings { common, ..ServerSettings::default() };
    let tls = TlsServer::new(&settings, &read).expect("good settings");
    let task = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a client");
        let mut connection = Connection::new(Stream::Plain(stream));
        let mut deadline = Deadline::per_read(std::time::Duration::from_secs(5));
        let (mut heard, mut line, mut content) = (Vec::new(), Vec::new(), false);
        connection.write(b"220 mx.test ESMTP\r\n");
        while connection.read_line(2048, &mut deadline, &mut line).await.is_ok() {
            let text = String::from_utf8_lossy(&line).into_owned();
            heard.push(text.clone());
            let word = text.split(' ').next().unwrap_or_default();
            let reply = match (content, word) {
                (true, ".") => "250 2.0.0 Ok",
                (true, _) => continue,
                (_, "EHLO") if heard.len() == 1 => "250-mx.test\r\n250 STARTTLS",
                (_, "EHLO") if login.is_some() => "250-mx.test\r\n250 AUTH LOGIN PLAIN",
                (_, "STARTTLS") => "220 go",
                (_, "AUTH") if login != text.strip_prefix("AUTH ") => "535 5.7.8 no",
                (_, "DATA") => "354 go",
                (_, "QUIT") => break,
                _ => "250 2.0.0 Ok",
            };
            content = word == "DATA" || (content && word != ".");
            connection.write(format!("{reply}\r\n").as_bytes());
            if word == "STARTTLS" {
                connection.flush(&mut deadline).await.expect("sent");
                let limit = std::time::Duration::from_secs(5);
                let peer = tls.accept(connection.stream_mut(), limit, SystemTime::now()).await.expect("a handshake");
                heard.push(format!("TLS for {:?}", peer.sni));
            }
        }
        heard
    });
    (address, task)
}

#[tokio::test]
async fn a_message_under_tls() {
    let trusting = "smtp_tls_CAfile = ca.pem\nsmtp_tls_servername = mx.test\n";
    for (level, good) in [
        ("encrypt", true),
        ("verify match=mx.test", true),
        ("verify match=other.test", false),
        ("secure match=.wild.test", true),
        ("fingerprint match=00:11", false),
    ] {
        let (address, server) = tls_server(None).await;
        let key: &'static str = Box::leak(at(address).into_boxed_str());
        let agent = secure_agent(
            &format!("smtp_tls_policy_maps = hash:/p\n{trusting}"),
            &[("hash:/p", key, Box::leak(level.to_string().into_boxed_str()))],
        );
        let statuses = agent.deliver(testing::request(key, &["r@dst.test"], MESSAGE)).await;
        let expected = if good { delivered() } else { deferred("4.7.5", "Server certificate not verified") };
        assert_eq!(brief(&statuses, address), [expected], "{level}");
        let heard = server.await.expect("the server goes on");
        assert_eq!(heard[..3], ["EHLO me.test", "STARTTLS", "TLS for Some(\"mx.test\")"], "{level}");
        assert_eq!(heard[3], if good { "EHLO me.test" } else { "QUIT" }, "{level}: {heard:?}");
    }
}

#[tokio::test]
async fn a_login_under_tls() {
    let settings = "smtp_tls_security_level = encrypt\nsmtp_sasl_auth_enable = yes\nsmtp_sasl_password_maps = hash:/w\n\
                    smtp_sasl_tls_security_options = noanonymous\n";
    let host = "127.0.0.1";
    for (password, expected) in [
        ("joe:secret", delivered()),
        ("joe:wrong", deferred("4.7.8", "SASL authentication failed; server 127.0.0.1[127.0.0.1] said: 535 5.7.8 no")),
    ] {
        let (address, server) = tls_server(Some("PLAIN AGpvZQBzZWNyZXQ=")).await;
        let agent = secure_agent(settings, &[("hash:/w", host, password)]);
        let statuses = agent.deliver(testing::request(&at(address), &["r@dst.test"], MESSAGE)).await;
        assert_eq!(brief(&statuses, address), [expected], "{password}");
        server.await.expect("the server goes on");
    }
    // Without the option the password stays here.
    let (address, _server) = tls_server(Some("")).await;
    let agent = secure_agent(
        &settings.replace("smtp_sasl_tls_security_options = noanonymous\n", ""),
        &[("hash:/w", host, "joe:secret")],
    );
    let statuses = agent.deliver(testing::request(&at(address), &["r@dst.test"], MESSAGE)).await;
    let text = "SASL authentication failed: server 127.0.0.1[127.0.0.1] offered no compatible authentication mechanisms for \
                this type of connection security";
    assert_eq!(brief(&statuses, address), [deferred("4.7.0", text)]);
}
