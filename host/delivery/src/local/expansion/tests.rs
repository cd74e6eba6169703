use std::{collections::HashMap, path::PathBuf};

use hook::{BoxFuture, Content, Notify, Recipient, Resolution};
use nix::libc;

use super::{
    super::{
        attributes::Account,
        world::{Failed, World},
    },
    *,
};
use crate::{FileError, FileFacts, Owner, testing};

/// Aliases, users and files that do not exist. The domain `here.test` is delivered by `local`.
#[derive(Default)]
struct Invented {
    aliases: HashMap<String, String>,
    tables: HashMap<(String, String), String>,
    users: HashMap<String, u32>,
    /// Path to owner, mode and text.
    files: HashMap<String, (u32, u32, String)>,
    alias_owner: Option<u32>,
}

impl Invented {
    fn new(aliases: &[(&str, &str)], users: &[(&str, u32)]) -> Self {
        Self {
            aliases: aliases.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect(),
            users: users.iter().map(|(name, uid)| (name.to_string(), *uid)).collect(),
            ..Self::default()
        }
    }

    fn file(mut self, path: &str, uid: u32, mode: u32, text: &str) -> Self {
        self.files.insert(path.to_string(), (uid, mode, text.to_string()));
        self
    }

    fn account(&self, name: &str) -> Option<Account> {
        let uid = *self.users.get(name)?;
        let (home, shell) = (format!("/home/{name}"), "/bin/sh".to_string());
        Some(Account { name: name.to_string(), uid, gid: uid, home, shell })
    }
}

fn ready<T: Send + 'static>(value: T) -> BoxFuture<'static, T> {
    Box::pin(std::future::ready(value))
}

impl World for Invented {
    fn alias<'a>(&'a self, _: &'a str, name: &'a str) -> BoxFuture<'a, Result<Option<String>, Failed>> {
        ready(match self.aliases.get(name).map(String::as_str) {
            Some("FAIL") => Err("server down".to_string()),
            found => Ok(found.map(str::to_string)),
        })
    }

    fn alias_owner(&self, _: &str) -> Result<Option<u32>, Failed> {
        Ok(self.alias_owner)
    }

    fn find<'a>(&'a self, tables: &'a str, user: &'a str) -> BoxFuture<'a, Result<Option<String>, Failed>> {
        ready(Ok(self.tables.get(&(tables.to_string(), user.to_string())).cloned()))
    }

    fn user(&self, name: &str) -> Result<Option<Account>, Failed> {
        if name == "nss-down" { Err("server down".to_string()) } else { Ok(self.account(name)) }
    }

    fn user_of(&self, uid: u32) -> Result<Option<Account>, Failed> {
        if uid == 0 {
            return Ok(Some(Account { name: "root".into(), uid, gid: 0, home: "/root".into(), shell: String::new() }));
        }
        Ok(self.users.iter().find(|(_, known)| **known == uid).and_then(|(name, _)| self.account(name)))
    }

    fn look(&self, _: Owner, path: PathBuf, _: bool) -> BoxFuture<'_, Result<FileFacts, FileError>> {
        let found = self.files.get(&*path.to_string_lossy());
        ready(found.map_or(Err(FileError(libc::ENOENT)), |(uid, mode, _)| {
            Ok(FileFacts { regular: mode & 0o100_000 == 0, uid: *uid, gid: 0, mode: mode & 0o7777 })
        }))
    }

    fn read(&self, _: Owner, path: PathBuf) -> BoxFuture<'_, Result<Vec<u8>, FileError>> {
        let found = self.files.get(&*path.to_string_lossy());
        ready(found.map_or(Err(FileError(libc::EACCES)), |(_, _, text)| Ok(text.clone().into_bytes())))
    }

    fn resolve<'a>(&'a self, address: &'a str, _: &'a str) -> BoxFuture<'a, Result<Resolution, AddressError>> {
        let recipient = if address.contains('@') { address.to_string() } else { format!("{address}@here.test") };
        let (local, domain) = split_domain(&recipient);
        let domain = domain.unwrap_or_default().to_string();
        ready(match local {
            "" => Err(AddressError::Syntax),
            "resolver-down" => Err(AddressError::Temporary("no answer".into())),
            _ => Ok(Resolution {
                transport: if domain == "here.test" { "local" } else { "smtp" }.to_string(),
                nexthop: domain,
                recipient,
                address_class: hook::AddressClass::Local,
                source_routed: false,
            }),
        })
    }
}

