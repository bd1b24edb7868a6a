{{ with secret "pki_int/issue/nomad" "common_name=server.global.nomad" "ttl=12h" }}{{ .Data.private_key }}{{ end }}
