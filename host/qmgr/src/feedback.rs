//! How a destination's concurrency follows its successes and failures: SCHEDULER_README, "Concurrency feedback".

/// A feedback parameter: a number, `1/concurrency` or `1/sqrt_concurrency` (any number before the slash).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Feedback {
    Fixed(f64),
    PerConcurrency(f64),
    PerRoot(f64),
}

impl Feedback {
    /// What cannot be read counts as 1, Postfix's default.
    pub fn parse(text: &str) -> Self {
        let number = |text: &str| text.trim().parse::<f64>().ok().filter(|n| (0.0..=1.0).contains(n));
        match text.trim().split_once('/').map(|(number, what)| (number, what.trim())) {
            Some((over, "concurrency")) => number(over).map(Self::PerConcurrency),
            Some((over, "sqrt_concurrency")) => number(over).map(Self::PerRoot),
            Some(_) => None,
            None => number(text).map(Self::Fixed),
        }
        .unwrap_or(Self::Fixed(1.0))
    }

    fn at(self, window: u32) -> f64 {
        match self {
            Self::Fixed(value) => value,
            Self::PerConcurrency(value) => value / f64::from(window),
            Self::PerRoot(value) => value / f64::from(window).sqrt(),
        }
    }
}

/// A destination's concurrency window.
#[derive(Clone, Debug)]
pub struct Window {
    size: u32,
    success: f64,
    failure: f64,
    failed_cohorts: f64,
}

/// Cohorts that should add up to the limit do so in spite of rounding.
const EPSILON: f64 = 1e-6;

impl Window {
    pub fn new(initial: u32) -> Self {
        Self { size: initial.max(1), success: 0.0, failure: 0.0, failed_cohorts: 0.0 }
    }

    pub fn size(&self) -> u32 {
        self.size
    }

    /// A delivery reached the destination. `limit` 0: none.
    pub fn succeeded(&mut self, feedback: Feedback, limit: u32) {
        self.failed_cohorts = 0.0;
        if limit != 0 && self.size >= limit {
            return;
        }
        let step = feedback.at(self.size);
        self.success += step;
        // Half a step of room, so that steps that should add up to one do so in spite of rounding.
        while step > 0.0 && self.success + step / 2.0 >= 1.0 {
            self.size += 1;
            self.success -= 1.0;
            self.failure = 0.0;
            if limit != 0 && self.size >= limit {
                return;
            }
        }
    }

    /// The destination could not be reached. True: it has failed often enough to be left alone. `cohorts` 0: never.
    pub fn failed(&mut self, feedback: Feedback, cohorts: u32) -> bool {
        self.failed_cohorts += 1.0 / f64::from(self.size);
        if cohorts != 0 && self.failed_cohorts + EPSILON >= f64::from(cohorts) {
            return true;
        }
        let step = feedback.at(self.size);
        self.failure -= step;
        while self.failure - step / 2.0 < 0.0 && self.size > 1 {
            self.size -= 1;
            self.failure += 1.0;
            self.success = 0.0;
        }
        self.failure = self.failure.max(-1.0);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        assert_eq!(Feedback::parse("1"), Feedback::Fixed(1.0));
        assert_eq!(Feedback::parse("0.5/concurrency"), Feedback::PerConcurrency(0.5));
        assert_eq!(Feedback::parse("1/sqrt_concurrency"), Feedback::PerRoot(1.0));
        assert_eq!(Feedback::parse("1/moon"), Feedback::Fixed(1.0));
    }

    #[test]
    fn grows_by_one_a_success_up_to_the_limit() {
        let mut window = Window::new(5);
        for _ in 0..3 {
            window.succeeded(Feedback::Fixed(1.0), 7);
        }
        assert_eq!(window.size(), 7);
        let mut slow = Window::new(4);
        for _ in 0..4 {
            slow.succeeded(Feedback::PerConcurrency(1.0), 0);
        }
        assert_eq!(slow.size(), 5, "one whole round of successes is one step");
    }

    #[test]
    fn one_failed_cohort_is_the_end() {
        let mut window = Window::new(2);
        assert!(!window.failed(Feedback::Fixed(0.0), 1));
        assert!(window.failed(Feedback::Fixed(0.0), 1));
        let mut endless = Window::new(3);
        for _ in 0..50 {
            assert!(!endless.failed(Feedback::Fixed(1.0), 0));
        }
        assert_eq!(endless.size(), 1, "it never falls below one");
        let mut lucky = Window::new(2);
        for _ in 0..20 {
            assert!(!lucky.failed(Feedback::Fixed(0.0), 1), "a success between failures starts the count anew");
            lucky.succeeded(Feedback::Fixed(0.0), 0);
        }
    }
}
