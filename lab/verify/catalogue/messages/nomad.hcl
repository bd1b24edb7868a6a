# What Nomad says: agents in their logs, servers to callers, the command line.

message "non-tls-connection" {
  text  = "non-TLS connection attempted with RequireTLS set"
  who   = "a server in its log, of a caller that speaks plaintext"
  means = "TLS is required and somebody still speaks plaintext: the address is in the line."
  cause {
    what  = "an agent that was not moved to TLS"
    check = "remote_addr in the line; nomad node status -verbose"
    fix   = "its tls block, then reload it: it has until its heartbeat timer ends"
  }
  cause {
    what  = "a TCP or HTTP health check, or a port scanner"
    check = "who is at remote_addr"
    fix   = "check /v1/agent/health on 4646 instead"
  }
  scenario = "lab run rpc-upgrade-mode --break forget-a-client"
}

message "tls-not-configured" {
  text  = "TLS connection attempted, server not configured for TLS"
  who   = "a server in its log, of a caller that speaks TLS"
  means = "The caller was moved to TLS before this server."
  cause {
    what  = "clients were moved first"
    check = "lab probe SERVER:4647"
    fix   = "servers first, in rpc_upgrade_mode with verify_server_hostname = false; then clients"
  }
  scenario = "lab run rpc-upgrade-mode --break clients-first"
}

message "failed-tls-handshake" {
  text  = "failed TLS handshake"
  who   = "a server in its log, of a caller"
  means = "The reason stands behind it in `error=`: explain that one."
  cause {
    what  = "see the text behind `error=`"
    check = "the line's error and remote_addr"
    fix   = "lab explain \"<the error>\""
  }
  wrapper = true
}

message "inner-tls" {
  text  = "TLS connection attempting to establish inner TLS connection"
  who   = "a server in its log, of a caller"
  means = "TLS inside TLS: something between wraps the agent's own TLS."
  cause {
    what  = "a proxy or a mesh that adds TLS to port 4647"
    check = "remote_addr in the line"
    fix   = "pass RPC through as TCP"
  }
}

message "role-or-region" {
  text  = "invalid role or region for certificate"
  who   = "a server in its log, of a caller's certificate"
  means = "With verify_server_hostname a caller must have client.<own region>.nomad or server.<region>.nomad."
  cause {
    what  = "a certificate for a host or for the command line (cli.<region>.nomad) on RPC"
    check = "openssl x509 -in agent.crt -noout -ext subjectAltName on the caller"
    fix   = "issue it with common_name=client.<region>.nomad"
  }
  cause {
    what  = "a client of another region"
    check = "grep region /etc/nomad.d/*.hcl on the caller"
    fix   = "the same region in both; see lab explain TLS011"
  }
  scenario = "lab run role-and-region"
}

message "invalid-certificate" {
  text  = "invalid certificate: * not in expected"
  also  = ["invalid certificate, * not in", "unauthorized raft connection from", "request certificate is only valid for"]
  who   = "a server, of a caller's certificate"
  means = "This call needs a server's (or a client's) certificate of this region, and the caller has another."
  cause {
    what  = "a client's certificate on a server, or the other way round"
    check = "lab verify (CERT103, CERT104)"
    fix   = "the right certificate for the role"
  }
}

message "missing-certificate-information" {
  text  = "missing certificate information"
  who   = "a server, of a call over plaintext"
  means = "verify_server_hostname wants a certificate, and the call came in plaintext: rpc_upgrade_mode let the connection in."
  cause {
    what  = "rpc_upgrade_mode with verify_server_hostname"
    check = "lab verify (TLS002)"
    fix   = "verify_server_hostname = false until all clients speak TLS"
  }
  scenario = "lab run rpc-upgrade-mode --break verify-too-early"
}

