//! The node as it describes itself.

use std::collections::BTreeMap;

use serde_json::json;

use super::Client;
use crate::structs::{Driver, Node};

/// What every simulated machine has, unless its configuration says otherwise.
const CPU_MHZ: i64 = 8000;
const MEMORY_MB: i64 = 16_384;
const DISK_MB: i64 = 102_400;
pub(crate) const CORES: i64 = 4;
const DRIVERS: [&str; 5] = ["docker", "exec", "java", "mock_driver", "raw_exec"];

impl Client {
    /// The node, ready to be registered.
    pub(crate) fn node(&self) -> Node {
        let settings = &self.parts.settings;
        let host = &self.parts.host;
        let ip = host.net.address().to_string();
        let told = |at: usize, found: i64| if settings.room[at] > 0 { settings.room[at] } else { found };
        let room = [told(0, CPU_MHZ), told(1, MEMORY_MB), told(2, DISK_MB)];
        let mut node = Node {
            id: self.identity.node_id.clone(),
            secret_id: self.identity.secret.clone(),
            datacenter: settings.datacenter.clone(),
            name: settings.name.clone(),
            cgroup_parent: "nomad.slice".to_owned(),
            http_addr: settings.http_advertise.to_string(),
            tls_enabled: settings.tls_http,
            attributes: attributes(
                &settings.name,
                &ip,
                &settings.http_advertise.to_string(),
                settings.raw_exec,
                room,
            ),
            reserved_resources: json!({"Cpu": {"CpuShares": 0, "ReservedCpuCores": null}, "Memory": {"MemoryMB": 0},
                                       "Disk": {"DiskMB": 0}, "Networks": {"ReservedHostPorts": ""}}),
            meta: self.metadata().all,
            node_class: settings.node_class.clone(),
            node_pool: settings.node_pool.clone(),
            scheduling_eligibility: "eligible".to_owned(),
            status: if self.beat().registered { "ready" } else { "initializing" }.to_owned(),
            drivers: drivers(settings.raw_exec, host.clock.now()),
            host_volumes: json!({}),
            csi_controller_plugins: json!({}),
            csi_node_plugins: json!({}),
            ..Node::default()
        };
        node.node_resources.cpu.cpu_shares = room[0];
        node.node_resources.cpu.total_cpu_cores = CORES;
        node.node_resources.cpu.reservable_cpu_cores = json!((0..CORES).collect::<Vec<_>>());
        node.node_resources.memory.memory_mb = room[1];
        node.node_resources.disk.disk_mb = room[2];
        node.node_resources.rest = networks(&ip);
        node.attributes.extend(self.vault_facts.lock().expect("no panic while looking").clone());
        node.computed_class = computed_class(&node);
        node
    }
}

/// The signals that tasks can be sent.
const SIGNALS: &str = "SIGABRT,SIGALRM,SIGBUS,SIGCONT,SIGFPE,SIGHUP,SIGILL,SIGINT,SIGIO,SIGIOT,SIGKILL,SIGNULL,SIGPIPE,\
SIGPROF,SIGQUIT,SIGSEGV,SIGSTOP,SIGSYS,SIGTERM,SIGTRAP,SIGTSTP,SIGTTIN,SIGTTOU,SIGUSR1,SIGUSR2,SIGWINCH,SIGXCPU,SIGXFSZ";

fn attributes(name: &str, ip: &str, http: &str, raw_exec: bool, room: [i64; 3]) -> BTreeMap<String, String> {
    let mut attributes: BTreeMap<String, String> = [
        ("kernel.name", "linux"),
        ("kernel.arch", "x86_64"),
        ("kernel.version", "6.1.0"),
        ("os.name", "debian"),
        ("os.version", "12"),
        ("cpu.arch", "amd64"),
        ("os.cgroups.version", "2"),
        ("nomad.version", "1.11.3"),
        ("nomad.service_discovery", "true"),
        ("nomad.bridge.hairpin_mode", "false"),
        ("os.signals", SIGNALS),
        ("plugins.secrets.nomad.version", "1.0.0"),
        ("plugins.secrets.vault.version", "1.0.0"),
        ("unique.hostname", name),
        ("unique.network.ip-address", ip),
        ("unique.advertise.address", http),
        ("numa.node.count", "1"),
        ("cpu.modelname", "Simulated Processor"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let mut number = |name: &str, value: i64| attributes.insert(name.to_owned(), value.to_string());
    number("cpu.numcores", CORES);
    number("cpu.reservablecores", CORES);
    number("cpu.totalcompute", room[0]);
    number("cpu.usablecompute", room[0]);
    number("cpu.frequency", CPU_MHZ / CORES);
    number("memory.totalbytes", room[1] << 20);
    number("unique.storage.bytestotal", room[2] << 20);
    for driver in DRIVERS.into_iter().filter(|driver| raw_exec || *driver != "raw_exec") {
        attributes.insert(format!("driver.{driver}"), "1".to_owned());
    }
    attributes
}

fn drivers(raw_exec: bool, now: time::OffsetDateTime) -> BTreeMap<String, Driver> {
    let driver = |name: &str| Driver {
        attributes: [(format!("driver.{name}"), "true".to_owned())].into(),
        detected: true,
        healthy: true,
        health_description: "Healthy".to_owned(),
        update_time: now.into(),
    };
    let mut drivers: BTreeMap<_, _> = DRIVERS.iter().map(|name| ((*name).to_owned(), driver(name))).collect();
    if !raw_exec {
        let disabled = Driver {
            health_description: "disabled".to_owned(),
            update_time: now.into(),
            ..Driver::default()
        };
        drivers.insert("raw_exec".to_owned(), disabled);
    }
    drivers
}

fn networks(ip: &str) -> BTreeMap<String, serde_json::Value> {
    let network = json!([{"Mode": "bridge"}, {"Mode": "host", "Device": "eth0", "CIDR": format!("{ip}/32"), "IP": ip, "MBits": 1000}]);
    let address =
        json!({"Family": "ipv4", "Address": ip, "Alias": "default", "Gateway": "", "ReservedPorts": ""});
    let node_network = json!([{"Mode": "bridge", "Device": "", "MacAddress": "", "Speed": 0, "Addresses": null},
            {"Mode": "host", "Device": "eth0", "MacAddress": "", "Speed": 1000, "Addresses": [address]}]);
    [
        ("Networks", network),
        ("NodeNetworks", node_network),
        ("Devices", serde_json::Value::Null),
        ("MinDynamicPort", json!(20_000)),
        ("MaxDynamicPort", json!(32_000)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// Nodes that a scheduler need not tell apart have the same class: FNV-1a over what is not the node's own.
fn computed_class(node: &Node) -> String {
    let common = node.attributes.iter().filter(|(name, _)| !name.starts_with("unique."));
    let text: String = common.chain(&node.meta).map(|(name, value)| format!("{name}={value};")).collect();
    let text = format!("{}/{}/{}/{text}", node.datacenter, node.node_pool, node.node_class);
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("v1:{hash}")
}