/// The deliveries in short: `address: what`, one a line.
async fn expand_with(world: &Invented, main_cf: &str, recipient: &str, header: &str, probe: bool) -> Vec<Leaf> {
    let config = testing::config(&format!("recipient_delimiter = +\nalias_maps = hash:/a\n{main_cf}"));
    let settings = Settings::from_config(&config, "local").expect("good settings");
    let log = hook::MailLog::new("postfix", "local");
    let seen = DeliveredTo::read(&Content::Memory(header.to_string().into())).expect("a header");
    let message = Message { queue_id: "4ABC", sender: "s@src.test", probe, seen: &seen };
    let recipient =
        Recipient { address: recipient.to_string(), notify: Notify::SUCCESS | Notify::FAILURE, ..Recipient::default() };
    let start = Attributes::of(&recipient, "s@src.test");
    Expansion::new(world, &settings, &log, message).run(start).await
}

fn short(leaves: &[Leaf]) -> Vec<String> {
    let one = |leaf: &Leaf| {
        let Leaf { attributes: it, what } = leaf;
        let uid = it.rights.as_ref().map_or("-".to_string(), |account| account.uid.to_string());
        match what {
            What::Mailbox { path, .. } => format!("{}: mailbox {path} uid {uid}", it.address),
            What::UserMaildir(path) | What::Maildir(path) => format!("{}: maildir {path} uid {uid}", it.address),
            What::File(path) => format!("{}: file {path} uid {uid}", it.address),
            What::Command(command) => format!("{}: command {command} uid {uid}", it.address),
            What::Pass(transport) => format!("{}: pass {transport}", it.address),
            What::Forward => format!("{}: forward from {} delivered {}", it.address, it.sender, it.delivered),
            What::Done(text) => format!("{}: done {text}", it.address),
            What::Refused { status, text, .. } => format!("{}: {status} {text}", it.address),
        }
    };
    leaves.iter().map(one).collect()
}

async fn expand(world: &Invented, main_cf: &str, recipient: &str) -> Vec<String> {
    short(&expand_with(world, main_cf, recipient, "", false).await)
}

#[tokio::test]
async fn mailboxes_and_unknown_users() {
    let world = Invented::new(&[], &[("joe", 500)]);
    let spool = ["Joe@here.test: mailbox /var/mail/joe uid 500"];
    for (main_cf, recipient, expected) in [
        ("", "Joe@here.test", &spool[..]),
        ("home_mailbox = Mail/in\n", "joe@here.test", &["joe@here.test: mailbox /home/joe/Mail/in uid 500"]),
        ("home_mailbox = Maildir/\n", "joe@here.test", &["joe@here.test: maildir /home/joe/Maildir/ uid 500"]),
        ("mail_spool_directory = /m/\n", "joe+x@here.test", &["joe+x@here.test: maildir /m/joe/ uid 500"]),
        ("mailbox_command = cmd $USER\n", "joe@here.test", &["joe@here.test: command cmd $USER uid 500"]),
        ("mailbox_transport = lmtp:unix:/x\n", "nobody@here.test", &["nobody@here.test: pass lmtp:unix:/x"]),
        ("fallback_transport = uucp:x\n", "no@here.test", &["no@here.test: pass uucp:x"]),
        ("fallback_transport = uucp:x\n", "joe@here.test", &["joe@here.test: mailbox /var/mail/joe uid 500"]),
        ("", "No+ext@here.test", &["No+ext@here.test: 5.1.1 unknown user: \"no\""]),
        ("", "postmaster@here.test", &["postmaster@here.test: done discarded"]),
        ("", "nss-down@here.test", &["nss-down@here.test: 4.0.0 user lookup error"]),
        (
            "luser_relay = $user-$extension@other.test\n",
            "no+e@here.test",
            &["no-e@other.test: forward from s@src.test delivered no+e@here.test"],
        ),
        ("luser_relay = joe+$local\n", "no@here.test", &["joe+no@here.test: mailbox /var/mail/joe uid 500"]),
        ("luser_relay = nobody\n", "no@here.test", &["no@here.test: 5.1.1 unknown user: \"no\""]),
    ] {
        assert_eq!(expand(&world, main_cf, recipient).await, expected, "{main_cf} {recipient}");
    }
}

