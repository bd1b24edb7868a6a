//! One server as the others know it.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use crate::seam::ServerMember;

/// Whether a member is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// It answers.
    Alive,
    /// It said that it goes, and still answers.
    Leaving,
    /// It said that it goes, and went.
    Left,
    /// It does not answer.
    Failed,
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Alive => "alive",
            Self::Leaving => "leaving",
            Self::Left => "left",
            Self::Failed => "failed",
        })
    }
}

/// One server as the others know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    /// The agent's name with its region: `server-1.global`.
    pub(crate) name: String,
    /// Where its gossip is reached.
    pub(crate) address: SocketAddr,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) status: Status,
}

/// What a server tells of itself.
#[derive(Clone, Debug)]
pub(crate) struct Tags<'a> {
    pub(crate) region: &'a str,
    pub(crate) datacenter: &'a str,
    pub(crate) id: &'a str,
    /// Where its RPC port is reached.
    pub(crate) rpc: SocketAddr,
    pub(crate) bootstrap_expect: usize,
}

impl Tags<'_> {
    /// As Nomad names them.
    pub(crate) fn to_map(&self) -> BTreeMap<String, String> {
        let mut tags = BTreeMap::from([
            ("role".to_owned(), "nomad".to_owned()),
            ("region".to_owned(), self.region.to_owned()),
            ("dc".to_owned(), self.datacenter.to_owned()),
            ("build".to_owned(), "1.11.3".to_owned()),
            ("revision".to_owned(), String::new()),
            ("vsn".to_owned(), "1".to_owned()),
            ("raft_vsn".to_owned(), "3".to_owned()),
            ("id".to_owned(), self.id.to_owned()),
            ("rpc_addr".to_owned(), self.rpc.ip().to_string()),
            ("port".to_owned(), self.rpc.port().to_string()),
        ]);
        match self.bootstrap_expect {
            0 => {}
            1 => tags.extend(["bootstrap", "expect"].map(|name| (name.to_owned(), "1".to_owned()))),
            number => drop(tags.insert("expect".to_owned(), number.to_string())),
        }
        tags
    }
}

impl Member {
    /// As the API shows it.
    pub(crate) fn shown(&self) -> serde_json::Value {
        serde_json::json!({
            "Name": self.name, "Addr": self.address.ip().to_string(), "Port": self.address.port(), "Tags": self.tags,
            "Status": self.status.to_string(), "ProtocolMin": 1, "ProtocolMax": 5, "ProtocolCur": 2, "DelegateMin": 2,
            "DelegateMax": 5, "DelegateCur": 4,
        })
    }

    /// The server that the tags describe; `None` where they describe none.
    pub(crate) fn as_server(&self) -> Option<ServerMember> {
        let tag = |name: &str| self.tags.get(name).cloned().unwrap_or_default();
        if tag("role") != "nomad" {
            return None;
        }
        let ip: IpAddr = tag("rpc_addr").parse().ok()?;
        let port: u16 = tag("port").parse().ok()?;
        let is_bootstrap = self.tags.contains_key("bootstrap");
        Some(ServerMember {
            id: tag("id"),
            name: self.name.clone(),
            region: tag("region"),
            datacenter: tag("dc"),
            rpc: SocketAddr::new(ip, port),
            alive: self.status == Status::Alive,
            left: self.status == Status::Left,
            expect: if is_bootstrap { 1 } else { tag("expect").parse().unwrap_or_default() },
        })
    }
}
