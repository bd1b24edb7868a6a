//! How the nodes' certificates are issued: by the templates and roles of the user's files, as far as they say it, and
//! otherwise as guide 003 has it.

use std::fmt::Write;

use lab_verify::{AgentView, Cluster, IssueRequest, PkiRole, TemplateView, TlsSettings};

/// Where the agents of a scenario have their files, whatever they are called on the user's machines.
const FILES: [&str; 3] =
    ["/opt/nomad/agent-certs/ca.crt", "/opt/nomad/agent-certs/agent.crt", "/opt/nomad/agent-certs/agent.key"];

/// The role of whoever looks at the cluster meanwhile: it belongs to the scenario, not to the cluster.
const OPERATOR: &str = "lab-operator";
/// Where a scenario looks for its certificate and key.
const OPERATORS: [(&str, &str); 2] = [
    ("/opt/nomad/cli-certs/cli.crt", "{{ .Data.certificate }}\n{{ .Data.issuing_ca }}"),
    ("/opt/nomad/cli-certs/cli.key", "{{ .Data.private_key }}"),
];

/// What a scenario says of Vault's PKI and of templates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Issuing {
    /// `template` blocks of the servers' and the clients' consul-template, with the templates in them.
    pub(super) servers: Option<String>,
    pub(super) clients: Option<String>,
    /// What the templates ask for; the guide's where none are known.
    requests: Vec<IssueRequest>,
    roles: Vec<PkiRole>,
    region: String,
}

/// Which machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum On {
    All,
    Servers,
    Clients,
}

impl Issuing {
    pub(super) fn of(cluster: Option<&Cluster>, region: &str) -> Self {
        let mut issuing = Self { region: region.to_owned(), ..Self::default() };
        let Some(cluster) = cluster else { return issuing };
        issuing.roles = cluster.pki_roles();
        let views = cluster.agent_views();
        for wants_server in [true, false] {
            let found = views.iter().find(|view| view.configuration().is_server == wants_server);
            let Some((text, requests)) = found.and_then(|view| blocks(view, region)) else { continue };
            *(if wants_server { &mut issuing.servers } else { &mut issuing.clients }) = Some(text);
            issuing.requests.extend(requests);
        }
        issuing.requests.sort();
        issuing.requests.dedup_by(|one, other| (&one.mount, &one.role) == (&other.mount, &other.role));
        issuing
    }

