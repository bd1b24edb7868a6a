//! The expression language of `?filter=` and of binding rules: `Name == "app" and not Meta is empty`.

mod evaluate;
mod expression;
mod grammar;
mod parser;

use serde_json::Value;

use self::expression::Expression;

/// An expression that was understood.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Filter(Expression);

impl Filter {
    /// Reads an expression. The error is the real parser's: `1:4 (3): no match found, expected: ...`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        parser::parse(text).map(Self)
    }

    /// Whether the expression is true of a value, whose fields it names as they are written in JSON.
    ///
    /// The error is what the real one says of a field that is not there or is of another kind.
    pub(crate) fn matches(&self, value: &Value) -> Result<bool, String> {
        evaluate::matches(&self.0, value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn job() -> Value {
        json!({"ID": "app", "Priority": 50, "Stop": false, "Meta": {"team": "a"}, "Datacenters": ["*"], "Periodic": null,
               "TaskGroups": [{"Name": "g", "Count": 1}]})
    }

    fn verdict(text: &str) -> Result<bool, String> {
        Filter::parse(text).unwrap_or_else(|error| panic!("{text}: {error}")).matches(&job())
    }

    #[test]
    fn expressions_are_true_or_false() {
        for (text, expected) in [
            (r#"ID == "app""#, true),
            (r#"ID=="app""#, true),
            ("ID == `app`", true),
            (r#"ID != app"#, false),
            (r#"ID matches "^a.p$""#, true),
            (r#"ID not matches "a""#, false),
            (r#"ID contains "pp" and not Stop == true"#, true),
            ("Priority == 60 or Priority == 50", true),
            (r#"Meta.team == "a" and Meta["team"] == "a""#, true),
            (r#"Meta.absent == "x""#, false),
            (r#""team" in Meta and Meta contains "team""#, true),
            (r#""x" not in Datacenters"#, true),
            ("TaskGroups is not empty", true),
            (r#"any TaskGroups as g { g.Name == "g" }"#, true),
            ("all TaskGroups as g { g.Count == 2 }", false),
            (r#""/ID" == "app""#, true),
            (r#"(ID == "x" or ID == "app") and (Stop == false)"#, true),
        ] {
            assert_eq!(verdict(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn faults_of_the_text_are_named_with_their_place() {
        for (text, error) in [
            (
                "Priority > 50",
                r#"1:10 (9): no match found, expected: "!=", "==", "contains", "in", "is", "matches", "not" or [ \t\r\n]"#,
            ),
            ("ID", r#"1:3 (2): no match found, expected: "!=", ".", "==", "[", [ \t\r\n] or [a-zA-Z0-9_/]"#),
            (
                "ID ==",
                r#"1:6 (5): no match found, expected: "-", "0", "\"", "`", [ \t\r\n], [1-9] or [a-zA-Z]"#,
            ),
            (
                r#"== "a""#,
                r#"1:1 (0): no match found, expected: "(", "-", "0", "\"", "`", "all", "any", "not", [ \t\r\n], [1-9] or [a-zA-Z]"#,
            ),
            (r#"ID == "a"#, r#"1:9 (8): rule "string": Unterminated string literal"#),
            (r#"ID == "a" and"#, r"1:14 (13): no match found, expected: [ \t\r\n]"),
            (r#"(ID == "a""#, r#"1:11 (10): rule "grouping": Unmatched parentheses"#),
            (r#"ID == "a")"#, r"1:10 (9): no match found, expected: [ \t\r\n] or EOF"),
            (r#"ID in "app-a""#, r#"1:7 (6): rule "match": Invalid selector"#),
            ("TaskGroups[0].Name == 1", r#"1:12 (11): rule "index": Invalid index"#),
            (
                "ID == app-a",
                r#"1:10 (9): no match found, expected: ".", "[", [ \t\r\n], [a-zA-Z0-9_/] or EOF"#,
            ),
            ("not", r#"1:4 (3): no match found, expected: "!=", ".", "==", "[", [ \t\r\n] or [a-zA-Z0-9_/]"#),
            ("ID is", r"1:6 (5): no match found, expected: [ \t\r\n]"),
            ("ID is empty extra", r#"1:13 (12): no match found, expected: "and", "or", [ \t\r\n] or EOF"#),
        ] {
            assert_eq!(Filter::parse(text), Err(error.to_owned()), "{text}");
        }
    }

    #[test]
    fn faults_of_the_value_are_named() {
        for (text, error) in [
            (
                r#"Foo == "x""#,
                r#"error finding value in datum: /Foo at part 0: couldn't find key: struct field with name "Foo""#,
            ),
            (
                "Periodic is empty",
                r#"cannot perform is-empty operations on type invalid for selector: "Periodic""#,
            ),
            ("ID is nil", r#"cannot perform is-nil operations on type string for selector: "ID""#),
            (
                r#"Priority == "abc""#,
                r#"error getting match value in expression: strconv.ParseInt: parsing "abc": invalid syntax"#,
            ),
            (
                "Stop == maybe",
                r#"error getting match value in expression: strconv.ParseBool: parsing "maybe": invalid syntax"#,
            ),
            (
                r#"TaskGroups.Name == "g""#,
                r#"error finding value in datum: /TaskGroups/Name at part 1: couldn't convert value "Name" to type int"#,
            ),
        ] {
            assert_eq!(verdict(text), Err(error.to_owned()), "{text}");
        }
    }
}
