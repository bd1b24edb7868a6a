//! How long a client may be away.

use std::time::Duration;

use super::shape::Shape;
use super::text::counted;

/// The time a client has, computed as Nomad's leader computes it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Budget {
    /// The shortest time between two heartbeats of a client.
    pub(super) ttl: Duration,
    /// What a client can be sure of: its heartbeat was due in this moment.
    pub(super) least: Duration,
    /// From its last heartbeat to being down, at the earliest and at the latest.
    pub(super) down: (Duration, Duration),
    /// After an election: so long nothing shows.
    pub(super) failover: Duration,
    /// How many clients to reload at once.
    pub(super) batch: usize,
}

/// A tenth of the clients at once keeps most of them at work.
const BATCHES: usize = 10;

impl Budget {
    /// `ttl = max(min_heartbeat_ttl, clients / max_heartbeats_per_second)`, and up to twice that by chance; the timer
    /// adds the grace.
    pub(super) fn of(shape: &Shape) -> Self {
        let heartbeats = &shape.heartbeats;
        let rate = if heartbeats.max_per_second > 0.0 { heartbeats.max_per_second } else { 50.0 };
        let by_rate = Duration::from_secs_f64(shape.clients.len() as f64 / rate);
        let ttl = heartbeats.min_ttl.max(by_rate);
        Self {
            ttl,
            least: heartbeats.grace,
            down: (ttl + heartbeats.grace, ttl * 2 + heartbeats.grace),
            failover: heartbeats.failover_ttl,
            batch: shape.clients.len().div_ceil(BATCHES).max(1),
        }
    }

    /// In words.
    pub(super) fn describe(&self, clients: usize) -> String {
        let seconds = |duration: Duration| format!("{:.0} s", duration.as_secs_f64());
        format!(
            "{}: each heartbeats every {} to {}, is down {} to {} after its last one, and can be sure of {}. \
             After an election nothing shows for {}.",
            counted(clients, "client"),
            seconds(self.ttl),
            seconds(self.ttl * 2),
            seconds(self.down.0),
            seconds(self.down.1),
            seconds(self.least),
            seconds(self.failover)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lab_verify::Heartbeats;

    fn budget(clients: usize) -> Budget {
        let heartbeats = Heartbeats {
            grace: Duration::from_secs(10),
            min_ttl: Duration::from_secs(10),
            failover_ttl: Duration::from_secs(300),
            max_per_second: 50.0,
        };
        let clients = (0..clients).map(|number| format!("c{number}")).collect();
        let shape = Shape {
            region: "global".into(),
            servers: vec!["s1".into()],
            clients,
            heartbeats,
            server_tls: None,
            client_tls: None,
            issuing: Default::default(),
        };
        Budget::of(&shape)
    }

    #[test]
    fn the_time_grows_with_the_cluster() {
        let seconds = |budget: Budget| (budget.down.0.as_secs(), budget.down.1.as_secs());
        assert_eq!(seconds(budget(3)), (20, 30));
        assert_eq!(seconds(budget(500)), (20, 30));
        assert_eq!(seconds(budget(1000)), (30, 50));
        assert_eq!(seconds(budget(5000)), (110, 210));
        assert_eq!((budget(3).batch, budget(1000).batch), (1, 100));
    }
}
