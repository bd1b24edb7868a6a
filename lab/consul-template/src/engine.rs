//! The loop that evaluates templates, starts views, renders and runs commands.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use lab_template::Value;
use lab_world::{Tasks, format_duration};
use time::OffsetDateTime;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::sync::watch;

use crate::Options;
use crate::command::{CommandError, Commands, Invocation};
use crate::config::Config;
use crate::embedded::Progress;
use crate::error::Error;
use crate::functions::{Brain, Evaluation, Surroundings};
use crate::journal::Journal;
use crate::query::{Context, Query};
use crate::quiescence::Quiescence;
use crate::render::render;
use crate::source::{Event, Source};
use crate::supervisor::{Supervisor, ended};
use crate::view::{Report, View};

/// How long a command may take unless configured.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(30);

/// One life of the program between two reloads.
pub(crate) struct Engine {
    pub(crate) config: Config,
    pub(crate) context: Context,
    pub(crate) commands: Arc<dyn Commands>,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) options: Options,
    templates: Vec<Source>,
    brain: Brain,
    views: BTreeMap<String, Tasks>,
    dependencies: BTreeMap<String, Query>,
    quiescences: BTreeMap<usize, Quiescence>,
    reports: UnboundedSender<Report>,
    inbox: UnboundedReceiver<Report>,
    held: VecDeque<Report>,
    /// What runs for as long as this does, once everything is rendered.
    supervisor: Option<Arc<Supervisor>>,
    /// How that will end.
    child: Option<watch::Receiver<Option<i32>>>,
    /// Where whoever embeds this hears how far it is.
    progress: Option<watch::Sender<Progress>>,
}

/// What one pass over all templates gathered.
#[derive(Default)]
struct Pass {
    dependencies: BTreeMap<String, Query>,
    /// The numbers of the templates whose files were written.
    written: Vec<usize>,
    commands: Vec<usize>,
}

impl Engine {
    pub(crate) fn new(
        config: Config,
        context: Context,
        commands: Arc<dyn Commands>,
        environment: BTreeMap<String, String>,
        options: Options,
    ) -> Result<Self, String> {
        let templates = config.templates.iter().map(|template| Source::load(template, &context.host));
        let templates = templates.collect::<Result<Vec<_>, _>>()?;
        let (reports, inbox) = mpsc::unbounded_channel();
        Ok(Self {
            config,
            context,
            commands,
            environment,
            options,
            templates,
            brain: Brain::default(),
            views: BTreeMap::new(),
            dependencies: BTreeMap::new(),
            quiescences: BTreeMap::new(),
            reports,
            inbox,
            held: VecDeque::new(),
            supervisor: None,
            child: None,
            progress: None,
        })
    }

    /// Tells how far it is.
    pub(crate) fn report_to(&mut self, progress: watch::Sender<Progress>) {
        self.progress = Some(progress);
    }

    /// Has it start and keep a process.
    pub(crate) fn supervise(&mut self, supervisor: Arc<Supervisor>) {
        self.supervisor = Some(supervisor);
    }

    /// Runs until it has rendered everything once, if that is all it is to do, or something fails, or the process that
    /// it keeps has ended.
    pub(crate) async fn run(mut self) -> Result<(), Error> {
        let journal = self.context.journal.clone();
        journal.info("(runner) starting".to_owned());
        self.pass(None).await.map_err(Error::Runner)?;
        if self.options.parse_only {
            journal.info("(runner) ParseOnly mode and all templates parsed".to_owned());
            journal.info("(runner) stopping".to_owned());
            return Ok(());
        }
        loop {
            if self.all_rendered() {
                self.arm_quiescences();
                if let Some(supervisor) = &self.supervisor {
                    self.child = Some(supervisor.start().await.map_err(Error::Runner)?);
                }
                if self.options.once {
                    return self.finish_once(&journal).await;
                }
            }
            let mut child = self.child.take();
            let quiescent = tokio::select! {
                biased;
                quiescent = self.wait() => quiescent.map_err(Error::Runner)?,
                code = ended(&mut child) => return Err(died(&journal, code)),
            };
            self.child = child;
            self.pass(quiescent).await.map_err(Error::Runner)?;
        }
    }

    async fn finish_once(&mut self, journal: &Journal) -> Result<(), Error> {
        journal.info("(runner) once mode and all templates rendered".to_owned());
        if self.child.is_some() {
            self.views.clear();
            journal.info("(runner) waiting for child process to exit".to_owned());
            let code = ended(&mut self.child).await;
            return Err(died(journal, code));
        }
        journal.info("(runner) stopping".to_owned());
        Ok(())
    }

