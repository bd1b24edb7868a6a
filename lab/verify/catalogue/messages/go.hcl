# What Go's TLS and X.509 say. An alert (`remote error: tls: ...`) comes from the other end: it refused us, and its log
# says why. `*` in a text stands for anything.

message "alert-bad-certificate" {
  text  = "remote error: tls: bad certificate"
  who   = "the other end's TLS, of the certificate that this end showed"
  means = "The other end refused our certificate for a reason that has no alert of its own: its role or region, its usage, or its name. The reason stands in the other end's log."
  cause {
    what  = "the certificate lacks server.<region>.nomad or client.<region>.nomad (the server logs `invalid role or region for certificate`)"
    check = "openssl x509 -in agent.crt -noout -ext subjectAltName"
    fix   = "issue it with common_name=<role>.<region>.nomad"
  }
  cause {
    what  = "this end is a server, and the dialler refused it: wrong CA in the dialler's ca_file, or no server.<region>.nomad"
    check = "nomad's log on the dialler: `failed to verify certificate`"
    fix   = "the same CA bundle on every agent; see that error"
  }
  cause {
    what  = "extended key usage without clientAuth (Vault role with client_flag=false)"
    check = "openssl x509 -in agent.crt -noout -ext extendedKeyUsage"
    fix   = "server_flag=true client_flag=true on the role, and issue anew"
  }
  scenario = "lab run role-and-region"
}

message "alert-certificate-required" {
  text  = "remote error: tls: certificate required"
  who   = "a server (TLS 1.3), of a caller that showed no certificate"
  means = "The port wants a client certificate and got none. On Nomad: any RPC port with TLS, and the HTTPS port with verify_https_client."
  cause {
    what  = "NOMAD_CLIENT_CERT and NOMAD_CLIENT_KEY are not set"
    check = "env | grep NOMAD_"
    fix   = "export NOMAD_CLIENT_CERT=cli.crt NOMAD_CLIENT_KEY=cli.key"
  }
  cause {
    what  = "Vault or Consul fetch Nomad's JWKS, and have no certificate to show"
    check = "lab verify (TLS006, WID402)"
    fix   = "verify_https_client = false on the agents that serve it, or a proxy, or jwt_validation_pubkeys"
  }
  cause {
    what  = "a load balancer's or Consul's health check"
    check = "the caller's address in the agent's log at level TRACE"
    fix   = "check the TCP port instead, or set verify_https_client = false"
  }
}

message "no-client-certificate" {
  text  = "tls: client didn't provide a certificate"
  who   = "a server in its own log, of a caller"
  means = "The same as `certificate required`, seen from the server."
  cause {
    what  = "a caller without a certificate: the command line, Vault's JWKS fetch, a health check"
    check = "the remote address in the same line"
    fix   = "give that caller a certificate, or verify_https_client = false for HTTPS; RPC always wants one"
  }
}

message "alert-unknown-authority" {
  text  = "remote error: tls: unknown certificate authority"
  also  = ["remote error: tls: unknown certificate"]
  who   = "the other end's TLS, of the certificate that this end showed"
  means = "The other end's ca_file does not lead to our certificate."
  cause {
    what  = "the CA was changed and the other end still trusts the old one only"
    check = "openssl verify -CAfile <the other end's ca_file> -untrusted agent.crt agent.crt"
    fix   = "both CAs in ca_file on every agent first, reload, then the new certificates"
  }
  cause {
    what  = "the intermediate is missing behind the certificate in cert_file"
    check = "grep -c BEGIN agent.crt"
    fix   = "append the intermediate to cert_file"
  }
  scenario = "lab run role-and-region"
}

