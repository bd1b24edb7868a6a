//! `nomad job`.

pub(super) mod diff;
pub(super) mod dispatch;
pub(super) mod file;
pub(super) mod history;
pub(super) mod init;
pub(super) mod inspect;
pub(super) mod list;
pub(super) mod lists;
pub(super) mod plan;
pub(super) mod restart;
pub(super) mod run;
pub(super) mod scale;
pub(super) mod small;
pub(super) mod status;
pub(super) mod stop;
pub(super) mod validate;

/// The path of a job in the API.
fn path(id: &str) -> String {
    format!("/v1/job/{}", super::api::path_escape(id))
}
