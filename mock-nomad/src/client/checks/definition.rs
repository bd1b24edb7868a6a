//! The checks that an allocation's job wants, with what is filled in here.

use std::time::Duration;

use super::result::{CheckResult, Finding};
use crate::client::Client;
use crate::client::address::Place;
use crate::client::alloc_dir::AllocDir;
use crate::client::environment::{Sources, TaskEnvironment};
use crate::client::runner::Runner;
use crate::structs::{Allocation, Job, Opaque, Task, TaskGroup};

/// The least time between two runs, which the servers hold jobs to.
const LEAST: Duration = Duration::from_secs(1);

/// One check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Check {
    /// The same for the same check of the same allocation.
    pub(super) id: String,
    pub(super) name: String,
    pub(super) service: String,
    /// The task whose service it is of; empty for the group's.
    pub(super) task: String,
    /// The task that it says it is about; empty where it says nothing.
    pub(super) about: String,
    /// The allocation's name.
    allocation: String,
    mode: &'static str,
    pub(super) interval: Duration,
    pub(super) timeout: Duration,
    /// `host:port`, or why there is none.
    pub(super) address: Result<String, String>,
    /// What is asked; `None`: to be let in is enough.
    pub(super) request: Option<HttpRequest>,
    /// How often it may fail in a row, and how long after a start it may; `None`: as often as it likes.
    pub(super) restart: Option<(u32, Duration)>,
}

/// What a check of HTTP asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HttpRequest {
    /// `http` or `https`
    pub(super) protocol: String,
    pub(super) method: String,
    /// With its query.
    pub(super) path: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
    pub(super) trusts_all: bool,
}

impl Check {
    /// What a run of it found, as it is kept.
    pub(super) fn result(&self, finding: &Finding, timestamp: i64) -> CheckResult {
        CheckResult {
            check: self.name.clone(),
            group: self.allocation.clone(),
            id: self.id.clone(),
            mode: self.mode,
            output: finding.output.clone(),
            service: self.service.clone(),
            status: finding.status,
            status_code: finding.status_code,
            task: self.task.clone(),
            timestamp,
        }
    }
}

/// The checks of an allocation's services: the group's, and then each task's.
pub(super) fn of(client: &Client, runner: &Runner) -> Vec<Check> {
    let has_checks = |allocation: &Allocation| {
        let group = allocation.job.as_ref().and_then(|job| job.group(&allocation.task_group));
        group.is_some_and(|group| group.nomad_checks().next().is_some())
    };
    let Some(allocation) = Some(&runner.state().allocation).filter(|it| has_checks(it)).cloned() else {
        return Vec::new();
    };
    let Some(job) = allocation.job.clone() else { return Vec::new() };
    let Some(group) = job.group(&allocation.task_group) else { return Vec::new() };
    let environment = environment(client, &allocation, &job, group);
    let reader = Reader { allocation: &allocation, group, environment: &environment };
    group.nomad_checks().map(|(task, service, check)| reader.read(task, service, check)).collect()
}

/// What is known in all checks of an allocation: it is nothing of one task.
fn environment(client: &Client, allocation: &Allocation, job: &Job, group: &TaskGroup) -> TaskEnvironment {
    TaskEnvironment::of(&Sources {
        node: &client.node(),
        region: &client.parts.settings.region,
        allocation,
        job,
        group,
        task: &Task::default(),
        directory: &AllocDir::new(&client.parts.settings.alloc_dir, &allocation.id),
    })
}

struct Reader<'a> {
    allocation: &'a Allocation,
    group: &'a TaskGroup,
    environment: &'a TaskEnvironment,
}

