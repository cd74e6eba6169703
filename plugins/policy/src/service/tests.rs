use waxwing_sdk::testing::Host;

use super::*;

fn read(argument: &str) -> Result<Service, String> {
    Host::new().run(|| Service::read(argument).and_then(|service| service.check().map(|()| service)))
}

#[test]
fn alone_it_has_the_defaults() {
    let service = read("inet:127.0.0.1:9998").expect("a server");
    assert_eq!((service.endpoint.as_str(), service.server()), ("inet:127.0.0.1:9998", "127.0.0.1:9998"));
    assert_eq!((service.timeout, service.max_idle), (Duration::from_secs(100), Duration::from_secs(300)));
    assert_eq!((service.max_ttl, service.retry_delay), (Duration::from_secs(1000), Duration::from_secs(1)));
    assert_eq!((service.request_limit, service.try_limit), (0, 2));
    assert_eq!(service.default_action, "451 4.3.5 Server configuration problem");
    assert_eq!(read("unix:private/policy").expect("a server").server(), "private/policy");
}

#[test]
fn settings_in_braces() {
    let written = "{ inet:host:1, timeout=10s, try_limit=3\n retry_delay=2m,request_limit=5 max_idle=1h max_ttl=7
        { default_action = 451 4.3.5 See http://www.example.com/ } {policy_context=a {b}, c} }";
    let service = read(written).expect("a server with settings");
    assert_eq!(service.endpoint, "inet:host:1");
    assert_eq!((service.timeout, service.retry_delay), (Duration::from_secs(10), Duration::from_secs(120)));
    assert_eq!((service.max_idle, service.max_ttl), (Duration::from_secs(3600), Duration::from_secs(7)));
    assert_eq!((service.try_limit, service.request_limit), (3, 5));
    assert_eq!(service.default_action, "451 4.3.5 See http://www.example.com/");
    assert_eq!(service.policy_context, "a {b}, c");
}

#[test]
fn mistakes_say_what_they_are() {
    for (argument, text) in [
        ("{ }", "empty policy service"),
        ("{ inet:a:1", "missing '}'"),
        ("{ inet:a:1, bogus=1 }", "unknown attribute name: bogus"),
        ("{ inet:a:1, timeout }", "missing '='"),
        ("{ inet:a:1, timeout=soon }", "bad value in timeout=soon"),
        ("{ inet:a:1, timeout=0 }", "smtpd_policy_service_timeout"),
        ("{ inet:a:1, try_limit=0 }", "smtpd_policy_service_try_limit"),
        ("{ inet:a:1, try_limit=-1 }", "bad value in try_limit=-1"),
        ("127.0.0.1:9998", "bad server \"127.0.0.1:9998\""),
        ("inet:host:", "bad server"),
        ("unix:", "bad server"),
    ] {
        let error = read(argument).expect_err(argument);
        assert!(error.starts_with(text), "{argument}: {error}");
    }
}

#[test]
fn parameters_are_read() {
    let mut host = Host::new()
        .parameter("smtpd_policy_service_timeout", "5s")
        .parameter("smtpd_policy_service_try_limit", "4")
        .parameter("smtpd_policy_service_policy_context", "submission");
    let service = host.run(|| Service::read("unix:p")).expect("a server");
    assert_eq!((service.timeout, service.try_limit), (Duration::from_secs(5), 4));
    assert_eq!(service.policy_context, "submission");
}
