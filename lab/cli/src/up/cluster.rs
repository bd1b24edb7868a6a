//! Vault and the agents of Nomad: what they are started with.

use std::fmt::Write as _;
use std::path::Path;

use super::Up;
use super::certificates::Certificates;
use super::ports::Ports;
use super::ready;
use super::state::{State, absolute};
use super::unit::Unit;
use crate::exit::Failure;
use crate::files::{create_directory, remove_directory, write};
use crate::shims;

/// The ports of an agent of Nomad.
struct Agent {
    name: String,
    is_server: bool,
    http: u16,
    rpc: u16,
    serf: u16,
}

/// Starts everything, with its files below `directory`.
pub(super) fn start(options: &Up, directory: &Path) -> Result<State, Failure> {
    let mut ports = Ports::new()?;
    let vault = ports.take(options.vault_port, "--vault-port")?;
    let agents = agents(options, &mut ports)?;
    let directory = absolute(directory);
    forget_earlier(&directory)?;
    create_directory(&directory)?;
    shims::link_all(&directory.join("bin"))?;
    shims::link_lab(&directory.join("bin"))?;
    State::remove(&directory);
    let certificates = options.tls.then(|| Certificates::make(&directory.join("tls"))).transpose()?;
    let scheme = if options.tls { "https" } else { "http" };
    let mut state = State {
        vault: format!("http://127.0.0.1:{vault}"),
        nomad: format!("{scheme}://127.0.0.1:{}", agents.first().map_or(0, |agent| agent.http)),
        nomad_token: None,
        certificates: certificates.clone(),
        units: Vec::new(),
    };
    // From here on the processes take the ports.
    drop(ports);
    let listen = format!("-dev-listen-address=127.0.0.1:{vault}");
    let server = ["vault", "server", "-dev", "-dev-root-token-id=root", "-dev-no-store-token", &listen];
    let begin = |state: &mut State, name: &str, arguments: &[String], address: String| {
        match Unit::start(&directory, name, arguments, &address) {
            Ok(unit) => state.units.push(unit),
            Err(error) => {
                state.stop_all();
                return Err(Failure::SetUp(format!("{name} does not start: {error}")));
            }
        }
        Ok(state.save(&directory)?)
    };
    begin(&mut state, "vault", &server.map(str::to_owned), format!("http://127.0.0.1:{vault}"))?;
    for (number, agent) in agents.iter().enumerate() {
        let file = directory.join(&agent.name).join("nomad.hcl");
        create_directory(&directory.join(&agent.name))?;
        let mut text = configuration(agent, &agents, vault, &directory);
        if options.acl {
            text.push_str("\nacl {\n  enabled = true\n}\n");
        }
        if let Some(certificates) = &certificates {
            text.push_str(&certificates.block(if agent.is_server { "server" } else { "client" }));
        }
        write(&file, &text)?;
        let arguments = ["nomad".to_owned(), "agent".to_owned(), format!("-config={}", file.display())];
        begin(&mut state, &agent.name, &arguments, format!("{scheme}://127.0.0.1:{}", agent.http))?;
        if number + 1 == usize::from(options.servers)
            && let Err(failure) = ready::wait_for_servers(&state)
        {
            state.stop_all();
            return Err(failure);
        }
    }
    Ok(state)
}

/// Removes what the agents and the logs of an earlier lab left: Vault begins anew each time, and so does Nomad.
fn forget_earlier(directory: &Path) -> Result<(), Failure> {
    let is_old = |name: &str| name == "logs" || name.starts_with("server-") || name.starts_with("client-");
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        if is_old(&entry.file_name().to_string_lossy()) {
            remove_directory(&entry.path())?;
        }
    }
    Ok(())
}

fn agents(options: &Up, ports: &mut Ports) -> Result<Vec<Agent>, Failure> {
    let mut agents = Vec::new();
    let names = (1..=options.servers).map(|number| (format!("server-{number}"), true));
    for (name, is_server) in
        names.chain((1..=options.clients).map(|number| (format!("client-{number}"), false)))
    {
        let first = if agents.is_empty() { options.nomad_port } else { 0 };
        let above = |offset: u16| if first == 0 { 0 } else { first.saturating_add(offset) };
        let mut take = |offset: u16| ports.take(above(offset), "--nomad-port");
        let (http, rpc, serf) = (take(0)?, take(1)?, take(2)?);
        agents.push(Agent { name, is_server, http, rpc, serf });
    }
    Ok(agents)
}

fn configuration(agent: &Agent, all: &[Agent], vault: u16, directory: &Path) -> String {
    let servers = all.iter().filter(|agent| agent.is_server);
    let list = |ports: Vec<u16>| {
        ports.iter().map(|port| format!("\"127.0.0.1:{port}\"")).collect::<Vec<_>>().join(", ")
    };
    let mut text = format!(
        "name = {:?}\ndata_dir = {:?}\nbind_addr = \"127.0.0.1\"\ndisable_update_check = true\n\nports {{\n  http = {}\n  \
         rpc  = {}\n  serf = {}\n}}\n\nadvertise {{\n  http = \"127.0.0.1\"\n  rpc  = \"127.0.0.1\"\n  serf = \
         \"127.0.0.1\"\n}}\n\nvault {{\n  enabled = true\n  address = \"http://127.0.0.1:{vault}\"\n\n  default_identity \
         {{\n    aud = [\"vault.io\"]\n    ttl = \"1h\"\n  }}\n}}\n\n",
        agent.name,
        directory.join(&agent.name).join("data").display().to_string(),
        agent.http,
        agent.rpc,
        agent.serf,
    );
    // Writing to a string cannot fail.
    let _ = if agent.is_server {
        let gossip = list(servers.clone().map(|server| server.serf).collect());
        write!(
            text,
            "server {{\n  enabled = true\n  bootstrap_expect = {}\n\n  server_join {{\n    retry_join = [{gossip}]\n  }}\n}}\n",
            servers.count()
        )
    } else {
        let rpc = list(servers.map(|server| server.rpc).collect());
        write!(
            text,
            "client {{\n  enabled = true\n  servers = [{rpc}]\n  network_interface = \"lo\"\n}}\n\nplugin \"raw_exec\" {{\n  \
             config {{\n    enabled = true\n  }}\n}}\n"
        )
    };
    text
}
