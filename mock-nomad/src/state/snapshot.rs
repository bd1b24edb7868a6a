//! The whole state as bytes.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::structs::{Allocation, Evaluation, Job, Node};

use super::{Access, Keyring, Registry, Settings, Tables, Topic, Variables, Work};

#[derive(Serialize, Deserialize)]
struct Image {
    index: u64,
    indexes: Vec<(Topic, u64)>,
    nodes: Vec<Node>,
    /// Every kept version, oldest first.
    jobs: Vec<Job>,
    evaluations: Vec<Evaluation>,
    allocations: Vec<Allocation>,
    access: Access,
    keyring: Keyring,
    registry: Registry,
    settings: Settings,
    variables: Variables,
    work: Work,
}

impl Tables {
    pub(super) fn to_snapshot(&self) -> Vec<u8> {
        let image = Image {
            index: self.index,
            indexes: self.indexes.iter().map(|(topic, index)| (topic.clone(), *index)).collect(),
            nodes: self.nodes.values().map(|node| Node::clone(node)).collect(),
            jobs: self
                .versions
                .values()
                .flat_map(|kept| kept.iter().rev())
                .map(|job| Job::clone(job))
                .collect(),
            evaluations: self.evaluations.values().map(|evaluation| Evaluation::clone(evaluation)).collect(),
            work: Work::clone(&self.work),
            allocations: self.allocations.values().map(|allocation| Allocation::clone(allocation)).collect(),
            access: Access::clone(&self.access),
            keyring: Keyring::clone(&self.keyring),
            registry: Registry::clone(&self.registry),
            settings: Settings::clone(&self.settings),
            variables: Variables::clone(&self.variables),
        };
        // Every field is of a kind that msgpack has, and memory takes all of it.
        rmp_serde::to_vec_named(&image).expect("the state is made of plain values")
    }

    /// Takes everything from a snapshot but the index, which goes on, and wakes everyone.
    pub(super) fn become_as(&mut self, index: u64, snapshot: &[u8]) -> Result<(), String> {
        let restored = Self::from_snapshot(snapshot).map_err(|error| error.to_string())?;
        let topics: Vec<Topic> = self.indexes.keys().chain(restored.indexes.keys()).cloned().collect();
        *self = restored;
        self.index = index;
        topics.into_iter().for_each(|topic| self.touch(topic));
        Ok(())
    }

    pub(super) fn from_snapshot(bytes: &[u8]) -> Result<Self, rmp_serde::decode::Error> {
        let image: Image = rmp_serde::from_slice(bytes)?;
        let mut tables = Self::default();
        tables.index = image.index;
        for job in image.jobs {
            tables.put_job(job);
        }
        for node in image.nodes {
            tables.nodes.insert(node.id.clone(), Arc::new(node));
        }
        for evaluation in image.evaluations {
            tables.link_evaluation(Arc::new(evaluation));
        }
        for allocation in image.allocations {
            tables.link_allocation(Arc::new(allocation));
        }
        tables.access = Arc::new(image.access);
        tables.keyring = Arc::new(image.keyring);
        tables.registry = Arc::new(image.registry);
        tables.settings = Arc::new(image.settings);
        tables.variables = Arc::new(image.variables);
        tables.work = Arc::new(image.work);
        tables.indexes = image.indexes.into_iter().collect();
        tables.touched.clear();
        Ok(tables)
    }
}
