# The move of a small cluster that runs already, with as little waiting as it takes.
scenario "move" {
  summary = "Plaintext to mutual TLS on machines that exist"
  cluster {
    servers = 1
    clients = 1
  }
  invariant "no_plaintext" { after = "close" }
  invariant "key_matches_certificate" {}
  invariant "no_secret" {}

  step "authority" {
    root_ca {}
    intermediate_ca {}
    role "nomad-cluster" {
      allowed_domains  = "global.nomad"
      allow_subdomains = true
      max_ttl          = "86400s"
      require_cn       = false
      generate_lease   = true
    }
    policy "tls-policy" { rules = "path \"pki_int/issue/nomad-cluster\" {\n  capabilities = [\"update\"]\n}\n" }
    token "consul-template" {
      policies = ["tls-policy"]
      period   = "24h"
      no_parent = true
    }
  }
  step "certificates" {
    render { trust = root }
  }
  step "mixed" {
    tls {
      on                  = servers
      http                = true
      rpc                 = true
      rpc_upgrade_mode    = true
      verify_https_client = true
    }
    reload {}
  }
  step "clients" {
    tls {
      on                     = clients
      http                   = true
      rpc                    = true
      verify_server_hostname = true
      verify_https_client    = true
    }
    reload {}
  }
  step "close" {
    tls {
      on                     = servers
      rpc_upgrade_mode       = false
      verify_server_hostname = true
    }
    restart {}
    wait { duration = "15s" }
    assert {
      condition     = leader == present && clients_ready == all && plaintext_rpc == refused
      error_message = "the cluster did not come through"
    }
  }
}
