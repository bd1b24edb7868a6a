# A week with certificates that live for a day: consul-template fetches a new pair on every node
# each day and reloads the agent. Nothing may notice.
format_version = 1

scenario "daily-certificates" {
  summary = "Seven days of 24 h certificates, renewed without losing a client"
  source  = "guide 003, steps 10-12, for a week"

  # On real servers a day takes a minute.
  time_scale = 1440

  cluster {
    region  = "global"
    servers = 3
    clients = 3
    job "app" { count = 3 }
  }

  invariant "quorum" { longest_election = "20s" }
  invariant "no_client_down" {}
  invariant "no_allocation_lost" {}
  invariant "key_matches_certificate" {}
  invariant "certificates_fresh" { max_age = "24h" }
  invariant "no_secret" {}

  step "authority" {
    summary = "Make the authorities, the role and the token"
    source  = "guide 003, steps 1-9; the token is periodic, since it must outlive a week"
    why     = "A periodic token can be renewed for ever; any other ends at its maximum lifetime and takes the certificates with it."
    without = "consul-template cannot renew itself once its token has ended."
    init_vault {
      shares    = 1
      threshold = 1
    }
    unseal_vault {}
    root_ca { ttl = "87600h" }
    intermediate_ca { ttl = "43800h" }
    role "nomad-cluster" {
      allowed_domains  = "global.nomad"
      allow_subdomains = true
      max_ttl          = "86400s"
      require_cn       = false
      generate_lease   = true
    }
    policy "tls-policy" {
      rules = <<-EOT
        path "pki_int/issue/nomad-cluster" {
          capabilities = ["update"]
        }
      EOT
    }
    token "consul-template" {
      policies = ["tls-policy"]
      period   = "24h"
    }
  }

  step "certificates" {
    summary = "Render certificates on every node; the agents trust the root"
    source  = "guide 003, steps 10-12"
    why     = "Certificate and key share one secret call, so that they are always a pair."
    without = "There is nothing to switch TLS on with."
    render {
      on    = all
      trust = root
      ttl   = "24h"
    }
  }

  step "mtls" {
    summary = "Mutual TLS everywhere"
    why     = "The agents start with the certificates of the first day."
    without = "There is nothing to rotate."
    tls {
      on                     = all
      http                   = true
      rpc                    = true
      verify_server_hostname = true
      verify_https_client    = true
    }
    restart {
      order = "given"
      batch = 10000
      pause = "10s"
    }
    assert {
      condition     = leader == present && clients_ready == all && plaintext_rpc == refused
      error_message = "the cluster did not come up with mutual TLS"
    }
  }

  step "week" {
    summary = "A week passes"
    why     = "Each certificate is replaced after 85 to 95 percent of its life, at another moment on every node."
    without = "Expired certificates show only when somebody opens a new connection."
    wait { duration = "168h" }
    assert {
      condition     = leader == present && clients_ready == all
      error_message = "the week left its mark"
    }
  }

  break "pkicert-in-two-templates" {
    summary  = "pkiCert in two templates: each has a certificate of its own, and the key does not match"
    violates = ["key_matches_certificate"]
    replace "certificates" {
      render {
        on       = all
        trust    = root
        ttl      = "24h"
        function = pkiCert
      }
    }
  }

  break "vault-sealed" {
    summary  = "Vault is sealed on the first day and nobody unseals it: renewal fails until the certificates expire"
    violates = ["certificates_fresh"]
    insert "seal" {
      after   = "mtls"
      summary = "Vault restarts, and nobody unseals it"
      seal_vault {}
    }
    replace "week" {
      summary = "A day passes, and an hour more"
      wait { duration = "25h" }
    }
  }

  break "expired-root" {
    summary  = "The root was made for three days only: no authority outlives it, and no certificate either"
    violates = ["certificates_fresh"]
    replace "authority" {
      init_vault {
        shares    = 1
        threshold = 1
      }
      unseal_vault {}
      root_ca { ttl = "72h" }
      intermediate_ca { ttl = "72h" }
      role "nomad-cluster" {
        allowed_domains  = "global.nomad"
        allow_subdomains = true
        max_ttl          = "86400s"
        require_cn       = false
        generate_lease   = true
      }
      policy "tls-policy" {
        rules = <<-EOT
          path "pki_int/issue/nomad-cluster" {
            capabilities = ["update"]
          }
        EOT
      }
      token "consul-template" {
        policies = ["tls-policy"]
        period   = "24h"
      }
    }
    replace "week" {
      summary = "Almost three days pass: what was renewed last has run out"
      wait { duration = "68h" }
    }
  }
}
