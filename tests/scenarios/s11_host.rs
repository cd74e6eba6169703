//! S11: the rest of the mail host: its users' command, its lists, its way out, and what postconf shows of it.

use waxwing_tests::{server::Server, sink::Sink, users::Users, users::text, waiting};

use crate::{deliver, scenario_with_users};

const ZONE: &str = "
live.test        MX  10 mail.live.test
mail.live.test   A   10.11.0.1
";
const OUTSIDE: &str = "198.51.100.9";

/// With scripts in the place of procmail and of Mailman, which write down what they are given.
fn host(server: &mut Server, users: &Users) {
    let out = users.out().display().to_string();
    let procmail = users.program(
        "procmail",
        &format!(
            "{{ echo \"$(id -un) USER=$USER HOME=$HOME EXTENSION=$EXTENSION RECIPIENT=$RECIPIENT\"; cat; }} > {out}/got.$$; \
             chmod 644 {out}/got.$$; mv {out}/got.$$ {out}/procmail.$EXTENSION.txt"
        ),
    );
    let mailman = users.program(
        "mailman",
        &format!("{{ echo \"$@\"; cat; }} > {out}/list.$$; chmod 644 {out}/list.$$; mv {out}/list.$$ {out}/list.txt"),
    );
    server.table("aliases", "root: joe\n");
    server.table("aliases-mailman", &format!("news: \"|{} post news\"\n", mailman.display()));
    let local = users.main_cf();
    let local: String =
        local.lines().filter(|line| !line.starts_with("alias_")).map(|line| format!("{line}\n")).collect();
    server.main_cf(&format!(
        "{local}myhostname = mail.domain.com
mydomain = domain.com
myorigin = $mydomain
mydestination = $myhostname, localhost.$myhostname, $mydomain
alias_maps = hash:$config_directory/aliases, hash:$config_directory/aliases-mailman
alias_database = hash:$config_directory/aliases, hash:$config_directory/aliases-mailman
local_recipient_maps = unix:passwd.byname $alias_maps
recipient_delimiter = +
home_mailbox = Maildir/
mailbox_command = {}
smtp_bind_address=123.123.123.123
default_transport = smtp
debugger_command =
     PATH=/bin:/usr/bin:/usr/local/bin:/usr/X11R6/bin
     ddd $daemon_directory/$process_name $process_id & sleep 5
smtpd_recipient_restrictions = permit_mynetworks permit_sasl_authenticated, reject_unauth_destination
smtpd_relay_restrictions =
message_size_limit = 20480000
",
        procmail.display()
    ));
    server.start();
}

#[test]
fn s11_7_procmail_runs_as_the_user_with_the_extension() {
    scenario_with_users(ZONE, |server, users| {
        host(server, users);
        deliver(server, OUTSIDE, "a@live.test", "joe+list@domain.com");
        let got = users.out().join("procmail.list.txt");
        assert!(waiting::until_true(20, || got.exists()), "{}", server.log_end());
        let got = text(&got);
        let home = users.home("joe").display().to_string();
        let expected = format!("joe USER=joe HOME={home} EXTENSION=list RECIPIENT=joe+list@domain.com\n");
        assert!(got.starts_with(&expected), "{got}");
        assert!(got.contains("\nDelivered-To: joe+list@domain.com\n"), "{got}");
        let line = server.logged(&["to=<joe+list@domain.com>", "status=sent"]);
        assert!(line.contains("relay=local,") && line.contains("(delivered to command: "), "{line}");
        assert!(!users.home("joe").join("Maildir").exists(), "mailbox_command comes before home_mailbox");
    });
}

#[test]
fn s11_8_the_way_out_and_the_lists() {
    scenario_with_users(ZONE, |server, users| {
        let live = Sink::listen("10.11.0.1:25");
        host(server, users);
        deliver(server, "127.0.0.1", "joe@domain.com", "to@live.test");
        assert_eq!(live.wait_for(1)[0].client, "123.123.123.123");
        deliver(server, OUTSIDE, "a@live.test", "news@domain.com");
        let list = users.out().join("list.txt");
        assert!(waiting::until_true(20, || list.exists()), "{}", server.log_end());
        let got = text(&list);
        assert!(got.starts_with("post news\nFrom a@live.test "), "{got}");
        assert!(got.contains("\nDelivered-To: news@domain.com\n") && got.contains("\nSubject: mail\n"), "{got}");
        let line = server.logged(&["to=<news@domain.com>", "status=sent"]);
        assert!(line.contains("(delivered to command: ") && line.ends_with("mailman post news)"), "{line}");
    });
}

#[test]
fn s11_9_postconf_prints_what_is_in_force() {
    scenario_with_users(ZONE, |server, users| {
        host(server, users);
        let output = server.command("postconf", &[]);
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let names: Vec<&str> = printed.lines().map(|line| line.split(" =").next().unwrap_or_default()).collect();
        assert!(names.len() > 816, "{} lines", names.len());
        assert!(names.is_sorted(), "in the order of names");
        for line in [
            "smtp_bind_address = 123.123.123.123",
            "message_size_limit = 20480000",
            "smtpd_relay_restrictions =",
            "recipient_delimiter = +",
            "smtpd_recipient_restrictions = permit_mynetworks permit_sasl_authenticated, reject_unauth_destination",
            "debugger_command = PATH=/bin:/usr/bin:/usr/local/bin:/usr/X11R6/bin ddd $daemon_directory/$process_name \
             $process_id & sleep 5",
            "unknown_local_recipient_reject_code = 550",
        ] {
            assert!(printed.lines().any(|l| l.trim_end() == line), "no line {line}");
        }
    });
}
