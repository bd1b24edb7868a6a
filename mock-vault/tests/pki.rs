//! What the recordings do not show of the PKI engine.

mod support;

use std::time::Duration;

use lab_pki::{Certificate, KeyKind, KeySource, Name, SigningRequestBuilder};
use serde_json::json;
use support::{authority, dev, role, simulate};

fn certificate(data: &serde_json::Value) -> Certificate {
    Certificate::from_pem(data["certificate"].as_str().expect("a certificate")).expect("PEM")
}

#[test]
fn a_leaf_that_would_outlive_its_issuer_is_refused_cut_or_let_through() {
    simulate(async |world| {
        let (_server, vault) = dev(world).await;
        authority(&vault, "10h").await;
        role(&vault, "r", json!({"ttl": "20h"})).await;
        let (status, error) = vault.refused("POST", "pki/issue/r", json!({"common_name": "a.b"})).await;
        assert_eq!(status, 400);
        assert!(
            error.starts_with(
                "cannot satisfy request, as TTL would result in notAfter of 2026-01-06T05:00:00"
            ),
            "{error}"
        );
        assert!(
            error.ends_with("that is beyond the expiration of the CA certificate at 2026-01-05T19:00:00Z"),
            "{error}"
        );
        let root = certificate(&vault.data("GET", "pki/cert/ca", json!(null)).await);
        let set = async |behavior: &str| {
            vault.data("POST", "pki/issuer/default", json!({"leaf_not_after_behavior": behavior})).await
        };
        set("truncate").await;
        let leaf = certificate(&vault.data("POST", "pki/issue/r", json!({"common_name": "a.b"})).await);
        assert_eq!(leaf.not_after(), root.not_after());
        set("permit").await;
        let leaf = certificate(&vault.data("POST", "pki/issue/r", json!({"common_name": "a.b"})).await);
        assert!(leaf.not_after() > root.not_after());
        let bad = vault.refused("POST", "pki/issuer/default", json!({"leaf_not_after_behavior": "x"})).await;
        assert_eq!(
            bad.1,
            "Unknown value for field `leaf_not_after_behavior`. Possible values are `err`, `truncate`, and `permit`."
        );
        role(&vault, "early", json!({"not_before_duration": "1h", "ttl": "1h"})).await;
        let early = vault.refused("POST", "pki/issue/early", json!({"common_name": "a.b"})).await;
        assert_eq!(early, (400, "notBefore before signer's notBefore".into()));
    });
}

#[test]
fn names_are_held_against_the_role() {
    simulate(async |world| {
        let (_server, vault) = dev(world).await;
        authority(&vault, "1000h").await;
        let rules = json!({"allow_any_name": false, "allowed_domains": ["lab.test", "*.glob.test"], "allow_subdomains": true, "allow_glob_domains": true, "allow_ip_sans": false});
        role(&vault, "r", rules).await;
        role(&vault, "bare", json!({"allow_any_name": false, "allowed_domains": "lab.test", "allow_bare_domains": true, "allow_localhost": false})).await;
        for (role, name, verdict) in [
            ("r", "a.lab.test", true),
            ("r", "a.LAB.test", false),
            ("r", "lab.test", false),
            ("r", "x.glob.test", true),
            ("r", "localhost", true),
            ("r", "a.localhost", true),
            ("r", "*.lab.test", true),
            ("r", "a.*.lab.test", false),
            ("r", "a_b.lab.test", false),
            ("bare", "LAB.test", true),
            ("bare", "a.lab.test", false),
            ("bare", "localhost", false),
            ("bare", "me@lab.test", true),
            ("bare", "me@other.test", false),
            ("bare", "a@b@lab.test", false),
        ] {
            let (status, answer) =
                vault.send("POST", &format!("pki/issue/{role}"), json!({"common_name": name})).await;
            assert_eq!(status == 200, verdict, "{role} {name}: {answer}");
            if !verdict {
                assert_eq!(answer["errors"][0], format!("common name {name} not allowed by this role"));
            }
        }
        let body = json!({"common_name": "a.lab.test", "ip_sans": "10.0.0.1"});
        let refused = vault.refused("POST", "pki/issue/r", body).await;
        assert_eq!(
            refused.1,
            "IP Subject Alternative Names are not allowed in this role, but was provided [10.0.0.1]"
        );
        let data = vault
            .data(
                "POST",
                "pki/issue/r",
                json!({"common_name": "b.lab.test", "alt_names": "a.lab.test,not a name"}),
            )
            .await;
        assert_eq!(certificate(&data).dns_names(), ["a.lab.test", "b.lab.test"]);
    });
}

