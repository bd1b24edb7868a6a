//! `variable` and `locals` blocks, and the values that variables are given.

use std::collections::BTreeMap;

use crate::Input;
use crate::decode::{Found, Place, check, labelled, many};
use crate::diagnostic::{Problems, Range, Report};
use crate::eval::{Scope, Strangers, Value, evaluate};
use crate::kind::{Kind, Misfit};
use crate::syntax::{self, Attribute, Block, Body, Expression};
use crate::validation;

/// The variables and locals of a file, by name.
pub(crate) fn collect(
    body: &Body,
    files: &[(&str, Body)],
    input: &Input<'_>,
    report: &mut Report,
) -> BTreeMap<String, Value> {
    let mut declared = declarations(body, input, report);
    for block in body.blocks.iter().filter(|block| block.kind == "locals") {
        only_attributes(&block.body, report);
    }
    let given = given_values(&declared, files, input, report);
    for (name, value) in given {
        if let Some(declaration) = declared.get_mut(&name) {
            declaration.value = Some(value);
        }
    }
    for (name, declaration) in &declared {
        if declaration.value.is_none() {
            report.add_anywhere(&format!("Unset variable {name:?}"), "A used variable must be set or have a default value; see https://developer.hashicorp.com/nomad/docs/reference/hcl2/variables  for details.");
        }
        validation::hold(name, declaration, input, report);
    }
    let value = |declaration: Declaration<'_>| declaration.value.map_or(Value::Unknown, |given| given.value);
    let variables = declared.into_iter().map(|(name, declaration)| (name, value(declaration)));
    let mut names = BTreeMap::from([("var".to_owned(), Value::Object(variables.collect()))]);
    let locals = locals(body, &names, input, report);
    names.insert("local".to_owned(), Value::Object(locals));
    names
}

/// Reads the files with values for variables.
///
/// Errors: the first of them that cannot be read.
pub(crate) fn read_files<'a>(input: &Input<'a>) -> Result<Vec<(&'a str, Body)>, Problems> {
    let read = |(name, text): &'a (String, String)| {
        let mut own = Report::new(name);
        let body = syntax::parse(text, &mut own);
        // Values that came along with the job go by the job's name.
        let of = Some(if name == input.name { "var content" } else { "var file" });
        if own.len() > 0 {
            Err(Problems { list: own.list, syntax: true, of })
        } else {
            Ok((name.as_str(), body))
        }
    };
    input.variable_files.iter().map(read).collect()
}

/// What a file says of a variable.
pub(crate) struct Declaration<'a> {
    pub(crate) kind: Option<Kind>,
    /// What counts: the default, or what was given.
    pub(crate) value: Option<Given>,
    /// Its `validation` blocks.
    pub(crate) rules: Vec<&'a Block>,
}

/// A value that a variable was given.
pub(crate) struct Given {
    pub(crate) value: Value,
    /// How: `default`, `env`, `varfile` or `cmd`.
    pub(crate) from: &'static str,
    /// The file and where it stands in there.
    pub(crate) place: (String, Range),
}

fn declarations<'a>(
    body: &'a Body,
    input: &Input<'_>,
    report: &mut Report,
) -> BTreeMap<String, Declaration<'a>> {
    let mut declared = BTreeMap::new();
    for block in &body.blocks {
        match block.kind.as_str() {
            "variable" => declare(block, &mut declared, input, report),
            "variables" => {
                only_attributes(&block.body, report);
                for attribute in &block.body.attributes {
                    declare_short(attribute, &mut declared, input, report);
                }
            }
            _ => {}
        }
    }
    declared
}

/// `variable "name" { }`
fn declare<'a>(
    block: &'a Block,
    declared: &mut BTreeMap<String, Declaration<'a>>,
    input: &Input<'_>,
    report: &mut Report,
) {
    const ATTRIBUTES: [(&str, bool); 3] = [("description", false), ("default", false), ("type", false)];
    let Some(label) = block.labels.first() else { return };
    let name = &label.text;
    if declared.contains_key(name) {
        report.add_anywhere("Duplicate variable", format!("Duplicate {name} variable definition found."));
        return;
    }
    let nested = block.body.blocks.iter().map(Found::plain).collect();
    let place = Place { body: &block.body, names: &[] };
    check(&place, nested, &ATTRIBUTES, &[many("validation")], report);
    if !syntax::is_identifier(name) {
        let detail = "A name must start with a letter or underscore and may contain only letters, digits, underscores, and dashes.";
        report.add(label.range, "Invalid variable name", detail);
    }
    let find = |name: &str| block.body.attributes.iter().find(|attribute| attribute.name == name);
    if let Some(description) = find("description") {
        let value = fixed(&description.value, input, report);
        crate::decode::text(&value, &description.value, report);
    }
    let kind = find("type").map(|attribute| Kind::parse(&attribute.value, report));
    if matches!(kind, Some(None)) {
        return;
    }
    let kind = kind.flatten();
    let mut value = None;
    if let Some(attribute) = find("default") {
        let before = report.len();
        let given = fixed(&attribute.value, input, report);
        if report.len() > before {
            return;
        }
        let given = converted(kind.as_ref(), given, |why| {
            let detail =
                format!("This default value is not compatible with the variable's type constraint: {why}.");
            report.add(attribute.value.range, "Invalid default value for variable", detail);
        });
        let place = (report.file().to_owned(), attribute.value.range);
        value = Some(Given { value: given, from: "default", place });
    }
    // Without a type it is that of the default.
    let kind = kind.or_else(|| value.as_ref().and_then(|given| Kind::of(&given.value)));
    let rules: Vec<&Block> = block.body.blocks.iter().filter(|block| block.kind == "validation").collect();
    for rule in &rules {
        validation::check_rule(name, rule, input, report);
    }
    declared.insert(name.clone(), Declaration { kind, value, rules });
}

