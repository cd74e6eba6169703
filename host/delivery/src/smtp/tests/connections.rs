//! Which sessions are kept, reused and closed.

use std::time::Duration;

use super::*;

/// Two messages over one connection, then QUIT.
fn two_messages() -> Vec<Act> {
    let mut script = accepted(EHLO);
    script.push(say("250 one\r\n"));
    script.extend([Expect("MAIL"), Expect("RCPT"), Expect("DATA"), say("250 ok\r\n250 ok\r\n354 go\r\n"), Content]);
    script.push(say("250 two\r\n"));
    script
}

#[tokio::test]
async fn a_listed_destination_keeps_its_session() {
    let (address, server) = server([two_messages(), vec![Expect("QUIT")]].concat()).await;
    let main_cf = format!("smtp_connection_cache_destinations = {}", at(address));
    let agent = agent(&main_cf, Zone::default(), FakeTables::default());
    for expected in ["250 one", "250 two"] {
        let statuses = agent.deliver(testing::request(&at(address), &["r@d.test"], MESSAGE)).await;
        assert_eq!(statuses[0].text, expected);
    }
    // smtp_connection_cache_time_limit closes it.
    let closed = tokio::time::timeout(Duration::from_secs(5), server).await.expect("QUIT comes in time");
    closed.expect("the script fits");
}

#[tokio::test]
async fn on_demand_a_lone_message_ends_its_session_and_a_busy_destination_does_not() {
    let lone = [accepted(EHLO), vec![say("250 ok\r\n"), Expect("QUIT"), Close]].concat();
    let (address, server) = server([lone, two_messages(), vec![Expect("QUIT")]].concat()).await;
    let agent = plain_agent();
    for _ in 0..3 {
        let statuses = agent.deliver(testing::request(&at(address), &["r@d.test"], MESSAGE)).await;
        assert_eq!(statuses[0].outcome, Outcome::Delivered, "{}", statuses[0].text);
    }
    server.await.expect("the script fits");
}

#[tokio::test]
async fn a_session_that_died_while_idle_costs_nothing() {
    for death in [vec![], vec![say("421 4.4.2 idle\r\n")], vec![Reset]] {
        let first = [accepted(EHLO), vec![say("250 one\r\n")], death, vec![Close]].concat();
        let second = [accepted(EHLO), vec![say("250 two\r\n")]].concat();
        let (address, server) = server([first, second].concat()).await;
        let main_cf = format!("smtp_connection_cache_destinations = {}", at(address));
        let agent = agent(&main_cf, Zone::default(), FakeTables::default());
        for expected in ["250 one", "250 two"] {
            let statuses = agent.deliver(testing::request(&at(address), &["r@d.test"], MESSAGE)).await;
            assert_eq!(statuses[0].text, expected);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        drop(agent);
        server.await.expect("the script fits");
    }
}

#[tokio::test]
async fn a_session_that_closes_on_mail_is_replaced() {
    // The server goes away only when it is spoken to.
    let first =
        [accepted(EHLO), vec![say("250 one\r\n"), Expect("MAIL"), Expect("RCPT"), Expect("DATA"), Close]].concat();
    let second = [accepted(EHLO), vec![say("250 two\r\n")]].concat();
    let (address, server) = server([first, second].concat()).await;
    let main_cf = format!("smtp_connection_cache_destinations = {}", at(address));
    let agent = agent(&main_cf, Zone::default(), FakeTables::default());
    for expected in ["250 one", "250 two"] {
        let statuses = agent.deliver(testing::request(&at(address), &["r@d.test"], MESSAGE)).await;
        assert_eq!(statuses[0].text, expected);
    }
    drop(agent);
    server.await.expect("the script fits");
}

#[tokio::test]
async fn a_refused_envelope_is_cleared_before_the_next_message() {
    let mut script = hello(PLAIN_EHLO);
    script.extend([
        Expect("MAIL"),
        say("250 ok\r\n"),
        Expect("RCPT"),
        say("550 5.1.1 no\r\n"),
        Expect("RSET"),
        say("250 ok\r\n"),
    ]);
    script.extend([Expect("MAIL"), say("550 5.7.1 no\r\n"), Expect("RSET"), say("250 ok\r\n")]);
    let (address, server) = server(script).await;
    let main_cf = format!("smtp_connection_cache_destinations = {}", at(address));
    let agent = agent(&main_cf, Zone::default(), FakeTables::default());
    for expected in ["5.1.1", "5.7.1"] {
        let statuses = agent.deliver(testing::request(&at(address), &["r@d.test"], MESSAGE)).await;
        assert_eq!(statuses[0].status.to_string(), expected, "{}", statuses[0].text);
    }
    drop(agent);
    server.await.expect("the script fits");
}

#[tokio::test]
async fn use_count_and_421_end_a_session() {
    for (main_cf, answer) in
        [("smtp_connection_reuse_count_limit = 1\n", "250 ok\r\n"), ("", "421 4.3.2 going down\r\n")]
    {
        let one = [accepted(EHLO), vec![say(answer), Close]].concat();
        let (address, server) = server([one.clone(), one[..one.len() - 1].to_vec()].concat()).await;
        let main_cf = format!("{main_cf}smtp_connection_cache_destinations = {}", at(address));
        let agent = agent(&main_cf, Zone::default(), FakeTables::default());
        for _ in 0..2 {
            agent.deliver(testing::request(&at(address), &["r@d.test"], MESSAGE)).await;
        }
        server.await.expect("the script fits");
    }
}
