use super::*;
use std::sync::Mutex;
use tokio::io::AsyncReadExt;

fn entry(service: &str) -> MasterEntry {
    let text = format!("{service} inet n - n - - smtpd\n");
    let config = config::Config::from_texts("myhostname = mx.test\n", &text, "", &[]).expect("a good master.cf");
    config.master()[0].clone()
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_string).collect()
}

#[test]
fn addresses_of_an_entry() {
    let of = |service: &str, interfaces: &str, protocols: &str| {
        addresses(&entry(service), &words(interfaces), &words(protocols)).map_err(|e| e.to_string())
    };
    assert_eq!(of("2525", "127.0.0.1", "ipv4"), Ok(vec!["127.0.0.1:2525".parse().expect("literal")]));
    assert_eq!(of("127.0.0.2:smtp", "all", "all"), Ok(vec!["127.0.0.2:25".parse().expect("literal")]));
    assert_eq!(of("25", "all", "ipv4"), Ok(vec!["0.0.0.0:25".parse().expect("literal")]));
    let wrong = of("nosuchport", "all", "all").expect_err("an unknown port");
    assert!(wrong.contains("line 1") && wrong.contains("nosuchport"), "{wrong}");
    let none = of("127.0.0.1:25", "all", "ipv6").expect_err("no IPv6 address");
    assert!(none.contains("inet_protocols"), "{none}");
}

/// A service that counts who came and keeps the connection (and its place) open.
fn keeping(mark: u8, seen: Arc<Mutex<Vec<(u8, bool)>>>) -> Arc<Serve> {
    Arc::new(move |accepted: Accepted, place| {
        seen.lock().expect("no panic under the lock").push((mark, accepted.stress));
        tokio::spawn(async move {
            let mut stream = accepted.stream;
            let _ = stream.read(&mut [0; 1]).await;
            drop(place);
        });
    })
}

async fn until(what: &str, mut done: impl FnMut() -> bool) {
    for _ in 0..500 {
        if done() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("waited 5 s for {what}");
}

#[tokio::test]
async fn reload_keeps_sockets_and_limits_hold() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = free.local_addr().expect("bound");
    drop(free);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let service = |mark, limit| InetService {
        name: "smtp".into(),
        addresses: vec![address],
        limit: Some(limit),
        serve: keeping(mark, seen.clone()),
    };
    let mut listeners = Listeners::new(Box::new(bind));
    listeners.apply(&[service(1, 2)]).expect("bound");
    let first = tokio::net::TcpStream::connect(address).await.expect("connected");
    let _second = tokio::net::TcpStream::connect(address).await.expect("connected");
    let _third = tokio::net::TcpStream::connect(address).await.expect("in the backlog");
    until("two sessions", || seen.lock().expect("lock").len() == 2).await;
    assert_eq!(*seen.lock().expect("lock"), [(1, false), (1, true)], "the last place is stress");
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(seen.lock().expect("lock").len(), 2, "the third waits for a place");
    drop(first);
    until("the third session", || seen.lock().expect("lock").len() == 3).await;
    listeners.apply(&[service(2, 50)]).expect("the socket stays");
    let _fourth = tokio::net::TcpStream::connect(address).await.expect("connected");
    until("a session of the new service", || seen.lock().expect("lock").last().is_some_and(|s| s.0 == 2)).await;
    listeners.apply(&[]).expect("nothing to bind");
    until("the closed port", || std::net::TcpStream::connect(address).is_err()).await;
}
