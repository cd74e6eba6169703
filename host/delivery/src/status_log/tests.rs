use mail::Status;

use super::*;
use crate::testing;

#[test]
fn delays_as_format_tv_writes_them() {
    let cases = [
        (0, "0"),
        (900, "0"),
        (5_000, "0.01"),
        (12_345, "0.01"),
        (100_000, "0.1"),
        (123_456, "0.12"),
        (994_999, "0.99"),
        (995_000, "1"),
        (1_040_000, "1"),
        (1_250_000, "1.3"),
        (9_960_000, "10"),
        (12_300_000, "12"),
        (123_400_000, "123"),
        (99_999_999, "100"),
    ];
    for (micros, expected) in cases {
        assert_eq!(format_delay(Duration::from_micros(micros), 2), expected, "{micros} us");
    }
    assert_eq!(format_delay(Duration::from_micros(1_234), 6), "0.0012");
    assert_eq!(format_delay(Duration::from_micros(123_456), 0), "0");
}

fn line(change: impl FnOnce(&mut Request, &mut Attempt)) -> String {
    let mut request = testing::request("example.com", &["a b@example.com"], b"");
    request.active_since = request.arrival + Duration::from_millis(250);
    let mut attempt = Attempt::from(RecipientStatus::new(Outcome::Delivered, Status::success(0, 0), "250 Ok"));
    attempt.status.relay = "mx.example.com[192.0.2.1]:25".to_string();
    (attempt.status.connect_seconds, attempt.status.transmit_seconds) = (0.5, 1.0);
    change(&mut request, &mut attempt);
    let recipient = request.recipients[0].clone();
    let now = request.arrival + Duration::from_secs(3);
    let word = word(request.probe, attempt.status.outcome);
    status_line(&request, &recipient, &attempt, word, 2, now)
}

#[test]
fn lines_as_postfix_writes_them() {
    let plain = line(|_, _| {});
    let expected = "4ABC: to=<\"a b\"@example.com>, relay=mx.example.com[192.0.2.1]:25, delay=3, \
                    delays=0.25/1.3/0.5/1, dsn=2.0.0, status=sent (250 Ok)";
    assert_eq!(plain, expected);

    let reused = line(|request, attempt| {
        request.recipients[0].address = "b@example.com".into();
        request.recipients[0].original = "A@example.com".into();
        attempt.earlier_uses = 1;
        attempt.status.outcome = Outcome::Deferred;
        attempt.status.status = Status::temporary(4, 1);
    });
    assert!(
        reused.contains(
            "to=<b@example.com>, orig_to=<A@example.com>, relay=mx.example.com[192.0.2.1]:25, conn_use=2, delay"
        ),
        "{reused}"
    );
    assert!(reused.ends_with("dsn=4.4.1, status=deferred (250 Ok)"), "{reused}");

    let same = line(|request, attempt| {
        request.recipients[0].original = "A B@EXAMPLE.com".into();
        attempt.status.outcome = Outcome::Bounced;
        attempt.status.relay = String::new();
        request.probe = true;
    });
    assert!(same.contains("to=<\"a b\"@example.com>, relay=smtp, delay=3"), "{same}");
    assert!(same.contains("status=undeliverable ("), "{same}");
}

#[tokio::test]
async fn soft_bounce_defers() {
    let config = testing::config("soft_bounce = yes");
    let request = testing::request("x", &["a@b"], b"");
    let bounced = RecipientStatus::new(Outcome::Bounced, Status::permanent(1, 1), "no");
    let statuses = testing::status_log(&config).finish(&request, vec![bounced.into()], SystemTime::now()).await;
    assert_eq!((statuses[0].outcome, statuses[0].status), (Outcome::Deferred, Status::temporary(1, 1)));
}

