//! The templates of a task: rendered before it starts and again whenever what they say changes.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::Duration;

use lab_consul_template::{EmbeddedTemplate, Nomad, NomadAnswer, Progress, Question, Renderer, VaultAccess};
use rmpv::Value;
use tokio::sync::watch;

use super::{Hooks, Refusal, Subject};
use crate::client::{Client, events};
use crate::seam::RpcError;
use crate::server::Access;
use crate::structs::{Body, Opaque};

/// How long something may be missing before the task says so.
const SILENCE: Duration = Duration::from_secs(3);
/// How much of what is missing is named.
const NAMED: usize = 3;

/// Renders every template once, and goes on with it beside the task.
pub(super) async fn prepare(hooks: &Hooks, subject: &Subject) -> Option<Result<(), Refusal>> {
    let templates: Vec<Opaque> =
        subject.task.rest.get("Templates").and_then(Opaque::as_array).cloned().unwrap_or_default();
    if templates.is_empty() {
        return Some(Ok(()));
    }
    let renderer = match start(hooks, subject, &templates)? {
        Ok(renderer) => renderer,
        Err(error) => return Some(Err(subject.refusal(&format!("Template failed: {error}")))),
    };
    let mut progress = renderer.progress();
    if let Err(error) = first_render(subject, &mut progress).await? {
        return Some(Err(subject.refusal(&format!("Template failed: {error}"))));
    }
    if let Err(error) = read_variables(hooks, subject, &templates)? {
        return Some(Err(subject.refusal(&error)));
    }
    let (kept, subject) = (hooks.clone(), subject.clone());
    hooks.scope.spawn(async move {
        // Ends with the agent.
        let _ = follow(&kept, &subject, &templates, renderer).await;
    });
    Some(Ok(()))
}

fn start(hooks: &Hooks, subject: &Subject, templates: &[Opaque]) -> Option<Result<Renderer, String>> {
    let client = subject.client.upgrade()?;
    let host = client.parts.host.program("template");
    let vault = VaultAccess {
        token: hooks.given(|given| given.vault_token.clone()),
        ..client.parts.settings.vault.access.clone()
    };
    let mut environment = subject.environment.clone();
    environment.extend(hooks.variables());
    let made: Result<Vec<EmbeddedTemplate>, String> =
        templates.iter().map(|template| embedded(subject, template)).collect();
    let nomad = Arc::new(Questions {
        client: subject.client.clone(),
        namespace: environment.get("NOMAD_NAMESPACE").cloned().unwrap_or_default(),
        token: hooks.given(|given| given.identities.get("default").cloned().unwrap_or_default()),
    });
    Some(made.and_then(|made| Renderer::start(&host, &made, &vault, environment, nomad)))
}

/// A template of the job as the renderer takes it.
fn embedded(subject: &Subject, template: &Opaque) -> Result<EmbeddedTemplate, String> {
    let text = |field: &str| template[field].as_str().unwrap_or_default().to_owned();
    let inside = |path: &str| {
        place(subject.directory.path(), path)
            .map(|place| place.display().to_string())
            .ok_or_else(|| "template destination or source path escapes alloc directory".to_owned())
    };
    let source = match text("SourcePath") {
        path if path.is_empty() => path,
        path => inside(&path)?,
    };
    let delimiter = |field: &str, usual: &str| match text(field) {
        own if own == usual => String::new(),
        own => own,
    };
    Ok(EmbeddedTemplate {
        source,
        contents: text("EmbeddedTmpl"),
        destination: inside(&text("DestPath"))?,
        mode: Some(u32::from_str_radix(&text("Perms"), 8).unwrap_or(0o644)),
        left_delimiter: delimiter("LeftDelim", "{{"),
        right_delimiter: delimiter("RightDelim", "}}"),
        error_on_missing_key: template["ErrMissingKey"] == true,
        sandbox: subject.directory.path().display().to_string(),
    })
}

/// A path as tasks write it, within the task's directory: `local/x`, or with the variables that stand for that.
fn place(directory: &Path, path: &str) -> Option<PathBuf> {
    let path = path
        .replace("${NOMAD_SECRETS_DIR}", "secrets")
        .replace("${NOMAD_TASK_DIR}", "local")
        .replace("${NOMAD_ALLOC_DIR}", "../alloc");
    let (allocation, mut place) = (directory.parent()?, directory.to_owned());
    for component in Path::new(&path).components() {
        match component {
            Component::Normal(name) => place.push(name),
            Component::ParentDir => {
                place.pop();
            }
            _ => {}
        }
    }
    place.starts_with(allocation).then_some(place)
}

