//! One file over another: texts and numbers replace where they are set, booleans can only become true.

use super::{AgentConfig, ClientBlock, Limits, Triple};

impl AgentConfig {
    /// This configuration with `more` over it.
    pub(super) fn merge(mut self, more: Self) -> Self {
        text(&mut self.name, more.name);
        text(&mut self.region, more.region);
        text(&mut self.datacenter, more.datacenter);
        text(&mut self.data_dir, more.data_dir);
        text(&mut self.bind_addr, more.bind_addr);
        text(&mut self.log_level, more.log_level);
        self.addresses.merge(more.addresses, text);
        self.advertise.merge(more.advertise, text);
        self.ports.merge(more.ports, number);
        self.server.merge(more.server);
        self.client.merge(more.client);
        self.tls.merge(more.tls);
        self.limits.merge(more.limits);
        self.acl.merge(more.acl);
        self.vault.merge(more.vault);
        flag(&mut self.leave_on_interrupt, more.leave_on_interrupt);
        flag(&mut self.leave_on_terminate, more.leave_on_terminate);
        flag(&mut self.disable_update_check, more.disable_update_check);
        flag(&mut self.enable_debug, more.enable_debug);
        self.response_headers.extend(more.response_headers);
        self.shown.merge(more.shown);
        self.files.extend(more.files);
        self
    }
}

impl ClientBlock {
    pub(super) fn merge(&mut self, more: Self) {
        flag(&mut self.enabled, more.enabled);
        self.servers.extend(more.servers);
        self.server_join.merge(more.server_join);
        text(&mut self.node_class, more.node_class);
        text(&mut self.node_pool, more.node_pool);
        self.room.iter_mut().zip(more.room).for_each(|(own, more)| number(own, more));
        self.meta.extend(more.meta);
        self.options.extend(more.options);
        text(&mut self.alloc_dir, more.alloc_dir);
        flag(&mut self.raw_exec, more.raw_exec);
    }
}

impl Limits {
    pub(super) fn merge(&mut self, more: Self) {
        text(&mut self.https_handshake_timeout, more.https_handshake_timeout);
        text(&mut self.rpc_handshake_timeout, more.rpc_handshake_timeout);
        self.http_max_conns_per_client = more.http_max_conns_per_client.or(self.http_max_conns_per_client);
        self.rpc_max_conns_per_client = more.rpc_max_conns_per_client.or(self.rpc_max_conns_per_client);
    }
}

impl<T> Triple<T> {
    fn merge(&mut self, more: Self, with: fn(&mut T, T)) {
        with(&mut self.http, more.http);
        with(&mut self.rpc, more.rpc);
        with(&mut self.serf, more.serf);
    }
}

pub(super) fn text(into: &mut String, more: String) {
    if !more.is_empty() {
        *into = more;
    }
}

pub(super) fn flag(into: &mut bool, more: bool) {
    *into |= more;
}

pub(super) fn number<N: Default + PartialEq>(into: &mut N, more: N) {
    if more != N::default() {
        *into = more;
    }
}
