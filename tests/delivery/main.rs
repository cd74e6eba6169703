//! Local delivery compared with Debian's Postfix: the same users, aliases, forwarding files and messages; then every file that
//! came of it, byte for byte but for ids and dates, and every status line of the log.

mod authorized;
mod collected;
mod lmtp;
mod maildrop;
mod original_recipients;

use std::fs;

use collected::Collected;
use waxwing_tests::{
    client::Client,
    namespace,
    needs::{Need, asked_for, say},
    server::{Kind, Server},
    users::Users,
    waiting,
};

const MESSAGE: &str = "\
From: Writer <writer@mx.test>
To: somebody@mx.test
Subject: a test
Message-Id: <1@mx.test>
Date: Sun, 22 Nov 2026 01:02:03 +0000

From the start of a line
>From quoted already
.a dot
 indented

8-bit: \u{e4}\u{f6}
";

/// Recipients, each a message of its own.
const RECIPIENTS: &[&str] = &[
    "joe@mx.test",
    "Joe@MX.test",
    "joe+ext@mx.test",
    "JANE+List@mx.test",
    "single@mx.test",
    "many@mx.test",
    "nested@mx.test",
    "itself@mx.test",
    "joes-file@mx.test",
    "maildir@mx.test",
    "null@mx.test",
    "command@mx.test",
    "\"command+a;b|c`d$e\"@mx.test",
    "quoted@mx.test",
    "included@mx.test",
    "include-command@mx.test",
    "include-relative@mx.test",
    "include-missing@mx.test",
    "include-writable@mx.test",
    "owned@mx.test",
    "failing-list@mx.test",
    "exit-67@mx.test",
    "exit-1@mx.test",
    "says-dsn@mx.test",
    "killed@mx.test",
    "exit-75@mx.test",
    "no-program@mx.test",
    "loop@mx.test",
    "twice@mx.test",
    "partly@mx.test",
    "nobody-here@mx.test",
    "nobody+ext@mx.test",
    "tilde@mx.test",
    "executable@mx.test",
    "postmaster@mx.test",
    "writer@mx.test",
    "\"joe\"@mx.test",
    "\"with blank\"@mx.test",
    "backslash@mx.test",
    "fax-1234@pipe.test",
    "\"A;b|c+Ext\"@pipe.test",
    "fails@refuse.test",
    "waits@later.test",
];

fn prepare(server: &mut Server, more: &str) -> Users {
    let users = Users::of(server);
    let (out, lists) = (users.out(), server.directory.join("lists"));
    let (o, l) = (out.display(), lists.display());
    fs::create_dir_all(&lists).expect("a directory");
    let list = |name: &str, text: String, mode| {
        fs::write(lists.join(name), text).expect("written");
        waxwing_tests::users::mode(&lists.join(name), mode);
    };
    list("good", "# members\njoe\njane@mx.test, far@other.test\n".into(), 0o644);
    list("command", "\"|/bin/true\"\n/dev/null\njoe\n".into(), 0o644);
    list("writable", "joe\n".into(), 0o666);
    let show = users.program(
        "show",
        &format!("{{ cat; echo ==; env | grep -v -e ^_ -e ^PWD= -e ^OLDPWD= -e ^SHLVL= | sort; echo ==; for a in \"$@\"; do echo \"[$a]\"; done; id -u; id -g; }} > {o}/$1.shown"),
    );
    let show = show.display();
    users.program("refuse", "echo cannot do that; exit 67");
    users.program("later", "echo busy; exit 75");
    fs::write(out.join("executable-file"), "").expect("written");
    waxwing_tests::users::mode(&out.join("executable-file"), 0o777);
    let aliases = format!(
        "single: joe
many: joe, jane, far@other.test
nested: single, many, \"|{show} nested\"
itself: itself, joe
joes-file: {o}/file
maildir: {o}/maildir/
null: /dev/null
command: \"|{show} command\"
quoted: \"|{show} quoted 'one word' $EXTENSION > {o}/quoted.out\"
included: :include:{l}/good
include-command: :include:{l}/command
include-relative: :include:lists/good
include-missing: :include:{l}/none
include-writable: :include:{l}/writable
owned: joe, far@other.test
owner-owned: jane
failing-list: \"|exit 1\"
owner-failing-list: jane
exit-67: \"|echo who; exit 67\"
exit-1: \"|echo oops; echo twice; exit 1\"
says-dsn: \"|echo 5.7.1 not you; exit 1\"
killed: \"|kill -9 $$\"
exit-75: \"|echo come back; exit 75\"
no-program: |/no/such/program
loop: loop2
loop2: loop3
loop3: loop
twice: joe, joe, jane, single
partly: joe, nobody-at-all
tilde: ~/file
executable: {o}/executable-file
backslash: \\joe
"
    );
    server.table("aliases", &aliases);
    users.write("jane", ".forward+list", "# mine\njane, far@other.test\n", 0o600);
    users.write("jane", ".forward", &format!("\\jane, \"|{show} jane\"\n"), 0o600);
    server.table("transport", "pipe.test pipe-out\nrefuse.test pipe-refuse\nlater.test pipe-later\n");
    server.master = format!(
        "pipe-out unix - n n - - pipe flags=DORhu.> user=uucp-user argv={show} pipe-$user $sender -$recipient $nexthop $extension ($mailbox) $domain $original_recipient $client_address
pipe-refuse unix - n n - - pipe flags= user=uucp-user argv={o}/refuse
pipe-later unix - n n - - pipe user=uucp-user:mail argv={o}/later $recipient
"
    );
    server.main_cf(&format!(
        "{}recipient_delimiter = +
local_recipient_maps =
transport_maps = texthash:$config_directory/transport
pipe-out_destination_recipient_limit = 1
default_transport = discard
bounce_size_limit = 50000
{more}",
        users.main_cf()
    ));
    users
}