    /// Waits for new data, or for the end of a template's quiescence, whose number it gives.
    async fn wait(&mut self) -> Result<Option<usize>, String> {
        loop {
            let due = self.quiescences.iter().filter_map(|(index, q)| Some((q.due()?, *index))).min();
            let report = match (self.held.pop_front(), due) {
                (Some(report), _) => Some(report),
                (None, None) => self.inbox.recv().await,
                (None, Some((due, _))) => self.receive_until(due).await,
            };
            match report {
                Some(Report::Data { name, answer }) => {
                    self.receive(&name, answer.to_value());
                    self.drain();
                    return Ok(None);
                }
                Some(Report::Trouble) => {
                    self.context.journal.error("(runner) sending server error back to caller".to_owned());
                }
                Some(Report::GaveUp(error)) => {
                    self.context.journal.error(format!("(runner) watcher reported error: {error}"));
                    return Err(error);
                }
                // Nobody hangs up: the engine itself holds a sender. So it is the template's turn.
                None => {
                    let Some((_, index)) = due else { return Ok(None) };
                    self.quiescences.remove(&index);
                    return Ok(Some(index));
                }
            }
        }
    }

    async fn receive_until(&mut self, due: OffsetDateTime) -> Option<Report> {
        tokio::select! {
            biased;
            report = self.inbox.recv() => report,
            () = self.context.host.clock.sleep_until(due) => None,
        }
    }

    /// Takes in everything that has arrived with the first answer, before anything is rendered.
    fn drain(&mut self) {
        while let Ok(report) = self.inbox.try_recv() {
            match report {
                Report::Data { name, answer } => self.receive(&name, answer.to_value()),
                other => self.held.push_back(other),
            }
        }
    }

    fn receive(&mut self, name: &str, value: Value) {
        // An answer to a question that no template asks any more is not remembered.
        if self.dependencies.contains_key(name) {
            self.context.journal.debug(format!("(runner) receiving dependency {name}"));
            self.brain.insert(name.to_owned(), value);
        }
    }

    fn all_rendered(&self) -> bool {
        let done = |event: Event| event.quiescent || event.rendered;
        self.templates.iter().all(|template| template.event.is_some_and(done))
    }

    fn arm_quiescences(&mut self) {
        if self.options.once {
            return;
        }
        for (index, template) in self.templates.iter().enumerate() {
            let waits = [template.config.wait, self.config.wait];
            if let Some(wait) = waits.into_iter().find(|wait| wait.enabled) {
                self.quiescences.entry(index).or_insert_with(|| Quiescence::new(wait));
            }
        }
    }

    /// Evaluates every template in order, renders those that can be, and runs their commands.
    async fn pass(&mut self, quiescent: Option<usize>) -> Result<(), String> {
        let mut pass = Pass::default();
        for index in 0..self.templates.len() {
            self.evaluate(index, quiescent, &mut pass)?;
        }
        self.forget_unused(&pass.dependencies);
        self.dependencies = std::mem::take(&mut pass.dependencies);
        self.tell(&pass);
        let mut errors = Vec::new();
        for index in pass.commands {
            if let Err(error) = self.command(index).await {
                errors.push(error);
            }
        }
        if let Some(supervisor) = self.supervisor.as_ref().filter(|_| !pass.written.is_empty()) {
            errors.extend(supervisor.reload().await.err());
        }
        match errors.as_slice() {
            [] => Ok(()),
            [error] => Err(format!("1 error occurred:\n\t* {error}\n\n")),
            errors => {
                let lines: Vec<String> = errors.iter().map(|error| format!("\t* {error}")).collect();
                Err(format!("{} errors occurred:\n{}\n\n", errors.len(), lines.join("\n")))
            }
        }
    }

    fn tell(&self, pass: &Pass) {
        let Some(progress) = &self.progress else { return };
        let unknown = self.dependencies.keys().filter(|name| !self.brain.contains_key(*name));
        let (missing, complete) = (unknown.cloned().collect(), self.all_rendered());
        progress.send_modify(|progress| {
            pass.written.iter().for_each(|index| progress.written[*index] += 1);
            progress.missing = missing;
            progress.complete = complete;
        });
    }

