vault {
  address                = "https://active.vault.service.consul:8200"
  vault_agent_token_file = "/run/vault/token"
}

template {
  source      = "templates/agent.crt.tpl"
  destination = "/opt/nomad/agent-certs/agent.crt"
  perms       = 0600
  command     = "systemctl reload nomad"
}

template {
  source      = "templates/agent.key.tpl"
  destination = "/opt/nomad/agent-certs/agent.key"
  perms       = 0600
  command     = "systemctl reload nomad"
}
