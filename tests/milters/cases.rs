//! What happens in each case: what the client says, and what the milter answers.

use waxwing_tests::milter::{Options, Packet};

/// A script without state: event and text to replies.
pub type Answers = fn(&str, &str) -> Option<Vec<Packet>>;

#[derive(Clone, Debug)]
pub enum Step {
    Say(&'static str),
    /// After DATA; LF line ends.
    Content(&'static str),
    /// STARTTLS with this certificate, under TLS 1.2 if so; then EHLO.
    StartTls(Option<&'static str>, bool),
    /// By sendmail(1): sender, recipients, text.
    Sendmail(&'static str, &'static [&'static str], &'static str),
}

#[derive(Clone)]
pub struct Case {
    pub name: &'static str,
    pub main_cf: &'static str,
    pub options: Options,
    pub script: Answers,
    pub steps: Vec<Step>,
    /// Seconds until what is in the queue would be gone.
    pub patience: u64,
}

use Step::{Content, Say};

const MESSAGE: &str = "Subject: hello\nX-Fold: one\n  two\n\tthree\nX-Same: 1\nX-NoBlank:value\nX-Same: 2\nX-Same:   3\n\n\
                       body line\n.\nlast line\n";

fn message() -> Vec<Step> {
    with("RCPT TO:<you@d.test>", MESSAGE)
}

fn with(rcpt: &'static str, content: &'static str) -> Vec<Step> {
    let before = ["EHLO client.test", "MAIL FROM:<me@s.test> SIZE=100", rcpt];
    let mut steps: Vec<Step> = before.into_iter().map(Say).collect();
    steps.extend([Say("DATA"), Content(content), Say("QUIT")]);
    steps
}

fn case(name: &'static str, script: Answers) -> Case {
    Case { name, main_cf: "", options: Options::default(), script, steps: message(), patience: 10 }
}

fn text(text: &str) -> Vec<u8> {
    [text.as_bytes(), b"\0"].concat()
}

fn header(letter: u8, index: u32, name: &str, value: &str) -> Packet {
    let index = if letter == b'h' { Vec::new() } else { index.to_be_bytes().to_vec() };
    (letter, [index, text(name), text(value)].concat())
}

/// These replies at one event; elsewhere continue.
macro_rules! at {
    ($event:literal, $($replies:expr),+ $(,)?) => {
        |event, _| (event == $event).then(|| vec![$($replies),+])
    };
}

const CONTINUE: Packet = (b'c', Vec::new());

macro_rules! answer {
    ($list:ident, $letter:expr, $word:literal) => {
        $list.push(case(concat!($word, " at connect"), at!("connect", ($letter, Vec::new()))));
        $list.push(case(concat!($word, " at helo"), at!("helo", ($letter, Vec::new()))));
        $list.push(case(concat!($word, " at mail"), at!("mail", ($letter, Vec::new()))));
        $list.push(case(concat!($word, " at rcpt"), at!("rcpt", ($letter, Vec::new()))));
        $list.push(case(concat!($word, " at data"), at!("data", ($letter, Vec::new()))));
        $list.push(case(concat!($word, " at header"), at!("header", ($letter, Vec::new()))));
        $list.push(case(concat!($word, " at end-of-header"), at!("end-of-header", ($letter, Vec::new()))));
        $list.push(case(concat!($word, " at body"), at!("body", ($letter, Vec::new()))));
        $list.push(case(concat!($word, " at end"), at!("end", ($letter, Vec::new()))));
    };
}

/// Every answer at every event, and what goes wrong.
pub fn answers() -> Vec<Case> {
    let mut list = vec![case("nothing to say", |_, _| None)];
    answer!(list, b'r', "reject");
    answer!(list, b't', "tempfail");
    answer!(list, b'a', "accept");
    answer!(list, b'd', "discard");
    answer!(list, b'4', "shutdown");
    list.extend(replies());
    list.extend(failures());
    list.extend(sessions());
    list
}

fn replies() -> Vec<Case> {
    vec![
        case("reply code at connect", at!("connect", (b'y', text("554 5.7.9 go away")))),
        case("reply code 421 at connect", at!("connect", (b'y', text("421 4.7.9 go away")))),
        case("reply code at helo", at!("helo", (b'y', text("451 4.7.9 later")))),
        case("reply code 421 at helo", at!("helo", (b'y', text("421 4.7.9 later")))),
        case("reply code at mail", at!("mail", (b'y', text("551 5.7.9 not you")))),
        case("reply code at rcpt", at!("rcpt", (b'y', text("450 4.7.9 not now")))),
        case("reply code 421 at rcpt", at!("rcpt", (b'y', text("421 4.7.9 not now")))),
        case("reply code in lines", at!("end", (b'y', text("550-5.7.1 one\r\n550-5.7.1 two\r\n550 5.7.1 three")))),
        case("reply code in lines at rcpt", at!("rcpt", (b'y', text("550-5.7.1 one\r\n550 5.7.1 two")))),
        case("reply code without status", at!("end", (b'y', text("451 come again")))),
        case("malformed reply at rcpt", at!("rcpt", (b'y', text("250 2.0.0 fine")))),
        case("malformed reply at end", at!("end", (b'y', text("550 4.0.0 what")))),
        case("quarantine", at!("end", (b'q', text("looks bad")), CONTINUE)),
        case("progress", at!("end", (b'p', Vec::new()), (b'p', Vec::new()), CONTINUE)),
        case("skip body", at!("body", (b's', Vec::new()))),
        Case {
            options: Options { protocol: 0x400, ..Options::default() },
            ..case("skip body as agreed", at!("body", (b's', Vec::new())))
        },
        Case {
            options: Options { protocol: 0x400, ..Options::default() },
            ..case("skip headers as agreed", at!("header", (b's', Vec::new())))
        },
    ]
}

fn failures() -> Vec<Case> {
    let mut list = vec![
        case("hangs up at connect", at!("connect", (b'X', Vec::new()))),
        case("hangs up at rcpt", at!("rcpt", (b'X', Vec::new()))),
        case("hangs up at header", at!("header", (b'X', Vec::new()))),
        case("hangs up at end", at!("end", (b'X', Vec::new()))),
        case("silent at mail", |event, _| (event == "mail").then(Vec::new)),
        case("unheard-of reply", at!("mail", (b'z', Vec::new()))),
        case("connection failure", at!("rcpt", (b'f', Vec::new()))),
        case("data behind continue", at!("mail", (b'c', b"x".to_vec()))),
        case("change before the end", at!("header", header(b'h', 0, "X-Early", "1"), CONTINUE)),
        Case { options: Options { version: 7, ..Options::default() }, ..case("version 7", |_, _| None) },
        Case { options: Options { version: 1, ..Options::default() }, ..case("version 1", |_, _| None) },
        Case { options: Options { actions: 0x1000, ..Options::default() }, ..case("unknown action", |_, _| None) },
        Case { options: Options { protocol: 0x8000_0000, ..Options::default() }, ..case("unknown event", |_, _| None) },
    ];
    for (main_cf, name, name2) in [
        ("milter_default_action = accept\n", "default accept: hangs up at mail", "default accept: hangs up at end"),
        ("milter_default_action = reject\n", "default reject: hangs up at mail", "default reject: hangs up at end"),
        ("milter_default_action = quarantine\n", "default quarantine: at mail", "default quarantine: at end"),
        ("milter_default_action = wrong\n", "default wrong: at mail", "default wrong: at end"),
    ] {
        list.push(Case { main_cf, ..case(name, at!("mail", (b'X', Vec::new()))) });
        list.push(Case { main_cf, ..case(name2, at!("end", (b'X', Vec::new()))) });
    }
    list.push(Case {
        main_cf: "smtpd_milters = inet:127.0.0.1:9, inet:127.0.0.1:9901\n",
        ..case("nobody listens", |_, _| None)
    });
    list.push(Case {
        main_cf: "smtpd_milters = { inet:127.0.0.1:9, default_action=accept }, { inet:127.0.0.1:9901 connect_timeout=2s }\n",
        ..case("nobody listens, and it does not matter", |_, _| None)
    });
    list
}

fn sessions() -> Vec<Case> {
    let say = |lines: &[&'static str]| lines.iter().map(|line| Say(line)).collect::<Vec<_>>();
    vec![
        Case {
            steps: say(&[
                "HELO client.test",
                "FOO bar",
                "MAIL FROM:<>",
                "RCPT TO:you@d.test",
                "RSET",
                "MAIL FROM:<a@b.test> BODY=8BITMIME",
                "RCPT TO:<\"a b\"@d.test>",
                "RCPT TO:<x@d.test> NOTIFY=NEVER ORCPT=rfc822;x@d.test",
                "RSET",
                "EHLO again",
                "VRFY you",
                "QUIT",
            ]),
            ..case("commands", |_, _| None)
        },
        Case {
            steps: [message(), message()].concat().into_iter().filter(|step| !matches!(step, Say("QUIT"))).collect(),
            ..case("two messages, no farewell", |_, _| None)
        },
        Case {
            steps: say(&[
                "EHLO c.test",
                "MAIL FROM:<me@s.test>",
                "RCPT TO:<no@d.test>",
                "RCPT TO:<you@d.test>",
                "QUIT",
            ]),
            options: Options { protocol: 0x800, ..Options::default() },
            ..case("refused recipients", |_, _| None)
        },
        Case {
            steps: say(&[
                "EHLO c.test",
                "MAIL FROM:<me@s.test>",
                "RCPT TO:<no@d.test>",
                "RCPT TO:<you@d.test>",
                "DATA",
            ]),
            ..case("refused recipients are not told, and an open end", |_, _| None)
        },
        Case {
            steps: say(&["EHLO c.test", "STARTTLS", "AUTH PLAIN xx", "VRFY me", "ETRN d.test", "NOOP", "FOO", "QUIT"]),
            ..case("other commands after a rejected client", at!("connect", (b'r', Vec::new())))
        },
        Case {
            steps: say(&["EHLO c.test", "VRFY me", "ETRN d.test", "NOOP", "FOO", "QUIT"]),
            ..case("other commands after a deferred client", at!("helo", (b't', Vec::new())))
        },
        Case {
            steps: with("RCPT TO:<you@d.test>", "From: me@s.test\n\nshort\n"),
            ..case("unknown command refused", at!("unknown", (b'r', Vec::new())))
        },
        Case {
            steps: say(&["FOO", "EHLO x", "BAR baz", "QUIT"]),
            ..case("unknown commands refused", at!("unknown", (b'y', text("550 5.5.9 no such thing"))))
        },
        Case {
            main_cf: "smtpd_milter_maps = cidr:{ { 127.0.0.0/8 DISABLE } }\n",
            ..case("disabled by map", |_, _| None)
        },
        Case {
            main_cf: "smtpd_milter_maps = cidr:{ { 127.0.0.0/8 inet:127.0.0.1:9901 } }\nsmtpd_milters =\n",
            ..case("enabled by map", |_, _| None)
        },
        Case { main_cf: "receive_override_options = no_milters\n", ..case("no_milters", |_, _| None) },
        Case {
            main_cf: "smtpd_delay_reject = no\n",
            ..case("quarantine at mail by tempfail", at!("mail", (b't', Vec::new())))
        },
        Case {
            main_cf: "smtpd_milters = inet:127.0.0.1:9901, inet:127.0.0.1:9901\n",
            ..case("one after the other", at!("end", header(b'h', 0, "X-Added", "value"), CONTINUE))
        },
    ]
}

/// Everything that can be changed at the end of a message.
pub fn changes() -> Vec<Case> {
    let mut list = headers();
    list.extend(vec![
        case("replace body", at!("end", (b'b', b"new\r\nbody\r\n".to_vec()), CONTINUE)),
        case("replace body in pieces", at!("end", (b'b', b"new\r\nbo".to_vec()), (b'b', b"dy\nno end".to_vec()), CONTINUE)),
        case("replace body, empty", at!("end", (b'b', Vec::new()), CONTINUE)),
        case("replace body, 8-bit", at!("end", (b'b', "gr\u{fc}n\r\n".as_bytes().to_vec()), CONTINUE)),
        case("change sender", at!("end", (b'e', text("<new@s.test>")), CONTINUE)),
        case("change sender to nobody", at!("end", (b'e', text("<>")), CONTINUE)),
        case("change sender with arguments", at!("end", (b'e', [text("<new@s.test>"), text("RET=HDRS ENVID=x1 FOO=bar")].concat()), CONTINUE)),
        case("change sender, no brackets", at!("end", (b'e', text("new")), CONTINUE)),
        case("add recipient", at!("end", (b'+', text("<more@d.test>")), CONTINUE)),
        case("add recipient twice", at!("end", (b'+', text("<more@d.test>")), (b'+', text("<more@d.test>")), CONTINUE)),
        case("add known recipient", at!("end", (b'+', text("<you@d.test>")), CONTINUE)),
        case("add local recipient", at!("end", (b'+', text("more")), CONTINUE)),
        case("add aliased recipient", at!("end", (b'+', text("<list@d.test>")), CONTINUE)),
        case("add null recipient", at!("end", (b'+', text("<>")), CONTINUE)),
        case("add recipient with arguments", at!("end", (b'2', [text("<more@d.test>"), text("NOTIFY=NEVER ORCPT=rfc822;old@d.test")].concat()), CONTINUE)),
        case("add recipient without arguments", at!("end", (b'2', text("<more@d.test>")), CONTINUE)),
        case("delete recipient", at!("end", (b'-', text("<you@d.test>")), (b'+', text("<other@d.test>")), CONTINUE)),
        case("delete recipient in capitals", at!("end", (b'-', text("<YOU@D.TEST>")), CONTINUE)),
        case("delete only recipient", at!("end", (b'-', text("<you@d.test>")), CONTINUE)),
        case("delete unknown recipient", at!("end", (b'-', text("<nobody@d.test>")), CONTINUE)),
        Case {
            steps: with("RCPT TO:<list@d.test>", MESSAGE),
            ..case("delete aliased recipient", at!("end", (b'+', text("<x@d.test>")), (b'-', text("<list@d.test>")), CONTINUE))
        },
        Case {
            steps: with("RCPT TO:<list@d.test>", MESSAGE),
            ..case("delete what an alias became", at!("end", (b'-', text("<one@d.test>")), CONTINUE))
        },
        case("change and accept", at!("end", header(b'h', 0, "X-Added", "value"), (b'a', Vec::new()))),
        case("change and reject", at!("end", header(b'h', 0, "X-Added", "value"), (b'r', Vec::new()))),
        case("change and quarantine", at!("end", header(b'h', 0, "X-Added", "value"), (b'q', text("why")), CONTINUE)),
        case("change and discard", at!("end", header(b'h', 0, "X-Added", "value"), (b'd', Vec::new()))),
        Case { main_cf: "always_bcc = copy@d.test\n", ..case("add recipient beside always_bcc", at!("end", (b'+', text("<more@d.test>")), CONTINUE)) },
        Case { main_cf: "always_bcc = copy@d.test\n", ..case("delete always_bcc", at!("end", (b'-', text("<copy@d.test>")), CONTINUE)) },
        Case {
            main_cf: "sender_canonical_maps = inline:{ { new@s.test = changed@s.test } }\nrecipient_canonical_maps = inline:{ { more@d.test = changed@d.test } }\n",
            ..case("canonical maps", at!("end", (b'e', text("<new@s.test>")), (b'+', text("<more@d.test>")), CONTINUE))
        },
    ]);
    list.extend(checks());
    list
}

fn headers() -> Vec<Case> {
    vec![
        case("add header", at!("end", header(b'h', 0, "X-Added", "value"), CONTINUE)),
        case("add header with blanks", at!("end", header(b'h', 0, "X-Added", "  value "), CONTINUE)),
        case("add folded header", at!("end", header(b'h', 0, "X-Added", "one\n two\nthree\r\n\tfour"), CONTINUE)),
        case("add empty header", at!("end", header(b'h', 0, "X-Added", ""), CONTINUE)),
        case("insert header at 0", at!("end", header(b'i', 0, "X-First", "1"), CONTINUE)),
        case("insert header at 1", at!("end", header(b'i', 1, "X-Second", "1"), CONTINUE)),
        case("insert header at 2", at!("end", header(b'i', 2, "X-Third", "1"), CONTINUE)),
        case("insert header far behind", at!("end", header(b'i', 99, "X-Last", "1"), CONTINUE)),
        case("insert two headers at 1", at!("end", header(b'i', 1, "X-A", "1"), header(b'i', 1, "X-B", "1"), CONTINUE)),
        case("change header", at!("end", header(b'm', 1, "Subject", "changed"), CONTINUE)),
        case("change header in other case", at!("end", header(b'm', 1, "sUBJECT", "changed"), CONTINUE)),
        case("change second of a name", at!("end", header(b'm', 2, "X-Same", "two"), CONTINUE)),
        case("change index 0", at!("end", header(b'm', 0, "X-Same", "zero"), CONTINUE)),
        case("change fourth of three", at!("end", header(b'm', 4, "X-Same", "four"), CONTINUE)),
        case("change folded header", at!("end", header(b'm', 1, "X-Fold", "short"), CONTINUE)),
        case("change to folded header", at!("end", header(b'm', 1, "Subject", "a\n\tb\n c"), CONTINUE)),
        case("change unknown header", at!("end", header(b'm', 1, "X-New", "added"), CONTINUE)),
        case("change our own Received", at!("end", header(b'm', 1, "Received", "from nowhere"), CONTINUE)),
        case("delete header", at!("end", header(b'm', 1, "Subject", ""), CONTINUE)),
        case("delete second of a name", at!("end", header(b'm', 2, "X-Same", ""), CONTINUE)),
        case("delete unknown header", at!("end", header(b'm', 1, "X-New", ""), CONTINUE)),
        case(
            "delete, then change",
            at!("end", header(b'm', 1, "X-Same", ""), header(b'm', 1, "X-Same", "now first"), CONTINUE),
        ),
        case("null header name", at!("end", header(b'm', 1, "", "x"), CONTINUE)),
        case("change added header", at!("end", header(b'h', 0, "X-N", "1"), header(b'm', 1, "X-N", "2"), CONTINUE)),
        Case {
            options: Options { protocol: 0x10_0000, ..Options::default() },
            ..case(
                "leading blanks",
                at!("end", header(b'h', 0, "X-Added", "value"), header(b'm', 1, "Subject", " v"), CONTINUE),
            )
        },
        Case {
            main_cf: "local_header_rewrite_clients =\n",
            steps: with("RCPT TO:<you@d.test>", "\nonly a body\n"),
            ..case("no header at all", at!("end", header(b'h', 0, "X-Added", "value"), CONTINUE))
        },
        Case {
            steps: with("RCPT TO:<you@d.test>", "\nonly a body\n"),
            ..case("headers added by the server", at!("end", header(b'i', 1, "X-Added", "value"), CONTINUE))
        },
        Case {
            steps: with("RCPT TO:<you@d.test>", "Subject: no body\n"),
            ..case("no body", at!("end", (b'b', b"a body\r\n".to_vec()), CONTINUE))
        },
        Case {
            main_cf: "message_drop_headers = x-fold\nheader_checks = regexp:{ { /^X-NoBlank/ REPLACE X-Replaced: 1 } }\n",
            ..case("after header_checks", |_, _| None)
        },
    ]
}

fn checks() -> Vec<Case> {
    const CHECKS: &str = "milter_header_checks = regexp:{ { /reject/ REJECT by check } { /ignore/ IGNORE } { /replace/ REPLACE X-New: 1 }
  { /discard/ DISCARD } { /hold/ HOLD held } { /warn/ WARN warned } { /prepend/ PREPEND X-P: 1 } }\n";
    macro_rules! checked {
        ($name:literal, $letter:expr, $value:literal) => {
            Case { main_cf: CHECKS, ..case($name, at!("end", header($letter, 1, "Subject", $value), CONTINUE)) }
        };
    }
    vec![
        checked!("milter_header_checks: reject", b'h', "reject"),
        checked!("milter_header_checks: ignore", b'h', "ignore"),
        checked!("milter_header_checks: replace", b'm', "replace"),
        checked!("milter_header_checks: discard", b'i', "discard"),
        checked!("milter_header_checks: hold", b'h', "hold"),
        checked!("milter_header_checks: warn", b'h', "warn"),
        checked!("milter_header_checks: prepend", b'h', "prepend"),
    ]
}

/// What milters say of themselves before all else.
pub fn options() -> Vec<Case> {
    let with = |protocol| Options { protocol, ..Options::default() };
    let nothing: Answers = |_, _| None;
    vec![
        Case { options: with(0x7f), ..case("no events", nothing) },
        Case { options: with(0x37f), ..case("no events at all", nothing) },
        Case { options: with(0xff080), ..case("no replies", nothing) },
        Case { options: with(0x80), ..case("no header replies", nothing) },
        Case { options: with(0x10), ..case("no body", nothing) },
        Case { options: with(0x1), ..case("no connect", nothing) },
        Case { options: Options { version: 2, ..Options::default() }, ..case("version 2 of the milter", nothing) },
        Case { options: Options { version: 4, ..Options::default() }, ..case("version 4 of the milter", nothing) },
        Case {
            options: Options {
                actions: 0x1ff,
                lists: vec![(0, "j {client_addr}"), (2, "i {mail_addr}"), (5, "i,v")],
                ..Options::default()
            },
            ..case("symbol lists", nothing)
        },
        Case {
            options: Options { actions: 0x1ff, lists: vec![(9, "j"), (6, "i")], ..Options::default() },
            ..case("unknown symbol list", nothing)
        },
        Case {
            main_cf: "milter_protocol = 2\n",
            options: Options { version: 2, ..Options::default() },
            ..case("protocol 2", nothing)
        },
        Case {
            main_cf: "milter_protocol = 3\n",
            options: Options { version: 3, ..Options::default() },
            ..case("protocol 3", nothing)
        },
        Case {
            main_cf: "milter_protocol = 4\n",
            options: Options { version: 4, ..Options::default() },
            ..case("protocol 4", nothing)
        },
        Case {
            main_cf: "milter_protocol = 2 no_header_reply\n",
            options: Options { version: 2, ..Options::default() },
            ..case("protocol 2 without header replies", nothing)
        },
        Case { main_cf: "milter_protocol = 5\n", ..case("protocol 5", nothing) },
        Case {
            main_cf: "milter_end_of_header_macros = $all_macros\nmilter_end_of_data_macros = $all_macros\n",
            ..case("macros of the content", nothing)
        },
        Case { main_cf: "smtpd_delay_open_until_valid_rcpt = no\n", ..case("queue id at mail", nothing) },
    ]
}

/// What milters are told of TLS, at each event.
pub fn tls() -> Vec<Case> {
    const TLS: &str = "smtpd_tls_security_level = may
smtpd_tls_cert_file = $certificates/server.pem
smtpd_tls_key_file = $certificates/server.key
smtpd_tls_CAfile = $certificates/ca.pem
smtpd_tls_ask_ccert = yes
tls_macros = i {tls_version} {cipher} {cipher_bits} {cert_subject} {cert_issuer} {client_addr}
milter_helo_macros = $tls_macros
milter_mail_macros = $tls_macros
milter_rcpt_macros = $tls_macros
milter_data_macros = $tls_macros
milter_end_of_header_macros = $tls_macros
milter_end_of_data_macros = $tls_macros
";
    const DEFAULTS: &str = "smtpd_tls_security_level = may
smtpd_tls_cert_file = $certificates/server.pem
smtpd_tls_key_file = $certificates/server.key
smtpd_tls_CAfile = $certificates/ca.pem
smtpd_tls_ask_ccert = yes
milter_connect_macros = j {daemon_name} {daemon_addr} v _
milter_helo_macros = {tls_version} {cipher} {cipher_bits} {cert_subject} {cert_issuer}
milter_mail_macros = i {auth_type} {auth_authen} {auth_author} {mail_addr} {mail_host} {mail_mailer}
milter_rcpt_macros = i {rcpt_addr} {rcpt_host} {rcpt_mailer}
milter_data_macros = i
milter_unknown_command_macros =
milter_end_of_data_macros = i
";
    let with = |name, main_cf, certificate, only_tls12| {
        let mut steps = vec![Say("EHLO client.test"), Step::StartTls(certificate, only_tls12)];
        steps.extend(message().into_iter().skip(1));
        Case { main_cf, steps, ..case(name, |_, _| None) }
    };
    vec![
        with("TLS 1.2", TLS, None, true),
        with("TLS 1.3", TLS, None, false),
        with("TLS 1.2 with a certificate", TLS, Some("client"), true),
        with("TLS 1.3 with a certificate", TLS, Some("client"), false),
        with("TLS with a certificate of nobody's", TLS, Some("stranger"), false),
        Case { main_cf: TLS, ..case("TLS not used", |_, _| None) },
        with("TLS, macros as main.cf has them", DEFAULTS, Some("client"), false),
    ]
}

/// non_smtpd_milters.
pub fn local() -> Vec<Case> {
    const LOCAL: &str = "non_smtpd_milters = inet:127.0.0.1:9901\nmilter_end_of_header_macros = $all_macros\nmilter_end_of_data_macros = $all_macros\n";
    let send = |name, script| Case {
        main_cf: LOCAL,
        steps: vec![Step::Sendmail(
            "me@s.test",
            &["you@d.test", "two@d.test"],
            "From: me@s.test\nTo: you@d.test\nSubject: x\n\nbody\n",
        )],
        ..case(name, script)
    };
    vec![
        send("sendmail", |_, _| None),
        send(
            "sendmail: change",
            at!("end", header(b'h', 0, "X-Added", "value"), (b'+', text("<more@d.test>")), CONTINUE),
        ),
        send("sendmail: quarantine", at!("end", (b'q', text("why")), CONTINUE)),
        send("sendmail: reject at end", at!("end", (b'r', Vec::new()))),
        send("sendmail: reject at mail", at!("mail", (b'y', text("550 5.7.9 not you")))),
        Case { patience: 4, ..send("sendmail: reject at rcpt", at!("rcpt", (b'r', Vec::new()))) },
        Case { patience: 4, ..send("sendmail: tempfail at end", at!("end", (b't', Vec::new()))) },
        send("sendmail: discard", at!("mail", (b'd', Vec::new()))),
        send("sendmail: discard at end", at!("end", (b'd', Vec::new()))),
    ]
}
