//! smtpd_upstream_proxy_protocol = haproxy: what a proxy in front says of the client, before the client's first byte. Versions 1
//! and 2 of the PROXY protocol (haproxy.org/download/1.8/doc/proxy-protocol.txt).

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use tokio::io::{AsyncRead, AsyncReadExt};

use crate::chat::escaped;

/// Longest header of either version, in bytes.
const LONGEST: usize = 536;

/// The twelve bytes that begin version 2; no command of SMTP does.
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";

/// Who the client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Upstream {
    Client {
        client: SocketAddr,
        server: SocketAddr,
    },
    /// The proxy speaks for itself, as when it looks whether we live.
    Itself,
}

/// Reads the header and not a byte more: TLS may begin behind it. The error is for the log.
pub(crate) async fn read<S: AsyncRead + Unpin>(stream: &mut S, limit: Duration) -> Result<Upstream, String> {
    let mut header = Vec::with_capacity(128);
    match tokio::time::timeout(limit, receive(stream, &mut header)).await {
        Err(_) => Err("haproxy read: timeout error".into()),
        Ok(Err(_)) if header.is_empty() => Err("haproxy read: EOF".into()),
        Ok(_) => parse(&header).map_err(|why| format!("haproxy read: {why}: {}", escaped(&header, LONGEST))),
    }
}

/// What there is of a header; an error only means that no more will come.
async fn receive<S: AsyncRead + Unpin>(stream: &mut S, header: &mut Vec<u8>) -> std::io::Result<()> {
    header.push(stream.read_u8().await?);
    match header[0] {
        b'P' => {
            while header.len() < LONGEST && !header.ends_with(b"\n") {
                header.push(stream.read_u8().await?);
            }
        }
        b'\r' => {
            more(stream, header, 15).await?;
            if header.starts_with(SIGNATURE) {
                let length = usize::from(u16::from_be_bytes([header[14], header[15]]));
                more(stream, header, length.min(LONGEST - 16)).await?;
            }
        }
        // No header. The rest, as far as it is there, is for the log.
        _ => {
            let mut rest = [0; LONGEST - 1];
            let count = stream.read(&mut rest).await?;
            header.extend_from_slice(&rest[..count]);
        }
    }
    Ok(())
}

/// So many bytes more; if the client ends before, those that came.
async fn more<S: AsyncRead + Unpin>(stream: &mut S, header: &mut Vec<u8>, count: usize) -> std::io::Result<()> {
    stream.take(count as u64).read_to_end(header).await.map(drop)
}

fn parse(header: &[u8]) -> Result<Upstream, &'static str> {
    if header.starts_with(SIGNATURE) { version_2(header) } else { version_1(header) }
}

/// `PROXY TCP4 client server client-port server-port`
fn version_1(header: &[u8]) -> Result<Upstream, &'static str> {
    let Ok(text) = std::str::from_utf8(header) else { return Err("unrecognized protocol header") };
    if !(text.starts_with("PROXY ") || "PROXY ".starts_with(text)) {
        return Err("unrecognized protocol header");
    }
    let Some(line) = text.strip_suffix('\n') else { return Err("missing protocol header terminator") };
    let mut words = line.split([' ', '\r']).filter(|word| !word.is_empty()).skip(1);
    let v6 = match words.next() {
        Some("TCP4") => false,
        Some("TCP6") => true,
        _ => return Err("bad or missing protocol type"),
    };
    let mut address = |missing| {
        let address = words.next().and_then(|word| word.parse::<IpAddr>().ok()).filter(|a| a.is_ipv6() == v6);
        address.ok_or(missing)
    };
    let client = address("bad or missing client address")?;
    let server = address("bad or missing server address")?;
    let mut port = |missing| {
        let digits = words.next().filter(|word| word.bytes().all(|b| b.is_ascii_digit()));
        digits.and_then(|word| word.parse::<u16>().ok()).ok_or(missing)
    };
    let client_port = port("bad or missing client port")?;
    let server_port = port("bad or missing server port")?;
    Ok(upstream(client, server, client_port, server_port))
}

