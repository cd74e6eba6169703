//! smtpd_sasl_type = cyrus, without the Cyrus library: PLAIN and LOGIN with passwords that saslauthd(8) checks.
//!
//! The configuration is the library's, `smtpd.conf` in one of its directories; what it asks for beyond saslauthd is an error
//! at start.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    time::timeout,
};

use super::{Answer, Mechanism, Question, security_options::Properties};

const PATIENCE: Duration = Duration::from_secs(30);
const SOCKET: &str = "/var/run/saslauthd/mux";
/// Longer names and passwords are nobody's; the protocol has two bytes for a length.
const LONGEST: usize = 1024;

/// saslauthd as the configuration describes it.
#[derive(Debug)]
pub(crate) struct Saslauthd {
    socket: PathBuf,
    queue_directory: PathBuf,
    mechanisms: Vec<Mechanism>,
    /// smtpd_sasl_local_domain.
    realm: String,
    service: String,
}

/// What has been said in an exchange.
#[derive(Debug)]
pub(crate) enum Exchange {
    Plain,
    LoginName,
    LoginPassword(String),
}

impl Saslauthd {
    /// Reads `$smtpd_sasl_path.conf`. The error says what is wrong and with which file.
    pub fn new(
        name: &str,
        search: &str,
        directory: &Path,
        queue_directory: &Path,
        realm: &str,
    ) -> Result<Self, String> {
        let beside = directory.join("sasl");
        let defaults =
            [beside.as_path(), Path::new("/etc/postfix/sasl"), Path::new("/etc/sasl2"), Path::new("/usr/lib/sasl2")];
        let set: Vec<&Path> = search.split(':').filter(|part| !part.is_empty()).map(Path::new).collect();
        let directories: &[&Path] = if set.is_empty() { &defaults } else { &set };
        let files: Vec<PathBuf> = directories.iter().map(|directory| directory.join(format!("{name}.conf"))).collect();
        let Some((file, text)) = files.iter().find_map(|file| Some((file, fs::read_to_string(file).ok()?))) else {
            return Err(format!(
                "smtpd_sasl_type = cyrus: none of {} can be read; it must say pwcheck_method: saslauthd, the only method \
                 supported (or set smtpd_sasl_type = dovecot)",
                files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ")
            ));
        };
        Self::parse(&text, realm, queue_directory).map_err(|why| format!("{}: {why}", file.display()))
    }