message "alert-expired" {
  text  = "remote error: tls: expired certificate"
  who   = "the other end's TLS, of the certificate that this end showed"
  means = "By the other end's clock our certificate, or an authority above it, is over or not yet valid."
  cause {
    what  = "nobody renewed it: consul-template stopped, its token ended, or Nomad was not reloaded"
    check = "openssl x509 -in agent.crt -noout -dates; systemctl status consul-template"
    fix   = "renew, then systemctl reload nomad"
  }
  cause {
    what  = "the file is fresh, and the agent still uses the old one"
    check = "lab probe ADDR --config /etc/nomad.d"
    fix   = "systemctl reload nomad; see lab explain CT205"
  }
  cause {
    what  = "a clock is wrong"
    check = "timedatectl"
    fix   = "time synchronisation"
  }
  scenario = "lab run daily-certificates --break expired-root"
}

message "alert-protocol-version" {
  text  = "remote error: tls: protocol version not supported"
  also  = ["tls: client offered only unsupported versions", "tls: server selected unsupported protocol version", "tls: no supported versions satisfy MinVersion and MaxVersion", "tlsv1 alert protocol version"]
  who   = "the end with the higher tls_min_version, of the other"
  means = "The two ends have no TLS version in common."
  cause {
    what  = "tls_min_version = \"tls13\" on one side and an old program on the other"
    check = "lab probe ADDR"
    fix   = "tls_min_version = \"tls12\" and a restart"
  }
}

message "alert-handshake-failure" {
  text  = "remote error: tls: handshake failure"
  who   = "the other end's TLS"
  means = "With TLS 1.2: no client certificate was shown although one is wanted, or there is no cipher suite in common."
  cause {
    what  = "no client certificate"
    check = "openssl s_client -connect HOST:PORT -cert cli.crt -key cli.key"
    fix   = "give the caller a certificate"
  }
  cause {
    what  = "tls_cipher_suites allow nothing for the kind of the key"
    check = "lab verify (TLS010)"
    fix   = "remove tls_cipher_suites"
  }
}

message "alert-unrecognized-name" {
  text  = "remote error: tls: unrecognized name"
  who   = "the other end's TLS, of the server name that this end asked for"
  means = "Whatever answers knows no such name: usually a proxy in front, never Nomad itself."
  cause {
    what  = "a load balancer ends TLS instead of passing it through"
    check = "openssl s_client -connect HOST:4647 -servername server.global.nomad"
    fix   = "pass RPC through as TCP"
  }
}

message "alert-internal-error" {
  text  = "remote error: tls: internal error"
  who   = "the other end's TLS"
  means = "The other end could not go on, often for want of a certificate to serve."
  cause {
    what  = "the other end has no certificate loaded, or its key cannot sign"
    check = "its log at the same moment"
    fix   = "mend its certificate and restart it"
  }
}

message "name-mismatch-region" {
  text  = "x509: certificate is valid for *, not server.*.nomad"
  who   = "an agent that dials a server, of that server's certificate"
  means = "With verify_server_hostname every server must be called server.<region>.nomad, with the region that the dialler wants."
  cause {
    what  = "the server's certificate was issued for a host name"
    check = "openssl x509 -in agent.crt -noout -ext subjectAltName"
    fix   = "issue it with common_name=server.<region>.nomad"
  }
  cause {
    what  = "dialler and server are in different regions (`region` differs, or its default global)"
    check = "nomad server members"
    fix   = "the same region in the configuration and in the certificate"
  }
  cause {
    what  = "the server serves a client's certificate"
    check = "lab probe ADDR"
    fix   = "the server's own certificate; see lab explain CERT103"
  }
  scenario = "lab run role-and-region"
}

message "name-mismatch-client" {
  text  = "x509: certificate is valid for *, not client.*.nomad"
  who   = "the command line that talks straight to a client agent, of that client's certificate"
  means = "For logs, exec and stats the command line dials the client as client.<region>.nomad. `client..nomad` means that the region is empty."
  cause {
    what  = "the client's certificate lacks client.<region>.nomad"
    check = "openssl x509 -in agent.crt -noout -ext subjectAltName"
    fix   = "issue it with common_name=client.<region>.nomad"
  }
  cause {
    what  = "no region is set at the caller (`client..nomad`)"
    check = "echo $NOMAD_REGION"
    fix   = "export NOMAD_REGION=global"
  }
}