impl Reader<'_> {
    fn read(&self, task: &str, service: &Opaque, check: &Opaque) -> Check {
        let text = |field: &str| self.environment.interpolate(check[field].as_str().unwrap_or_default());
        let service_name = self.environment.interpolate(service["Name"].as_str().unwrap_or_default());
        let name = match text("Name") {
            none if none.is_empty() => format!("service: {service_name:?} check"),
            name => name,
        };
        let about = match check["TaskName"].as_str() {
            None | Some("") => task,
            Some(named) => named,
        };
        let is_http = text("Type") == "http";
        Check {
            id: self.id(about, &name, check),
            name,
            service: service_name,
            task: task.to_owned(),
            about: about.to_owned(),
            allocation: self.allocation.name.clone(),
            mode: if check["OnUpdate"] == "ignore" { "readiness" } else { "healthiness" },
            interval: duration(&check["Interval"]).max(LEAST),
            timeout: duration(&check["Timeout"]),
            address: self.address(service, check),
            request: is_http.then(|| self.request(check)),
            restart: restart(&check["CheckRestart"]),
        }
    }

    /// The digest by which the real program tells checks apart.
    fn id(&self, about: &str, name: &str, check: &Opaque) -> String {
        let text = |field: &str| self.environment.interpolate(check[field].as_str().unwrap_or_default());
        let mut told: Vec<u8> = Vec::new();
        for part in [&self.allocation.id, &self.group.name, about, name, &text("Type"), &text("PortLabel")] {
            told.extend(part.as_bytes());
        }
        let on_update = match text("OnUpdate") {
            none if none.is_empty() => "require_healthy".to_owned(),
            on_update => on_update,
        };
        told.extend(on_update.as_bytes());
        told.extend(text("AddressMode").as_bytes());
        for field in ["Interval", "Timeout"] {
            told.extend(check[field].as_i64().unwrap_or_default().to_le_bytes());
        }
        for field in ["Protocol", "Path", "Method"] {
            told.extend(text(field).as_bytes());
        }
        told.extend((check["TLSSkipVerify"] == true).to_string().as_bytes());
        hex::encode(*md5::compute(told))
    }

    fn address(&self, service: &Opaque, check: &Opaque) -> Result<String, String> {
        let text =
            |of: &Opaque, field: &str| self.environment.interpolate(of[field].as_str().unwrap_or_default());
        let custom = text(service, "Address");
        let mode = match text(check, "AddressMode") {
            none if none.is_empty() && custom.is_empty() => "host".to_owned(),
            none if none.is_empty() => "auto".to_owned(),
            mode => mode,
        };
        let label = match text(check, "PortLabel") {
            none if none.is_empty() => text(service, "PortLabel"),
            label => label,
        };
        let shared = &self.allocation.allocated_resources.shared;
        let (networks, ports) = (&shared.networks, &shared.ports);
        let (address, port) =
            Place { custom: &custom, mode: &mode, label: &label, networks, ports }.address()?;
        Ok(match port {
            0 => address,
            port if address.contains(':') => format!("[{address}]:{port}"),
            port => format!("{address}:{port}"),
        })
    }

    fn request(&self, check: &Opaque) -> HttpRequest {
        let text = |field: &str| self.environment.interpolate(check[field].as_str().unwrap_or_default());
        let or = |text: String, usual: &str| if text.is_empty() { usual.to_owned() } else { text };
        let headers = check["Header"].as_object().into_iter().flatten().flat_map(|(name, values)| {
            let values = values.as_array().into_iter().flatten().filter_map(Opaque::as_str);
            values.map(|value| (name.clone(), self.environment.interpolate(value)))
        });
        HttpRequest {
            protocol: or(text("Protocol"), "http"),
            method: or(text("Method"), "GET"),
            path: text("Path"),
            headers: headers.collect(),
            body: text("Body"),
            trusts_all: check["TLSSkipVerify"] == true,
        }
    }
}

fn restart(block: &Opaque) -> Option<(u32, Duration)> {
    let limit = block["Limit"].as_u64().and_then(|limit| u32::try_from(limit).ok())?;
    (limit > 0).then(|| (limit, duration(&block["Grace"])))
}

fn duration(nanoseconds: &Opaque) -> Duration {
    Duration::from_nanos(nanoseconds.as_u64().unwrap_or_default())
}

#[cfg(test)]
mod unit {
    use super::*;
    use serde_json::json;

    /// The group's checks of an allocation that a real client ran, with a port for them.
    fn checks(services: Opaque, tasks: Opaque) -> Vec<Check> {
        let group = serde_json::from_value(json!({"Name": "g", "Services": services, "Tasks": tasks}));
        let group: TaskGroup = group.expect("a group");
        let id = "6c2b0334-4288-cb48-074c-f22df7b5f211".to_owned();
        let mut allocation = Allocation { id, name: "a.g[0]".to_owned(), ..Allocation::default() };
        allocation.allocated_resources.shared.ports =
            json!([{"Label": "web", "Value": 21723, "HostIP": "127.0.0.1"}]);
        let environment = TaskEnvironment::default();
        let reader = Reader { allocation: &allocation, group: &group, environment: &environment };
        group.nomad_checks().map(|(task, service, check)| reader.read(task, service, check)).collect()
    }

    #[test]
    fn ids_are_those_of_the_real_program() {
        let service = |name: &str, checks: Opaque| json!([{"Name": name, "Provider": "nomad", "PortLabel": "web", "Checks": checks}]);
        let second = 1_000_000_000_u64;
        let own = json!([{"Name": "tcp1", "Type": "tcp", "Path": "/", "Interval": 3 * second, "Timeout": second,
            "OnUpdate": "require_healthy", "TaskName": "t"}]);
        let of_group = json!([
            {"Type": "http", "Path": "/", "Interval": 2 * second, "Timeout": second},
            {"Name": "missing", "Type": "http", "Path": "/nope?x=1", "Interval": 2 * second, "Timeout": second,
             "OnUpdate": "ignore"},
        ]);
        let all = checks(service("gs", of_group), json!([{"Name": "t", "Services": service("ts", own)}]));
        let told: Vec<_> =
            all.iter().map(|check| (check.id.as_str(), check.name.as_str(), check.mode)).collect();
        let wanted = [
            ("732d7965df704641b0dcffea2612854e", "service: \"gs\" check", "healthiness"),
            ("a7eaa14ef515929839c2c16b38c6a833", "missing", "readiness"),
            ("331daf753bf0b481fe483a03fc38807b", "tcp1", "healthiness"),
        ];
        assert_eq!(told, wanted);
        assert_eq!(all[0].address.as_deref(), Ok("127.0.0.1:21723"));
        assert_eq!((all[2].task.as_str(), all[2].request.is_none()), ("t", true));
    }
}
