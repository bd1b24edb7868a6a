//! Which machines, in which order.

use std::fmt;
use std::time::Duration;

use crate::fleet::{Node, Role};

/// A choice of machines. It is resolved when the action begins, so `leader` means who leads then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// Every machine that runs Nomad.
    All,
    /// The Nomad servers.
    Servers,
    /// The Nomad clients.
    Clients,
    /// The server that leads.
    Leader,
    /// The servers that do not lead.
    Followers,
    /// The last client: the one that people forget.
    LastClient,
    /// Every client but the last.
    OtherClients,
    /// These machines.
    Nodes(Vec<String>),
}

impl Selector {
    /// The words that scenario files may use, with what they mean.
    pub const WORDS: [(&'static str, Self); 7] = [
        ("all", Self::All),
        ("servers", Self::Servers),
        ("clients", Self::Clients),
        ("leader", Self::Leader),
        ("followers", Self::Followers),
        ("last-client", Self::LastClient),
        ("other-clients", Self::OtherClients),
    ];

    /// The selector that a word stands for; any other word is taken for a machine's name.
    pub fn from_word(word: &str) -> Self {
        let known = Self::WORDS.into_iter().find(|(known, _)| *known == word);
        known.map_or_else(|| Self::Nodes(vec![word.to_owned()]), |(_, selector)| selector)
    }

    /// Whether it may mean this machine; who leads, and which client is the last, shows only when it is resolved.
    pub fn may_choose(&self, node: &Node) -> bool {
        match self {
            Self::All => node.runs_nomad(),
            Self::Servers | Self::Leader | Self::Followers => node.role == Role::Server,
            Self::Clients | Self::LastClient | Self::OtherClients => node.role == Role::Client,
            Self::Nodes(names) => names.contains(&node.name),
        }
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::All => "all agents",
            Self::Servers => "the servers",
            Self::Clients => "the clients",
            Self::Leader => "the leader",
            Self::Followers => "the followers",
            Self::LastClient => "the last client",
            Self::OtherClients => "all clients but the last",
            Self::Nodes(names) => return f.write_str(&names.join(", ")),
        })
    }
}

/// In which order machines are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// By name.
    Given,
    /// The leader after all others: it saves an election.
    LeaderLast,
    /// The leader before all others: one more election.
    LeaderFirst,
    /// As the run's seed has it.
    Random,
}

impl Order {
    /// The words that scenario files use.
    pub const WORDS: [(&'static str, Self); 4] = [
        ("given", Self::Given),
        ("leader-last", Self::LeaderLast),
        ("leader-first", Self::LeaderFirst),
        ("random", Self::Random),
    ];
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Given => "in the given order",
            Self::LeaderLast => "the leader last",
            Self::LeaderFirst => "the leader first",
            Self::Random => "in random order",
        })
    }
}

/// Something done to machines one batch after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rollout {
    /// On which machines.
    pub on: Selector,
    /// In which order.
    pub order: Order,
    /// How many at a time, at least 1.
    pub batch: usize,
    /// How long to wait after each batch.
    pub pause: Duration,
}

impl Rollout {
    /// One machine after the other, the leader last, six seconds between them.
    pub fn on(on: Selector) -> Self {
        Self { on, order: Order::LeaderLast, batch: 1, pause: Duration::from_secs(6) }
    }
}