message "name-mismatch-host" {
  text  = "x509: certificate is valid for *, not *"
  who   = "a caller of HTTPS, of the agent's certificate"
  means = "The host in the URL is none of the certificate's names."
  cause {
    what  = "NOMAD_ADDR names the machine, and the certificate names the role"
    check = "openssl x509 -in agent.crt -noout -ext subjectAltName"
    fix   = "export NOMAD_TLS_SERVER_NAME=server.global.nomad, or issue it with alt_names=<host>"
  }
  cause {
    what  = "the name leads to another machine"
    check = "getent hosts <host>"
    fix   = "mend the name"
  }
}

message "not-valid-for-any-names" {
  text  = "x509: certificate is not valid for any names, but wanted to match *"
  who   = "a caller, of a certificate without alternative names"
  means = "The certificate has no alternative names at all."
  cause {
    what  = "it was made without subjectAltName"
    check = "openssl x509 -in agent.crt -noout -ext subjectAltName"
    fix   = "issue it with alternative names; see lab explain CERT108"
  }
}

message "no-ip-sans" {
  text  = "x509: cannot validate certificate for * because it doesn't contain any IP SANs"
  who   = "a caller that was given an address, of the other end's certificate"
  means = "The URL names an IP address, and the certificate has none."
  cause {
    what  = "NOMAD_ADDR or VAULT_ADDR is an address"
    check = "openssl x509 -in agent.crt -noout -ext subjectAltName"
    fix   = "issue it with ip_sans=127.0.0.1,<address>, or export NOMAD_TLS_SERVER_NAME=server.global.nomad"
  }
}

message "legacy-common-name" {
  text  = "x509: certificate relies on legacy Common Name field, use SANs instead"
  who   = "a caller, of a certificate with its name in the common name only"
  means = "Go does not compare host names with the common name. Nomad's own role check does, so such a certificate half works."
  cause {
    what  = "made with openssl without subjectAltName, or by Vault with exclude_cn_from_sans"
    check = "openssl x509 -in agent.crt -noout -ext subjectAltName"
    fix   = "issue it anew with the name as alternative name; see lab explain CERT108"
  }
}

message "unknown-authority" {
  text  = "x509: certificate signed by unknown authority"
  who   = "this end, of the certificate that the other end showed"
  means = "Nothing in this end's CA file leads to that certificate. With `possibly because of ...` behind it an authority of the right name was there and was not the one."
  cause {
    what  = "NOMAD_CACERT or VAULT_CACERT is not set, or names another CA"
    check = "openssl verify -CAfile ca.crt -untrusted agent.crt agent.crt"
    fix   = "export NOMAD_CACERT=/opt/nomad/agent-certs/ca.crt"
  }
  cause {
    what  = "the other end does not send its intermediate"
    check = "openssl s_client -connect HOST:PORT -showcerts </dev/null | grep -c BEGIN"
    fix   = "append the intermediate to the other end's cert_file and reload it"
  }
  cause {
    what  = "the CA was changed, and not everywhere"
    check = "lab verify (CERT109)"
    fix   = "both CAs in ca_file on every agent before the first new certificate"
  }
  scenario = "lab run role-and-region"
}

message "expired-or-not-yet" {
  text  = "x509: certificate has expired or is not yet valid"
  who   = "this end, of the other end's certificate or an authority above it"
  means = "By this end's clock it is over, or its time is still to come. The text says which dates were compared."
  cause {
    what  = "nobody renewed it"
    check = "openssl x509 -in agent.crt -noout -dates"
    fix   = "renew it and reload the other end"
  }
  cause {
    what  = "the root or the intermediate in ca_file is over: Go looks at their dates too"
    check = "openssl crl2pkcs7 -nocrl -certfile ca.crt | openssl pkcs7 -print_certs -noout -text | grep 'Not After'"
    fix   = "a new CA: lab plan --goal new-ca"
  }
  cause {
    what  = "a clock is wrong, or the certificate was issued a second ago on a faster clock"
    check = "timedatectl"
    fix   = "time synchronisation; not_before_duration=30s on the Vault role"
  }
}