fn version_2(header: &[u8]) -> Result<Upstream, &'static str> {
    let Some((start, addresses)) = header.split_at_checked(16) else { return Err("short version 2 protocol header") };
    if start[12] & 0xf0 != 0x20 {
        return Err("unrecognized protocol version");
    }
    let length = usize::from(u16::from_be_bytes([start[14], start[15]]));
    let Some(addresses) = addresses.get(..length) else { return Err("short version 2 protocol header") };
    match (start[12] & 0x0f, start[13]) {
        (0, _) => Ok(Upstream::Itself),
        // TCP over IPv4, and over IPv6. What follows the addresses is of no concern here.
        (1, 0x11) => addresses_of::<4>(addresses, |bytes| Ipv4Addr::from(bytes).into()),
        (1, 0x21) => addresses_of::<16>(addresses, |bytes| Ipv6Addr::from(bytes).into()),
        (1, _) => Err("unsupported network protocol"),
        _ => Err("bad command in proxy header"),
    }
}

fn addresses_of<const N: usize>(bytes: &[u8], ip: fn([u8; N]) -> IpAddr) -> Result<Upstream, &'static str> {
    const SHORT: &str = "short address field";
    let (client, rest) = bytes.split_first_chunk::<N>().ok_or(SHORT)?;
    let (server, rest) = rest.split_first_chunk::<N>().ok_or(SHORT)?;
    let (client_port, rest) = rest.split_first_chunk::<2>().ok_or(SHORT)?;
    let (server_port, _) = rest.split_first_chunk::<2>().ok_or(SHORT)?;
    Ok(upstream(ip(*client), ip(*server), u16::from_be_bytes(*client_port), u16::from_be_bytes(*server_port)))
}

/// IPv4-mapped IPv6 addresses count as IPv4.
fn upstream(client: IpAddr, server: IpAddr, client_port: u16, server_port: u16) -> Upstream {
    Upstream::Client {
        client: SocketAddr::new(client.to_canonical(), client_port),
        server: SocketAddr::new(server.to_canonical(), server_port),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn of(bytes: &[u8]) -> (Result<Upstream, String>, Vec<u8>) {
        let mut stream = bytes;
        let found = read(&mut stream, Duration::from_secs(1)).await;
        (found, stream.to_vec())
    }

    #[tokio::test]
    async fn nothing_behind_the_header_is_taken() {
        let client = "198.51.100.9:4711".parse().expect("literal");
        let server = "192.0.2.1:25".parse().expect("literal");
        let expected = Upstream::Client { client, server };
        let (found, rest) = of(b"PROXY TCP4 198.51.100.9 192.0.2.1 4711 25\r\n\x16\x03\x01").await;
        assert_eq!((found, &rest[..]), (Ok(expected), &b"\x16\x03\x01"[..]));
        let mut second = SIGNATURE.to_vec();
        second.extend_from_slice(&[0x21, 0x11, 0, 14, 198, 51, 100, 9, 192, 0, 2, 1, 0x12, 0x67, 0, 25, 3, 0]);
        second.extend_from_slice(b"\x16\x03");
        let (found, rest) = of(&second).await;
        assert_eq!((found, &rest[..]), (Ok(expected), &b"\x16\x03"[..]));
    }

    #[tokio::test]
    async fn a_silent_proxy_is_not_waited_for() {
        let (mut here, _there) = tokio::io::duplex(64);
        let found = read(&mut here, Duration::from_millis(20)).await;
        assert_eq!(found, Err("haproxy read: timeout error".to_string()));
        assert_eq!(of(b"").await.0, Err("haproxy read: EOF".to_string()));
        let cut = of(b"\r\n\r\n\0").await.0.expect_err("a cut signature");
        assert!(cut.starts_with("haproxy read: unrecognized protocol header: "), "{cut}");
    }
}
