//! The wakeup and maxproc columns of master.cf.

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use waxwing_tests::{
    client::Client,
    server::Server,
    sink::{Answer, Sink},
    waiting,
};

use crate::{deliver, instance::Instance, scenario};

const ZONE: &str = "elsewhere.test A 10.1.1.2\n";

/// The wakeup column of its pickup says so. A second entry would not do: Postfix starts the first one before it comes to it.
fn woken(server: &Server, name: &str, main: &str, wakeup: &str) -> Instance {
    let instance = Instance::beside(server, name, main, "");
    let path = instance.conf().join("master.cf");
    let text = fs::read_to_string(&path).expect("master.cf");
    let changed = text.replace("pickup unix n - n 1 1 pickup", &format!("pickup unix n - n {wakeup} 1 pickup"));
    assert_ne!(text, changed, "the entry of pickup");
    fs::write(&path, changed).expect("master.cf");
    instance
}

/// With that entry of pickup, and a message that lies in maildrop without pickup having been told.
struct Waiting {
    instance: Instance,
    sink: Sink,
}

impl Waiting {
    fn with_wakeup(server: &Server, wakeup: &str) -> Self {
        let sink = Sink::listen("127.0.0.1:2525");
        let main = "myhostname = mx.test\ndefault_transport = smtp:[127.0.0.1]:2525\n";
        // Left while the server is down, and put back while it runs.
        let instance = woken(server, "pickup", main, wakeup);
        instance.start();
        assert!(instance.postfix("stop"), "stops\n{}", instance.log());
        instance.sendmail(Some("a@mx.test"), "b@elsewhere.test");
        let waiting = Self { instance, sink };
        let kept = waiting.instance.directory.join("kept");
        let file = waiting.dropped();
        fs::rename(&file, &kept).expect("moved away");
        waiting.instance.start();
        thread::sleep(Duration::from_secs(2));
        fs::rename(&kept, &file).expect("moved back");
        waiting
    }

    fn dropped(&self) -> PathBuf {
        let maildrop = self.instance.directory.join("spool/maildrop");
        let find = || fs::read_dir(&maildrop).ok()?.flatten().next();
        let found = waiting::until(10, find).unwrap_or_else(|| panic!("nothing in maildrop\n{}", self.instance.log()));
        found.path()
    }

    fn arrives_within(&self, seconds: u64) -> bool {
        waiting::until_true(seconds, || !self.sink.messages().is_empty())
    }

    fn kick(&self) {
        self.instance.says("postkick", &["public", "pickup", "W"]);
    }
}

#[test]
fn pickup_wakes_every_wakeup() {
    scenario(ZONE, |server, _| {
        let waiting = Waiting::with_wakeup(server, "3");
        assert!(waiting.arrives_within(6), "{}", waiting.instance.log());
    });
}

#[test]
fn without_wakeup_pickup_waits_to_be_asked() {
    scenario(ZONE, |server, _| {
        let waiting = Waiting::with_wakeup(server, "0");
        assert!(!waiting.arrives_within(6), "taken without being asked\n{}", waiting.instance.log());
        waiting.kick();
        assert!(waiting.arrives_within(5), "{}", waiting.instance.log());
    });
}

#[test]
fn a_wakeup_with_a_question_mark_begins_with_the_first_use() {
    scenario(ZONE, |server, _| {
        let waiting = Waiting::with_wakeup(server, "2?");
        assert!(!waiting.arrives_within(6), "taken before its first use\n{}", waiting.instance.log());
        let file = waiting.dropped();
        let kept = waiting.instance.directory.join("kept");
        fs::copy(&file, &kept).expect("copied");
        let facts = fs::metadata(&file).expect("it exists");
        fs::set_permissions(&kept, facts.permissions()).expect("chmod");
        use std::os::unix::fs::{MetadataExt, chown};
        chown(&kept, Some(facts.uid()), Some(facts.gid())).expect("chown");
        waiting.kick();
        assert!(waiting.arrives_within(5), "{}", waiting.instance.log());
        // Taken once, it is in use: the next one is not asked for.
        assert!(waiting::until_true(5, || !file.exists()));
        fs::rename(&kept, &file).expect("moved back");
        let second = waiting::until_true(6, || waiting.sink.messages().len() == 2);
        assert!(second, "{}", waiting.instance.log());
    });
}

