//! Which server is asked when, with servers that are numbers.

use std::sync::atomic::{AtomicU64, AtomicUsize};

use super::*;

/// Time that stands still until it is moved, in seconds.
#[derive(Default)]
struct Time(AtomicU64);

impl hook::Clock for Time {
    fn now(&self) -> std::time::SystemTime {
        std::time::SystemTime::UNIX_EPOCH
    }
    fn monotonic(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::Relaxed))
    }
}

/// Answers with the number of the server and of the connection.
#[derive(Default)]
struct Numbers {
    down: [AtomicBool; 3],
    /// Connections that stop working after they were made.
    hangs_up: AtomicBool,
    made: AtomicUsize,
}

impl Client for Numbers {
    type Connection = (usize, usize);
    type Question = str;
    type Answer = (usize, usize);

    fn connect(&self, server: usize) -> BoxFuture<'_, Result<(usize, usize), String>> {
        Box::pin(async move {
            if self.down[server].load(Ordering::Relaxed) {
                return Err(format!("server {server} is down"));
            }
            Ok((server, self.made.fetch_add(1, Ordering::Relaxed)))
        })
    }

    fn ask<'a>(
        &'a self,
        connection: &'a mut (usize, usize),
        question: &'a str,
    ) -> BoxFuture<'a, Result<(usize, usize), Trouble>> {
        Box::pin(async move {
            match question {
                "bad" => Err(Trouble::Query("syntax error".to_string())),
                "slow" => std::future::pending().await,
                _ if self.hangs_up.swap(false, Ordering::Relaxed) => Err(Trouble::Server("hung up".to_string())),
                _ => Ok(*connection),
            }
        })
    }
}

struct Scene {
    servers: Arc<Servers<Numbers>>,
    time: Arc<Time>,
    warnings: Arc<Mutex<Vec<String>>>,
}

fn scene(preferred: [bool; 3], order: Order) -> Scene {
    let (mut environment, warnings) = crate::test_environment::environment(true);
    let time = Arc::new(Time::default());
    environment.clock = time.clone();
    let names = (0..3).map(|n| (format!("server {n}"), preferred[n])).collect();
    let servers = Servers::new(Numbers::default(), names, order, Duration::from_millis(50), &environment);
    Scene { servers, time, warnings }
}

impl Scene {
    fn down(&self, server: usize, down: bool) {
        self.servers.client.down[server].store(down, Ordering::Relaxed);
    }
    fn wait(&self, seconds: u64) {
        self.time.0.fetch_add(seconds, Ordering::Relaxed);
    }
    async fn ask(&self) -> Result<(usize, usize), TableError> {
        self.servers.ask("good").await
    }
}

#[tokio::test]
async fn a_connection_is_used_again_until_it_was_idle_for_a_minute() {
    let scene = scene([false; 3], Order::Given);
    assert_eq!(scene.ask().await, Ok((0, 0)));
    assert_eq!(scene.ask().await, Ok((0, 0)));
    scene.wait(61);
    assert_eq!(scene.ask().await, Ok((0, 1)));
}

#[tokio::test]
async fn a_connection_that_went_stale_is_replaced_without_blame() {
    let scene = scene([false; 3], Order::Given);
    assert_eq!(scene.ask().await, Ok((0, 0)));
    scene.servers.client.hangs_up.store(true, Ordering::Relaxed);
    assert_eq!(scene.ask().await, Ok((0, 1)));
    assert!(scene.warnings.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_server_that_failed_is_left_alone_for_a_minute() {
    let scene = scene([false; 3], Order::Given);
    scene.down(0, true);
    assert_eq!(scene.ask().await, Ok((1, 0)));
    assert_eq!(*scene.warnings.lock().unwrap(), ["server 0: server 0 is down"]);
    scene.down(0, false);
    scene.wait(59);
    assert_eq!(scene.ask().await, Ok((1, 0)));
    scene.wait(61);
    assert_eq!(scene.ask().await.map(|(server, _)| server), Ok(0));
}

#[tokio::test]
async fn without_any_server_it_is_an_error_and_soon_tried_again() {
    let scene = scene([false; 3], Order::Given);
    (0..3).for_each(|server| scene.down(server, true));
    assert_eq!(scene.ask().await, Err(TableError::Temporary("server 2 is down".to_string())));
    (0..3).for_each(|server| scene.down(server, false));
    assert_eq!(scene.ask().await, Err(TableError::Temporary("no server could be reached".to_string())), "not at once");
    scene.wait(1);
    assert_eq!(scene.ask().await.map(|(server, _)| server), Ok(0));
}

#[tokio::test]
async fn local_sockets_come_first() {
    let scene = scene([false, true, false], Order::Random);
    assert_eq!(scene.ask().await.map(|(server, _)| server), Ok(1));
    scene.wait(61);
    scene.down(1, true);
    assert_ne!(scene.ask().await.map(|(server, _)| server), Ok(1));
}

#[tokio::test]
async fn a_refused_query_and_a_slow_one() {
    let scene = scene([false; 3], Order::Given);
    assert_eq!(scene.servers.ask("bad").await, Err(TableError::Temporary("syntax error".to_string())));
    assert_eq!(scene.ask().await, Ok((0, 0)), "the connection is still good");
    assert_eq!(scene.servers.ask("slow").await, Err(TableError::Temporary("no answer in time".to_string())));
}
