//! S17: virtual domains, Postfix style and Sendmail style.

use waxwing_tests::{client::ask, server::Server, users::text, waiting};

use crate::{deliver, scenario, scenario_with_users};

const ZONE: &str = "virtual.test A 10.1.7.1\n";

const VIRTUAL: &str = "virtual.test anything\npostmaster@virtual.test postmaster\nuser1@virtual.test joe\n\
                       user2@virtual.test joe, jane@mx.test\n";

fn postfix_style(server: &mut Server, users: &waxwing_tests::users::Users, parameter: &str) {
    server.table("aliases", "postmaster: joe\n");
    server.table("virtual", VIRTUAL);
    let local = users.main_cf();
    server.main_cf(&format!("{local}{parameter} = hash:$config_directory/virtual\nlocal_recipient_maps =\n"));
    server.start();
}

fn known_and_unknown_addresses(server: &Server, users: &waxwing_tests::users::Users) {
    for name in ["user1", "user2"] {
        deliver(server, "198.51.100.9", "writer@mx.test", &format!("{name}@virtual.test"));
    }
    server.wait_until_queue_empty(30);
    let count = |user: &str| users.mailbox(user).matches("\nSubject: mail").count();
    assert_eq!((count("joe"), count("jane")), (2, 1), "{}", server.log_end());
    let reply = ask("198.51.100.9", server.port, "writer@mx.test", "x@virtual.test");
    let unknown = "550 5.1.1 <x@virtual.test>: Recipient address rejected: User unknown in virtual alias table";
    assert_eq!(reply, unknown);
}

#[test]
fn s17_1_known_addresses_reach_their_targets_others_are_refused() {
    scenario_with_users(ZONE, |server, users| {
        postfix_style(server, users, "virtual_alias_maps");
        known_and_unknown_addresses(server, users);
    });
}

#[test]
fn s17_2_a_domain_of_neither_style_is_foreign() {
    let zone = "virtual.test MX 10 mx.test\nmx.test A 127.0.0.1\n";
    scenario(zone, |server, _| {
        server.main_cf(
            "default_transport = smtp\nsmtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination\n",
        );
        server.start();
        let reply = ask("198.51.100.9", server.port, "a@mx.test", "x@virtual.test");
        assert_eq!(reply, "554 5.7.1 <x@virtual.test>: Relay access denied");
        deliver(server, "127.0.0.1", "a@mx.test", "x@virtual.test");
        let line = server.logged(&["to=<x@virtual.test>", "status=bounced"]);
        assert!(line.contains("dsn=5.4.6"), "{line}");
        assert!(line.ends_with("(mail for virtual.test loops back to myself)"), "{line}");
    });
}

#[test]
fn s17_5_the_old_name_of_the_parameter_works() {
    scenario_with_users(ZONE, |server, users| {
        postfix_style(server, users, "virtual_maps");
        known_and_unknown_addresses(server, users);
        let output = server.command("postconf", &["-x", "-h", "virtual_alias_domains"]);
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), format!("hash:{}/virtual", server.conf().display()));
    });
}

#[test]
fn s17_3_sendmail_style_reaches_local_users_and_aliases_as_well() {
    scenario_with_users(ZONE, |server, users| {
        let (list, out) = (server.directory.join("list"), users.out());
        std::fs::write(&list, "joe\njane\n").expect("written");
        let aliases =
            format!("help: joe\nrecord: \"|cat > {}/recorded\"\nlist: :include:{}\n", out.display(), list.display());
        server.table("aliases", &aliases);
        server.table("virtual", "user1@virtual.test jane\n");
        let local = users.main_cf();
        server.main_cf(&format!(
            "{local}mydestination = $myhostname, localhost.$mydomain, virtual.test
virtual_alias_maps = hash:$config_directory/virtual
local_recipient_maps = proxy:unix:passwd.byname $alias_maps
"
        ));
        server.start();
        for name in ["joe", "user1", "help", "record", "list"] {
            deliver(server, "127.0.0.1", "writer@mx.test", &format!("{name}@virtual.test"));
        }
        server.wait_until_queue_empty(30);
        let count = |user: &str| users.mailbox(user).matches("\nSubject: mail").count();
        assert_eq!((count("joe"), count("jane")), (3, 2), "{}", server.log_end());
        assert!(waiting::until_true(5, || text(&out.join("recorded")).contains("Delivered-To: record@virtual.test\n")));
    });
}

#[test]
fn s17_4_virtual_tables_name_addresses_only() {
    scenario_with_users(ZONE, |server, users| {
        let pwned = users.out().join("pwned");
        server.table("aliases", "postmaster: joe\n");
        let path = pwned.display();
        let entries = format!(
            "a@virtual.test \"|touch {path}\"\nb@virtual.test {path}\nc@virtual.test :include:{path}\nvirtual.test x\n"
        );
        server.table("virtual", &entries);
        let local = users.main_cf();
        server
            .main_cf(&format!("{local}virtual_alias_maps = hash:$config_directory/virtual\nlocal_recipient_maps =\n"));
        server.start();
        for name in ["a", "b", "c"] {
            deliver(server, "127.0.0.1", "writer@mx.test", &format!("{name}@virtual.test"));
        }
        assert!(
            waiting::until_true(30, || server.log().matches("status=bounced (unknown user: ").count() == 3),
            "{}",
            server.log_end()
        );
        assert!(!pwned.exists());
    });
}

#[test]
fn s17_6_a_domain_in_the_lists_of_two_classes() {
    scenario_with_users(ZONE, |server, users| {
        server.table("aliases", "postmaster: joe\n");
        server.table("virtual", "virtual.test x\nuser1@virtual.test jane\n");
        let local = users.main_cf();
        let both = "mydestination = $myhostname, virtual.test\nvirtual_alias_maps = hash:$config_directory/virtual\n";
        server.main_cf(&format!("{local}{both}"));
        server.start();
        deliver(server, "127.0.0.1", "writer@mx.test", "joe@virtual.test");
        deliver(server, "127.0.0.1", "writer@mx.test", "joe@virtual.test");
        server.wait_until_queue_empty(30);
        let said = "warning: do not list domain virtual.test in BOTH mydestination and virtual_alias_domains";
        server.logged(&["/trivial-rewrite[", said]);
        let said_again = server.log().matches(said).count();
        assert!(server.is_postfix() || said_again == 1, "once is enough:\n{}", server.log_end());
        assert!(users.mailbox("joe").contains("Subject: mail"), "the first list wins");
    });
}
