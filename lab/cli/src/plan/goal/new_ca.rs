//! Another authority.

use lab_verify::IssueRequest;

use super::super::budget::Budget;
use super::super::issuing::{operators_role, policy};
use super::super::shape::Shape;
use super::super::step::{Apply, Step};
use super::{clients, probe_servers, servers};

/// Where the new root and the intermediate that issues are mounted.
const NEW_ROOT: &str = "pki_new";
const NEW: &str = "pki_new_int";

pub(super) fn steps(shape: &Shape, budget: &Budget) -> Vec<Step> {
    let old = shape.issuing.usual().mount;
    let everywhere = match shape.clients.len() {
        0 => servers(shape),
        _ => format!("{}; then {}", servers(shape), clients(shape, budget)),
    };
    vec![
        new_authority(shape),
        Step {
            name: "trust-both",
            summary: "Every node: ca_file holds the old authority and the new one".to_owned(),
            why: "Until all trust both, one side refuses the other's new certificate.",
            on: everywhere.clone(),
            fragment: trusting(&[&old, NEW]),
            commands: vec!["systemctl restart consul-template".to_owned(), Apply::Reload.command()],
            check: vec![
                "lab verify PATH of all nodes: no CERT109".to_owned(),
                probe_servers(shape, "strict"),
                "the same file as NOMAD_CACERT of everybody who uses the command line".to_owned(),
            ],
            back: "The old authority alone, and reload: nothing was issued by the new one yet.".to_owned(),
            actions: format!(
                "{}{}{}",
                shape.issuing.render_from(&old, &[&old, NEW], shape.clients.len()),
                reload(budget),
                assertion("a node lost the others when it was told of the new authority")
            ),
        },
        Step {
            name: "issue-new",
            summary: "Every node: a certificate of the new authority".to_owned(),
            why: "Both are trusted, so that the order does not matter; servers first shows a mistake before there are many.",
            on: everywhere.clone(),
            fragment: format!(
                "{}{}",
                shape.issuing.templates_from("server", NEW, &[&old, NEW]),
                for_clients(shape)
            ),
            commands: vec!["systemctl restart consul-template".to_owned(), Apply::Reload.command()],
            check: vec![
                probe_servers(shape, "strict"),
                "lab probe on each: served by the new authority; nomad node status: every client ready"
                    .to_owned(),
            ],
            back: "The old mount in the templates: the old authority is still trusted.".to_owned(),
            actions: format!(
                "{}{}{}",
                shape.issuing.render_from(NEW, &[&old, NEW], shape.clients.len()),
                reload(budget),
                assertion("somebody does not trust the new authority")
            ),
        },
        Step {
            name: "forget-old",
            summary: "Every node: ca_file holds the new authority only".to_owned(),
            why: "While the old one is trusted, whatever it ever signed is let in: there is no revocation list.",
            on: everywhere,
            fragment: trusting(&[NEW]),
            commands: vec!["systemctl restart consul-template".to_owned(), Apply::Reload.command()],
            check: vec![
                "lab verify PATH of all nodes: nothing found".to_owned(),
                "an old certificate is refused: lab probe SERVER:4647 --cert old.crt --key old.key"
                    .to_owned(),
            ],
            back: "Both authorities in ca_file again, and reload.".to_owned(),
            actions: format!(
                "{}{}{}",
                shape.issuing.render_from(NEW, &[NEW], shape.clients.len()),
                reload(budget),
                assertion("somebody still had a certificate of the old authority")
            ),
        },
    ]
}

/// A root and an intermediate of their own, with the role that there was, and a token that may use both.
fn new_authority(shape: &Shape) -> Step {
    let usual = shape.issuing.usual();
    let new = IssueRequest { mount: NEW.to_owned(), ..usual.clone() };
    let role = shape.issuing.role(&usual, NEW);
    Step {
        name: "new-authority",
        summary: "Make the new authority, and issue nothing from it yet".to_owned(),
        why: "Nobody trusts it: the first certificate of it would be refused.",
        on: "Vault".to_owned(),
        commands: vec![
            format!(
                "vault secrets enable -path={NEW_ROOT} pki; vault write {NEW_ROOT}/root/generate/internal common_name={}.nomad ttl=87600h",
                shape.region
            ),
            format!(
                "vault secrets enable -path={NEW} pki; generate, sign by {NEW_ROOT} and set-signed, the root in the bundle"
            ),
            format!(
                "vault read -format=json {0}/roles/{1} | jq .data | vault write {NEW}/roles/{1} -",
                usual.mount, usual.role
            ),
            format!("add {NEW}/issue/{} to the policy of consul-template's token", usual.role),
        ],
        check: vec![
            format!("vault read {NEW}/cert/ca_chain: two certificates"),
            "lab verify --vault: no PKI302, PKI303, PKI304".to_owned(),
        ],
        back: format!("vault secrets disable {NEW}; vault secrets disable {NEW_ROOT}"),
        actions: format!(
            "root_ca {{\n  mount       = \"{NEW_ROOT}\"\n  common_name = \"{0}.nomad\"\n}}\n\
             intermediate_ca {{\n  mount       = \"{NEW}\"\n  root        = \"{NEW_ROOT}\"\n  common_name = \"{0}.nomad Intermediate Authority 2\"\n}}\n{role}{1}{2}",
            shape.region,
            operators_role(NEW),
            policy(&[usual, new])
        ),
        ..Step::default()
    }
}

/// The template of `ca_file`.
fn trusting(mounts: &[&str]) -> String {
    let lines: String = mounts
        .iter()
        .map(|mount| {
            format!(
                "{{{{ with secret \"{mount}/cert/ca_chain\" }}}}{{{{ .Data.certificate }}}}\n{{{{ end }}}}"
            )
        })
        .collect();
    format!("# the template of ca_file\n{lines}\n")
}

fn reload(budget: &Budget) -> String {
    format!(
        "reload {{\n  on    = all\n  order = \"leader-last\"\n  batch = {}\n}}\nwait {{ duration = \"60s\" }}\n",
        budget.batch
    )
}

fn assertion(otherwise: &str) -> String {
    format!(
        "assert {{\n  condition     = leader == present && clients_ready == all && plaintext_rpc == refused\n  error_message = {otherwise:?}\n}}\n"
    )
}

/// What is different in the templates of clients, where there are any.
fn for_clients(shape: &Shape) -> String {
    if shape.clients.is_empty() {
        return String::new();
    }
    format!("# on the clients: common_name=client.{}.nomad\n", shape.region)
}