/// `name = default` within `variables { }`
fn declare_short(
    attribute: &Attribute,
    declared: &mut BTreeMap<String, Declaration<'_>>,
    input: &Input<'_>,
    report: &mut Report,
) {
    let name = &attribute.name;
    if declared.contains_key(name) {
        let detail = format!("Duplicate {name} variable definition found.");
        report.add(attribute.name_range, "Duplicate variable", detail);
        return;
    }
    let before = report.len();
    let value = fixed(&attribute.value, input, report);
    if report.len() == before {
        let place = (report.file().to_owned(), attribute.value.range);
        let kind = Kind::of(&value);
        let value = Some(Given { value, from: "default", place });
        declared.insert(name.clone(), Declaration { kind, value, rules: Vec::new() });
    }
}

/// The value of an expression that may use neither names nor functions.
pub(crate) fn fixed(expression: &Expression, input: &Input<'_>, report: &mut Report) -> Value {
    let none = BTreeMap::new();
    let strangers = Strangers::RefusedWithCalls;
    let scope = Scope { names: &none, outer: None, strangers, surroundings: input.surroundings };
    evaluate(expression, &scope, report)
}

/// A value of a type, if there is one; unknown where it cannot be, and why is told.
fn converted(kind: Option<&Kind>, value: Value, tell: impl FnOnce(Misfit)) -> Value {
    match kind {
        None => value,
        Some(kind) => kind.convert(value).unwrap_or_else(|why| {
            tell(why);
            Value::Unknown
        }),
    }
}

/// Reports blocks where only attributes may be: the first of them.
pub(crate) fn only_attributes(body: &Body, report: &mut Report) {
    if let Some(block) = body.blocks.first() {
        let summary = format!("Unexpected \"{}\" block", block.kind);
        report.add(block.kind_range, &summary, "Blocks are not allowed here.");
    }
}

/// Values from the environment, from files and from arguments: later ones win.
fn given_values(
    declared: &BTreeMap<String, Declaration<'_>>,
    files: &[(&str, Body)],
    input: &Input<'_>,
    report: &mut Report,
) -> BTreeMap<String, Given> {
    let mut given = BTreeMap::new();
    for (name, text) in input.environment {
        if let Some(name) = name.strip_prefix("NOMAD_VAR_")
            && let Some(declaration) = declared.get(name)
        {
            given.extend(from_text(name, text, declaration, &ENVIRONMENT, input, report));
        }
    }
    for (file, body) in files {
        from_file(file, body, declared, input, &mut given, report);
    }
    for (name, text) in input.variables {
        match declared.get(name) {
            Some(declaration) => given.extend(from_text(name, text, declaration, &ARGUMENTS, input, report)),
            None => {
                let detail = format!(
                    "A {name:?} variable was passed in the command line but was not found in known variables. To declare variable {name:?}, place this block in your job file"
                );
                undefined(input, report, "Undefined -var variable", detail);
            }
        }
    }
    given
}

/// A value for a variable that the file does not have: a fault only where one is strict.
fn undefined(input: &Input<'_>, report: &mut Report, summary: &str, detail: String) {
    if input.strict { report.add_anywhere(summary, detail) } else { report.warn(summary, detail) }
}

/// Where texts for variables come from, and what is said of those that do not fit.
struct Origin {
    from: &'static str,
    in_file_name: &'static str,
    summary: &'static str,
    value: &'static str,
}

const ENVIRONMENT: Origin =
    Origin { from: "env", in_file_name: "env", summary: "Invalid value for variable", value: "value" };
const ARGUMENTS: Origin = Origin {
    from: "cmd",
    in_file_name: "arguments",
    summary: "Invalid argument value for -var variable",
    value: "received arg value",
};

