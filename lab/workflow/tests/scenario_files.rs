//! The scenario files that come with the lab can be read, and every break of theirs makes a plan.

use std::path::Path;

use lab_hcl::{Source, render};
use lab_workflow::{RunOptions, Scenario};

#[test]
fn every_file_and_every_break_can_be_planned() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let mut found = 0;
    for family in ["migration", "rotation", "roles"] {
        for file in std::fs::read_dir(directory.join(family)).expect("the directory is there") {
            let path = file.expect("it can be listed").path();
            let text = std::fs::read_to_string(&path).expect("it can be read");
            let source = Source::new(path.display().to_string(), text);
            let scenario = match Scenario::read(&source) {
                Ok(scenario) => scenario,
                Err(problem) => panic!("{}", render(&source, &problem, false)),
            };
            assert!(!scenario.summary.is_empty() && scenario.steps.iter().all(|step| !step.why.is_empty()));
            for known in &scenario.breaks {
                let options = RunOptions { change: Some(known.name.clone()), ..RunOptions::default() };
                let plan = scenario.plan(&options).expect("its own break");
                assert_ne!(plan.steps, scenario.plan(&RunOptions::default()).expect("a plan").steps);
                assert!(!known.summary.is_empty());
            }
            found += 1;
        }
    }
    assert!(found >= 3);
}

#[test]
fn half_a_file_is_refused_and_nothing_panics() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios/migration/rpc-upgrade-mode.lab.hcl");
    let text = std::fs::read_to_string(path).expect("it can be read");
    for end in (0..text.len() - 5).step_by(23).filter(|end| text.is_char_boundary(*end)) {
        let source = Source::new("half.lab.hcl", &text[..end]);
        let problem = Scenario::read(&source).expect_err("half a scenario");
        assert!(render(&source, &problem, false).contains("half.lab.hcl:"), "at byte {end}");
    }
}
