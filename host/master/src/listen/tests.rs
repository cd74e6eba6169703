use std::{os::unix::fs::PermissionsExt, path::Path, sync::Mutex};

use config::MasterEntry;
use tokio::io::AsyncReadExt;

use super::*;

fn entry(line: &str) -> MasterEntry {
    let config = config::Config::from_texts("myhostname = mx.test\n", &format!("{line}\n"), "", &[]);
    config.expect("a good master.cf").master()[0].clone()
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_string).collect()
}

fn of(line: &str, interfaces: &str, protocols: &str) -> Result<String, String> {
    let (inet_interfaces, inet_protocols) = (&words(interfaces)[..], &words(protocols)[..]);
    let settings = Settings { queue_directory: Path::new("/q"), inet_interfaces, inet_protocols };
    let found = endpoints(&entry(line), &settings).map_err(|e| e.to_string())?;
    Ok(found.iter().map(Endpoint::to_string).collect::<Vec<_>>().join(" "))
}

#[test]
fn addresses_of_an_inet_entry() {
    let inet = |service: &str, interfaces: &str, protocols: &str| {
        of(&format!("{service} inet n - n - - smtpd"), interfaces, protocols)
    };
    assert_eq!(inet("2525", "127.0.0.1", "ipv4").as_deref(), Ok("127.0.0.1:2525"));
    assert_eq!(inet("127.0.0.2:smtp", "all", "all").as_deref(), Ok("127.0.0.2:25"));
    assert_eq!(inet("25", "all", "ipv4").as_deref(), Ok("0.0.0.0:25"));
    assert_eq!(inet("25", "192.0.2.1 198.51.100.1", "ipv4").as_deref(), Ok("192.0.2.1:25 198.51.100.1:25"));
    let wrong = inet("nosuchport", "all", "all").expect_err("an unknown port");
    assert!(wrong.contains("line 1") && wrong.contains("nosuchport"), "{wrong}");
    let none = inet("127.0.0.1:25", "all", "ipv6").expect_err("no IPv6 address");
    assert!(none.contains("inet_protocols"), "{none}");
}

#[test]
fn path_of_a_unix_entry() {
    let unix = |line: &str| of(line, "all", "all");
    assert_eq!(unix("submit unix - - n - - smtpd").as_deref(), Ok("/q/private/submit"));
    assert_eq!(unix("submit unix y - n - - smtpd").as_deref(), Ok("/q/private/submit"));
    assert_eq!(unix("submit unix n - n - - smtpd").as_deref(), Ok("/q/public/submit"));
    let odd = unix("submit pass - - n - - smtpd").expect_err("no socket of its own");
    assert!(odd.contains("pass"), "{odd}");
}

