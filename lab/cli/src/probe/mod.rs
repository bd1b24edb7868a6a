//! `lab probe`

mod arguments;
mod ask;
mod judge;
mod target;
mod text;

use std::io::Write;

use lab_pki::Certificate;
use lab_verify::{AgentView, Cluster, Input, Severity};
use lab_wire::tls::Identity;
use lab_workflow::{Credential, Port, PortProber};
use lab_world::{Clock, Net};
use serde_json::Value;

use self::arguments::Output;
pub(crate) use self::arguments::Probe;
use self::ask::Answers;
use self::judge::{Remark, is_expected, judge};
use self::target::{Target, targets};
use crate::exit::{Exit, Failure};
use crate::files::read;
use crate::terminal::errln;

pub(crate) fn run(arguments: &Probe) -> Result<Exit, Failure> {
    let clock = Clock::system();
    let cluster =
        arguments.config.as_ref().map(|path| Cluster::read(&[Input::Path(path.clone())], clock.now()));
    let agent = match &cluster {
        Some(cluster) => Some(only_agent(cluster)?),
        None => None,
    };
    let own = agent.as_ref().map(own_ports).unwrap_or_default();
    let targets = targets(arguments, &own).map_err(Failure::Usage)?;
    let region = arguments
        .region
        .clone()
        .or_else(|| agent.as_ref().map(|agent| agent.configuration().region.clone()))
        .unwrap_or_else(|| "global".to_owned());
    let prober = prober(arguments, agent.as_ref(), &region, &clock)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Choice(format!("no runtime: {error}")))?;
    let all = runtime.block_on(futures::future::join_all(targets.iter().map(|target| ask(&prober, target))));
    // A name that nobody answers for is still being asked about: it is not waited for.
    runtime.shutdown_background();
    let judged: Vec<(Answers, Vec<Remark>)> = all
        .into_iter()
        .map(|answers| {
            let remarks = judge(&answers, agent.as_ref(), &region, clock.now());
            (answers, remarks)
        })
        .collect();
    print(&judged, arguments.format, &clock)?;
    Ok(exit(&judged, arguments))
}

async fn ask(prober: &PortProber, target: &Target) -> Answers {
    let guessed = target.port.unwrap_or(Port::Rpc);
    let address = match target.resolve(prober).await {
        Ok(address) => address,
        Err(why) => return Answers::silent(&target.said, guessed, why),
    };
    if target.port.is_none()
        && let Err(why) = prober.dial(address).await
    {
        return Answers::silent(&target.said, guessed, why);
    }
    let port = target.kind(prober, address).await;
    ask::ask(prober, &target.said, &target.host, address, port).await
}

fn print(judged: &[(Answers, Vec<Remark>)], format: Output, clock: &Clock) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    match format {
        Output::Human => {
            for (answers, remarks) in judged {
                writeln!(out, "{}", text::human(answers, remarks, clock.now()))?;
            }
            if judged.iter().any(|(answers, _)| answers.silent.is_none() && answers.port == Port::Rpc) {
                errln!(
                    "connections that were opened before are not seen; on a server: ss -tnp state established \
                     '( sport = :4647 )'"
                );
            }
        }
        Output::Json => {
            let documents =
                judged.iter().map(|(answers, remarks)| text::document(answers, remarks, clock.now()));
            writeln!(out, "{:#}", Value::Array(documents.collect()))?;
        }
    }
    Ok(())
}

fn exit(judged: &[(Answers, Vec<Remark>)], arguments: &Probe) -> Exit {
    if judged.iter().any(|(answers, _)| answers.silent.is_some()) {
        return Exit::Unexpected;
    }
    if let Some(expect) = arguments.expect {
        let is_good = judged.iter().all(|(answers, _)| is_expected(answers, expect));
        return if is_good { Exit::Good } else { Exit::Critical };
    }
    let worst: Option<Severity> =
        judged.iter().flat_map(|(_, remarks)| remarks).map(|remark| remark.severity).max();
    Exit::of_severity(worst)
}

fn only_agent(cluster: &Cluster) -> Result<AgentView<'_>, Failure> {
    let agents = cluster.agent_views();
    match (agents.len(), cluster.problems.first()) {
        (1, _) => Ok(agents.into_iter().next().unwrap_or_else(|| unreachable!("there is one"))),
        (_, Some(problem)) => Err(problem.into()),
        (number, None) => Err(Failure::Usage(format!(
            "--config must hold one agent, and this is {number}: name one agent's files"
        ))),
    }
}

/// The ports that an agent serves, at the addresses that it tells others, or on this machine.
fn own_ports(agent: &AgentView<'_>) -> Vec<(Port, String)> {
    let configuration = agent.configuration();
    let mut ports = Vec::new();
    let mut add = |port: Port, settings: &lab_verify::PortSettings| {
        let said = [&settings.advertise, &settings.bind, &configuration.bind_addr]
            .into_iter()
            .find(|text| {
                !text.is_empty() && !text.contains("{{") && !matches!(text.as_str(), "0.0.0.0" | "::")
            })
            .cloned()
            .unwrap_or_else(|| "127.0.0.1".to_owned());
        let host = said.split_whitespace().next().unwrap_or("127.0.0.1");
        let has_port = host.parse::<std::net::SocketAddr>().is_ok()
            || host.rsplit_once(':').is_some_and(|(host, _)| !host.contains(':') && !host.is_empty());
        let address = if has_port {
            host.to_owned()
        } else if host.contains(':') {
            format!("[{}]:{}", host.trim_matches(['[', ']']), settings.port)
        } else {
            format!("{host}:{}", settings.port)
        };
        ports.push((port, address));
    };
    if configuration.is_server {
        add(Port::Rpc, &configuration.rpc);
    }
    add(Port::Http, &configuration.http);
    ports
}

fn prober(
    arguments: &Probe,
    agent: Option<&AgentView<'_>>,
    region: &str,
    clock: &Clock,
) -> Result<PortProber, Failure> {
    let failed = |text: String| Failure::Choice(text);
    let mut prober =
        PortProber::new(&Net::outgoing(), clock, region).map_err(|error| failed(error.to_string()))?;
    if let Some(identity) = agent.and_then(AgentView::identity) {
        prober = prober.with(credential_of(&identity.chain[0], region, clock), identity);
    }
    if arguments.certificates.len() != arguments.keys.len() {
        return Err(Failure::Usage("give each --cert its --key, in the same order".to_owned()));
    }
    for (certificate, key) in arguments.certificates.iter().zip(&arguments.keys) {
        let identity = Identity::from_pem(&read(certificate)?, &read(key)?)
            .map_err(|error| failed(format!("{}, {}: {error}", certificate.display(), key.display())))?;
        prober = prober.with(credential_of(&identity.chain[0], region, clock), identity);
    }
    Ok(prober)
}

/// What a certificate is good for, told from its names.
fn credential_of(certificate: &Certificate, region: &str, clock: &Clock) -> Credential {
    if clock.now() > certificate.not_after() {
        return Credential::Expired;
    }
    let has = |role: &str, region: Option<&str>| {
        certificate.dns_names().iter().any(|name| {
            let of = name.strip_prefix(role).and_then(|rest| rest.strip_prefix('.')?.strip_suffix(".nomad"));
            of.is_some_and(|of| region.is_none_or(|region| of == region))
        })
    };
    match () {
        () if has("server", Some(region)) => Credential::Server,
        () if has("client", Some(region)) => Credential::Client,
        () if has("server", None) => Credential::ServerOfOtherRegion,
        () if has("client", None) => Credential::ClientOfOtherRegion,
        () => Credential::Cli,
    }
}