message "incompatible-usage" {
  text  = "x509: certificate specifies an incompatible key usage"
  who   = "this end, of the other end's certificate"
  means = "It may not be used as it was: a server's lacks serverAuth, or a caller's lacks clientAuth."
  cause {
    what  = "a Vault role with client_flag=false or server_flag=false"
    check = "openssl x509 -in agent.crt -noout -ext extendedKeyUsage"
    fix   = "both flags true, and issue anew"
  }
  cause {
    what  = "a web server's certificate, or one of a public CA"
    check = "openssl x509 -in agent.crt -noout -issuer"
    fix   = "a certificate of Nomad's own CA"
  }
}

message "not-authorized-to-sign" {
  text  = "x509: certificate is not authorized to sign other certificates"
  also  = ["x509: invalid signature: parent certificate cannot sign this kind of certificate"]
  who   = "this end, of an issuer in the chain"
  means = "What stands as issuer is no CA: basic constraints or key usage do not allow it to sign."
  cause {
    what  = "a leaf certificate was put into ca_file"
    check = "openssl x509 -in ca.crt -noout -ext basicConstraints,keyUsage"
    fix   = "the CA's certificate in ca_file"
  }
}

message "name-constraints" {
  text  = "x509: a root or intermediate certificate is not authorized to sign for this name"
  who   = "this end, of an authority in the chain"
  means = "The CA has name constraints that do not permit the certificate's name."
  cause {
    what  = "`nomad tls ca create -name-constraint`, and a name outside of it"
    check = "openssl x509 -in ca.crt -noout -ext nameConstraints"
    fix   = "-additional-domain for that name, and a new CA"
  }
}

message "too-many-intermediates" {
  text  = "x509: too many intermediates for path length constraint"
  who   = "this end, of an authority in the chain"
  means = "An authority may not have so many authorities below it."
  cause {
    what  = "an intermediate below an intermediate that was issued with max_path_length=0"
    check = "openssl x509 -in intermediate.crt -noout -ext basicConstraints"
    fix   = "sign the lower one by the root, or issue the upper one without the limit"
  }
}

message "no-pem-in-certificate" {
  text  = "tls: failed to find any PEM data in certificate input"
  also  = ["tls: failed to find any PEM data in key input", "failed to find any PEM data"]
  who   = "Go, of a file or text it was given"
  means = "There is no PEM block in it: it is empty, DER, or a path where the content was wanted."
  cause {
    what  = "the template has rendered nothing yet"
    check = "ls -l agent.crt; head -1 agent.crt"
    fix   = "start Nomad after consul-template's first render"
  }
  cause {
    what  = "it is DER"
    check = "openssl x509 -inform der -in agent.crt -noout"
    fix   = "openssl x509 -inform der -in agent.crt -out agent.pem"
  }
}

message "pem-switched" {
  text  = "PEM inputs may have been switched"
  who   = "Go, of a certificate file and a key file"
  means = "The key is where the certificate should be, or the other way round."
  cause {
    what  = "cert_file and key_file name each other's file"
    check = "head -1 agent.crt agent.key"
    fix   = "swap them; see lab explain CERT112"
  }
}