/// Waits until every template has been rendered; what is missing for too long is told.
async fn first_render(
    subject: &Subject,
    progress: &mut watch::Receiver<Progress>,
) -> Option<Result<(), String>> {
    let mut told = String::new();
    loop {
        let done = |progress: &Progress| progress.complete || progress.failed.is_some();
        let waited = {
            let waiting = progress.wait_for(done);
            subject.clock.timeout(SILENCE, waiting).await.map(|found| found.map(|found| found.clone()))
        };
        match waited {
            Some(Ok(Progress { failed: Some(error), .. })) => return Some(Err(error)),
            Some(Ok(_)) => return Some(Ok(())),
            // The renderer lives as long as its progress is wanted.
            Some(Err(_)) => return None,
            None => {
                let text = missing(&progress.borrow().missing);
                if !text.is_empty() && text != told {
                    subject.event(events::hook("Template", &text, subject.clock.now()))?;
                    told = text;
                }
            }
        }
    }
}

/// `Missing: vault.read(secret/data/x), ... and 2 more`
fn missing(names: &[String]) -> String {
    match names.len() {
        0 => String::new(),
        count if count <= NAMED => format!("Missing: {}", names.join(", ")),
        count => format!("Missing: {} and {} more", names[..NAMED].join(", "), count - NAMED),
    }
}

/// Takes the variables out of the files that are there for that.
fn read_variables(hooks: &Hooks, subject: &Subject, templates: &[Opaque]) -> Option<Result<(), String>> {
    let client = subject.client.upgrade()?;
    let mut variables = BTreeMap::new();
    for template in templates.iter().filter(|template| template["Envvars"] == true) {
        let path = template["DestPath"].as_str().unwrap_or_default();
        let Some(file) = place(subject.directory.path(), path) else { continue };
        match client.parts.host.disk.read_to_string(&file) {
            Ok(text) => match parse_variables(&text) {
                Ok(found) => variables.extend(found),
                Err(error) => return Some(Err(format!("error parsing env template {path:?}: {error}"))),
            },
            Err(error) => return Some(Err(format!("error opening env template: {error}"))),
        }
    }
    hooks.given(|given| given.variables.insert("template", variables));
    Some(Ok(()))
}

/// `KEY=value` lines, with quotes and comments.
fn parse_variables(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut variables = BTreeMap::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (name, value) = line.split_once('=').ok_or_else(|| format!("missing = in {line:?}"))?;
        let value = value.trim();
        let value = match value.chars().next() {
            Some(quote @ ('"' | '\'')) if value.len() > 1 && value.ends_with(quote) => {
                &value[1..value.len() - 1]
            }
            _ => value,
        };
        variables.insert(name.trim().to_owned(), value.to_owned());
    }
    Ok(variables)
}

/// Does what each template asks for whenever its file changes, and begins anew with a new Vault token.
async fn follow(hooks: &Hooks, subject: &Subject, templates: &[Opaque], renderer: Renderer) -> Option<()> {
    let mut renderer = renderer;
    let mut token = hooks.given(|given| given.vault_token.clone());
    let mut seen = renderer.progress().borrow().written.clone();
    loop {
        let mut progress = renderer.progress();
        let changed = {
            let change = progress.wait_for(|progress| progress.written != seen || progress.failed.is_some());
            subject.clock.timeout(SILENCE, change).await.map(|found| found.map(|found| found.clone()))
        };
        match changed {
            Some(Ok(Progress { failed: Some(error), .. })) => {
                subject.kill(&format!("Template failed: {error}"));
                return Some(());
            }
            Some(Ok(now)) => {
                let numbers = now.written.iter().zip(&seen).enumerate();
                let which: Vec<usize> =
                    numbers.filter(|(_, (now, before))| now != before).map(|(index, _)| index).collect();
                seen = now.written;
                rendered(hooks, subject, templates, &which).await?;
            }
            Some(Err(_)) => return None,
            None => {}
        }
        let current = hooks.given(|given| given.vault_token.clone());
        if current != token {
            token = current;
            match start(hooks, subject, templates)? {
                Ok(anew) => renderer = anew,
                Err(error) => {
                    subject.kill(&format!("Template failed: {error}"));
                    return Some(());
                }
            }
            seen = vec![0; templates.len()];
        }
    }
}

