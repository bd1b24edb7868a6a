//! Mutual TLS back to plaintext.

use super::super::budget::Budget;
use super::super::shape::Shape;
use super::super::step::{Apply, Step};
use super::{clients, probe_servers, servers, tls};

pub(super) fn steps(shape: &Shape, budget: &Budget) -> Vec<Step> {
    let mut steps = vec![open(shape)];
    if !shape.clients.is_empty() {
        steps.push(move_clients(shape, budget));
    }
    steps.push(leave(shape));
    steps
}

fn open(shape: &Shape) -> Step {
    Step {
        name: "open",
        summary: "Servers: accept plaintext beside TLS, and check no names, by restart".to_owned(),
        why: "A client that goes back to plaintext needs a server that takes it, and one that does not deny it its calls.",
        on: servers(shape),
        fragment: tls(shape, true, true, false),
        commands: vec![Apply::Restart.command()],
        check: vec![probe_servers(shape, "upgrade"), "nomad node status: every client ready".to_owned()],
        back: "rpc_upgrade_mode = false and verify_server_hostname = true, and restart.".to_owned(),
        actions: "tls {\n  on                     = servers\n  rpc_upgrade_mode       = true\n  verify_server_hostname = false\n}\n\
                  restart {\n  order = \"leader-last\"\n  pause = \"8s\"\n}\n\
                  assert {\n  condition     = plaintext_rpc == accepted && leader == present\n  error_message = \"a server does not take plaintext yet\"\n}\n"
            .to_owned(),
    }
}

fn move_clients(shape: &Shape, budget: &Budget) -> Step {
    Step {
        name: "plain-clients",
        summary: "Clients: plaintext".to_owned(),
        why: "The servers take both.",
        on: clients(shape, budget),
        fragment: "# no tls block at all\n".to_owned(),
        commands: vec![Apply::Reload.command()],
        check: vec!["nomad node status: every client ready".to_owned()],
        back: "The tls block again, and reload.".to_owned(),
        actions: format!(
            "tls {{\n  on                     = clients\n  http                   = false\n  rpc                    = false\n  \
             verify_server_hostname = false\n  verify_https_client    = false\n  ca_file                = \"\"\n  cert_file              = \"\"\n  key_file               = \"\"\n}}\n\
             reload {{\n  batch = {}\n  pause = \"3s\"\n}}\nwait {{ duration = \"60s\" }}\n\
             assert {{\n  condition     = clients_ready == all\n  error_message = \"a client did not come back in plaintext\"\n}}\n",
            budget.batch
        ),
    }
}

fn leave(shape: &Shape) -> Step {
    Step {
        name: "leave",
        summary: "Servers: plaintext, the leader first".to_owned(),
        why: "A plaintext leader reaches servers in upgrade mode; one that speaks TLS does not reach plaintext servers.",
        on: match shape.servers.len() {
            1 => servers(shape),
            _ => "the leader first, then the others one at a time".to_owned(),
        },
        fragment: "# no tls block at all\n".to_owned(),
        commands: vec![Apply::Reload.command()],
        check: vec![
            probe_servers(shape, "plaintext"),
            "nomad server members: all alive; nomad node status: every client ready".to_owned(),
        ],
        back: "The tls block with rpc_upgrade_mode = true and verify_server_hostname = false, and reload, the leader last.".to_owned(),
        actions: "tls {\n  on                     = servers\n  http                   = false\n  rpc                    = false\n  \
                  rpc_upgrade_mode       = false\n  verify_server_hostname = false\n  verify_https_client    = false\n  \
                  ca_file                = \"\"\n  cert_file              = \"\"\n  key_file               = \"\"\n}\n\
                  reload { order = \"leader-first\" }\nwait { duration = \"60s\" }\n\
                  assert {\n  condition     = plaintext_rpc == accepted && leader == present && clients_ready == all\n  error_message = \"the cluster is not back in plaintext\"\n}\n"
            .to_owned(),
    }
}