    fn parse(text: &str, realm: &str, queue_directory: &Path) -> Result<Self, String> {
        let (mut method, mut socket, mut list) = (String::new(), SOCKET.to_string(), "PLAIN LOGIN".to_string());
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (name, value) = line.split_once(':').ok_or_else(|| format!("no colon in the line: {line}"))?;
            match (name.trim(), value.trim()) {
                ("pwcheck_method", value) => method = value.to_string(),
                ("saslauthd_path", value) => socket = value.to_string(),
                ("mech_list", value) => list = value.to_string(),
                // log_level, auxprop_plugin and the like do not matter to saslauthd.
                _ => {}
            }
        }
        if method != "saslauthd" {
            let found = if method.is_empty() { "auxprop, the default," } else { method.as_str() };
            return Err(format!(
                "pwcheck_method: {found} is not supported; say pwcheck_method: saslauthd, or set smtpd_sasl_type = dovecot"
            ));
        }
        let known = |name: &&str| matches!(*name, "PLAIN" | "LOGIN");
        let upper = list.to_ascii_uppercase();
        let mechanism = |name: &str| Mechanism { name: name.to_string(), properties: Properties::PLAINTEXT };
        let mechanisms: Vec<_> = upper.split_ascii_whitespace().filter(known).map(mechanism).collect();
        if mechanisms.is_empty() {
            return Err(format!("mech_list: {list} has neither PLAIN nor LOGIN, which saslauthd can check"));
        }
        let queue_directory = queue_directory.to_path_buf();
        Ok(Self {
            socket: socket.into(),
            queue_directory,
            mechanisms,
            realm: realm.to_string(),
            service: String::new(),
        })
    }

    /// smtpd_sasl_service.
    pub fn for_service(mut self, service: &str) -> Self {
        self.service = service.to_string();
        self
    }

    pub fn mechanisms(&self) -> Vec<Mechanism> {
        self.mechanisms.clone()
    }

    pub async fn begin(&self, question: &Question<'_>) -> (Option<Exchange>, Answer) {
        let mut exchange = match question.mechanism.eq_ignore_ascii_case("PLAIN") {
            true => Exchange::Plain,
            false => Exchange::LoginName,
        };
        let answer = match (&question.initial, &exchange) {
            (Some(initial), _) => self.next(&mut exchange, initial).await,
            (None, Exchange::Plain) => Answer::Challenge(String::new()),
            (None, _) => Answer::Challenge(STANDARD.encode("Username:")),
        };
        (Some(exchange), answer)
    }

    pub async fn next(&self, exchange: &mut Exchange, response: &str) -> Answer {
        let fail = |reason: &str| Answer::Failed { reason: reason.to_string(), user: None };
        let Ok(decoded) = STANDARD.decode(if response == "=" { "" } else { response }) else {
            return fail("bad protocol / cancel");
        };
        let Ok(text) = String::from_utf8(decoded) else { return fail("bad protocol / cancel") };
        match exchange {
            Exchange::LoginName => {
                *exchange = Exchange::LoginPassword(text);
                Answer::Challenge(STANDARD.encode("Password:"))
            }
            Exchange::LoginPassword(user) => self.check(&user.clone(), &text).await,
            // RFC 4616: authorization identity, authentication identity, password.
            Exchange::Plain => match text.split('\0').collect::<Vec<_>>()[..] {
                [other, user, password] if other.is_empty() || other == user => self.check(user, password).await,
                [_, _, _] => fail("no mechanism available"),
                _ => fail("bad protocol / cancel"),
            },
        }
    }

    async fn check(&self, user: &str, password: &str) -> Answer {
        let user = match user.contains('@') || self.realm.is_empty() {
            true => user.to_string(),
            false => format!("{user}@{}", self.realm),
        };
        let wrong = || Answer::Failed { reason: "authentication failure".into(), user: Some(user.clone()) };
        if user.is_empty() || user.len() > LONGEST || password.len() > LONGEST {
            return wrong();
        }
        match timeout(PATIENCE, self.ask(&user, password)).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        {
            Ok(true) => Answer::Done(Some(user)),
            Ok(false) => wrong(),
            Err(error) => {
                let warning = format!("SASL authentication failure: cannot connect to saslauthd server: {error}");
                Answer::Temporary("generic failure".into(), Some(warning))
            }
        }
    }

    /// Login, password, service and realm, each behind its length in two bytes; `OK` or `NO`, likewise.
    async fn ask(&self, user: &str, password: &str) -> io::Result<bool> {
        let (login, realm) = user.rsplit_once('@').unwrap_or((user, ""));
        let mut request = Vec::new();
        for part in [login, password, self.service.as_str(), realm] {
            request.extend_from_slice(&(part.len() as u16).to_be_bytes());
            request.extend_from_slice(part.as_bytes());
        }
        let mut stream = match UnixStream::connect(&self.socket).await {
            // Debian's saslauthd listens below the queue directory when smtpd is chrooted.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let below = self.socket.strip_prefix("/").unwrap_or(&self.socket);
                UnixStream::connect(self.queue_directory.join(below)).await.map_err(|_| error)?
            }
            other => other?,
        };
        stream.write_all(&request).await?;
        let length = stream.read_u16().await?;
        let mut answer = vec![0; length.into()];
        stream.read_exact(&mut answer).await?;
        Ok(answer.starts_with(b"OK"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Saslauthd, String> {
        Saslauthd::parse(text, "x.test", Path::new("/var/spool/postfix"))
    }

    #[test]
    fn configurations() {
        let good = parse("# comment\npwcheck_method: saslauthd\nmech_list: plain login cram-md5\n").expect("good");
        assert_eq!(good.mechanisms.iter().map(|m| m.name.as_str()).collect::<Vec<_>>(), ["PLAIN", "LOGIN"]);
        assert_eq!(good.socket, Path::new(SOCKET));
        for (text, part) in [
            ("", "auxprop, the default,"),
            ("pwcheck_method: auxprop", "pwcheck_method: auxprop is not supported"),
            ("pwcheck_method: saslauthd\nmech_list: CRAM-MD5", "neither PLAIN nor LOGIN"),
            ("pwcheck_method", "no colon"),
        ] {
            let why = parse(text).expect_err("bad");
            assert!(why.contains(part), "{text}: {why}");
        }
    }

    #[tokio::test]
    async fn saslauthd_is_asked() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("mux");
        let listener = tokio::net::UnixListener::bind(&path).expect("a socket");
        let asked = tokio::spawn(async move {
            let mut requests = Vec::new();
            for answer in ["OK", "NO wrong"] {
                let (mut stream, _) = listener.accept().await.expect("a client");
                let mut parts = Vec::new();
                for _ in 0..4 {
                    let mut part = vec![0; stream.read_u16().await.expect("a length").into()];
                    stream.read_exact(&mut part).await.expect("a part");
                    parts.push(String::from_utf8(part).expect("text"));
                }
                requests.push(parts);
                stream.write_u16(answer.len() as u16).await.expect("sent");
                stream.write_all(answer.as_bytes()).await.expect("sent");
            }
            requests
        });
        let text = format!("pwcheck_method: saslauthd\nsaslauthd_path: {}\n", path.display());
        let server = parse(&text).expect("good").for_service("smtp");
        let ask =
            |initial| Question { mechanism: "PLAIN", service: "smtp", server: "", client: "", secured: false, initial };
        let initial = STANDARD.encode("\0joe\0secret");
        assert_eq!(server.begin(&ask(Some(&initial))).await.1, Answer::Done(Some("joe@x.test".into())));
        let (exchange, answer) = server.begin(&ask(None)).await;
        assert_eq!(answer, Answer::Challenge(String::new()));
        let wrong = Answer::Failed { reason: "authentication failure".into(), user: Some("joe@y".into()) };
        let mut exchange = exchange.expect("an exchange");
        assert_eq!(server.next(&mut exchange, &STANDARD.encode("\0joe@y\0bad")).await, wrong);
        assert_eq!(
            asked.await.expect("two clients"),
            [["joe", "secret", "smtp", "x.test"], ["joe", "bad", "smtp", "y"]]
        );
    }
}
