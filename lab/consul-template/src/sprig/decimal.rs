//! Arithmetic on decimal fractions, in which 0.1 and 0.2 make 0.3.

use lab_template::{Signature, Type, Value};

use super::number::float;
use super::{Arguments, unknown};

/// How many digits a quotient has behind its point.
const PRECISION: u32 = 16;

/// What each takes.
pub(super) fn signature(name: &str) -> Option<Signature> {
    Some(match name {
        "add1f" => Signature::fixed(&[Type::Any]),
        "addf" => Signature::variadic(&[], Type::Any),
        "subf" | "mulf" | "divf" => Signature::variadic(&[Type::Any], Type::Any),
        _ => return None,
    })
}

pub(super) fn call(name: &str, arguments: Arguments<'_>) -> Result<Value, String> {
    type Step = fn(Decimal, Decimal) -> Option<Decimal>;
    let (exact, inexact): (Step, fn(f64, f64) -> f64) = match name {
        "add1f" | "addf" => (Decimal::add, |one, other| one + other),
        "subf" => {
            (|one, other| one.add(Decimal { digits: -other.digits, ..other }), |one, other| one - other)
        }
        "mulf" => (Decimal::multiply, |one, other| one * other),
        "divf" => (Decimal::divide, |one, other| one / other),
        _ => return unknown(name),
    };
    let mut numbers: Vec<f64> = arguments.iter().map(float).collect();
    if name == "add1f" {
        numbers.push(1.0);
    }
    let Some((first, rest)) = numbers.split_first() else { return Ok(Value::Float(0.0)) };
    if name == "divf" && rest.contains(&0.0) {
        return Err("decimal division by 0".to_owned());
    }
    let decimals = || -> Option<f64> {
        let first = Decimal::from_float(*first)?;
        rest.iter().try_fold(first, |sum, number| exact(sum, Decimal::from_float(*number)?))?.to_float()
    };
    // Numbers too large for digits of their own are far beyond what a fraction can be exact in.
    Ok(Value::Float(
        decimals().unwrap_or_else(|| rest.iter().fold(*first, |sum, number| inexact(sum, *number))),
    ))
}

/// A whole number of digits, of which `places` stand behind the point.
#[derive(Clone, Copy)]
struct Decimal {
    digits: i128,
    places: u32,
}

impl Decimal {
    fn from_float(number: f64) -> Option<Self> {
        let shown = format!("{number}");
        let (whole, fraction) = shown.split_once('.').unwrap_or((&shown, ""));
        let digits = format!("{whole}{fraction}").parse().ok()?;
        Some(Self { digits, places: u32::try_from(fraction.len()).ok()? })
    }

    fn to_float(self) -> Option<f64> {
        format!("{}e-{}", self.digits, self.places).parse().ok()
    }

    fn with_places(self, places: u32) -> Option<i128> {
        self.digits.checked_mul(10_i128.checked_pow(places.checked_sub(self.places)?)?)
    }

    fn add(self, other: Self) -> Option<Self> {
        let places = self.places.max(other.places);
        let digits = self.with_places(places)?.checked_add(other.with_places(places)?)?;
        Some(Self { digits, places })
    }

    fn multiply(self, other: Self) -> Option<Self> {
        let digits = self.digits.checked_mul(other.digits)?;
        Some(Self { digits, places: self.places.checked_add(other.places)? })
    }

    fn divide(self, other: Self) -> Option<Self> {
        let numerator =
            self.digits.checked_mul(10_i128.checked_pow(PRECISION.checked_add(other.places)?)?)?;
        let denominator = other.digits.checked_mul(10_i128.checked_pow(self.places)?)?;
        let (quotient, rest) = (numerator.checked_div(denominator)?, numerator.checked_rem(denominator)?);
        let is_half = rest.checked_abs()?.checked_mul(2)? >= denominator.checked_abs()?;
        let away = if (rest < 0) == (denominator < 0) { 1 } else { -1 };
        Some(Self { digits: quotient + if is_half { away } else { 0 }, places: PRECISION })
    }
}
