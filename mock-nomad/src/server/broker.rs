//! A leader's queue of evaluations: which wait, which are being worked on, which come later, which found no room.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use lab_world::{Clock, Entropy};
use time::OffsetDateTime;
use tokio::sync::Notify;

use crate::structs::Evaluation;

/// How long a worker may take before its evaluation is given to another.
const WORK_LIMIT: Duration = Duration::from_secs(60);
/// How long an evaluation that failed waits before it is tried again.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// The queue. Only a leader's is enabled.
pub(super) struct Broker {
    clock: Clock,
    state: Mutex<State>,
    /// Wakes the leader's own worker.
    own: Notify,
    /// Wakes workers of other servers, when the leader's own is busy.
    others: Notify,
    /// Wakes the timer.
    timer: Notify,
}

#[derive(Default)]
struct State {
    enabled: bool,
    order: u64,
    /// By falling priority, then first come, first served.
    ready: BTreeMap<(i64, u64), Arc<Evaluation>>,
    /// The ids of what is in `ready`.
    ready_ids: BTreeSet<String>,
    /// One evaluation of a job is worked on at a time; the others wait here.
    deferred: BTreeMap<(String, String), VecDeque<Arc<Evaluation>>>,
    /// Jobs with an evaluation in `ready` or in work.
    busy: BTreeSet<(String, String)>,
    in_work: BTreeMap<String, Work>,
    later: BTreeMap<(OffsetDateTime, String), Arc<Evaluation>>,
    blocked: BTreeMap<String, Arc<Evaluation>>,
    own_waiting: usize,
}

struct Work {
    evaluation: Arc<Evaluation>,
    token: String,
    until: OffsetDateTime,
}

