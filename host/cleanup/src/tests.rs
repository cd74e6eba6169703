//! Every expectation was first seen from Postfix 3.7.11: the queue file it wrote under the same main.cf.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use config::Config;
use hook::{Clock, Edit, Found, Lookup, MailLog, Randomness, SearchOrder, TableError, Tables};
use mail::{
    ClientAttributes, Envelope, EnvelopeRecipient,
    address::{Extensions, split_domain},
};
use queue::{Queue, Settings as QueueSettings};
use rewrite::Rewrite;

use crate::{Cleanup, CleanupError, Committed, Overrides, parameters};

type Entries = &'static [(&'static str, &'static str)];

/// Tables in memory by their text in main.cf; `fail:` fails.
struct Memory(HashMap<&'static str, Entries>);

impl Tables for Memory {
    fn open(&self, _: &str) -> Result<(), String> {
        Ok(())
    }

    fn find<'a>(&'a self, _: SearchOrder, tables: &'a str, address: &'a str) -> Lookup<'a, Option<Found>> {
        if tables == "fail:" {
            return Lookup::Now(Err(TableError::Temporary("fail: is down".into())));
        }
        let (_, domain) = split_domain(address);
        let mut keys = vec![address.to_string()];
        keys.extend(Extensions::new("+").strip(address).map(|(bare, _)| bare));
        keys.extend(domain.map(|domain| format!("@{domain}")));
        let entries = self.0.get(tables).copied().unwrap_or_default();
        let found = keys.into_iter().find_map(|key| {
            let value = entries.iter().find(|(k, _)| k.eq_ignore_ascii_case(&key))?.1.to_string();
            Some(Found { key, value })
        });
        Lookup::Now(Ok(found))
    }

    fn match_domain<'a>(&'a self, _: &'a str, _: &'a str) -> Lookup<'a, bool> {
        Lookup::Now(Ok(false))
    }

    fn match_host<'a>(&'a self, _: &'a str, _: &'a str, _: &'a str) -> Lookup<'a, bool> {
        Lookup::Now(Ok(false))
    }
}

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_298_045)
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

impl Randomness for Fixed {
    fn number(&self) -> u64 {
        4
    }

    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(4);
    }
}

struct Server {
    cleanup: Cleanup,
    queue: Queue,
    _directory: tempfile::TempDir,
}

/// What the queue holds: sender, recipients as (address, original, notify), header and body.
#[derive(Debug)]
struct Queued {
    envelope: Envelope,
    content: String,
}

impl Server {
    fn new(main_cf: &str, tables: &[(&'static str, Entries)]) -> Self {
        let base = "myhostname = mx.test\nmydomain = test\ncompatibility_level = 3.6\nvirtual_alias_maps =\nrecipient_delimiter = +\n";
        let rows = [config::parameters::PARAMETERS, rewrite::parameters::PARAMETERS, parameters::PARAMETERS];
        // A later line overrides an earlier one.
        let config = Config::from_text(&format!("{base}{main_cf}"), &rows).expect("the test's main.cf is good");
        let tables: Arc<dyn Tables> = Arc::new(Memory(tables.iter().copied().collect()));
        let directory = tempfile::tempdir().expect("a temporary directory");
        let settings = QueueSettings::new(directory.path(), Arc::new(Fixed));
        let queue = Queue::open(settings, MailLog::new("postfix", "qmgr")).expect("the queue opens");
        let rewrite = Rewrite::new(&config, tables.clone()).expect("rewrite starts");
        let cleanup = Cleanup::new(&config, rewrite, tables, queue.clone(), Arc::new(Fixed)).expect("cleanup starts");
        Self { cleanup, queue, _directory: directory }
    }

    async fn offer(&self, message: Offered<'_>) -> Result<Committed, CleanupError> {
        let id = self.cleanup.new_queue_id();
        let client = ClientAttributes { local: message.local, ..ClientAttributes::default() };
        let mut incoming = self.cleanup.open_with(id, &client, message.overrides);
        for piece in message.content.as_bytes().chunks(message.piece) {
            incoming.write(piece).await?;
        }
        let mut envelope = Envelope::new("s@s.test", Fixed.now());
        for address in message.recipients {
            envelope.recipients.push(EnvelopeRecipient { address: (*address).into(), ..EnvelopeRecipient::default() });
        }
        incoming.commit(envelope, message.edits).await
    }

    /// The message as the queue manager gets it; the queue id shows as `ID`.
    async fn queue(&self, message: Offered<'_>) -> Queued {
        let committed = self.offer(message).await.expect("the message is accepted");
        let message = self.queue.next_arrival().await;
        let content = message.content.read(0, 1 << 20).expect("the content can be read");
        assert_eq!(committed.size, content.len() as u64, "the size told is the size queued");
        let content = String::from_utf8_lossy(&content).replace(&committed.queue_id, "ID");
        let envelope = message.envelope.clone();
        Queued { envelope: (*envelope).clone(), content }
    }
}

struct Offered<'a> {
    recipients: &'a [&'a str],
    content: &'a str,
    local: bool,
    piece: usize,
    overrides: Overrides,
    edits: Vec<Edit>,
}

