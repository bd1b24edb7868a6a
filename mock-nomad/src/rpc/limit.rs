//! How many connections one address may have.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

/// Counts connections by address; clones share the counts.
#[derive(Clone)]
pub(crate) struct ConnectionLimit {
    most: usize,
    open: Arc<Mutex<BTreeMap<IpAddr, usize>>>,
}

/// One counted connection; it is not counted any more when this is dropped.
pub(crate) struct Counted {
    limit: ConnectionLimit,
    address: IpAddr,
}

impl ConnectionLimit {
    /// At most `most` for each address; 0 is no limit.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, open: Arc::default() }
    }

    /// The limit.
    pub(crate) fn most(&self) -> usize {
        self.most
    }

    /// Counts one more from `address`; `None` where it has too many.
    pub(crate) fn count(&self, address: IpAddr) -> Option<Counted> {
        let mut open = self.open.lock().expect("no panic while counting");
        let count = open.entry(address).or_default();
        if self.most > 0 && *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Counted { limit: self.clone(), address })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let Ok(mut open) = self.limit.open.lock() else { return };
        if let Some(count) = open.get_mut(&self.address) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                open.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_its_own_count() {
        let limit = ConnectionLimit::new(2);
        let (one, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let first = limit.count(one).expect("the first");
        let _second = limit.count(one).expect("the second");
        assert!(limit.count(one).is_none());
        assert!(limit.count(other).is_some());
        drop(first);
        assert!(limit.count(one).is_some());
    }
}
