//! HTTP, TLS and RPC over the world's streams.