impl Broker {
    pub(super) fn new(clock: &Clock) -> Self {
        Self {
            clock: clock.clone(),
            state: Mutex::default(),
            own: Notify::new(),
            others: Notify::new(),
            timer: Notify::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic while queueing")
    }

    /// Begins or ends to keep a queue; it begins empty.
    pub(super) fn set_enabled(&self, enabled: bool) {
        let own_waiting = self.state().own_waiting;
        *self.state() = State { enabled, own_waiting, ..State::default() };
        // Those who wait find out that there is nothing to wait for.
        self.own.notify_waiters();
        self.others.notify_waiters();
        self.timer.notify_one();
    }

    pub(super) fn is_enabled(&self) -> bool {
        self.state().enabled
    }

    /// Takes an evaluation where it belongs by its status.
    pub(super) fn take(&self, evaluation: &Arc<Evaluation>) {
        let mut state = self.state();
        if !state.enabled {
            return;
        }
        match evaluation.status.as_str() {
            "blocked" => {
                state.blocked.insert(evaluation.id.clone(), Arc::clone(evaluation));
            }
            "pending" => match evaluation.wait_until.0.filter(|until| *until > self.clock.now()) {
                Some(until) => {
                    state.later.insert((until, evaluation.id.clone()), Arc::clone(evaluation));
                    self.timer.notify_one();
                }
                None => self.enqueue(&mut state, Arc::clone(evaluation)),
            },
            _ => {
                state.blocked.remove(&evaluation.id);
            }
        }
    }

    fn enqueue(&self, state: &mut State, evaluation: Arc<Evaluation>) {
        if state.in_work.contains_key(&evaluation.id) || state.ready_ids.contains(&evaluation.id) {
            return;
        }
        let job = (evaluation.namespace.clone(), evaluation.job_id.clone());
        if !state.busy.insert(job.clone()) {
            state.deferred.entry(job).or_default().push_back(evaluation);
            return;
        }
        state.order += 1;
        let place = (-evaluation.priority, state.order);
        state.ready_ids.insert(evaluation.id.clone());
        state.ready.insert(place, evaluation);
        self.wake(state);
    }

    fn wake(&self, state: &State) {
        if state.own_waiting > 0 {
            self.own.notify_one();
        } else {
            self.others.notify_one();
        }
    }

    /// What found no room may try again.
    pub(super) fn unblock(&self) {
        let mut state = self.state();
        for (_, evaluation) in std::mem::take(&mut state.blocked) {
            let pending = Evaluation { status: "pending".to_owned(), ..Evaluation::clone(&evaluation) };
            self.enqueue(&mut state, Arc::new(pending));
        }
    }

    /// The next evaluation of one of these types, with the token that proves who works on it. `None` after `limit`,
    /// or when this server stops leading. A leader's `own` worker comes before those of other servers, so that one
    /// that went away without a word takes nothing with it.
    pub(super) async fn dequeue(
        &self,
        types: &[String],
        own: bool,
        limit: Duration,
        ids: &Entropy,
    ) -> Option<(Arc<Evaluation>, String)> {
        let deadline = self.clock.now() + limit;
        loop {
            let wakes = if own { &self.own } else { &self.others };
            let notified = wakes.notified();
            {
                let mut state = self.state();
                if !state.enabled {
                    return None;
                }
                if let Some(found) = self.pick(&mut state, types, ids) {
                    return Some(found);
                }
                state.own_waiting += usize::from(own);
            }
            let waiting = Waiting { broker: self, own };
            let woken = tokio::select! {
                biased;
                () = notified => true,
                () = self.clock.sleep_until(deadline) => false,
            };
            drop(waiting);
            if !woken {
                return None;
            }
        }
    }

    fn pick(&self, state: &mut State, types: &[String], ids: &Entropy) -> Option<(Arc<Evaluation>, String)> {
        let place = *state.ready.iter().find(|(_, evaluation)| types.contains(&evaluation.kind))?.0;
        let evaluation = state.ready.remove(&place)?;
        state.ready_ids.remove(&evaluation.id);
        let token = ids.uuid();
        let until = self.clock.now() + WORK_LIMIT;
        let work = Work { evaluation: Arc::clone(&evaluation), token: token.clone(), until };
        state.in_work.insert(evaluation.id.clone(), work);
        self.timer.notify_one();
        if !state.ready.is_empty() {
            self.wake(state);
        }
        Some((evaluation, token))
    }

    /// Whether `token` proves that its holder works on the evaluation.
    pub(super) fn check(&self, id: &str, token: &str) -> Result<(), String> {
        match self.state().in_work.get(id) {
            None => Err("evaluation is not outstanding".to_owned()),
            Some(work) if work.token != token => Err("evaluation token does not match".to_owned()),
            Some(_) => Ok(()),
        }
    }

    /// The evaluation is done.
    pub(super) fn ack(&self, id: &str, token: &str) -> Result<(), String> {
        self.check(id, token)?;
        self.release(&mut self.state(), id);
        Ok(())
    }

    /// The evaluation could not be done: it is tried again a little later.
    pub(super) fn nack(&self, id: &str, token: &str) -> Result<(), String> {
        self.check(id, token)?;
        self.put_back(&mut self.state(), id);
        Ok(())
    }

    fn put_back(&self, state: &mut State, id: &str) {
        if let Some(evaluation) = self.release(state, id) {
            state.later.insert((self.clock.now() + RETRY_DELAY, id.to_owned()), evaluation);
            self.timer.notify_one();
        }
    }

    fn release(&self, state: &mut State, id: &str) -> Option<Arc<Evaluation>> {
        let evaluation = state.in_work.remove(id)?.evaluation;
        let job = (evaluation.namespace.clone(), evaluation.job_id.clone());
        state.busy.remove(&job);
        match state.deferred.get_mut(&job).and_then(VecDeque::pop_front) {
            Some(next) => self.enqueue(state, next),
            None => drop(state.deferred.remove(&job)),
        }
        Some(evaluation)
    }

    /// Lets delayed evaluations in when their time comes, and takes those back whose worker takes too long.
    pub(super) async fn run_timer(&self) {
        loop {
            let notified = self.timer.notified();
            let next = {
                let mut state = self.state();
                self.due(&mut state);
                let later = state.later.keys().next().map(|(until, _)| *until);
                later.into_iter().chain(state.in_work.values().map(|work| work.until)).min()
            };
            match next {
                None => notified.await,
                Some(next) => tokio::select! {
                    biased;
                    () = notified => {}
                    () = self.clock.sleep_until(next) => {}
                },
            }
        }
    }

    fn due(&self, state: &mut State) {
        let now = self.clock.now();
        while let Some(entry) = state.later.first_entry().filter(|entry| entry.key().0 <= now) {
            let evaluation = entry.remove();
            self.enqueue(state, evaluation);
        }
        let late: Vec<String> =
            state.in_work.iter().filter(|(_, work)| work.until <= now).map(|(id, _)| id.clone()).collect();
        late.iter().for_each(|id| self.put_back(state, id));
    }
}

/// Counts the leader's own worker as waiting for as long as it lives.
struct Waiting<'broker> {
    broker: &'broker Broker,
    own: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.own {
            self.broker.state().own_waiting -= 1;
        }
    }
}

