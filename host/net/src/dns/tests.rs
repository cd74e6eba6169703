use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use hickory_resolver::proto::{
    op::{Message, MessageType},
    rr::rdata,
};
use tokio::net::UdpSocket;

use super::*;

/// A name server on 127.0.0.1 that answers by a function; None: says nothing.
async fn server(answer: impl Fn(&str, Wire, &mut Message) -> bool + Send + 'static) -> (SocketAddr, Arc<AtomicUsize>) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
    let address = socket.local_addr().expect("bound");
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    tokio::spawn(async move {
        let mut packet = [0; 1500];
        while let Ok((len, from)) = socket.recv_from(&mut packet).await {
            count.fetch_add(1, Ordering::Relaxed);
            let mut message = Message::from_vec(&packet[..len]).expect("a query");
            let (name, kind) = (shown(message.queries[0].name()), message.queries[0].query_type());
            message.metadata.message_type = MessageType::Response;
            if answer(&name, kind, &mut message) {
                socket.send_to(&message.to_vec().expect("a reply"), from).await.expect("sent");
            }
        }
    });
    (address, asked)
}

fn resolver(server: SocketAddr, cache_size: u64) -> Resolver {
    let settings = Settings {
        nameservers: vec![server],
        timeout: Some(Duration::from_millis(200)),
        attempts: Some(1),
        cache_size,
        resolv_conf: "/nonexistent".into(),
    };
    Resolver::new(&settings).expect("a resolver")
}

fn mx(message: &mut Message, preference: u16, host: &str) {
    let owner = message.queries[0].name().clone();
    let host = Name::from_ascii(host).expect("a name");
    message.add_answer(Record::from_rdata(owner, 60, RData::MX(rdata::MX::new(preference, host))));
}

#[tokio::test]
async fn failures_are_told_apart() {
    let (address, _) = server(|name, _, message| {
        message.metadata.response_code = match name {
            "gone.example" => ResponseCode::NXDomain,
            "broken.example" => ResponseCode::ServFail,
            "refused.example" => ResponseCode::Refused,
            "silent.example" => return false,
            "null.example" => {
                mx(message, 0, ".");
                ResponseCode::NoError
            }
            _ => ResponseCode::NoError,
        };
        true
    })
    .await;
    let resolver = resolver(address, 0);
    let prefix = "Host or domain name not found. Name service error for name=";
    let cases = [
        ("gone.example", DnsReason::NoSuchDomain, "Host not found"),
        ("empty.example", DnsReason::NoData, "Host found but no data record of requested type"),
        ("broken.example", DnsReason::ServerFailure, "Host not found, try again"),
        ("refused.example", DnsReason::Refused, "Non-recoverable error"),
        ("silent.example", DnsReason::Timeout, "Host not found, try again"),
    ];
    for (name, reason, text) in cases {
        let failure = resolver.lookup(name, RecordType::Mx).await.expect_err(name);
        assert_eq!((failure.reason, failure.text), (reason, format!("{prefix}{name} type=MX: {text}")));
    }
    let null = resolver.lookup("null.example", RecordType::Mx).await.expect_err("null MX");
    assert_eq!(
        (null.reason, null.text.as_str()),
        (DnsReason::NullMx, "Domain null.example does not accept mail (nullMX)")
    );
    for name in ["", "a b.example", "x..example", &"y".repeat(64)] {
        let failure = resolver.lookup(name, RecordType::Mx).await.expect_err(name);
        assert_eq!(failure.reason, DnsReason::Malformed, "{name}");
    }
}

#[tokio::test]
async fn mx_sorted_limited_and_cname_followed() {
    let (address, _) = server(|name, _, message| {
        match name {
            "alias.example" => {
                let (owner, target) =
                    (message.queries[0].name().clone(), Name::from_ascii("Many.example.").expect("a name"));
                let cname = RData::CNAME(rdata::CNAME(target.clone()));
                message.add_answer(Record::from_rdata(owner, 60, cname));
                let exchange = Name::from_ascii("mx.example.").expect("a name");
                message.add_answer(Record::from_rdata(target, 60, RData::MX(rdata::MX::new(5, exchange))));
            }
            _ => (0..30).for_each(|n| mx(message, 30 - n, &format!("m{n}.example."))),
        }
        true
    })
    .await;
    let resolver = resolver(address, 0);
    let answer = resolver.lookup("alias.example", RecordType::Mx).await.expect("an answer");
    let expected = ResourceRecord { name: "many.example".into(), ttl: 60, preference: 5, data: "mx.example".into() };
    assert_eq!(answer.records, [expected]);
    let answer = resolver.lookup("big.example.", RecordType::Mx).await.expect("an answer");
    let preferences: Vec<_> = answer.records.iter().map(|record| record.preference).collect();
    assert_eq!(preferences, (1..=30).collect::<Vec<u16>>());
}

#[tokio::test]
async fn cache_is_asked_first_unless_off() {
    let one = |_: &str, _: Wire, message: &mut Message| {
        mx(message, 1, "mx.example.");
        true
    };
    for (cache_size, queries) in [(64, 1), (0, 3)] {
        let (address, asked) = server(one).await;
        let resolver = resolver(address, cache_size);
        for _ in 0..3 {
            resolver.lookup("a.example", RecordType::Mx).await.expect("an answer");
        }
        assert_eq!(asked.load(Ordering::Relaxed), queries, "cache of {cache_size}");
    }
}

#[test]
fn resolv_conf_counts() {
    let file = std::env::temp_dir().join(format!("waxwing-resolv-{}", std::process::id()));
    let text = "search example.org\nnameserver 192.0.2.53\nnameserver ::1\noptions timeout:2 attempts:4\n";
    std::fs::write(&file, text).expect("written");
    let settings = Settings { resolv_conf: file.clone(), ..Settings::default() };
    let (servers, options) = system_servers(&settings).expect("parsed");
    let addresses: Vec<_> = servers.iter().map(|server| server.ip.to_string()).collect();
    assert_eq!(addresses, ["192.0.2.53", "::1"]);
    assert_eq!((options.timeout.as_secs(), options.attempts), (2, 4));
    std::fs::remove_file(&file).expect("removed");
    let (servers, _) = system_servers(&settings).expect("the default");
    assert_eq!(servers[0].ip.to_string(), "127.0.0.1");
}

#[test]
fn reverse_names() {
    assert_eq!(reverse_name([192, 0, 2, 1].into()), "1.2.0.192.in-addr.arpa");
    assert!(reverse_name("2001:db8::1".parse().expect("an address")).ends_with("8.b.d.0.1.0.0.2.ip6.arpa"));
}
