//! For people.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::cluster::{Cluster, Problem};
use crate::finding::{Finding, Place};
use crate::{Judgement, Severity};

/// How many nodes with the same finding are shown whole.
const SHOWN: usize = 3;

/// How wide a screen is.
const WIDTH: usize = 80;

/// How wide explanations are, which stand behind `  = why: `.
const TEXT_WIDTH: usize = 72;

pub(super) fn render(cluster: &Cluster, judgement: &Judgement, color: bool) -> String {
    let mut text = String::new();
    for group in groups(&judgement.findings) {
        for finding in group.iter().take(SHOWN) {
            text.push_str(&one(cluster, finding, color));
            text.push_str("\n\n");
        }
        if group.len() > SHOWN {
            let rest = &group[SHOWN..];
            let nodes: Vec<&str> =
                rest.iter().filter_map(|finding| finding.node.as_deref()).take(5).collect();
            let more = rest.len() - nodes.len();
            let and = if more > 0 { format!(" and {more} more") } else { String::new() };
            text.push_str(&format!("  ... {} the same on {}{and}\n\n", group[0].rule.code, nodes.join(", ")));
        }
    }
    text.push_str(&summary(cluster, judgement));
    text
}

/// A file that could not be read or does not parse, under the place where there is one. Ends without a line feed.
pub fn problem(problem: &Problem, color: bool) -> String {
    let shown = problem.path.display();
    let Some(place) = &problem.place else {
        let group = Level::ERROR.primary_title(format!("{shown}: {}", problem.message));
        return renderer(color).render(&[annotate_snippets::Group::with_title(group)]);
    };
    let mut group =
        Level::ERROR.primary_title(&problem.message).element(snippet(place, AnnotationKind::Primary));
    if let Some(help) = &problem.help {
        group = group.element(Level::HELP.message(help));
    }
    renderer(color).render(&[group])
}

/// Findings of one rule with the same text on different nodes, together.
fn groups(findings: &[Finding]) -> Vec<Vec<&Finding>> {
    let mut groups: Vec<Vec<&Finding>> = Vec::new();
    for finding in findings {
        let is_same = |group: &&mut Vec<&Finding>| {
            let first = group[0];
            first.rule.code == finding.rule.code
                && first.severity == finding.severity
                && first.message == finding.message
        };
        match groups.iter_mut().find(is_same) {
            Some(group) => group.push(finding),
            None => groups.push(vec![finding]),
        }
    }
    groups
}

fn one(cluster: &Cluster, finding: &Finding, color: bool) -> String {
    let level = match finding.severity {
        Severity::Critical => Level::ERROR.with_name("critical"),
        Severity::Warning => Level::WARNING,
        Severity::Information => Level::INFO.with_name("information"),
    };
    let node = match &finding.node {
        Some(node) if cluster.nodes.len() > 1 => format!("{node}: "),
        _ => String::new(),
    };
    let before = format!("{}[{}]: ", finding.severity, finding.rule.code).len();
    let message = lines(&format!("{node}{}", finding.message), WIDTH - before).join("\n");
    let title = level.primary_title(message).id(&finding.rule.code);
    let why = format!("why:{}", wrap(&finding.rule.why));
    let fix = format!("fix:{}", wrap(&finding.fix));
    let mut group = match &finding.place {
        Some(place) => title.element(snippet(place, AnnotationKind::Primary)),
        None => annotate_snippets::Group::with_title(title),
    };
    for place in &finding.related {
        group = group.element(snippet(place, AnnotationKind::Context));
    }
    let group = group.element(Level::NOTE.no_name().message(why)).element(Level::HELP.no_name().message(fix));
    renderer(color).render(&[group])
}

fn snippet(place: &Place, kind: AnnotationKind) -> Snippet<'_, annotate_snippets::Annotation<'_>> {
    let text = &place.source.text;
    let floor = |offset: usize| {
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    };
    let start = floor(place.span.start);
    // A caret under several lines says no more than one under the first.
    let line = text[start..].find(['\r', '\n']).map_or(text.len(), |end| start + end);
    let end = floor(place.span.end).clamp(start, line.max(start));
    Snippet::source(text).path(&place.source.name).annotation(kind.span(start..end).label(&place.label))
}

fn renderer(color: bool) -> Renderer {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    renderer.term_width(WIDTH)
}

/// A space and lines of at most 72 characters; lines that are text to paste stay as they are, below.
fn wrap(text: &str) -> String {
    if text.contains('\n') {
        return format!("\n{text}");
    }
    format!(" {}", lines(text, TEXT_WIDTH).join("\n"))
}

/// A text broken at blanks into lines of at most `width` characters, where its words are no longer.
fn lines(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.last_mut().expect("there is always a last line");
        if !last.is_empty() && last.chars().count() + word.chars().count() >= width {
            lines.push(word.to_owned());
        } else {
            if !last.is_empty() {
                last.push(' ');
            }
            last.push_str(word);
        }
    }
    lines
}

fn summary(cluster: &Cluster, judgement: &Judgement) -> String {
    let count = |severity| judgement.findings.iter().filter(|finding| finding.severity == severity).count();
    let nodes = cluster.agents().count();
    let counted =
        |number: usize, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
    let read = format!("{}, {}", counted(cluster.files, "file"), counted(nodes, "agent"));
    let allowed = match judgement.allowed.len() {
        0 => String::new(),
        number => format!(", {number} allowed"),
    };
    if judgement.findings.is_empty() {
        return format!("{read}: nothing found{allowed}\n");
    }
    let counts = [Severity::Critical, Severity::Warning, Severity::Information]
        .into_iter()
        .filter(|severity| count(*severity) > 0)
        .map(|severity| match (severity, count(severity)) {
            (Severity::Warning, number) => counted(number, "warning"),
            (_, number) => format!("{number} {severity}"),
        })
        .collect::<Vec<_>>();
    format!("{read}: {}{allowed}\n", counts.join(", "))
}
