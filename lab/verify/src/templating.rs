//! consul-template, or a Vault Agent that renders templates, as its files describe it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use lab_consul_template::{Configuration, TemplateSettings, UnreadableConfiguration, VaultSettings};
use lab_hcl::Span;
use lab_template::{
    Error, FieldUse, FunctionCall, Functions, Options, Outline, Signature, Template, Type, Value,
};

use crate::document::{Document, Form, bodies, flag_of, text_of, texts_of};
use crate::file::TextFile;
use crate::finding::Place;
use crate::locate::{NotFound, Surroundings, find};

/// One process that renders templates.
#[derive(Debug)]
pub(crate) struct Templating {
    pub(crate) documents: Vec<Document>,
    pub(crate) vault: VaultSettings,
    pub(crate) renderings: Vec<Rendering>,
}

/// A template with what it asks for.
#[derive(Debug)]
pub(crate) struct Rendering {
    pub(crate) settings: TemplateSettings,
    /// Its block's document, as an index, and where the block's name stands in it.
    document: usize,
    span: Span,
    /// The file with the template; none where it is written in the block or was not found.
    file: Option<TextFile>,
    /// Why the template cannot be looked into.
    pub(crate) problem: Option<Trouble>,
    pub(crate) outline: Outline,
}

/// Why a template cannot be looked into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Its file was not found, or is none.
    NotFound(NotFound),
    /// consul-template does not take it: the line, from 1, and its words.
    Malformed(usize, String),
}

/// What a template writes somewhere.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Product {
    pub(crate) what: What,
    /// The rendering's index and the call's in its outline.
    pub(crate) rendering: usize,
    pub(crate) call: usize,
    pub(crate) destination: String,
    /// Unix permission bits, where they are written.
    pub(crate) mode: Option<u32>,
    /// Where it is used, in bytes of the template.
    pub(crate) position: usize,
}

/// The part of Vault's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    Certificate,
    Key,
    /// One authority.
    Authority,
    Chain,
}

impl Templating {
    /// Merges the configuration files of one process and reads their templates.
    ///
    /// Errors: the documents, with what consul-template says of them.
    pub(crate) fn read(
        documents: Vec<Document>,
        surroundings: &Surroundings<'_>,
    ) -> Result<Self, (Vec<Document>, UnreadableConfiguration)> {
        let is_agent = documents.iter().any(|document| document.form == Form::VaultAgent);
        let read = if is_agent { Ok(of_vault_agent(&documents)) } else { of_consul_template(&documents) };
        let (templates, vault) = match read {
            Ok(read) => read,
            Err(error) => return Err((documents, error)),
        };
        let blocks = documents.iter().enumerate().flat_map(|(index, document)| {
            bodies(&document.body, "template").into_iter().map(move |(_, span)| (index, span))
        });
        let renderings = templates
            .into_iter()
            .zip(blocks)
            .map(|(settings, (document, span))| {
                let beside = documents[document].file.path.parent();
                Rendering::read(settings, document, span, beside, surroundings)
            })
            .collect();
        Ok(Self { documents, vault, renderings })
    }

    /// How many templates were read from files of their own.
    pub(crate) fn files(&self) -> usize {
        self.renderings.iter().filter(|rendering| rendering.file.is_some()).count()
    }

    /// What all templates write of the certificates that they have Vault issue.
    pub(crate) fn products(&self) -> Vec<Product> {
        self.renderings.iter().enumerate().flat_map(|(index, rendering)| rendering.products(index)).collect()
    }

    /// The templates that consul-template itself would refuse: which file, what is wrong, and where.
    pub(crate) fn problems(&self) -> impl Iterator<Item = (PathBuf, String, Option<Place>)> {
        self.renderings.iter().enumerate().filter_map(|(index, rendering)| {
            let block = self.documents[rendering.document].file.path.clone();
            match rendering.problem.as_ref()? {
                // A path of another system says nothing about this one.
                Trouble::NotFound(NotFound::Elsewhere) => None,
                Trouble::NotFound(why) => {
                    let message = format!(
                        "the template {:?} was not found ({why}): nothing was checked of what it writes to {:?}",
                        rendering.settings.source, rendering.settings.destination
                    );
                    Some((block, message, None))
                }
                Trouble::Malformed(line, message) => {
                    let text = rendering.text();
                    let start: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
                    let length = text[start..].lines().next().map_or(0, str::len);
                    let place = self.place(index, start, length.max(1), "consul-template refuses it");
                    let path = rendering.file.as_ref().map_or(block, |file| file.path.clone());
                    Some((path, message.clone(), Some(place)))
                }
            }
        })
    }

