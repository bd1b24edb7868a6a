//! A Vault to embed.
