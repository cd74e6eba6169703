//! lmdb: and cdb: files, each made by one server's postmap and used by the other's.

use waxwing_tests::{client::ask, namespace, needs::Need, server, waiting};

use crate::Both;

const CLIENT: &str = "198.51.100.9";

#[test]
fn lmdb_and_cdb() {
    let needs = [Need::Postfix, Need::Waxwing, Need::TableType("lmdb"), Need::TableType("cdb")];
    namespace::inside(&needs, |place| {
        server::both(place, |server| {
            let conf = server.conf();
            let both = Both { directory: &conf };
            server.main_cf(
                "virtual_alias_domains = virtual.test
virtual_alias_maps = lmdb:$config_directory/aliases-lmdb
smtpd_relay_restrictions = reject_unauth_destination
smtpd_recipient_restrictions = check_recipient_access cdb:$config_directory/access, permit_auth_destination, reject
",
            );
            let write = |name: &str, text: &str| std::fs::write(conf.join(name), text).expect("a table");
            let postfix = server.is_postfix();
            // Each server uses the files that the other's postmap has made.
            let make = |kind: &str, name: &str| {
                let title = format!("{kind}:{}", conf.join(name).display());
                let words = ["-o", title.as_str()];
                let said = if postfix { both.ours("postmap", &words, "") } else { both.theirs("postmap", &words, "") };
                assert_eq!((said.status, &said.errors), (Some(0), &Vec::new()), "{title}");
            };
            write("aliases-lmdb", "joe@virtual.test joe@mx.test\n");
            write("access", "blocked@virtual.test REJECT go away\n");
            make("lmdb", "aliases-lmdb");
            make("cdb", "access");
            server.start();
            let answer = |user: &str| ask(CLIENT, server.port, "a@sender.test", &format!("{user}@virtual.test"));
            assert_eq!(answer("joe"), "250 2.1.5 Ok");
            assert_eq!(answer("blocked"), "554 5.7.1 <blocked@virtual.test>: Recipient address rejected: go away");
            let unknown =
                "550 5.1.1 <jane@virtual.test>: Recipient address rejected: User unknown in virtual alias table";
            assert_eq!(answer("jane"), unknown);
            // A changed table counts without a reload.
            write("aliases-lmdb", "jane@virtual.test jane@mx.test\nblocked@virtual.test x@mx.test\n");
            write("access", "other@virtual.test REJECT\n");
            make("lmdb", "aliases-lmdb");
            make("cdb", "access");
            assert!(waiting::until_true(20, || answer("jane") == "250 2.1.5 Ok" && answer("blocked") == "250 2.1.5 Ok"));
            assert!(answer("joe").starts_with("550 5.1.1 "), "{}", answer("joe"));
            if server.is_postfix() {
                return;
            }
            // A file that was copied half is no empty table.
            let whole = std::fs::read(conf.join("aliases-lmdb.lmdb")).expect("the file");
            std::fs::write(conf.join("aliases-lmdb.lmdb"), &whole[..5000]).expect("cut");
            assert!(waiting::until_true(20, || answer("nobody").starts_with("451 4.3.0 ")), "{}", answer("nobody"));
            std::fs::write(conf.join("aliases-lmdb.lmdb"), &whole).expect("whole again");
            assert!(waiting::until_true(20, || answer("jane") == "250 2.1.5 Ok"));
        });
    });
}
