//! Several agents: elections over the RPC ports, gossip beside them, and what mixed TLS does to both.

mod support;

use std::time::Duration;

use lab_world::{Host, Simulation};
use mock_nomad::Agent;
use support::*;

const NAMES: [&str; 3] = ["server-1", "server-2", "server-3"];

fn hosts(world: &Simulation) -> Vec<Host> {
    NAMES.iter().map(|name| world.host(name)).collect()
}

/// Three servers, each with its own addition to the configuration.
async fn cluster(world: &Simulation, authority: &Authority, extra: [&str; 3]) -> Vec<Agent> {
    let mut agents = Vec::new();
    for (host, extra) in hosts(world).iter().zip(extra) {
        install(host, &authority.pem(), &authority.issue("server.global.nomad"));
        configure(host, &server_config(host, &NAMES, 3, extra));
        agents.push(start(host).await);
    }
    world.clock().sleep(Duration::from_secs(60)).await;
    agents
}

/// How many servers see `count` alive members, by the lines of their logs.
fn joined(host: &Host) -> usize {
    host.log.lines_after(0).iter().filter(|line| line.message.contains("serf: EventMemberJoin")).count()
}

fn leaders(world: &Simulation) -> usize {
    hosts(world).iter().filter(|host| host.log.contains("cluster leadership acquired")).count()
}

#[test]
fn plain_servers_meet_and_elect() {
    simulate(async |world| {
        let authority = Authority::new("Nomad Agent CA");
        let _agents = cluster(world, &authority, ["", "", ""]).await;
        for host in hosts(world) {
            assert_eq!(joined(&host), 3, "{}", host.name);
        }
        assert_eq!(leaders(world), 1);
        let prober = world.host("prober");
        let prober = Prober { host: &prober, authority: &authority };
        for host in hosts(world) {
            assert_eq!(prober.call(&host, Way::Plain, "Status.Leader").await, "ok");
        }
    });
}

#[test]
fn servers_with_tls_elect_over_it() {
    simulate(async |world| {
        let authority = Authority::new("Nomad Agent CA");
        let tls = tls_block("verify_server_hostname = true");
        let _agents = cluster(world, &authority, [&tls, &tls, &tls]).await;
        assert_eq!(leaders(world), 1);
    });
}

#[test]
fn two_with_tls_and_one_without_are_alive_and_have_no_leader() {
    simulate(async |world| {
        let authority = Authority::new("Nomad Agent CA");
        let tls = tls_block("");
        let _agents = cluster(world, &authority, [&tls, &tls, ""]).await;
        for host in hosts(world) {
            assert_eq!(joined(&host), 3, "gossip knows nothing of TLS: {}", host.name);
        }
        assert_eq!(leaders(world), 0);
        let plain = world.host("server-3");
        assert!(plain.log.contains("TLS connection attempted, server not configured for TLS"));
    });
}

#[test]
fn gossip_with_another_key_is_not_understood() {
    simulate(async |world| {
        let authority = Authority::new("Nomad Agent CA");
        let key = |text: &str| format!("server {{\n encrypt = \"{text}\"\n}}\n");
        let (one, other) = (key("cg8StVXbQJ0gPvMd9o7yrg=="), key("AAAAAAAAAAAAAAAAAAAAAA=="));
        let _agents = cluster(world, &authority, [&one, &one, &other]).await;
        assert_eq!(hosts(world).iter().map(joined).collect::<Vec<_>>(), [2, 2, 1]);
        let first = world.host("server-1");
        assert!(first.log.contains(
            "memberlist: failed to receive: no installed keys could decrypt the message from=10.0.0.3:"
        ));
        let third = world.host("server-3");
        assert!(third.log.contains("join failed: error="), "{:#?}", lines(&third, 0, "agent.joiner"));
    });
}

#[test]
fn plain_and_encrypted_gossip_do_not_meet() {
    simulate(async |world| {
        let authority = Authority::new("Nomad Agent CA");
        let key = "server {\n encrypt = \"cg8StVXbQJ0gPvMd9o7yrg==\"\n}\n";
        let _agents = cluster(world, &authority, [key, key, ""]).await;
        assert_eq!(hosts(world).iter().map(joined).collect::<Vec<_>>(), [2, 2, 1]);
        let first = world.host("server-1");
        assert!(first.log.contains(
            "memberlist: failed to receive: encryption is configured but remote state is not encrypted from=10.0.0.3:"
        ));
        let third = world.host("server-3");
        assert!(third.log.contains(
            "memberlist: failed to receive: remote state is encrypted and encryption is not configured from=10.0.0."
        ));
    });
}

#[test]
fn a_killed_server_is_seen_to_fail_and_to_come_back() {
    simulate(async |world| {
        let authority = Authority::new("Nomad Agent CA");
        let mut agents = cluster(world, &authority, ["", "", ""]).await;
        let (first, third) = (world.host("server-1"), world.host("server-3"));
        let mark = first.log.count();
        drop(agents.pop());
        world.clock().sleep(Duration::from_secs(60)).await;
        let serf = |mark| {
            lines(&first, mark, "nomad")
                .into_iter()
                .filter(|line| line.contains("serf: EventMember"))
                .collect::<Vec<_>>()
        };
        assert_eq!(serf(mark), ["[INFO] serf: EventMemberFailed: server-3.global 10.0.0.3"]);
        let mark = first.log.count();
        agents.push(start(&third).await);
        world.clock().sleep(Duration::from_secs(20)).await;
        assert_eq!(serf(mark), ["[INFO] serf: EventMemberJoin: server-3.global 10.0.0.3"]);
    });
}

#[test]
fn a_server_that_leaves_says_so() {
    simulate(async |world| {
        let authority = Authority::new("Nomad Agent CA");
        let agents = cluster(world, &authority, ["", "", "leave_on_terminate = true\n"]).await;
        let first = world.host("server-1");
        let mark = first.log.count();
        agents[2].stop().await;
        assert_eq!(agents[2].exited().map(|exit| exit.code), Some(0));
        world.clock().sleep(Duration::from_secs(5)).await;
        assert!(
            lines(&first, mark, "nomad")
                .contains(&"[INFO] serf: EventMemberLeave: server-3.global 10.0.0.3".into())
        );
    });
}
