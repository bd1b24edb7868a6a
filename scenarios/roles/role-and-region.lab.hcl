# Who gets through which door: certificates of the right and the wrong role, region, authority,
# usage and age are tried on the RPC port, on Raft and on the HTTP port of every agent.
format_version = 1

scenario "role-and-region" {
  summary = "Every wrong certificate on every port"
  source  = "guide 003, step 7, with one role for servers and one for clients"

  cluster {
    region  = "global"
    servers = 3
    clients = 3
    job "app" { count = 3 }
  }

  invariant "quorum" { longest_election = "20s" }
  invariant "no_client_down" {}
  invariant "no_allocation_lost" {}
  invariant "no_plaintext" { after = "mtls" }
  invariant "role_and_region" { after = "mtls" }
  invariant "key_matches_certificate" {}
  invariant "no_secret" {}

  step "authority" {
    summary = "Make the root and the intermediate authority"
    source  = "guide 003, steps 1-6"
    why     = "All agents trust one authority; what tells them apart is the name it writes into a certificate."
    without = "There is nothing that all agents could trust."
    init_vault {
      shares    = 1
      threshold = 1
    }
    unseal_vault {}
    root_ca { ttl = "87600h" }
    intermediate_ca { ttl = "43800h" }
  }

  step "roles" {
    summary = "One PKI role, policy and token for servers, another for clients"
    source  = "guide 003, steps 7-9, which have one role for both"
    why     = "A server's name is all that Nomad asks of a server. A client's token must not be able to get it."
    without = "Whoever takes over one client can join Raft and read everything."
    role "nomad-server" {
      allowed_domains    = "server.global.nomad"
      allow_bare_domains = true
      max_ttl            = "86400s"
      require_cn         = false
      generate_lease     = true
    }
    role "nomad-client" {
      allowed_domains    = "client.global.nomad"
      allow_bare_domains = true
      max_ttl            = "86400s"
      require_cn         = false
      generate_lease     = true
    }
    policy "server-tls" {
      rules = "path \"pki_int/issue/nomad-server\" { capabilities = [\"update\"] }"
    }
    policy "client-tls" {
      rules = "path \"pki_int/issue/nomad-client\" { capabilities = [\"update\"] }"
    }
    token "servers" {
      policies = ["server-tls"]
      period   = "24h"
    }
    token "clients" {
      policies = ["client-tls"]
      period   = "24h"
    }
  }

  step "certificates" {
    summary = "Render certificates, each kind of node from its own role"
    source  = "guide 003, steps 10-12"
    why     = "Every agent needs its certificate, its key and the authority."
    without = "There is nothing to switch TLS on with."
    render {
      on    = servers
      role  = "nomad-server"
      token = "servers"
    }
    render {
      on    = clients
      role  = "nomad-client"
      token = "clients"
    }
  }

  step "mtls" {
    summary = "Mutual TLS everywhere, names checked"
    why     = "verify_server_hostname is what makes a name count."
    without = "Any certificate of the authority can do everything, Raft included."
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
      condition     = leader == present && clients_ready == all
      error_message = "the cluster did not come up with mutual TLS"
    }
  }

  step "try" {
    summary = "Try every wrong certificate on every port"
    why     = "The handshake, Raft and the RPC handlers check names separately, and HTTP checks none."
    without = "A configuration says what was meant; only a connection says what is."
    try_certificates {}
    assert {
      condition     = raft_as_client == refused && rpc_without_certificate == refused
      error_message = "a wrong certificate gets through"
    }
  }

  break "verify-off" {
    summary  = "verify_server_hostname off: any certificate of the authority can do everything"
    violates = ["role_and_region"]
    replace "mtls" {
      tls {
        on                     = all
        http                   = true
        rpc                    = true
        verify_server_hostname = false
        verify_https_client    = true
      }
      restart {
        order = "given"
        batch = 10000
        pause = "10s"
      }
    }
  }

  break "one-role-for-both" {
    summary  = "One PKI role for both names, as guide 003 has it: a client's token gets a server's certificate"
    violates = ["role_and_region"]
    replace "roles" {
      role "nomad-cluster" {
        allowed_domains  = "global.nomad"
        allow_subdomains = true
        max_ttl          = "86400s"
        require_cn       = false
        generate_lease   = true
      }
      policy "tls-policy" {
        rules = "path \"pki_int/issue/nomad-cluster\" { capabilities = [\"update\"] }"
      }
      token "servers" {
        policies = ["tls-policy"]
        period   = "24h"
      }
      token "clients" {
        policies = ["tls-policy"]
        period   = "24h"
      }
    }
    replace "certificates" {
      render {
        on    = servers
        role  = "nomad-cluster"
        token = "servers"
      }
      render {
        on    = clients
        role  = "nomad-cluster"
        token = "clients"
      }
    }
  }
}
