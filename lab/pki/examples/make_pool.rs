//! Writes a pool of RSA-2048 keys for simulated runs to standard output.
//!
//! The keys it prints are to be published with the source, so they must never be used for anything else.

use lab_pki::{KeyKind, KeySource};

const NOTICE: &str = "\
THESE PRIVATE KEYS ARE PUBLIC. Everybody who has the source of this program has them, so they protect nothing.

Simulated runs draw from them, since one RSA-2048 key takes a sixth of a second to make. They exist only in the memory
of a simulation: key sources refuse them for hosts whose network is real, and TLS refuses them on real sockets.
Written by `cargo run --release -p lab-pki --example make_pool`.
";

fn main() -> Result<(), lab_pki::Error> {
    println!("{NOTICE}");
    let source = KeySource::generated();
    for _ in 0..128 {
        print!("{}", source.key(KeyKind::Rsa2048)?.to_pem());
    }
    Ok(())
}
