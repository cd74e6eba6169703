use std::time::Duration;

use waxwing_sdk::{Facts, Verdict, dns::RecordType, reply, testing::Host};

use super::{GREYLIST, PLUGIN};

fn host() -> Host {
    Host::new().client("192.0.2.1", "mx.test").sender("me@a.test").recipient("you@b.test")
}

fn wait(seconds: u64) -> Verdict {
    let text = format!("<you@b.test>: Recipient address rejected: Greylisted, please come back in {seconds} seconds");
    Verdict::DeferIfPermit(reply(450, "4.7.1", text))
}

#[test]
fn a_newcomer_passes_when_it_comes_back() {
    let mut host = host();
    assert_eq!(host.check(&GREYLIST, ""), wait(300));
    host.wait(Duration::from_secs(100));
    assert_eq!(host.check(&GREYLIST, ""), wait(200), "too early");
    host.wait(Duration::from_secs(200));
    assert_eq!(host.check(&GREYLIST, ""), Verdict::Dunno);
    host.wait(Duration::from_secs(20 * 86_400));
    assert_eq!(host.check(&GREYLIST, ""), Verdict::Dunno, "known for five weeks");
    host.wait(Duration::from_secs(36 * 86_400));
    assert_eq!(host.check(&GREYLIST, ""), wait(300), "forgotten");
}

#[test]
fn a_neighbour_in_the_same_network_may_come_back_for_it() {
    let mut host = host();
    assert_eq!(host.check(&GREYLIST, ""), wait(300));
    host.wait(Duration::from_secs(300));
    let mut host = host.client("192.0.2.77", "mx2.test");
    assert_eq!(host.check(&GREYLIST, ""), Verdict::Dunno);
    let mut host = host.client("192.0.3.1", "mx.else.test");
    assert_eq!(host.check(&GREYLIST, ""), wait(300), "another network");
}

#[test]
fn the_allow_list_and_a_login_open_the_door() {
    let mut listed = host().dns("1.2.0.192.list.dnswl.org", RecordType::A, &["127.0.5.1"]);
    assert_eq!(listed.check(&GREYLIST, ""), Verdict::Dunno);
    let mut own = host().facts(Facts::AUTHENTICATED);
    assert_eq!(own.check(&GREYLIST, ""), Verdict::Dunno);
    let mut local = host().client("127.0.0.1", "localhost");
    assert_eq!(local.check(&GREYLIST, ""), wait(300));
    assert!(local.lookups().is_empty(), "no list has 127.0.0.1: {:?}", local.lookups());
}

#[test]
fn an_address_too_long_to_remember_is_not_kept_out() {
    let mut host = host().sender(&("x".repeat(300) + "@a.test"));
    assert_eq!(host.check(&GREYLIST, ""), Verdict::Dunno);
    assert_eq!(host.warnings(), ["greylist is off: StoreError::TooBig"]);
}

#[test]
fn it_is_found_under_its_name() {
    assert!(PLUGIN.restriction("greylist").is_some());
}
