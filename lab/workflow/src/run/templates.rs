//! consul-template's files, as guide 003 (steps 10 and 11) has them.

use std::fmt::Write;

use crate::action::short;
use crate::action::{Render, TemplateFunction, Trust};
use crate::fleet::Node;

/// Where consul-template's configuration is.
pub(crate) const CONFIG: &str = "/etc/consul-template.d/consul-template.hcl";
/// The agent's certificate.
pub(crate) const AGENT_CERTIFICATE: &str = "/opt/nomad/agent-certs/agent.crt";
/// The agent's key.
pub(crate) const AGENT_KEY: &str = "/opt/nomad/agent-certs/agent.key";
/// What the agent trusts.
pub(crate) const AGENT_CA: &str = "/opt/nomad/agent-certs/ca.crt";
/// The certificate for the command line.
pub(crate) const CLI_CERTIFICATE: &str = "/opt/nomad/cli-certs/cli.crt";
/// Its key.
pub(crate) const CLI_KEY: &str = "/opt/nomad/cli-certs/cli.key";

const TEMPLATES: &str = "/opt/nomad/templates";

/// A file to write: path, text, permissions.
pub(crate) type File = (String, String, u32);

/// The templates and the configuration for one node.
pub(crate) fn files(render: &Render, node: &Node, token: &str) -> Vec<File> {
    let mut config = vault_block(token);
    let mut files = Vec::new();
    if let Some(templates) = &render.templates {
        config.push_str(templates);
    } else {
        for template in guide_templates(render, node) {
            let source = format!("{TEMPLATES}/{}.tpl", template.name);
            let _ = writeln!(config, "\ntemplate {{\n  source      = {source:?}");
            let _ = writeln!(config, "  destination = {:?}", template.destination);
            if template.is_private {
                config.push_str("  perms       = 0700\n");
            }
            if template.reloads {
                let _ = writeln!(config, "  command     = {:?}", render.command);
            }
            config.push_str("}\n");
            files.push((source, template.text, 0o644));
        }
    }
    files.push((CONFIG.to_owned(), config, 0o600));
    files
}

struct Template {
    name: &'static str,
    destination: &'static str,
    text: String,
    is_private: bool,
    reloads: bool,
}

fn guide_templates(render: &Render, node: &Node) -> Vec<Template> {
    let name = node.certificate_name();
    let ttl = short(render.ttl);
    let agent = [
        format!("common_name={name}"),
        format!("ttl={ttl}"),
        "alt_names=localhost".into(),
        "ip_sans=127.0.0.1".into(),
    ];
    // As in the guide, the authority's template asks without alternative names and so gets a certificate of its own.
    let authority = match render.trust {
        Trust::Issuing => vec![format!("common_name={name}"), format!("ttl={ttl}")],
        Trust::Root => agent.to_vec(),
    };
    let cli = [format!("ttl={ttl}")];
    let make = |name, destination, arguments: &[String], field: &str, is_private, reloads| Template {
        name,
        destination,
        text: call(render, arguments, field),
        is_private,
        reloads,
    };
    let certificate = match render.trust {
        Trust::Issuing => "certificate",
        Trust::Root => "chain",
    };
    let trusted = match render.trust {
        Trust::Issuing => "issuing_ca",
        Trust::Root => "root",
    };
    vec![
        make("agent.crt", AGENT_CERTIFICATE, &agent, certificate, true, true),
        make("agent.key", AGENT_KEY, &agent, "private_key", true, true),
        make("ca.crt", AGENT_CA, &authority, trusted, false, true),
        make("cli.crt", CLI_CERTIFICATE, &cli, certificate, false, false),
        make("cli.key", CLI_KEY, &cli, "private_key", false, false),
    ]
}

