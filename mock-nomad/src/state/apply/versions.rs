//! What becomes of the versions of a job: which are kept, which are known to work, and what they are called.

use std::sync::Arc;

use crate::state::Topic;
use crate::state::tables::{JobKey, Tables};
use crate::structs::{Job, VersionTag};

/// How many versions of a job are kept beside those with a name.
const KEPT: usize = 6;

/// Forgets the versions, newest first, that are too many: the oldest, but for the newest that is known to work.
pub(in crate::state) fn trim(versions: &mut Vec<Arc<Job>>) {
    let nameless = |job: &&Arc<Job>| job.tag_name().is_empty();
    let working = versions.iter().filter(nameless).find(|job| job.stable).map(|job| job.version);
    while versions.iter().filter(nameless).count() > KEPT {
        let may_go = |job: &Arc<Job>| job.tag_name().is_empty() && Some(job.version) != working;
        let Some(oldest) = versions.iter().rposition(may_go) else { return };
        versions.remove(oldest);
    }
}

impl Tables {
    /// Notes whether a version of a job is known to work.
    pub(super) fn set_stability(&mut self, key: &JobKey, version: u64, stable: bool) {
        self.change_version(
            key,
            |job| job.version == version && job.stable != stable,
            |job| Job { stable, ..job },
        );
    }

    /// Gives a version a name, or takes the name `name` from the version that has it.
    pub(super) fn tag_version(
        &mut self,
        key: JobKey,
        version: u64,
        name: &str,
        tag: Option<&VersionTag>,
    ) -> Result<(), String> {
        let known = self.versions.get(&key).map(Vec::as_slice).unwrap_or_default();
        let named = known.iter().find(|job| job.tag_name() == name).map(|job| job.version);
        let version = match (tag, named) {
            (None, None) => return Err(format!("tag {name:?} not found on job {:?}", key.1)),
            (None, Some(named)) => named,
            (Some(_), Some(other)) if other != version => {
                return Err(format!("tag {name:?} already exists on a different version of job {:?}", key.1));
            }
            (Some(_), _) => version,
        };
        match self.change_version(&key, |job| job.version == version, |job| job.tagged(tag)) {
            true => Ok(()),
            false => Err(format!("job {:?} version {version} not found", key.1)),
        }
    }

    /// Changes one version of a job without making a new one; whether there was one.
    fn change_version(
        &mut self,
        key: &JobKey,
        is_wanted: impl Fn(&Job) -> bool,
        change: impl FnOnce(Job) -> Job,
    ) -> bool {
        let index = self.index;
        let versions = self.versions.get_mut(key).into_iter().flatten();
        let Some(kept) = versions.into_iter().find(|job| is_wanted(job)) else { return false };
        let changed = Arc::new(Job { modify_index: index, ..change(Job::clone(kept)) });
        *kept = Arc::clone(&changed);
        if self.jobs.get(key).is_some_and(|job| job.version == changed.version) {
            self.jobs.insert(key.clone(), changed);
        }
        self.touch(Topic::Jobs);
        true
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    fn version(number: u64, stable: bool, name: &str) -> Arc<Job> {
        let tag = VersionTag { name: name.into(), ..VersionTag::default() };
        let tag = (!name.is_empty()).then_some(&tag);
        Arc::new(Job { version: number, stable, ..Job::default() }.tagged(tag))
    }

    #[test]
    fn named_versions_and_the_last_that_works_are_kept() {
        let mut versions: Vec<Arc<Job>> = (0..14)
            .rev()
            .map(|number| match number {
                0 => version(0, true, "first"),
                1 | 2 => version(number, true, ""),
                4 => version(4, false, "golden"),
                _ => version(number, false, ""),
            })
            .collect();
        trim(&mut versions);
        let kept: Vec<u64> = versions.iter().map(|job| job.version).collect();
        assert_eq!(kept, [13, 12, 11, 10, 9, 4, 2, 0]);
    }
}
