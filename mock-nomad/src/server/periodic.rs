//! Runs periodic jobs when they are due, for as long as this server leads.

use std::sync::Arc;

use time::OffsetDateTime;

use super::Server;
use super::cron::Cron;
use crate::hclog::pair;
use crate::seam::RpcError;
use crate::state::{Command, JobCommand, Tables, Topic};
use crate::structs::{Job, Opaque};

/// Watches until it is dropped.
pub(super) async fn watch(server: &Server) {
    let mut jobs = server.store.subscribe(Topic::Jobs);
    loop {
        jobs.borrow_and_update();
        let now = server.parts.host.clock.now();
        let (due, next) = server.store.read(|tables| plan(tables, now));
        for (job, at) in due {
            launch(server, &job, at).await;
        }
        let deadline = async {
            match next {
                Some(next) => server.parts.host.clock.sleep_until(next).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            changed = jobs.changed() => if changed.is_err() { return },
            () = deadline => {}
        }
    }
}

/// The jobs that became due since they ran last, and when the next one is.
fn plan(tables: &Tables, now: OffsetDateTime) -> (Vec<(Arc<Job>, OffsetDateTime)>, Option<OffsetDateTime>) {
    let (mut due, mut next) = (Vec::new(), None);
    for (key, job) in tables.periodic_jobs().filter(|(_, job)| !job.stop) {
        let last = tables.work.launch(key).unwrap_or(0).max(job.submit_time);
        let since = OffsetDateTime::from_unix_timestamp_nanos(last.into()).unwrap_or(now);
        if let Some(at) = next_launch(job, since).filter(|at| *at <= now) {
            due.push((Arc::clone(job), at));
        }
        next = next_launch(job, now).into_iter().chain(next).min();
    }
    (due, next)
}

/// When a periodic job is due after `after`.
pub(super) fn next_launch(job: &Job, after: OffsetDateTime) -> Option<OffsetDateTime> {
    let periodic = job.rest.get("Periodic")?;
    if periodic["Enabled"] == false {
        return None;
    }
    let specs = periodic["Specs"].as_array().into_iter().flatten();
    let expressions = periodic["Spec"].as_str().into_iter().chain(specs.filter_map(Opaque::as_str));
    expressions.filter(|text| !text.is_empty()).filter_map(|text| Cron::parse(text).ok()?.next(after)).min()
}

async fn launch(server: &Server, job: &Job, at: OffsetDateTime) {
    let log = &server.parts.host.log;
    let prohibits = job.rest.get("Periodic").is_some_and(|periodic| periodic["ProhibitOverlap"] == true);
    if prohibits && server.store.read(|tables| has_running_child(tables, job)) {
        let skipped = JobCommand::Launch {
            namespace: job.namespace.clone(),
            job_id: job.id.clone(),
            at: server.now_nanos(),
        };
        if let Err(error) = server.apply(Command::Job(skipped)).await {
            log.error("nomad.periodic", format!("failed to note launch: {}", pair("error", &error)));
        }
        log.debug(
            "nomad.periodic",
            format!(
                "skipping launch of periodic job because job prohibits overlap: job=\"<ns: {:?}, id: {:?}>\"",
                job.namespace, job.id
            ),
        );
        return;
    }
    log.debug(
        "nomad.periodic",
        format!(
            "launching job: job=\"<ns: {:?}, id: {:?}>\" launch_time={}",
            job.namespace,
            job.id,
            lab_world::format_rfc3339(at)
        ),
    );
    if let Err(error) = server.run_periodic(job, at).await {
        log.error("nomad.periodic", format!("dispatching job failed: {}", pair("error", &error)));
    }
}

fn has_running_child(tables: &Tables, job: &Job) -> bool {
    let prefix = format!("{}/periodic-", job.id);
    tables.children_of(job).any(|run| run.id.starts_with(&prefix) && run.status != "dead")
}

impl Server {
    /// Registers a periodic job's run. The evaluation's id and the index.
    pub(super) async fn run_periodic(
        &self,
        job: &Job,
        at: OffsetDateTime,
    ) -> Result<(String, u64), RpcError> {
        let id = format!("{}/periodic-{}", job.id, at.unix_timestamp());
        let mut run = Job { id: id.clone(), name: id, ..job.clone() };
        run.rest.insert("ParentID".to_owned(), job.id.as_str().into());
        run.rest.insert("Periodic".to_owned(), Opaque::Null);
        let answer = self.put_job(run, "periodic-job").await?;
        let launched = JobCommand::Launch {
            namespace: job.namespace.clone(),
            job_id: job.id.clone(),
            // What was missed meanwhile is not made up for.
            at: self.now_nanos().max(i64::try_from(at.unix_timestamp_nanos()).unwrap_or(i64::MAX)),
        };
        self.apply(Command::Job(launched)).await?;
        Ok(answer)
    }
}
