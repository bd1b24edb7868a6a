//! Service checks of Nomad's own provider: they run as long as their allocation does, and what they found is kept with
//! it for those who ask, for its health and for `check_restart`.

mod definition;
mod http;
mod query;
mod restart;
mod result;

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use lab_world::Tasks;

use self::definition::Check;
use self::result::Finding;
pub(super) use self::result::Results;
use super::Client;
use super::runner::Runner;

/// Runs the checks of an allocation until it is over, or nobody wants it any more.
pub(super) async fn watch(client: Weak<Client>, runner: Runner) {
    let mut running = Running::default();
    let mut changed = runner.changes();
    loop {
        changed.borrow_and_update();
        let is_over = runner.is_stopping() || runner.is_over();
        let wanted = match client.upgrade() {
            None => return,
            Some(_) if is_over => Vec::new(),
            Some(strong) => definition::of(&strong, &runner),
        };
        running.settle(&client, &runner, wanted);
        if changed.changed().await.is_err() {
            return;
        }
    }
}

/// The checks that run, by their ids.
#[derive(Default)]
struct Running {
    observers: BTreeMap<String, Tasks>,
    /// Those that restart tasks, and what watches over them.
    restarting: (Vec<restart::Rule>, Tasks),
}

impl Running {
    /// Stops what is no longer wanted, and starts what is new.
    fn settle(&mut self, client: &Weak<Client>, runner: &Runner, wanted: Vec<Check>) {
        let results = runner.checks();
        self.observers.retain(|id, _| wanted.iter().any(|check| check.id == *id));
        results.retain(|id| self.observers.contains_key(id));
        let rules: Vec<restart::Rule> = wanted.iter().filter_map(restart::Rule::of).collect();
        if rules != self.restarting.0 {
            let scope = Tasks::new();
            if !rules.is_empty() {
                scope.spawn(restart::watch(client.clone(), runner.clone(), rules.clone()));
            }
            self.restarting = (rules, scope);
        }
        for check in wanted {
            if self.observers.contains_key(&check.id) {
                continue;
            }
            let Some(now) = client.upgrade().map(|client| client.parts.host.clock.unix()) else { return };
            results.begin(check.result(&Finding::pending(), now));
            let scope = Tasks::new();
            let id = check.id.clone();
            scope.spawn(observe(client.clone(), runner.clone(), Arc::new(check)));
            self.observers.insert(id, scope);
        }
    }
}

/// Runs one check again and again: first after half of its interval, which is neither too early nor too late.
async fn observe(client: Weak<Client>, runner: Runner, check: Arc<Check>) {
    let Some(host) = client.upgrade().map(|client| client.parts.host.clone()) else { return };
    host.clock.sleep(check.interval / 2).await;
    loop {
        let began = host.clock.unix();
        let Some(finding) = query::ask(&client, &runner, &host, &check).await else { return };
        runner.checks().replace(check.result(&finding, began));
        host.clock.sleep(check.interval).await;
    }
}
