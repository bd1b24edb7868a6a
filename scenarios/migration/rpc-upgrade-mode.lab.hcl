# Guide 003, steps 1 to 13 and gossip encryption, in the order that is safe on Nomad 1.11:
# followers first and the leader last, verify_server_hostname off on the servers until the
# clients speak TLS, and closing by restart. The breaks are what happens otherwise.
format_version = 1

scenario "rpc-upgrade-mode" {
  summary = "Plaintext to mutual TLS without losing a client"
  source  = "guide 003, steps 1-13 and gossip encryption"

  cluster {
    region  = "global"
    servers = 3
    clients = 3
    job "app" { count = 3 }
  }

  invariant "quorum" { longest_election = "20s" }
  invariant "no_client_down" {}
  invariant "no_allocation_lost" {}
  invariant "new_work_starts" { within = "30s" }
  invariant "no_plaintext" { after = "close" }
  invariant "role_and_region" { after = "close" }
  invariant "key_matches_certificate" {}
  invariant "no_stale_connection" { after = "close" }
  invariant "no_secret" {}

  step "vault" {
    summary = "Initialise and unseal Vault"
    source  = "guide 003, steps 1-3"
    why     = "The certificates come from Vault, and a new Vault is sealed: it cannot read its own storage."
    without = "Everything Vault is asked is answered with 503 Vault is sealed."
    init_vault {
      shares    = 1
      threshold = 1
    }
    unseal_vault {}
  }

  step "authority" {
    summary = "Make the root and the intermediate authority"
    source  = "guide 003, steps 4-6"
    why     = "The root signs one intermediate and is put away; the intermediate signs what the agents use."
    without = "There is nothing that all agents could trust."
    root_ca { ttl = "87600h" }
    intermediate_ca { ttl = "43800h" }
  }

  step "role" {
    summary = "Allow certificates for the agents, and only those"
    source  = "guide 003, steps 7-9"
    why     = "consul-template works on every node; its token may issue from one role and do nothing else."
    without = "consul-template needs the root token on every node."
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
      ttl      = "24h"
    }
  }

  step "certificates" {
    summary = "Render certificates on every node"
    source  = "guide 003, steps 10-12"
    why     = "Every agent needs its certificate, its key and the authority before anything is switched."
    without = "An agent that is told to use TLS and finds no certificate exits."
    render {
      on    = all
      role  = "nomad-cluster"
      token = "consul-template"
      ttl   = "24h"
    }
  }

  step "mixed" {
    summary = "Servers: TLS, and plaintext still accepted"
    source  = "guide 003, step 13; verify_server_hostname stays off, unlike there"
    why     = "rpc_upgrade_mode lets clients in that still speak plaintext. Servers dial TLS at once, so the leader goes last: until then it reaches the others in plaintext."
    without = "A strict server resets its plaintext clients; they are down within a minute and their allocations are replaced."
    tls {
      on                     = servers
      http                   = true
      rpc                    = true
      rpc_upgrade_mode       = true
      verify_server_hostname = false
      verify_https_client    = true
    }
    reload { order = "leader-last" }
    assert {
      condition     = leader == present && plaintext_rpc == accepted
      error_message = "a client that still speaks plaintext would be lost"
    }
  }

  step "new-work" {
    summary = "Start something new while the clients speak plaintext"
    why     = "A client can be ready and yet start nothing: heartbeats and allocations are authorized differently."
    without = "Nobody notices until the next deployment."
    wait { duration = "10s" }
    job "new" { type = "system" }
    wait { duration = "60s" }
  }

  step "clients" {
    summary = "Clients: TLS"
    source  = "guide 003, step 13"
    why     = "Once the servers take TLS the clients can change one by one; each is away for a moment only."
    without = "They are refused when the servers close."
    tls {
      on                     = clients
      http                   = true
      rpc                    = true
      verify_server_hostname = true
      verify_https_client    = true
    }
    reload { pause = "3s" }
    wait { duration = "30s" }
    assert {
      condition     = clients_ready == all
      error_message = "a client did not come back over TLS"
    }
  }

  step "close" {
    summary = "Servers: TLS only, and names checked"
    source  = "guide 003, step 13, but by restart: a reload applies neither setting"
    why     = "Only a restart, or a new certificate in the same reload, makes a server let go of upgrade mode."
    without = "The port goes on accepting plaintext, and nothing says so."
    tls {
      on                     = servers
      rpc_upgrade_mode       = false
      verify_server_hostname = true
    }
    restart {
      order = "leader-last"
      pause = "8s"
    }
    assert {
      condition     = plaintext_rpc == refused && rpc_without_certificate == refused
      error_message = "a server still accepts what it should refuse"
    }
  }

  step "gossip" {
    summary = "Servers: encrypt gossip"
    source  = "guide 003, Encrypt Server Gossip"
    why     = "Gossip is never TLS; it has a key of its own, and a reload does not pick it up."
    without = "Whoever reaches port 4648 can read and write who is a member."
    gossip_key { on = servers }
    restart {
      order = "leader-last"
      pause = "8s"
    }
  }

  step "afterwards" {
    summary = "Watch for an hour"
    why     = "After an election no client is declared down for five minutes, so that nothing shows at first."
    without = "A client that was forgotten looks healthy when everybody goes home."
    wait {
      duration = "1h"
      real     = "360s"
    }
    assert {
      condition     = clients_ready == all && allocations_pending == 0
      error_message = "the cluster is not what it was before"
    }
  }

  break "as-the-guide-says" {
    summary  = "Names checked from the start and closing by reload, as guide 003 has it: the port stays open"
    violates = ["no_plaintext"]
    replace "mixed" {
      summary = "Servers: TLS, plaintext still accepted, names checked"
      tls {
        on                     = servers
        http                   = true
        rpc                    = true
        rpc_upgrade_mode       = true
        verify_server_hostname = true
        verify_https_client    = true
      }
      reload { order = "leader-last" }
    }
    replace "close" {
      summary = "Servers: rpc_upgrade_mode = false, and reload"
      tls {
        on               = servers
        rpc_upgrade_mode = false
      }
      reload {
        order = "leader-last"
        pause = "8s"
      }
    }
  }

  break "verify-too-early" {
    summary  = "Names checked while clients speak plaintext: they stay ready and start nothing new"
    violates = ["new_work_starts"]
    replace "mixed" {
      tls {
        on                     = servers
        http                   = true
        rpc                    = true
        rpc_upgrade_mode       = true
        verify_server_hostname = true
        verify_https_client    = true
      }
      reload { order = "leader-last" }
    }
  }

  break "no-upgrade-mode" {
    summary  = "Servers straight to TLS only: the clients are down, after an election at the latest in five minutes"
    violates = ["no_client_down"]
    replace "mixed" {
      summary = "Servers: TLS only"
      tls {
        on                     = servers
        http                   = true
        rpc                    = true
        verify_server_hostname = true
        verify_https_client    = true
      }
      reload { order = "leader-last" }
      wait { duration = "6m" }
    }
  }

  break "clients-first" {
    summary  = "Clients before servers: nobody answers them"
    violates = ["no_client_down"]
    replace "mixed" {
      summary = "Clients: TLS, while the servers speak plaintext"
      tls {
        on                     = clients
        http                   = true
        rpc                    = true
        verify_server_hostname = true
        verify_https_client    = true
      }
      reload { pause = "3s" }
      wait { duration = "60s" }
    }
    replace "clients" {
      summary = "Servers: TLS, and plaintext still accepted"
      tls {
        on                     = servers
        http                   = true
        rpc                    = true
        rpc_upgrade_mode       = true
        verify_server_hostname = false
        verify_https_client    = true
      }
      reload { order = "leader-last" }
      wait { duration = "30s" }
    }
  }

  break "forget-a-client" {
    summary  = "One client stays on plaintext: for five minutes after the last election nothing shows"
    violates = ["no_client_down"]
    replace "clients" {
      summary = "Clients: TLS, on all but one"
      tls {
        on                     = other-clients
        http                   = true
        rpc                    = true
        verify_server_hostname = true
        verify_https_client    = true
      }
      reload { pause = "3s" }
      wait { duration = "30s" }
    }
  }

  break "mode-left-on" {
    summary  = "Upgrade mode never turned off: plaintext is accepted, and a client's certificate reaches Raft"
    violates = ["role_and_region", "no_plaintext"]
    replace "close" {
      summary = "Servers: names checked, upgrade mode left on"
      tls {
        on                     = servers
        verify_server_hostname = true
      }
      restart {
        order = "leader-last"
        pause = "8s"
      }
    }
  }

  variation "leader-first" {
    summary = "The leader before its followers: it looks wrong and costs one more election, nothing else"
    replace "mixed" {
      tls {
        on                     = servers
        http                   = true
        rpc                    = true
        rpc_upgrade_mode       = true
        verify_server_hostname = false
        verify_https_client    = true
      }
      reload { order = "leader-first" }
      assert {
        condition     = leader == present && plaintext_rpc == accepted
        error_message = "a client that still speaks plaintext would be lost"
      }
    }
  }
}
