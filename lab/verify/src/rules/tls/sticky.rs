//! TLS004: false after true.

use crate::document;
use crate::finding::Finding;
use crate::rules::subject::Subject;

const BOOLEANS: [&str; 5] =
    ["http", "rpc", "rpc_upgrade_mode", "verify_server_hostname", "verify_https_client"];

pub(in crate::rules) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    BOOLEANS.into_iter().filter_map(|name| judge(subject, name)).collect()
}

fn judge(subject: &Subject<'_>, name: &'static str) -> Option<Finding> {
    let settings = subject.agent.settings(&["tls", name]);
    let truth = |index: usize| document::text(&settings[index].attribute.value);
    let is =
        |index: &usize, texts: [&str; 2]| truth(*index).is_some_and(|text| texts.contains(&text.as_str()));
    let first_true = (0..settings.len()).find(|index| is(index, ["true", "1"]))?;
    let later_false = (0..settings.len()).find(|index| *index > first_true && is(index, ["false", "0"]))?;
    // Within one block the last one counts, as in any HCL.
    let (one, other) = (&settings[first_true], &settings[later_false]);
    if is_same_block(subject, one, other) {
        return None;
    }
    let message = format!("tls.{name} is false here and true in an earlier file: the agent runs with true");
    let place = Some(other.place("has no effect"));
    Some(subject.finding("TLS004", message).at(place).with(Some(one.place("this one counts"))))
}

fn is_same_block(
    subject: &Subject<'_>,
    one: &crate::agent::Setting<'_>,
    other: &crate::agent::Setting<'_>,
) -> bool {
    subject.agent.within(&["tls"]).iter().any(|(document, body, _)| {
        std::ptr::eq(*document, one.document)
            && [one, other].iter().all(|setting| {
                std::ptr::eq(setting.document, *document)
                    && body.attributes().any(|attribute| std::ptr::eq(attribute, setting.attribute))
            })
    })
}
