//! Where version 2 of the KV engine keeps what its paths mean.

/// The path to read or write for `path` in the KV engine mounted at `mount`.
pub(super) fn data_path(path: &str, mount: &str, namespace: &str) -> String {
    within(path, mount, namespace, "data", &["data/", "metadata/", "subkeys/"])
}

/// The path to list for `path`.
pub(super) fn metadata_path(path: &str, mount: &str) -> String {
    within(path, mount, "", "metadata", &["metadata/"])
}

fn within(path: &str, mount: &str, namespace: &str, part: &str, known: &[&str]) -> String {
    if path == mount || path == mount.trim_end_matches('/') {
        return format!("{}/{part}", mount.trim_end_matches('/'));
    }
    let prefix = format!("{}/", namespace.trim_end_matches('/'));
    let mount = match mount.strip_prefix(&prefix) {
        Some(rest) if mount.matches('/').count() > 1 && !rest.is_empty() => rest,
        _ => mount,
    };
    let inner = path.strip_prefix(mount).unwrap_or(path);
    if known.iter().any(|known| inner.starts_with(known)) {
        return path.to_owned();
    }
    format!("{}/{part}/{}", mount.trim_end_matches('/'), inner.trim_start_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_put_in_once() {
        for (path, wanted) in [
            ("secret/foo", "secret/data/foo"),
            ("secret", "secret/data"),
            ("secret/data/foo", "secret/data/foo"),
            ("secret/metadata/foo", "secret/metadata/foo"),
        ] {
            assert_eq!(data_path(path, "secret/", ""), wanted);
        }
        assert_eq!(metadata_path("secret/foo", "secret/"), "secret/metadata/foo");
    }
}
