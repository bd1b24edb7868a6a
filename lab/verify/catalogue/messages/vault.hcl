# What Vault says, and what consul-template says of it.

message "cn-not-allowed" {
  text  = "common name * not allowed by this role"
  who   = "Vault, of a request to issue"
  means = "The role's domains do not cover the name."
  cause {
    what  = "the role allows other domains, or subdomains only (allow_bare_domains is off)"
    check = "vault read pki_int/roles/NAME"
    fix   = "allowed_domains=server.global.nomad allow_bare_domains=true"
  }
  cause {
    what  = "a client's role asked for a server's name: then it does what it should"
    check = "the template's common_name"
    fix   = "common_name=client.global.nomad"
  }
}

message "san-not-allowed" {
  text  = "subject alternate name * not allowed by this role"
  who   = "Vault, of a request to issue"
  means = "One of alt_names is not covered by the role."
  cause {
    what  = "localhost with allow_localhost=false, or a host name"
    check = "vault read pki_int/roles/NAME"
    fix   = "allow_localhost=true, or the host in allowed_domains"
  }
}

message "ip-sans-not-allowed" {
  text  = "IP Subject Alternative Names are not allowed in this role"
  who   = "Vault, of a request to issue"
  means = "The role has allow_ip_sans=false and the request has ip_sans."
  cause {
    what  = "allow_ip_sans=false"
    check = "vault read pki_int/roles/NAME"
    fix   = "allow_ip_sans=true: ip_sans=127.0.0.1 is what the command line on the node needs"
  }
}

message "cn-required" {
  text  = "the common_name field is required"
  who   = "Vault, of a request to issue"
  means = "The role has require_cn=true (the default) and the request has no common_name."
  cause {
    what  = "the guide's cli template without common_name"
    check = "vault read pki_int/roles/NAME"
    fix   = "common_name=cli.global.nomad in the template, or require_cn=false"
  }
}

message "beyond-ca" {
  text  = "cannot satisfy request, as TTL would result in notAfter * beyond the expiration of the CA certificate"
  also  = ["cannot satisfy request, as TTL would result in notAfter"]
  who   = "Vault, of a request to issue"
  means = "The certificate would outlive its issuer: issuing fails from one TTL before the issuer's end."
  cause {
    what  = "the intermediate is near its end"
    check = "vault read -field=certificate pki_int/issuer/default | openssl x509 -noout -enddate"
    fix   = "a new intermediate: lab plan --goal new-ca"
  }
  cause {
    what  = "the mount was not tuned: the CA was made for 768h"
    check = "vault read sys/mounts/pki_int/tune"
    fix   = "vault secrets tune -max-lease-ttl=43800h pki_int, and make the CA anew"
  }
}

message "longer-than-max-ttl" {
  text  = "is longer than permitted maxTTL"
  who   = "Vault as a warning, of a request"
  means = "The certificate is shorter than was asked for."
  cause {
    what  = "the role's max_ttl or the mount's max_lease_ttl"
    check = "vault read pki_int/roles/NAME; vault read sys/mounts/pki_int/tune"
    fix   = "raise max_ttl, or ask for less"
  }
}

message "no-default-issuer" {
  text  = "no default issuer currently configured"
  also  = ["unable to find PKI issuer for reference", "could not fetch the CA certificate (was one set?)"]
  who   = "Vault, of a PKI mount"
  means = "There is no issuer by that name, or no default one."
  cause {
    what  = "set-signed was not run, the issuer was deleted, or the role names another"
    check = "vault list pki_int/issuers; vault read pki_int/config/issuers"
    fix   = "vault write pki_int/config/issuers default=<issuer>"
  }
}

message "unknown-role" {
  text  = "unknown role:"
  who   = "Vault's PKI, of a request"
  means = "There is no role of that name at that mount."
  cause {
    what  = "a typing error in the template's path, or another mount"
    check = "vault list pki_int/roles"
    fix   = "the right path: pki_int/issue/<role>"
  }
}