#[test]
fn signing_requests_are_signed_for_their_own_names() {
    simulate(async |world| {
        let (_server, vault) = dev(world).await;
        authority(&vault, "1000h").await;
        role(&vault, "r", json!({})).await;
        role(&vault, "rsa", json!({"key_type": "rsa"})).await;
        let key = KeySource::generated().key(KeyKind::EcP256).expect("a key");
        let request = SigningRequestBuilder {
            subject: Name::common("csr.lab"),
            dns_names: vec!["san.lab".into()],
            ..Default::default()
        };
        let csr = request.sign(&key).expect("a request").to_pem();
        let body = json!({"csr": csr, "common_name": "other.lab", "alt_names": "x.lab"});
        let (_, answer) = vault.send("POST", "pki/sign/r", body).await;
        let leaf = certificate(&answer["data"]);
        // Its common name is one of its names, too.
        assert_eq!(leaf.common_name(), "csr.lab");
        assert_eq!(leaf.dns_names(), ["csr.lab", "san.lab"]);
        let warnings = answer["warnings"].as_array().expect("warnings");
        assert_eq!(
            warnings[0],
            "the common_name field was provided but the role is set with \"use_csr_common_name\" set to true"
        );
        assert!(answer["data"].get("private_key").is_none());
        let wrong = vault.refused("POST", "pki/sign/rsa", json!({"csr": csr})).await;
        assert_eq!(wrong, (400, "role requires keys of type rsa".into()));
        let verbatim =
            certificate(&vault.data("POST", "pki/sign-verbatim", json!({"csr": csr, "ttl": "1h"})).await);
        assert_eq!((verbatim.common_name(), verbatim.dns_names()), ("csr.lab", &["san.lab".to_owned()][..]));
        for (csr, text) in [("", "\"csr\" is empty"), ("garbage", "csr contains no data")] {
            assert_eq!(vault.refused("POST", "pki/sign/r", json!({"csr": csr})).await.1, text);
        }
    });
}

#[test]
fn a_revoked_certificate_is_on_the_list_and_tidied_when_it_is_over() {
    simulate(async |world| {
        let (_server, vault) = dev(world).await;
        authority(&vault, "1000h").await;
        role(&vault, "r", json!({})).await;
        let serial =
            vault.data("POST", "pki/issue/r", json!({"common_name": "a.b"})).await["serial_number"].clone();
        let first = vault.data("GET", "pki/cert/crl", json!(null)).await["certificate"].clone();
        let revoked = vault.data("POST", "pki/revoke", json!({"serial_number": serial})).await;
        assert_eq!(revoked["state"], "revoked");
        assert_eq!(
            vault.data("POST", "pki/revoke", json!({"serial_number": serial})).await,
            revoked,
            "it is revoked once"
        );
        let second = vault.data("GET", "pki/cert/crl", json!(null)).await["certificate"].clone();
        assert_ne!(first, second);
        let der = lab_pki::pem::first(second.as_str().expect("PEM")).expect("PEM").content;
        let number = hex::decode(serial.as_str().expect("a serial").replace(':', "")).expect("hex");
        assert!(der.windows(number.len()).any(|window| window == number), "the serial number is on the list");
        assert_eq!(vault.data("LIST", "pki/certs/revoked", json!(null)).await["keys"], json!([serial]));
        let both =
            vault.refused("POST", "pki/revoke", json!({"serial_number": "x", "certificate": "y"})).await;
        assert_eq!(both.1, "Must provide either the certificate or the serial to revoke; not both.");
        world.clock().sleep(Duration::from_secs(100 * 3600)).await;
        let (status, _) =
            vault.send("POST", "pki/tidy", json!({"tidy_revoked_certs": true, "safety_buffer": "1h"})).await;
        assert_eq!(status, 202);
        assert_eq!(vault.send("LIST", "pki/certs/revoked", json!(null)).await.0, 404);
    });
}

#[test]
fn issuers_have_names_and_one_is_the_default() {
    simulate(async |world| {
        let (_server, vault) = dev(world).await;
        authority(&vault, "1000h").await;
        role(&vault, "r", json!({})).await;
        let next =
            json!({"common_name": "next root", "issuer_name": "next", "key_type": "ec", "ttl": "1000h"});
        vault.data("POST", "pki/root/generate/internal", next.clone()).await;
        let taken = vault.refused("POST", "pki/root/generate/internal", next).await;
        assert_eq!(taken, (400, "issuer name already in use".into()));
        let issued_by = async |path: &str| {
            let data = vault.data("POST", path, json!({"common_name": "a.b"})).await;
            certificate(&data).issuer().common_name.clone()
        };
        assert_eq!(issued_by("pki/issue/r").await, "lab root");
        assert_eq!(issued_by("pki/issuer/next/issue/r").await, "next root");
        vault.data("POST", "pki/root/replace", json!({"default": "next"})).await;
        assert_eq!(issued_by("pki/issue/r").await, "next root");
        let unknown = vault.refused("GET", "pki/issuer/nobody", json!(null)).await;
        assert_eq!(
            unknown,
            (500, "1 error occurred:\n\t* unable to find PKI issuer for reference: nobody\n\n".into())
        );
        let (_, deleted) = vault.send("DELETE", "pki/issuer/next", json!(null)).await;
        assert!(
            deleted["warnings"][0]
                .as_str()
                .is_some_and(|text| text.contains("configured as the default issuer")),
            "{deleted}"
        );
        let none = vault.refused("POST", "pki/issue/r", json!({"common_name": "a.b"})).await;
        assert_eq!(
            none.1,
            "1 error occurred:\n\t* could not fetch the CA certificate (was one set?): no default issuer currently configured\n\n"
        );
    });
}

