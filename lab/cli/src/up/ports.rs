//! Ports of this machine.

use std::net::{Ipv4Addr, SocketAddr};

use lab_world::{Listener, Net};

use crate::exit::Failure;

/// Looks for ports, and keeps those that it gave so that it gives none twice.
pub(super) struct Ports {
    runtime: tokio::runtime::Runtime,
    given: Vec<Listener>,
}

impl Ports {
    pub(super) fn new() -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { runtime, given: Vec::new() })
    }

    /// This port, if it is free; any free one for 0. `flag` is what chooses another.
    pub(super) fn take(&mut self, port: u16, flag: &str) -> Result<u16, Failure> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        match self.runtime.block_on(Net::loopback().listen(address)) {
            Ok(listener) => {
                let port = listener.address().port();
                self.given.push(listener);
                Ok(port)
            }
            Err(error) => Err(Failure::SetUp(format!(
                "port {port} on 127.0.0.1 cannot be had: {error}. Another program has it; choose another port with \
                 {flag}, or 0 for any that is free"
            ))),
        }
    }

    #[cfg(test)]
    fn any(&mut self) -> Result<u16, Failure> {
        self.take(0, "")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_taken_is_told_with_the_way_out() {
        let mut ports = Ports::new().expect("an event loop");
        let port = ports.any().expect("a free port");
        let refused = Ports::new().expect("an event loop").take(port, "--vault-port").expect_err("taken");
        let told = refused.to_string();
        assert!(
            told.contains(&format!("port {port} on 127.0.0.1")) && told.contains("--vault-port"),
            "{told}"
        );
    }
}