    fn evaluate(&mut self, index: usize, quiescent: Option<usize>, pass: &mut Pass) -> Result<(), String> {
        let source = &mut self.templates[index];
        if self.options.once && source.event.is_some_and(|event| event.rendered) {
            return Ok(());
        }
        let surroundings = Surroundings {
            host: &self.context.host,
            environment: &self.environment,
            vault: &self.context.config,
            nomad_namespace: &self.config.nomad.namespace,
            template: &source.config,
        };
        let mut evaluation = Evaluation::new(&self.brain, surroundings);
        let result = source.template.text(&source.config, &self.config, &mut evaluation);
        let (used, mut missing) = evaluation.into_dependencies();
        let text = match result {
            Ok(text) => text,
            Err(error) if source.config.error_fatal != Some(false) => {
                return Err(format!("{}: {error}", source.config.name()));
            }
            Err(error) => {
                self.context.journal.error(format!("(runner) {}: {error}", source.config.name()));
                pass.dependencies.extend(used);
                source.event = Some(Event::default());
                return Ok(());
            }
        };
        for (name, query) in used {
            if !self.views.contains_key(&name) && !missing.iter().any(|(known, _)| *known == name) {
                missing.push((name.clone(), query.clone()));
            }
            pass.dependencies.entry(name).or_insert(query);
        }
        source.event = Some(Event::default());
        if !missing.is_empty() {
            for (name, query) in missing {
                self.watch(name, query);
            }
            return Ok(());
        }
        let waits = match (quiescent, self.quiescences.get_mut(&index)) {
            (Some(other), _) if other != index => true,
            (_, Some(quiescence)) => {
                quiescence.tick(self.context.host.clock.now());
                true
            }
            _ => false,
        };
        if waits {
            source.event = Some(Event { quiescent: true, rendered: false });
            return Ok(());
        }
        self.render(index, &text, pass)
    }

    fn render(&mut self, index: usize, text: &str, pass: &mut Pass) -> Result<(), String> {
        let journal = &self.context.journal;
        let template = &self.templates[index].config;
        let display = template.display();
        let rendered = match &self.options.dry {
            Some(show) => {
                show(&format!("> {}\n{text}", template.destination));
                Ok(false)
            }
            None => render(&self.context.host.disk, template, text, journal),
        };
        let written = match rendered {
            Ok(written) => written,
            Err(error) if template.error_fatal != Some(false) => {
                return Err(format!("error rendering {display}: {error}"));
            }
            Err(error) => {
                journal.error(format!("(runner) error rendering: {display}: {error}"));
                return Ok(());
            }
        };
        self.templates[index].event = Some(Event { quiescent: false, rendered: true });
        if !written {
            return Ok(());
        }
        self.context.journal.info(format!("(runner) rendered {display}"));
        pass.written.push(index);
        let command = &self.templates[index].config.exec.command;
        // One pass runs a command once, however many templates want it.
        let is_known = |known: &usize| self.templates[*known].config.exec.command == *command;
        if self.templates[index].config.exec.is_set() && !pass.commands.iter().any(is_known) {
            pass.commands.push(index);
        }
        Ok(())
    }

    fn watch(&mut self, name: String, query: Query) {
        if self.views.contains_key(&name) {
            return;
        }
        self.context.journal.debug(format!("(watcher) adding {name}"));
        let entropy = self.context.entropy.branch(&name);
        let view = View::new(query, Context { entropy, ..self.context.clone() }, self.options.once);
        let tasks = Tasks::new();
        tasks.spawn(view.run(self.reports.clone()));
        self.views.insert(name, tasks);
    }

    /// Ends the views that no template asks for any more.
    fn forget_unused(&mut self, wanted: &BTreeMap<String, Query>) {
        for name in self.dependencies.keys().filter(|name| !wanted.contains_key(*name)) {
            self.context.journal.debug(format!("(runner) {name} is no longer needed"));
            self.views.remove(name);
            self.brain.remove(name);
        }
    }

    async fn command(&self, index: usize) -> Result<(), String> {
        let template = &self.templates[index].config;
        let (shown, display) = (lab_template::quote(&template.shown_command()), template.display());
        self.context.journal.info(format!("(runner) executing command {shown} from {display}"));
        let limit = template.exec.timeout.unwrap_or(COMMAND_TIMEOUT);
        let environment = template.exec.environment.apply(&self.environment, self.config.for_commands());
        let result = match Invocation::new(&template.exec.command, environment) {
            Ok(command) => {
                let started = command.started();
                self.context.journal.info(format!("(child) spawning: {started}"));
                let run = self.context.host.clock.timeout(limit, self.commands.run(&command)).await;
                let late = || Err(CommandError::TimedOut { command: started, limit: format_duration(limit) });
                run.unwrap_or_else(late)
            }
            Err(error) => Err(error),
        };
        result.map_err(|error| format!("failed to execute command {shown} from {display}: {error}"))
    }
}

fn died(journal: &Journal, code: i32) -> Error {
    journal.info("(runner) child process exited".to_owned());
    Error::Child(code)
}