message "rpc-permission-denied" {
  text  = "rpc error: Permission denied"
  also  = ["error registering: error=\"rpc error: Permission denied", "failed to update status: rpc error: Permission denied"]
  who   = "a server, of an agent's call"
  means = "The agent's certificate (or its plaintext) or its node identity is not accepted for this call. Since 1.11 heartbeats are among them."
  cause {
    what  = "a plaintext client while servers have rpc_upgrade_mode and verify_server_hostname"
    check = "lab verify (TLS002); lab probe SERVER:4647"
    fix   = "verify_server_hostname = false on the servers until the clients speak TLS"
  }
  cause {
    what  = "a certificate without client.<region>.nomad"
    check = "lab verify (CERT103)"
    fix   = "issue it for the role and region"
  }
  cause {
    what  = "the node's identity ended (1.11: a clock that jumped, or renewal that failed)"
    check = "nomad node identity; the server's clock"
    fix   = "restart the client"
  }
  scenario = "lab run rpc-upgrade-mode --break verify-too-early"
}

message "rpc-eof" {
  text  = "rpc error: failed to get conn: EOF"
  also  = ["rpc error: EOF", "session shutdown", "rpc error: failed to get conn: read tcp", "lead thread didn't get connection"]
  who   = "an agent or the command line, of a server that ended the connection"
  means = "The server closed without a word: it speaks TLS and we plaintext, or we TLS and it plaintext; or it was just reloaded, and the next call works."
  cause {
    what  = "a reload or restart of the server: one to five seconds of it are normal"
    check = "the server's log: `reloading server connections due to configuration changes`"
    fix   = "wait; nothing"
  }
  cause {
    what  = "one of the two speaks TLS"
    check = "the server's log: `non-TLS connection attempted` or `server not configured for TLS`"
    fix   = "the same tls.rpc on both; lab plan"
  }
}

message "verify-no-ca" {
  text  = "VerifyIncoming set, and no CA certificate provided!"
  also  = ["VerifyOutgoing set, and no CA certificate provided!", "VerifyIncoming set, and no Cert/Key pair provided!"]
  who   = "an agent when it starts, of its tls block"
  means = "rpc = true needs ca_file, cert_file and key_file."
  cause {
    what  = "one of the three is not set"
    check = "lab verify (TLS001)"
    fix   = "set it"
  }
}

message "parse-ca-file" {
  text  = "Failed to parse any valid certificates in CA file"
  also  = ["Failed to read CA file"]
  who   = "an agent, of its ca_file"
  means = "The file is not there, is empty, or holds no certificate. On a reload this ends a client agent."
  cause {
    what  = "the template rendered nothing, or a key was put there"
    check = "openssl x509 -in ca.crt -noout -subject"
    fix   = "the CA's certificate in PEM"
  }
}

message "load-key-pair" {
  text  = "Failed to load cert/key pair"
  who   = "an agent, of cert_file and key_file"
  means = "The reason stands behind it."
  cause {
    what  = "see the text behind it"
    check = "lab verify (TLS001, CERT101, CERT112)"
    fix   = "lab explain \"<the text behind it>\""
  }
  wrapper = true
}

message "reload-failed" {
  text  = "failed to reload the config"
  also  = ["Fatal error while reloading", "reloading client config failed", "reloading server config failed", "Failed to reload configs"]
  who   = "an agent on SIGHUP"
  means = "The new configuration or certificates were not taken. Old certificates stay in use, or since 1.10.1 the agent exits where a client's files are unreadable."
  cause {
    what  = "certificate and key do not match (half a rotation)"
    check = "lab verify (CERT101)"
    fix   = "write both, reload again"
  }
  cause {
    what  = "a file is missing or unreadable for Nomad's user"
    check = "sudo -u nomad cat /opt/nomad/agent-certs/agent.key >/dev/null"
    fix   = "mend it before the next reload; start the agent again if it exited"
  }
}

message "tls-configuration-warning" {
  text  = "Error when parsing TLS configuration"
  who   = "`nomad config validate` or an agent, of the files that its tls block names"
  means = "A file cannot be read. It is only a warning here, and `Configuration is valid!` follows; the agent will not start."
  cause {
    what  = "the path is wrong or relative"
    check = "lab verify (TLS001)"
    fix   = "absolute paths"
  }
}

message "mtls-not-configured" {
  text  = "mTLS is not configured - Nomad is not secure without mTLS!"
  who   = "an agent when it starts"
  means = "tls.http or tls.rpc is off. A reminder, not an error."
  cause {
    what  = "TLS is not on for both"
    check = "nomad agent-info; lab probe"
    fix   = "lab plan PATH"
  }
}

