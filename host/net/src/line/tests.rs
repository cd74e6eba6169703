use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

use super::*;

fn patience() -> Deadline {
    Deadline::per_read(Duration::from_secs(10))
}

async fn lines_of(input: &[u8], limit: usize) -> Vec<(String, LineEnd)> {
    let (near, mut far) = duplex(64);
    let input = input.to_vec();
    let sender = tokio::spawn(async move {
        far.write_all(&input).await.expect("the reader is there");
    });
    let mut connection = Connection::new(near);
    let (mut line, mut lines) = (Vec::new(), Vec::new());
    loop {
        match connection.read_line(limit, &mut patience(), &mut line).await {
            Ok(end) => lines.push((String::from_utf8_lossy(&line).into_owned(), end)),
            Err(ConnectionError::Eof) => break,
            Err(error) => panic!("{error}"),
        }
    }
    sender.await.expect("sent");
    lines
}

#[tokio::test]
async fn tells_line_ends_apart() {
    let lines = lines_of(b"EHLO x\r\nNOOP\n\r\nA\rB\r\r\npart", 100).await;
    let expected = [("EHLO x", LineEnd::CrLf), ("NOOP", LineEnd::Lf), ("", LineEnd::CrLf), ("A\rB\r", LineEnd::CrLf)];
    assert_eq!(lines, expected.map(|(text, end)| (text.to_string(), end)));
}

#[tokio::test]
async fn limit_is_exact_and_the_rest_is_drained() {
    let mut input = b"12345\r\n12345\n123456\r\n12345\r\r\n".to_vec();
    input.extend(std::iter::repeat_n(b'x', 300_000));
    input.extend(b"\r\nQUIT\r\n");
    let ends: Vec<_> = lines_of(&input, 5).await;
    let text = |n: usize| ends[n].0.as_str();
    assert_eq!((text(0), ends[0].1), ("12345", LineEnd::CrLf));
    assert_eq!((text(1), ends[1].1), ("12345", LineEnd::Lf));
    assert_eq!((text(2), ends[2].1), ("12345", LineEnd::TooLong));
    assert_eq!((text(3), ends[3].1), ("12345", LineEnd::TooLong));
    assert_eq!((text(4), ends[4].1), ("xxxxx", LineEnd::TooLong));
    assert_eq!((text(5), ends[5].1), ("QUIT", LineEnd::CrLf));
}

#[tokio::test]
async fn pipelined_input_is_visible_and_replies_go_out_together() {
    let (near, mut far) = duplex(4096);
    far.write_all(b"RSET\r\nNOOP\r\n").await.expect("written");
    let mut connection = Connection::new(near);
    let mut line = Vec::new();
    connection.read_line(100, &mut patience(), &mut line).await.expect("a line");
    assert_eq!((line.as_slice(), connection.buffered()), (&b"RSET"[..], &b"NOOP\r\n"[..]));
    connection.write(b"250 1\r\n");
    connection.read_line(100, &mut patience(), &mut line).await.expect("a line");
    connection.write(b"250 2\r\n");
    let mut seen = [0; 100];
    let early = tokio::time::timeout(Duration::from_millis(20), far.read(&mut seen)).await;
    assert!(early.is_err(), "output left before a flush or a read that waits");
    let waiting = tokio::spawn(async move {
        let mut line = Vec::new();
        connection.read_line(100, &mut patience(), &mut line).await.is_err()
    });
    let count = far.read(&mut seen).await.expect("replies");
    assert_eq!(String::from_utf8_lossy(&seen[..count]), "250 1\r\n250 2\r\n");
    drop(far);
    assert!(waiting.await.expect("ended"), "end of input is an error");
}

#[tokio::test(start_paused = true)]
async fn a_dribbling_peer_meets_the_request_deadline() {
    let (near, mut far) = duplex(64);
    let dribble = tokio::spawn(async move {
        for _ in 0..20 {
            tokio::time::sleep(Duration::from_secs(6)).await;
            if far.write_all(b"x").await.is_err() {
                return;
            }
        }
        let _ = far.write_all(b"\r\n").await;
    });
    let mut connection = Connection::new(near);
    let (mut line, begin) = (Vec::new(), tokio::time::Instant::now());
    let mut deadline = Deadline::per_request(Duration::from_secs(10), 0);
    let outcome = connection.read_line(100, &mut deadline, &mut line).await;
    assert!(matches!(outcome, Err(ConnectionError::Timeout)), "{outcome:?}");
    assert_eq!(begin.elapsed().as_secs(), 10);
    deadline = Deadline::per_read(Duration::from_secs(10));
    let outcome = connection.read_line(100, &mut deadline, &mut line).await;
    assert!(matches!(outcome, Ok(LineEnd::CrLf)), "a limit for each read lets it through: {outcome:?}");
    dribble.await.expect("ended");
}

#[tokio::test(start_paused = true)]
async fn data_rate_prolongs_a_request_but_not_without_end() {
    let (near, mut far) = duplex(4096);
    let steady = tokio::spawn(async move {
        while far.write_all(&[b'x'; 1000]).await.is_ok() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
    let mut connection = Connection::new(near);
    let mut deadline = Deadline::per_request(Duration::from_secs(10), 500);
    for _ in 0..30 {
        let count = connection.fill(&mut deadline).await.expect("1000 bytes a second are enough").len();
        connection.consume(count);
    }
    let mut slow = Deadline::per_request(Duration::from_secs(10), 100_000);
    let mut outcome = Ok(0);
    for _ in 0..30 {
        outcome = connection.fill(&mut slow).await.map(<[u8]>::len);
        match outcome {
            Ok(count) => connection.consume(count),
            Err(_) => break,
        }
    }
    assert!(matches!(outcome, Err(ConnectionError::Timeout)), "{outcome:?}");
    drop(connection);
    steady.await.expect("ended");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_nothing_times_out() {
    let (near, _far) = duplex(64);
    let mut connection = Connection::new(near);
    let outcome = connection.send(&[b'x'; 100_000], &mut patience()).await;
    assert!(matches!(outcome, Err(ConnectionError::Timeout)), "{outcome:?}");
}

#[tokio::test]
async fn large_input_arrives_whole_and_the_buffer_stays_bounded() {
    let (near, mut far) = duplex(256 * 1024);
    let sent: Vec<u8> = (0..1_000_000u32).flat_map(|n| n.to_le_bytes()).collect();
    let copy = sent.clone();
    let sender = tokio::spawn(async move { far.write_all(&copy).await });
    let mut connection = Connection::new(near);
    let mut got = Vec::new();
    while let Ok(piece) = connection.fill(&mut patience()).await {
        let count = piece.len().min(5000);
        got.extend_from_slice(&piece[..count]);
        connection.consume(count);
        assert!(connection.input.len() <= 2 * LARGEST_SIZE, "{}", connection.input.len());
    }
    sender.await.expect("ended").expect("sent");
    assert!(got == sent, "content differs");
}

#[tokio::test]
async fn an_endless_line_is_an_error() {
    let (near, mut far) = duplex(4096);
    let flood = tokio::spawn(async move { while far.write_all(&[b'x'; 4096]).await.is_ok() {} });
    let mut connection = Connection::new(near);
    let mut line = Vec::new();
    let outcome = connection.read_line(100, &mut patience(), &mut line).await;
    assert!(matches!(outcome, Err(ConnectionError::Io(_))), "{outcome:?}");
    assert!(line.len() <= 101, "{} bytes were kept", line.len());
    drop(connection);
    flood.await.expect("ended");
}
