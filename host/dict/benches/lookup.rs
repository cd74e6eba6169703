//! The lookups of every message: mynetworks, relay_domains, an access table, a virtual alias table.

use std::{hint::black_box, sync::Arc, time::Duration};

use config::{Config, Machine};
use criterion::{Criterion, criterion_group, criterion_main};
use dict::{Environment, Tables};
use hook::{Lookup, SearchOrder, Tables as _};

struct System(std::time::Instant);

impl hook::Clock for System {
    fn now(&self) -> std::time::SystemTime {
        std::time::SystemTime::now()
    }
    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
}

impl hook::Randomness for System {
    fn number(&self) -> u64 {
        0
    }
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

fn now<T>(lookup: Lookup<'_, T>) -> T {
    match lookup {
        Lookup::Now(answer) => answer.expect("no error"),
        Lookup::Later(_) => panic!("answered at once"),
    }
}

fn lookups(bench: &mut Criterion) {
    let rows = [config::parameters::PARAMETERS, dict::parameters::PARAMETERS];
    let main_cf = "compatibility_level = 3.6\nmyhostname = mx.example.org\nmydomain = example.org\n\
        mynetworks = 127.0.0.0/8 10.0.0.0/8 [::1]/128\nrelay_domains = a.example, b.example, c.example\nalias_maps =\n\
        alias_database =\ninet_interfaces = 127.0.0.1\n";
    let config = Config::from_text(main_cf, &rows).expect("main.cf");
    let system = Arc::new(System(std::time::Instant::now()));
    let environment = Environment {
        clock: system.clone(),
        randomness: system,
        warn: Arc::new(|_| {}),
        utf8: true,
        plugin_tables: None,
    };
    let tables = Tables::new(&config, &Machine::default(), environment, None).expect("tables");
    let file = tempfile::NamedTempFile::new().expect("file");
    std::fs::write(file.path(), (0..10_000).map(|n| format!("host{n}.example OK\n")).collect::<String>())
        .expect("file");
    let hash = format!("hash:{}", file.path().display());
    let patterns = "pcre:{{/^spam/ REJECT}, {/^(.*)@bulk\\.example$/ REJECT $1}}";
    for set in [&*hash, patterns] {
        tables.open(set).expect("opens");
    }
    bench.bench_function("mynetworks: no", |b| {
        b.iter(|| now(tables.match_host("mynetworks", black_box("client.example"), black_box("192.0.2.1"))))
    });
    bench.bench_function("relay_domains: yes", |b| {
        b.iter(|| now(tables.match_domain("relay_domains", black_box("sub.c.example"))))
    });
    bench.bench_function("mydestination: no", |b| {
        b.iter(|| now(tables.match_domain("mydestination", black_box("sub.c.example"))))
    });
    bench.bench_function("hash, one key", |b| {
        b.iter(|| now(tables.find(SearchOrder::Exact, &hash, black_box("host77.example"))))
    });
    bench.bench_function("hash, sender access", |b| {
        b.iter(|| now(tables.find(SearchOrder::Mailbox, &hash, black_box("user@mail.sub.example.net"))))
    });
    bench.bench_function("pcre, two patterns", |b| {
        b.iter(|| now(tables.find(SearchOrder::Exact, patterns, black_box("user@bulk.example"))))
    });
}

criterion_group!(benches, lookups);
criterion_main!(benches);
