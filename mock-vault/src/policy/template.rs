//! Templates in policy paths.

use std::collections::BTreeMap;
use std::time::Duration;

use time::OffsetDateTime;

use crate::policy::rule::Rule;

/// What templates can say about the entity behind a token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Subject {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) metadata: BTreeMap<String, String>,
    /// By the accessor of their mount.
    pub(crate) aliases: BTreeMap<String, SubjectAlias>,
    pub(crate) groups: Vec<SubjectGroup>,
}

/// An alias of a [`Subject`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SubjectAlias {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) custom_metadata: BTreeMap<String, String>,
}

/// A group that a [`Subject`] is in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SubjectGroup {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) metadata: BTreeMap<String, String>,
}

/// Whether every `{{` has its `}}`, in every path.
pub(crate) fn balanced(rules: &[Rule]) -> bool {
    rules.iter().all(|rule| {
        let mut rest = rule.path.as_str();
        while let Some(open) = rest.find("{{") {
            let Some(close) = rest[open..].find("}}") else { return false };
            if rest[..open].contains("}}") || rest[open + 2..open + close].contains("{{") {
                return false;
            }
            rest = &rest[open + close + 2..];
        }
        !rest.contains("}}")
    })
}

/// Fills a path's templates; `None` where one has no value.
pub(crate) fn expand(path: &str, subject: Option<&Subject>, now: OffsetDateTime) -> Option<String> {
    let mut filled = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(open) = rest.find("{{") {
        let close = rest[open..].find("}}")? + open;
        filled.push_str(&rest[..open]);
        filled.push_str(&value(rest[open + 2..close].trim(), subject, now)?);
        rest = &rest[close + 2..];
    }
    filled.push_str(rest);
    Some(filled)
}

fn value(directive: &str, subject: Option<&Subject>, now: OffsetDateTime) -> Option<String> {
    if let Some(rest) = directive.strip_prefix("time.now") {
        return moment(rest, now);
    }
    let subject = subject?;
    if let Some(rest) = directive.strip_prefix("identity.entity.") {
        return entity(rest, subject);
    }
    group(directive.strip_prefix("identity.groups.")?, subject)
}

fn moment(rest: &str, now: OffsetDateTime) -> Option<String> {
    let step = |text: &str| lab_world::parse_duration(text).ok();
    let moment = if rest.is_empty() {
        now
    } else if let Some(text) = rest.strip_prefix(".plus.") {
        now + step(text)?
    } else {
        now - step(rest.strip_prefix(".minus.")?).unwrap_or(Duration::ZERO)
    };
    Some(moment.unix_timestamp().to_string())
}

fn entity(rest: &str, subject: &Subject) -> Option<String> {
    match rest {
        "id" => some(&subject.id),
        "name" => some(&subject.name),
        _ => {
            if let Some(key) = rest.strip_prefix("metadata.") {
                return subject.metadata.get(key).cloned();
            }
            let (accessor, field) = rest.strip_prefix("aliases.")?.split_once('.')?;
            let alias = subject.aliases.get(accessor)?;
            match field {
                "id" => some(&alias.id),
                "name" => some(&alias.name),
                field => match field.strip_prefix("custom_metadata.") {
                    Some(key) => alias.custom_metadata.get(key).cloned(),
                    None => alias.metadata.get(field.strip_prefix("metadata.")?).cloned(),
                },
            }
        }
    }
}

fn group(rest: &str, subject: &Subject) -> Option<String> {
    let find = |by: fn(&SubjectGroup) -> &str, rest: &'_ str| {
        subject.groups.iter().find_map(|group| {
            let field = rest.strip_prefix(by(group))?.strip_prefix('.')?;
            Some((group.clone(), field.to_owned()))
        })
    };
    let (group, field) = match rest.strip_prefix("ids.") {
        Some(rest) => find(|group| &group.id, rest)?,
        None => find(|group| &group.name, rest.strip_prefix("names.")?)?,
    };
    match field.as_str() {
        "id" => some(&group.id),
        "name" => some(&group.name),
        field => group.metadata.get(field.strip_prefix("metadata.")?).cloned(),
    }
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn templates_take_what_the_entity_has_and_nothing_else() {
        let now = datetime!(2026-01-01 0:00 UTC);
        let alias = SubjectAlias {
            name: "mongo".into(),
            metadata: [("nomad_task".to_owned(), "db".to_owned())].into(),
            ..SubjectAlias::default()
        };
        let subject = Subject {
            id: "e1".into(),
            aliases: [("auth_jwt_1".to_owned(), alias)].into(),
            ..Subject::default()
        };
        let fill = |path| expand(path, Some(&subject), now);
        assert_eq!(
            fill("kv/data/{{identity.entity.aliases.auth_jwt_1.metadata.nomad_task}}/*").as_deref(),
            Some("kv/data/db/*")
        );
        assert_eq!(fill("e/{{ identity.entity.id }}").as_deref(), Some("e/e1"));
        assert_eq!(fill("e/{{identity.entity.name}}"), None);
        assert_eq!(fill("kv/{{identity.entity.aliases.other.name}}"), None);
        assert_eq!(fill("t/{{time.now.plus.1h}}").as_deref(), Some("t/1767229200"));
        assert_eq!(expand("e/{{identity.entity.id}}", None, now), None);
    }
}
