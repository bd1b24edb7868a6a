//! Plaintext to mutual TLS.

use super::super::budget::Budget;
use super::super::issuing::On;
use super::super::shape::Shape;
use super::super::step::{Apply, Step};
use super::{clients, probe_servers, servers, tls};

pub(super) fn steps(shape: &Shape, budget: &Budget) -> Vec<Step> {
    vec![certificates(shape), mixed(shape), move_clients(shape, budget), close(shape), gossip(shape)]
}

fn certificates(shape: &Shape) -> Step {
    Step {
        name: "certificates",
        summary: "Put certificate, key and CA on every node; change nothing else".to_owned(),
        why: "An agent that is told to use TLS and finds no certificate exits.",
        on: "every node, in any order".to_owned(),
        commands: vec!["systemctl start consul-template".to_owned()],
        check: vec!["lab verify PATH: no TLS001, no CERT finding that is critical".to_owned()],
        back: "Stop consul-template and remove the files.".to_owned(),
        actions: shape.issuing.render(On::All),
        ..Step::default()
    }
}

fn mixed(shape: &Shape) -> Step {
    let verify = shape.verifies_while_mixed();
    let https = shape.verifies_https(true);
    Step {
        name: "mixed",
        summary: "Servers: TLS, and plaintext still accepted".to_owned(),
        why: "Clients that still speak plaintext keep their heartbeats. Servers dial TLS at once, so the leader goes last: until then it reaches the others in plaintext. Names are not checked yet: with that, plaintext clients start nothing new.",
        on: servers(shape),
        fragment: tls(shape, true, true, verify),
        commands: vec![Apply::Reload.command()],
        check: vec![
            probe_servers(shape, "upgrade"),
            "nomad node status: every client ready; nomad server members: all alive, one leader".to_owned(),
        ],
        back: "Remove the tls block and reload, the leader first: plaintext is accepted all the time."
            .to_owned(),
        actions: format!(
            "tls {{\n  on                     = servers\n  http                   = true\n  rpc                    = true\n  \
             rpc_upgrade_mode       = true\n  verify_server_hostname = {verify}\n  verify_https_client    = {https}\n}}\n\
             reload {{ order = \"leader-last\" }}\nwait {{ duration = \"10s\" }}\njob \"new\" {{ type = \"system\" }}\nwait {{ duration = \"60s\" }}\n\
             assert {{\n  condition     = leader == present && plaintext_rpc == accepted\n  error_message = \"a client that still speaks plaintext would be lost\"\n}}\n"
        ),
    }
}

fn move_clients(shape: &Shape, budget: &Budget) -> Step {
    let https = shape.verifies_https(false);
    Step {
        name: "clients",
        summary: "Clients: TLS".to_owned(),
        why: "The servers take both, so that each client is away for a moment only.",
        on: clients(shape, budget),
        fragment: tls(shape, false, false, true),
        commands: vec![Apply::Reload.command()],
        check: vec![
            "nomad node status: every client ready".to_owned(),
            format!(
                "no client longer than {:.0} s without a heartbeat: pause between batches",
                budget.least.as_secs_f64()
            ),
            "on each server: ss -tn state established '( sport = :4647 )' shows no client that was forgotten"
                .to_owned(),
        ],
        back: "Remove the tls block from the clients and reload them: the servers still take plaintext."
            .to_owned(),
        actions: format!(
            "tls {{\n  on                     = clients\n  http                   = true\n  rpc                    = true\n  \
             verify_server_hostname = true\n  verify_https_client    = {https}\n}}\n\
             reload {{\n  batch = {}\n  pause = \"3s\"\n}}\nwait {{ duration = \"30s\" }}\n\
             assert {{\n  condition     = clients_ready == all\n  error_message = \"a client did not come back over TLS\"\n}}\n",
            budget.batch
        ),
    }
}

fn close(shape: &Shape) -> Step {
    Step {
        name: "close",
        summary: "Servers: TLS only, and names checked, by restart".to_owned(),
        why: "A reload applies neither setting: only a restart, or a new certificate in the same reload, makes a server let go of plaintext.",
        on: servers(shape),
        fragment: tls(shape, true, false, true),
        commands: vec![Apply::Restart.command(), "wait until a leader is there before the next server".to_owned()],
        check: vec![
            probe_servers(shape, "strict"),
            "wait 6 minutes: after an election no client is declared down for 5".to_owned(),
            "nomad node status: every client ready".to_owned(),
        ],
        back: "rpc_upgrade_mode = true and verify_server_hostname = false on the servers, and restart them, the leader last.".to_owned(),
        actions: "tls {\n  on                     = servers\n  rpc_upgrade_mode       = false\n  verify_server_hostname = true\n}\n\
                  restart {\n  order = \"leader-last\"\n  pause = \"8s\"\n}\n\
                  assert {\n  condition     = plaintext_rpc == refused && rpc_without_certificate == refused\n  error_message = \"a server still accepts what it should refuse\"\n}\n"
            .to_owned(),
    }
}

fn gossip(shape: &Shape) -> Step {
    Step {
        name: "gossip",
        summary: "Servers: encrypt gossip".to_owned(),
        why: "Gossip never uses TLS; it has a key of its own, and a reload does not pick it up.",
        on: servers(shape),
        fragment:
            "server {\n  encrypt = \"...\"    # nomad operator gossip keyring generate, the same on all\n}\n"
                .to_owned(),
        commands: vec![Apply::Restart.command()],
        check: vec![
            "nomad server members: all alive".to_owned(),
            "lab verify PATH: nothing found".to_owned(),
        ],
        back: "Remove the line and server/serf.keyring in the data directory, and restart.".to_owned(),
        actions: "gossip_key { on = servers }\nrestart {\n  order = \"leader-last\"\n  pause = \"8s\"\n}\n"
            .to_owned(),
    }
}
