//! Less time: a plan in which what lives for days lives for minutes.

use std::time::Duration;

use indexmap::IndexMap;
use lab_world::parse_duration;

use super::{InvariantSpec, Plan};
use crate::action::{Action, short};

/// The parameters of roles and tokens that are times.
const TIMES: [&str; 5] = ["ttl", "max_ttl", "period", "explicit_max_ttl", "renew_increment"];

impl Plan {
    /// The plan with the lives of certificates, authorities and tokens, and the waits, divided by `scale`. A wait that
    /// says its `real` length stays as it is: it is for something whose time is not the plan's.
    #[must_use]
    pub(super) fn scaled(mut self, scale: u32) -> Self {
        self.time_scale = scale;
        for action in self.steps.iter_mut().flat_map(|planned| &mut planned.step.actions) {
            match action {
                Action::RootCa { ttl, .. }
                | Action::IntermediateCa { ttl, .. }
                | Action::RotateIntermediate { ttl, .. } => *ttl = divided(*ttl, scale),
                Action::Render(render) => render.ttl = divided(render.ttl, scale),
                Action::Wait { duration, real: None } => *duration = divided(*duration, scale),
                Action::WriteRole { parameters, .. } | Action::CreateToken { parameters, .. } => {
                    scale_parameters(parameters, scale);
                }
                _ => {}
            }
        }
        for invariant in &mut self.invariants {
            if let InvariantSpec::CertificatesFresh { max_age } = invariant {
                *max_age = divided(*max_age, scale);
            }
        }
        self
    }
}

fn scale_parameters(parameters: &mut IndexMap<String, String>, scale: u32) {
    for (_, value) in parameters.iter_mut().filter(|(name, _)| TIMES.contains(&name.as_str())) {
        // One that is no time is refused by Vault, in its own words.
        if let Some(time) = parse_duration(value).ok().or_else(|| value.parse().ok().map(Duration::from_secs))
        {
            *value = short(divided(time, scale));
        }
    }
}

/// In whole seconds, as Vault counts.
fn divided(time: Duration, scale: u32) -> Duration {
    match time {
        Duration::ZERO => time,
        time => Duration::from_secs((time / scale).as_secs().max(1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::RunOptions;
    use crate::scenario::{PlanError, Scenario};

    fn wait(seconds: u64, real: Option<u64>) -> Action {
        Action::Wait { duration: Duration::from_secs(seconds), real: real.map(Duration::from_secs) }
    }

    #[test]
    fn what_lives_for_a_day_lives_for_a_minute() {
        let role = IndexMap::from([
            ("max_ttl".to_owned(), "86400s".to_owned()),
            ("ttl".to_owned(), "86400".to_owned()),
            ("allowed_domains".to_owned(), "24h".to_owned()),
        ]);
        let role = Action::WriteRole { mount: "pki".into(), name: "r".into(), parameters: role };
        let mut scenario = Scenario::new("x").step("s", vec![wait(86_400, None), wait(3600, Some(5)), role]);
        scenario.invariants = vec![InvariantSpec::CertificatesFresh { max_age: Duration::from_secs(86_400) }];
        let options = RunOptions { time_scale: Some(1440), ..RunOptions::default() };
        let refused = scenario.plan(&options).expect_err("it does not say that it may be scaled");
        assert!(matches!(refused, PlanError::NotScalable { .. }), "{refused}");
        scenario.time_scale = Some(10);
        let plan = scenario.plan(&options).expect("scaled");
        let actions = &plan.steps[0].step.actions;
        assert_eq!(actions[..2], [wait(60, None), wait(3600, Some(5))]);
        let Action::WriteRole { parameters, .. } = &actions[2] else { panic!("{actions:?}") };
        let values: Vec<&str> = parameters.values().map(String::as_str).collect();
        assert_eq!(values, ["1m", "1m", "24h"]);
        let fresh = InvariantSpec::CertificatesFresh { max_age: Duration::from_secs(60) };
        assert_eq!(plan.invariants, [fresh]);
        assert_eq!(
            scenario.plan(&RunOptions::default()).expect("plain").steps[0].step.actions[0],
            wait(86_400, None)
        );
    }
}
