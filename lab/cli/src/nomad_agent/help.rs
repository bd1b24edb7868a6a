//! What `nomad agent -h` prints.

pub(super) const TEXT: &str = "\
Usage: nomad agent [options]

  This is the lab's stand-in for the Nomad agent. It listens on loopback
  addresses only, and nothing that it keeps is safe in it.

  A server and a client in one agent, with everything in memory:

      $ nomad agent -dev

  An agent of a cluster, with its configuration in a file or a directory:

      $ nomad agent -config=server.hcl

General Options (clients and servers):

  -bind=<addr>
    The address of all its ports.

  -config=<path>
    A configuration file in HCL or JSON, or a directory of them. It may be
    given more than once; later ones are laid over the earlier.

  -data-dir=<path>
    Where state is kept.

  -dc=<datacenter>, -region=<region>, -node=<name>
    Where the agent is, and what it is called.

  -dev
    A server and a client for development.

  -log-level=<level>
    TRACE, DEBUG, INFO, WARN, ERROR or OFF.

Server Options:

  -server
    Be a server.

  -bootstrap-expect=<num>
    How many servers to wait for before the first election.

  -encrypt=<key>
    The gossip key.

  -join=<address>, -retry-join=<address>, -retry-max=<num>, -retry-interval=<dur>
    Servers to join, and how often to try.

Client Options:

  -client
    Be a client.

  -servers=<host:port,...>
    Servers to register with.

  -node-class=<class>, -node-pool=<pool>, -meta=<key>=<value>
    What the node is like.

ACL and Vault Options:

  -acl-enabled
    Ask for tokens.

  -vault-enabled
    Let jobs ask for Vault.
";