message "use-of-closed" {
  text  = "failed to accept RPC conn: error=\"accept tcp * use of closed network connection"
  also  = ["use of closed network connection"]
  who   = "a server in its log, of itself"
  means = "Every successful TLS reload prints this ERROR line: the listener is closed and opened again."
  cause {
    what  = "a reload with new certificates"
    check = "`reloading server connections due to configuration changes` a line before"
    fix   = "nothing"
  }
}

message "reloading-connections" {
  text  = "reloading server connections due to configuration changes"
  who   = "a server in its log"
  means = "A reload was taken: new connections use the new files. Old connections serve one more request each."
  cause {
    what  = "certificates changed, or tls.rpc"
    check = "lab probe ADDR --config PATH"
    fix   = "nothing; without this line a reload did not touch RPC, rpc_upgrade_mode included"
  }
}

message "downgrading" {
  text  = "downgrading agent's existing TLS configuration to plaintext"
  who   = "an agent in its log on SIGHUP"
  means = "The tls block is gone or empty, and the agent goes back to plaintext at once."
  cause {
    what  = "a rollback, or a file that was left out"
    check = "ls /etc/nomad.d"
    fix   = "put the tls block back and reload; lab plan --goal plaintext for a rollback in order"
  }
}

message "unrecognized-rpc-byte-22" {
  text  = "unrecognized RPC byte: byte=22"
  who   = "a server in its log, of a caller"
  means = "A TLS ClientHello without Nomad's byte before it: somebody speaks plain TLS to port 4647."
  cause {
    what  = "an HTTPS health check, a load balancer, or openssl s_client on 4647"
    check = "remote address of the connection"
    fix   = "check 4646, or TCP only"
  }
}

message "unrecognized-rpc-byte" {
  text  = "unrecognized RPC byte: byte="
  who   = "a server in its log, of a caller"
  means = "Something that is not Nomad spoke to the RPC port: 71 and 80 are the G of GET and the P of POST."
  cause {
    what  = "HTTP sent to 4647, such as NOMAD_ADDR with the wrong port"
    check = "echo $NOMAD_ADDR"
    fix   = "port 4646 for HTTP"
  }
}

message "no-cluster-leader" {
  text  = "No cluster leader"
  also  = ["failed to query servers: No cluster leader"]
  who   = "a server, to any caller"
  means = "No server leads: during an election for seconds, or because too few servers reach each other."
  cause {
    what  = "an election after a restart"
    check = "nomad operator raft list-peers"
    fix   = "wait ten seconds before the next server"
  }
  cause {
    what  = "servers half in TLS: gossip shows all alive, and Raft reaches nobody"
    check = "nomad server members (all alive), lab probe each:4647"
    fix   = "the same tls.rpc on all, or rpc_upgrade_mode; see lab explain TLS012"
  }
}

message "heartbeat-ttl" {
  text  = "node TTL expired"
  also  = ["heartbeat missed", "Node heartbeat missed"]
  who   = "the leader in its log, of a client"
  means = "A client has not heartbeat for its TTL and grace (20 to 30 s in small clusters): it is down and its allocations are lost and placed elsewhere."
  cause {
    what  = "the client speaks plaintext to servers that refuse it, or TLS to servers that do not speak it"
    check = "the client's log: client.rpc: error performing RPC to server"
    fix   = "servers in rpc_upgrade_mode first; lab plan computes the time there is"
  }
  cause {
    what  = "its certificate ended"
    check = "lab probe; openssl x509 -noout -dates"
    fix   = "renew and reload"
  }
  scenario = "lab run rpc-upgrade-mode --break no-upgrade-mode"
}

message "missed-heartbeat" {
  text  = "missed heartbeat: req_latency="
  also  = ["error heartbeating. retrying"]
  who   = "a client in its log"
  means = "A heartbeat came too late or failed; it is tried again. The error behind it says why."
  cause {
    what  = "a server that was being reloaded"
    check = "the error in the line"
    fix   = "lab explain \"<the error>\" where it goes on for more than five seconds"
  }
}

