//! How far the issuing of an issuer came before it failed, and what can be done about it.

/// What there is already of an issuer that is being made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Unfinished {
    /// The mount that the issuer is made in.
    pub(super) mount: String,
    /// The path of the issuer that issues it.
    pub(super) parent: String,
    /// The name that it is to have.
    pub(super) name: String,
    /// The request, once it is made.
    pub(super) request: Option<Request>,
    /// The certificate, once it is signed.
    pub(super) signed: Option<Signed>,
    /// The issuer's id, once it is imported.
    pub(super) imported: Option<String>,
}

/// A signing request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) pem: String,
    /// The key, if it was made for it.
    pub(super) key_id: Option<String>,
}

/// A signed certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Signed {
    pub(super) serial: String,
    /// The chain, each certificate with a line end behind it.
    pub(super) chain: String,
}

impl Unfinished {
    /// What is said of a failure at this point.
    pub(super) fn message(&self) -> String {
        let mut message = "A failure has occurred".to_owned();
        if self.request.is_some() {
            message += &format!(
                " after \n a Certificate Signing Request was successfully generated on mount {}",
                self.mount
            );
        }
        if self.signed.is_some() {
            message += &format!(
                " and after \n that Certificate Signing Request was successfully signed by mount {}",
                self.parent_mount()
            );
        }
        if let Some(id) = &self.imported {
            message += &format!(
                " and after \n the signed certificate was reimported into mount {} , with issuerID {id}",
                self.mount
            );
        }
        if let Some(request) = &self.request {
            message += &format!("\n\nTO CONTINUE: \n{}", self.to_continue(request));
            if self.imported.is_none() {
                message += &format!("\n\nTO ABORT: \n{}", self.to_abort(request));
            }
        }
        message + "\n"
    }

    fn parent_mount(&self) -> &str {
        self.parent.split("/issuer/").next().unwrap_or_default()
    }

    fn to_continue(&self, request: &Request) -> String {
        let mut message = String::new();
        if self.signed.is_none() {
            message += &format!(
                "You can continue to work with this Certificate Signing Request CSR PEM, by saving it as \
                 `pki_int.csr`: {} \n Then call `vault write {}/sign-intermediate csr=@pki_int.csr ...` adding the \
                 same key-value arguements as to `pki issue` (except key_type and issuer_name) to generate the \
                 certificate and ca_chain",
                request.pem, self.parent
            );
        }
        if self.imported.is_none() {
            if let Some(signed) = self.signed.as_ref().filter(|signed| !signed.chain.is_empty()) {
                message += &format!(
                    "The certificate chain, signed by {}, for this new certificate is: {}",
                    self.parent, signed.chain
                );
            }
            message += &format!(
                "You can continue to work with this Certificate (and chain) by saving it as chain.pem and importing it \
                 as `vault write {}/issuers/import/cert pem_bundle=@chain.pem`",
                self.mount
            );
        }
        let id = self.imported.as_deref().unwrap_or_else(|| {
            message += "The issuer_id is returned as the key in a key_value map from importing the certificate chain.";
            "<issuer-uuid>"
        });
        let (mount, name) = (&self.mount, &self.name);
        message += &format!(
            "You can name the newly imported issuer by calling `vault patch {mount}/issuer/{id} issuer_name={name}`"
        );
        message
    }

    fn to_abort(&self, request: &Request) -> String {
        let mut message = String::new();
        let mount = &self.mount;
        match (&request.key_id, &self.signed) {
            (None, None) => {
                message += "No state was created by running this command.  Try rerunning this command after resolving \
                            the error.";
            }
            (Some(key), _) => {
                message += &format!(
                    " A key, with key ID {key} was created on mount {mount} as part of this command.  If you do not \
                     with to use this key and corresponding CSR/cert, you can delete that information by calling \
                     `vault delete {mount}/key/{key}`"
                );
            }
            (None, Some(_)) => {}
        }
        if let Some(Signed { serial, .. }) = &self.signed {
            let parent = self.parent_mount();
            message += &format!(
                "A certificate with serial number {serial} was signed by mount {parent} as part of this command. If \
                 you do not want to use this certificate, consider revoking it by calling `vault write \
                 {parent}/revoke/{serial}`"
            );
        }
        message
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_done_depends_on_what_there_is() {
        let mut unfinished = Unfinished {
            mount: "pki_int".into(),
            parent: "pki/issuer/root".into(),
            name: "one".into(),
            ..Unfinished::default()
        };
        assert_eq!(unfinished.message(), "A failure has occurred\n");
        unfinished.request = Some(Request { pem: "CSR".into(), key_id: Some("k".into()) });
        let told = unfinished.message();
        assert!(
            told.contains("`vault write pki/issuer/root/sign-intermediate csr=@pki_int.csr ...`"),
            "{told}"
        );
        assert!(told.ends_with("`vault delete pki_int/key/k`\n"), "{told}");
        unfinished.signed = Some(Signed { serial: "01".into(), chain: "PEM\n".into() });
        let told = unfinished.message();
        assert!(
            told.contains("is: PEM\nYou can continue") && told.ends_with("`vault write pki/revoke/01`\n"),
            "{told}"
        );
        unfinished.imported = Some("i".into());
        let told = unfinished.message();
        assert!(told.ends_with("`vault patch pki_int/issuer/i issuer_name=one`\n"), "{told}");
    }
}