    /// Where a template's block stands.
    pub(crate) fn block_place(&self, rendering: usize, label: impl Into<String>) -> Place {
        let Rendering { document, span, .. } = &self.renderings[rendering];
        self.documents[*document].place(*span, label)
    }

    /// Where something stands in a template: in its file, or at the block that holds it.
    pub(crate) fn place(&self, rendering: usize, position: usize, length: usize, label: &str) -> Place {
        match &self.renderings[rendering].file {
            Some(file) => Place {
                source: std::sync::Arc::clone(&file.source),
                span: Span::new(position, position + length),
                label: label.to_owned(),
            },
            None => self.block_place(rendering, label),
        }
    }

    /// Where a call stands.
    pub(crate) fn call_place(&self, rendering: usize, call: usize, label: &str) -> Place {
        let call = &self.renderings[rendering].outline.calls[call];
        self.place(rendering, call.position, call.function.len(), label)
    }

    /// Where `vault { name = ... }` is set, or the `vault` block, or the first line.
    pub(crate) fn vault_place(&self, name: &str, label: &str) -> Option<Place> {
        let found = self.documents.iter().find_map(|document| {
            bodies(&document.body, "vault").into_iter().next().map(|(body, span)| (document, body, span))
        });
        if let Some((document, body, span)) = found {
            let attribute = crate::document::attributes(body, name).last();
            return Some(document.place(attribute.map_or(span, |attribute| attribute.span), label));
        }
        let document = self.documents.first()?;
        Some(document.place(Span::new(0, document.file.text().find('\n').unwrap_or(0)), label))
    }
}

impl Rendering {
    fn read(
        settings: TemplateSettings,
        document: usize,
        span: Span,
        beside: Option<&Path>,
        surroundings: &Surroundings<'_>,
    ) -> Self {
        let mut rendering =
            Self { settings, document, span, file: None, problem: None, outline: Outline::default() };
        if rendering.settings.contents.is_empty() {
            match find(&rendering.settings.source, beside.as_slice(), surroundings) {
                Ok(file) => rendering.file = Some(file),
                Err(why) => {
                    rendering.problem = Some(Trouble::NotFound(why));
                    return rendering;
                }
            }
        }
        let text = rendering.text();
        let options = Options {
            left_delimiter: rendering.settings.left_delimiter.clone(),
            right_delimiter: rendering.settings.right_delimiter.clone(),
            ..Options::default()
        };
        match Template::parse("", text, &options, &Anything) {
            Ok(template) => rendering.outline = template.outline(),
            Err(error) => {
                let (Error::Parse { line, .. } | Error::Execute { line, .. }) = &error;
                rendering.problem = Some(Trouble::Malformed(*line, error.to_string()));
            }
        }
        rendering
    }

    /// The template itself, wherever it is written.
    pub(crate) fn text(&self) -> &str {
        self.file.as_ref().map_or(self.settings.contents.as_str(), TextFile::text)
    }

    /// The calls that have Vault issue a certificate.
    pub(crate) fn issuing_calls(&self) -> impl Iterator<Item = (usize, &FunctionCall)> {
        self.outline.calls.iter().enumerate().filter(|(_, call)| is_issuing(call))
    }

    /// Whether it writes this file, as its destination or with `writeToFile`.
    pub(crate) fn writes(&self, path: &str) -> bool {
        let written = |call: &FunctionCall| {
            let destination = call.arguments.first().and_then(Option::as_deref);
            call.function == "writeToFile" && destination == Some(path)
        };
        self.settings.destination == path || self.outline.calls.iter().any(written)
    }

    /// Whether a use of this field stands inside a condition on it.
    pub(crate) fn is_guarded(&self, call: usize, name: &str) -> bool {
        self.outline.fields.iter().any(|field| {
            field.is_condition && field.of == Some(call) && field.path.iter().any(|part| part == name)
        })
    }

    fn products(&self, rendering: usize) -> Vec<Product> {
        let product = |field: &FieldUse| {
            let call = field.of?;
            let issuing = self.outline.calls.get(call).filter(|call| is_issuing(call))?;
            let what = what_of(issuing, &field.path)?;
            let written = field.passed_to.iter().find_map(|index| {
                let call = &self.outline.calls[*index];
                (call.function == "writeToFile").then_some(call)
            });
            let (destination, mode) = match written {
                Some(call) => (
                    call.arguments.first().cloned().flatten().unwrap_or_default(),
                    call.arguments.get(3).and_then(|mode| u32::from_str_radix(mode.as_deref()?, 8).ok()),
                ),
                None => (self.settings.destination.clone(), self.settings.mode),
            };
            Some(Product { what, rendering, call, destination, mode, position: field.position })
        };
        self.outline.fields.iter().filter(|field| !field.is_condition).filter_map(product).collect()
    }
}

