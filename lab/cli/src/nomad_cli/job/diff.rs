//! What would change in a job, as text.

use serde_json::Value as Json;

use crate::nomad_cli::json::Look;
use crate::nomad_cli::session::Session;

/// How the lines of a diff look.
pub(super) struct Diff<'a> {
    pub(super) session: &'a Session<'a>,
    pub(super) is_verbose: bool,
}

impl Diff<'_> {
    /// A whole job's.
    pub(super) fn job(&self, job: &Json) -> String {
        let title = self.session.bold(&format!("Job: {:?}", job.text("ID")));
        let mut text = format!("{}{title}\n", self.marker(job));
        let (name, mut marker) = longest(job);
        let groups = job.list("TaskGroups");
        marker = groups.iter().map(marker_length).fold(marker, usize::max);
        if self.shows(job) {
            let inner = self.inner(job, 0, name, marker);
            if !inner.is_empty() {
                text.push_str(&format!("{inner}\n"));
            }
        }
        for group in groups {
            text.push_str(&format!("{}\n", self.group(group, marker - marker_length(group))));
        }
        text.trim().to_owned()
    }

    fn shows(&self, part: &Json) -> bool {
        part.text("Type") == "Edited" || self.is_verbose
    }

    fn group(&self, group: &Json, indent: usize) -> String {
        let title = self.session.bold(&format!("Task Group: {:?}", group.text("Name")));
        let updates: Vec<String> =
            group.entries("Updates").into_iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        let updates = if updates.is_empty() { String::new() } else { format!(" ({})", updates.join(", ")) };
        let mut text = format!("{}{}{title}{updates}\n", self.marker(group), " ".repeat(indent));
        let (name, mut marker) = longest(group);
        let tasks = group.list("Tasks");
        marker = tasks.iter().map(marker_length).fold(marker, usize::max);
        if self.shows(group) {
            let inner = self.inner(group, indent + 2, name, marker);
            if !inner.is_empty() {
                text.push_str(&format!("{inner}\n"));
            }
        }
        for task in tasks {
            text.push_str(&format!("{}\n", self.task(task, indent + 2, marker - marker_length(task))));
        }
        text
    }

    fn task(&self, task: &Json, start: usize, indent: usize) -> String {
        let title = self.session.bold(&format!("Task: {:?}", task.text("Name")));
        let mut text = format!("{}{}{}{title}", " ".repeat(start), self.marker(task), " ".repeat(indent));
        let annotations = task.texts("Annotations");
        if !annotations.is_empty() {
            text.push_str(&format!(" ({})", annotations.join(", ")));
        }
        let kind = task.text("Type");
        if kind == "None" || (matches!(kind, "Deleted" | "Added") && !self.is_verbose) {
            return text;
        }
        let (name, marker) = longest(task);
        format!("{text}\n{}", self.inner(task, start + 2, name, marker))
    }

    /// The fields and the objects of something, aligned.
    fn inner(&self, of: &Json, start: usize, name: usize, marker: usize) -> String {
        let fields = of.list("Fields").iter().map(|field| {
            let indent = marker - marker_length(field);
            self.field(field, start, indent, name.saturating_sub(field.text("Name").len()))
        });
        let objects = of
            .list("Objects")
            .iter()
            .map(|object| self.object(object, start, marker - marker_length(object)));
        fields.chain(objects).collect::<Vec<_>>().join("\n")
    }

    fn field(&self, field: &Json, start: usize, indent: usize, pad: usize) -> String {
        let (old, new) = (field.text("Old"), field.text("New"));
        let value = match field.text("Type") {
            "Deleted" => format!("{old:?}"),
            "Edited" => format!("{old:?} => {new:?}"),
            _ => format!("{new:?}"),
        };
        let annotations = field.texts("Annotations");
        let annotations =
            if annotations.is_empty() { String::new() } else { format!(" ({})", annotations.join(", ")) };
        format!(
            "{}{}{}{}: {}{value}{annotations}",
            " ".repeat(start),
            self.marker(field),
            " ".repeat(indent),
            field.text("Name"),
            " ".repeat(pad)
        )
    }

    fn object(&self, object: &Json, start: usize, indent: usize) -> String {
        let (name, marker) = longest(object);
        let inner = self.inner(object, start + indent + 2, name, marker);
        let end = " ".repeat(start + marker_length(object) + indent);
        let head = format!(
            "{}{}{}{}",
            " ".repeat(start),
            self.marker(object),
            " ".repeat(indent),
            object.text("Name")
        );
        format!("{head} {{\n{inner}\n{end}}}")
    }

    fn marker(&self, part: &Json) -> String {
        match part.text("Type") {
            "Added" => format!("{} ", self.session.style("+", "32")),
            "Deleted" => format!("{} ", self.session.style("-", "31")),
            "Edited" => format!("{} ", self.session.style("+/-", "93")),
            _ => String::new(),
        }
    }
}

fn marker_length(part: &Json) -> usize {
    match part.text("Type") {
        "Added" | "Deleted" => 2,
        "Edited" => 4,
        _ => 0,
    }
}

/// The length of the longest name of a field, and of the longest marker.
fn longest(of: &Json) -> (usize, usize) {
    let fields = of.list("Fields");
    let name = fields.iter().map(|field| field.text("Name").len()).max().unwrap_or_default();
    let marker = fields.iter().chain(of.list("Objects")).map(marker_length).max().unwrap_or_default();
    (name, marker)
}