impl<'a> Offered<'a> {
    fn new(recipients: &'a [&'a str], content: &'a str) -> Self {
        Self { recipients, content, local: true, piece: 4096, overrides: Overrides::empty(), edits: Vec::new() }
    }

    fn remote(self) -> Self {
        Self { local: false, ..self }
    }
}

impl Queued {
    fn recipients(&self) -> Vec<(&str, &str, u8)> {
        self.envelope.recipients.iter().map(|r| (&*r.address, &*r.original, r.notify)).collect()
    }
}

fn arrival_date() -> String {
    mail::date::rfc5322(Fixed.now())
}

#[tokio::test]
async fn missing_headers_by_client() {
    let server = Server::new("", &[]);
    let content = "Subject: x\r\n\r\nbody\r\n";
    let date = arrival_date();
    assert_eq!(
        server.queue(Offered::new(&["a@b.test"], content)).await.content,
        format!(
            "Subject: x\r\nMessage-Id: <20261121215405.ID@mx.test>\r\nDate: {date}\r\nFrom: s@s.test\r\n\r\nbody\r\n"
        )
    );
    assert_eq!(server.queue(Offered::new(&["a@b.test"], content).remote()).await.content, content);
    assert_eq!(
        server
            .queue(Offered::new(&["a@b.test"], "Resent-To: y\r\nMessage-Id: <1>\r\nDate: d\r\nFrom: f@x\r\n\r\n"))
            .await
            .content,
        format!(
            "Resent-To: y@mx.test\r\nMessage-Id: <1>\r\nDate: d\r\nFrom: f@x\r\nResent-Message-Id: <20261121215405.ID@mx.test>\r\n\
             Resent-Date: {date}\r\nResent-From: s@s.test\r\n\r\n"
        )
    );
    let always = Server::new(
        "always_add_missing_headers = yes\nundisclosed_recipients_header = To: undisclosed-recipients:;\n",
        &[],
    );
    assert_eq!(
        always.queue(Offered::new(&["a@b.test"], "no header\r\nx\r\n").remote()).await.content,
        format!(
            "Message-Id: <20261121215405.ID@mx.test>\r\nDate: {date}\r\nFrom: s@s.test\r\nTo: undisclosed-recipients:;\r\n\r\nno header\r\nx\r\n"
        )
    );
}

const COMPLETE: &str = "Message-Id: <1>\r\nDate: d\r\n";

#[tokio::test]
async fn headers_are_rewritten_wherever_they_are_cut() {
    let server = Server::new("", &[]);
    let header = "From: joe (Joe Doe), \"Jim, X\" <jim@y>, bob%x, @r:z@q\r\nTo: a!b, list: joe, jim;, <>,\r\n bare@b.test\r\n\
                  Bcc: hidden@x\r\nContent-Length: 12\r\nReturn-Path: <x>\r\nReply-To : abc\r\nSender:\r\nX-Foo: joe\r\n";
    let expected = "From: joe@mx.test (Joe Doe), \"Jim, X\" <jim@y>, bob@x, z@q\r\n\
                    To: b@a, list: joe@mx.test, jim@mx.test;, <>, bare@b.test\r\nReply-To: abc@mx.test\r\nSender:\r\nX-Foo: joe\r\n";
    for piece in [1, 2, 3, 7, 64, 100, 1000] {
        for (end, separator) in [("\r\nbody\r\n", ""), ("no separator\r\n", "\r\n"), ("", "")] {
            let content = format!("{COMPLETE}{header}{end}");
            let offered = Offered { piece, ..Offered::new(&["a@b.test"], &content) };
            let queued = server.queue(offered).await.content;
            assert_eq!(queued, format!("{COMPLETE}{expected}{separator}{end}"), "in pieces of {piece}");
        }
    }
    let remote = Server::new("remote_header_rewrite_domain = dom.invalid\n", &[]);
    let content = format!("{COMPLETE}From: joe (Joe Doe)\r\nTo: x@y\r\n\r\n");
    let queued = remote.queue(Offered::new(&["a@b.test"], &content).remote()).await.content;
    assert_eq!(queued, content.replace("joe (", "joe@dom.invalid ("));
}

