//! `nomad operator scheduler`

use serde_json::Value as Json;

use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome, fail};
use crate::nomad_cli::json::Look;
use crate::nomad_cli::session::Session;
use crate::nomad_cli::wording::pairs;
use crate::stand_in::Takes;

pub(in crate::nomad_cli) const GET: Command = Command {
    name: "operator scheduler get-config",
    synopsis: "Display the current scheduler configuration",
    usage: "[options]",
    flags: &[("json", Takes::Bool, "As JSON."), ("t", Takes::Text, "As a Go template has it.")],
    general: General::Client,
    arity: Arity::NONE,
    run: get,
};
pub(in crate::nomad_cli) const SET: Command = Command {
    name: "operator scheduler set-config",
    synopsis: "Modify the current scheduler configuration",
    usage: "[options]",
    flags: &[
        ("check-index", Takes::Text, "Only where the configuration's index is this one."),
        ("scheduler-algorithm", Takes::Text, "binpack or spread."),
        ("memory-oversubscription", Takes::Text, "true or false."),
        ("reject-job-registration", Takes::Text, "true or false."),
        ("pause-eval-broker", Takes::Text, "true or false."),
        ("preempt-batch-scheduler", Takes::Text, "true or false."),
        ("preempt-service-scheduler", Takes::Text, "true or false."),
        ("preempt-sysbatch-scheduler", Takes::Text, "true or false."),
        ("preempt-system-scheduler", Takes::Text, "true or false."),
    ],
    general: General::Client,
    arity: Arity::NONE,
    run: set,
};

const PATH: &str = "/v1/operator/scheduler/configuration";

fn get(session: &Session<'_>) -> Outcome {
    let found = session.api()?.get(PATH, &[]).map_err(Fault::of("Error querying scheduler configuration"))?;
    if session.is_formatted() {
        return session.formatted(&found, "*api.SchedulerConfigurationResponse");
    }
    let settings = found.at("SchedulerConfig");
    let preemption = settings.at("PreemptionConfig");
    session.say(pairs(&[
        format!("Scheduler Algorithm|{}", settings.text("SchedulerAlgorithm")),
        format!("Memory Oversubscription|{}", settings.truth("MemoryOversubscriptionEnabled")),
        format!("Reject Job Registration|{}", settings.truth("RejectJobRegistration")),
        format!("Pause Eval Broker|{}", settings.truth("PauseEvalBroker")),
        format!("Preemption System Scheduler|{}", preemption.truth("SystemSchedulerEnabled")),
        format!("Preemption Service Scheduler|{}", preemption.truth("ServiceSchedulerEnabled")),
        format!("Preemption Batch Scheduler|{}", preemption.truth("BatchSchedulerEnabled")),
        format!("Preemption SysBatch Scheduler|{}", preemption.truth("SysBatchSchedulerEnabled")),
        format!("Modify Index|{}", settings.number("ModifyIndex")),
    ]));
    Ok(0)
}

fn set(session: &Session<'_>) -> Outcome {
    let api = session.api()?;
    let found =
        api.get(PATH, &[]).map_err(Fault::of("Error querying for current scheduler configuration"))?;
    let mut settings = found.at("SchedulerConfig").clone();
    let current = settings.number("ModifyIndex").to_string();
    let index = session.text("check-index");
    if !index.is_empty() && index.parse::<u64>().is_err() {
        return fail(format!(
            "Error parsing check-index value {index:?}: strconv.ParseUint: parsing {index:?}: invalid syntax"
        ));
    }
    let mut change = |flag: &str, group: Option<&str>, field: &str| -> Result<(), Fault> {
        let Some(text) = session.flags.text(flag) else { return Ok(()) };
        let truth: bool = text.parse().map_err(|_| {
            Fault::Told(format!(
                "invalid value {text:?} for flag -{flag}: strconv.ParseBool: parsing {text:?}: invalid syntax"
            ))
        })?;
        let place = match group {
            Some(group) => settings.get_mut(group),
            None => Some(&mut settings),
        };
        if let Some(place) = place.and_then(Json::as_object_mut) {
            place.insert(field.to_owned(), truth.into());
        }
        Ok(())
    };
    change("memory-oversubscription", None, "MemoryOversubscriptionEnabled")?;
    change("reject-job-registration", None, "RejectJobRegistration")?;
    change("pause-eval-broker", None, "PauseEvalBroker")?;
    for kind in ["Batch", "Service", "SysBatch", "System"] {
        let flag = format!("preempt-{}-scheduler", kind.to_ascii_lowercase());
        change(&flag, Some("PreemptionConfig"), &format!("{kind}SchedulerEnabled"))?;
    }
    let algorithm = session.text("scheduler-algorithm");
    if let (false, Some(settings)) = (algorithm.is_empty(), settings.as_object_mut()) {
        settings.insert("SchedulerAlgorithm".to_owned(), algorithm.into());
    }
    let index = if index.is_empty() { current.as_str() } else { index };
    let answer = api
        .put(PATH, &[("cas", index)], &settings)
        .map_err(Fault::of("Error setting scheduler configuration"))?;
    if answer.truth("Updated") {
        session.say("Scheduler configuration updated!");
        return Ok(0);
    }
    session.say("Scheduler configuration could not be atomically updated, please try again");
    Ok(1)
}