#[tokio::test]
async fn what_a_probe_shows() {
    let words = |main_cf: &str| {
        let log = testing::status_log(&testing::config(main_cf));
        [Outcome::Delivered, Outcome::Deferred, Outcome::Bounced].map(|outcome| log.word(true, outcome))
    };
    assert_eq!(words(""), ["deliverable", "undeliverable", "undeliverable"]);
    let not_cached = "undeliverable-but-not-cached";
    assert_eq!(words("address_verify_negative_cache = no"), ["deliverable", not_cached, not_cached]);
    let mut request = testing::request("x", &["a@b"], b"");
    request.probe = true;
    let bounced = RecipientStatus::new(Outcome::Bounced, Status::permanent(1, 1), "no");
    let log = testing::status_log(&testing::config("soft_bounce = yes"));
    let statuses = log.finish(&request, vec![bounced.into()], SystemTime::now()).await;
    assert_eq!((statuses[0].outcome, statuses[0].status), (Outcome::Bounced, Status::permanent(1, 1)));
}

#[tokio::test]
#[allow(clippy::type_complexity)]
async fn nexthop_is_the_answer() {
    use crate::{Discard, ErrorAgent};
    use hook::Delivery;
    let config = testing::config("");
    let log = || testing::status_log(&config);
    let agents: [(Box<dyn Delivery>, &str, Outcome, &str, &str); 5] = [
        (Box::new(Discard::new(log(), testing::clock())), "example.com", Outcome::Delivered, "2.0.0", "example.com"),
        (Box::new(ErrorAgent::new("error", log(), testing::clock())), "5.1.2 gone", Outcome::Bounced, "5.1.2", "gone"),
        (Box::new(ErrorAgent::new("error", log(), testing::clock())), "4.1.2 odd", Outcome::Bounced, "5.0.0", "odd"),
        (Box::new(ErrorAgent::new("error", log(), testing::clock())), "no code", Outcome::Bounced, "5.0.0", "no code"),
        (Box::new(ErrorAgent::new("retry", log(), testing::clock())), "4.4.1 dead", Outcome::Deferred, "4.4.1", "dead"),
    ];
    for (agent, nexthop, outcome, status, text) in agents {
        let statuses = agent.deliver(testing::request(nexthop, &["a@b", "c@d"], b"")).await;
        assert_eq!(statuses.len(), 2);
        let one = &statuses[1];
        let got = (one.outcome, one.status.to_string(), one.text.as_str(), one.relay.as_str());
        assert_eq!(got, (outcome, status.to_string(), text, "none"), "{nexthop}");
    }
}

#[tokio::test]
async fn a_plugin_is_kept_honest() {
    use hook::{BoxFuture, Delivery};
    struct Plugin(Vec<RecipientStatus>);
    impl Delivery for Plugin {
        fn deliver(&self, _: Request) -> BoxFuture<'_, Vec<RecipientStatus>> {
            Box::pin(std::future::ready(self.0.clone()))
        }
    }
    let config = testing::config("");
    let run = |statuses| {
        crate::Wasm::new(std::sync::Arc::new(Plugin(statuses)), testing::status_log(&config), testing::clock())
    };
    let mut forged = RecipientStatus::new(Outcome::Deferred, Status::success(0, 0), "x\n4ABC: status=sent");
    forged.relay = "a, status=sent".to_string();
    let statuses = run(vec![forged]).deliver(testing::request("x", &["a@b"], b"")).await;
    let one = &statuses[0];
    assert_eq!(one.status, Status::temporary(0, 0), "the outcome decides the class");
    assert_eq!((one.text.as_str(), one.relay.as_str()), ("x 4ABC: status=sent", "a__status=sent"));
    let short = run(Vec::new()).deliver(testing::request("x", &["a@b", "c@d"], b"")).await;
    let outcomes: Vec<_> = short.iter().map(|one| (one.outcome, one.status.to_string())).collect();
    assert_eq!(outcomes, vec![(Outcome::Deferred, "4.3.0".to_string()); 2]);
}