#[tokio::test]
async fn limits() {
    let server = Server::new("hopcount_limit = 3\nmessage_size_limit = 1500\nheader_size_limit = 40\n", &[]);
    let hops = "Received: a\r\n".repeat(3);
    for (content, code) in [(hops.clone(), 554), (format!("Subject: x\r\n\r\n{}", "x".repeat(1600)), 552)] {
        for piece in [10, 1000] {
            let error =
                server.offer(Offered { piece, ..Offered::new(&["a@b.test"], &content) }).await.expect_err("too much");
            assert_eq!(error.reply().code, code, "{error}");
        }
    }
    let long = format!("{COMPLETE}From: a@b\r\nSubject: {}\r\n {}\r\nX: y\r\n\r\n", "x".repeat(32), "y".repeat(30));
    let queued = server.queue(Offered::new(&["a@b.test"], &long)).await.content;
    // Seen from Postfix: the field is cut in the middle of its first line.
    let cut =
        long.replace(&format!("{}\r\n {}\r\n", "x".repeat(32), "y".repeat(30)), &format!("{}\r\n", "x".repeat(31)));
    assert_eq!(queued, cut);
    let nobody = server.offer(Offered::new(&[], "Subject: x\r\n\r\n")).await.expect_err("no recipients");
    assert_eq!(nobody.reply().log_text(), "550 5.1.0 Error: no recipients specified");
}

#[tokio::test]
async fn a_field_without_end_stays_bounded() {
    let server = Server::new("message_size_limit = 0\nheader_size_limit = 1000\n", &[]);
    let folded = format!("Subject: x\r\n{}X: y\r\n\r\nbody\r\n", " folded line\r\n".repeat(30_000));
    let one_line = format!("Subject: {}\r\nX: y\r\n\r\nbody\r\n", "x".repeat(300_000));
    for content in [folded, one_line] {
        let queued = server.queue(Offered::new(&["a@b.test"], &content).remote()).await.content;
        assert!(queued.len() < 70_000 && queued.ends_with("\r\nX: y\r\n\r\nbody\r\n"), "{} bytes", queued.len());
    }
}

#[tokio::test]
async fn canonical_and_masquerade() {
    let server = Server::new(
        "canonical_maps = c:\nsender_canonical_maps = s:\nmasquerade_domains = !host.m.test m.test\nmasquerade_exceptions = root\n",
        &[
            ("c:", &[("joe@mx.test", "Joe.Doe@corp.test"), ("@old.test", "@new.test")]),
            ("s:", &[("s@s.test", "S.S@x.m.test")]),
        ],
    );
    let content =
        format!("{COMPLETE}From: joe, root@a.m.test, b@a.m.test, c@host.m.test, d@x.host.m.test\r\nTo: joe+e\r\n\r\n");
    let queued = server.queue(Offered::new(&["joe+e@mx.test", "u+e@old.test", "a@x.m.test"], &content)).await;
    assert_eq!(
        queued.content,
        format!(
            "{COMPLETE}From: Joe.Doe@corp.test, root@a.m.test, b@m.test, c@host.m.test,\r\n\td@x.host.m.test\r\nTo: Joe.Doe+e@corp.test\r\n\r\n"
        )
    );
    assert_eq!(queued.envelope.sender, "S.S@m.test");
    assert_eq!(
        queued.recipients(),
        [("Joe.Doe+e@corp.test", "joe+e@mx.test", 0), ("u+e@new.test", "u+e@old.test", 0), ("a@x.m.test", "", 0)]
    );
    let off = Offered { overrides: Overrides::NO_ADDRESS_MAPPINGS, ..Offered::new(&["joe@mx.test"], &content) };
    let unmapped = server.queue(off).await;
    assert_eq!(unmapped.recipients(), [("joe@mx.test", "", 0)]);
    assert!(unmapped.content.contains("From: joe@mx.test, root@a.m.test,"), "{}", unmapped.content);
}

