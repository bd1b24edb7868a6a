//! Why each action is there, for those who learn.

use super::{Action, TemplateFunction};

impl Action {
    /// What it is for and what to know about it, in a few sentences.
    pub fn explain(&self) -> &'static str {
        match self {
            Self::InitVault { .. } => {
                "Vault makes its master key and splits it into shares. One share is enough for a lab; five shares, \
                 three of which unseal, are Vault's default. The shares and the root token are shown once and never again."
            }
            Self::UnsealVault => {
                "A sealed Vault knows nothing, not even its own policies: the shares give it back the key to its \
                 storage. Every restart of Vault seals it again, and nothing renews until somebody unseals it."
            }
            Self::SealVault => {
                "A sealed Vault answers 503 to everything. Certificates that are out go on working until they expire."
            }
            Self::RootCa { .. } => {
                "The root signs intermediates only and is used rarely. The mount's max-lease-ttl must be raised first: \
                 Vault's default of 768h would cut the root's life short."
            }
            Self::IntermediateCa { .. } => {
                "The intermediate issues the cluster's certificates, so that the root's key stays unused. Its request is \
                 signed by the root and the signed certificate is given back to the mount that made the request."
            }
            Self::WriteRole { .. } => {
                "The role says which names a certificate may carry. Whoever may use a role that allows subdomains of \
                 global.nomad can get the name of a server, and a server's name is all that Nomad asks of a server."
            }
            Self::WritePolicy { .. } => {
                "The policy lets a token use the role's issue endpoint and nothing else."
            }
            Self::CreateToken { .. } => {
                "consul-template works with this token instead of the root token. It renews it by itself; a periodic \
                 token can be renewed for ever, any other ends at its maximum lifetime."
            }
            Self::Render(render) if render.function == TemplateFunction::PkiCert => {
                "Each template that calls pkiCert has a certificate of its own. A certificate in one file and a key in \
                 another then never match; with pkiCert both belong into one file."
            }
            Self::Render(_) => {
                "Each node fetches its own certificate and renews it before it expires. Certificate and key stand in \
                 two templates; they belong together only because both make the identical secret call in one process."
            }
            Self::Tls { .. } => {
                "rpc = true does two things at once: the agent takes TLS and it dials TLS. There is no stage in which it \
                 takes TLS but still dials plaintext; rpc_upgrade_mode only makes the listener lenient."
            }
            Self::GossipKey { .. } => {
                "Servers find each other by gossip, which is never TLS: it has a key of its own, the same on every \
                 server, and a reload does not pick it up."
            }
            Self::Reload(_) => {
                "SIGHUP makes Nomad read its files again. It notices changed certificates and rpc or http, but it applies \
                 neither rpc_upgrade_mode nor the verify settings alone, and it cuts no connection."
            }
            Self::Restart(_) => {
                "A restart applies everything and cuts every connection. Restarting the leader costs an election, and \
                 after an election no client is declared down for five minutes."
            }
            Self::Start(_) | Self::Stop(_) => {
                "The allocations of a client go on running while its agent is stopped."
            }
            Self::Wait { .. } => {
                "Some mistakes show late: a client is declared down 20 to 30 seconds after its last heartbeat, but only \
                 five minutes after the last election; a certificate fails when it expires."
            }
            Self::RunJob(_) | Self::StopJob { .. } => {
                "A client can be ready and yet never start anything new. Only new work shows whether it really works."
            }
            Self::RotateIntermediate { .. } => {
                "The mount issues with a new authority from now on. Whoever trusts only the old issuing authority refuses \
                 the new certificates; whoever trusts the root notices nothing."
            }
            Self::Inject(_) | Self::Heal(_) => {
                "Networks and machines fail at the worst moment, so here they do."
            }
            Self::Probe => "What a port accepts is not what its configuration says but what it answers.",
            Self::TryCertificates => {
                "The handshake, Raft and the RPC handlers check names separately, and HTTP checks none: each certificate \
                 is tried on each."
            }
        }
    }
}
