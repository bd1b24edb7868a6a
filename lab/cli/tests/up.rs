//! `lab up`, as a script uses it: started, asked, and gone.

mod place;

use std::path::Path;
use std::process::Command;

use place::Place;

/// What a command printed while a lab with these options was up.
fn while_up(place: &Place, options: &[&str], script: &str, status: i32) -> String {
    let arguments =
        [&["up", "--exec", "--vault-port=0", "--nomad-port=0"], options, &["--", "sh", "-c", script]];
    let output = place.lab(&arguments.concat());
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(status), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    told
}

/// A place in which nothing is left up.
struct Down(Place);

impl Drop for Down {
    fn drop(&mut self) {
        self.0.lab(&["down"]);
    }
}

#[test]
fn a_command_runs_while_everything_is_up_and_its_status_is_kept() {
    let place = Place::new();
    let told = while_up(&place, &[], "vault status && nomad node status && ps -o pid= -p $PPID; exit 7", 7);
    assert!(told.contains("Sealed          false"), "{told}");
    assert_eq!(told.matches(" ready\n").count(), 1, "{told}");
    assert!(!place.0.join(".lab/state.json").exists(), "nothing is up any more");
}

#[test]
fn with_tls_and_acl_nobody_gets_in_without_a_certificate_and_a_token() {
    let place = Place::new();
    let script = "nomad node status
        echo no token; NOMAD_TOKEN= nomad node status
        echo no certificate; NOMAD_CLIENT_CERT= NOMAD_CLIENT_KEY= nomad node status
        stat -c '%a' .lab/state.json; true";
    let told = while_up(
        &place,
        &["--tls", "--acl", "--servers=3", "--clients=2"],
        &format!("exec 2>&1; {script}"),
        0,
    );
    assert_eq!(told.matches(" ready\n").count(), 2, "{told}");
    let (_, rest) = told.split_once("no token\n").expect("asked without a token");
    let (without_token, without_certificate) =
        rest.split_once("no certificate\n").expect("asked without either");
    assert!(without_token.contains("403 (Permission denied)"), "{told}");
    assert!(without_certificate.contains("tls: certificate required"), "{told}");
    assert!(told.ends_with("600\n"), "the state holds the token: {told}");
    // The next one begins anew, whatever this one left.
    let again = while_up(&place, &["--acl"], "nomad node status", 0);
    assert_eq!(again.matches(" ready\n").count(), 1, "{again}");
}

#[test]
fn it_stays_up_until_it_is_taken_down() {
    let down = Down(Place::new());
    let place = &down.0;
    assert!(place.lab(&["up", "-d", "--vault-port=0", "--nomad-port=0"]).status.success());
    let status = place.lab(&["status"]);
    let told = String::from_utf8_lossy(&status.stdout).into_owned();
    assert_eq!(told.matches(" running ").count(), 3, "{told}");
    let second = place.lab(&["up", "-d"]);
    assert!(String::from_utf8_lossy(&second.stderr).contains("a lab is up already"), "{second:?}");
    let clock = place.lab(&["clock", "+23h"]);
    assert!(String::from_utf8_lossy(&clock.stdout).contains("23h0m0s ahead"), "{clock:?}");
    let numbers: Vec<&str> = told.lines().skip(1).filter_map(|line| line.split_whitespace().nth(1)).collect();
    assert!(place.lab(&["down"]).status.success());
    for number in numbers {
        let stat = std::fs::read_to_string(Path::new("/proc").join(number).join("stat")).unwrap_or_default();
        assert!(stat.is_empty() || stat.contains(") Z "), "{stat}");
    }
    assert_eq!(place.lab(&["status"]).status.code(), Some(105));
}

#[test]
fn what_a_killed_run_left_is_removed_and_what_runs_is_not() {
    let place = Place::new();
    let (dead, alive) =
        (place.0.join(".lab/local/4194999-0"), place.0.join(format!(".lab/local/{}-0", std::process::id())));
    for directory in [&dead, &alive] {
        std::fs::create_dir_all(directory.join("server-1")).expect("a directory");
    }
    let mut orphan = Command::new("sleep")
        .arg("60")
        .env("LAB_MACHINE", dead.join("server-1"))
        .spawn()
        .expect("sleep runs");
    let down = place.lab(&["down"]);
    assert!(String::from_utf8_lossy(&down.stderr).contains("removed what 1 killed run left"), "{down:?}");
    assert!(!orphan.wait().expect("it ended").success(), "it was ended");
    assert!(!dead.exists() && alive.exists());
}