#[tokio::test]
async fn aliases_nest_and_keep_their_rights() {
    let mut world = Invented::new(
        &[
            ("list", "joe, friends, \"|/bin/cmd -x\", /var/log/mails, /var/dirs/, far@other.test"),
            ("friends", "joe, jane"),
            ("joe", "joe, copy@other.test"),
            ("home", "~/mail, ~joe/mail"),
            ("down", "FAIL"),
            ("empty", " "),
        ],
        &[("joe", 500), ("jane", 501), ("admin", 77)],
    );
    let list = expand(&world, "", "list@here.test").await;
    assert_eq!(
        list,
        [
            "joe@here.test: mailbox /var/mail/joe uid 500",
            "copy@other.test: forward from s@src.test delivered list@here.test",
            "jane@here.test: mailbox /var/mail/jane uid 501",
            "list@here.test: command /bin/cmd -x uid -",
            "list@here.test: file /var/log/mails uid -",
            "list@here.test: maildir /var/dirs/ uid -",
            "far@other.test: forward from s@src.test delivered list@here.test",
        ]
    );
    let wrong = "5.3.5 mail system configuration error";
    assert_eq!(expand(&world, "", "home@here.test").await, [wrong, wrong].map(|w| format!("home@here.test: {w}")));
    for name in ["down", "empty"] {
        let expected = format!("{name}@here.test: 4.3.0 alias database unavailable");
        assert_eq!(expand(&world, "", &format!("{name}@here.test")).await, [expected]);
    }
    world.alias_owner = Some(77);
    let list = expand(&world, "allow_mail_to_files =\n", "list@here.test").await;
    assert!(list.contains(&"list@here.test: command /bin/cmd -x uid 77".to_string()), "{list:?}");
    assert!(list.contains(&"list@here.test: 5.7.1 mail to file is restricted".to_string()), "{list:?}");
    world.alias_owner = Some(4711);
    let expected = ["list@here.test: 4.3.0 cannot find alias database owner"];
    assert_eq!(expand(&world, "", "list@here.test").await, expected);
}

#[tokio::test]
async fn owners_of_lists_take_the_senders_place() {
    let world = Invented::new(
        &[("list", "joe, far@other.test"), ("owner-list", "jane, boss@x.test")],
        &[("joe", 500), ("jane", 501)],
    );
    let owned = ["joe@here.test", "far@other.test"]
        .map(|to| format!("{to}: forward from owner-list@here.test delivered list@here.test"));
    assert_eq!(expand(&world, "", "list@here.test").await, owned);
    let expanded = expand(&world, "expand_owner_alias = yes\n", "list@here.test").await;
    assert!(expanded[0].contains("forward from jane, boss@x.test"), "{expanded:?}");
    let plain = expand(&world, "owner_request_special = no\n", "list@here.test").await;
    assert_eq!(plain[0], "joe@here.test: mailbox /var/mail/joe uid 500");
    let leaves = expand_with(&world, "", "list@here.test", "", false).await;
    assert!(leaves.iter().all(|leaf| leaf.attributes.list && leaf.attributes.original.is_empty()));
    let alias = Invented::new(&[("a", "joe")], &[("joe", 500)]);
    let leaves = expand_with(&alias, "", "a@here.test", "", false).await;
    assert_eq!(leaves[0].attributes.notify, Notify::FAILURE, "success is told of the alias, once");
}

