//! How long the migration takes on simulated clusters of several sizes; the cost of a client must stay flat.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use lab_hcl::Source;
use lab_workflow::{RunOptions, Scenario};

fn migration(criterion: &mut Criterion) {
    let embedded = scenarios::find(scenarios::DEFAULT).expect("it comes with the lab");
    let scenario = Scenario::read(&Source::new(embedded.path, embedded.text)).expect("it can be read");
    let mut group = criterion.benchmark_group("migration");
    group.sample_size(10).warm_up_time(Duration::from_millis(500));
    for (servers, clients) in [(3, 3), (5, 20), (5, 200)] {
        let options = RunOptions { servers: Some(servers), clients: Some(clients), ..RunOptions::default() };
        group.bench_function(BenchmarkId::from_parameter(format!("{servers}+{clients}")), |bencher| {
            bencher.iter(|| {
                let outcome =
                    lab_fleet::simulate(&scenario, &options, &mut |_| {}).expect("it can be planned");
                assert!(outcome.verdict.holds(), "{:#?}", outcome.verdict);
                black_box(outcome)
            });
        });
    }
    group.finish();
}

criterion_group!(benches, migration);
criterion_main!(benches);