message "dequeue-denied" {
  text  = "failed to dequeue evaluation"
  who   = "a server's scheduler in its log, of the leader"
  means = "This server may not ask the leader for work: its certificate is not a server's, or it speaks plaintext to a leader that checks names."
  cause {
    what  = "a server certificate without server.<region>.nomad"
    check = "lab verify (CERT103)"
    fix   = "issue it with that name"
  }
  cause {
    what  = "a plaintext server beside one with rpc_upgrade_mode and verify_server_hostname"
    check = "lab probe each server"
    fix   = "verify_server_hostname = false until all servers speak TLS"
  }
}

message "raft-append" {
  text  = "failed to appendEntries to"
  also  = ["failed to make requestVote RPC", "failed to heartbeat to: peer", "failed to contact quorum of nodes"]
  who   = "a server's Raft in its log, of another server"
  means = "Raft does not get through to that server."
  cause {
    what  = "EOF: the other refuses this server's certificate for Raft (name or region), without a log line of its own"
    check = "lab verify (CERT103, TLS011)"
    fix   = "server.<region>.nomad in the certificate"
  }
  cause {
    what  = "TLS on one of the two only"
    check = "lab probe both"
    fix   = "rpc_upgrade_mode, followers first and leader last"
  }
}

message "expiration-metrics" {
  text  = "failed to set up TLS expiration metrics"
  who   = "an agent of 1.11.3 when it starts, of cert_file"
  means = "The first PEM block of cert_file is not a certificate."
  cause {
    what  = "a combined file with the key first"
    check = "head -1 agent.pem"
    fix   = "the certificate first; see lab explain CERT112"
  }
}

message "unexpected-keys-prefer" {
  text  = "unexpected keys tls_prefer_server_cipher_suites"
  who   = "an agent when it starts, of its configuration"
  means = "The attribute was removed in 1.9."
  cause {
    what  = "an upgrade from 1.8 or earlier"
    check = "grep -rn tls_prefer_server_cipher_suites /etc/nomad.d"
    fix   = "remove the line"
  }
}

message "unexpected-keys" {
  text  = "unexpected keys"
  also  = ["has invalid keys"]
  who   = "Nomad or consul-template, of a configuration file"
  means = "A name that the program does not know: a typing error, a block in the wrong file, or one that was removed."
  cause {
    what  = "a typing error"
    check = "lab verify PATH shows the place"
    fix   = "the right name"
  }
}

message "cipher-signature" {
  text  = "Specified cipher suites don't support the certificate signature algorithm"
  also  = ["Unsupported signature algorithm", "unsupported TLS cipher", "unsupported TLS version"]
  who   = "an agent when it starts, of its tls block"
  means = "tls_cipher_suites or tls_min_version do not fit the key, or the key is Ed25519."
  cause {
    what  = "RSA suites with an EC key, or the other way round"
    check = "lab verify (TLS010)"
    fix   = "remove tls_cipher_suites; key_type rsa or ec"
  }
}

message "https-health-check" {
  text  = "not registering Nomad HTTPS Health Check because verify_https_client enabled"
  who   = "an agent in its log, of Consul's checks"
  means = "Consul has no certificate to show, so the check is left out."
  cause {
    what  = "verify_https_client = true"
    check = "lab verify (TLS006)"
    fix   = "accept it, or verify_https_client = false"
  }
}

message "both-client-cert-and-key" {
  text  = "Both client cert and client key must be provided"
  who   = "the command line, of its environment"
  means = "Only one of NOMAD_CLIENT_CERT and NOMAD_CLIENT_KEY is set."
  cause {
    what  = "one variable is missing"
    check = "env | grep NOMAD_CLIENT"
    fix   = "set both"
  }
}

message "too-many-connections" {
  text  = "rejecting client for exceeding maximum RPC connections"
  also  = ["Your IP is issuing too many concurrent connections"]
  who   = "a server, of one address"
  means = "More than limits.rpc_max_conns_per_client (100) connections from there: NAT, or a loop of failed handshakes."
  cause {
    what  = "many clients behind one address"
    check = "ss -tn | grep :4647"
    fix   = "limits { rpc_max_conns_per_client = 0 } and a restart"
  }
}