message "key-mismatch" {
  text  = "tls: private key does not match public key"
  also  = ["tls: private key type does not match public key type"]
  who   = "an agent, of its own certificate and key"
  means = "Certificate and key are of two different issues. On a reload the old pair stays in use; on a start the agent exits."
  cause {
    what  = "two templates that each fetch a certificate: pkiCert in both, or `secret` with different arguments"
    check = "lab verify /etc/consul-template.d (CT201)"
    fix   = "one template with pkiCert and writeToFile"
  }
  cause {
    what  = "the reload ran between the two writes (`wait`, or a rotation by hand)"
    check = "ls -l --time-style=full-iso agent.crt agent.key"
    fix   = "write both, then reload"
  }
  scenario = "lab run daily-certificates --break pkicert-in-two-templates"
}

message "parse-private-key" {
  text  = "tls: failed to parse private key"
  also  = ["x509: failed to parse private key", "x509: unknown private key type"]
  who   = "Go, of a key file"
  means = "The key is encrypted, damaged, or of a kind that Go does not know."
  cause {
    what  = "it has a password"
    check = "head -2 agent.key (ENCRYPTED)"
    fix   = "openssl pkey -in agent.key -out plain.key; chmod 600 plain.key"
  }
}

message "not-a-tls-handshake" {
  text  = "tls: first record does not look like a TLS handshake"
  also  = ["tls: oversized record received"]
  who   = "the end that speaks TLS, of one that does not"
  means = "The other end answered in plaintext."
  cause {
    what  = "https:// to a port that speaks HTTP"
    check = "curl -s http://HOST:4646/v1/status/leader"
    fix   = "http://, or tls.http = true on that agent and a restart"
  }
  cause {
    what  = "VAULT_ADDR says https:// and Vault runs with tls_disable"
    check = "curl -s http://HOST:8200/v1/sys/health"
    fix   = "export VAULT_ADDR=http://..."
  }
}

message "malformed-http-response" {
  text  = "malformed HTTP response \"\\x15\\x03\\x01"
  also  = ["malformed HTTP response"]
  who   = "a caller that speaks HTTP, of a port that speaks TLS"
  means = "The answer is a TLS alert: http:// was written where https:// is wanted."
  cause {
    what  = "NOMAD_ADDR says http:// after tls.http was turned on"
    check = "echo $NOMAD_ADDR"
    fix   = "export NOMAD_ADDR=https://localhost:4646 NOMAD_CACERT=ca.crt"
  }
}

message "http-to-https-server" {
  text  = "Client sent an HTTP request to an HTTPS server"
  who   = "an HTTPS port, of a caller that speaks HTTP"
  means = "http:// was written where https:// is wanted."
  cause {
    what  = "NOMAD_ADDR, a health check or Vault's jwks_url says http://"
    check = "lab verify (TLS008)"
    fix   = "https://, and the CA for the caller"
  }
}

message "http-answer-to-https" {
  text  = "http: server gave HTTP response to HTTPS client"
  who   = "a caller that speaks HTTPS, of a port that speaks HTTP"
  means = "https:// was written where http:// is wanted."
  cause {
    what  = "tls.http is off on that agent, or the agent was not reloaded"
    check = "lab probe --http HOST:4646"
    fix   = "http://, or tls { http = true } and a reload"
  }
  cause {
    what  = "Vault runs with -dev, which speaks HTTP"
    check = "echo $VAULT_ADDR"
    fix   = "export VAULT_ADDR=http://127.0.0.1:8200"
  }
}

message "connection-refused" {
  text  = "connect: connection refused"
  also  = ["Connection refused", "Couldn't connect to server", "Could not connect to server"]
  who   = "this machine or the other, of the port"
  means = "Nothing listens there."
  cause {
    what  = "the program does not run, or has exited on a failed reload"
    check = "systemctl status nomad; journalctl -u nomad -n 50"
    fix   = "start it; its last lines say why it ended"
  }
  cause {
    what  = "it listens on another address"
    check = "ss -ltnp | grep -E '4646|4647|8200'"
    fix   = "the right address in NOMAD_ADDR or VAULT_ADDR"
  }
}

