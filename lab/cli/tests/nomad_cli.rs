//! The command line of `nomad`: everything in `nomad_cli/commands.txt` through the real program and the stand-in,
//! against the same real agent.

mod cli_support;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use cli_support::{Masks, Side, Sides, block_on, commands, oracle, pause};
use lab_world::{Net, ProcessId};

const COMMANDS: &str = include_str!("nomad_cli/commands.txt");
const ACCESS: &str = include_str!("nomad_cli/access.txt");

/// Of a hundred commands so many must be answered alike. The others stand in `docs/FIDELITY.md`.
const ALIKE: usize = 98;

#[test]
fn both_programs_answer_alike() {
    let Some(real) = oracle("LAB_NOMAD_BIN") else { return };
    let mut sides = Sides::new("nomad", real.clone());
    let agent = Agent::start(&real, sides.root(), "");
    sides.environment.insert("NOMAD_ADDR".to_owned(), agent.address.clone());
    for side in [Side::Real, Side::Mock] {
        job_files(&sides.directory(side), side.name());
    }
    let known = settle(&sides);
    compare(&sides, COMMANDS, &known);
}

#[test]
fn both_programs_answer_alike_with_access_control() {
    let Some(real) = oracle("LAB_NOMAD_BIN") else { return };
    let mut sides = Sides::new("nomad", real.clone());
    let agent = Agent::start(&real, sides.root(), "acl {\n enabled = true\n}\n");
    sides.environment.insert("NOMAD_ADDR".to_owned(), agent.address.clone());
    for side in [Side::Real, Side::Mock] {
        let policy = "namespace \"default\" {\n  policy = \"read\"\n}\n";
        std::fs::write(sides.directory(side).join("policy.hcl"), policy).expect("a file");
        std::fs::write(sides.directory(side).join("broken.hcl"), "namespace {").expect("a file");
        std::fs::write(sides.directory(side).join("method.json"), METHOD).expect("a file");
    }
    let words = ["acl", "bootstrap", "-t", "{{.SecretID}} {{.AccessorID}}"].map(str::to_owned);
    let made = sides.run(Side::Real, &words).stdout;
    let (secret, accessor) = made.trim().split_once(' ').expect("a token");
    sides.environment.insert("NOMAD_TOKEN".to_owned(), secret.to_owned());
    compare(&sides, ACCESS, &Known { accessor: accessor.to_owned(), ..Known::default() });
}

/// The settings of a way to log in.
const METHOD: &str = r#"{
  "JWKSURL": "http://127.0.0.1:1/jwks",
  "BoundAudiences": ["lab", "other"],
  "SigningAlgs": ["RS256"],
  "ExpirationLeeway": "1m",
  "ListClaimMappings": {"teams": "teams"}
}"#;

/// Holds both programs to the same answers.
fn compare(sides: &Sides, list: &str, known: &Known) {
    let masks = masks();
    let mut told = Vec::new();
    let all = commands(list);
    for words in &all {
        let [real, mock] = [Side::Real, Side::Mock].map(|side| {
            let words: Vec<String> = words.iter().map(|word| meant(word, side, known)).collect();
            sides.run(side, &words)
        });
        if let Some(difference) = masks.difference(&real, &mock) {
            told.push(format!("===== nomad {}\n{difference}", words.join(" ")));
        }
    }
    let alike = all.len() - told.len();
    eprintln!("{alike} of {} commands are answered alike", all.len());
    assert!(alike * 100 >= all.len() * ALIKE, "{alike} of {}:\n{}", all.len(), told.join("\n"));
}

/// What the capital words of a command stand for.
#[derive(Default)]
struct Known {
    accessor: String,
    node: String,
    allocation: String,
    evaluation: String,
    failed: String,
    deployment: String,
}

