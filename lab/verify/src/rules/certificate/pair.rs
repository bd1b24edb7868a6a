//! CERT101: a key and a certificate that do not belong together.

use lab_pki::key_matches;

use crate::finding::Finding;
use crate::rules::subject::Subject;

pub(in crate::rules) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let material = &subject.agent.material;
    let (Some(leaf), Some(key)) = (subject.leaf(), material.key.content()) else { return Vec::new() };
    if key_matches(leaf, key) {
        return Vec::new();
    }
    let message = "the private key is not the certificate's: `tls: private key does not match public key`";
    let key = subject.agent.place(&["tls", "key_file"], "another certificate's key");
    vec![subject.finding("CERT101", message).at(key).with(subject.leaf_place())]
}