fn send(server: &Server, recipients: &[&str]) {
    for recipient in recipients {
        let mut session = Client::ready("127.0.0.1", server.port);
        let reply = session.mail("writer@mx.test", recipient, MESSAGE);
        assert!(reply.starts_with("250"), "{recipient}: {reply}");
        session.quit();
        // One after the other: their commands write to the same files.
        waiting::until_true(10, || server.queue().iter().all(|message| message["queue_name"] == "deferred"));
    }
}

fn deliver(place: &namespace::Place, kind: Kind, more: &str, recipients: &[&str]) -> Collected {
    let mut server = Server::new(place, kind);
    let users = prepare(&mut server, more);
    server.start();
    send(&server, recipients);
    let collected = Collected::of(&server, &users, recipients.len());
    server.stop();
    collected
}

/// The same on both; what differs is the failure.
fn compare(place: &namespace::Place, what: &str, more: &str, recipients: &[&str]) {
    let kinds = [Kind::Postfix, Kind::Waxwing].into_iter().filter(|kind| asked_for(kind.name()));
    let both: Vec<Collected> = kinds.map(|kind| deliver(place, kind, more, recipients)).collect();
    let [postfix, waxwing] = &both[..] else { return };
    let (same, differences) = postfix.differences(waxwing);
    say(&format!("RESULT delivery, {what}: {same} files and log lines as Postfix has them"));
    assert!(differences.is_empty(), "{what}: {same} are the same\n{}", differences.join("\n"));
}

macro_rules! compared {
    ($($name:ident: $more:expr, $recipients:expr;)*) => {
        $(#[test]
        fn $name() {
            namespace::inside(&[Need::Postfix, Need::Waxwing], |place| compare(place, stringify!($name), $more, $recipients));
        })*
    };
}

const FEW: &[&str] =
    &["joe@mx.test", "joe+ext@mx.test", "many@mx.test", "JANE+List@mx.test", "nobody+x@mx.test", "command@mx.test"];

compared! {
    defaults: "", RECIPIENTS;
    maildir_at_home: "home_mailbox = Mail/dir/\n", FEW;
    mbox_at_home: "home_mailbox = mbox\nfrozen_delivered_to = no\n", FEW;
    no_delivered_to: "prepend_delivered_header =\nenable_original_recipient = no\n", FEW;
    propagated_extensions: "propagate_unmatched_extensions = alias, forward, include\n", &["single+x@mx.test", "included+x@mx.test", "jane+x@mx.test"];
    mailbox_command: "mailbox_command = cat > $HOME/got.$EXTENSION; echo $LOCAL $DOMAIN >> $HOME/got\n", FEW;
    luser_relay: "luser_relay = joe+$local\n", FEW;
    expanded_owner: "expand_owner_alias = yes\nreset_owner_alias = yes\n", &["owned@mx.test", "failing-list@mx.test"];
    restricted: "allow_mail_to_commands =\nallow_mail_to_files =\n", &["command@mx.test", "joes-file@mx.test", "maildir@mx.test", "jane@mx.test"];
    included_commands: "allow_mail_to_commands = include\nallow_mail_to_files = include\n", &["include-command@mx.test", "command@mx.test"];
    fallback: "fallback_transport = pipe-out:elsewhere\n", FEW;
    other_mailbox_transport: "mailbox_transport = pipe-out\n", FEW;
    small_mailboxes: "mailbox_size_limit = 2000\nmessage_size_limit = 2000\n", &["joe@mx.test", "joe@mx.test", "joe@mx.test", "joe@mx.test", "joe@mx.test", "joe@mx.test"];
    another_shell: "local_command_shell = /bin/sh -e -c\ncommand_execution_directory = $home\n", &["jane@mx.test", "quoted@mx.test"];
}