/// Files were written anew: the task hears of it as their templates want, all at once.
async fn rendered(hooks: &Hooks, subject: &Subject, templates: &[Opaque], which: &[usize]) -> Option<()> {
    // What cannot be read stays as it was.
    let _ = read_variables(hooks, subject, templates)?;
    let text = |template: &Opaque, field: &str| template[field].as_str().unwrap_or_default().to_owned();
    let (mut restarts, mut signals, mut splay) = (false, Vec::new(), 0);
    for template in which.iter().filter_map(|index| templates.get(*index)) {
        match text(template, "ChangeMode").as_str() {
            "" | "restart" => restarts = true,
            "signal" => signals.push(text(template, "ChangeSignal")),
            _ => continue,
        }
        splay = splay.max(template["Splay"].as_u64().unwrap_or_default());
    }
    if !restarts && signals.is_empty() {
        return Some(());
    }
    let wait = {
        let client = subject.client.upgrade()?;
        client.entropy.duration(Duration::ZERO..Duration::from_nanos(splay.max(1)))
    };
    subject.clock.sleep(wait).await;
    if restarts {
        subject.change("restart", "", "Template with change_mode restart re-rendered");
        return Some(());
    }
    signals.sort();
    signals.dedup();
    signals.iter().for_each(|signal| subject.change("signal", signal, "Template re-rendered"));
    Some(())
}

/// Answers what templates ask of Nomad, with the task's own token.
struct Questions {
    client: Weak<Client>,
    namespace: String,
    token: String,
}

impl Nomad for Questions {
    fn ask(&self, question: &Question, index: u64) -> NomadAnswer {
        let (client, question) = (self.client.clone(), question.clone());
        let (namespace, token) = (self.namespace.clone(), self.token.clone());
        Box::pin(async move {
            let client = client.upgrade().ok_or("the agent has gone")?;
            let asked = ask(&client, &question, &namespace, &token, index).await;
            asked.map_err(|error| error.to_string())
        })
    }
}

async fn ask(
    client: &Client,
    question: &Question,
    namespace: &str,
    token: &str,
    index: u64,
) -> Result<(Option<Opaque>, u64), RpcError> {
    let (own_namespace, own_region) = match question {
        Question::Variable { namespace, region, .. } | Question::Variables { namespace, region, .. } => {
            (namespace.as_str(), region.as_str())
        }
        Question::Service { region, .. } | Question::Services { region } => ("", region.as_str()),
    };
    let or = |own: &str, usual: &str| if own.is_empty() { usual.into() } else { own.into() };
    let mut fields = vec![
        ("Region".into(), or(own_region, &client.parts.settings.region)),
        ("Namespace".into(), or(own_namespace, namespace)),
        ("AuthToken".into(), token.into()),
        ("MinQueryIndex".into(), index.into()),
        ("MaxQueryTime".into(), 60_000_000_000_u64.into()),
        ("AllowStale".into(), true.into()),
    ];
    let (method, field) = match question {
        Question::Variable { path, .. } => {
            fields.push(("Path".into(), path.as_str().into()));
            ("Variables.Read", "Data")
        }
        Question::Variables { prefix, .. } => {
            fields.push(("Prefix".into(), prefix.as_str().into()));
            ("Variables.List", "Data")
        }
        Question::Service { name, choose, .. } => {
            fields.push(("ServiceName".into(), name.as_str().into()));
            fields.push(("Choose".into(), choose.as_str().into()));
            ("ServiceRegistration.GetService", "Services")
        }
        Question::Services { .. } => ("ServiceRegistration.List", "Services"),
    };
    let answer = client.rpc(method, Access::Read, Value::Map(fields)).await?;
    let answer = Body(&answer);
    let found: Option<Opaque> = answer.object(field)?;
    Ok((found.filter(|found| !found.is_null()), answer.index("Index").max(1)))
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn variables_are_read_from_files() {
        let found = parse_variables("# c\nA=b\nexport C = \"d e\"\n\nE='f'\nG=\n").expect("sound");
        let expected = [("A", "b"), ("C", "d e"), ("E", "f"), ("G", "")];
        assert_eq!(found, expected.map(|(k, v)| (k.to_owned(), v.to_owned())).into());
        assert!(parse_variables("nonsense").is_err());
    }

    #[test]
    fn what_is_missing_is_named_up_to_a_point() {
        let names: Vec<String> = ["a", "b", "c", "d", "e"].map(str::to_owned).into();
        assert_eq!(missing(&names), "Missing: a, b, c and 2 more");
        assert_eq!(missing(&names[..2]), "Missing: a, b");
        assert_eq!(missing(&[]), "");
    }

    #[test]
    fn templates_stay_within_the_allocation() {
        let directory = Path::new("/allocs/1/t");
        assert_eq!(place(directory, "local/x"), Some("/allocs/1/t/local/x".into()));
        assert_eq!(place(directory, "${NOMAD_ALLOC_DIR}/data/x"), Some("/allocs/1/alloc/data/x".into()));
        assert_eq!(place(directory, "../../other"), None);
    }
}