fn meant(word: &str, side: Side, known: &Known) -> String {
    match word {
        "ACCESSOR" => known.accessor.clone(),
        "NODE" => known.node.clone(),
        "ALLOC" => known.allocation.clone(),
        "EVAL" => known.evaluation.clone(),
        "FAILED" => known.failed.clone(),
        "DEPLOYMENT" => known.deployment.clone(),
        other => other.replace("SIDE", side.name()),
    }
}

/// Runs the jobs that both sides look at, and waits until they run.
fn settle(sides: &Sides) -> Known {
    let real = |words: &[&str]| {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let answer = sides.run(Side::Real, &words).stdout;
        answer.split_whitespace().next().unwrap_or_default().to_owned()
    };
    let first = |what: &[&str], on: &[&str]| {
        real(&[what, &["-t", "{{with (index . 0)}}{{.ID}}{{end}}"], on].concat())
    };
    for file in ["app.hcl", "big.hcl", "per.hcl", "disp.hcl"] {
        real(&["job", "run", "-detach", file]);
    }
    let running = "{{range .}}{{if eq .ClientStatus \"running\"}}{{.ID}} {{end}}{{end}}";
    let mut allocation = String::new();
    for _ in 0..100 {
        allocation = real(&["job", "allocs", "-t", running, "app"]);
        if !allocation.is_empty() {
            break;
        }
        pause(Duration::from_millis(200));
    }
    // The deployment takes ten seconds: nothing is to change while both look.
    pause(Duration::from_secs(12));
    Known {
        accessor: String::new(),
        node: real(&["node", "status", "-quiet"]),
        allocation,
        evaluation: first(&["eval", "list", "-job", "app"], &[]),
        failed: first(&["eval", "list", "-job", "big", "-status", "complete"], &[]),
        deployment: first(&["job", "deployments"], &["app"]),
    }
}