message "no-such-host" {
  text  = "no such host"
  also  = ["server misbehaving", "Name or service not known", "Could not resolve host"]
  who   = "this machine's resolver, of a name"
  means = "The name does not resolve."
  cause {
    what  = "a Consul name (vault.service.consul) on a machine that does not ask Consul"
    check = "getent hosts active.vault.service.consul"
    fix   = "DNS forwarding for .consul, or an address"
  }
}

message "io-timeout" {
  text  = "i/o timeout"
  also  = ["context deadline exceeded", "TLS handshake timeout", "Connection timed out"]
  who   = "this end, of a connection that nobody answers"
  means = "Packets are dropped, or the other end accepted and says nothing."
  cause {
    what  = "a firewall"
    check = "nc -vz HOST 4647"
    fix   = "open 4646 (HTTP), 4647 (RPC) and 4648 (gossip, TCP and UDP)"
  }
  cause {
    what  = "TLS to a port that waits for plaintext"
    check = "lab probe HOST:4647"
    fix   = "the same on both ends"
  }
}

message "connection-reset" {
  text  = "read: connection reset by peer"
  also  = ["write: broken pipe", "write: connection reset by peer"]
  who   = "this end, of a connection that the other end cut"
  means = "The other end closed it while this end was still speaking. Why stands in the other end's log."
  cause {
    what  = "this end speaks plaintext, and the port wants TLS"
    check = "the server's log: `non-TLS connection attempted with RequireTLS set`; lab probe HOST:4647"
    fix   = "the same tls block on both ends; lab plan"
  }
  cause {
    what  = "the other end refused this end's certificate after the handshake, and its alert was overtaken"
    check = "the server's log: `failed TLS handshake`"
    fix   = "lab explain \"<the error in that line>\""
  }
  cause {
    what  = "the other end was restarted or reloaded"
    check = "journalctl -u nomad --since -10min"
    fix   = "nothing: the next call dials again"
  }
}

message "handshake-hung-up" {
  text  = "TLS handshake error from *: EOF"
  also  = ["failed TLS handshake: * error=EOF", "TLS handshake error from * connection reset by peer", "failed TLS handshake: * connection reset by peer"]
  who   = "a server in its log, of a caller that hung up before the handshake was over"
  means = "Somebody connected and closed without an alert, so the certificate is not the reason: Go's programs, curl and openssl say why they refuse one."
  cause {
    what  = "a check of the TCP port: a load balancer's, Consul's, a port scan, nc"
    check = "the remote address in the line, and how regularly it comes"
    fix   = "nothing, or a check that speaks TLS"
  }
  cause {
    what  = "the caller gave up waiting, or was ended"
    check = "the caller's log at that moment: `i/o timeout`, `context deadline exceeded`"
    fix   = "see lab explain \"i/o timeout\""
  }
}

message "file-missing" {
  text  = "no such file or directory"
  who   = "a program, of a file that its configuration or the command line names"
  means = "There is nothing at that path on this machine. A relative path begins where the program was started."
  cause {
    what  = "consul-template has not written it: it runs later than Nomad, or its template failed"
    check = "ls -l /opt/nomad/agent-certs; journalctl -u consul-template -n 50"
    fix   = "certificates first, then tls in Nomad's configuration; see lab explain TLS001"
  }
  cause {
    what  = "the path is wrong, or relative"
    check = "lab verify /etc/nomad.d (TLS001)"
    fix   = "the whole path in ca_file, cert_file and key_file"
  }
}

message "file-not-readable" {
  text  = "open *: permission denied"
  who   = "a program, of a file"
  means = "The user that the program runs as may not read the file or may not pass a directory above it."
  cause {
    what  = "consul-template writes as root with 0600, and Nomad runs as another user"
    check = "systemctl show -p User nomad; namei -l /opt/nomad/agent-certs/agent.key"
    fix   = "owner and perms in the template: the user of Nomad, 0600"
  }
}
