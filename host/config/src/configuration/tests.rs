use std::time::Duration;

use crate::{Config, parameters};

mod rows {
    crate::parameters! {
        CLIENT_LIMIT: Count = "client_limit", "${stress?{1}:{50}}", min = 1;
        CLIENT_WAIT: Time = "client_wait", "2", unit = m;
        REPLY_TEXT: Raw = "reply_text", "$rbl_code blocked";
        CONCURRENCY_LIMIT: Count = "_concurrency_limit", "$default_concurrency_limit", template;
        LOCAL_CONCURRENCY_LIMIT: Count = "local_concurrency_limit", "2";
        DEFAULT_CONCURRENCY_LIMIT: Count = "default_concurrency_limit", "20";
    }
}

const MASTER: &str = "\
smtp inet n - n - - smtpd
  -o client_limit=7
  -o syslog_name=postfix/$service_name
  -o greeting=$word
  -o word=hello
slow unix - - n - - smtp
local unix - n n - - local
cleanup unix n - n - 0 cleanup
";

fn config(main_cf: &str) -> Config {
    Config::from_texts(main_cf, MASTER, "", &[rows::PARAMETERS]).unwrap()
}

#[test]
fn values_come_typed() {
    let config = config("client_wait = 5\nsoft_bounce = YES\ninet_interfaces = 127.0.0.1, ::1\nreply_text = $code no");
    assert_eq!(config.get(&rows::CLIENT_LIMIT), 50);
    assert_eq!(config.get(&rows::CLIENT_WAIT), Duration::from_secs(300));
    assert!(config.get(&parameters::SOFT_BOUNCE));
    assert_eq!(config.get(&parameters::INET_INTERFACES), ["127.0.0.1", "::1"]);
    assert_eq!(config.get(&parameters::MESSAGE_SIZE_LIMIT), 10_240_000);
    assert_eq!(config.get(&rows::REPLY_TEXT), "$code no", "a raw value is not expanded");
    assert_eq!(config.text("reply_text").as_deref(), Some("$code no"));
}

#[test]
fn set_and_default_are_told_apart() {
    let config = config("myorigin = $mydomain\nmydomain = example.org\nown = 1");
    assert_eq!(config.text("myorigin").as_deref(), Some("example.org"));
    assert_eq!(config.raw("myorigin"), Some("$mydomain"));
    assert_eq!(config.place("myorigin").unwrap().line, 1);
    assert!(config.is_set("own") && !config.is_set("mydestination"));
    assert_eq!((config.raw("mydestination"), config.place("mydestination")), (None, None));
    assert_eq!(config.default_text("mydestination").as_deref(), Some("$myhostname, localhost.$mydomain, localhost"));
    assert_eq!(config.text("no_such_name"), None);
    assert_eq!(config.names_set().collect::<Vec<_>>(), ["myorigin", "mydomain", "own"]);
    assert_eq!(config.expand("<$own>").unwrap(), "<1>");
    assert!(config.expand("${own").is_err());
}

#[test]
fn a_service_sees_its_overrides() {
    let base = config("word = goodbye");
    let smtp = base.service(&base.master()[0]);
    assert_eq!((base.get(&rows::CLIENT_LIMIT), smtp.get(&rows::CLIENT_LIMIT)), (50, 7));
    assert_eq!(smtp.text("greeting").as_deref(), Some("hello"));
    assert_eq!(smtp.text("syslog_name").as_deref(), Some("postfix/smtp"));
    assert_eq!(smtp.raw("client_limit"), Some("7"));
    assert_eq!(smtp.place("client_limit").unwrap().to_string(), "/etc/waxwing/master.cf, line 1");
    assert_eq!(base.text("greeting"), None);
    assert_eq!(base.text("word").as_deref(), Some("goodbye"));
}

#[test]
fn stress_changes_what_depends_on_it() {
    let config = config("");
    let stressed = config.with_overrides(&[("stress".to_string(), "yes".to_string())]);
    assert_eq!(stressed.get(&rows::CLIENT_LIMIT), 1);
    assert_eq!(config.get(&rows::CLIENT_LIMIT), 50);
}

#[test]
fn an_override_that_spoils_a_value_counts_as_not_given() {
    let config = config("client_limit = 30\nclient_wait = $wait${wait:4m}");
    let broken = config.with_overrides(&[
        ("client_limit".to_string(), "none".to_string()),
        ("wait".to_string(), "long".to_string()),
        ("soft_bounce".to_string(), String::new()),
    ]);
    assert_eq!(broken.get(&rows::CLIENT_LIMIT), 30);
    assert_eq!(broken.get(&rows::CLIENT_WAIT), Duration::from_secs(240));
    assert!(!broken.get(&parameters::SOFT_BOUNCE));
}

#[test]
fn a_row_the_configuration_does_not_know_still_has_its_default() {
    let config = Config::from_text("client_wait = never", &[]).unwrap();
    assert_eq!(config.get(&rows::CLIENT_WAIT), Duration::from_secs(120));
    assert_eq!(config.get(&rows::CLIENT_LIMIT), 50);
}

#[test]
fn templates_belong_to_services() {
    let config = config("slow_concurrency_limit = 3\ndefault_concurrency_limit = 9\ncleanup_concurrency_limit = 4");
    assert_eq!(config.get_for("slow", &rows::CONCURRENCY_LIMIT), 3);
    assert_eq!(config.get_for("another", &rows::CONCURRENCY_LIMIT), 9);
    assert_eq!(config.get_for("local", &rows::CONCURRENCY_LIMIT), 2, "a row of that name is the default");
    assert_eq!(config.text("slow_concurrency_limit").as_deref(), Some("3"));
    let names: Vec<String> = config.template_names().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["slow_concurrency_limit"]);
    let unused: Vec<String> = config.unused().iter().map(ToString::to_string).collect();
    assert!(
        unused.contains(&"/etc/waxwing/main.cf: unused parameter: cleanup_concurrency_limit=4".to_string()),
        "{unused:?}"
    );
    assert!(!unused.iter().any(|text| text.contains("slow_")), "{unused:?}");
}