message "gossip-key" {
  text  = "No installed keys could decrypt the message"
  also  = ["Remote state is not encrypted", "Remote state is encrypted and encryption is not configured"]
  who   = "a server's gossip in its log"
  means = "The servers do not have the same `encrypt` key, or only some have one."
  cause {
    what  = "the key was added to some servers only; a reload does not turn it on"
    check = "grep encrypt /etc/nomad.d/*.hcl on each server"
    fix   = "the same key everywhere, and a restart of each"
  }
}

message "keyring-exists" {
  text  = "keyring exists but -encrypt given, using keyring"
  who   = "a server when it starts"
  means = "The key in the configuration is ignored: the stored keyring counts."
  cause {
    what  = "the key was changed in the file"
    check = "nomad operator gossip keyring list"
    fix   = "nomad operator gossip keyring install, use, remove"
  }
}

message "no-node-identity" {
  text  = "unable to find token for workload * and identity \"vault_"
  also  = ["failed to retrieve signed workload identity"]
  who   = "a client in its log, of a task with a vault block"
  means = "The job has no identity for Vault: servers add it when the job is registered, if they have default_identity. It is tried for ever and the task stays pending."
  cause {
    what  = "no vault { default_identity } on the servers when the job was registered"
    check = "nomad job inspect JOB | grep vault_default; lab verify (WID406)"
    fix   = "default_identity on all servers, restart, nomad job run again"
  }
}

message "derive-vault-token" {
  text  = "failed to derive Vault token"
  also  = ["failed to derive vault token", "failed to login with JWT"]
  who   = "a client in its log, of Vault's answer"
  means = "The login with the workload's identity was refused; the reason is Vault's, behind `Errors:`."
  cause {
    what  = "see Vault's text behind it"
    check = "nomad alloc status: the event `Killing`"
    fix   = "lab explain \"<Vault's text>\""
  }
  wrapper = true
}

message "vault-constraint" {
  text  = "Constraint \"${attr.vault.version} semver"
  who   = "the scheduler, of clients without Vault"
  means = "No client sees Vault: its fingerprint failed (Vault down or sealed when it started, a TLS error, vault not enabled)."
  cause {
    what  = "the vault block is missing or not enabled on the clients"
    check = "nomad node status -verbose NODE | grep vault"
    fix   = "vault { enabled = true address = ... } on the clients, and a restart"
  }
}

message "vault-not-enabled" {
  text  = "Vault \"default\" not enabled but used in the job"
  who   = "a server, of a job"
  means = "The servers' configuration has no enabled vault block."
  cause {
    what  = "vault { enabled = true } is missing on the servers"
    check = "lab verify (WID406)"
    fix   = "the block with default_identity on every server, and a restart"
  }
}

message "missing-vault-read" {
  text  = "Missing: vault.read("
  also  = ["Missing: vault.write(", "Missing: vault.pki("]
  who   = "a task's template, of what Vault has not answered yet"
  means = "The template waits for a secret. After twelve attempts the task is killed."
  cause {
    what  = "the policy does not allow the path (403), or nothing is there"
    check = "nomad alloc status; vault kv get PATH with the task's policy"
    fix   = "the policy's path: kv/data/<namespace>/<job>/..., with the mount's accessor in it"
  }
}

message "jwks-unreachable" {
  text  = "Nomad JWKS endpoint unreachable"
  who   = "`nomad setup vault`, of Vault's answer"
  means = "Vault could not fetch the keys at -jwks-url. The method stays enabled without configuration, and the next run stumbles over it."
  cause {
    what  = "the URL says http:// or localhost, or the agent wants a client certificate"
    check = "curl from Vault's machine; lab verify (WID402)"
    fix   = "-jwks-url https://... -jwks-ca-file ca.crt; vault auth disable jwt-nomad before the next run"
  }
}

message "advertise-localhost" {
  text  = "Defaulting advertise to localhost is unsafe, please set advertise manually"
  who   = "an agent when it starts"
  means = "It is bound to the loopback address and was not told how others reach it. It does not start."
  cause {
    what  = "bind_addr = \"127.0.0.1\" without an advertise block"
    check = "nomad config validate says nothing of it"
    fix   = "advertise { http = \"10.0.0.1\" rpc = \"10.0.0.1\" serf = \"10.0.0.1\" }, one a line"
  }
}