    /// Whose templates they are, for people.
    pub(super) fn describe(&self) -> &'static str {
        match (&self.servers, &self.clients) {
            (Some(_), Some(_)) => "the templates of these files",
            (None, None) => "guide 003's templates",
            _ => "the templates of these files where they are whole, else guide 003's",
        }
    }

    /// The request that new templates make, but for its mount.
    pub(super) fn usual(&self) -> IssueRequest {
        let guide = || IssueRequest { mount: "pki_int".into(), role: "nomad-cluster".into(), ttl: None };
        self.requests.first().cloned().unwrap_or_else(guide)
    }

    /// Every mount and role that templates use: those of the files, and the guide's where it fills in.
    fn all(&self) -> Vec<IssueRequest> {
        let mut all = self.requests.clone();
        let is_guides =
            |request: &IssueRequest| request.mount == "pki_int" && request.role == "nomad-cluster";
        if (self.servers.is_none() || self.clients.is_none()) && !all.iter().any(is_guides) {
            all.push(IssueRequest { mount: "pki_int".into(), role: "nomad-cluster".into(), ttl: None });
        }
        all
    }

    /// A root, the intermediates, the roles, the policy and the token: actions of a scenario.
    pub(super) fn vault(&self) -> String {
        let requests = self.all();
        let mut text = "root_ca { ttl = \"87600h\" }\n".to_owned();
        let mut mounts: Vec<&str> = requests.iter().map(|request| request.mount.as_str()).collect();
        mounts.sort_unstable();
        mounts.dedup();
        for mount in mounts.iter().filter(|mount| **mount != "pki") {
            let _ = writeln!(text, "intermediate_ca {{\n  mount = {mount:?}\n  ttl   = \"43800h\"\n}}");
        }
        for request in &requests {
            text.push_str(&self.role(request, &request.mount));
        }
        for mount in mounts {
            text.push_str(&operators_role(mount));
        }
        text.push_str(&policy(&requests));
        text.push_str(
            "token \"consul-template\" {\n  policies = [\"tls-policy\"]\n  period   = \"24h\"\n}\n",
        );
        text
    }

    /// A role in a mount, as the files have it or as the guide does.
    pub(super) fn role(&self, request: &IssueRequest, mount: &str) -> String {
        let known = self.roles.iter().find(|role| {
            let is_here = role.mount.as_ref().is_none_or(|known| *known == request.mount);
            is_here && (role.name == request.role || role.name.ends_with(&request.role))
        });
        let guides = || {
            [
                ("allowed_domains", format!("{}.nomad", self.region)),
                ("allow_subdomains", "true".to_owned()),
                ("max_ttl", "86400s".to_owned()),
                ("require_cn", "false".to_owned()),
            ]
            .map(|(name, value)| (name.to_owned(), value))
            .to_vec()
        };
        let parameters = known.map_or_else(guides, |role| role.parameters.clone());
        let lines: String =
            parameters.iter().map(|(name, value)| format!("  {name} = {}\n", quoted(value))).collect();
        format!("role {:?} {{\n  mount = {mount:?}\n{lines}}}\n", request.role)
    }

    /// Writes templates and starts consul-template, on these machines.
    pub(super) fn render(&self, on: On) -> String {
        let own = |name: &str, templates: Option<&String>| match templates {
            Some(templates) => own_templates(name, templates, &self.operators(&self.usual().mount)),
            None => guides_templates(name),
        };
        match on {
            On::Servers => own("servers", self.servers.as_ref()),
            On::Clients => own("clients", self.clients.as_ref()),
            On::All if self.servers.is_none() && self.clients.is_none() => guides_templates("all"),
            On::All => own("servers", self.servers.as_ref()) + &own("clients", self.clients.as_ref()),
        }
    }

    /// The same with templates that take certificates from one mount and trust the chains of several.
    pub(super) fn render_from(&self, mount: &str, trusted: &[&str], clients: usize) -> String {
        let operators = self.operators(mount);
        let of =
            |on: &str, role: &str| own_templates(on, &self.templates_from(role, mount, trusted), &operators);
        if clients == 0 {
            of("servers", "server")
        } else {
            of("servers", "server") + &of("clients", "client")
        }
    }

    /// The blocks of the operator's certificate, from a mount that the agents trust.
    fn operators(&self, mount: &str) -> String {
        let call = format!(
            "{{{{ with secret \"{mount}/issue/{OPERATOR}\" \"common_name=cli.{}.nomad\" \"ttl=24h\" }}}}",
            self.region
        );
        let block = |(destination, field): (&str, &str)| {
            let contents = quoted(&format!("{call}{field}{{{{ end }}}}"));
            format!(
                "template {{\n  contents    = {contents}\n  destination = {destination:?}\n  perms       = 0600\n}}\n"
            )
        };
        OPERATORS.map(block).concat()
    }

    /// `template` blocks for a role of Nomad's: certificate and key by the identical call, and the authorities.
    pub(super) fn templates_from(&self, role: &str, mount: &str, trusted: &[&str]) -> String {
        let usual = self.usual();
        let call = format!(
            "{{{{ with secret \"{mount}/issue/{}\" \"common_name={role}.{}.nomad\" \"ttl={}\" \"alt_names=localhost\" \"ip_sans=127.0.0.1\" }}}}",
            usual.role,
            self.region,
            usual.ttl.as_deref().unwrap_or("24h"),
        );
        let chains: String = trusted
            .iter()
            .map(|mount| {
                format!("{{{{ with secret \"{mount}/cert/ca_chain\" }}}}{{{{ .Data.certificate }}}}\n{{{{ end }}}}")
            })
            .collect();
        let [authorities, certificate, key] = FILES;
        [
            (certificate, format!("{call}{{{{ .Data.certificate }}}}\n{{{{ .Data.issuing_ca }}}}{{{{ end }}}}")),
            (key, format!("{call}{{{{ .Data.private_key }}}}{{{{ end }}}}")),
            (authorities, chains),
        ]
        .map(|(destination, contents)| {
            let mode = if destination == authorities { "0644" } else { "0600" };
            format!(
                "template {{\n  contents    = {}\n  destination = {destination:?}\n  perms       = {mode}\n  command     = \"systemctl reload nomad\"\n}}\n",
                quoted(&contents)
            )
        })
        .concat()
    }
}

