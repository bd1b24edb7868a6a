//! `nomadVar "path"`, `nomadService "name"` and their like: questions to a Nomad.

use std::pin::Pin;
use std::time::Duration;

use lab_template::Value;
use serde_json::Value as Json;

use super::{Answer, Context, nomad_value};

/// How long to wait before something that is not there is asked for again.
const PERIOD: Duration = Duration::from_secs(1);

/// What a template asks of Nomad. Namespaces and regions are empty where they are not said.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    /// A variable: the object that the API calls so.
    Variable {
        /// Its path.
        path: String,
        /// Its namespace.
        namespace: String,
        /// Its region.
        region: String,
    },
    /// The variables below a prefix: a list of their metadata.
    Variables {
        /// What their paths begin with.
        prefix: String,
        /// Their namespace.
        namespace: String,
        /// Their region.
        region: String,
    },
    /// The instances of a service: a list of registrations.
    Service {
        /// Its name.
        name: String,
        /// Its region.
        region: String,
        /// `COUNT|KEY`, which picks so many of them, the same for the same key; empty: all.
        choose: String,
    },
    /// The names of all services: a list of namespaces with theirs.
    Services {
        /// Their region.
        region: String,
    },
}

/// The Nomad that answers questions of templates.
pub trait Nomad: Send + Sync {
    /// Waits until what is asked for is newer than `index`, or for as long as it likes, and answers with its index;
    /// `None`: there is no such thing.
    fn ask(&self, question: &Question, index: u64) -> NomadAnswer;
}

/// An answer on its way.
pub type NomadAnswer = Pin<Box<dyn Future<Output = Result<(Option<Json>, u64), String>> + Send>>;

/// A question with what is known of the answer.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    question: Question,
    /// Only instances with this tag are wanted.
    tag: String,
    /// Only whether it is there is wanted.
    is_existence: bool,
    index: u64,
}

impl Ask {
    fn new(question: Question) -> Self {
        Self { question, tag: String::new(), is_existence: false, index: 0 }
    }

    /// `nomadVar "path@namespace.region"`, or whether it exists.
    pub(super) fn variable(text: &str, namespace: &str, is_existence: bool) -> Result<Self, String> {
        let text = text.trim().trim_matches('/');
        let invalid = || format!("nomad.var.get: invalid format: {}", lab_template::quote(text));
        let (path, namespace, region) = place_of(text, namespace, false).ok_or_else(invalid)?;
        if path.is_empty() && !text.is_empty() {
            return Err(invalid());
        }
        Ok(Self { is_existence, ..Self::new(Question::Variable { path, namespace, region }) })
    }

    /// `nomadVarList "prefix@namespace.region"`
    pub(super) fn variables(text: &str, namespace: &str) -> Result<Self, String> {
        let invalid = || format!("nomad.var.list: invalid format: {}", lab_template::quote(text));
        let (prefix, namespace, region) = place_of(text, namespace, true).ok_or_else(invalid)?;
        let prefix = if prefix.trim_matches('/').is_empty() { String::new() } else { prefix };
        Ok(Self::new(Question::Variables { prefix, namespace, region }))
    }

    /// `nomadService "tag.name@region"`
    pub(super) fn service(text: &str, choose: String) -> Result<Self, String> {
        let (rest, region) = text.split_once('@').unwrap_or((text, ""));
        let (tag, name) = rest.rsplit_once('.').unwrap_or(("", rest));
        let is_sound = is_word(name, "-")
            && (tag.is_empty() && !rest.contains('.') || is_word(tag, "=:.-"))
            && is_region(text, region);
        if !is_sound {
            return Err(format!("nomad.service: invalid format: {}", lab_template::quote(text)));
        }
        let question = Question::Service { name: name.to_owned(), region: region.to_owned(), choose };
        Ok(Self { tag: tag.to_owned(), ..Self::new(question) })
    }

    /// `nomadServices "@region"`
    pub(super) fn services(text: &str) -> Result<Self, String> {
        let region = text.strip_prefix('@').unwrap_or_default();
        if !text.is_empty() && (region.is_empty() || !is_region(text, region)) {
            return Err(format!("nomad.services: invalid format: {}", lab_template::quote(text)));
        }
        Ok(Self::new(Question::Services { region: region.to_owned() }))
    }

    pub(super) fn name(&self) -> String {
        let place = |path: &str, namespace: &str, region: &str| {
            let or =
                |text: &str, usual: &str| if text.is_empty() { usual.to_owned() } else { text.to_owned() };
            format!("({path}@{}.{})", or(namespace, "default"), or(region, "global"))
        };
        match &self.question {
            Question::Variable { path, namespace, region } => {
                let kind = if self.is_existence { "get" } else { "block" };
                format!("nomad.var.{kind}{}", place(path, namespace, region))
            }
            Question::Variables { prefix, namespace, region } => {
                format!("nomad.var.list{}", place(prefix, namespace, region))
            }
            Question::Service { name, region, choose } => {
                let before = |mark: &str, text: &str| match text.is_empty() {
                    true => String::new(),
                    false => format!("{mark}{text}"),
                };
                let tag = if self.tag.is_empty() { String::new() } else { format!("{}.", self.tag) };
                format!("nomad.service({tag}{name}{}{})", before("@", region), before(":", choose))
            }
            Question::Services { region } if region.is_empty() => "nomad.services".to_owned(),
            Question::Services { region } => format!("nomad.services(@{region})"),
        }
    }

    pub(super) async fn fetch(&mut self, context: &Context) -> Result<Answer, String> {
        loop {
            let asked = context.nomad.ask(&self.question, self.index).await;
            let (found, index) = asked.map_err(|error| format!("{}: {error}", self.name()))?;
            let is_new = index > self.index;
            self.index = index;
            match found {
                _ if !is_new => {}
                found if self.is_existence => return Ok(Answer::Value(Value::Bool(found.is_some()))),
                Some(found) => return Ok(Answer::Value(self.value(&found))),
                None if matches!(self.question, Question::Variable { .. }) => {}
                None => return Ok(Answer::Value(self.value(&Json::Null))),
            }
            context.host.clock.sleep(PERIOD).await;
        }
    }

    fn value(&self, found: &Json) -> Value {
        match &self.question {
            Question::Variable { .. } => nomad_value::variable(found),
            Question::Variables { .. } => nomad_value::variables(found),
            Question::Service { .. } => nomad_value::service(found, &self.tag),
            Question::Services { .. } => nomad_value::services(found),
        }
    }
}

/// `path@namespace.region` in parts; `None` where it is not of that form. All namespaces are `*` where that is allowed.
fn place_of(text: &str, namespace: &str, takes_all: bool) -> Option<(String, String, String)> {
    let (path, rest) = text.split_once('@').map_or((text, None), |(path, rest)| (path, Some(rest)));
    let path = path.strip_prefix('/').unwrap_or(path).to_owned();
    let Some(rest) = rest else { return Some((path, namespace.to_owned(), String::new())) };
    let (named, region) = rest.split_once('.').map_or((rest, None), |(named, region)| (named, Some(region)));
    let is_sound = (is_word(named, "-") || takes_all && named == "*")
        && region.is_none_or(|region| is_word(region, "-"));
    is_sound.then(|| (path, named.to_owned(), region.unwrap_or_default().to_owned()))
}

fn is_word(text: &str, others: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || others.contains(c))
}

/// Whether what stands behind the `@` of a text, if there is one, names a region.
fn is_region(text: &str, region: &str) -> bool {
    !text.contains('@') || is_word(region, ".-")
}