#[cfg(test)]
mod unit {
    use super::*;
    use lab_world::{DEFAULT_EPOCH, Simulation};

    fn evaluation(id: &str, job: &str, priority: i64) -> Arc<Evaluation> {
        Arc::new(Evaluation {
            id: id.into(),
            job_id: job.into(),
            priority,
            kind: "service".into(),
            status: "pending".into(),
            ..Evaluation::default()
        })
    }

    fn run(work: impl AsyncFnOnce(&Broker, &Simulation)) {
        Simulation::run(1, DEFAULT_EPOCH, async |world| {
            let broker = Broker::new(world.clock());
            broker.set_enabled(true);
            work(&broker, world).await;
        });
    }

    async fn next(broker: &Broker, world: &Simulation) -> Option<(Arc<Evaluation>, String)> {
        broker.dequeue(&["service".to_owned()], true, Duration::from_millis(1), world.entropy()).await
    }

    #[test]
    fn urgent_first_and_one_at_a_time_for_a_job() {
        run(async |broker, world| {
            broker.take(&evaluation("1", "app", 50));
            broker.take(&evaluation("2", "app", 90));
            broker.take(&evaluation("3", "web", 70));
            let (first, _) = next(broker, world).await.expect("waiting");
            let (second, token) = next(broker, world).await.expect("waiting");
            assert_eq!((first.id.as_str(), second.id.as_str()), ("3", "1"));
            assert!(next(broker, world).await.is_none(), "the job is being worked on");
            assert_eq!(broker.ack("1", "wrong"), Err("evaluation token does not match".to_owned()));
            broker.ack("1", &token).expect("the right token");
            assert_eq!(next(broker, world).await.expect("waiting").0.id, "2");
        });
    }

    #[test]
    fn late_workers_lose_their_evaluation() {
        run(async |broker, world| {
            broker.take(&evaluation("1", "app", 50));
            let (_, token) = next(broker, world).await.expect("waiting");
            tokio::select! {
                biased;
                () = broker.run_timer() => {}
                () = world.clock().sleep(Duration::from_secs(70)) => {}
            }
            assert_eq!(broker.ack("1", &token), Err("evaluation is not outstanding".to_owned()));
            assert_eq!(next(broker, world).await.expect("again").0.id, "1");
        });
    }

    #[test]
    fn blocked_ones_come_back() {
        run(async |broker, world| {
            let blocked =
                Evaluation { status: "blocked".into(), ..Evaluation::clone(&evaluation("1", "app", 50)) };
            broker.take(&Arc::new(blocked));
            assert!(next(broker, world).await.is_none());
            broker.unblock();
            assert_eq!(next(broker, world).await.expect("unblocked").0.status, "pending");
            broker.set_enabled(false);
            assert!(next(broker, world).await.is_none());
        });
    }
}
