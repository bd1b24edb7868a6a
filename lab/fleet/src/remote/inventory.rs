//! The file that says which machines there are, and how they are reached.

use std::net::SocketAddr;

use lab_hcl::{Body, Diagnostic, Reader, Source, Span, hcl1, hcl2};
use lab_workflow::{Node, Program, Role};

/// A cluster that runs already, as a file describes it:
///
/// ```hcl
/// region  = "global"
/// prefix  = ["ssh", "{node}", "--"]
/// service = "sudo systemctl {verb} {program}"
/// vault   = "https://vault.example.com:8200"
///
/// server "server-1" {
///   http = "10.0.0.1:4646"
///   rpc  = "10.0.0.1:4647"
///   serf = "10.0.0.1:4648"
/// }
/// client "client-1" {
///   http = "10.0.0.9:4646"
/// }
/// ```
///
/// A label is the name that Nomad knows the node by. `prefix`, `service` and `root` may stand in a machine's block too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inventory {
    /// The Nomad region.
    pub region: String,
    /// Vault's address, where the file names one.
    pub vault: Option<String>,
    /// The machines, servers first.
    pub machines: Vec<Machine>,
}

/// One machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// It as the workflow knows it.
    pub node: Node,
    /// What a shell command is put behind to be run on the machine; `{node}` is its name.
    prefix: Vec<String>,
    /// The shell command that starts, stops or reloads a program: `{verb}` and `{program}` are replaced.
    service: String,
    /// The directory that stands for the machine's root directory; `/` on a machine of its own.
    pub(super) root: String,
}

/// What holds for every machine that does not say otherwise.
struct Usual {
    prefix: Option<Vec<String>>,
    service: String,
    root: String,
}

impl Inventory {
    /// Reads an inventory; a name that ends in `.json` means JSON, anything else HCL.
    ///
    /// Errors have the place in the text.
    pub fn read(source: &Source) -> Result<Self, Diagnostic> {
        let body = match source.name.ends_with(".json") {
            true => hcl1::parse_json(&source.text)?,
            false => hcl2::parse(&source.text)?,
        };
        let mut reader = Reader::new(&body);
        let region = reader.string("region")?.unwrap_or_else(|| "global".to_owned());
        let vault = reader.string("vault")?;
        let usual = Usual {
            prefix: reader.strings("prefix")?,
            service: reader.string("service")?.unwrap_or_else(|| "systemctl {verb} {program}".to_owned()),
            root: reader.string("root")?.unwrap_or_else(|| "/".to_owned()),
        };
        let mut machines = Vec::new();
        for role in [Role::Server, Role::Client] {
            for (name, body) in reader.labelled(role.as_str())? {
                machines.push(read_machine(&name, role, body, &region, &usual)?);
            }
        }
        reader.finish()?;
        let inventory = Self { region, vault, machines };
        if inventory.count(Role::Server) == 0 {
            return Err(Diagnostic::new(
                "there is no `server` block",
                Span::new(0, source.text.len().min(1)),
            )
            .with_help(
                "an inventory names every machine: `server \"server-1\" { http = \"10.0.0.1:4646\" ... }`",
            ));
        }
        Ok(inventory)
    }

    /// How many machines have a role.
    pub fn count(&self, role: Role) -> usize {
        self.machines.iter().filter(|machine| machine.node.role == role).count()
    }
}

fn read_machine(
    name: &str,
    role: Role,
    body: &Body,
    region: &str,
    usual: &Usual,
) -> Result<Machine, Diagnostic> {
    let mut reader = Reader::new(body);
    let http = address(&mut reader, body, "http")?;
    let (rpc, serf) = match role {
        Role::Server => (Some(address(&mut reader, body, "rpc")?), Some(address(&mut reader, body, "serf")?)),
        _ => (None, None),
    };
    let filled = |text: String| text.replace("{node}", name);
    let prefix = reader.strings("prefix")?.or_else(|| usual.prefix.clone());
    let prefix = prefix.ok_or_else(|| {
        Diagnostic::new(format!("`{role} {name:?}` has no `prefix`"), body.span).with_help(
            "say how a command gets to it, here or for all: prefix = [\"ssh\", \"{node}\", \"--\"]",
        )
    })?;
    let machine = Machine {
        prefix: prefix.into_iter().map(filled).collect(),
        service: filled(reader.string("service")?.unwrap_or_else(|| usual.service.clone())),
        root: filled(reader.string("root")?.unwrap_or_else(|| usual.root.clone())),
        node: Node {
            name: name.to_owned(),
            role,
            region: region.to_owned(),
            address: http.ip(),
            http: Some(http),
            rpc,
            serf,
            vault: None,
        },
    };
    reader.finish()?;
    Ok(machine)
}

/// An address with its port.
fn address(reader: &mut Reader<'_>, body: &Body, name: &str) -> Result<SocketAddr, Diagnostic> {
    let text = reader.required_string(name)?;
    let span = body.value(name).map_or(body.span, |value| value.span);
    text.parse().map_err(|_| {
        Diagnostic::new(format!("`{name}` must be an IP address with a port"), span)
            .with_help(format!("write it as {name} = \"10.0.0.1:4646\""))
    })
}

impl Machine {
    /// The words that run a shell command on the machine.
    pub fn command(&self, script: &str) -> Vec<String> {
        let mut words = self.prefix.clone();
        words.push(script.to_owned());
        words
    }

    /// The shell command that does something to a program: `start`, `stop` or `reload`.
    pub fn service(&self, verb: &str, program: Program) -> String {
        self.service.replace("{verb}", verb).replace("{program}", program.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Inventory, Diagnostic> {
        Inventory::read(&Source::new("x.hcl", text))
    }

    #[test]
    fn what_holds_for_all_may_be_said_otherwise_for_one() {
        let inventory = read(
            "prefix = [\"ssh\", \"{node}\", \"--\"]\nserver \"a\" {\n  http = \"10.0.0.1:4646\"\n  rpc = \
             \"10.0.0.1:4647\"\n  serf = \"10.0.0.1:4648\"\n}\nclient \"b\" {\n  http = \"10.0.0.2:4646\"\n  service = \
             \"rc-service {program} {verb}\"\n  prefix = [\"sh\", \"-c\"]\n}\n",
        );
        let inventory = inventory.expect("it is right");
        let [a, b] = &inventory.machines[..] else { panic!("{inventory:?}") };
        assert_eq!(a.command("true"), ["ssh", "a", "--", "true"]);
        assert_eq!(a.service("reload", Program::Nomad), "systemctl reload nomad");
        assert_eq!(b.service("stop", Program::ConsulTemplate), "rc-service consul-template stop");
        assert_eq!(b.command("true"), ["sh", "-c", "true"]);
        assert_eq!((inventory.count(Role::Server), inventory.count(Role::Client)), (1, 1));
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        for (text, problem) in [
            ("", "there is no `server` block"),
            ("server \"a\" {\n  http = \"x\"\n}\n", "`http` must be an IP address with a port"),
            ("server \"a\" {\n  rpc = \"10.0.0.1:1\"\n}\n", "`http` is missing"),
            (
                "server \"a\" {\n  http = \"1.2.3.4:1\"\n  rpc = \"1.2.3.4:2\"\n  serf = \"1.2.3.4:3\"\n}\n",
                "`server \"a\"` has no `prefix`",
            ),
            ("severs = 3\n", "severs"),
        ] {
            let found = read(text).expect_err(problem);
            assert!(found.message.contains(problem), "{text}: {found:?}");
        }
    }
}
