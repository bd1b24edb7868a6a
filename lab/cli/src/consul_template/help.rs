//! What `consul-template -h` prints.

pub(super) const TEXT: &str = "\
Usage: consul-template [options]

  This is the lab's stand-in for consul-template. It watches secrets in Vault,
  renders templates with them, and runs commands when a file has changed.

Options:

  -config=<path>
      A configuration file in HCL or JSON, or a directory of them. It may be
      given more than once; later ones are laid over the earlier.

  -dry
      Print what would be rendered to standard output instead.

  -exec=<command>
      A command that is started when everything is rendered. It gets the
      signals that the program gets, is told of every change, and the program
      ends with it.

  -exec-kill-signal=<signal>, -exec-kill-timeout=<duration>
      The signal that asks the command to end, SIGINT unless it is set, and how
      long it may take, 30s unless it is set.

  -exec-reload-signal=<signal>
      The signal that tells it of a change; without one it is started again.

  -exec-splay=<duration>
      The longest that a signal to it is put off, at random.

  -exec-env-pristine, -exec-env-custom=<name=value>,
  -exec-env-allowlist=<pattern>, -exec-env-denylist=<pattern>
      The command's environment variables.

  -kill-signal=<signal>
      The signal that ends the program, SIGINT unless it is set.

  -log-level=<level>
      trace, debug, info, warn or err.

  -once
      Render everything once and exit.

  -parse-only
      Render once what needs nothing from Vault, and exit.

  -pid-file=<path>
      A file for the process's id.

  -reload-signal=<signal>
      The signal that has the configuration read again, SIGHUP unless it is
      set.

  -template=<template>
      A template on disk: 'in:out(:command)'. It may be given more than once.

  -vault-addr=<address>
      The address of the Vault server.

  -vault-agent-token-file=<path>
      A file that holds the token.

  -vault-renew-token
      Renew the token; -vault-renew-token=false for one that cannot be.

  -vault-retry-attempts=<int>, -vault-retry-backoff=<duration>,
  -vault-retry-max-backoff=<duration>
      How often and how soon a failed request is sent again.

  -vault-ssl-ca-cert=<path>, -vault-ssl-ca-path=<path>, -vault-ssl-cert=<path>,
  -vault-ssl-key=<path>, -vault-ssl-server-name=<name>, -vault-ssl-verify
      TLS to the Vault server.

  -vault-token=<token>
      The token.

  -vault-unwrap-token
      The token is wrapped in another.

  -wait=<duration>
      'min(:max)': how long to wait for more changes before rendering.

  -v, -version
      Print the version.
";