fn masks() -> Masks {
    Masks::new(
        &[
            (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<uuid>"),
            (r"\d{4}-\d\d-\d\dT[\d:.]+Z", "<time>"),
            (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? \+0000 UTC", "<time>"),
            (r"\b[0-9a-f]{8}\b", "<id>"),
            (r"(dispatch|periodic)-\d+", "$1-<n>"),
            (r"\b(\d+(s|m|h|d|mo|y))+ (ago|from now)", "<age>"),
            (r"\d+(\.\d+)? ([KMGT]i)?B\b", "<size>"),
            (r"\b\d+/(\d+) MHz", "<used>/$1 MHz"),
            (r"\d+\.\d+%", "<percent>"),
            (r"\d+(\.\d+)?(µs|ms)", "<duration>"),
            (r"\b(bb|q)?(real|mock)\b", "$1<side>"),
            (r"/\S*/agent-(\w+)\.hcl", "<directory>/agent-$1.hcl"),
            (r"[0-9]{30,40}", "<serial>"),
            (r"[A-Za-z0-9+/]{43}=", "<key>"),
            (r"[a-z]+=[^ ,]*(,[a-z_]+=[^ ,]*){5,}", "<tags>"),
            (r#"(Create|Modify) ?Index( *= *|": )\d+"#, "$1 Index <n>"),
            (r"[Cc]heck[- ][Ii]ndex[ =(]+\d+|[Ii]ndex \(\d+\)|Job Modify Index: \d+|index \d+", "<index>"),
            (
                r"(heartbeat_ttl|last_heartbeat|goroutines|[a-z]+_index|num_allocations|Uptime) += \S+",
                "$1 = <n>",
            ),
            (r"-?\d+\.\d{3,}|-0\.\d+", "<score>"),
            (r"  +", "  "),
        ],
        "Index$|Time$|last_heartbeat|goroutines|heartbeat_ttl|_index$|commit|RequireProgressBy|At$|LastContact|StableSince",
    )
}

const LONG: &str = "echo hello; echo err >&2; sleep 3600";

/// The files that the commands name.
fn job_files(directory: &Path, side: &str) {
    let write = |name: &str, text: String| std::fs::write(directory.join(name), text).expect("a file");
    let service = "network {\n port \"http\" {}\n }\n service {\n provider = \"nomad\"\n name = \"web\"\n port = \"http\"\n \
                   tags = [\"a\", \"b\"]\n }";
    write("app.hcl", job("app", "", 2, service, 20));
    let changed = job("app", "meta {\n a = \"b\"\n }", 3, service, 30);
    write("changed.hcl", changed.replace("driver", "env {\n A = \"b\"\n }\n driver"));
    write("side.hcl", job(side, "", 1, "", 20));
    write("fresh.hcl", job("fresh", "", 1, "", 20));
    write("big.hcl", job("big", "", 1, "", 200_000));
    write("big.hcl.batch", job(&format!("bb{side}"), "type = \"batch\"", 1, "", 200_000));
    let periodic = "type = \"batch\"\n periodic {\n crons = [\"0 0 1 1 *\"]\n time_zone = \"UTC\"\n }";
    write("per.hcl", job("per", periodic, 1, "", 20).replace(LONG, "true"));
    let parameterized =
        "type = \"batch\"\n parameterized {\n payload = \"optional\"\n meta_required = [\"who\"]\n }";
    write("disp.hcl", job("disp", parameterized, 1, "", 20).replace(LONG, "true"));
    write("quick.hcl", job(&format!("q{side}"), "update {\n min_healthy_time = \"1s\"\n }", 1, "", 20));
    write("broken.hcl", "job \"x\" {\n  group \"g\" {\n    cuont = 3\n  }\n  foo {}\n}\n".to_owned());
    write("invalid.hcl", "job \"x\" {\n  group \"g\" {\n  }\n}\n".to_owned());
    write("junk.pem", "junk\n".to_owned());
    files_to_format(directory);
    let server = "data_dir = \"/tmp/nomad\"\nserver {\n enabled = true\n bootstrap_expect = 1\n}\n";
    for (name, text) in [
        (
            "ok",
            format!(
                "{server}tls {{\n rpc = true\n http = true\n ca_file = \"/none\"\n cert_file = \"/none\"\n}}\n"
            ),
        ),
        ("bad", "server {\n".to_owned()),
        ("relative", server.replace("/tmp/nomad", "nomad")),
        ("unknown", "bogus = 1\n".to_owned()),
        ("type", server.replace("= 1", "= \"x\"")),
        ("key", server.replace("enabled", "encrypt = \"abc\"\n enabled")),
        ("none", "name = \"x\"\n".to_owned()),
    ] {
        write(&format!("agent-{name}.hcl"), text);
    }
}

/// Files that are not in their canonical form, and some that have none.
fn files_to_format(directory: &Path) {
    for (name, text) in [
        (
            "fmt/messy.nomad",
            "job \"a\" {\ntype=\"batch\"\n\n\n   datacenters   = [ \"x\",\"y\" ]\ngroup \"g\" {count=-1\n}\n}  \n   ",
        ),
        (
            "fmt/agent.hcl",
            "tls{\nhttp=true\n  rpc   =true # both\n\tca_file=\"a\"// c\n}\nports { http=1 }\nempty {   }\nlimits {}\n",
        ),
        (
            "fmt/templates.hcl",
            "a = \"${ b }-%{ if c }x%{ else }y%{ endif }\"\nlong=upper( \"x\" , [ 1,2 ]... )\nb = <<EOT\n  ${ x }\n} {\nEOT\n\
             c = <<-EOT\n    in\n    EOT\nd = {\n a=1, b =2\nlonger = 3\n}\ne = [for x in [1]:x if x!= - 1]\nf=a ? -b:!c\n\
             g = a.b[ 0 ].*.c\nh = \"${ { a = 1 } }${b}\"\ni = (1+2)*3 % 4\nj = a [1]\nk = \"a\"\n",
        ),
        (
            "fmt/comments.hcl",
            "# first\n   // second\na=1 # one\n/* three\n   lines */ b = 2 // two\nlonger = 3 /* inside */\nc = [\n1, # x\n  22, \
             # yy\n]\nd = f(\n1,\n{\na=1\n})\n    # last",
        ),
        ("fmt/windows.hcl", "a=1\r\nbb =2 # c\r\n\r\nc {\r\nd=1\r\n}\r\n"),
        ("fmt/odd.hcl", "a = [[[\n1\n]]]\nb = f(g(\n1\n),\n2)\n\n\n\nc = \"ünï\" # 1\nlöng = 1 # 2\n"),
        ("fmt/fine.hcl", "a = 1\n"),
        ("fmt/notes.txt", "a=1\n"),
        ("fmt/inner/deep.hcl", "a=1\n"),
        ("fmt-broken/one.hcl", "a = {\n b = 1\n"),
        ("fmt-broken/two.hcl", "job \"x\" {\n  a = \n  b = 1\n}\n"),
        ("fmt-broken/four.hcl", "a=1\n"),
        ("fmt-broken/five.hcl", "a = 1\na = 2 3\n"),
    ] {
        let path = directory.join(name);
        std::fs::create_dir_all(path.parent().expect("below a directory")).expect("a directory");
        std::fs::write(path, text).expect("a file");
    }
}

fn job(name: &str, settings: &str, count: u32, group: &str, cpu: u32) -> String {
    format!(
        "job {name:?} {{\n {settings}\n group \"g\" {{\n count = {count}\n {group}\n task \"t\" {{\n driver = \"raw_exec\"\n \
         config {{\n command = \"/bin/sh\"\n args = [\"-c\", {LONG:?}]\n }}\n resources {{\n cpu = {cpu}\n memory = 16\n \
         }}\n }}\n }}\n}}\n"
    )
}

/// A real agent for development, which ends with the test.
struct Agent {
    child: Child,
    address: String,
}

impl Agent {
    fn start(real: &Path, root: &Path, settings: &str) -> Self {
        let ports = block_on(Net::loopback().free_ports(3)).expect("free ports");
        let [http, rpc, serf] = ports[..] else { panic!("three ports") };
        let config = root.join("agent.hcl");
        let text = format!(
            "name = \"dev\"\ndisable_update_check = true\nports {{\n http = {http}\n rpc = {rpc}\n serf = {serf}\n}}\n\
             client {{\n servers = [\"127.0.0.1:{rpc}\"]\n network_interface = \"lo\"\n}}\n{settings}"
        );
        std::fs::write(&config, text).expect("a file");
        let log = std::fs::File::create(root.join("agent.log")).expect("a log");
        let child = Command::new(real)
            .args(["agent", "-dev", "-config"])
            .arg(&config)
            .env_clear()
            .env("HOME", root)
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .stdin(Stdio::null())
            .stderr(log.try_clone().expect("a log"))
            .stdout(log)
            .spawn()
            .expect("the real program starts");
        let agent = Self { child, address: format!("http://127.0.0.1:{http}") };
        agent.ready(real);
        agent
    }

    fn ready(&self, real: &Path) {
        for _ in 0..150 {
            // With access control nobody may see nodes yet, but the agent says how it is.
            let health = Command::new(real)
                .args(["operator", "api", "-address", &self.address, "/v1/agent/health"])
                .env_clear()
                .env("NOMAD_CLI_SHOW_HINTS", "0")
                .output()
                .expect("it runs");
            if String::from_utf8_lossy(&health.stdout).contains("\"client\":{\"message\":\"ok\"") {
                return;
            }
            pause(Duration::from_millis(200));
        }
        panic!("the agent is not ready");
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // Interrupted, it ends its tasks first.
        let _ = ProcessId::of(self.child.id()).signal("INT");
        for _ in 0..100 {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            pause(Duration::from_millis(100));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
