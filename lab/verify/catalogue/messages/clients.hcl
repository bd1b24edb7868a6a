# What curl and openssl say.

message "curl-wrong-version" {
  text  = "wrong version number"
  who   = "openssl or curl, of a port that answered in plaintext"
  means = "TLS was spoken to a port that speaks HTTP."
  cause {
    what  = "https:// to an agent without tls.http, or to a Vault with tls_disable"
    check = "curl -s http://HOST:4646/v1/status/leader"
    fix   = "http://, or tls { http = true } and a reload"
  }
}

message "curl-issuer" {
  text  = "unable to get local issuer certificate"
  also  = ["self-signed certificate in certificate chain", "self-signed certificate", "self signed certificate", "unable to get issuer certificate", "unable to verify the first certificate", "certificate verify failed"]
  who   = "curl or openssl, of the server's certificate"
  means = "The authority above it is not in what the caller trusts. openssl wants the whole chain up to a root, Go is content with an intermediate."
  cause {
    what  = "--cacert is missing or names another CA"
    check = "openssl verify -CAfile ca.crt agent.crt"
    fix   = "curl --cacert /opt/nomad/agent-certs/ca.crt"
  }
  cause {
    what  = "ca_file holds the intermediate only (issuing_ca)"
    check = "openssl x509 -in ca.crt -noout -subject -issuer"
    fix   = "curl --cacert with the root in it, or openssl's -partial_chain; see lab explain CT204"
  }
}

message "curl-alert-required" {
  text  = "alert certificate required"
  also  = ["tlsv13 alert certificate required", "sslv3 alert bad certificate", "alert bad certificate"]
  who   = "the server, of curl or openssl without a certificate or with one that it refuses"
  means = "The port wants a client certificate."
  cause {
    what  = "--cert and --key are missing"
    check = "curl --cacert ca.crt --cert cli.crt --key cli.key https://localhost:4646/v1/status/leader"
    fix   = "add them, or verify_https_client = false"
  }
}

message "curl-name" {
  text  = "no alternative certificate subject name matches target host name"
  also  = ["no alternative certificate subject name matches target", "certificate subject name", "hostname mismatch"]
  who   = "curl, of the server's certificate"
  means = "The host in the URL is none of the certificate's names."
  cause {
    what  = "the certificate names the role and not the host"
    check = "openssl s_client -connect HOST:4646 </dev/null | openssl x509 -noout -ext subjectAltName"
    fix   = "curl --connect-to server.global.nomad:4646:HOST:4646 https://server.global.nomad:4646/..., or alt_names for the host"
  }
}

message "openssl-eof" {
  text  = "unexpected eof while reading"
  also  = ["SSL_ERROR_SYSCALL", "errno=104", "Connection reset by peer", "no peer certificate available"]
  who   = "curl or openssl, of a port that closed without a word"
  means = "The other end ended the connection: openssl spoke TLS straight to Nomad's RPC port, which wants a byte 0x04 before it, or a proxy did."
  cause {
    what  = "openssl s_client to port 4647"
    check = "the server logs `unrecognized RPC byte: byte=22` or `non-TLS connection attempted`"
    fix   = "lab probe HOST:4647, which speaks Nomad's RPC"
  }
}

message "curl-alert-unknown-ca" {
  text  = "alert unknown ca"
  who   = "the server, of the certificate that curl or openssl showed"
  means = "The server's ca_file does not lead to that certificate."
  cause {
    what  = "--cert is of another authority than the agents' ca_file"
    check = "openssl verify -CAfile <the agent's ca_file> cli.crt"
    fix   = "a certificate of that authority"
  }
  cause {
    what  = "the intermediate is missing behind it"
    check = "grep -c BEGIN cli.crt"
    fix   = "append the intermediate to the file of --cert"
  }
}

message "curl-expired" {
  text  = "certificate has expired"
  also  = ["certificate is not yet valid"]
  who   = "curl or openssl, of the server's certificate or an authority above it"
  means = "By the caller's clock its time is over, or still to come."
  cause {
    what  = "nobody renewed it, or the agent was not reloaded since"
    check = "openssl s_client -connect HOST:4646 </dev/null | openssl x509 -noout -dates"
    fix   = "renew it and systemctl reload nomad; see lab explain CERT102"
  }
  cause {
    what  = "the clock is wrong"
    check = "timedatectl"
    fix   = "time synchronisation"
  }
}

