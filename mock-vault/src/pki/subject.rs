//! The names and the subject that a request asks for.

use lab_pki::{Name, SigningRequest};

use crate::logical::{Call, Field, Refusal};
use crate::pki::names::{Names, is_hostname, is_hostname_or_wildcard, other_san};
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
    Field::comma_list("user_ids"),
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

/// The names of a request by its parameters, or by its signing request where the role prefers that.
pub(super) fn names(call: &Call<'_>, role: &Role, csr: Option<&SigningRequest>) -> Result<Names, Refusal> {
    let mut names = Names::default();
    let fields = &call.fields;
    names.common_name = match csr {
        Some(csr) if role.use_csr_common_name => csr.subject().common_name.clone(),
        _ => fields.text("common_name").to_owned(),
    };
    if names.common_name.is_empty() && role.require_cn {
        return Err(Refusal::invalid(
            "the common_name field is required, or must be provided in a CSR with \"use_csr_common_name\" set to true, \
             unless \"require_cn\" is set to false",
        ));
    }
    match csr {
        Some(csr) if role.use_csr_sans => {
            names.dns = csr.dns_names().to_vec();
            names.emails = csr.emails().to_vec();
            names.ips = csr.ip_addresses().to_vec();
            names.uris = csr.uris().to_vec();
            names.others = csr.other_names().to_vec();
        }
        _ => from_parameters(call, &mut names)?,
    }
    let names_from_csr = csr.is_some() && role.use_csr_sans;
    if !names_from_csr && !fields.flag("exclude_cn_from_sans") {
        add_common_name(&mut names);
    }
    sort(&mut names.dns);
    sort(&mut names.emails);
    Ok(names)
}

/// The common name is an alternative name too, where it looks like one.
pub(super) fn add_common_name(names: &mut Names) {
    let name = &names.common_name;
    if name.contains('@') {
        names.emails.push(name.clone());
    } else if is_hostname_or_wildcard(name) {
        names.dns.push(name.clone());
    }
}

/// The alternative names among the parameters. What looks like none is dropped without a word.
pub(super) fn from_parameters(call: &Call<'_>, names: &mut Names) -> Result<(), Refusal> {
    let fields = &call.fields;
    for name in fields.text("alt_names").split(',').map(str::trim).filter(|name| !name.is_empty()) {
        if name.contains('@') {
            names.emails.push(name.to_owned());
        } else if is_hostname_or_wildcard(name) || is_hostname(name) {
            names.dns.push(name.to_owned());
        }
    }
    for text in fields.list("ip_sans").iter().filter(|text| !text.is_empty()) {
        let ip = text
            .parse()
            .map_err(|_| Refusal::Invalid(format!("the value {text:?} is not a valid IP address")))?;
        names.ips.push(ip);
    }
    names.uris = fields.list("uri_sans");
    names.others = fields
        .list("other_sans")
        .iter()
        .map(|san| other_san(san))
        .collect::<Result<_, _>>()
        .map_err(|error| Refusal::Invalid(format!("could not parse requested other SAN: {error}")))?;
    sort(&mut names.dns);
    sort(&mut names.emails);
    Ok(())
}

fn sort(names: &mut Vec<String>) {
    names.sort();
    names.dedup();
}

/// The subject of a leaf: the role's attributes with the request's common name, serial number and user ids.
pub(super) fn leaf(
    call: &Call<'_>,
    role: &Role,
    names: &Names,
    csr: Option<&SigningRequest>,
) -> Result<Name, Refusal> {
    let asked = call.fields.text("serial_number");
    let serial = match csr {
        Some(csr) if role.serial_number_source == "json-csr" && asked.is_empty() => {
            csr.subject().serial_number.clone()
        }
        _ => asked.to_owned(),
    };
    let listed = |list: &[String], text: &str| {
        list.iter().any(|pattern| match pattern.split_once('*') {
            Some((head, tail)) => {
                text.len() >= head.len() + tail.len() && text.starts_with(head) && text.ends_with(tail)
            }
            None => pattern == text,
        })
    };
    if !serial.is_empty() && !listed(&role.allowed_serial_numbers, &serial) {
        return Err(Refusal::Invalid(format!("serial_number {serial} not allowed by this role")));
    }
    let ids = call.fields.list("user_ids");
    if let Some(id) = ids.iter().find(|id| !listed(&role.allowed_user_ids, id)) {
        return Err(Refusal::Invalid(format!("user_id {id} is not allowed by this role")));
    }
    // The attribute type of a user id.
    const USER_ID: lab_pki::Oid = lab_pki::Oid::new(&[0, 9, 2342, 19200300, 100, 1, 1]);
    Ok(Name {
        country: role.country.clone(),
        organization: role.organization.clone(),
        organizational_unit: role.ou.clone(),
        locality: role.locality.clone(),
        province: role.province.clone(),
        street_address: role.street_address.clone(),
        postal_code: role.postal_code.clone(),
        common_name: names.common_name.clone(),
        serial_number: serial,
        other: ids.into_iter().map(|id| (USER_ID, id)).collect(),
    })
}

/// The subject of an authority: all from the request.
pub(super) fn authority(call: &Call<'_>) -> Name {
    let list = |name: &str| call.fields.list(name);
    Name {
        country: list("country"),
        organization: list("organization"),
        organizational_unit: list("ou"),
        locality: list("locality"),
        province: list("province"),
        street_address: list("street_address"),
        postal_code: list("postal_code"),
        common_name: call.fields.text("common_name").to_owned(),
        serial_number: call.fields.text("serial_number").to_owned(),
        other: Vec::new(),
    }
}