message "raft-heartbeat-timeout" {
  text  = "heartbeat timeout reached, starting election"
  who   = "a server in its log, of the leader"
  means = "It has not heard of the leader for a while. Once at the start is normal."
  cause {
    what  = "TLS on some servers only: those that speak it cannot dial the others"
    check = "lab probe --rpc of each server; lab verify (TLS012)"
    fix   = "the leader last: see lab plan"
  }
  cause {
    what  = "a server's certificate is over, or of another authority"
    check = "its log: failed TLS handshake; lab verify (CERT102, CERT109)"
    fix   = "new certificates, and a reload"
  }
  scenario = "lab run rpc-upgrade-mode --break no-upgrade-mode"
}

message "acl-token-not-found" {
  text  = "ACL token not found"
  who   = "a server, of the token in a request"
  means = "The token is none of this cluster's: it was deleted, has ended, or is another cluster's."
  cause {
    what  = "NOMAD_TOKEN is an old one"
    check = "nomad acl token self"
    fix   = "export NOMAD_TOKEN=..., a token of this cluster"
  }
  cause {
    what  = "NOMAD_ADDR leads to another cluster than the token is for"
    check = "nomad server members"
    fix   = "the right address"
  }
}

message "no-path-to-region" {
  text  = "No path to region"
  who   = "a server, of a request for another region"
  means = "None of the servers that it knows by gossip is in that region."
  cause {
    what  = "NOMAD_REGION or -region is misspelled"
    check = "nomad server members; env | grep NOMAD_REGION"
    fix   = "the region as it stands there"
  }
  cause {
    what  = "the servers of the two regions never joined"
    check = "nomad server members -verbose"
    fix   = "nomad server join ADDRESS; certificates need server.<region>.nomad for each region"
  }
}

message "no-servers" {
  text  = "no servers available"
  also  = ["error=\"no servers\"", "No servers"]
  who   = "a client in its log, of the servers that it knows"
  means = "It knows no server, or has failed with every one that it knows."
  cause {
    what  = "no `servers` or `server_join` in its client block, or Consul does not answer"
    check = "nomad agent-info; nomad node config -servers"
    fix   = "client { servers = [\"server-1:4647\"] }"
  }
  cause {
    what  = "one of the two speaks TLS"
    check = "lab probe server-1:4647"
    fix   = "the same tls.rpc on both; lab plan"
  }
}

message "wrong-region" {
  text  = "part of wrong region"
  who   = "a server, of one that wants to join it"
  means = "Servers of two regions were told to join as if they were of one."
  cause {
    what  = "`region` is set on one of them and left out on the other"
    check = "grep -r region /etc/nomad.d"
    fix   = "the same region; certificates with server.<region>.nomad for it"
  }
}

message "acl-permission-denied" {
  text  = "403 (Permission denied)"
  who   = "a Nomad agent, of the token in a request"
  means = "Access control is on, and the token's policies do not allow this; without a token the policy `anonymous` counts."
  cause {
    what  = "NOMAD_TOKEN is not set"
    check = "nomad acl token self"
    fix   = "export NOMAD_TOKEN=..."
  }
  cause {
    what  = "the policy lacks the capability, or is for another namespace"
    check = "nomad acl policy info NAME"
    fix   = "the capability in the policy, or -namespace"
  }
}

message "aws-ca-bundle" {
  text  = "unable to add custom RootCAs HTTPClient"
  also  = ["failed to setup IMDS client"]
  who   = "a client agent that does not start, of its own environment"
  means = "AWS_CA_BUNDLE is set where the agent starts. What asks for AWS's metadata cannot take it, and that ends the agent, on machines that are not AWS's too."
  cause {
    what  = "the unit, the image or the shell sets AWS_CA_BUNDLE"
    check = "env | grep AWS_CA_BUNDLE; systemctl show nomad -p Environment"
    fix   = "unset AWS_CA_BUNDLE; in a unit: UnsetEnvironment=AWS_CA_BUNDLE"
  }
}
