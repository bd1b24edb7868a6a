//! `tls { }`

use lab_hcl::Body;
use lab_world::{Disk, DiskError};

use super::fields::Fields;
use super::load::ConfigError;
use super::merge::{flag, text};

/// `tls { }` as the files say it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TlsBlock {
    pub(crate) http: bool,
    pub(crate) rpc: bool,
    pub(crate) ca_file: String,
    pub(crate) cert_file: String,
    pub(crate) key_file: String,
    pub(crate) rpc_upgrade_mode: bool,
    pub(crate) verify_https_client: bool,
    pub(crate) verify_server_hostname: bool,
    pub(crate) cipher_suites: String,
    pub(crate) min_version: String,
    /// MD5 of the three files' contents, as an agent shows it, once they were read; empty where one could not be.
    pub(crate) checksum: String,
}

impl TlsBlock {
    /// Whether nothing that matters is set: no TLS at all.
    pub(crate) fn is_empty(&self) -> bool {
        !(self.http || self.rpc || self.verify_server_hostname || self.verify_https_client)
            && self.ca_file.is_empty()
            && self.cert_file.is_empty()
            && self.key_file.is_empty()
    }

    /// Reads the three files and sets the checksum. Nothing to do for an empty block.
    pub(crate) fn set_checksum(&mut self, disk: &Disk) -> Result<(), DiskError> {
        if self.is_empty() {
            return Ok(());
        }
        let mut all = String::new();
        for file in [&self.ca_file, &self.cert_file, &self.key_file] {
            all += &hex::encode(*md5::compute(read_named(disk, file)?));
        }
        self.checksum = hex::encode(*md5::compute(all));
        Ok(())
    }

    /// Whether certificates, key and authorities are the same as in `other`: the same files with the same content.
    /// Reads the files of either where it was not done yet.
    pub(crate) fn same_certificates(&self, other: &mut Self, disk: &Disk) -> Result<bool, DiskError> {
        if self.is_empty() || other.is_empty() {
            return Ok(self.is_empty() && other.is_empty());
        }
        if other.checksum.is_empty() {
            other.set_checksum(disk)?;
        }
        let mut own = self.clone();
        if own.checksum.is_empty() {
            own.set_checksum(disk)?;
        }
        let names = |block: &Self| (block.ca_file.clone(), block.cert_file.clone(), block.key_file.clone());
        Ok(names(&own) == names(other) && own.checksum == other.checksum)
    }

    /// Texts of a later file replace; what is `true` stays so.
    pub(super) fn merge(&mut self, more: Self) {
        flag(&mut self.http, more.http);
        flag(&mut self.rpc, more.rpc);
        text(&mut self.ca_file, more.ca_file);
        text(&mut self.cert_file, more.cert_file);
        text(&mut self.key_file, more.key_file);
        flag(&mut self.rpc_upgrade_mode, more.rpc_upgrade_mode);
        flag(&mut self.verify_https_client, more.verify_https_client);
        flag(&mut self.verify_server_hostname, more.verify_server_hostname);
        text(&mut self.cipher_suites, more.cipher_suites);
        text(&mut self.min_version, more.min_version);
    }
}

pub(super) fn parse_tls(body: &Body) -> Result<TlsBlock, ConfigError> {
    let fields = Fields::new("tls", body);
    let tls = TlsBlock {
        http: fields.flag("http")?,
        rpc: fields.flag("rpc")?,
        ca_file: fields.text("ca_file")?,
        cert_file: fields.text("cert_file")?,
        key_file: fields.text("key_file")?,
        rpc_upgrade_mode: fields.flag("rpc_upgrade_mode")?,
        verify_https_client: fields.flag("verify_https_client")?,
        verify_server_hostname: fields.flag("verify_server_hostname")?,
        cipher_suites: fields.text("tls_cipher_suites")?,
        min_version: fields.text("tls_min_version")?,
        checksum: String::new(),
    };
    Ok(tls)
}

/// A file whose name may be missing, with the error that opening "" gives.
pub(crate) fn read_named(disk: &Disk, file: &str) -> Result<Vec<u8>, DiskError> {
    if file.is_empty() {
        return Err(DiskError::NotFound("".into()));
    }
    disk.read(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(disk: &Disk) -> TlsBlock {
        for file in ["/ca", "/cert", "/key"] {
            disk.write(file, file).expect("a write");
        }
        let [ca_file, cert_file, key_file] = ["/ca", "/cert", "/key"].map(str::to_owned);
        let mut block = TlsBlock { rpc: true, ca_file, cert_file, key_file, ..TlsBlock::default() };
        block.set_checksum(disk).expect("three files");
        block
    }

    #[test]
    fn content_and_names_decide_whether_certificates_changed() {
        let disk = Disk::memory();
        let old = block(&disk);
        assert_eq!(old.checksum, "cbdc5828d6590a965bc4127da5d40ec1");
        let fresh = TlsBlock { checksum: String::new(), ..old.clone() };
        let same =
            |mut new: TlsBlock| old.same_certificates(&mut new, &disk).map_err(|error| error.to_string());
        assert_eq!(same(fresh.clone()), Ok(true));
        assert_eq!(
            same(TlsBlock { rpc_upgrade_mode: true, verify_server_hostname: true, ..fresh.clone() }),
            Ok(true)
        );
        disk.write("/copy", "/ca").expect("a write");
        assert_eq!(same(TlsBlock { ca_file: "/copy".into(), ..fresh.clone() }), Ok(false));
        disk.write("/key", "new").expect("a write");
        assert_eq!(same(fresh.clone()), Ok(false));
        disk.remove("/key").expect("a file");
        assert_eq!(same(fresh.clone()), Err("open /key: no such file or directory".into()));
        // Nothing and something differ without a look at the files.
        let mut fresh = fresh;
        assert_eq!(TlsBlock::default().same_certificates(&mut fresh, &disk), Ok(false));
        assert_eq!(TlsBlock::default().same_certificates(&mut TlsBlock::default(), &disk), Ok(true));
    }

    #[test]
    fn a_file_without_a_name_is_a_missing_one() {
        let mut block = TlsBlock { rpc: true, ..TlsBlock::default() };
        let error = block.set_checksum(&Disk::memory()).expect_err("no files");
        assert_eq!(error.to_string(), "open : no such file or directory");
    }
}
