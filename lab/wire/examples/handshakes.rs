//! How long a mutual handshake takes, both ends together, for each kind of key.
#[path = "../tests/tls_support/mod.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod tls_support;

use lab_pki::KeyKind;
use lab_wire::tls::{ClientAuth, Version};
use tls_support::{Authority, Leaf, shake, simulate, tls_client, tls_server};

const COUNT: u32 = 300;

#[expect(clippy::disallowed_methods, reason = "it measures real time")]
fn main() {
    for kind in [KeyKind::EcP256, KeyKind::Rsa2048, KeyKind::EcP384, KeyKind::EcP521, KeyKind::Ed25519] {
        for version in [Version::Tls13, Version::Tls12] {
            let root = Authority::new("root", kind);
            let took = simulate(async |world| {
                let mut client = tls_client(world).roots(vec![root.certificate()]).max_version(version);
                let leaf = Leaf::client().by(&root).with(kind).identity().expect("a pair");
                client.identity = Some(leaf.into_provider());
                let mut server = tls_server(world);
                server.client_auth = ClientAuth::Require { roots: [root.certificate()].into() };
                server.identity = Leaf::server().by(&root).with(kind).identity().expect("a pair").into_provider();
                let start = std::time::Instant::now();
                for _ in 0..COUNT {
                    let (one, two) = shake(world, &client, &server).await;
                    assert!(one.is_ok() && two.is_ok());
                }
                start.elapsed() / COUNT
            });
            println!("{kind:?} {version:?}: {took:?}");
        }
    }
}
