//! Places for deliveries: each destination (transport and nexthop, Postfix's "queue") has a window, each transport its
//! process limit. A request waits for its destination first, so that a slow destination takes no place of the transport.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use queue::Reason;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
    time::Instant,
};

use crate::{feedback::Window, settings::TransportLimits};

/// All destinations mail is under way to.
#[derive(Default)]
pub struct Destinations {
    transports: Mutex<HashMap<String, Arc<Transport>>>,
}

/// One transport's places.
struct Transport {
    limits: TransportLimits,
    processes: Arc<Semaphore>,
    destinations: Mutex<HashMap<String, Destination>>,
    /// transport_rate_delay: the next delivery starts no earlier.
    next_start: Mutex<Option<Instant>>,
}

struct Destination {
    window: Window,
    busy: u32,
    waiting: VecDeque<oneshot::Sender<Result<Place, Reason>>>,
    /// Left alone until then, and why.
    dead: Option<(Instant, Reason)>,
    next_start: Option<Instant>,
}

/// A place to deliver; dropping it gives it back.
pub struct Place {
    transport: Arc<Transport>,
    nexthop: String,
    process: Option<OwnedSemaphorePermit>,
    news: Option<(News, Duration)>,
}

/// What a delivery showed of its destination.
#[derive(Debug)]
pub enum News {
    Reached,
    /// Nobody answered; the reason is told to those who wait.
    OutOfReach(Reason),
}

impl Destinations {
    /// Waits for a place. `Err`: the destination is left alone for now, and why.
    pub async fn place(&self, transport: &str, nexthop: &str, limits: &TransportLimits) -> Result<Place, Reason> {
        let transport = self.transport(transport, limits);
        let mut place = match transport.join(nexthop) {
            Join::Go(place) => place,
            Join::Dead(reason) => return Err(reason),
            Join::Wait(turn) => turn.await.unwrap_or_else(|_| Err(stopping()))?,
        };
        if let Some(start) = transport.start_time(nexthop) {
            tokio::time::sleep_until(start).await;
        }
        place.process = Some(transport.processes.clone().acquire_owned().await.map_err(|_| stopping())?);
        Ok(place)
    }

    /// Tries all destinations again: flush.
    pub fn revive(&self) {
        for transport in lock(&self.transports).values() {
            for destination in lock(&transport.destinations).values_mut() {
                destination.dead = None;
            }
        }
    }

    fn transport(&self, name: &str, limits: &TransportLimits) -> Arc<Transport> {
        let mut transports = lock(&self.transports);
        if let Some(known) = transports.get(name).filter(|t| t.limits == *limits) {
            return known.clone();
        }
        // New, or its limits changed by a reload: deliveries under way finish under the old ones.
        let made = Arc::new(Transport {
            limits: limits.clone(),
            processes: Arc::new(Semaphore::new(limits.processes.min(Semaphore::MAX_PERMITS))),
            destinations: Mutex::default(),
            next_start: Mutex::default(),
        });
        transports.insert(name.to_string(), made.clone());
        made
    }
}

fn stopping() -> Reason {
    Reason::new(mail::Status::temporary(3, 2), "mail system is stopping")
}

enum Join {
    Go(Place),
    Wait(oneshot::Receiver<Result<Place, Reason>>),
    Dead(Reason),
}

impl Transport {
    fn join(self: &Arc<Self>, nexthop: &str) -> Join {
        let mut destinations = lock(&self.destinations);
        let destination = destinations.entry(nexthop.to_string()).or_insert_with(|| Destination {
            window: Window::new(self.limits.initial_concurrency),
            busy: 0,
            waiting: VecDeque::new(),
            dead: None,
            next_start: None,
        });
        match &destination.dead {
            Some((until, reason)) if *until > Instant::now() => return Join::Dead(reason.clone()),
            Some(_) => {
                // Its time is over: it starts again like a new one.
                destination.dead = None;
                destination.window = Window::new(self.limits.initial_concurrency);
            }
            None => {}
        }
        if destination.busy < self.window(destination) {
            destination.busy += 1;
            return Join::Go(self.place(nexthop));
        }
        let (sender, turn) = oneshot::channel();
        destination.waiting.push_back(sender);
        Join::Wait(turn)
    }

    fn window(&self, destination: &Destination) -> u32 {
        match self.limits.concurrency {
            0 => destination.window.size(),
            limit => destination.window.size().min(limit),
        }
    }

    fn place(self: &Arc<Self>, nexthop: &str) -> Place {
        Place { transport: self.clone(), nexthop: nexthop.to_string(), process: None, news: None }
    }

    /// When this delivery may start, by the rate delays; reserves that time.
    fn start_time(&self, nexthop: &str) -> Option<Instant> {
        let reserve = |next: &mut Option<Instant>, delay: Duration| {
            if delay.is_zero() {
                return None;
            }
            let start = next.map_or_else(Instant::now, |at| at.max(Instant::now()));
            *next = Some(start + delay);
            Some(start)
        };
        let by_transport = reserve(&mut lock(&self.next_start), self.limits.transport_rate_delay);
        let by_destination = lock(&self.destinations)
            .get_mut(nexthop)
            .and_then(|destination| reserve(&mut destination.next_start, self.limits.destination_rate_delay));
        by_transport.max(by_destination)
    }

