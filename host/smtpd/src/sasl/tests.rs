use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::UnixListener,
};

use super::*;

struct Numbers;

impl hook::Randomness for Numbers {
    fn number(&self) -> u64 {
        7
    }
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

/// Dovecot's part of one connection: after its handshake each line of the client is answered with the next of these.
async fn dovecot(listener: &UnixListener, answers: &[&str]) -> Vec<String> {
    let (stream, _) = listener.accept().await.expect("a client");
    let mut stream = BufReader::new(stream);
    let greeting = "VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nMECH\tANONYMOUS\tanonymous\nMECH\tCRAM-MD5\tdictionary\tactive\nSPID\t1\nCUID\t1\nCOOKIE\tx\nDONE\n";
    stream.write_all(greeting.as_bytes()).await.expect("sent");
    let mut heard = Vec::new();
    for answer in [""; 2].iter().chain(answers) {
        let mut line = String::new();
        stream.read_line(&mut line).await.expect("a line");
        heard.push(line.trim_end().to_string());
        stream.write_all(answer.as_bytes()).await.expect("sent");
    }
    heard
}

fn question<'a>(initial: Option<&'a str>) -> Question<'a> {
    Question { mechanism: "PLAIN", service: "smtp", server: "192.0.2.1", client: "192.0.2.2", secured: true, initial }
}

#[tokio::test]
async fn words_pass_between_client_and_dovecot() {
    let directory = tempfile::tempdir().expect("a directory");
    let listener = UnixListener::bind(directory.path().join("auth")).expect("a socket");
    let server = dovecot::Dovecot::new("unix:auth", directory.path(), Arc::new(Numbers));
    let ask = async |answers: &'static [&'static str], initial| {
        let (heard, (exchange, answer)) =
            tokio::join!(dovecot(&listener, &answers[..1]), async { server.begin(&question(initial)).await });
        assert_eq!(heard[..2], ["VERSION\t1\t1", "CPID\t7"]);
        (heard[2].clone(), exchange, answer)
    };
    let (heard, _, answer) = ask(&["OK\t1\tuser=joe\n"], Some("AA==")).await;
    assert_eq!(heard, "AUTH\t1\tPLAIN\tservice=smtp\tnologin\tlip=192.0.2.1\trip=192.0.2.2\tsecured\tresp=AA==");
    assert_eq!(answer, Answer::Done(Some("joe".into())));
    let failed =
        |reason: &str, user: Option<&str>| Answer::Failed { reason: reason.into(), user: user.map(str::to_string) };
    for (line, expected) in [
        (&["FAIL\t1\tuser=joe\n"], failed("(reason unavailable)", Some("joe"))),
        (&["FAIL\t1\treason=No such user\n"], failed("No such user", None)),
        (&["FAIL\t1\tuser=joe\ttemp\n"], Answer::Temporary("Authentication backend error".into(), None)),
        (&["OK\t1\tuser=anonymous\tanonymous\n"], Answer::Done(None)),
        (&["OK\t9\tuser=other\nCONT\t1\tdGV4dA==\n"], Answer::Challenge("dGV4dA==".into())),
    ] {
        assert_eq!(ask(line, None).await.2, expected, "{line:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_away_is_temporary() {
    let directory = tempfile::tempdir().expect("a directory");
    let server = dovecot::Dovecot::new("private/auth", directory.path(), Arc::new(Numbers));
    let why = server.mechanisms().await.expect_err("nobody listens");
    assert_eq!(why, "SASL: Connect to Dovecot auth socket 'private/auth' failed: No such file or directory");
    let answer = server.begin(&question(None)).await.1;
    assert_eq!(answer, Answer::Temporary("Can't connect to authentication server".into(), Some(why)));
}

#[test]
fn security_options() {
    let options = |words: &[&str]| SecurityOptions::parse(&words.iter().map(|w| w.to_string()).collect::<Vec<_>>());
    let plain = Properties::PLAINTEXT;
    assert_eq!(
        options(&["noanonymous", "noplaintext"]).map(|o| (o.allow(plain), o.allow(Properties::ACTIVE))),
        Ok((false, true))
    );
    assert_eq!(options(&["mutual_auth"]).map(|o| o.allow(plain)), Ok(false));
    assert_eq!(options(&[]).map(|o| o.allow(Properties::ANONYMOUS)), Ok(true));
    assert_eq!(options(&["bogus"]), Err("bogus".to_string()));
    assert!(is_base64("AAz+/=") && !is_base64("a!") && !is_base64("a\tb"));
}
