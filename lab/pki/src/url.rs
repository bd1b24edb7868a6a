//! URLs as Go's `net/url` reads them: what certificates name, and where servers are.

use std::net::Ipv6Addr;

use crate::quote;

/// A URL in its parts; the query and what is behind it are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Url {
    /// `http`, `https`, `unix` or whatever stands before the colon, in small letters.
    pub scheme: String,
    /// `user:password` as it is written, where it is there.
    pub user: String,
    /// The host with its port.
    pub authority: String,
    /// What follows the authority, up to the query, as it is written.
    pub path: String,
}

impl Url {
    /// Reads an address.
    ///
    /// Errors: Go's words, `parse "127.0.0.1:8200": first path segment in URL cannot contain colon`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |text: &str, problem: String| format!("parse {}: {problem}", quote(text));
        let (before, fragment) = text.split_once('#').unwrap_or((text, ""));
        let url = Self::read(before).map_err(|problem| wrong(before, problem))?;
        unescape(fragment, Place::Elsewhere).map_err(|problem| wrong(text, problem))?;
        Ok(url)
    }

    fn read(text: &str) -> Result<Self, String> {
        if text.bytes().any(|byte| byte.is_ascii_control()) {
            return Err("net/url: invalid control character in URL".to_owned());
        }
        let (scheme, rest) = scheme(text)?;
        let rest = rest.split('?').next().unwrap_or_default();
        let mut url = Self { scheme: scheme.to_ascii_lowercase(), path: rest.to_owned(), ..Self::default() };
        if !rest.starts_with('/') {
            let first = rest.split('/').next().unwrap_or_default();
            match (scheme.is_empty(), first.contains(':')) {
                (true, true) => return Err("first path segment in URL cannot contain colon".to_owned()),
                (true, false) => {}
                (false, _) => return Ok(url),
            }
        }
        if let Some(named) = rest.strip_prefix("//")
            && !(scheme.is_empty() && named.starts_with('/'))
        {
            let (authority, path) = named.split_at(named.find('/').unwrap_or(named.len()));
            let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
            url.authority = read_host(&url.scheme, host)?;
            if !user.bytes().all(is_of_user) {
                return Err("net/url: invalid userinfo".to_owned());
            }
            unescape(user, Place::Elsewhere)?;
            (url.user, url.path) = (user.to_owned(), path.to_owned());
        }
        unescape(&url.path, Place::Elsewhere)?;
        Ok(url)
    }

    /// The host without its port and without brackets.
    pub fn host(&self) -> &str {
        let host = match self.authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => &self.authority,
        };
        host.trim_matches(['[', ']'])
    }
}

/// What is before the first colon, if it is a scheme, and the rest.
pub(crate) fn scheme(text: &str) -> Result<(&str, &str), String> {
    for (at, c) in text.char_indices() {
        match c {
            'a'..='z' | 'A'..='Z' => {}
            '0'..='9' | '+' | '-' | '.' if at > 0 => {}
            ':' if at == 0 => return Err("missing protocol scheme".to_owned()),
            ':' => return Ok((&text[..at], &text[at + 1..])),
            _ => return Ok(("", text)),
        }
    }
    Ok(("", text))
}

/// A host, with its port, without escapes.
fn read_host(scheme: &str, host: &str) -> Result<String, String> {
    let not_literal = || "invalid IP-literal".to_owned();
    match host.rfind('[') {
        Some(0) => {}
        Some(_) => return Err(not_literal()),
        None => {
            // Names of databases list several hosts; those of the web have one colon.
            let colon = if matches!(scheme, "http" | "https") { host.find(':') } else { host.rfind(':') };
            check_port(colon.map_or("", |colon| &host[colon..]))?;
            return unescape(host, Place::Host);
        }
    }
    let end = host.rfind(']').ok_or("missing ']' in host")?;
    let (inside, port) = (&host[1..end], &host[end + 1..]);
    check_port(port)?;
    let (address, zone) = inside.split_at(inside.find("%25").unwrap_or(inside.len()));
    let (address, zone) = (unescape(address, Place::Host)?, unescape(zone, Place::Elsewhere)?);
    if address.parse::<Ipv6Addr>().is_err() || zone == "%" {
        let is_dotted = address.parse::<std::net::Ipv4Addr>().is_ok() && zone.is_empty();
        let problem = format!("invalid host: ParseAddr({}): unable to parse IP", quote(&(address + &zone)));
        return Err(if is_dotted { not_literal() } else { problem });
    }
    Ok(format!("[{address}{zone}]{port}"))
}

