//! The paths of `auth/token/`.

use crate::logical::{Endpoint, Field, Operation::*};
use crate::state::State;
use crate::token::{create, lookup, renew, revoke, roles};

const TOKEN: &[Field] = &[Field::text("token")];
const ACCESSOR: &[Field] = &[Field::text("accessor")];
const INCREMENT: &[Field] = &[Field::seconds("increment")];

/// The endpoints of the token store.
pub(crate) static ENDPOINTS: &[Endpoint<State>] = &[
    Endpoint::new("create", &[create::FIELDS], &[(Update, create::create)]),
    Endpoint::new("create-orphan", &[create::FIELDS], &[(Update, create::create_orphan)]),
    Endpoint::new("create/{role_name}", &[create::FIELDS], &[(Update, create::create_with_role)]),
    Endpoint::new("lookup", &[TOKEN], &[(Read, lookup::lookup), (Update, lookup::lookup)]),
    Endpoint::new("lookup-self", &[TOKEN], &[(Read, lookup::lookup_self), (Update, lookup::lookup_self)]),
    Endpoint::new("lookup-accessor", &[ACCESSOR], &[(Update, lookup::lookup_accessor)]),
    Endpoint::new("accessors/?", &[], &[(List, lookup::accessors)]),
    Endpoint::new("renew", &[TOKEN, INCREMENT], &[(Update, renew::renew)]),
    Endpoint::new("renew-self", &[TOKEN, INCREMENT], &[(Update, renew::renew_self)]),
    Endpoint::new("renew-accessor", &[ACCESSOR, INCREMENT], &[(Update, renew::renew_accessor)]),
    Endpoint::new("revoke", &[TOKEN], &[(Update, revoke::revoke)]),
    Endpoint::new("revoke-self", &[], &[(Update, revoke::revoke_self)]),
    Endpoint::new("revoke-accessor", &[ACCESSOR], &[(Update, revoke::revoke_accessor)]),
    Endpoint::new("revoke-orphan", &[TOKEN], &[(Update, revoke::revoke_orphan)]),
    Endpoint::new("roles/?", &[], &[(List, roles::list)]),
    Endpoint::new(
        "roles/{role_name}",
        &[roles::FIELDS],
        &[(Read, roles::read), (Update, roles::write), (Delete, roles::delete)],
    )
    .exists(roles::exists),
    Endpoint::new("tidy", &[], &[(Update, revoke::tidy)]),
];
