use std::{io, path::Path, time::SystemTime};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

/// The certificates that the end-to-end tests use, too (tests/certificates).
fn read(path: &Path) -> io::Result<Vec<u8>> {
    std::fs::read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/certificates")).join(path))
}

fn common(certificate: &str, key: &str) -> Common {
    Common {
        protocols: ">=TLSv1".into(),
        grade: "medium".into(),
        digest: "sha256".into(),
        authorities: Authorities { file: "ca.pem".into(), ..Authorities::default() },
        chains: ChainFiles { certificate: certificate.into(), key: key.into(), ..ChainFiles::default() },
        ..Common::default()
    }
}

fn server(common: Common) -> Server {
    let settings = ServerSettings { common, ask: true, verify_depth: 9, own_order: false };
    Server::new(&settings, &read).expect("good settings")
}

async fn shake(server: &Server, client: &Client, handshake: &Handshake<'_>) -> Result<(Peer, Peer), HandshakeError> {
    let (near, far) = tokio::io::duplex(16 * 1024);
    let (mut near, mut far) = (Stream::Plain(near), Stream::Plain(far));
    let limit = std::time::Duration::from_secs(5);
    let now = SystemTime::now();
    let both = tokio::join!(server.accept(&mut near, limit, now), client.connect(&mut far, handshake, now));
    let peers = (both.0?, both.1?);
    far.write_all(b"EHLO x\r\n").await?;
    far.flush().await?;
    let mut line = [0; 8];
    near.read_exact(&mut line).await?;
    assert_eq!(&line, b"EHLO x\r\n");
    Ok(peers)
}

fn handshake<'a>(protocols: &'a str, server_name: &'a str) -> Handshake<'a> {
    Handshake {
        protocols,
        grade: "medium",
        server_name,
        limit: std::time::Duration::from_secs(5),
        ..Handshake::default()
    }
}

#[tokio::test]
async fn both_sides_know_whom_they_talk_to() {
    let server = server(common("server.pem", "server.key"));
    let client = Client::new(&common("client.pem", "client.key"), 9, &read).expect("good settings");
    let (of_client, of_server) = shake(&server, &client, &handshake(">=TLSv1", "mx.test")).await.expect("TLS");
    assert_eq!(
        (of_client.protocol, of_client.cipher.as_str(), of_client.used_bits),
        ("TLSv1.3", "TLS_AES_256_GCM_SHA384", 256)
    );
    assert_eq!(of_client.key_exchange, "X25519");
    assert_eq!(of_client.sni.as_deref(), Some("mx.test"));
    assert!(of_client.server_signature.starts_with("RSA-PSS (2048 bits) server-digest SHA"), "{of_client:?}");
    assert!(of_client.client_signature.starts_with("RSA-PSS (2048 bits) client-digest SHA"), "{of_client:?}");
    assert_eq!(of_server.server_signature, of_client.server_signature);
    let certificate = of_client.certificate.expect("the client has one");
    assert!(certificate.trusted);
    assert_eq!((certificate.subject.as_str(), certificate.issuer.as_str()), ("client.test", "Test CA"));
    let certificate = of_server.certificate.expect("the server has one");
    assert!(certificate.trusted);
    assert_eq!(certificate.names, ["mx.test", "inside.test", "*.wild.test"]);
}

#[tokio::test]
async fn strangers_are_not_trusted() {
    let server = server(common("server.pem", "server.key"));
    let client = Client::new(&common("stranger.pem", "stranger.key"), 9, &read).expect("good settings");
    let (of_client, of_server) = shake(&server, &client, &handshake("TLSv1.2", "")).await.expect("TLS");
    assert_eq!((of_client.protocol, of_client.cipher.as_str()), ("TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384"));
    assert_eq!((of_client.key_exchange.as_str(), of_client.server_signature.as_str(), of_client.sni), ("", "", None));
    assert!(!of_client.certificate.expect("the client has one").trusted);
    assert!(of_server.certificate.expect("the server has one").trusted);
    let nobody = Client::new(&Common { chains: ChainFiles::default(), ..common("", "") }, 9, &read).expect("no key");
    let (of_client, _) = shake(&server, &nobody, &handshake(">=TLSv1", "")).await.expect("TLS");
    assert_eq!((of_client.certificate, of_client.requested), (None, true));
}

