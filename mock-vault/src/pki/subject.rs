//! The names and the subject that a request asks for.

use std::collections::BTreeSet;
use std::net::IpAddr;

use lab_pki::{Name, Oid, SigningRequest, Url};

use crate::logical::{Call, Field, Refusal};
use crate::pki::idna;
use crate::pki::names::{self, Names, is_hostname};
use crate::pki::other_names::{self, AskedName};
use crate::pki::role::Role;

/// What every request for a certificate may say.
pub(super) const FIELDS: &[Field] = &[
    Field::text("common_name"),
    Field::text("alt_names"),
    Field::comma_list("ip_sans"),
    Field::comma_list("uri_sans"),
    Field::comma_list("other_sans"),
    Field::text("serial_number"),
    Field::seconds("ttl"),
    Field::text("not_after"),
    Field::flag("exclude_cn_from_sans"),
    Field::text("format").or_text("pem"),
    Field::text("private_key_format").or_text("der"),
];

/// What requests for authorities may say of their subject.
pub(super) const SUBJECT: &[Field] = &[
    Field::comma_list("ou"),
    Field::comma_list("organization"),
    Field::comma_list("country"),
    Field::comma_list("locality"),
    Field::comma_list("province"),
    Field::comma_list("street_address"),
    Field::comma_list("postal_code"),
];

/// What a certificate is to say of whom it is for.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    pub(super) subject: Name,
    pub(super) names: Names,
}

/// What a request and its signing request ask for, held against the role in the order of the real server.
///
/// Errors: the first thing that is missing, that is none, or that the role does not allow.
pub(super) fn wanted(call: &Call<'_>, role: &Role, csr: Option<&SigningRequest>) -> Result<Wanted, Refusal> {
    let common_name = common_name(call, role, csr)?;
    let csr_names = csr.filter(|_| role.use_csr_sans);
    let mut names = Names::default();
    if let Some(csr) = csr_names {
        names.dns = csr.dns_names().to_vec();
        names.emails = csr.emails().to_vec();
    }
    if !common_name.is_empty() && !call.fields.flag("exclude_cn_from_sans") {
        add(&mut names, &common_name)?;
    }
    if csr_names.is_none() {
        for name in unique(call.fields.text("alt_names").split(',')) {
            add(&mut names, &name)?;
        }
    }
    names::check_common_name(role, &common_name, call)?;
    let serial_number = serial_number(call, role, csr)?;
    names::check(role, "subject alternate name", &names.dns, call)?;
    names::check(role, "email address", &names.emails, call)?;
    names.others = other_names(call, role, csr_names)?;
    names.ips = addresses(call, role, csr_names)?;
    names.uris = uris(call, role, csr_names)?;
    names.dns = unique(names.dns.iter().map(String::as_str));
    names.emails = unique(names.emails.iter().map(String::as_str));
    Ok(Wanted { subject: subject(role, common_name, serial_number), names })
}

fn common_name(call: &Call<'_>, role: &Role, csr: Option<&SigningRequest>) -> Result<String, Refusal> {
    let own = csr.filter(|_| role.use_csr_common_name).map(|csr| csr.subject().common_name.as_str());
    let name = own.filter(|name| !name.is_empty()).unwrap_or(call.fields.text("common_name"));
    if name.is_empty() && role.require_cn {
        return Err(Refusal::invalid(
            "the common_name field is required, or must be provided in a CSR with \"use_csr_common_name\" set to true, \
             unless \"require_cn\" is set to false",
        ));
    }
    Ok(name.to_owned())
}

/// Adds a mail address or a host name; what is neither is dropped without a word.
fn add(names: &mut Names, name: &str) -> Result<(), Refusal> {
    if name.contains('@') {
        names.emails.push(name.to_owned());
        return Ok(());
    }
    let converted = idna::to_ascii(name).map_err(Refusal::Invalid)?;
    if is_hostname(&converted) {
        names.dns.push(converted);
    }
    Ok(())
}

fn other_names(
    call: &Call<'_>,
    role: &Role,
    csr: Option<&SigningRequest>,
) -> Result<Vec<AskedName>, Refusal> {
    let refused = |told| Refusal::Invalid(format!("could not parse requested other SAN: {told}"));
    let of_csr = csr.map(other_names::of_request).transpose().map_err(refused)?;
    let mut asked = other_names::parse(&call.fields.list("other_sans")).map_err(refused)?;
    asked.extend(of_csr.unwrap_or_default());
    other_names::check(role, &asked)?;
    Ok(asked)
}

fn addresses(call: &Call<'_>, role: &Role, csr: Option<&SigningRequest>) -> Result<Vec<IpAddr>, Refusal> {
    let refused = |given: &str| {
        Refusal::Invalid(format!(
            "IP Subject Alternative Names are not allowed in this role, but was provided {given}"
        ))
    };
    if let Some(csr) = csr {
        let given = csr.ip_addresses();
        return if given.is_empty() || role.allow_ip_sans {
            Ok(given.to_vec())
        } else {
            Err(refused("some via CSR"))
        };
    }
    let given = call.fields.list("ip_sans");
    if !given.is_empty() && !role.allow_ip_sans {
        return Err(refused(&format!("[{}]", given.join(" "))));
    }
    let address = |text: &String| {
        text.parse().map_err(|_| Refusal::Invalid(format!("the value {text:?} is not a valid IP address")))
    };
    given.iter().map(address).collect()
}