/// A service that counts who came and keeps the connection (and its place) open.
fn keeping(mark: u8, seen: Arc<Mutex<Vec<(u8, bool)>>>) -> Arc<Serve> {
    Arc::new(move |accepted: Accepted, place| {
        seen.lock().expect("no panic under the lock").push((mark, accepted.stress));
        tokio::spawn(async move {
            // Until the client has gone.
            let _ = match accepted.connection {
                Connection::Inet { mut stream, .. } => stream.read(&mut [0; 1]).await,
                Connection::Unix(mut stream) => stream.read(&mut [0; 1]).await,
            };
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

type Seen = Arc<Mutex<Vec<(u8, bool)>>>;

fn count(seen: &Seen) -> usize {
    seen.lock().expect("no panic under the lock").len()
}

fn service(seen: &Seen, mark: u8, limit: u32, endpoints: &[Endpoint]) -> SocketService {
    let (endpoints, serve) = (endpoints.to_vec(), keeping(mark, seen.clone()));
    SocketService { name: "smtp".into(), endpoints, limit: Some(limit), serve }
}

fn free_port() -> SocketAddr {
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    free.local_addr().expect("bound")
}

fn listeners() -> Listeners {
    Listeners::new(Box::new(bind), Arc::new(|text| panic!("a warning: {text}")))
}

#[tokio::test]
async fn reload_keeps_sockets_and_limits_hold() {
    let address = free_port();
    let endpoint = [Endpoint::Inet(address)];
    let seen = Seen::default();
    let mut listeners = listeners();
    listeners.apply(&[service(&seen, 1, 2, &endpoint)]).expect("bound");
    let connect = || tokio::net::TcpStream::connect(address);
    let first = connect().await.expect("connected");
    let _second = connect().await.expect("connected");
    let third = connect().await.expect("in the backlog");
    until("two sessions", || count(&seen) == 2).await;
    assert_eq!(*seen.lock().expect("lock"), [(1, false), (1, true)], "the last place is stress");
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(count(&seen), 2, "the third waits for a place");
    drop(first);
    until("the third session", || count(&seen) == 3).await;
    listeners.apply(&[service(&seen, 2, 2, &endpoint)]).expect("the socket stays");
    let _fourth = connect().await.expect("connected");
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(count(&seen), 3, "sessions from before the reload count");
    listeners.apply(&[service(&seen, 3, 50, &endpoint)]).expect("the socket stays");
    until("a session of the new service", || seen.lock().expect("lock").last().is_some_and(|s| s.0 == 3)).await;
    drop(third);
    listeners.apply(&[]).expect("nothing to bind");
    until("the closed port", || std::net::TcpStream::connect(address).is_err()).await;
}

#[tokio::test]
async fn addresses_share_the_places_of_their_entry() {
    let (one, other) = (free_port(), free_port());
    let seen = Seen::default();
    let mut listeners = listeners();
    listeners.apply(&[service(&seen, 1, 1, &[Endpoint::Inet(one), Endpoint::Inet(other)])]).expect("bound");
    for address in [one, other, one] {
        let before = count(&seen);
        let client = tokio::net::TcpStream::connect(address).await.expect("connected");
        until("a session at each address", || count(&seen) == before + 1).await;
        drop(client);
    }
}

#[tokio::test]
async fn the_limit_of_a_public_service_is_told_once() {
    let address: SocketAddr = SocketAddr::from(([0, 0, 0, 0], free_port().port()));
    let seen = Seen::default();
    let told = Arc::new(Mutex::new(Vec::new()));
    let to = told.clone();
    let mut listeners =
        Listeners::new(Box::new(bind), Arc::new(move |text| to.lock().expect("lock").push(text.to_string())));
    listeners.apply(&[service(&seen, 1, 2, &[Endpoint::Inet(address)])]).expect("bound");
    let mut clients = Vec::new();
    for number in 1..=2 {
        clients.push(tokio::net::TcpStream::connect(("127.0.0.1", address.port())).await.expect("connected"));
        until("a session", || count(&seen) == number).await;
    }
    let said = told.lock().expect("lock").clone();
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(
        said[0].starts_with("service \"smtp\" (smtp) has reached its process limit \"2\": new clients"),
        "{said:?}"
    );
}

#[tokio::test]
async fn unix_sockets_come_go_and_come_again() {
    let queue = tempfile::tempdir().expect("a temporary directory");
    std::fs::create_dir(queue.path().join("public")).expect("public");
    let (private, public) = (queue.path().join("private/in"), queue.path().join("public/in"));
    let both = [Endpoint::Unix(private.clone()), Endpoint::Unix(public.clone())];
    let seen = Seen::default();
    let mode = |path: &Path| std::fs::metadata(path).expect("it exists").permissions().mode() & 0o777;
    for round in 1..=2 {
        let mut listeners = listeners();
        // The second time over what the first left.
        listeners.apply(&[service(&seen, round, 10, &both)]).expect("bound");
        assert_eq!((mode(&queue.path().join("private")), mode(&private)), (0o700, 0o666));
        assert_eq!(mode(&public), 0o660, "its directory keeps nobody out");
        let before = count(&seen);
        let _private = tokio::net::UnixStream::connect(&private).await.expect("connected");
        let _public = tokio::net::UnixStream::connect(&public).await.expect("connected");
        until("two sessions", || count(&seen) == before + 2).await;
        listeners.apply(&[]).expect("nothing to bind");
        until("nobody listens", || std::os::unix::net::UnixStream::connect(&private).is_err()).await;
        assert!(private.exists(), "the file stays, as in Postfix");
    }
}
