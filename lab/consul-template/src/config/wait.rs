//! Quiescence: how long to wait for further changes before rendering.

use std::time::Duration;

use lab_world::parse_duration;

use super::decode::Decoder;

/// `wait { min max }` or `wait = "min:max"`; off unless a minimum is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wait {
    pub(crate) enabled: bool,
    pub(crate) least: Duration,
    pub(crate) most: Duration,
}

/// Reads `wait` in either of its forms.
pub(super) fn decode(decoder: &mut Decoder<'_, '_>) -> Option<Wait> {
    if let Some(text) = decoder.plain_text("wait") {
        return match parse(&text) {
            Ok(wait) => Some(wait),
            Err(problem) => decoder.failed("wait", &problem),
        };
    }
    let (mut enabled, mut least, mut most) = (None, None, None);
    let found = decoder.block("wait", |block| {
        enabled = block.bool("enabled");
        least = block.duration("min");
        most = block.duration("max");
    });
    let minimum = least.unwrap_or_default();
    found.then(|| Wait {
        enabled: enabled.unwrap_or(!minimum.is_zero()),
        least: minimum,
        most: most.unwrap_or(minimum * 4),
    })
}

fn parse(text: &str) -> Result<Wait, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("wait: value cannot be empty".to_owned());
    }
    let read = |part: &str| {
        if part.trim().starts_with('-') {
            return Err("wait: cannot be negative".to_owned());
        }
        parse_duration(part.trim()).map_err(|error| error.to_string())
    };
    let (least, most) = match text.split(':').collect::<Vec<_>>().as_slice() {
        [one] => (read(one)?, read(one)? * 4),
        [one, other] => (read(one)?, read(other)?),
        _ => return Err("wait: invalid format".to_owned()),
    };
    if most < least {
        return Err("wait: min must be less than max".to_owned());
    }
    Ok(Wait { enabled: !least.is_zero(), least, most })
}