/// A value as an argument has it: text as it is where text is wanted, an expression otherwise.
fn from_text(
    name: &str,
    text: &str,
    declaration: &Declaration<'_>,
    origin: &Origin,
    input: &Input<'_>,
    report: &mut Report,
) -> Option<(String, Given)> {
    let mut own = Report::new("");
    let mut range = Range::default();
    let value = if declaration.kind.as_ref().is_none_or(Kind::is_simple) {
        Value::String(text.to_owned())
    } else {
        own = Report::new(&format!("<value for var.{name} from {}>", origin.in_file_name));
        let Some(expression) = syntax::parse_expression(text, &mut own) else {
            report.list.extend(own.list);
            return None;
        };
        range = expression.range;
        fixed(&expression, input, &mut own)
    };
    let value = converted(declaration.kind.as_ref(), value, |why| {
        let detail = format!(
            "The {} for {name} is not compatible with the variable's type constraint: {why}.",
            origin.value
        );
        own.add(range, origin.summary, detail);
    });
    let place = (own.file().to_owned(), range);
    report.list.extend(own.list);
    Some((name.to_owned(), Given { value, from: origin.from, place }))
}

fn from_file(
    file: &str,
    body: &Body,
    declared: &BTreeMap<String, Declaration<'_>>,
    input: &Input<'_>,
    given: &mut BTreeMap<String, Given>,
    report: &mut Report,
) {
    let mut own = Report::new(file);
    for block in body.blocks.iter().filter(|block| block.kind == "variable" && block.labels.len() == 1) {
        let name = &block.labels[0].text;
        let detail = format!(
            "A .var file is used to assign values to variables that have already been declared in job files, not to declare new variables. To declare variable {name:?}, place this block in one of your job files\n\nTo set a value for this variable in {file}, use the definition syntax instead:\n    {name} = <value>"
        );
        own.add(block.kind_range, "Variable declaration in a .var file", detail);
    }
    if own.len() > 0 {
        report.take_over(own);
        return;
    }
    only_attributes(body, &mut own);
    for attribute in &body.attributes {
        let name = attribute.name.as_str();
        let Some(declaration) = declared.get(name) else {
            let detail = format!(
                "A {name:?} variable was set but was not found in known variables. To declare variable {name:?}, place this block in your job files"
            );
            undefined(input, &mut own, "Undefined variable", detail);
            continue;
        };
        let value = fixed(&attribute.value, input, &mut own);
        let value = converted(declaration.kind.as_ref(), value, |why| {
            let detail =
                format!("The value for {name} is not compatible with the variable's type constraint: {why}.");
            own.add(attribute.value.range, "Invalid value for variable", detail);
        });
        let place = (file.to_owned(), attribute.value.range);
        given.insert(name.to_owned(), Given { value, from: "varfile", place });
    }
    report.take_over(own);
}

/// Locals may use each other: they are evaluated as soon as what they use is there.
fn locals(
    body: &Body,
    names: &BTreeMap<String, Value>,
    input: &Input<'_>,
    report: &mut Report,
) -> BTreeMap<String, Value> {
    let mut open: Vec<&Attribute> = body
        .blocks
        .iter()
        .filter(|block| block.kind == "locals")
        .flat_map(|block| &block.body.attributes)
        .collect();
    let mut done = BTreeMap::new();
    while !open.is_empty() {
        let before = open.len();
        let mut rest = Vec::new();
        for attribute in std::mem::take(&mut open) {
            let mut names = names.clone();
            names.insert("local".to_owned(), Value::Object(done.clone()));
            let scope = Scope {
                names: &names,
                outer: None,
                strangers: Strangers::ForTheClient,
                surroundings: input.surroundings,
            };
            let length = report.len();
            let value = evaluate(&attribute.value, &scope, report);
            if report.len() > length {
                report.truncate(length);
                rest.push(attribute);
            } else {
                done.insert(attribute.name.clone(), value);
            }
        }
        open = rest;
        if open.len() == before {
            let mut names = names.clone();
            names.insert("local".to_owned(), Value::Object(done.clone()));
            let scope = Scope {
                names: &names,
                outer: None,
                strangers: Strangers::ForTheClient,
                surroundings: input.surroundings,
            };
            evaluate(&open[0].value, &scope, report);
            break;
        }
    }
    done
}

/// Reports what may not stand at the top of a file.
pub(crate) fn check_top(body: &Body, report: &mut Report) {
    let blocks = [many("variables"), labelled("variable", "name"), many("locals"), labelled("job", "name")];
    let found = body.blocks.iter().map(Found::plain).collect();
    check(&Place { body, names: &[] }, found, &[], &blocks, report);
}
