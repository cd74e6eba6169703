//! The real clock and the operating system's randomness behind `hook::Services`.

use std::{
    fs::File,
    io::Read,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

/// The machine's clocks.
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    pub fn start() -> Self {
        Self { start: Instant::now() }
    }
}

impl hook::Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }
}

/// random(4). Reads ahead, so that one number is not one system call.
pub struct SystemRandomness {
    ahead: Mutex<Ahead>,
}

struct Ahead {
    source: File,
    bytes: [u8; 512],
    used: usize,
}

impl SystemRandomness {
    /// Opens the device; it can only fail where /dev is missing.
    pub fn open() -> std::io::Result<Self> {
        let ahead = Ahead { source: File::open("/dev/urandom")?, bytes: [0; 512], used: 512 };
        Ok(Self { ahead: Mutex::new(ahead) })
    }
}

impl hook::Randomness for SystemRandomness {
    fn number(&self) -> u64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill(&self, bytes: &mut [u8]) {
        let mut ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        for byte in bytes {
            if ahead.used == ahead.bytes.len() {
                let Ahead { source, bytes, used } = &mut *ahead;
                source
                    .read_exact(bytes)
                    .expect("urandom(4): a read of up to 256 bytes and more never fails once it is open");
                *used = 0;
            }
            *byte = ahead.bytes[ahead.used];
            // A number given out must not stay in memory for a second reader.
            let at = ahead.used;
            ahead.bytes[at] = 0;
            ahead.used += 1;
        }
    }
}
