//! S18: all of a domain in one mailbox, by regular expression.

use waxwing_tests::{client::ask, server::Server, users::Users, waiting};

use crate::{deliver, scenario_with_users};

const ZONE: &str = "virtual.test A 10.1.8.1\n";

fn host(server: &mut Server, users: &Users, patterns: &str) {
    server.table("aliases", "postmaster: joe\n");
    server.table("virtual", "exact@virtual.test jane\n");
    server.table("virtual_regexp", patterns);
    let local = users.main_cf();
    server.main_cf(&format!(
        "{local}recipient_delimiter = +
virtual_maps = hash:$config_directory/virtual, regexp:$config_directory/virtual_regexp
local_recipient_maps = proxy:unix:passwd.byname $alias_maps
"
    ));
    server.start();
}

const PATTERNS: &str = "/^virtual\\.test$/ whatever\n/^(.*)@virtual\\.test$/ joe+$1\n";

#[test]
fn s18_1_any_name_is_joes() {
    scenario_with_users(ZONE, |server, users| {
        host(server, users, PATTERNS);
        deliver(server, "198.51.100.9", "a@virtual.test", "any.name@virtual.test");
        assert!(waiting::until_true(20, || !users.mailbox("joe").is_empty()), "{}", server.log_end());
        let text = users.mailbox("joe");
        let lines =
            "Return-Path: <a@virtual.test>\nX-Original-To: any.name@virtual.test\nDelivered-To: joe+any.name@mx.test\n";
        assert!(text.contains(lines), "{text}");
    });
}

#[test]
fn s18_2_without_the_first_pattern_the_domain_is_foreign() {
    scenario_with_users(ZONE, |server, users| {
        host(server, users, "/^(.*)@virtual\\.test$/ joe+$1\n");
        let reply = ask("198.51.100.9", server.port, "a@virtual.test", "x@virtual.test");
        assert!(reply.ends_with("<x@virtual.test>: Relay access denied"), "{reply}");
    });
}

#[test]
fn s18_3_earlier_tables_win() {
    scenario_with_users(ZONE, |server, users| {
        host(server, users, PATTERNS);
        deliver(server, "198.51.100.9", "a@virtual.test", "exact@virtual.test");
        assert!(waiting::until_true(20, || !users.mailbox("jane").is_empty()), "{}", server.log_end());
        assert_eq!(users.mailbox("joe"), "");
    });
}

#[test]
fn s18_4_postmap_shows_the_result() {
    scenario_with_users(ZONE, |server, users| {
        host(server, users, PATTERNS);
        let table = format!("regexp:{}/virtual_regexp", server.conf().display());
        let output = server.command("postmap", &["-q", "joe2@virtual.test", &table]);
        assert_eq!(String::from_utf8_lossy(&output.stdout), "joe+joe2\n", "{output:?}");
    });
}

#[test]
fn s18_5_an_extension_stays() {
    scenario_with_users(ZONE, |server, users| {
        host(server, users, PATTERNS);
        deliver(server, "198.51.100.9", "a@virtual.test", "user+ext@virtual.test");
        assert!(waiting::until_true(20, || !users.mailbox("joe").is_empty()), "{}", server.log_end());
        let text = users.mailbox("joe");
        assert!(text.contains("\nDelivered-To: joe+user+ext@mx.test\n"), "{text}");
    });
}
