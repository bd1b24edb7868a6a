//! What may be written where.

use lab_pki::quote;

use super::Items;

/// How much a variable holds at most: the lengths of its names and values together.
const MAX_SIZE: usize = 64 * 1024;

/// What is wrong with a variable.
pub(super) fn problem(namespace: &str, path: &str, items: &Items) -> Option<String> {
    if path.is_empty() {
        return Some("variable requires path".to_owned());
    }
    if !is_path(path) {
        return Some(format!("invalid path {}", quote(path)));
    }
    let parts: Vec<&str> = path.split('/').collect();
    if parts[0] == "nomad" {
        match parts.get(1).copied() {
            None | Some("") => {
                return Some("\"nomad\" is a reserved top-level directory path, but you may write variables to \"nomad/jobs\", \"nomad/job-templates\", \"nomad/sentinel\", or below".to_owned());
            }
            Some("jobs") => {}
            Some("job-templates") if parts.len() == 3 && !parts[2].is_empty() => {}
            Some("job-templates") => {
                return Some("\"nomad/job-templates\" is a reserved directory path, but you may write variables at the level below it, for example, \"nomad/job-templates/template-name\"".to_owned());
            }
            Some(_) => {
                return Some("only paths at \"nomad/jobs\" or \"nomad/job-templates\" and below are valid paths under the top-level \"nomad\" directory".to_owned());
            }
        }
    }
    let size: usize = items.iter().map(|(name, value)| name.len() + value.len()).sum();
    if size > MAX_SIZE {
        return Some("variables are limited to 64KiB in total size".to_owned());
    }
    (namespace == "*").then(|| "can not target wildcard (\"*\")namespace".to_owned())
}

fn is_path(path: &str) -> bool {
    path.len() <= 128 && path.chars().all(|c| c.is_ascii_alphanumeric() || "-_~/".contains(c))
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn paths_have_rules() {
        let ok = |path: &str| problem("default", path, &Items::new()).is_none();
        assert!(ok("app/one") && ok("nomad/jobs") && ok("nomad/jobs/app/g/t") && ok("tr/") && ok("a~b_c-d"));
        assert!(ok("nomad/job-templates/x") && !ok("nomad/job-templates") && !ok("nomad/job-templates/x/y"));
        assert!(
            !ok("") && !ok("a b") && !ok("a.b") && !ok("nomad") && !ok("nomad/x") && !ok(&"l".repeat(129))
        );
        let big = Items::from([("k".to_owned(), "v".repeat(MAX_SIZE))]);
        assert!(problem("default", "a", &big).is_some() && problem("*", "a", &Items::new()).is_some());
    }
}
