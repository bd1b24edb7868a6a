//! New certificates of the same authority.

use super::super::budget::Budget;
use super::super::issuing::On;
use super::super::shape::Shape;
use super::super::step::{Apply, Step};
use super::{clients, probe_servers, servers};

pub(super) fn steps(shape: &Shape, budget: &Budget) -> Vec<Step> {
    let issue = "restart consul-template (with pkiCert remove the old certificate first, which it keeps while it is valid), or vault write pki_int/issue/ROLE common_name=...";
    let both = "write certificate and key together, then reload: a reload between the two keeps the old pair";
    let step = |name, summary: &str, on: String, is_server: bool| Step {
        name,
        summary: summary.to_owned(),
        why: "A reload takes new files without closing anything: old connections serve one more request each.",
        on,
        commands: vec![issue.to_owned(), both.to_owned(), Apply::Reload.command()],
        check: vec![
            if is_server {
                probe_servers(shape, "strict")
            } else {
                "nomad node status: every client ready".to_owned()
            },
            "lab probe --config PATH on the node: serves the file on disk".to_owned(),
        ],
        back: "Put the old files back and reload: they are valid until they end.".to_owned(),
        actions: format!(
            "{}reload {{\n  on    = {}\n  order = \"leader-last\"\n  batch = {}\n}}\nwait {{ duration = \"30s\" }}\n\
             assert {{\n  condition     = leader == present && clients_ready == all && plaintext_rpc == refused\n  error_message = \"the new certificates are not in use everywhere\"\n}}\n",
            shape.issuing.render(if is_server { On::Servers } else { On::Clients }),
            if is_server { "servers" } else { "clients" },
            if is_server { 1 } else { budget.batch }
        ),
        ..Step::default()
    };
    let mut steps = vec![step("rotate-servers", "Servers: new certificates", servers(shape), true)];
    if !shape.clients.is_empty() {
        steps.push(step("rotate-clients", "Clients: new certificates", clients(shape, budget), false));
    }
    steps
}