#[tokio::test]
async fn virtual_aliases_and_their_limits() {
    let entries: Entries = &[
        ("a@b.test", "a@b.test, y@y.test"),
        ("@va.test", "@q.test"),
        ("list@b.test", "m1, m2 m3"),
        ("c@b.test", "d@b.test"),
        ("d@b.test", "c@b.test"),
        ("grow@b.test", "grow@c.test, more@b.test"),
        ("grow@c.test", "grow@b.test, more@c.test"),
    ];
    let server = Server::new("virtual_alias_maps = v:\nvirtual_alias_recursion_limit = 100\n", &[("v:", entries)]);
    let content = "Subject: x\r\n\r\n";
    let queued = server.queue(Offered::new(&["u+e@va.test", "a+z@b.test", "list@b.test"], content)).await;
    assert_eq!(
        queued.recipients(),
        [
            ("u+e@q.test", "u+e@va.test", 0),
            ("a+z@b.test", "", 0),
            ("y+z@y.test", "a+z@b.test", 0),
            ("m1@mx.test", "list@b.test", 0),
            ("m2@mx.test", "list@b.test", 0),
            ("m3@mx.test", "list@b.test", 0),
        ]
    );
    for recipient in ["c@b.test", "grow@b.test"] {
        let error = server.offer(Offered::new(&[recipient], content)).await.expect_err("no end");
        assert_eq!(error.reply().log_text(), "451 4.6.0 Alias expansion error", "{recipient}");
    }
    let unpropagated = Server::new("virtual_alias_maps = v:\npropagate_unmatched_extensions =\n", &[("v:", entries)]);
    let queued = unpropagated.queue(Offered::new(&["u+e@va.test", "a+z@b.test"], content)).await;
    let addresses: Vec<&str> = queued.recipients().iter().map(|r| r.0).collect();
    assert_eq!(addresses, ["u+e@q.test", "a@b.test", "y@y.test"]);
}

#[tokio::test]
async fn copies_and_duplicates() {
    let server = Server::new(
        "always_bcc = arch+x@b.test\nsender_bcc_maps = s:\nrecipient_bcc_maps = r:\n",
        &[("s:", &[("s@s.test", "sb@b.test")]), ("r:", &[("a@b.test", "rb@b.test")])],
    );
    let queued = server.queue(Offered::new(&["a+q@b.test", "A+q@b.test", "a+q@b.test"], "Subject: x\r\n\r\n")).await;
    assert_eq!(
        queued.recipients(),
        [("sb@b.test", "", 1), ("a+q@b.test", "", 0), ("rb@b.test", "", 1), ("arch+x@b.test", "", 1)]
    );
    let few = Server::new("duplicate_filter_limit = 1\n", &[]);
    let queued = few.queue(Offered::new(&["a@x", "b@x", "b@x", "a@x"], "Subject: x\r\n\r\n")).await;
    assert_eq!(queued.recipients(), [("a@x", "", 0), ("b@x", "", 0), ("b@x", "", 0)]);
}

#[tokio::test]
async fn tables_that_fail_refuse_the_message() {
    for (main_cf, reply) in [
        ("canonical_maps = fail:\n", "451 4.3.0 Error: queue file write error"),
        ("sender_bcc_maps = fail:\n", "451 4.3.0 Error: queue file write error"),
        ("virtual_alias_maps = fail:\n", "451 4.6.0 Alias expansion error"),
    ] {
        let server = Server::new(main_cf, &[]);
        let error = server.offer(Offered::new(&["a@b.test"], "Subject: x\r\n\r\n")).await.expect_err(main_cf);
        assert_eq!(error.reply().log_text(), reply, "{main_cf}");
    }
}

