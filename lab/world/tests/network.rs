//! The behaviour of the simulated network, and of the ports of loopback, as a program on top of them sees it.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use lab_world::{DEFAULT_EPOCH, Host, Net, Simulation, Stream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const SECOND: Duration = Duration::from_secs(1);

fn simulate<T>(work: impl AsyncFnOnce(&Simulation) -> T) -> T {
    Simulation::run(1, DEFAULT_EPOCH, work)
}

/// Two machines and a connection from the first to the second.
async fn connected(world: &Simulation) -> (Host, Host, Stream, Stream) {
    let (one, two) = (world.host("one"), world.host("two"));
    let mut listener = two.net.listen("0.0.0.0:80".parse().expect("an address")).await.expect("a free port");
    let near = one.net.connect(SocketAddr::new(two.net.address(), 80)).await.expect("a connection");
    let far = listener.accept().await.expect("a connection");
    (one, two, near, far)
}

#[test]
fn bytes_arrive_in_order_and_after_the_latency() {
    simulate(async |world| {
        world.set_latency(Duration::from_millis(40));
        let (one, _, mut near, mut far) = connected(world).await;
        let sent = one.clock.now();
        near.write_all(b"hello ").await.expect("open");
        near.write_all(b"there").await.expect("open");
        let mut text = [0; 11];
        far.read_exact(&mut text).await.expect("open");
        assert_eq!(&text, b"hello there");
        assert_eq!(one.clock.now() - sent, Duration::from_millis(40));
        assert_eq!((far.peer(), near.peer()), (near.local(), far.local()));
    });
}

#[test]
fn nothing_listening_is_refused_and_a_taken_port_is_said() {
    simulate(async |world| {
        let (one, two, ..) = connected(world).await;
        let closed =
            one.net.connect(SocketAddr::new(two.net.address(), 81)).await.expect_err("nothing listens");
        assert_eq!(closed.kind(), ErrorKind::ConnectionRefused);
        let _held = two.net.listen("0.0.0.0:82".parse().expect("an address")).await.expect("a free port");
        let taken = two.net.listen("127.0.0.1:82".parse().expect("an address")).await.expect_err("taken");
        assert_eq!(taken.to_string(), "listen tcp 10.0.0.2:82: bind: address already in use");
    });
}

#[test]
fn a_closed_end_is_read_to_its_end_and_then_breaks() {
    simulate(async |world| {
        let (one, _, mut near, mut far) = connected(world).await;
        far.write_all(b"bye").await.expect("open");
        drop(far);
        one.clock.sleep(SECOND).await;
        near.write_all(b"one more").await.expect("the kernel takes it");
        let mut text = Vec::new();
        near.read_to_end(&mut text).await.expect("the end");
        assert_eq!(text, b"bye");
        assert_eq!(near.write_all(b"x").await.expect_err("broken").kind(), ErrorKind::BrokenPipe);
    });
}

#[test]
fn a_cut_holds_one_direction_and_healing_delivers() {
    simulate(async |world| {
        let (one, _, mut near, mut far) = connected(world).await;
        world.cut("one", "two");
        near.write_all(b"late").await.expect("the kernel takes it");
        far.write_all(b"prompt").await.expect("the other way is open");
        let mut prompt = [0; 6];
        near.read_exact(&mut prompt).await.expect("the other way is open");
        let mut late = [0; 4];
        assert!(one.clock.timeout(SECOND, far.read_exact(&mut late)).await.is_none(), "the way is cut");
        world.heal("one", "two");
        far.read_exact(&mut late).await.expect("healed");
        assert_eq!(&late, b"late");
    });
}

#[test]
fn connecting_across_a_cut_waits_until_it_heals() {
    simulate(async |world| {
        let (one, two, ..) = connected(world).await;
        let _listener = two.net.listen("0.0.0.0:81".parse().expect("an address")).await.expect("a free port");
        let address = SocketAddr::new(two.net.address(), 81);
        world.isolate("two");
        assert!(one.clock.timeout(10 * SECOND, one.net.connect(address)).await.is_none());
        world.rejoin("two");
        assert!(one.net.connect(address).await.is_ok());
    });
}

#[test]
fn a_clog_delays_and_a_reset_breaks() {
    simulate(async |world| {
        let (one, _, mut near, mut far) = connected(world).await;
        let sent = one.clock.now();
        world.clog("one", "two", 5 * SECOND);
        near.write_all(b"x").await.expect("open");
        far.read_u8().await.expect("it arrives");
        assert_eq!(one.clock.now() - sent, 5 * SECOND);
        world.reset("two", "one");
        assert_eq!(far.read_u8().await.expect_err("reset").kind(), ErrorKind::ConnectionReset);
        assert_eq!(near.write_u8(1).await.expect_err("reset").kind(), ErrorKind::ConnectionReset);
    });
}

#[test]
fn a_machine_without_power_is_silent_and_resets_old_connections_when_back() {
    simulate(async |world| {
        let (one, two, mut near, far) = connected(world).await;
        world.power_off("two");
        near.write_all(b"anybody?").await.expect("the kernel takes it");
        assert!(one.clock.timeout(60 * SECOND, near.read_u8()).await.is_none(), "no answer, no error");
        assert!(
            one.clock
                .timeout(SECOND, one.net.connect(SocketAddr::new(two.net.address(), 80)))
                .await
                .is_none()
        );
        world.power_on("two");
        near.write_all(b"hello?").await.expect("the kernel takes it");
        assert_eq!(near.read_u8().await.expect_err("reset").kind(), ErrorKind::ConnectionReset);
        let refused =
            one.net.connect(SocketAddr::new(two.net.address(), 80)).await.expect_err("nothing listens yet");
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        drop(far);
    });
}

