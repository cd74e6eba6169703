use std::path::Path;

use crate::{Config, Interface, Machine};

fn machine() -> Machine {
    let interface = |address: &str, prefix| Interface { address: address.parse().unwrap(), prefix };
    let interfaces = vec![
        interface("127.0.0.1", 8),
        interface("172.16.5.9", 20),
        interface("172.16.5.10", 20),
        interface("192.0.2.200", 32),
        interface("::1", 128),
        interface("2001:db8:1::5", 64),
    ];
    let hosts = vec![("mail.example.com".to_string(), vec!["172.16.5.9".parse().unwrap()])];
    Machine { host_name: "mail".to_string(), interfaces, hosts }
}

fn mynetworks(main_cf: &str) -> String {
    let directory = tempfile::TempDir::new().unwrap();
    std::fs::write(directory.path().join("main.cf"), main_cf).unwrap();
    let loaded = Config::load_on(Path::new(directory.path()), &[], machine()).unwrap();
    loaded.config.text("mynetworks").unwrap()
}

#[test]
fn the_style_decides() {
    let subnet = "127.0.0.0/8 172.16.0.0/20 192.0.2.200/32 [::1]/128 [2001:db8:1::]/64";
    assert_eq!(mynetworks("mynetworks_style = subnet"), subnet);
    assert_eq!(mynetworks("compatibility_level = 0"), subnet);
    let class = "127.0.0.0/8 172.16.0.0/16 192.0.2.0/24 [::1]/128 [2001:db8:1::]/64";
    assert_eq!(mynetworks("mynetworks_style = class"), class);
    let host = "127.0.0.1/32 172.16.5.9/32 172.16.5.10/32 192.0.2.200/32 [::1]/128 [2001:db8:1::5]/128";
    assert_eq!(mynetworks("mynetworks_style = host"), host);
    assert_eq!(mynetworks("compatibility_level = 2"), host);
}

#[test]
fn only_own_interfaces_and_protocols_count() {
    assert_eq!(mynetworks("inet_interfaces = loopback-only"), "127.0.0.0/8 [::1]/128");
    assert_eq!(mynetworks("inet_interfaces = loopback-only\ninet_protocols = ipv6"), "[::1]/128");
    assert_eq!(mynetworks("inet_interfaces = mail.example.com, [::1]"), "172.16.0.0/20 [::1]/128");
    assert_eq!(mynetworks("inet_interfaces = 203.0.113.7"), "");
    assert_eq!(mynetworks("mynetworks = 10.0.0.0/8"), "10.0.0.0/8");
}