#[tokio::test]
async fn forwarding_files() {
    let home =
        |text: &str| Invented::new(&[], &[("joe", 500), ("jane", 501)]).file("/home/joe/.forward", 500, 0o644, text);
    let mailbox = "joe@here.test: mailbox /var/mail/joe uid 500";
    for (text, expected) in [
        ("", &[mailbox][..]),
        ("# only a comment\n\n", &[mailbox]),
        ("joe\n", &[mailbox]),
        ("\\joe, far@other.test\n", &[mailbox, "far@other.test: forward from s@src.test delivered joe@here.test"]),
        ("jane\n", &["jane@here.test: forward from s@src.test delivered joe@here.test"]),
        ("\"|cmd $EXTENSION\"\n", &["joe@here.test: command cmd $EXTENSION uid 500"]),
        ("~/file\n/dir/\n", &["joe@here.test: file /home/joe/file uid 500", "joe@here.test: maildir /dir/ uid 500"]),
        ("~jane/file\n", &["joe@here.test: 5.3.5 mail system configuration error"]),
        ("joe, joe, joe@here.test\n", &[mailbox]),
    ] {
        assert_eq!(expand(&home(text), "", "joe@here.test").await, expected, "{text:?}");
    }
    let both = home("one@x.test").file("/home/joe/.forward+list", 500, 0o600, "two@x.test");
    let (one, two) = ("one+other@x.test", "two@x.test");
    assert!(expand(&both, "", "joe+list@here.test").await[0].starts_with(two));
    assert!(expand(&both, "", "joe+other@here.test").await[0].starts_with("one@x.test"), "not propagated");
    let propagate = "propagate_unmatched_extensions = forward\n";
    assert!(expand(&both, propagate, "joe+other@here.test").await[0].starts_with(one));
    assert!(expand(&both, propagate, "joe+list@here.test").await[0].starts_with(two));
    let strange = home("").file("/home/joe/.forward+a_b", 500, 0o600, "x@x.test");
    assert!(expand(&strange, "", "joe+a;b@here.test").await[0].starts_with("x@x.test"), "forward_expansion_filter");
    assert_eq!(expand(&home("x@x.test"), "forward_path =\n", "joe@here.test").await, [mailbox]);
}

#[tokio::test]
async fn untrusted_forwarding_files_are_passed_by() {
    let mailbox = ["joe@here.test: mailbox /var/mail/joe uid 500"];
    for (uid, mode) in [(501, 0o644), (500, 0o646), (500, 0o100_644)] {
        let world =
            Invented::new(&[], &[("joe", 500), ("jane", 501)]).file("/home/joe/.forward", uid, mode, "x@x.test");
        assert_eq!(expand(&world, "", "joe@here.test").await, mailbox, "uid {uid} mode {mode:o}");
    }
    let roots = Invented::new(&[], &[("joe", 500)]).file("/home/joe/.forward", 0, 0o644, "x@x.test");
    assert!(expand(&roots, "", "joe@here.test").await[0].contains("forward"));
}

#[tokio::test]
async fn included_files() {
    let aliases = &[("list", ":include:/lists/a"), ("bad", ":include:lists/a"), ("none", ":include:/no/file")];
    let users = &[("joe", 500), ("jane", 501)];
    let world = |uid, mode, text: &str| Invented::new(aliases, users).file("/lists/a", uid, mode, text);
    let text = "joe\nfar@other.test # no comment\n#x@x.test\n\"|cmd\"\n/file\n";
    let leaves = expand(&world(0, 0o644, text), "", "list@here.test").await;
    assert_eq!(
        leaves,
        [
            "joe@here.test: forward from s@src.test delivered list@here.test",
            "far@other.test: forward from s@src.test delivered list@here.test",
            "#@here.test: forward from s@src.test delivered list@here.test",
            "no@here.test: forward from s@src.test delivered list@here.test",
            "comment@here.test: forward from s@src.test delivered list@here.test",
            "list@here.test: 5.7.1 mail to command is restricted",
            "list@here.test: 5.7.1 mail to file is restricted",
        ]
    );
    let allowed = "allow_mail_to_commands = include\nallow_mail_to_files = include\n";
    for (uid, rights) in [(0, "-"), (501, "501")] {
        let leaves = expand(&world(uid, 0o644, "\"|cmd\", /file\n"), allowed, "list@here.test").await;
        let expected =
            [format!("list@here.test: command cmd uid {rights}"), format!("list@here.test: file /file uid {rights}")];
        assert_eq!(leaves, expected);
    }
    let wrong = |name: &str| [format!("{name}@here.test: 5.3.5 mail system configuration error")];
    for (uid, mode) in [(0, 0o646), (0, 0o100_644)] {
        assert_eq!(expand(&world(uid, mode, text), "", "list@here.test").await, wrong("list"), "{mode:o}");
    }
    assert_eq!(expand(&world(0, 0o644, text), "", "bad@here.test").await, wrong("bad"));
    assert_eq!(expand(&world(0, 0o644, text), "", "none@here.test").await, wrong("none"));
    let leaves = expand(&world(4711, 0o644, text), "", "list@here.test").await;
    assert_eq!(leaves, ["list@here.test: 4.3.5 mail system configuration error"]);
}