/// One template: a call of the render's function, and what is taken from its answer.
fn call(render: &Render, arguments: &[String], field: &str) -> String {
    let function = match render.function {
        TemplateFunction::Secret => "secret",
        TemplateFunction::PkiCert => "pkiCert",
    };
    let path = format!("{}/issue/{}", render.mount, render.role);
    let arguments: String = arguments.iter().map(|argument| format!(" {argument:?}")).collect();
    let taken = match (render.function, field) {
        (TemplateFunction::Secret, "chain") => "{{ .Data.certificate }}\n{{ .Data.issuing_ca }}",
        (TemplateFunction::Secret, "issuing_ca") => "{{ .Data.issuing_ca }}",
        // The chain goes from the issuing authority to the root.
        (TemplateFunction::Secret, "root") => {
            "{{ range $position, $authority := .Data.ca_chain }}{{ if eq $position 1 }}{{ $authority }}{{ end }}{{ end }}"
        }
        (TemplateFunction::Secret, "private_key") => "{{ .Data.private_key }}",
        (TemplateFunction::Secret, _) => "{{ .Data.certificate }}",
        (TemplateFunction::PkiCert, "chain") => "{{ .Cert }}{{ .CA }}",
        (TemplateFunction::PkiCert, "private_key") => "{{ .Key }}",
        (TemplateFunction::PkiCert, "issuing_ca" | "root") => "{{ range .CAChain }}{{ . }}{{ end }}",
        (TemplateFunction::PkiCert, _) => "{{ .Cert }}",
    };
    format!("{{{{ with {function} {path:?}{arguments} }}}}\n{taken}\n{{{{ end }}}}\n")
}

/// The guide also sets `grace`, which consul-template has refused since 0.40: `'vault' has invalid keys: grace`.
fn vault_block(token: &str) -> String {
    format!(
        "vault {{\n  address      = \"http://active.vault.service.consul:8200\"\n  token        = {token:?}\n  \
         unwrap_token = false\n  renew_token  = true\n}}\n\n\
         syslog {{\n  enabled  = true\n  facility = \"LOCAL5\"\n}}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::Selector;
    use crate::fleet::Role;
    use std::time::Duration;

    fn node() -> Node {
        Node {
            name: "client-1".into(),
            role: Role::Client,
            region: "global".into(),
            address: [10, 0, 0, 5].into(),
            http: None,
            rpc: None,
            serf: None,
            vault: None,
        }
    }

    fn render(function: TemplateFunction, trust: Trust) -> Render {
        Render {
            on: Selector::All,
            mount: "pki_int".into(),
            role: "nomad-cluster".into(),
            token: "t".into(),
            ttl: Duration::from_secs(86_400),
            function,
            trust,
            command: "systemctl reload nomad".into(),
            templates: None,
        }
    }

    #[test]
    fn certificate_and_key_make_the_identical_call() {
        let files = files(&render(TemplateFunction::Secret, Trust::Issuing), &node(), "hvs.x");
        let text = |name: &str| {
            let found = files.iter().find(|(path, _, _)| path.ends_with(name));
            found.map(|(_, text, _)| text.lines().next().unwrap_or_default().to_owned())
        };
        let call = "{{ with secret \"pki_int/issue/nomad-cluster\" \"common_name=client.global.nomad\" \"ttl=24h\" \
                    \"alt_names=localhost\" \"ip_sans=127.0.0.1\" }}";
        assert_eq!(text("agent.crt.tpl").as_deref(), Some(call));
        assert_eq!(text("agent.key.tpl").as_deref(), Some(call));
        let cli = "{{ with secret \"pki_int/issue/nomad-cluster\" \"ttl=24h\" }}";
        assert_eq!(text("cli.crt.tpl").as_deref(), Some(cli));
        let (path, config, mode) = files.last().expect("the configuration is last");
        assert_eq!((path.as_str(), *mode), (CONFIG, 0o600));
        assert_eq!(config.matches("template {").count(), 5);
        assert_eq!(config.matches("perms       = 0700").count(), 2);
        assert_eq!(config.matches("systemctl reload nomad").count(), 3);
    }

    #[test]
    fn templates_of_the_users_own_replace_the_guides() {
        let mut render = render(TemplateFunction::Secret, Trust::Root);
        render.templates = Some("template {\n  contents = \"x\"\n  destination = \"/x\"\n}\n".into());
        let files = files(&render, &node(), "hvs.x");
        assert_eq!(files.len(), 1);
        assert_eq!(files[0].1.matches("template {").count(), 1);
    }
}