#[test]
fn datagrams_arrive_whole_or_not_at_all() {
    simulate(async |world| {
        let (one, two) = (world.host("one"), world.host("two"));
        let at = |host: &Host| SocketAddr::new(host.net.address(), 80);
        let near = one.net.bind(at(&one)).await.expect("a free port");
        let far = two.net.bind(at(&two)).await.expect("a free port");
        assert_eq!(two.net.bind(at(&two)).await.expect_err("taken").kind(), ErrorKind::AddrInUse);
        near.send(b"hello", at(&two)).await.expect("sent");
        let sent = one.clock.now();
        assert_eq!(far.receive().await.expect("a datagram"), (b"hello".to_vec(), at(&one)));
        assert_eq!(one.clock.now() - sent, Duration::from_millis(1));
        world.cut("one", "two");
        near.send(b"lost", at(&two)).await.expect("sent");
        world.heal("one", "two");
        near.send(b"lost too", SocketAddr::new(two.net.address(), 81)).await.expect("sent");
        near.send(b"there", at(&two)).await.expect("sent");
        assert_eq!(far.receive().await.expect("a datagram").0, b"there");
        world.power_off("two");
        near.send(b"lost", at(&two)).await.expect("sent");
        assert_eq!(far.receive().await.expect_err("off").kind(), ErrorKind::NotConnected);
        drop(near);
        one.net.bind(at(&one)).await.expect("free again");
    });
}

#[test]
fn names_resolve_as_registered() {
    simulate(async |world| {
        let vault = world.host("vault-1");
        let host = world.host("server-1");
        world.register("active.vault.service.consul", &["vault-1"]);
        assert_eq!(
            host.net.resolve("active.vault.service.consul").expect("registered"),
            [vault.net.address()]
        );
        assert_eq!(host.net.resolve("vault-1").expect("a machine"), [vault.net.address()]);
        let unknown = host.net.resolve("nomad.service.consul").expect_err("not registered");
        assert_eq!(unknown.to_string(), "lookup nomad.service.consul: no such host");
    });
}

#[test]
fn a_slow_reader_holds_the_writer() {
    simulate(async |world| {
        let (one, _, mut near, mut far) = connected(world).await;
        let load = vec![7; 3 << 20];
        assert!(one.clock.timeout(SECOND, near.write_all(&load)).await.is_none(), "the buffers are full");
        let mut taken = vec![0; 1 << 20];
        far.read_exact(&mut taken).await.expect("what was taken");
        assert!(
            one.clock.timeout(SECOND, near.write_all(&load[..1024])).await.is_some(),
            "there is room again"
        );
    });
}

#[tokio::test]
async fn datagrams_stay_on_loopback() {
    let host = Host::loopback("here", std::path::Path::new("/nonexistent"));
    let own = host.net.bind("127.0.0.1:0".parse().expect("an address")).await.expect("a free port");
    let away: SocketAddr = "192.0.2.1:80".parse().expect("an address");
    assert_eq!(own.send(b"x", away).await.expect_err("away").kind(), ErrorKind::PermissionDenied);
    assert_eq!(host.net.bind(away).await.expect_err("away").kind(), ErrorKind::PermissionDenied);
}

#[tokio::test]
async fn loopback_serves_loopback_only() {
    let host = Host::loopback("here", std::env::temp_dir());
    let refused =
        host.net.connect("192.0.2.1:80".parse().expect("an address")).await.expect_err("not loopback");
    assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
    let mut listener =
        host.net.listen("127.0.0.1:0".parse().expect("an address")).await.expect("a free port");
    let mut near = host.net.connect(listener.address()).await.expect("a connection");
    let mut far = listener.accept().await.expect("a connection");
    near.write_all(b"hi").await.expect("open");
    let mut text = [0; 2];
    far.read_exact(&mut text).await.expect("open");
    assert_eq!(&text, b"hi");
}

#[test]
fn free_ports_are_many_and_nobody_listens_on_them() {
    simulate(async |world| {
        let host = world.host("one");
        let _taken = host.net.listen((host.net.address(), 0).into()).await.expect("a free port");
        let ports = host.net.free_ports(8).await.expect("free ports");
        let different: std::collections::BTreeSet<_> = ports.iter().collect();
        assert_eq!(different.len(), 8);
        for port in ports {
            host.net.listen((host.net.address(), port).into()).await.expect("the port is free");
        }
    });
}

#[tokio::test]
async fn free_ports_of_loopback_are_given_once() {
    let net = Net::loopback();
    let ports =
        [net.free_ports(8).await.expect("free ports"), net.free_ports(8).await.expect("more of them")];
    let different: std::collections::BTreeSet<_> = ports.iter().flatten().collect();
    assert_eq!(different.len(), 16);
    for port in different {
        let address = (std::net::Ipv4Addr::LOCALHOST, *port).into();
        net.listen(address).await.expect("the port is free");
        net.bind(address).await.expect("the port is free for packets too");
    }
}
