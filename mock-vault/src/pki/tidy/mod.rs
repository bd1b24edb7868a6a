//! `tidy`: throwing away what is long over, bit by bit, so that nobody waits for it.

mod auto;
mod options;
mod run;
mod status;

use crate::logical::{Call, Endpoint, Operation::*, Outcome, Response, respond};
use crate::pki::engine::Pki;

pub(super) use self::auto::AutoTidy;
pub(super) use self::run::Tidying;

use self::options::{FIELDS, OPERATIONS, Options};

/// The endpoints of tidying.
pub(super) static ENDPOINTS: &[Endpoint<Pki>] = &[
    Endpoint::new("tidy", &[FIELDS], &[(Update, tidy)]).open(),
    Endpoint::new("tidy-cancel", &[], &[(Update, cancel)]),
    Endpoint::new("tidy-status", &[], &[(Read, status)]),
    Endpoint::new("config/auto-tidy", &[FIELDS, auto::FIELDS], &[(Read, auto::read), (Update, auto::write)]),
];

fn tidy(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    let options = Options::of_request(&call.fields)?;
    if pki.tidying.is_running() {
        return Response::warning("Tidy operation already in progress.").ok();
    }
    let warning = if options.asks_for_something() {
        "Tidy operation successfully started. Any information from the operation will be printed to Vault's server logs."
            .to_owned()
    } else {
        format!(
            "Manual tidy requested but no tidy operations were set. Enable at least one tidy operation to be run \
             ({OPERATIONS})."
        )
    };
    // It is begun and ended even where there is nothing to do.
    pki.tidying.start(options, call.now());
    pki.auto_tidy.get_mut().last_finished = Some(call.now());
    Response { status: Some(202), anonymous: true, ..Response::warning(warning) }.ok()
}

fn cancel(pki: &mut Pki, call: &Call<'_>) -> Outcome {
    if !pki.tidying.is_running() {
        return Response::warning("Tidy operation cannot be cancelled as none is currently running.").ok();
    }
    pki.tidying.cancel();
    status(pki, call)
}

fn status(pki: &mut Pki, _: &Call<'_>) -> Outcome {
    respond(status::describe(pki).into())
}

impl Pki {
    /// When [`Pki::tidy_next`] has something to do; `None`: not as things are.
    pub(super) fn next_tidying(&self) -> Option<time::OffsetDateTime> {
        self.tidying.next().or_else(|| self.auto_tidy.get().due())
    }

    /// Does a bit of the tidying that is due.
    pub(super) fn tidy_next(&mut self, environment: &crate::logical::Environment) {
        if !self.tidying.is_running() && self.auto_tidy.get().due().is_some_and(|due| due <= environment.now)
        {
            self.tidying.start(self.auto_tidy.get().options.clone(), environment.now);
        }
        if self.tidying.next().is_some_and(|next| next <= environment.now) && self.tidy_some(environment) {
            self.auto_tidy.get_mut().last_finished = Some(environment.now);
        }
    }
}
