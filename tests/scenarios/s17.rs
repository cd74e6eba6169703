//! S17: virtual domains, Postfix style and Sendmail style, as far as local delivery has a part in them.

use waxwing_tests::{users::text, waiting};

use crate::{deliver, scenario_with_users};

const ZONE: &str = "virtual.test A 10.1.7.1\n";

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