#[tokio::test]
async fn loops_end() {
    let circle = Invented::new(&[("a", "b"), ("b", "c"), ("c", "a")], &[]);
    let ends = expand(&circle, "", "a@here.test").await;
    assert_eq!(ends.len(), 1, "{ends:?}");
    assert!(ends[0].contains("5.4.6 ") && ends[0].contains("alias database loop for"), "{ends:?}");
    let itself = Invented::new(&[("a", ":include:/a")], &[]).file("/a", 0, 0o644, ":include:/a\nx@x.test\n");
    assert_eq!(expand(&itself, "", "a@here.test").await, ["x@x.test: forward from s@src.test delivered a@here.test"]);
    // A chain of files, each in the next, longer than any real one.
    let mut chain = Invented::new(&[("a", ":include:/f/0")], &[]);
    for n in 0..150 {
        chain = chain.file(&format!("/f/{n}"), 0, 0o644, &format!(":include:/f/{}\n", n + 1));
    }
    let ends = expand(&chain, "", "a@here.test").await;
    assert_eq!(ends, ["a@here.test: 5.4.6 :include: nesting limit exceeded"]);
    // Everybody forwards to everybody, in one file for each.
    let wide = Invented::new(&[("a", "b,b,c,c"), ("b", "c,c,a"), ("c", "a,b,b")], &[]);
    assert!(expand(&wide, "", "a@here.test").await.len() < 10_000);
    let joe = Invented::new(&[], &[("joe", 1)]);
    let seen = expand_with(&joe, "", "joe@here.test", "Delivered-To: JOE@here.test\r\n", false).await;
    assert_eq!(short(&seen), ["joe@here.test: 5.4.6 mail forwarding loop for joe@here.test"]);
}

#[tokio::test]
async fn probes_say_what_would_happen() {
    let world =
        Invented::new(&[("list", "joe")], &[("joe", 500), ("jane", 501)]).file("/home/jane/.forward", 501, 0o600, "x");
    for (recipient, text) in
        [("list", "aliased to joe"), ("joe", "delivers to mailbox"), ("jane", "forward via file: /home/jane/.forward")]
    {
        let leaves = expand_with(&world, "", &format!("{recipient}@here.test"), "", true).await;
        assert_eq!(short(&leaves), [format!("{recipient}@here.test: done {text}")]);
    }
    let leaves = expand_with(&world, "mailbox_command = cmd\n", "joe@here.test", "", true).await;
    assert_eq!(short(&leaves), ["joe@here.test: done delivers to command: cmd"]);
}

#[tokio::test]
async fn strange_recipients() {
    let world = Invented::new(&[("list", "\"\\\\joe\", resolver-down, \"\"@x.test")], &[("joe", 500), ("a", 1)]);
    let long = "x".repeat(5000);
    for (recipient, expected) in [
        ("\\joe@here.test", "joe@here.test: mailbox /var/mail/joe uid 500"),
        ("joe+../../etc/passwd@here.test", "joe+../../etc/passwd@here.test: mailbox /var/mail/joe uid 500"),
        ("../etc/passwd@here.test", "../etc/passwd@here.test: 5.1.1 unknown user: \"../etc/passwd\""),
        ("|id@here.test", "|id@here.test: 5.1.1 unknown user: \"|id\""),
        (
            ":include:/etc/passwd@here.test",
            ":include:/etc/passwd@here.test: 5.1.1 unknown user: \":include:/etc/passwd\"",
        ),
        ("@here.test", "@here.test: 5.1.3 null username in \"@here.test\""),
    ] {
        assert_eq!(expand(&world, "", recipient).await, [expected], "{recipient}");
    }
    assert!(expand(&world, "", &format!("{long}@here.test")).await[0].contains("5.1.1 unknown user"));
    let leaves = expand(&world, "", "list@here.test").await;
    assert_eq!(leaves[0], "joe@here.test: mailbox /var/mail/joe uid 500");
    assert_eq!(leaves[1], "list@here.test: 4.3.0 address resolver failure");
}