/// What the token of consul-template may do.
pub(super) fn policy(requests: &[IssueRequest]) -> String {
    let rules: String = requests
        .iter()
        .map(|request| {
            format!(
                "    path \"{}/issue/{}\" {{\n      capabilities = [\"update\"]\n    }}\n",
                request.mount, request.role
            )
        })
        .collect();
    let rules =
        rules + &format!("    path \"+/issue/{OPERATOR}\" {{\n      capabilities = [\"update\"]\n    }}\n");
    format!("policy \"tls-policy\" {{\n  rules = <<-EOT\n{rules}  EOT\n}}\n")
}

fn guides_templates(on: &str) -> String {
    format!(
        "render {{\n  on    = {on}\n  role  = \"nomad-cluster\"\n  token = \"consul-template\"\n  ttl   = \"24h\"\n}}\n"
    )
}

/// The role that the operator's certificate comes from.
pub(super) fn operators_role(mount: &str) -> String {
    format!("role \"{OPERATOR}\" {{\n  mount = {mount:?}\n  allow_any_name = true\n  max_ttl = \"24h\"\n}}\n")
}

fn own_templates(on: &str, templates: &str, operators: &str) -> String {
    format!(
        "render {{\n  on        = {on}\n  token     = \"consul-template\"\n  templates = <<-EOT\n{templates}{operators}EOT\n}}\n"
    )
}

/// The blocks that write an agent's three files, and what they ask Vault for; none where they do not write all of
/// them, or cannot be carried over as they are.
fn blocks(view: &AgentView<'_>, region: &str) -> Option<(String, Vec<IssueRequest>)> {
    let configuration = view.configuration();
    let files = files_of(&configuration.tls);
    if files.iter().any(String::is_empty) || files[1] == files[2] {
        return None;
    }
    let (own, other) = if configuration.is_server { ("server", "client") } else { ("client", "server") };
    let names = |text: &str, role: &str| text.contains(&format!("{role}.{region}.nomad"));
    let is_ours = |text: &str| names(text, own) || !names(text, other);
    let templates: Vec<TemplateView<'_>> = view
        .templates()
        .into_iter()
        .filter(|template| {
            files.iter().any(|file| template.writes(file)) && template.text().is_some_and(is_ours)
        })
        .collect();
    if !files.iter().all(|file| templates.iter().any(|template| template.writes(file))) {
        return None;
    }
    let requests = templates.iter().flat_map(TemplateView::requests).collect();
    let text: Option<String> = templates.iter().map(|template| block(template, &files)).collect();
    Some((text?, requests))
}

fn files_of(tls: &TlsSettings) -> [String; 3] {
    [tls.ca_file.clone(), tls.cert_file.clone(), tls.key_file.clone()]
}

/// One block with its template in it, its files where a scenario has them. What a scenario's language would read as its
/// own is not carried over.
fn block(template: &TemplateView<'_>, files: &[String; 3]) -> Option<String> {
    let moved = |text: &str| {
        files.iter().zip(FILES).fold(text.to_owned(), |text, (from, to)| text.replace(from.as_str(), to))
    };
    let contents = moved(template.text()?);
    if ["${", "%{"].iter().any(|mark| contents.contains(mark)) {
        return None;
    }
    let mut text = format!("template {{\n  contents    = {}\n", quoted(&contents));
    let destination = moved(template.destination());
    let destination = match FILES.contains(&destination.as_str()) {
        true => destination,
        // Another file is written where it does no harm, on real programs too.
        false => format!("/opt/nomad/{}", destination.rsplit(['/', '\\']).next().unwrap_or("other")),
    };
    let _ = writeln!(text, "  destination = {destination:?}");
    if let Some(mode) = template.mode() {
        let _ = writeln!(text, "  perms       = {mode:04o}");
    }
    match template.command() {
        command if command.is_empty() => {}
        command => {
            let verb = if command.contains("restart") { "restart" } else { "reload" };
            let _ = writeln!(text, "  command     = \"systemctl {verb} nomad\"");
        }
    }
    if template.waits() {
        text.push_str("  wait {\n    min = \"2s\"\n    max = \"10s\"\n  }\n");
    }
    let (left, right) = template.delimiters();
    if (left, right) != ("{{", "}}") {
        let _ = writeln!(text, "  left_delimiter = {}\n  right_delimiter = {}", quoted(left), quoted(right));
    }
    text.push_str("}\n");
    Some(text)
}

/// A text as HCL quotes it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => {}
            '\t' => quoted.push_str("\\t"),
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}