#[tokio::test]
async fn nothing_in_common_is_an_error() {
    let mut only12 = common("server.pem", "server.key");
    only12.protocols = "TLSv1.2".into();
    let client = Client::new(&common("", ""), 9, &read).expect("good settings");
    let failed = shake(&server(only12), &client, &handshake("TLSv1.3", "")).await;
    assert!(matches!(failed, Err(HandshakeError::Library(_))), "{failed:?}");
    let mut grade = common("server.pem", "server.key");
    grade.grade = "medium, high".into();
    let failed = shake(&server(grade), &client, &handshake(">=TLSv1", "")).await;
    assert!(
        matches!(&failed, Err(HandshakeError::Settings(texts)) if texts == &["invalid cipher grade: \"medium, high\""]),
        "{failed:?}"
    );
}

#[test]
fn files_that_are_wrong() {
    let settings = |common| ServerSettings { common, ask: false, verify_depth: 9, own_order: false };
    let why = |common| Server::new(&settings(common), &read).map(drop).expect_err("bad settings").0.remove(0);
    assert_eq!(
        why(common("server.pem", "missing.key")),
        "cannot get RSA private key from file \"missing.key\": disabling TLS support"
    );
    assert_eq!(
        why(common("server.pem", "client.key")),
        "cannot get RSA private key from file \"client.key\": disabling TLS support"
    );
    assert_eq!(
        why(common("x.pem", "server.key")),
        "cannot get RSA certificate from file \"x.pem\": disabling TLS support"
    );
    let mut authority = common("server.pem", "server.key");
    authority.authorities.file = "x.pem".into();
    assert_eq!(why(authority), "cannot load Certification Authority data, CAfile=\"x.pem\": disabling TLS support");
    let mut protocols = common("server.pem", "server.key");
    protocols.protocols = "SSLv9".into();
    assert_eq!(why(protocols), "Invalid TLS protocol list \"SSLv9\": disabling TLS support");
    let mut chain = common("", "");
    chain.chains = ChainFiles { chain_files: vec!["server.pem".into()], ..ChainFiles::default() };
    assert_eq!(why(chain), "error loading certificate chain: server.pem: key not first");
}

#[test]
fn protocol_lists() {
    let of = |list| Protocols::parse(list).map(|p| (p.tls12, p.tls13));
    for (list, expected) in [
        (">=TLSv1", Some((true, true))),
        ("", Some((true, true))),
        ("!SSLv2, !SSLv3", Some((true, true))),
        ("!TLSv1.3", Some((true, false))),
        ("SSLv3, TLSv1", Some((false, false))),
        (">=TLSv1.3", Some((false, true))),
        (">=TLSv1.2, <=TLSv1.2", Some((true, false))),
        (">=0x0304", Some((false, true))),
        ("tlsv1.2:TLSv1.3", Some((true, true))),
        ("SSLv9", None),
        (">=SSLv9", None),
    ] {
        assert_eq!(of(list), expected, "{list}");
    }
}

#[test]
fn names_in_certificates() {
    for (name, wanted, multiple, expected) in [
        ("mx.test", "MX.test", true, true),
        ("mx.test", "x.mx.test", true, false),
        ("*.wild.test", "a.wild.test", false, true),
        ("*.wild.test", "a.b.wild.test", false, false),
        ("*.wild.test", "a.b.wild.test", true, true),
        ("*.wild.test", "wild.test", true, false),
        ("a.wild.test", ".wild.test", true, true),
        ("wild.test", ".wild.test", true, false),
        ("awild.test", ".wild.test", true, false),
        ("", "x", true, false),
    ] {
        assert_eq!(name_matches(name, wanted, multiple), expected, "{name} {wanted} {multiple}");
    }
}

#[test]
fn fingerprints_and_exclusions() {
    assert_eq!(
        Digest::named("MD5").map(|d| d.fingerprint(b"")),
        Some("D4:1D:8C:D9:8F:00:B2:04:E9:80:09:98:EC:F8:42:7E".into())
    );
    assert_eq!(Digest::named("nonsense"), None);
    let all = rustls::crypto::aws_lc_rs::ALL_CIPHER_SUITES;
    assert!(all.iter().all(|suite| ciphers::describe(suite.suite()).is_some()), "a suite without a name");
    assert_eq!(ciphers::without(all, "aNULL, RC4").len(), all.len());
    assert_eq!(ciphers::without(all, "CHACHA20").len(), all.len() - 2);
    assert_eq!(ciphers::without(all, "aRSA+AES128, ECDHE-ECDSA-CHACHA20-POLY1305").len(), all.len() - 2);
}