message "aud-not-bound" {
  text  = "audience claim found in JWT but no audiences bound to the role"
  who   = "Vault, of a login with a workload's identity"
  means = "The role has no bound_audiences; Vault wants them since 1.16.3."
  cause {
    what  = "bound_audiences is missing"
    check = "vault read auth/jwt-nomad/role/nomad-workloads; lab verify (WID401)"
    fix   = "bound_audiences=vault.io, the same as aud in default_identity"
  }
}

message "aud-mismatch" {
  text  = "audience claim does not match any expected audience"
  also  = ["aud claim does not match any bound audience", "audience claim does not match any bound audience", "invalid audience (aud) claim"]
  who   = "Vault, of a login with a workload's identity"
  means = "The token is for another audience than the role takes."
  cause {
    what  = "default_identity.aud and bound_audiences differ"
    check = "lab verify (WID401)"
    fix   = "the same text in both"
  }
  cause {
    what  = "the default identity (aud nomadproject.io) was used: the task has no vault block, or its identity is not called vault_default"
    check = "nomad job inspect JOB"
    fix   = "vault {} in the task, or identity { name = \"vault_default\" aud = [\"vault.io\"] }"
  }
}

message "fetching-keys" {
  text  = "fetching keys oidc: get keys failed"
  also  = ["error checking jwks URL"]
  who   = "Vault, of Nomad's JWKS"
  means = "Vault cannot fetch the keys; the reason stands behind it."
  cause {
    what  = "http:// to an agent with tls.http, or https:// without jwks_ca_pem"
    check = "vault read auth/jwt-nomad/config; lab verify (TLS008, WID402)"
    fix   = "https:// and jwks_ca_pem=@ca.crt"
  }
  cause {
    what  = "the agent wants a client certificate"
    check = "lab probe --http HOST:4646"
    fix   = "verify_https_client = false there, or a proxy"
  }
}

message "id-token-signature" {
  text  = "failed to verify id token signature"
  also  = ["no known key successfully validated the token signature"]
  who   = "Vault, of a login with a workload's identity"
  means = "None of the keys that Vault knows signed the token, or it could not fetch newer ones: both say the same."
  cause {
    what  = "Vault cannot reach jwks_url (the fetch's own error is swallowed)"
    check = "curl --cacert ca.crt JWKS_URL from Vault's machine"
    fix   = "see `fetching keys`"
  }
  cause {
    what  = "the method belongs to another region's or another cluster's keys"
    check = "vault read auth/jwt-nomad/config"
    fix   = "one method for each region"
  }
}

message "role-not-found" {
  text  = "role * could not be found"
  also  = ["missing role"]
  who   = "Vault's JWT method, of a login"
  means = "There is no role of that name at that method."
  cause {
    what  = "the task's or the agent's role is written otherwise, or default_role is not set"
    check = "vault list auth/jwt-nomad/role; lab verify (WID403)"
    fix   = "the same name in both"
  }
}

message "oidc-role-type" {
  text  = "role with oidc role_type is not allowed"
  who   = "Vault's JWT method, of a login"
  means = "The role was written without role_type: the default is oidc."
  cause {
    what  = "role_type is missing, also after a partial update"
    check = "vault read auth/jwt-nomad/role/NAME"
    fix   = "role_type=jwt"
  }
}

message "claim-not-found" {
  text  = "claim * not found in token"
  also  = ["claim * is missing", "does not match any associated bound claim values", "could not be converted to string"]
  who   = "Vault's JWT method, of a token"
  means = "The role reads a claim that the token does not have, or not with that value."
  cause {
    what  = "user_claim=/nomad_job_id without user_claim_json_pointer=true"
    check = "lab verify (WID404)"
    fix   = "user_claim_json_pointer=true"
  }
  cause {
    what  = "bound_claims names another job, namespace or task"
    check = "vault read auth/jwt-nomad/role/NAME"
    fix   = "the job's own namespace and id, as texts"
  }
}

