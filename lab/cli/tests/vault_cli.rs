//! The same commands by the real command line and by the lab's, against servers in the same state.
//!
//! Skipped, and said so, where `LAB_VAULT_BIN` does not name the real program.

mod cli_support;
#[path = "vault_cli/machine.rs"]
mod machine;

use cli_support::{Masks, oracle};
use machine::Machine;

/// Commands on a server for development.
const DEV: &str = include_str!("vault_cli/dev.txt");
/// Flags, variables, data and arguments, right and wrong, on such a server.
const MISTAKES: &str = include_str!("vault_cli/mistakes.txt");
/// Commands on a server that is initialised, unsealed and sealed by hand.
const SEALED: &str = include_str!("vault_cli/sealed.txt");
/// Commands of `pki`, with mounts in many states.
const PKI: &str = include_str!("vault_cli/pki.txt");
/// The same where ACME is enabled, which the lab's server refuses.
const PKI_ACME: &str = include_str!("vault_cli/pki_acme.txt");
const LAB: &str = env!("CARGO_BIN_EXE_lab");

/// Of a hundred commands so many must be answered alike.
const ALIKE: usize = 98;

#[test]
fn commands_against_the_labs_server() {
    let Some(real) = oracle("LAB_VAULT_BIN") else { return };
    let real = real.display().to_string();
    compare(DEV, &Machine::dev(LAB, &real), &Machine::dev(LAB, LAB));
}

#[test]
fn mistakes_against_the_labs_server() {
    let Some(real) = oracle("LAB_VAULT_BIN") else { return };
    let real = real.display().to_string();
    compare(MISTAKES, &Machine::dev(LAB, &real), &Machine::dev(LAB, LAB));
}

#[test]
fn commands_against_the_real_server() {
    let Some(real) = oracle("LAB_VAULT_BIN") else { return };
    let real = real.display().to_string();
    compare(DEV, &Machine::dev(&real, &real), &Machine::dev(&real, LAB));
}

#[test]
fn servers_that_begin_sealed() {
    let Some(real) = oracle("LAB_VAULT_BIN") else { return };
    let real = real.display().to_string();
    compare(SEALED, &Machine::sealed(LAB, &real), &Machine::sealed(LAB, LAB));
    compare(SEALED, &Machine::sealed(&real, &real), &Machine::sealed(&real, LAB));
}

/// Whatever is not alike here is either a client's fault or a server's.
#[test]
fn commands_about_mounts_of_pki() {
    let Some(real) = oracle("LAB_VAULT_BIN") else { return };
    let real = real.display().to_string();
    compare(PKI, &Machine::dev(&real, &real), &Machine::dev(LAB, LAB));
    compare(PKI_ACME, &Machine::dev(&real, &real), &Machine::dev(&real, LAB));
}

/// Types every line on both machines, and fails where too many are answered otherwise.
fn compare(lines: &str, real: &Machine, lab: &Machine) {
    let masks = Masks::new(&MASKS, "^$");
    let (mut count, mut told) = (0, Vec::new());
    for line in lines.lines() {
        count += 1;
        if let Some(difference) = masks.difference(&real.run(line), &lab.run(line)) {
            told.push(format!("===== {line}\n{difference}"));
        }
    }
    let alike = count - told.len();
    eprintln!("{alike} of {count} commands are answered alike\n{}", told.join("\n"));
    assert!(alike * 100 >= count * ALIKE, "{alike} of {count}:\n{}", told.join("\n"));
}

/// What differs from run to run, and what stands in its place. Widths of columns go with the values in them.
const MASKS: [(&str, &str); 19] = [
    (r"hv[sb]\.[A-Za-z0-9_-]+", "<token>"),
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<uuid>"),
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?( \+0000 UTC|Z)", "<time>"),
    (r"\d\d [A-Z][a-z]{2} \d\d \d\d:\d\d UTC", "<time>"),
    (r"(?s)-----BEGIN.*?-----END [A-Z ]+-----", "<pem>"),
    (r"\b[0-9a-f]{2}(:[0-9a-f]{2}){15,}", "<serial>"),
    (r"\b[12]\d{9}\b", "<unix>"),
    (r"_[0-9a-f]{8}\b", "_<accessor>"),
    (r"[A-Za-z0-9+/]{40,}=*", "<key>"),
    (r"\b[A-Za-z0-9+/_]{36,38}\b", "<encoded>"),
    (r"\b[A-Za-z0-9]{28}\b", "<otp>"),
    (r"\b[A-Za-z0-9]{24}\b", "<accessor>"),
    (r"cluster-[0-9a-f]{8}", "cluster-<hex>"),
    (r"127\.0\.0\.1:\d{4,5}", "127.0.0.1:<port>"),
    (r"(Encryption Count|encryptions.:) *\d+", "<encryptions>"),
    (r"\b59m5\ds\b", "1h"),
    (r" +", " "),
    (r"-{3,}", "---"),
    (r"={2,}", "=="),
];
