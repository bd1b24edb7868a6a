//! An agent: its files, what they say together, and the certificates that they name.

mod material;

use std::path::Path;

use lab_hcl::{Attribute, Body, Span};
use mock_nomad::Configuration;

pub(crate) use self::material::{Material, Spoiled};
use crate::document::{self, Document, bodies};
use crate::finding::Place;
use crate::locate::Surroundings;

/// A Nomad agent as its files describe it.
#[derive(Debug)]
pub(crate) struct Agent {
    /// Its configuration files in the order in which Nomad merges them.
    pub(crate) documents: Vec<Document>,
    /// What they say together.
    pub(crate) configuration: Configuration,
    /// The files that its `tls` block names.
    pub(crate) material: Material,
}

/// One time that something is set.
#[derive(Clone, Copy)]
pub(crate) struct Setting<'a> {
    pub(crate) document: &'a Document,
    pub(crate) attribute: &'a Attribute,
}

impl Agent {
    /// Merges configuration files and reads the certificates that they name.
    ///
    /// Errors: the document that Nomad does not take, with its words.
    pub(crate) fn read(
        documents: Vec<Document>,
        surroundings: &Surroundings<'_>,
    ) -> Result<Self, (Vec<Document>, mock_nomad::UnreadableConfiguration)> {
        let files =
            documents.iter().map(|document| (document.file.path.as_path(), document.file.text().as_bytes()));
        let configuration = match Configuration::of_files(files) {
            Ok(configuration) => configuration,
            Err(error) => return Err((documents, error)),
        };
        let beside: Vec<&Path> =
            documents.iter().filter_map(|document| document.file.path.parent()).collect();
        let material = Material::read(&configuration.tls, &beside, surroundings);
        Ok(Self { documents, configuration, material })
    }

    /// Each time that `path`, such as `["tls", "rpc"]`, is set, in the order in which Nomad merges.
    pub(crate) fn settings<'a>(&'a self, path: &[&'a str]) -> Vec<Setting<'a>> {
        let Some((name, blocks)) = path.split_last() else { return Vec::new() };
        self.within(blocks)
            .into_iter()
            .flat_map(|(document, body, _)| {
                document::attributes(body, name).map(move |attribute| Setting { document, attribute })
            })
            .collect()
    }

    /// The bodies at a path of blocks, each with where its name is written.
    pub(crate) fn within<'a>(&'a self, blocks: &[&'a str]) -> Vec<(&'a Document, &'a Body, Span)> {
        let mut found: Vec<(&Document, &Body, Span)> =
            self.documents.iter().map(|document| (document, &document.body, Span::default())).collect();
        for block in blocks {
            found = found
                .into_iter()
                .flat_map(|(document, body, _)| {
                    bodies(body, block).into_iter().map(move |(body, span)| (document, body, span))
                })
                .collect();
        }
        found
    }

    /// The text that counts at a path: the last that is not empty.
    pub(crate) fn text(&self, path: &[&str]) -> Option<String> {
        self.settings(path)
            .into_iter()
            .filter_map(|setting| document::text(&setting.attribute.value))
            .rfind(|text| !text.is_empty())
    }

    /// Whether a boolean at a path is true in any file, as Nomad merges them.
    pub(crate) fn flag(&self, path: &[&str]) -> bool {
        self.settings(path)
            .iter()
            .any(|setting| matches!(document::text(&setting.attribute.value).as_deref(), Some("true" | "1")))
    }

    /// Where the setting that counts is written, or else the block that it would stand in.
    pub(crate) fn place(&self, path: &[&str], label: impl Into<String>) -> Option<Place> {
        let label = label.into();
        let settings = self.settings(path);
        let counts = settings.iter().rev().find(|setting| {
            !matches!(document::text(&setting.attribute.value).as_deref(), None | Some("" | "false" | "0"))
        });
        if let Some(setting) = counts.or(settings.last()) {
            return Some(setting.place(label));
        }
        let (_, blocks) = path.split_last()?;
        self.block_place(blocks, label)
    }

    /// Where a block is written; the file's first line where there is none.
    pub(crate) fn block_place(&self, blocks: &[&str], label: impl Into<String>) -> Option<Place> {
        let label = label.into();
        if let Some((document, _, span)) = self.within(blocks).last().filter(|_| !blocks.is_empty()) {
            return Some(document.place(*span, label));
        }
        let document = self.documents.first()?;
        let end = document.file.text().find('\n').unwrap_or(document.file.text().len());
        Some(document.place(Span::new(0, end), label))
    }

    /// `server`, `client`, or both.
    pub(crate) fn role(&self) -> &'static str {
        match (self.configuration.is_server, self.configuration.is_client) {
            (true, true) => "server and client",
            (true, false) => "server",
            _ => "client",
        }
    }

    /// The names that its certificate must carry, of which a server and client needs the server's.
    pub(crate) fn wanted_name(&self) -> String {
        let role = if self.configuration.is_server { "server" } else { "client" };
        format!("{role}.{}.nomad", self.configuration.region)
    }
}

impl Setting<'_> {
    pub(crate) fn place(&self, label: impl Into<String>) -> Place {
        self.document.place(self.attribute.span, label)
    }
}