fn uris(call: &Call<'_>, role: &Role, csr: Option<&SigningRequest>) -> Result<Vec<String>, Refusal> {
    let (given, way) = match csr {
        Some(csr) => (csr.uris().to_vec(), "via CSR"),
        None => (call.fields.list("uri_sans"), "via the API"),
    };
    if !given.is_empty() && role.allowed_uri_sans.is_empty() {
        return Err(Refusal::Invalid(format!(
            "URI Subject Alternative Names are not allowed in this role, but were provided {way}"
        )));
    }
    let checked = |uri: &String| {
        let url = Url::normalized(uri);
        // A signing request's URIs were read and written before they are looked at.
        let compared = match &url {
            Ok(normalized) if csr.is_some() => normalized,
            _ => uri,
        };
        if !names::uri_fits(role, compared, call) {
            return Err(Refusal::Invalid(format!(
                "URI Subject Alternative Names were provided {way} which are not valid for this role"
            )));
        }
        url.map_err(|_| {
            Refusal::Invalid(format!(
                "the provided URI Subject Alternative Name {} is not a valid URI",
                lab_pki::quote(uri)
            ))
        })
    };
    given.iter().map(checked).collect()
}

/// Trimmed, sorted, each once, without empty ones.
fn unique<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let names: BTreeSet<&str> = names.map(str::trim).filter(|name| !name.is_empty()).collect();
    names.into_iter().map(str::to_owned).collect()
}

/// Trimmed, each once, without empty ones, in their order.
fn stable(names: &[String]) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for name in names.iter().map(|name| name.trim()).filter(|name| !name.is_empty()) {
        if !kept.iter().any(|known| known == name) {
            kept.push(name.to_owned());
        }
    }
    kept
}

fn listed(list: &[String], text: &str) -> bool {
    list.iter().any(|pattern| match pattern.split_once('*') {
        Some((head, tail)) => {
            text.len() >= head.len() + tail.len() && text.starts_with(head) && text.ends_with(tail)
        }
        None => pattern == text,
    })
}

/// The serial number in the subject, where the role allows it.
fn serial_number(call: &Call<'_>, role: &Role, csr: Option<&SigningRequest>) -> Result<String, Refusal> {
    let asked = call.fields.text("serial_number");
    let serial = match csr {
        Some(csr) if role.serial_number_source != "json" && asked.is_empty() => {
            csr.subject().serial_number.clone()
        }
        _ => asked.to_owned(),
    };
    if !serial.is_empty() && !listed(&role.allowed_serial_numbers, &serial) {
        return Err(Refusal::Invalid(format!("serial_number {serial} not allowed by this role")));
    }
    Ok(serial)
}

/// The role's attributes with a common name and a serial number.
fn subject(role: &Role, common_name: String, serial_number: String) -> Name {
    Name {
        country: stable(&role.country),
        organization: stable(&role.organization),
        organizational_unit: stable(&role.ou),
        locality: stable(&role.locality),
        province: stable(&role.province),
        street_address: stable(&role.street_address),
        postal_code: stable(&role.postal_code),
        common_name,
        serial_number,
        other: Vec::new(),
    }
}

/// The user ids for the subject: those of the request, or else those of the signing request.
///
/// Errors: one that the role does not allow.
pub(super) fn user_ids(
    call: &Call<'_>,
    role: &Role,
    csr: Option<&SigningRequest>,
) -> Result<Vec<(Oid, String)>, Refusal> {
    // The attribute type of a user id.
    const USER_ID: Oid = Oid::new(&[0, 9, 2342, 19200300, 100, 1, 1]);
    let mut ids = call.fields.list("user_ids");
    if let Some(csr) = csr.filter(|_| ids.is_empty()) {
        let own = csr.subject().other.iter().filter(|(kind, _)| *kind == USER_ID);
        ids = own.map(|(_, id)| id.clone()).collect();
    }
    match ids.iter().find(|id| !listed(&role.allowed_user_ids, id)) {
        Some(id) => Err(Refusal::Invalid(format!("user_id {id} is not allowed by this role"))),
        None => Ok(ids.into_iter().map(|id| (USER_ID, id)).collect()),
    }
}

/// The role that a request for an authority makes for itself: any name, and attributes from its parameters.
pub(super) fn authority_role(call: &Call<'_>) -> Role {
    let list = |name: &str| call.fields.list(name);
    Role {
        country: list("country"),
        organization: list("organization"),
        ou: list("ou"),
        locality: list("locality"),
        province: list("province"),
        street_address: list("street_address"),
        postal_code: list("postal_code"),
        ..Role::unlimited()
    }
}
