//! The pool against a server that counts.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lab_wire::rpc::Codec;
use lab_wire::rpc::yamux::{Keepalive, Role, Session};
use lab_world::{DEFAULT_EPOCH, Host, Simulation, Tasks};
use rmpv::Value;
use tokio::io::AsyncReadExt;

use super::*;
use crate::seam::{RpcDialer, RpcError};

/// Answers every call by its own name, except those whose name begins with `Bad`; counts connections and streams.
struct Answering {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    streams: Arc<AtomicUsize>,
    tasks: Tasks,
}

async fn answering(host: &Host) -> Answering {
    let address = SocketAddr::new(host.net.address(), 4647);
    let mut listener = host.net.listen(address).await.expect("a free port");
    let (connections, streams, tasks) =
        (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default(), Tasks::new());
    let (opened, begun, scope, clock) =
        (Arc::clone(&connections), Arc::clone(&streams), tasks.clone(), host.clock.clone());
    tasks.spawn(async move {
        while let Ok(mut stream) = listener.accept().await {
            opened.fetch_add(1, Ordering::SeqCst);
            let (begun, scope, clock) = (Arc::clone(&begun), scope.clone(), clock.clone());
            scope.clone().spawn(async move {
                assert_eq!(stream.read_u8().await.ok(), Some(6));
                let session = Session::new(stream, Role::Server, Keepalive::default(), &clock, &scope);
                while let Some(mut stream) = session.accept().await {
                    begun.fetch_add(1, Ordering::SeqCst);
                    assert_eq!(stream.read_u8().await.ok(), Some(1));
                    scope.spawn(async move {
                        let mut codec = Codec::new(stream);
                        while let Ok(request) = codec.read_request().await {
                            let answer = match request.method.strip_prefix("Bad.") {
                                Some(text) => Err(text.to_owned()),
                                None => Ok(Value::from(request.method.as_str())),
                            };
                            if codec.write_response(&request, &answer).await.is_err() {
                                return;
                            }
                        }
                    });
                }
            });
        }
    });
    Answering { address, connections, streams, tasks }
}

fn pool(host: &Host, tasks: &Tasks, kind: PoolKind) -> Pool {
    Pool::new(kind, Dialler::new(&host.net, &host.clock, None), host, tasks)
}

async fn call(pool: &Pool, address: SocketAddr, method: &str) -> Result<Value, RpcError> {
    pool.call(address, "global", method, Value::Map(Vec::new())).await
}

fn simulate(work: impl AsyncFnOnce(Host, Host, Tasks)) {
    Simulation::run(1, DEFAULT_EPOCH, async |world| {
        let tasks = Tasks::new();
        work(world.host("server"), world.host("client"), tasks.clone()).await;
        tasks.abort();
    });
}

#[test]
fn calls_share_a_connection_and_idle_streams() {
    simulate(async |server, client, tasks| {
        let server = answering(&server).await;
        let pool = pool(&client, &tasks, PoolKind::Client);
        for _ in 0..5 {
            assert_eq!(call(&pool, server.address, "Status.Ping").await, Ok("Status.Ping".into()));
        }
        let both =
            tokio::join!(biased; call(&pool, server.address, "A.B"), call(&pool, server.address, "C.D"));
        assert_eq!(both, (Ok("A.B".into()), Ok("C.D".into())));
        let count = |counter: &AtomicUsize| counter.load(Ordering::SeqCst);
        assert_eq!((count(&server.connections), count(&server.streams)), (1, 2));
    });
}

#[test]
fn an_idle_connection_is_closed() {
    for (kind, minutes) in [(PoolKind::Server, 2), (PoolKind::Client, 5)] {
        simulate(async |server, client, tasks| {
            let server = answering(&server).await;
            let pool = pool(&client, &tasks, kind);
            call(&pool, server.address, "Status.Ping").await.expect("an answer");
            client.clock.sleep(Duration::from_secs(60 * minutes - 5)).await;
            call(&pool, server.address, "Status.Ping").await.expect("an answer");
            assert_eq!(server.connections.load(Ordering::SeqCst), 1);
            client.clock.sleep(Duration::from_secs(60 * minutes * 2)).await;
            call(&pool, server.address, "Status.Ping").await.expect("an answer");
            assert_eq!(server.connections.load(Ordering::SeqCst), 2, "{kind:?}");
        });
    }
}

#[test]
fn errors_are_wrapped_once_for_each_hop_unless_they_are_coded() {
    simulate(async |server, client, tasks| {
        let server = answering(&server).await;
        let pool = pool(&client, &tasks, PoolKind::Server);
        for (sent, read) in [
            ("Permission denied", "rpc error: Permission denied"),
            ("rpc error: No cluster leader", "rpc error: rpc error: No cluster leader"),
            ("RPC Error:: 404,job not found", "RPC Error:: 404,job not found"),
        ] {
            let answer = call(&pool, server.address, &format!("Bad.{sent}")).await;
            assert_eq!(answer, Err(RpcError::new(read)));
        }
        assert_eq!(server.connections.load(Ordering::SeqCst), 1, "the connection is not to blame");
    });
}

#[test]
fn who_waits_for_anothers_dialling_shares_its_fate() {
    simulate(async |server, client, tasks| {
        let pool = pool(&client, &tasks, PoolKind::Client);
        let address = SocketAddr::new(server.net.address(), 4647);
        let (lead, other) = tokio::join!(biased; call(&pool, address, "A.B"), call(&pool, address, "C.D"));
        let refused = "rpc error: failed to get conn: dial tcp 10.0.0.1:4647: connect: connection refused";
        assert_eq!(lead, Err(RpcError::new(refused)));
        assert_eq!(other, Err(RpcError::new("rpc error: lead thread didn't get connection")));
    });
}

#[test]
fn closing_all_ends_calls_and_the_next_one_dials() {
    simulate(async |server, client, tasks| {
        let server = answering(&server).await;
        let pool = pool(&client, &tasks, PoolKind::Server);
        call(&pool, server.address, "Status.Ping").await.expect("an answer");
        let closing = async {
            client.clock.sleep(Duration::from_micros(1_500)).await;
            pool.close_all();
        };
        let (waiting, ()) = tokio::join!(biased; call(&pool, server.address, "Status.Ping"), closing);
        assert_eq!(waiting, Err(RpcError::new("rpc error: EOF")));
        call(&pool, server.address, "Status.Ping").await.expect("an answer");
        assert_eq!(server.connections.load(Ordering::SeqCst), 2);
        server.tasks.abort();
    });
}

#[test]
fn a_server_that_is_silent_does_not_hold_the_dialler() {
    simulate(async |server, client, tasks| {
        let address = SocketAddr::new(server.net.address(), 4647);
        let nowhere = SocketAddr::from(([10, 9, 9, 9], 4647));
        let pool = pool(&client, &tasks, PoolKind::Client);
        let error = call(&pool, nowhere, "A.B").await.expect_err("no such machine");
        assert!(error.0.starts_with("rpc error: failed to get conn: dial tcp 10.9.9.9:4647: "), "{error}");
        let _silent = server.net.listen(address).await.expect("a free port");
        let answer = client.clock.timeout(Duration::from_secs(120), call(&pool, address, "A.B")).await;
        assert_eq!(answer, Some(Err(RpcError::new("rpc error: EOF"))), "given up by the keepalive");
    });
}
