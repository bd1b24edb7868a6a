//! The stand-in for `consul-template` against the real one: the same command lines, signals and files to both, and what
//! each prints and ends with.

mod cli_support;

use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use cli_support::{Answer, Masks, Side, Sides, oracle, pause};
use lab_world::ProcessId;

/// A command line, and what is done while it runs.
struct Case {
    arguments: Vec<String>,
    deeds: Vec<Deed>,
}

/// What is done to a running consul-template.
#[derive(Clone, Copy, Debug)]
enum Deed {
    /// It gets a signal.
    Signal(&'static str),
    /// The file that a template reads is written.
    Write(&'static str),
    /// Nothing, for a moment.
    Wait,
}

/// Says what it hears, until it is asked to end.
const LISTENER: &str = "trap 'echo int; exit 7' INT; trap 'echo term; exit 8' TERM; trap 'echo hup' HUP; \
                        trap 'echo usr1' USR1; echo up; while :; do sleep 0.05; done";

/// What a runner that was stopped says, sooner or later.
const LAST_WORD: &str = r"TIME \[INFO\] \(runner\) received finish\n";

/// How often a case is tried until both answer the same. The real program waits for its process twice, and whichever is
/// first decides whether the process's status is known.
const TRIES: usize = 4;

/// Hears nothing.
const DEAF: &str = "trap '' INT; echo up; while :; do sleep 0.05; done";

fn ends() -> Vec<Case> {
    let lines: [&[&str]; 28] = [
        &["-once", "-template", "t.tpl:o", "-exec", "exit 3"],
        &["-once", "-template", "t.tpl:o", "-exec", "false"],
        &["-template", "t.tpl:o", "-exec", "true", "-log-level=info"],
        &["-template", "t.tpl:o", "-exec", "echo $VAULT_ADDR $CONSUL_HTTP_SSL; kill -9 $$"],
        &["-template", "t.tpl:o", "-exec", "no-such-program"],
        &["-template", "t.tpl:o", "-exec", "./no-such-program"],
        &["-template", "t.tpl:o", "-exec", "./t.tpl"],
        &["-template", "t.tpl:o", "-exec", " "],
        &["-template", "t.tpl:o", "-exec", "echo $(cat o)"],
        &["-dry", "-template", "t.tpl:new", "-exec", "ls new"],
        &["-exec", "echo hi"],
        &["-parse-only"],
        &["-parse-only", "-template", "bad.tpl:o"],
        &["-parse-only", "-template", "none.tpl:o"],
        &["-parse-only", "-template", "file.tpl:never"],
        &["-parse-only", "-template", "t.tpl:parsed", "-exec", "sleep 1; exit 4", "-log-level", "info"],
        &["-parse-only=maybe"],
        &["-template", "bad.tpl:o", "-exec", "echo hi"],
        &["-exec", "x", "-exec-kill-signal=foo"],
        &["-exec", "x", "-exec-splay=foo"],
        &["-exec", "x", "-exec-env-pristine=maybe"],
        &[
            "-exec",
            "env | sort | grep -v PWD",
            "-exec-env-pristine",
            "-exec-env-custom=A=1",
            "-exec-env-custom=PATH=/bin:/usr/bin",
        ],
        &["-exec", "env | sort | grep -v PWD", "-exec-env-denylist=HO*", "-exec-env-denylist=LC_[A-B]*"],
        &["-exec", "env | sort | grep -v PWD", "-exec-env-allowlist=VA?LT*", "-exec-env-allowlist=PATH"],
        &["-config", "list.hcl"],
        &["-once", "-template", "t.tpl:once:echo $VAULT_ADDR; exit 3"],
        &["-config", "command.hcl", "-once"],
        &["-config", "late.hcl", "-once"],
    ];
    lines.iter().map(|line| Case { arguments: words(line), deeds: Vec::new() }).collect()
}

fn signals() -> Vec<Case> {
    use Deed::{Signal, Wait, Write};
    let interrupted: &[Deed] = &[Signal("SIGINT")];
    let changed: &[Deed] = &[Write("two"), Wait, Signal("SIGINT")];
    let cases: [(&[&str], &[Deed]); 12] = [
        (&["-template", "t.tpl:o", "-exec", LISTENER], interrupted),
        (&["-template", "t.tpl:o", "-exec", LISTENER], &[Signal("SIGTERM")]),
        (&["-template", "t.tpl:o", "-exec", LISTENER], &[Signal("SIGUSR1"), Signal("SIGINT")]),
        (&["-template", "t.tpl:o", "-exec", LISTENER], &[Signal("SIGHUP"), Signal("SIGTERM")]),
        (&["-template", "t.tpl:o", "-exec", "sleep 30"], &[Signal("SIGTERM")]),
        (&["-template", "t.tpl:o", "-exec", LISTENER, "-exec-kill-signal", "SIGTERM"], interrupted),
        (
            &["-template", "t.tpl:o", "-exec", LISTENER, "-exec-kill-signal", "SIGUSR1"],
            &[Signal("SIGUSR1"), Signal("SIGTERM")],
        ),
        (&["-template", "t.tpl:o", "-exec", DEAF, "-exec-kill-timeout", "300ms"], interrupted),
        (&["-template", "t.tpl:o", "-exec", LISTENER, "-kill-signal=SIGTERM"], &[Signal("SIGTERM")]),
        (&["-once", "-template", "t.tpl:o", "-exec", LISTENER], interrupted),
        (&["-template", "file.tpl:changed", "-exec", LISTENER], changed),
        (
            &[
                "-template",
                "file.tpl:told",
                "-exec",
                LISTENER,
                "-exec-reload-signal",
                "SIGHUP",
                "-exec-splay=100ms",
            ],
            changed,
        ),
    ];
    let with_log = |line: &[&str]| [words(line), words(&["-log-level=info"])].concat();
    cases.iter().map(|(line, deeds)| Case { arguments: with_log(line), deeds: deeds.to_vec() }).collect()
}

fn words(line: &[&str]) -> Vec<String> {
    line.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn a_process_is_supervised_as_the_real_program_does() {
    compare(ends());
}

#[test]
fn signals_reach_the_process_as_the_real_program_sends_them() {
    compare(signals());
}

fn compare(cases: Vec<Case>) {
    let Some(real) = oracle("LAB_CONSUL_TEMPLATE_BIN") else { return };
    let mut sides = Sides::new("consul-template", real);
    sides.environment.insert("VAULT_ADDR".to_owned(), "http://127.0.0.1:1".to_owned());
    let masks = Masks::new(&[(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME"), (LAST_WORD, "")], "^$");
    let mut differences = String::new();
    for case in &cases {
        let compared = || {
            let [real, mock] = [Side::Real, Side::Mock].map(|side| {
                write_files(&sides.directory(side));
                answer(&sides, side, case)
            });
            masks.difference(&real, &mock)
        };
        // What decides by chance between two answers is the same when it gives the same one at times.
        if let Some(difference) = (0..TRIES).map_while(|_| compared()).nth(TRIES - 1) {
            differences.push_str(&format!("===== {:?} {:?}\n{difference}", case.arguments, case.deeds));
        }
    }
    assert!(differences.is_empty(), "{differences}");
}

fn write_files(directory: &Path) {
    let files = [
        ("t.tpl", "hello {{ env \"HOME\" | len }}"),
        ("bad.tpl", "{{ nope }}"),
        ("file.tpl", "{{ file \"in\" }}"),
        ("in", "one"),
        (
            "list.hcl",
            "exec {\n command = [\"printf\", \"%s;\", \"a b\", \"$HOME\"]\n kill_timeout = \"1s\"\n}\n",
        ),
        (
            "late.hcl",
            "template {\n contents = \"x\"\n destination = \"late\"\n command = \"sleep 2\"\n command_timeout = \"200ms\"\n}\n",
        ),
        (
            "command.hcl",
            "template {\n contents = \"x\"\n destination = \"c\"\n exec {\n command = [\"sh\", \"-c\", \"echo $A; exit 0\"]\n \
             env { custom = [\"A=b\"] }\n }\n}\n",
        ),
    ];
    for (name, text) in files {
        std::fs::write(directory.join(name), text).expect("a file");
    }
}

/// Runs one side, and does what is to be done to it once its process is up.
fn answer(sides: &Sides, side: Side, case: &Case) -> Answer {
    if case.deeds.is_empty() {
        return sides.run(side, &case.arguments);
    }
    let (mut child, directory) = (start(sides, side, &case.arguments), sides.directory(side));
    let process = ProcessId::of(child.id());
    until(|| directory.join("stdout").metadata().is_ok_and(|file| file.len() > 0), Duration::from_secs(1));
    for deed in &case.deeds {
        match deed {
            Deed::Signal(name) => process.signal(name).expect("it runs"),
            Deed::Write(text) => std::fs::write(directory.join("in"), text).expect("a file"),
            Deed::Wait => pause(Duration::from_secs(3)),
        }
        pause(Duration::from_millis(600));
    }
    let status = ended(&mut child);
    let read = |name: &str| std::fs::read_to_string(directory.join(name)).expect("written");
    Answer { stdout: read("stdout"), stderr: read("stderr"), code: status.code() }
}

fn start(sides: &Sides, side: Side, arguments: &[String]) -> Child {
    let directory = sides.directory(side);
    let [out, err] =
        ["stdout", "stderr"].map(|name| std::fs::File::create(directory.join(name)).expect("a file"));
    let mut command: Command = sides.command(side);
    command.args(arguments).stdin(Stdio::null()).stdout(out).stderr(err).spawn().expect("it starts")
}

/// Waits for a program for ten seconds, and ends it then.
fn ended(child: &mut Child) -> ExitStatus {
    until(|| child.try_wait().expect("a child").is_some(), Duration::from_secs(10));
    // One that has ended cannot be killed.
    let _ = child.kill();
    child.wait().expect("a child")
}

fn until(mut is_so: impl FnMut() -> bool, limit: Duration) {
    for _ in 0..limit.as_millis() / 50 {
        if is_so() {
            return;
        }
        pause(Duration::from_millis(50));
    }
}
