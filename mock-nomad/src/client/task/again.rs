//! How a task that ended, or that somebody ends for that, begins again.

use std::time::Duration;

use lab_world::Ended;

use super::Life;
use crate::client::driver::Running;
use crate::client::events;
use crate::client::restart::Verdict;

impl Life {
    /// Ends it and starts it again, because somebody wants that.
    pub(super) async fn restart(&mut self, running: Running) -> Option<Option<Running>> {
        let (signal, patience) = self.manners();
        let ended = running.kill(&signal, patience).await;
        self.event(events::terminated(ended, self.clock.now()))?;
        self.restarting(Duration::ZERO, "")?;
        self.start().await
    }

    /// Starts a task that ended again where it shall be. `Some(None)`: it is over.
    pub(super) async fn again(&mut self, ended: Ended) -> Option<Option<Running>> {
        match self.pause(ended).await? {
            true => self.start().await,
            false => Some(None),
        }
    }

    /// Waits until a task that ended may be started again; `Some(false)`: it may not, and is finished.
    pub(super) async fn pause(&mut self, ended: Ended) -> Option<bool> {
        let verdict = {
            let client = self.client.upgrade()?;
            self.restarts.judge(ended.code, self.clock.now(), &client.entropy)
        };
        let (wait, reason) = match verdict {
            Verdict::Restart(wait, reason) => (wait, reason),
            Verdict::Done => {
                self.finish(false)?;
                return Some(false);
            }
            Verdict::Fail(reason) => {
                self.event(events::not_restarting(&reason, self.clock.now()))?;
                self.fail()?;
                return Some(false);
            }
        };
        self.restarting(wait, reason)?;
        let clock = self.clock.clone();
        match self.meanwhile(clock.sleep(wait)).await? {
            Ok(()) => Some(true),
            Err(failed) => {
                self.event(events::killing(self.manners().1, self.clock.now()))?;
                self.finish(failed)?;
                Some(false)
            }
        }
    }

    fn restarting(&self, wait: Duration, reason: &str) -> Option<()> {
        let now = self.clock.now();
        let event = events::restarting(wait, reason, now);
        self.change(|state| {
            state.add(event);
            state.state = "pending".to_owned();
            state.restarts += 1;
            state.last_restart = now.into();
        })
    }
}