fn check_port(port: &str) -> Result<(), String> {
    let digits = if port.is_empty() { Some("") } else { port.strip_prefix(':') };
    if digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit())) {
        Ok(())
    } else {
        Err(format!("invalid port {} after host", quote(port)))
    }
}

/// What must not stand in a host, escaped or not.
fn is_bad_in_host(byte: u8) -> bool {
    byte.is_ascii() && !byte.is_ascii_alphanumeric() && !b"-_.~!$&'()*+,;=:[]<>\"".contains(&byte)
}

fn is_of_user(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&byte)
}

/// `text` without its escapes.
pub(crate) fn unescape(text: &str, place: Place) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        rest = behind;
        if first != b'%' {
            if place == Place::Host && is_bad_in_host(first) {
                return Err(format!(
                    "invalid character {} in host name",
                    quote(&char::from(first).to_string())
                ));
            }
            bytes.push(first);
            continue;
        }
        let escape = &behind[..behind.len().min(2)];
        let refused =
            || format!("invalid URL escape {}", quote(&format!("%{}", String::from_utf8_lossy(escape))));
        let byte = hex::decode(escape).ok().filter(|bytes| bytes.len() == 1).ok_or_else(refused)?[0];
        // In a host ASCII cannot be escaped, but for `%` itself.
        if place == Place::Host && byte.is_ascii() && byte != b'%' {
            return Err(refused());
        }
        bytes.push(byte);
        rest = &behind[2..];
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Where in a URL a text stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Host,
    Elsewhere,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_go_reads_them() {
        let url = Url::parse("HTTPS://me:secret@[::1]:4646/base?x").expect("well formed");
        assert_eq!((url.scheme.as_str(), url.user.as_str()), ("https", "me:secret"));
        assert_eq!((url.authority.as_str(), url.host(), url.path.as_str()), ("[::1]:4646", "::1", "/base"));
        let read = |text: &str| Url::parse(text).expect("well formed");
        assert_eq!(read("unix:///run/x.sock").path, "/run/x.sock");
        assert_eq!(read("http://localhost").host(), "localhost");
        assert_eq!(read("https://me@host:80/path?x").authority, "host:80");
        assert_eq!(
            (read("urn:uuid:1").authority, read("spiffe://lab").authority),
            (String::new(), "lab".into())
        );
        assert_eq!(read("x://[fe80::1%25en0]:1").authority, "[fe80::1%en0]:1");
        assert_eq!(read("db://a:1,b:2").authority, "a:1,b:2");
    }

    #[test]
    fn complaints_are_in_gos_words() {
        for (text, told) in [
            ("127.0.0.1:8200", "first path segment in URL cannot contain colon"),
            ("http://foo bar", "invalid character \" \" in host name"),
            (":x", "missing protocol scheme"),
            ("http://a:b", "invalid port \":b\" after host"),
            ("http://a:1,b:2", "invalid port \":1,b:2\" after host"),
            ("http://[::1", "missing ']' in host"),
            ("http://a[::1]", "invalid IP-literal"),
            ("http://[1.2.3.4]", "invalid IP-literal"),
            ("http://[x]", "invalid host: ParseAddr(\"x\"): unable to parse IP"),
            ("http://h/%zz", "invalid URL escape \"%zz\""),
            ("http://h%41", "invalid URL escape \"%41\""),
            ("http://a b@h", "net/url: invalid userinfo"),
            ("http://h/\u{7f}", "net/url: invalid control character in URL"),
        ] {
            assert_eq!(Url::parse(text), Err(format!("parse {}: {told}", quote(text))));
        }
    }
}