#[test]
fn a_short_root_signs_no_intermediate() {
    simulate(async |world| {
        let (_server, vault) = dev(world).await;
        vault.data("POST", "sys/mounts/pki", json!({"type": "pki"})).await;
        let root = json!({"common_name": "r", "key_type": "ec", "max_path_length": 0});
        let (_, made) = vault.send("POST", "pki/root/generate/internal", root).await;
        // The first says that nobody has configured URLs.
        assert_eq!(
            made["warnings"][1],
            "Max path length of the generated certificate is zero. This certificate cannot be used to issue intermediate CA certificates."
        );
        let csr = vault
            .data("POST", "pki/intermediate/generate/internal", json!({"common_name": "i", "key_type": "ec"}))
            .await["csr"]
            .clone();
        let refused = vault.refused("POST", "pki/root/sign-intermediate", json!({"csr": csr})).await;
        assert_eq!(
            refused.1,
            "signing certificate has a max path length of zero, and cannot issue further CA certificates"
        );
    });
}

/// An OCSP request about a certificate.
fn question(issuer: &Certificate, serial: &str) -> Vec<u8> {
    use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
    let sha1 = |bytes: &[u8]| digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref().to_vec();
    // The key identifier that Vault gives an authority is the hash that OCSP wants.
    let (name, key) = (sha1(issuer.raw_subject()), issuer.subject_key_id().to_vec());
    let serial = hex::decode(serial.replace(':', "")).expect("hex");
    yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer.next().write_sequence(|writer| {
                writer.next().write_sequence(|writer| {
                    writer.next().write_sequence(|writer| {
                        writer.next().write_sequence(|writer| {
                            writer.next().write_sequence(|writer| {
                                let oid = yasna::models::ObjectIdentifier::from_slice(&[1, 3, 14, 3, 2, 26]);
                                writer.next().write_oid(&oid);
                            });
                            writer.next().write_bytes(&name);
                            writer.next().write_bytes(&key);
                            writer.next().write_bigint_bytes(&serial, true);
                        });
                    });
                });
            });
        });
    })
}

#[test]
fn ocsp_knows_what_is_revoked_and_nothing_else() {
    simulate(async |world| {
        let (_server, vault) = dev(world).await;
        authority(&vault, "1000h").await;
        role(&vault, "r", json!({})).await;
        let issued = vault.data("POST", "pki/issue/r", json!({"common_name": "a.b"})).await;
        let issuer = Certificate::from_pem(issued["issuing_ca"].as_str().expect("PEM")).expect("PEM");
        let serial = issued["serial_number"].as_str().expect("a serial").to_owned();
        let ask = async |serial: &str| {
            use base64::Engine;
            let text = base64::engine::general_purpose::STANDARD.encode(question(&issuer, serial));
            let text = text.replace('/', "%2F").replace('+', "%2B").replace('=', "%3D");
            vault.bytes(&format!("pki/ocsp/{text}")).await
        };
        const GOOD: [u8; 2] = [0x80, 0x00];
        const REVOKED: [u8; 2] = [0xa1, 0x11];
        let says = |body: &[u8], status: [u8; 2]| body.windows(2).any(|window| window == status);
        let (status, kind, body) = ask(&serial).await;
        assert_eq!((status, kind.as_str()), (200, "application/ocsp-response"));
        assert!(says(&body, GOOD) && !says(&body, REVOKED));
        assert!(says(&ask("01:02").await.2, GOOD), "a number that was never given out is good");
        vault.data("POST", "pki/revoke", json!({"serial_number": serial})).await;
        assert!(says(&ask(&serial).await.2, REVOKED));
        let (status, _, body) = vault.bytes("pki/ocsp/AAAA").await;
        assert_eq!((status, &body[..]), (400, &[0x30, 0x03, 0x0a, 0x01, 0x01][..]), "malformed");
    });
}
