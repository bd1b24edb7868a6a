//! What `vault server -h` prints.

pub(super) const TEXT: &str = "\
Usage: vault server [options]

  This is the lab's stand-in for the Vault server. It listens on loopback
  addresses only, and nothing that it keeps is safe in it.

  A server for development, unsealed, with everything in memory:

      $ vault server -dev -dev-root-token-id=root

  A server that is initialised and unsealed by hand:

      $ vault server -config=vault.hcl

Command Options:

  -config=<path>
      A configuration file in HCL or JSON, or a directory of them. It may be
      given more than once; later ones are laid over the earlier.

  -log-level=<name>
      trace, debug, info, warn or error. Also VAULT_LOG_LEVEL.

  -log-file=<path>
      A file that gets the log too.

Dev Options:

  -dev
      Start unsealed, with everything in memory and a root token.

  -dev-listen-address=<address>
      127.0.0.1:8200 unless it is set. Also VAULT_DEV_LISTEN_ADDRESS.

  -dev-no-store-token
      Leave ~/.vault-token alone.

  -dev-root-token-id=<token>
      The root token. Also VAULT_DEV_ROOT_TOKEN_ID.

  -dev-tls
      The same with TLS, and a CA and a certificate made for it.

  -dev-tls-cert-dir=<path>
      Where their files go; they are removed at the end.

  -dev-tls-san=<name>
      A further name or address for the certificate. It may be given more than
      once.
";
