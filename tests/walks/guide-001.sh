#!/usr/bin/env bash
# Guide 001, "Vault PKI Secrets Engine Integration": Vault, from its initialisation to an intermediate CA.
. "$(dirname "$0")/lib.sh"
begin_vault
says "status before init" "Initialized +false" vault status
prepare_vault
says "two engines" "^pki_int/ +pki" vault secrets list
works "the intermediate issues" vault write pki_int/roles/nomad-cluster allowed_domains=global.nomad allow_subdomains=true
says "a certificate for a server" "BEGIN CERTIFICATE" vault write -field=certificate pki_int/issue/nomad-cluster common_name=server.global.nomad
