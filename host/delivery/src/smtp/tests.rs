mod connections;
mod dialogue;
mod hostile;
mod routing;
mod secure;
mod sink;

use std::net::SocketAddr;

use hook::Outcome;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use super::*;
use crate::testing::{self, FakeTables, Zone};

const MESSAGE: &[u8] = b"Subject: hi\r\n\r\n.dot\r\nlast\r\n";
const EHLO: &str = "250-mx.test\r\n250-PIPELINING\r\n250-SIZE 100000\r\n250-8BITMIME\r\n250-DSN\r\n250 SMTPUTF8\r\n";
const PLAIN_EHLO: &str = "250 mx.test\r\n";

/// What a scripted server does next.
#[derive(Clone)]
enum Act {
    Say(String),
    /// Reads one line, which must begin so.
    Expect(&'static str),
    /// Reads up to and including CR LF . CR LF.
    Content,
    /// Reads nothing more, says nothing more, and stays.
    Hang,
    /// Leaves with a reset.
    Reset,
    /// Says it again and again until nobody listens.
    Flood(&'static str),
    /// Closes; the next connection goes on with the rest.
    Close,
}

use Act::*;

fn say(text: &str) -> Act {
    Say(text.to_string())
}

/// A server for as many connections as the script has; returns all lines it read.
async fn server(script: Vec<Act>) -> (SocketAddr, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    let task = tokio::spawn(async move {
        let mut seen = Vec::new();
        for part in script.split(|act| matches!(act, Close)) {
            let (stream, _) = listener.accept().await.expect("a client");
            play(BufReader::new(stream), part, &mut seen).await;
        }
        seen
    });
    (address, task)
}

async fn play(mut stream: BufReader<TcpStream>, script: &[Act], seen: &mut Vec<String>) {
    for act in script {
        match act {
            Say(text) => drop(stream.write_all(text.as_bytes()).await),
            Expect(start) => {
                let mut line = String::new();
                stream.read_line(&mut line).await.expect("a line");
                assert!(line.starts_with(start), "expected {start:?}, got {line:?}");
                seen.push(line.trim_end().to_string());
            }
            Content => {
                let mut text = Vec::new();
                while !text.ends_with(b"\r\n.\r\n") && text != b".\r\n" {
                    let count = stream.read_until(b'\n', &mut text).await.expect("content");
                    assert!(count > 0, "the content ends early: {:?}", String::from_utf8_lossy(&text));
                }
                seen.push(String::from_utf8_lossy(&text).into_owned());
            }
            Hang => {
                tokio::time::sleep(std::time::Duration::from_secs(30)).await;
            }
            Reset => {
                let _ = socket2::SockRef::from(stream.get_ref()).set_linger(Some(std::time::Duration::ZERO));
                return;
            }
            Flood(text) => while stream.write_all(text.as_bytes()).await.is_ok() {},
            Close => unreachable!("split at these"),
        }
    }
    // A close with unread input would be a reset; the client's QUIT may be on its way.
    let _ = stream.shutdown().await;
    let mut rest = Vec::new();
    let _ = tokio::time::timeout(std::time::Duration::from_millis(500), stream.read_to_end(&mut rest)).await;
    seen.extend(String::from_utf8_lossy(&rest).lines().map(str::to_string));
}

/// Greeting and EHLO.
fn hello(ehlo: &str) -> Vec<Act> {
    vec![say("220 mx.test ESMTP\r\n"), Expect("EHLO me.test"), say(ehlo)]
}

/// Greeting to DATA, everything accepted, content read but not answered.
fn accepted(ehlo: &str) -> Vec<Act> {
    let mut script = hello(ehlo);
    script.extend([Expect("MAIL"), say("250 2.1.0 Ok\r\n"), Expect("RCPT"), say("250 2.1.5 Ok\r\n")]);
    script.extend([Expect("DATA"), say("354 go\r\n"), Content]);
    script
}

fn agent(main_cf: &str, zone: Zone, tables: FakeTables) -> Smtp {
    let limits = "smtp_connect_timeout = 2s\nsmtp_helo_timeout = 1s\nsmtp_mail_timeout = 1s\nsmtp_rcpt_timeout = 1s\n\
                  smtp_data_init_timeout = 1s\nsmtp_data_xfer_timeout = 1s\nsmtp_data_done_timeout = 1s\n\
                  smtp_randomize_addresses = no\n";
    let config = testing::config(&format!("{limits}{main_cf}"));
    let settings = Settings::from_config(&config).expect("good settings");
    let hosts = HostsFile::at("/nonexistent");
    let services = testing::services(zone, tables);
    let rules = Rules::from_config(&config, services.tables.clone(), &NoPlugins).expect("good rules");
    Smtp::new(settings, rules, services, hosts, testing::status_log(&config))
}

struct NoPlugins;

impl hook::Checkers for NoPlugins {
    fn checker(&self, name: &str) -> Result<Arc<dyn hook::Check>, String> {
        Err(format!("no plugin {name}"))
    }
}

fn plain_agent() -> Smtp {
    agent("", Zone::default(), FakeTables::default())
}

fn at(address: SocketAddr) -> String {
    format!("[{}]:{}", address.ip(), address.port())
}

/// Outcome, status and text, with the server's port written as PORT.
fn brief(statuses: &[RecipientStatus], address: SocketAddr) -> Vec<(Outcome, String, String)> {
    let one = |status: &RecipientStatus| {
        let text = status.text.replace(&address.port().to_string(), "PORT");
        (status.outcome, status.status.to_string(), text)
    };
    statuses.iter().map(one).collect()
}

async fn run(script: Vec<Act>, recipients: &[&str]) -> (Vec<RecipientStatus>, SocketAddr, Vec<String>) {
    let (address, server) = server(script).await;
    let agent = plain_agent();
    let statuses = agent.deliver(testing::request(&at(address), recipients, MESSAGE)).await;
    server_lines(statuses, address, server).await
}

async fn server_lines(
    statuses: Vec<RecipientStatus>,
    address: SocketAddr,
    server: JoinHandle<Vec<String>>,
) -> (Vec<RecipientStatus>, SocketAddr, Vec<String>) {
    let lines = if server.is_finished() || statuses.iter().all(|one| !one.text.contains("timed out")) {
        let ended = tokio::time::timeout(std::time::Duration::from_secs(10), server).await;
        ended.expect("the script comes to its end").expect("the script fits")
    } else {
        server.abort();
        Vec::new()
    };
    (statuses, address, lines)
}
