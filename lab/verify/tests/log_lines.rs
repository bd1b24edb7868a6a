//! Lines that the real programs wrote when they were given cause to, and what each is explained by.

use lab_verify::explain::{Explanation, explain};

const LINES: &[(&str, &str)] = &[
    (
        "* could not fetch the CA certificate (was one set?): no default issuer currently configured",
        "no default issuer currently configured",
    ),
    ("* common name server.eu.nomad not allowed by this role", "not allowed by this role"),
    (
        "* cannot satisfy request, as TTL would result in notAfter of 2026-12-13T07:47:42Z that is beyond the expiration of the CA certificate at 2026-11-26T15:47:41Z",
        "beyond the expiration",
    ),
    ("* unknown role: nope", "unknown role"),
    ("* the value \"xx\" is not a valid IP address", "is not a valid IP address"),
    ("* permission denied", "permission denied"),
    ("* lease is not renewable", "lease is not renewable"),
    ("* error checking jwks URL https://127.0.0.1:1/j", "get keys failed"),
    (
        "* error validating token: invalid audience (aud) claim: audience claim does not match any expected audience",
        "does not match any expected audience",
    ),
    ("* error validating token: invalid subject (sub) claim", "invalid subject (sub) claim"),
    (
        "* must have at least one bound constraint when creating/updating a role",
        "at least one bound constraint",
    ),
    ("* failed to parse policy: path \"x\": invalid capability \"reed\"", "invalid capability"),
    (
        "* provided data for import was too short; perhaps a path was passed to the API rather than the contents of a PEM file",
        "too short",
    ),
    ("No value found at nomount/roles/r", "No value found at"),
    (
        "Error checking seal status: Get \"https://127.0.0.1:18299/v1/sys/seal-status\": http: server gave HTTP response to HTTPS client",
        "HTTP response to HTTPS client",
    ),
    (
        "Error checking seal status: Get \"http://nohost.invalid:1/v1/sys/seal-status\": dial tcp: lookup nohost.invalid on 10.0.0.1:53: no such host",
        "no such host",
    ),
    (
        "[ERR] (cli) vault.write(pki/issue/nope -> 704654de): Put \"http://127.0.0.1:1/v1/pki/issue/nope\": dial tcp 127.0.0.1:1: connect: connection refused",
        "connection refused",
    ),
    (
        "[ERR] (cli) (dynamic): parse: template: :1: function \"nofunc\" not defined",
        "function \"*\" not defined",
    ),
    ("[ERR] (cli) (dynamic): parse: template: :1: missing value for if", "parse: template:"),
    (
        "[ERR] (cli) failed to read template: open /no/such.tpl: no such file or directory",
        "failed to read template",
    ),
    (
        "* failed to execute command \"[\\\"false\\\"]\" from \"(dynamic)\" => \"/x\": child: command exited with a non-zero exit status:",
        "child: command exited",
    ),
    ("* 'vault' has invalid keys: grace", "unexpected keys"),
    (
        "Error initializing client: tls: private key does not match public key",
        "private key does not match public key",
    ),
    (
        "Error initializing client: Error loading CA File: open /nope.pem: no such file or directory",
        "Error loading CA File",
    ),
    (
        "Error querying node status: Get \"https://127.0.0.1:18446/v1/nodes\": remote error: tls: certificate required",
        "certificate required",
    ),
    (
        "Error querying node status: Get \"https://127.0.0.1:18446/v1/nodes\": tls: failed to verify certificate: x509: certificate is valid for server.global.nomad, localhost, not server.eu.nomad",
        "not server.*.nomad",
    ),
    (
        "Error querying node status: Get \"https://127.0.0.1:18446/v1/nodes\": tls: failed to verify certificate: x509: certificate signed by unknown authority",
        "signed by unknown authority",
    ),
    (
        "Error querying node status: Unexpected response code: 400 (Client sent an HTTP request to an HTTPS server.)",
        "an HTTP request to an HTTPS server",
    ),
    (
        "==> Failed to parse HTTP advertise address (, 127.0.0.1, 18446, false): Defaulting advertise to localhost is unsafe, please set advertise manually",
        "Defaulting advertise to localhost",
    ),
    (
        "[ERROR] agent: error starting agent: error=\"server setup failed: Failed to parse any valid certificates in CA file: /x/ca.pem\"",
        "any valid certificates in CA file",
    ),
    (
        "[ERROR] agent: error starting agent: error=\"server setup failed: Failed to load cert/key pair: Failed to load cert/key pair: tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched\"",
        "may have been switched",
    ),
    (
        "[ERROR] agent: failed to reload the config: error=\"Failed to load cert/key pair: tls: private key does not match public key\"",
        "private key does not match public key",
    ),
    (
        "[WARN]  agent: not registering Nomad HTTPS Health Check because verify_https_client enabled",
        "not registering Nomad HTTPS Health Check",
    ),
    (
        "[WARN]  nomad.raft: heartbeat timeout reached, starting election: last-leader-addr= last-leader-id=",
        "starting election",
    ),
    (
        "[WARN]  nomad.rpc: failed TLS handshake: remote_addr=127.0.0.1:40106 error=\"unexpected EOF\"",
        "failed TLS handshake",
    ),
    (
        "[WARN]  nomad.rpc: non-TLS connection attempted with RequireTLS set: remote_addr=127.0.0.1:40074",
        "RequireTLS set",
    ),
    (
        "curl: (56) OpenSSL SSL_read: OpenSSL/3.0.19: error:0A00045C:SSL routines::tlsv13 alert certificate required, errno 0",
        "alert certificate required",
    ),
    (
        "curl: (7) Failed to connect to web port 18446 after 0 ms: Couldn't connect to server",
        "connection refused",
    ),
    (
        "80AB0B3B987F0000:error:0A00042E:SSL routines:ssl3_read_bytes:tlsv1 alert protocol version:../ssl/record/rec_layer_s3.c:1601:SSL alert number 70",
        "protocol version",
    ),
    ("verify error:num=20:unable to get local issuer certificate", "unable to get local issuer certificate"),
    (
        "80FB37C92F7F0000:error:8000006F:system library:BIO_connect:Connection refused:../crypto/bio/bio_sock2.c:117:calling connect()",
        "connection refused",
    ),
];

#[test]
fn lines_of_real_programs_are_explained() {
    assert!(LINES.len() >= 40);
    for (line, wanted) in LINES {
        match explain(line) {
            Some(Explanation::Message(message)) => {
                let texts = std::iter::once(&message.text).chain(&message.also);
                assert!(texts.into_iter().any(|text| text.contains(wanted)), "{line}: {}", message.text);
            }
            other => panic!("{line}: {other:?}"),
        }
    }
}

/// What is not known is never passed off as known.
#[test]
fn other_lines_get_the_nearest_at_most() {
    for line in [
        "[WARN]  nomad: serf: Shutdown without a Leave",
        "==> WARNING: Bootstrap mode enabled!",
        "the tls certificate looks odd",
    ] {
        assert!(!matches!(explain(line), Some(Explanation::Message(_) | Explanation::Rule(_))), "{line}");
    }
}
