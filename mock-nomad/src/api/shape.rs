//! What kinds of value the fields of a body have, with what Go's `encoding/json` says of others.

use std::sync::LazyLock;

use lab_wire::go_json::Types;
use serde_json::Value as Json;

use super::ApiError;

/// The types of Nomad's requests.
static TYPES: LazyLock<Types> = LazyLock::new(|| Types::read(include_str!("shapes.txt")));

/// Gives the fields of a body their names as they are written, and looks whether each holds what the type `kind` has
/// there.
///
/// Errors: 400, in Go's words.
pub(super) fn fit(body: &mut Json, kind: &str) -> Result<(), ApiError> {
    TYPES.fit(body, kind).map_err(|fault| ApiError::new(400, fault))
}

#[cfg(test)]
mod unit {
    use super::*;
    use serde_json::json;

    fn fault(body: Json, kind: &str) -> String {
        let mut body = body;
        fit(&mut body, kind).expect_err("a wrong kind").message
    }

    #[test]
    fn wrong_kinds_are_told_with_their_place() {
        for (body, kind, text) in [
            (
                json!({"Job": {"Priority": "high"}}),
                "api.JobRegisterRequest",
                "json: cannot unmarshal string into Go struct field Job.Job.Priority of type int",
            ),
            (
                json!({"Job": {"TaskGroups": [{"Tasks": [{"Env": {"a": 1}}]}]}}),
                "api.JobRegisterRequest",
                "json: cannot unmarshal number into Go struct field Task.Job.TaskGroups.Tasks.Env of type string",
            ),
            (
                json!({"Job": {"TaskGroups": [{"Count": 1.5}]}}),
                "api.JobRegisterRequest",
                "json: cannot unmarshal number 1.5 into Go struct field TaskGroup.Job.TaskGroups.Count of type int",
            ),
            (
                json!({"Job": {"Spreads": [{"Weight": 300}]}}),
                "api.JobRegisterRequest",
                "json: cannot unmarshal number 300 into Go struct field Spread.Job.Spreads.Weight of type int8",
            ),
            (
                json!({"Roles": true}),
                "structs.ACLToken",
                "json: cannot unmarshal bool into Go struct field .Alias.Roles of type []*structs.ACLTokenRoleLink",
            ),
            (
                json!({"SchedulerAlgorithm": 1}),
                "api.SchedulerConfiguration",
                "json: cannot unmarshal number into Go struct field SchedulerConfiguration.SchedulerAlgorithm of type \
                 api.SchedulerAlgorithm",
            ),
        ] {
            assert_eq!(fault(body, kind), text);
        }
    }

    #[test]
    fn names_are_read_in_any_case_and_the_rest_stays() {
        let mut body = json!({"job": {"id": "a", "taskgroups": [{"name": "g"}], "Other": [1]}, "Job2": 1});
        fit(&mut body, "api.JobRegisterRequest").expect("good");
        assert_eq!(body, json!({"Job": {"ID": "a", "TaskGroups": [{"Name": "g"}], "Other": [1]}, "Job2": 1}));
        fit(&mut body, "api.Unknown").expect("not known here");
    }
}
