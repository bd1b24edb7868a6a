//! `-json` and `-t`.

use lab_template::{Options, Template};
use serde_json::Value as Json;
use time::OffsetDateTime;

use super::command::{Fault, Outcome, fail};
use super::session::Session;
use super::shape;
use super::sprig::FormatFunctions;

impl Session<'_> {
    /// Whether the output is JSON or a template's.
    pub(super) fn is_formatted(&self) -> bool {
        self.is_set("json") || !self.text("t").is_empty()
    }

    /// An answer, which is a value of the type named, as `-json` and `-t` say.
    pub(super) fn formatted(&self, answer: &Json, of: &'static str) -> Outcome {
        let text = self.format(answer, of)?;
        self.say(text);
        Ok(0)
    }

    /// The same as text.
    pub(super) fn format(&self, answer: &Json, of: &'static str) -> Result<String, Fault> {
        let filled = shape::fill(answer, of);
        match (self.is_set("json"), self.text("t")) {
            (true, template) if !template.is_empty() => {
                fail("Both json and template formatting are not allowed")
            }
            (_, "") => Ok(shape::sorted_keys(&filled, 4)),
            (_, template) => self.rendered(template, &filled, of),
        }
    }

    /// What a template makes of a value.
    pub(super) fn rendered(&self, template: &str, filled: &Json, of: &'static str) -> Result<String, Fault> {
        let now = self.api()?.client().machine().clock.now();
        rendered(template, filled, of, now).map_err(Fault::Told)
    }
}

fn rendered(template: &str, filled: &Json, of: &'static str, now: OffsetDateTime) -> Result<String, String> {
    let mut functions = FormatFunctions::new(now);
    let wrong = |error: lab_template::Error| format!("Error formatting the data: {error}");
    let parsed = Template::parse("", template, &Options::default(), &functions).map_err(wrong)?;
    // A list of structures has a type of its own, which templates' lists do not keep.
    let of_list = |told: String| match told.strip_suffix("in type []interface {}") {
        Some(told) if of.starts_with("[]") => format!("{told}in type {of}"),
        _ => told,
    };
    parsed.execute(&shape::value(filled, of), &mut functions).map_err(wrong).map_err(of_list)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn templates_see_the_fields_of_the_clients_structures() {
        let job = json!({ "ID": "app", "TaskGroups": [{ "Name": "g", "Tasks": [{ "Name": "t" }] }], "Payload": "aGk=" });
        let filled = shape::fill(&job, "*api.Job");
        let text = |template| rendered(template, &filled, "*api.Job", OffsetDateTime::UNIX_EPOCH);
        assert_eq!(
            text("{{.ID}} {{(index .TaskGroups 0).Name}} {{len .TaskGroups}}"),
            Ok("app g 1".to_owned())
        );
        assert_eq!(
            text("{{.Foo}}"),
            Err("Error formatting the data: template: :1:2: executing \"\" at <.Foo>: can't evaluate field Foo in type \
                 *api.Job"
                .to_owned())
        );
        assert_eq!(
            text("{{foo}}"),
            Err("Error formatting the data: template: :1: function \"foo\" not defined".to_owned())
        );
        let task = text("{{sprig_toPrettyJson (index (index .TaskGroups 0).Tasks 0)}}").expect("rendered");
        assert!(task.starts_with("{\n  \"Name\": \"t\",\n  \"Driver\": \"\",\n"), "{task}");
    }
}