/// The arguments of a call as Vault gets them: its path, and its parameters in the order of their names.
pub(crate) fn request(call: &FunctionCall) -> (String, Vec<String>) {
    let shown = |argument: &Option<String>| argument.clone().unwrap_or_else(|| "<computed>".to_owned());
    let mut arguments = call.arguments.iter().map(shown);
    let path = arguments.next().unwrap_or_default();
    let mut parameters: Vec<String> = arguments.collect();
    parameters.sort();
    (path, parameters)
}

/// A parameter of a call, such as the `24h` of `"ttl=24h"`.
pub(crate) fn parameter<'a>(call: &'a FunctionCall, name: &str) -> Option<&'a str> {
    call.arguments.iter().flatten().find_map(|argument| argument.strip_prefix(name)?.strip_prefix('='))
}

fn is_issuing(call: &FunctionCall) -> bool {
    let path = call.arguments.first().and_then(Option::as_deref).unwrap_or_default();
    match call.function.as_str() {
        "pkiCert" => true,
        "secret" => path.contains("/issue/") || path.contains("/sign/"),
        _ => false,
    }
}

fn what_of(call: &FunctionCall, path: &[String]) -> Option<What> {
    let path: Vec<&str> = path.iter().map(String::as_str).filter(|name| *name != "Data").collect();
    Some(match (call.function.as_str(), path.first().copied()?) {
        ("pkiCert", "Cert") | ("secret", "certificate") => What::Certificate,
        ("pkiCert", "Key") | ("secret", "private_key") => What::Key,
        ("pkiCert", "CA") | ("secret", "issuing_ca") => What::Authority,
        ("pkiCert", "CAChain") | ("secret", "ca_chain") => What::Chain,
        _ => return None,
    })
}

fn of_consul_template(
    documents: &[Document],
) -> Result<(Vec<TemplateSettings>, VaultSettings), UnreadableConfiguration> {
    let files =
        documents.iter().map(|document| (document.file.path.as_path(), document.file.text().as_bytes()));
    Configuration::of_files(files).map(|configuration| (configuration.templates, configuration.vault))
}

/// Vault Agent embeds consul-template; its own blocks are not of interest here.
fn of_vault_agent(documents: &[Document]) -> (Vec<TemplateSettings>, VaultSettings) {
    let all = |name: &'static str| {
        documents.iter().flat_map(move |document| bodies(&document.body, name)).map(|(body, _)| body)
    };
    let templates = all("template").map(|body| {
        let exec = bodies(body, "exec").into_iter().find_map(|(exec, _)| texts_of(exec, "command"));
        let text = |name: &str| text_of(body, name).unwrap_or_default();
        let or = |name: &str, usual: &str| text_of(body, name).unwrap_or_else(|| usual.to_owned());
        TemplateSettings {
            source: text("source"),
            contents: text("contents"),
            destination: text("destination"),
            mode: mode_of(&text("perms")),
            command: exec
                .or_else(|| text_of(body, "command").map(|command| vec![command]))
                .unwrap_or_default(),
            waits: bodies(body, "wait").iter().any(|(wait, _)| flag_of(wait, "enabled") != Some(false)),
            left_delimiter: or("left_delimiter", "{{"),
            right_delimiter: or("right_delimiter", "}}"),
        }
    });
    let vault = VaultSettings {
        address: all("vault").find_map(|body| text_of(body, "address")).unwrap_or_default(),
        has_token: true,
        token_file: None,
        // Auto-auth renews, and logs in again.
        renews_token: true,
        gives_up_after: Some(Duration::from_secs(300)),
    };
    (templates.collect(), vault)
}

/// Permissions as HCL writes them, in octal.
fn mode_of(text: &str) -> Option<u32> {
    u32::from_str_radix(text, 8).ok()
}

/// Every function there may be: which ones there are is consul-template's to say.
struct Anything;

impl Functions for Anything {
    fn signature(&self, _name: &str) -> Option<Signature> {
        Some(Signature::variadic(&[], Type::Any))
    }

    fn call(&mut self, name: &str, _arguments: &[Value]) -> Result<Value, String> {
        Err(format!("{name} is never called: templates are read, not executed"))
    }
}
