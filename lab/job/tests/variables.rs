//! Values for variables, from the command line, the environment and files, and what comes of unreadable texts.

use lab_job::{Input, Remote, parse};

const FILE: &str = r#"
variable "count" {
  type = number
}
variable "zones" {
  type    = list(string)
  default = ["a"]
}
job "x" {
  datacenters = var.zones
  group "g" {
    count = var.count
  }
}
"#;

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn later_values_win() {
    let remote = Remote { uuid: String::new() };
    let environment = pairs(&[("NOMAD_VAR_count", "1"), ("NOMAD_VAR_zones", "[\"e\"]"), ("HOME", "x")]);
    let files = pairs(&[("a.vars", "count = 2\n")]);
    let variables = pairs(&[("count", "3")]);
    let input = Input {
        environment: &environment,
        variable_files: &files,
        variables: &variables,
        ..Input::new("x.hcl", FILE, &remote)
    };
    let job = parse(&input).expect("a job");
    assert_eq!(job["TaskGroups"][0]["Count"], 3);
    assert_eq!(job["Datacenters"], serde_json::json!(["e"]));
    let job = parse(&Input { variables: &[], ..input }).expect("a job");
    assert_eq!(job["TaskGroups"][0]["Count"], 2);
}

#[test]
fn faults_of_values_are_told_as_the_real_program_does() {
    let remote = Remote { uuid: String::new() };
    let problem = |variables: &[(&str, &str)]| {
        let variables = pairs(variables);
        let input = Input { variables: &variables, ..Input::new("x.hcl", FILE, &remote) };
        parse(&input).expect_err("a problem").to_string()
    };
    assert!(problem(&[]).starts_with("<nil>: Unset variable \"count\"; A used variable must be set"));
    assert_eq!(
        problem(&[("count", "many")]),
        ":0,0-0: Invalid argument value for -var variable; The received arg value for count is not compatible with the variable's type constraint: a number is required."
    );
    assert_eq!(
        problem(&[("count", "1"), ("other", "1")]),
        "<nil>: Undefined -var variable; A \"other\" variable was passed in the command line but was not found in known variables. To declare variable \"other\", place this block in your job file"
    );
}

#[test]
fn deep_and_broken_texts_end_in_problems() {
    let remote = Remote { uuid: String::new() };
    let deep = |open: &str| format!("job \"x\" {{\n meta {{\n a = {}\n}}\n}}\n", open.repeat(20_000));
    for text in [
        deep("("),
        deep("["),
        deep("{a="),
        deep("!"),
        deep("\"${"),
        deep("x("),
        deep("-"),
        "a {\n".repeat(20_000),
    ] {
        assert!(parse(&Input::new("x.hcl", &text, &remote)).is_err());
    }
    for text in [
        "job \"x",
        "job \"x\" {\n a = <<E\n",
        "job \"x\" {\n a = \"${\n",
        "\u{feff}",
        "job \"é\" {\n a = \"\\é\"\n}",
        "a=1e999999\n",
    ] {
        assert!(parse(&Input::new("x.hcl", text, &remote)).is_err(), "{text}");
    }
}