#[test]
fn local_mail_waits_for_no_wakeup() {
    scenario(ZONE, |server, _| {
        let sink = Sink::listen("127.0.0.1:2525");
        let main = "myhostname = mx.test\ndefault_transport = smtp:[127.0.0.1]:2525\n";
        for wakeup in ["60", "0"] {
            let before = sink.messages().len();
            let instance = woken(server, &format!("now{wakeup}"), main, wakeup);
            instance.start();
            thread::sleep(Duration::from_secs(1));
            instance.sendmail(Some("a@mx.test"), "b@elsewhere.test");
            let sent = waiting::until_true(5, || sink.messages().len() > before);
            assert!(sent, "wakeup {wakeup}\n{}", instance.log());
        }
    });
}

#[test]
fn mail_left_while_the_server_was_down_is_taken_at_start() {
    scenario(ZONE, |server, _| {
        let sink = Sink::listen("127.0.0.1:2525");
        let main = "myhostname = mx.test\ndefault_transport = smtp:[127.0.0.1]:2525\n";
        let instance = woken(server, "down", main, "600");
        instance.start();
        assert!(instance.postfix("stop"), "stops\n{}", instance.log());
        instance.sendmail(Some("a@mx.test"), "b@elsewhere.test");
        instance.start();
        assert!(waiting::until_true(10, || sink.messages().len() == 1), "{}", instance.log());
    });
}

fn greets(client: &mut Client, seconds: u64) -> String {
    client.set_patience(Duration::from_secs(seconds));
    client.reply()
}

#[test]
fn sessions_over_maxproc_wait_for_a_place() {
    scenario(ZONE, |server, _| {
        server.main_cf("inet_interfaces = 127.0.0.1, 192.0.2.1\n");
        server.master = "2588 inet n - n - 2 smtpd\n".to_string();
        server.start();
        // The limit is the entry's, whichever address a client comes to.
        let connect = |to: &str| Client::between("127.0.0.1", to).expect("connected");
        let mut first = connect("127.0.0.1:2588");
        assert_eq!(greets(&mut first, 10), "220 mx.test ESMTP");
        let mut second = connect("192.0.2.1:2588");
        assert_eq!(greets(&mut second, 10), "220 mx.test ESMTP");
        let mut third = connect("127.0.0.1:2588");
        assert_eq!(greets(&mut third, 2), "<silent>");
        first.quit();
        assert_eq!(greets(&mut third, 10), "220 mx.test ESMTP");
        server.logged(&[
            "/master[",
            "warning: service \"2588\" (2588) has reached its process limit \"2\": new clients may experience noticeable delays",
        ]);
        server.logged(&["warning: to avoid this condition, increase the process count in master.cf or reduce"]);
        server.logged(&["warning: see http://www.postfix.org/STRESS_README.html for examples of stress-adapting"]);
    });
}

/// Counts deliveries under way, each of which takes a while.
fn slow(address: &str, now: &Arc<AtomicU32>, most: &Arc<AtomicU32>) -> Sink {
    let sink = Sink::listen(address);
    let (now, most) = (now.clone(), most.clone());
    sink.script(move |stage, _| {
        match stage {
            "MAIL" => {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            }
            "." => {
                thread::sleep(Duration::from_millis(700));
                now.fetch_sub(1, Ordering::SeqCst);
            }
            _ => {}
        }
        None::<Answer>
    });
    sink
}

#[test]
fn deliveries_over_maxproc_wait_for_a_place() {
    scenario(ZONE, |server, _| {
        let counters = || (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let ((one, one_most), (two, two_most)) = (counters(), counters());
        let next_hops: Vec<Sink> = (1..=4)
            .flat_map(|host| {
                [
                    slow(&format!("10.5.0.{host}:2525"), &one, &one_most),
                    slow(&format!("10.6.0.{host}:2525"), &two, &two_most),
                ]
            })
            .collect();
        let routes = |transport: &str, net: u32| -> String {
            (1..=4).map(|host| format!("{transport}{host}.test {transport}:[10.{net}.0.{host}]:2525\n")).collect()
        };
        server.table("transport", &format!("{}{}", routes("one", 5), routes("two", 6)));
        server.main_cf("transport_maps = hash:$config_directory/transport\n");
        server.master = "one unix - - n - 1 smtp\ntwo unix - - n - 2 smtp\n".to_string();
        server.start();
        for host in 1..=4 {
            for transport in ["one", "two"] {
                deliver(server, "127.0.0.1", "a@mx.test", &format!("joe@{transport}{host}.test"));
            }
        }
        let all = || next_hops.iter().map(|sink| sink.messages().len()).sum::<usize>() == 8;
        assert!(waiting::until_true(30, all), "{}", server.log_end());
        let most = (one_most.load(Ordering::SeqCst), two_most.load(Ordering::SeqCst));
        assert_eq!(most, (1, 2), "deliveries at the same time");
    });
}