#[tokio::test]
async fn edits_change_the_queued_message() {
    let server = Server::new("", &[]);
    let body = "x".repeat(300_000);
    let content = format!("{COMPLETE}From: f@x\r\n\r\n{body}\r\n");
    let edits = vec![
        Edit::PrependHeader { name: "X-First".into(), value: "1".into() },
        // Positions are those that the plugin saw.
        Edit::RemoveHeader { index: 0 },
        Edit::AppendHeader { name: "X-Last".into(), value: "2".into() },
        Edit::Bcc("c@x".into()),
        Edit::Filter("smtp:[f]".into()),
    ];
    let queued = server.queue(Offered { edits, ..Offered::new(&["a@b.test"], &content) }).await;
    assert_eq!(queued.content, format!("X-First: 1\r\nDate: d\r\nFrom: f@x\r\nX-Last: 2\r\n\r\n{body}\r\n"));
    assert_eq!(queued.recipients(), [("a@b.test", "", 0), ("c@x", "", 1)]);
    assert_eq!(queued.envelope.content_filter, "smtp:[f]");

    let edits = vec![Edit::WriteBody(Bytes::from_static(b"new\r\n"))];
    let queued = server.queue(Offered { edits, ..Offered::new(&["a@b.test"], &content) }).await;
    assert_eq!(queued.content, format!("{COMPLETE}From: f@x\r\n\r\nnew\r\n"));

    let edits = vec![Edit::Bcc("c@x".into()), Edit::Redirect("other".into())];
    let queued = server.queue(Offered { edits, ..Offered::new(&["a@b.test", "b@b.test"], &content) }).await;
    assert_eq!(queued.recipients(), [("other@mx.test", "a@b.test", 0)]);
    assert_eq!(queued.envelope.redirect, "", "it is done");

    let edits = vec![Edit::Discard("spam".into())];
    let committed = server.offer(Offered { edits, ..Offered::new(&["a@b.test"], &content) }).await.expect("accepted");
    assert!(committed.discarded);
}

#[tokio::test]
async fn submitted_mail_is_local_and_uncopied_when_internal() {
    let server = Server::new("always_bcc = arch@b.test\n", &[]);
    let mut envelope = Envelope::new("", Fixed.now());
    envelope.internal = true;
    envelope.recipients.push(EnvelopeRecipient { address: "joe".into(), ..EnvelopeRecipient::default() });
    let content = format!("{COMPLETE}From: MAILER-DAEMON (Mail Delivery System)\r\n\r\n");
    server.cleanup.submit(envelope, content.as_bytes()).await.expect("accepted");
    let message = server.queue.next_arrival().await;
    let queued = Queued { envelope: (*message.envelope).clone(), content: String::new() };
    assert_eq!(queued.recipients(), [("joe@mx.test", "joe", 0)]);
    let content = message.content.read(0, 4096).expect("the content can be read");
    assert_eq!(
        String::from_utf8_lossy(&content),
        format!("{COMPLETE}From: MAILER-DAEMON@mx.test (Mail Delivery System)\r\n\r\n")
    );
}

#[tokio::test]
async fn eight_bit_content_is_noted() {
    let server = Server::new("", &[]);
    for (rest, expected) in [
        ("\r\nplain\r\n", false),
        ("Subject: \u{e9}\r\n\r\nplain\r\n", false),
        ("\r\nplain\r\n\u{e9}\r\n", true),
        ("\u{e9} begins the body\r\n", true),
        ("Content-Transfer-Encoding: 8BIT\r\n\r\nplain\r\n", true),
    ] {
        let content = format!("{COMPLETE}From: f@x\r\n{rest}");
        let queued = server.queue(Offered::new(&["a@b.test"], &content)).await;
        assert_eq!(queued.envelope.eight_bit, expected, "{rest:?}");
    }
}

#[tokio::test]
async fn the_envelope_counts_against_message_size_limit() {
    let server = Server::new("message_size_limit = 2000\n", &[]);
    let content = format!("{COMPLETE}From: f@x\r\n\r\n{}\r\n", "x".repeat(1000));
    server.queue(Offered::new(&["a@b.test"], &content)).await;
    let recipients: Vec<String> = (0..50).map(|n| format!("recipient{n}@b.test")).collect();
    let recipients: Vec<&str> = recipients.iter().map(String::as_str).collect();
    let refused = server.offer(Offered::new(&recipients, &content)).await;
    assert!(matches!(refused, Err(CleanupError::PeerMessageTooBig)), "{refused:?}");
}
