//! "Did you mean".

/// The candidate that `unknown` most likely stands for: the one with the fewest typing errors between them, if they
/// are few for its length. Case does not count, nor does the order in which words are joined by `_` and `-`.
pub fn suggest<'a>(unknown: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = normalise(unknown);
    let limit = (wanted.len() / 3).max(1);
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let distance = distance(&wanted, &normalise(candidate), limit)?;
            Some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn normalise(name: &str) -> Vec<char> {
    // Longer names are no typing errors, and the comparison takes time in the square of the length.
    name.chars().take(64).map(|c| if c == '-' { '_' } else { c.to_ascii_lowercase() }).collect()
}

/// Insertions, deletions, substitutions and swaps of neighbours between two names; `None` when more than `limit`.
fn distance(one: &[char], other: &[char], limit: usize) -> Option<usize> {
    if one.len().abs_diff(other.len()) > limit {
        return None;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut previous: Vec<usize> = (0..=other.len()).collect();
    for i in 1..=one.len() {
        let mut current = vec![i];
        for j in 1..=other.len() {
            let substituted = previous[j - 1] + usize::from(one[i - 1] != other[j - 1]);
            let mut best = substituted.min(previous[j] + 1).min(current[j - 1] + 1);
            if i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            current.push(best);
        }
        before = std::mem::replace(&mut previous, current);
    }
    previous.last().copied().filter(|distance| *distance <= limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_errors_are_recognised_and_other_words_are_not() {
        let known =
            ["rpc", "http", "ca_file", "cert_file", "key_file", "verify_server_hostname", "rpc_upgrade_mode"];
        for (unknown, meant) in [
            ("rcp", Some("rpc")),
            ("RPC", Some("rpc")),
            ("verify_server_hostnme", Some("verify_server_hostname")),
            ("rpc-upgrade-mode", Some("rpc_upgrade_mode")),
            ("certfile", Some("cert_file")),
            ("bind_addr", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(suggest(unknown, known), meant, "{unknown}");
        }
    }
}
