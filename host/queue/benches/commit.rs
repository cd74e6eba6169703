//! Durable commits a second of 4 KiB messages with 1, 8 and 64 writers. The directory must lie on a real disk: set
//! TMPDIR where /tmp is memory.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot run has nothing better to do")]

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use hook::{MailLog, Randomness};
use mail::{Envelope, EnvelopeRecipient};
use queue::{Queue, Settings};

struct Fixed;

impl Randomness for Fixed {
    fn number(&self) -> u64 {
        0x9E37_79B9_7F4A_7C15
    }

    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

async fn write(queue: &Queue, content: &[u8]) {
    let now = SystemTime::now();
    let mut envelope = Envelope::new("alice@example.com", now);
    envelope.recipients.push(EnvelopeRecipient { address: "bob@example.org".to_string(), ..Default::default() });
    let mut writer = queue.create(queue.new_id(now));
    writer.write(content).await.unwrap();
    writer.commit(envelope).await.unwrap();
}

fn commits(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let content: Arc<[u8]> = vec![b'x'; 4096].into();
    let mut group = criterion.benchmark_group("commit");
    group.throughput(Throughput::Elements(1)).measurement_time(Duration::from_secs(5)).sample_size(20);
    for writers in [1u64, 8, 64] {
        let directory = tempfile::tempdir().unwrap();
        let settings = Settings::new(directory.path(), Arc::new(Fixed));
        let queue = Queue::open(settings, MailLog::new("postfix", "qmgr")).unwrap();
        let taker = queue.clone();
        let discard = runtime.spawn(async move {
            loop {
                taker.remove(taker.next_arrival().await.id);
            }
        });
        group.bench_function(format!("{writers} writers"), |bencher| {
            bencher.iter_custom(|count| {
                let start = Instant::now();
                runtime.block_on(async {
                    let tasks = (0..writers).map(|writer| {
                        let (queue, content) = (queue.clone(), content.clone());
                        let share = count / writers + u64::from(writer < count % writers);
                        tokio::spawn(async move {
                            for _ in 0..share {
                                write(&queue, &content).await;
                            }
                        })
                    });
                    for task in tasks.collect::<Vec<_>>() {
                        task.await.unwrap();
                    }
                });
                start.elapsed()
            });
        });
        discard.abort();
    }
    group.finish();
}

criterion_group!(benches, commits);
criterion_main!(benches);
