//! The real Nomad and the mock, asked the same at their ports through the states of a migration: the answers are equal.
//!
//! Needs the real program: set `LAB_NOMAD_BIN` to its path (`oracle/build.sh` builds it). Skipped without it, and says so.

mod real_nomad_support;

use std::time::Duration;

use mock_nomad::{Agent, Options};
use real_nomad_support::{Certificates, Ports, Probe, RealNomad, Workspace, config};

/// What the `tls` block says in each state, whether the certificate is renewed, and whether the agent is restarted.
const STATES: [(&str, Option<&str>, bool, bool); 6] = [
    ("plaintext", None, false, false),
    (
        "upgrade",
        Some("verify_server_hostname = true\nverify_https_client = true\nrpc_upgrade_mode = true"),
        false,
        false,
    ),
    ("flag flipped alone", Some("verify_server_hostname = true\nverify_https_client = true"), false, false),
    ("HTTPS check dropped alone", Some("verify_server_hostname = true"), false, false),
    ("flag flipped with a new certificate", Some("verify_server_hostname = true"), true, false),
    ("restarted", Some("verify_server_hostname = true\nverify_https_client = true"), false, true),
];

#[tokio::test]
async fn the_mock_answers_at_its_ports_as_the_real_program_does() {
    let Some(binary) = std::env::var_os("LAB_NOMAD_BIN") else {
        eprintln!("skipped: set LAB_NOMAD_BIN to the path of a real nomad to compare the mock with it");
        return;
    };
    let certificates = Certificates::new();
    let (real_place, mock_place) = (Workspace::new("real"), Workspace::new("mock"));
    let (real_ports, mock_ports) = (Ports::free(&real_place.host).await, Ports::free(&mock_place.host).await);
    let mut real: Option<RealNomad> = None;
    let mut mock: Option<Agent> = None;
    for (state, tls, renew, restart) in STATES {
        for (place, ports) in [(&real_place, real_ports), (&mock_place, mock_ports)] {
            if renew || tls.is_none() {
                certificates.install(place);
            }
            place.write("s.hcl", &config(place, ports, tls));
        }
        match (&mut real, &mut mock) {
            (Some(real), Some(mock)) if !restart => {
                real.hangup();
                mock.reload().await;
            }
            _ => {
                drop((real.take(), mock.take()));
                real = Some(RealNomad::start(&binary, &real_place));
                let paths = [mock_place.path("s.hcl")];
                mock = Some(
                    Agent::start(&mock_place.host, &paths, Options::default())
                        .await
                        .expect("the mock starts"),
                );
            }
        }
        let probe = |ports| Probe { place: &mock_place, certificates: &certificates, ports };
        probe(real_ports).settle().await;
        mock_place.host.clock.sleep(Duration::from_secs(3)).await;
        let (expected, found) = (probe(real_ports).all().await, probe(mock_ports).all().await);
        eprintln!("{state}: {expected:?}");
        assert_eq!(found, expected, "the mock (left) and the real program (right) in the state `{state}`");
    }
}