message "token-expired-jwt" {
  text  = "invalid expiration time (exp) claim: token is expired"
  also  = ["token issued in the future", "token not yet valid"]
  who   = "Vault's JWT method, of a token"
  means = "The clocks differ by more than a minute, or the identity was not renewed."
  cause {
    what  = "a clock"
    check = "timedatectl on Vault's and Nomad's machines"
    fix   = "time synchronisation"
  }
}

message "permission-denied" {
  text  = "permission denied"
  also  = ["preflight capability check returned 403"]
  who   = "Vault, of a token and a path"
  means = "The token is unknown, has ended, or its policies do not allow this."
  cause {
    what  = "the token ended: one failed renewal ends consul-template's renewal silently"
    check = "vault token lookup"
    fix   = "a periodic token: vault token create -policy=tls-policy -period=24h -orphan"
  }
  cause {
    what  = "the policy lacks the path or the capability (issue needs update)"
    check = "vault token capabilities PATH"
    fix   = "path \"pki_int/issue/<role>\" { capabilities = [\"update\"] }"
  }
}

message "vault-sealed" {
  text  = "Vault is sealed"
  who   = "Vault, of itself"
  means = "It was restarted and not unsealed. Certificates are not renewed meanwhile."
  cause {
    what  = "a restart"
    check = "vault status"
    fix   = "vault operator unseal"
  }
  scenario = "lab run daily-certificates --break vault-sealed"
}

message "missing-client-token" {
  text  = "missing client token"
  also  = ["invalid token", "bad token"]
  who   = "Vault, of a request"
  means = "No token came with the request, or one that Vault does not know."
  cause {
    what  = "VAULT_TOKEN is not set where the program runs"
    check = "systemctl show consul-template -p Environment"
    fix   = "vault_agent_token_file, or VAULT_TOKEN in the unit's environment"
  }
}

message "lease-not-renewable" {
  text  = "lease is not renewable"
  also  = ["invalid lease ID", "lease expired", "vault.token: failed to renew", "renewer done (maybe the lease expired)"]
  who   = "Vault, or consul-template of Vault's answer"
  means = "The token cannot be renewed (a root token, one past its maximum, one of a batch). consul-template 0.41 then never tries again."
  cause {
    what  = "renew_token = true with a root token"
    check = "vault token lookup | grep -E 'renewable|period|explicit_max_ttl'"
    fix   = "a periodic token, or renew_token = false with a token that lives for ever"
  }
}

message "ct-exceeded-retries" {
  text  = "exceeded maximum retries"
  who   = "consul-template in its log, of Vault"
  means = "Twelve attempts in five minutes failed, and it exits. Nothing is renewed until it is started again."
  cause {
    what  = "Vault was away for longer"
    check = "systemctl status consul-template"
    fix   = "Restart=always in its unit, and vault { retry { attempts = 0 } }"
  }
}

message "ct-needs-renewal" {
  text  = "needs renewal (retry attempt"
  who   = "consul-template in its log, of a certificate that pkiCert just got"
  means = "The certificate is so short that, with its backdating of 30 s, nine tenths of its life are over when it is issued."
  cause {
    what  = "a TTL below not_before_duration / 9 (3.3 s with 30 s)"
    check = "the ttl in the template"
    fix   = "ttl=24h"
  }
}

message "ct-missing-source" {
  text  = "failed to read template"
  also  = ["failed to read template: open *: no such file or directory", "template: must specify exactly one of 'source' or 'contents'", "missing file/folder"]
  who   = "consul-template when it starts, of a file"
  means = "A template or the configuration is not where it should be."
  cause {
    what  = "a path"
    check = "lab verify /etc/consul-template.d"
    fix   = "the right path"
  }
}

message "ct-function" {
  text  = "function \"*\" not defined"
  who   = "consul-template or Nomad, of a template"
  means = "There is no such function in this version: pkiCert is there since 0.29, writeToFile since 0.28."
  cause {
    what  = "an old consul-template, or a typing error"
    check = "consul-template -v"
    fix   = "a newer one"
  }
}