    fn give_back(self: &Arc<Self>, nexthop: &str, news: Option<(News, Duration)>) {
        let mut refused = Vec::new();
        let mut admitted = Vec::new();
        {
            let mut destinations = lock(&self.destinations);
            let Some(destination) = destinations.get_mut(nexthop) else { return };
            destination.busy -= 1;
            match news {
                Some((News::Reached, _)) => destination.window.succeeded(self.limits.positive, self.limits.concurrency),
                Some((News::OutOfReach(reason), dead_time))
                    if destination.window.failed(self.limits.negative, self.limits.failed_cohorts) =>
                {
                    refused.extend(destination.waiting.drain(..).map(|waiting| (waiting, reason.clone())));
                    destination.dead = Some((Instant::now() + dead_time, reason));
                }
                Some((News::OutOfReach(_), _)) | None => {}
            }
            while destination.busy < self.window(destination)
                && let Some(next) = destination.waiting.pop_front()
            {
                destination.busy += 1;
                admitted.push(next);
            }
            let idle = destination.busy == 0 && destination.dead.is_none() && destination.next_start.is_none();
            if idle {
                // As in Postfix, a destination without mail is forgotten with its window.
                destinations.remove(nexthop);
            }
        }
        for (waiting, reason) in refused {
            // Whoever no longer waits needs no reason.
            let _ = waiting.send(Err(reason));
        }
        for waiting in admitted {
            // A place nobody waits for anymore comes back here when it is dropped, and goes to the next one.
            drop(waiting.send(Ok(self.place(nexthop))));
        }
    }
}

impl Place {
    /// Gives the place back with what was learned. A destination that failed too often is left alone for `dead_time`.
    pub fn done(mut self, news: News, dead_time: Duration) {
        self.news = Some((news, dead_time));
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.process = None;
        let news = self.news.take();
        self.transport.clone().give_back(&self.nexthop, news);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feedback::Feedback;

    const MINUTE: Duration = Duration::from_secs(60);

    fn limits(initial: u32, concurrency: u32, processes: usize) -> TransportLimits {
        TransportLimits {
            processes,
            concurrency,
            recipients: 50,
            initial_concurrency: initial,
            positive: Feedback::Fixed(1.0),
            negative: Feedback::Fixed(1.0),
            failed_cohorts: 1,
            destination_rate_delay: Duration::ZERO,
            transport_rate_delay: Duration::ZERO,
        }
    }

    async fn is_waiting<T>(future: impl Future<Output = T>) -> bool {
        tokio::time::timeout(Duration::from_millis(50), future).await.is_err()
    }

    #[tokio::test(start_paused = true)]
    async fn window_and_process_limit() {
        let all = Destinations::default();
        let limits = limits(2, 3, 3);
        let a = all.place("smtp", "x", &limits).await.expect("free");
        let b = all.place("smtp", "x", &limits).await.expect("free");
        assert!(is_waiting(all.place("smtp", "x", &limits)).await, "the initial window is 2");
        a.done(News::Reached, MINUTE);
        let c = all.place("smtp", "x", &limits).await.expect("the place given back");
        let d = all.place("smtp", "x", &limits).await.expect("the window has grown to 3");
        assert!(is_waiting(all.place("smtp", "y", &limits)).await, "three processes are the limit of the transport");
        drop((b, c, d));
        all.place("smtp", "y", &limits).await.expect("free again");
    }

    #[tokio::test(start_paused = true)]
    async fn a_dead_destination_answers_at_once_until_its_time_is_over() {
        let all = Destinations::default();
        let limits = limits(1, 20, 100);
        let first = all.place("smtp", "x", &limits).await.expect("free");
        let second = all.place("smtp", "x", &limits);
        tokio::pin!(second);
        assert!(is_waiting(&mut second).await);
        first.done(News::OutOfReach(Reason::new(mail::Status::temporary(4, 1), "refused")), MINUTE);
        assert_eq!(second.await.err().map(|r| r.text), Some("refused".to_string()));
        assert!(all.place("smtp", "x", &limits).await.is_err());
        all.place("smtp", "other", &limits).await.expect("others are not concerned");
        tokio::time::advance(MINUTE * 2).await;
        all.place("smtp", "x", &limits).await.expect("tried again");
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_given_to_one_who_left_goes_to_the_next() {
        let all = Destinations::default();
        let limits = limits(1, 1, 100);
        let first = all.place("smtp", "x", &limits).await.expect("free");
        let mut left = Box::pin(all.place("smtp", "x", &limits));
        assert!(is_waiting(&mut left).await);
        let mut stays = Box::pin(all.place("smtp", "x", &limits));
        assert!(is_waiting(&mut stays).await);
        drop(left);
        drop(first);
        stays.await.expect("the next in line");
    }

    #[tokio::test(start_paused = true)]
    async fn rate_delay_spaces_deliveries() {
        let all = Destinations::default();
        let limits = TransportLimits { destination_rate_delay: MINUTE, ..limits(5, 1, 100) };
        let begin = Instant::now();
        for _ in 0..3 {
            all.place("smtp", "x", &limits).await.expect("free").done(News::Reached, MINUTE);
        }
        assert!(begin.elapsed() >= MINUTE * 2, "{:?}", begin.elapsed());
    }
}
