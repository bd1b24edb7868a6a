//! A Nomad to embed.