message "ct-retry" {
  text  = "(retry attempt"
  who   = "consul-template in its log, of a request to Vault"
  means = "A request failed and is tried again; the reason stands before it."
  cause {
    what  = "see the text before it"
    check = "vault status"
    fix   = "lab explain \"<the text before it>\""
  }
  wrapper = true
}

message "no-secret-exists" {
  text  = "no secret exists at"
  also  = ["no handler for route", "unsupported path"]
  who   = "consul-template or Vault, of a path"
  means = "Nothing is there: another mount, kv version 2 without data/, or a secret that was deleted."
  cause {
    what  = "the path"
    check = "vault secrets list; vault kv get PATH"
    fix   = "kv/data/... for kv version 2"
  }
}

message "path-in-use" {
  text  = "path is already in use at"
  who   = "Vault, of a mount or a method"
  means = "Something is mounted there already; a script that runs twice stumbles over it."
  cause {
    what  = "the second run of `nomad setup vault` after a first one that failed"
    check = "vault auth list; vault secrets list"
    fix   = "vault auth disable jwt-nomad where nothing uses it, or go on without enabling"
  }
}

message "sub-claim" {
  text  = "invalid subject (sub) claim"
  also  = ["sub claim does not match bound subject"]
  who   = "Vault, of a login with a workload's identity"
  means = "The role has a bound_subject that is not the token's. Nomad writes region:namespace:job:group:task:identity into it."
  cause {
    what  = "bound_subject on a role that several jobs use"
    check = "vault read auth/jwt-nomad/role/ROLE"
    fix   = "leave bound_subject out, and bind nomad_namespace and nomad_job_id in bound_claims"
  }
}

message "no-bound-constraint" {
  text  = "must have at least one bound constraint when creating/updating a role"
  who   = "Vault, of a JWT role that is written"
  means = "A role that binds nothing would let every token in."
  cause {
    what  = "bound_audiences is missing or empty"
    check = "the role's file: lab verify (WID401)"
    fix   = "bound_audiences = [\"vault.io\"], the same as aud of Nomad's default_identity"
  }
}

message "import-too-short" {
  text  = "provided data for import was too short"
  who   = "Vault, of intermediate/set-signed or issuers/import"
  means = "The parameter is a path, and the content was wanted."
  cause {
    what  = "certificate=FILE instead of certificate=@FILE"
    check = "the command"
    fix   = "vault write pki_int/intermediate/set-signed certificate=@bundle.pem"
  }
}

message "not-an-ip-address" {
  text  = "the value * is not a valid IP address"
  who   = "Vault, of a request to issue"
  means = "ip_sans holds something else than addresses."
  cause {
    what  = "a host name in ip_sans, or a template's variable that is empty"
    check = "the template's call: ip_sans=..."
    fix   = "names into alt_names, addresses into ip_sans, with commas between"
  }
}

message "policy-capability" {
  text  = "failed to parse policy: * invalid capability"
  who   = "Vault, of a policy that is written"
  means = "A capability is misspelt. A misspelt path is taken without a word."
  cause {
    what  = "read, list, create, update, patch, delete, sudo and deny are the only ones"
    check = "vault policy fmt FILE"
    fix   = "capabilities = [\"update\"] for pki_int/issue/ROLE"
  }
}

message "no-value-found" {
  text  = "No value found at *"
  who   = "the vault command, of a path"
  means = "There is no such mount, or nothing at this path."
  cause {
    what  = "the mount is called otherwise"
    check = "vault secrets list; vault auth list"
    fix   = "the path as that lists it; auth methods begin with auth/"
  }
}

message "vault-not-initialized" {
  text  = "Vault is not initialized"
  also  = ["security barrier not initialized"]
  who   = "Vault, of itself"
  means = "It has storage and nothing in it: no keys, no authorities, no tokens."
  cause {
    what  = "a new Vault"
    check = "vault status"
    fix   = "vault operator init, then vault operator unseal"
  }
  cause {
    what  = "its storage is another one than before: another path or volume, or -dev, which keeps nothing"
    check = "the `storage` block; ls -l of its path"
    fix   = "the old storage"
  }
}