message "curl-own-certificate" {
  text  = "could not load PEM client certificate"
  also  = ["unable to set private key file", "unable to set client certificate"]
  who   = "curl, of the files of --cert and --key"
  means = "A file is not there, is no PEM, or the key is not the certificate's."
  cause {
    what  = "a wrong path, or the two are swapped"
    check = "head -1 cli.crt cli.key"
    fix   = "--cert cli.crt --key cli.key, each with the file that it is called after"
  }
  cause {
    what  = "they come from two issues"
    check = "openssl x509 -in cli.crt -noout -pubkey | openssl sha256; openssl pkey -in cli.key -pubout | openssl sha256"
    fix   = "issue both by one request; see lab explain CERT101"
  }
}

message "curl-ca-file" {
  text  = "error setting certificate verify locations"
  also  = ["error setting certificate file", "error adding trust anchors from file"]
  who   = "curl, of the file of --cacert"
  means = "The file is not there, is empty, or is no PEM."
  cause {
    what  = "a wrong path"
    check = "head -1 ca.crt"
    fix   = "curl --cacert /opt/nomad/agent-certs/ca.crt"
  }
}

message "curl-no-http" {
  text  = "Empty reply from server"
  also  = ["Received HTTP/0.9 when not allowed"]
  who   = "curl, of a port that does not speak HTTP"
  means = "Something listens there, and it is not an HTTP port."
  cause {
    what  = "4647 (RPC) or 4648 (gossip) instead of 4646"
    check = "lab probe HOST:4647"
    fix   = "port 4646"
  }
  cause {
    what  = "http:// to a port that speaks TLS"
    check = "lab probe HOST:PORT"
    fix   = "https://, with --cacert"
  }
}

message "openssl-key-values" {
  text  = "key values mismatch"
  who   = "openssl or nginx, of a certificate and a key"
  means = "They do not belong together."
  cause {
    what  = "two issues"
    check = "openssl x509 -in agent.crt -noout -pubkey | openssl sha256; openssl pkey -in agent.key -pubout | openssl sha256"
    fix   = "issue both by one request; see lab explain CERT101"
  }
}

message "openssl-no-start-line" {
  text  = "no start line"
  also  = ["unable to load certificate", "Could not read certificate"]
  who   = "openssl, of a file"
  means = "There is no PEM block of that kind in it."
  cause {
    what  = "it is empty, DER, or the other file of the pair"
    check = "head -1 FILE"
    fix   = "the right file, or -inform der"
  }
}

message "openssl-bad-decrypt" {
  text  = "bad decrypt"
  also  = ["maybe wrong password"]
  who   = "openssl, of an encrypted key"
  means = "The password is wrong. Nomad can use no encrypted key at all."
  cause {
    what  = "the key has a password"
    check = "head -1 agent.key"
    fix   = "openssl pkey -in agent.key -out plain.key"
  }
}

message "template-command-failed" {
  text  = "child: command exited with a non-zero exit status"
  also  = ["failed to execute command"]
  who   = "consul-template, of a template's command"
  means = "The files are written, and what was to tell Nomad of them failed. consul-template exits."
  cause {
    what  = "systemctl may not be run by consul-template's user, or Nomad is not running"
    check = "run the command as that user; systemctl status nomad"
    fix   = "a rule for polkit or sudo, or command = \"systemctl try-reload-or-restart nomad\""
  }
}

message "template-does-not-parse" {
  text  = "parse: template:"
  also  = ["missing value for if", "unexpected EOF in template", "unclosed action"]
  who   = "consul-template, of a template"
  means = "The template is not one: behind it stand the line and what is wrong with it."
  cause {
    what  = "an {{ end }} is missing, or a brace"
    check = "lab verify FILE: it points at the line"
    fix   = "one {{ end }} for each with, range and if"
  }
}

message "ca-file-not-found" {
  text  = "Error loading CA File"
  also  = ["Error loading CA File: open *: no such file or directory"]
  who   = "the nomad or vault command, of NOMAD_CACERT, VAULT_CACERT or -ca-cert"
  means = "The file is not there, or this user may not read it."
  cause {
    what  = "it is another user's file, or it was renamed"
    check = "ls -l $NOMAD_CACERT $VAULT_CACERT"
    fix   = "export NOMAD_CACERT=/opt/nomad/agent-certs/ca.crt, mode 0644"
  }
}
