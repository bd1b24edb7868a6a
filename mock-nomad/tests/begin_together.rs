//! A client on sockets that begins a little before its server joins it as soon as it is there.

use std::path::Path;
use std::time::Duration;

use lab_world::{Host, Log};
use mock_nomad::{Agent, Options};

/// Well below the time after which a registration that failed is tried again.
const SOON: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_client_waits_for_a_server_that_begins_with_it() {
    let host = Host::loopback("nomad", std::env::temp_dir());
    let directory = std::env::temp_dir().join(format!("begin-together-{}", host.entropy.alphanumeric(12)));
    let ports = host.net.free_ports(4).await.expect("free ports");
    let [client_http, server_http, rpc, serf] = ports[..] else { panic!("{ports:?}") };
    let client = format!("client {{\n  enabled = true\n  servers = [\"127.0.0.1:{rpc}\"]\n}}\n");
    let (_client, log) = start(&host, &directory, "client", &format!("http = {client_http}"), &client).await;
    host.clock.sleep(Duration::from_millis(300)).await;
    let server_ports = format!("http = {server_http}\n  rpc = {rpc}\n  serf = {serf}");
    let server = "server {\n  enabled = true\n  bootstrap_expect = 1\n}\n";
    let _server = start(&host, &directory, "server", &server_ports, server).await;
    let registered = async {
        while !log.contains("node registration complete") {
            host.clock.sleep(Duration::from_millis(20)).await;
        }
    };
    host.clock.timeout(SOON, registered).await.expect("it is registered soon");
    assert!(!log.contains("error registering"), "no try was in vain");
    host.disk.remove_tree(&directory).expect("removed");
}

async fn start(host: &Host, directory: &Path, name: &str, ports: &str, role: &str) -> (Agent, Log) {
    let path = directory.join(format!("{name}.hcl"));
    let data = directory.join(name).display().to_string();
    let text = format!(
        "name = \"{name}\"\ndata_dir = \"{data}\"\nbind_addr = \"127.0.0.1\"\nports {{\n  {ports}\n}}\n\
         advertise {{\n  http = \"127.0.0.1\"\n  rpc = \"127.0.0.1\"\n  serf = \"127.0.0.1\"\n}}\n{role}"
    );
    host.disk.write(&path, text).expect("written");
    let machine = Host { name: name.to_owned(), ..host.program("nomad") };
    let agent = Agent::start(&machine, &[path], Options::default()).await.expect("it starts");
    (agent, machine.log)
}
