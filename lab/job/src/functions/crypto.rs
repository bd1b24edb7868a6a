//! Hashes of passwords, and what was encrypted for a key.

use aws_lc_rs::rsa::{Pkcs1PrivateDecryptingKey, PrivateDecryptingKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Body, Failure, Function, Outcome, fail, number, plain, text};
use crate::eval::{Value, whole};
use crate::surroundings::Surroundings;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "bcrypt",
        parameters: &["str", "cost"],
        required: 1,
        variadic: true,
        body: Body::Outside(hash_password),
    },
    plain("rsadecrypt", &["ciphertext", "privatekey"], decrypt),
];

/// What is taken for a cost that is too low.
const USUAL_COST: i64 = 10;
/// Every step more doubles the time: this one takes some seconds.
const MOST_COST: i64 = 16;

fn hash_password(given: &[Value], outside: &dyn Surroundings) -> Outcome {
    let password = text(given, 0)?;
    let cost = if given.len() > 1 { cost(&given[1])? } else { USUAL_COST };
    if given.len() > 2 {
        return Err(fail("bcrypt() takes no more than two arguments"));
    }
    let refuse = |told: String| Err(fail(format!("error occured generating password {told}")));
    if password.len() > 72 {
        return refuse("bcrypt: password length exceeds 72 bytes".to_owned());
    }
    let cost = match cost {
        ..4 => USUAL_COST,
        4..=MOST_COST => cost,
        17..=31 => return refuse(format!("the lab goes no further than a cost of {MOST_COST}")),
        _ => {
            return refuse(format!("crypto/bcrypt: cost {cost} is outside allowed inclusive range 4..31"));
        }
    };
    let mut salt = [0; 16];
    let random = hex::decode(outside.uuid().replace('-', "")).unwrap_or_default();
    salt.iter_mut().zip(random).for_each(|(salt, random)| *salt = random);
    let parts = bcrypt::hash_with_salt(password, u32::try_from(cost).unwrap_or(10), salt);
    match parts {
        Ok(parts) => Ok(Value::String(parts.format_for_version(bcrypt::Version::TwoA))),
        Err(error) => refuse(error.to_string()),
    }
}

fn cost(given: &Value) -> Result<i64, Failure> {
    let told = "value must be a whole number, between -9223372036854775808 and 9223372036854775807";
    number(std::slice::from_ref(given), 0)
        .map_err(|failure| match failure {
            Failure::Argument(_, told) => Failure::Argument(1, told),
            other => other,
        })
        .and_then(|cost| whole(cost).ok_or_else(|| fail(told)))
}

fn decrypt(given: &[Value]) -> Outcome {
    let (source, key) = (text(given, 0)?, text(given, 1)?);
    let encrypted = STANDARD.decode(&source).map_err(|_| {
        fail(format!("failed to decode input {source:?}: cipher text must be base64-encoded"))
    })?;
    let key = pem::parse(&key).map_err(|_| fail("failed to parse key: no key found"))?;
    if key.headers().get("Proc-Type") == Some("4,ENCRYPTED") {
        return Err(fail(
            "failed to parse key: password protected keys are not supported. Please decrypt the key prior to use",
        ));
    }
    let key = private_key(key.contents())?;
    let mut room = vec![0; key.min_output_size()];
    let clear = key.decrypt(&encrypted, &mut room).map_err(|_| fail("crypto/rsa: decryption error"))?;
    Ok(Value::String(String::from_utf8_lossy(clear).into_owned()))
}

/// A private RSA key of the oldest form, PKCS #1.
fn private_key(key: &[u8]) -> Result<Pkcs1PrivateDecryptingKey, Failure> {
    if PrivateDecryptingKey::from_pkcs8(key).is_ok() {
        let told = "x509: failed to parse private key (use ParsePKCS8PrivateKey instead for this key format)";
        return Err(fail(told));
    }
    let length = match key {
        [0x30, short @ 0..0x80, ..] => Some(2 + usize::from(*short)),
        [0x30, 0x82, high, low, ..] => Some(4 + usize::from(*high) * 256 + usize::from(*low)),
        _ => None,
    };
    match length {
        None if key.len() < 4 => return Err(fail("asn1: syntax error: truncated tag or length")),
        Some(length) if length > key.len() => return Err(fail("asn1: syntax error: data truncated")),
        _ => {}
    }
    let wrong = || fail("asn1: structure error: the key is no RSA key of PKCS #1 with 2048 bits or more");
    let key = PrivateDecryptingKey::from_pkcs8(&wrapped(key)).map_err(|_| wrong())?;
    Pkcs1PrivateDecryptingKey::new(key).map_err(|_| wrong())
}

/// The key as PKCS #8 has it: version, algorithm, and the key itself.
fn wrapped(key: &[u8]) -> Vec<u8> {
    const VERSION_AND_RSA: [u8; 18] =
        [2, 1, 0, 0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0];
    let inner = [VERSION_AND_RSA.to_vec(), element(4, key)].concat();
    element(0x30, &inner)
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let length = &length[length.iter().take_while(|byte| **byte == 0).count()..];
    let mut element = vec![tag];
    match length {
        [] => element.push(0),
        [short] if *short < 0x80 => element.push(*short),
        long => {
            element.push(0x80 | long.len() as u8);
            element.extend(long);
        }
    }
    element.extend(content);
    element
}
