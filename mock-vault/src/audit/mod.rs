//! Audit devices: a line for each request and each answer, with everything secret as an HMAC.

mod device;
mod endpoints;
mod entry;
mod hide;

use std::collections::BTreeMap;

use lab_world::{Disk, format_rfc3339_nano};
use ring::hmac;
use serde_json::json;

use crate::logical::{Caller, Environment, MountView, Refusal, Request, Response, to_go_json};
use crate::settings::AuditedHeader;
use crate::storage::{Table, Writes};

pub(crate) use self::device::AuditDevice;
pub(crate) use self::endpoints::ENDPOINTS;

use self::hide::Hider;

/// The devices by path, with a trailing slash.
#[derive(Default)]
pub(crate) struct AuditDevices {
    devices: Table<AuditDevice>,
    keys: BTreeMap<String, hmac::Key>,
    disk: Option<Disk>,
}

/// What is audited: a request on its way.
pub(crate) struct Audited<'a> {
    pub(crate) request: &'a Request,
    /// `None`: it needs no caller, or is none's that is known.
    pub(crate) caller: Option<&'a Caller>,
    /// Where it goes.
    pub(crate) mount: &'a MountView,
    /// Whether it needs no caller.
    pub(crate) open: bool,
    /// The headers that are shown.
    pub(crate) headers: &'a Table<AuditedHeader>,
    pub(crate) environment: &'a Environment,
}

impl AuditDevices {
    /// Whether anything is written at all.
    pub(crate) fn are_enabled(&self) -> bool {
        self.devices.len() > 0
    }

    /// Gives the devices the disk that they write to.
    pub(crate) fn attach(&mut self, disk: Disk) {
        self.disk = Some(disk);
    }

    /// Writes the line of a request; `refusal`: why it goes no further.
    ///
    /// Errors: none of the devices could be written.
    pub(crate) fn request(&self, audited: &Audited<'_>, refusal: Option<&Refusal>) -> Result<(), Refusal> {
        self.write(|hider| entry::request(audited, refusal, hider))
    }

    /// Writes the line of an answer.
    ///
    /// Errors: none of the devices could be written.
    pub(crate) fn response(
        &self,
        audited: &Audited<'_>,
        outcome: &Result<Option<Box<Response>>, Refusal>,
    ) -> Result<(), Refusal> {
        self.write(|hider| entry::response(audited, outcome, hider))
    }

    fn write(&self, line: impl Fn(&Hider<'_>) -> serde_json::Value) -> Result<(), Refusal> {
        if !self.are_enabled() {
            return Ok(());
        }
        let mut written = false;
        for (path, device) in self.devices.iter() {
            let Some(key) = self.keys.get(path) else { continue };
            let mut bytes = device.prefix().as_bytes().to_vec();
            bytes.extend(to_go_json(&line(&Hider { key, device })));
            bytes.push(b'\n');
            written |= self.append(device, &bytes);
        }
        if written { Ok(()) } else { Err(Refusal::Failed("internal error".into())) }
    }

    fn append(&self, device: &AuditDevice, bytes: &[u8]) -> bool {
        match (device.file_path(), &self.disk) {
            ("discard", _) => true,
            ("stdout", _) => std::io::Write::write_all(&mut std::io::stdout(), bytes).is_ok(),
            (path, Some(disk)) => {
                let new = !disk.exists(path);
                let done = disk.append(path, bytes).is_ok();
                // A mode that cannot be set does not keep the line from being there.
                let _ = (new && done).then(|| disk.set_mode(path, device.mode()));
                done
            }
            (_, None) => false,
        }
    }

    /// Adds a device and writes its first line.
    ///
    /// Errors: the line cannot be written.
    pub(crate) fn add(
        &mut self,
        path: &str,
        device: AuditDevice,
        environment: &Environment,
    ) -> Result<(), String> {
        let first = json!({
            "request": {
                "id": environment.entropy.uuid(), "namespace": {"id": "root"}, "operation": "update", "path": "sys/audit/test",
            },
            "time": format_rfc3339_nano(environment.now), "type": "request",
        });
        let mut line = device.prefix().as_bytes().to_vec();
        line.extend(to_go_json(&first));
        line.push(b'\n');
        if !device.skip_test() && !self.append(&device, &line) {
            return Err(format!(
                "audit backend failed test message: open {}: permission denied",
                device.file_path()
            ));
        }
        self.keys.insert(path.to_owned(), device.key());
        self.devices.insert(path, device);
        Ok(())
    }

    pub(crate) fn flush(&mut self, writes: &mut Writes) {
        self.devices.flush("core/audit/", writes);
    }

    pub(crate) fn load(&mut self, path: &str, bytes: &[u8]) -> Result<(), String> {
        self.devices.load(path, bytes)?;
        if let Some(device) = self.devices.get(path) {
            self.keys.insert(path.to_owned(), device.key());
        }
        Ok(())
    }
}

/// `hmac-sha256:` and the HMAC in hexadecimal.
pub(crate) fn hash(key: &hmac::Key, text: &str) -> String {
    format!("hmac-sha256:{}", hex::encode(hmac::sign(key, text.as_bytes())))
}
