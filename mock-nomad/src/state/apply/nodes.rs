//! What becomes of nodes.

use crate::state::command::StatusChange;
use crate::state::tables::{JobKey, Tables};
use crate::structs::{Node, NodeEvent};

impl Tables {
    pub(super) fn register_node(&mut self, mut node: Node, at: i64) {
        let index = self.index;
        let moment =
            time::OffsetDateTime::from_unix_timestamp(at).unwrap_or(time::OffsetDateTime::UNIX_EPOCH);
        if let Some(known) = self.nodes.get(&node.id) {
            node.create_index = known.create_index;
            node.scheduling_eligibility.clone_from(&known.scheduling_eligibility);
            node.drain_strategy = known.drain_strategy.clone();
            node.last_drain = known.last_drain.clone();
            node.last_missed_heartbeat_index = known.last_missed_heartbeat_index;
            node.last_alloc_update_index = known.last_alloc_update_index;
            let came_back = known.is_down() && node.status != known.status;
            node.events.clone_from(&known.events);
            if came_back {
                node.add_event(NodeEvent {
                    create_index: index,
                    ..NodeEvent::cluster("Node re-registered", moment)
                });
            }
        } else {
            node.create_index = index;
            node.events = vec![NodeEvent::cluster("Node registered", moment)];
        }
        node.modify_index = index;
        node.status_updated_at = at;
        self.put_node(node);
    }

    pub(super) fn update_status(&mut self, change: StatusChange) -> Result<(), String> {
        let index = self.index;
        let job_keys: Vec<JobKey> =
            self.allocations_of_node(&change.node_id).map(|allocation| allocation.job_key()).collect();
        self.change_node(&change.node_id, |node| {
            let unreachable = |status: &str| matches!(status, "down" | "disconnected");
            if unreachable(&change.status) && !unreachable(&node.status) {
                node.last_missed_heartbeat_index = index;
            }
            node.status = change.status;
            node.status_updated_at = change.at;
            if let Some(mut event) = change.event {
                event.create_index = index;
                node.add_event(event);
            }
        })?;
        job_keys.iter().for_each(|key| self.refresh_job_status(key));
        Ok(())
    }

    pub(super) fn change_node(&mut self, id: &str, change: impl FnOnce(&mut Node)) -> Result<(), String> {
        let Some(node) = self.nodes.get(id) else { return Err("node not found".to_owned()) };
        let mut node = Node::clone(node);
        change(&mut node);
        node.modify_index = self.index;
        self.put_node(node);
        Ok(())
    }

    pub(super) fn add_events(&mut self, events: Vec<(String, Vec<NodeEvent>)>) {
        let index = self.index;
        for (node, events) in events {
            // Events of a node that is gone in the meantime have no place.
            let _ = self.change_node(&node, |node| {
                events
                    .into_iter()
                    .for_each(|event| node.add_event(NodeEvent { create_index: index, ..event }));
            });
        }
    }
}
