//! The one place where events enter the timeline, and everything that must see them does.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard};

use lab_world::Clock;
use time::OffsetDateTime;

use crate::invariant::{Secrets, Watched};
use crate::knowledge::Knowledge;
use crate::scenario::Plan;
use crate::timeline::{Entry, Event, Timeline};
use crate::verdict::Finding;

/// Records events: shows each to the invariants, to what is known, and to whoever follows the run.
pub(crate) struct Recorder<'a> {
    clock: Clock,
    secrets: Secrets,
    state: Mutex<State>,
    follow: &'a Follow<'a>,
}

/// Whoever follows the run entry by entry.
pub(crate) type Follow<'a> = dyn Fn(&Entry) + Send + Sync + 'a;

struct State {
    timeline: Timeline,
    step: String,
    watched: Vec<Watched>,
    knowledge: Knowledge,
}

impl<'a> Recorder<'a> {
    /// An empty timeline of a plan.
    pub(crate) fn new(plan: &Plan, clock: &Clock, follow: &'a Follow<'a>) -> Self {
        let secrets: Secrets = Arc::default();
        let state = State {
            timeline: Timeline::new(),
            step: "setup".to_owned(),
            watched: Watched::all(plan, &secrets),
            knowledge: Knowledge::new(plan.topology.clients),
        };
        Self { clock: clock.clone(), secrets, state: Mutex::new(state), follow }
    }

    /// Records an event at the present.
    pub(crate) fn record(&self, event: Event) {
        let now = self.clock.now();
        self.state().record(now, event, self.follow);
    }

    /// Records that the time has come: some invariants limit how long a state may last.
    pub(crate) fn tick(&self) {
        let now = self.clock.now();
        let state = &mut *self.state();
        let Some(last) = state.timeline.entries().last() else { return };
        let failed: Vec<Event> =
            state.watched.iter_mut().filter_map(|watched| watched.tick(now, last)).collect();
        failed.into_iter().for_each(|event| state.record(now, event, self.follow));
    }

    /// Names the step that what follows belongs to.
    pub(crate) fn begin_step(&self, name: &str) {
        name.clone_into(&mut self.state().step);
    }

    /// Keeps a text that must never show.
    pub(crate) fn keep_secret(&self, secret: &str) {
        self.secrets.lock().expect("no panic while keeping secrets").push(secret.to_owned());
    }

    /// Looks at what is known.
    pub(crate) fn know<T>(&self, look: impl FnOnce(&Knowledge) -> T) -> T {
        look(&self.state().knowledge)
    }

    /// Says that a machine's ports could answer otherwise now.
    pub(crate) fn touch(&self, node: &str) {
        self.state().knowledge.touched.insert(node.to_owned());
    }

    /// The machines that were touched since this was asked last.
    pub(crate) fn take_touched(&self) -> BTreeSet<String> {
        std::mem::take(&mut self.state().knowledge.touched)
    }

    /// How each invariant stands.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        self.state().watched.iter().map(Watched::finding).collect()
    }

    /// The timeline, once the run is over.
    pub(crate) fn into_timeline(self) -> Timeline {
        self.state.into_inner().expect("no panic while recording").timeline
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic while recording")
    }
}

impl State {
    fn record(&mut self, now: OffsetDateTime, event: Event, follow: &Follow<'_>) {
        let entry = self.timeline.append(now, &self.step, event);
        self.knowledge.learn(entry);
        follow(entry);
        let failed: Vec<Event> =
            self.watched.iter_mut().filter_map(|watched| watched.observe(entry)).collect();
        for event in failed {
            let entry = self.timeline.append(now, &self.step, event);
            follow(entry);
        }
    }
}
