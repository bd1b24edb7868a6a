{{ with secret "pki_int/issue/nomad" "common_name=server.global.nomad" "ttl=24h" }}{{ .Data.certificate }}{{ end }}
