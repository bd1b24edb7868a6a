//! The whole state as bytes.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::structs::{Allocation, Evaluation, Job, Node};

use super::Tables;

#[derive(Serialize, Deserialize)]
struct Image {
    index: u64,
    indexes: [u64; 4],
    node_allocations: BTreeMap<String, u64>,
    nodes: Vec<Node>,
    /// Every kept version, oldest first.
    jobs: Vec<Job>,
    evaluations: Vec<Evaluation>,
    allocations: Vec<Allocation>,
}

impl Tables {
    pub(super) fn to_snapshot(&self) -> Vec<u8> {
        let image = Image {
            index: self.index,
            indexes: [self.node_index, self.job_index, self.allocation_index, self.evaluation_index],
            node_allocations: self.node_allocation_index.clone(),
            nodes: self.nodes.values().map(|node| Node::clone(node)).collect(),
            jobs: self
                .versions
                .values()
                .flat_map(|kept| kept.iter().rev())
                .map(|job| Job::clone(job))
                .collect(),
            evaluations: self.evaluations.values().map(|evaluation| Evaluation::clone(evaluation)).collect(),
            allocations: self.allocations.values().map(|allocation| Allocation::clone(allocation)).collect(),
        };
        // Every field is of a kind that msgpack has, and memory takes all of it.
        rmp_serde::to_vec_named(&image).expect("the state is made of plain values")
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
            tables.link_evaluation(&evaluation);
            tables.evaluations.insert(evaluation.id.clone(), Arc::new(evaluation));
        }
        for allocation in image.allocations {
            tables.link_allocation(&allocation);
            tables.allocations.insert(allocation.id.clone(), Arc::new(allocation));
        }
        [tables.node_index, tables.job_index, tables.allocation_index, tables.evaluation_index] =
            image.indexes;
        tables.node_allocation_index = image.node_allocations;
        tables.touched.clear();
        Ok(tables)
    }
}
