//! What is said to have been read was read.

mod support;

use support::{Node, Site};

#[test]
fn every_file_that_was_read_is_counted() {
    let site = Site::new();
    Node::new("server").write(&site);
    site.write("notes.txt", "not read");
    assert_eq!(site.read().files, 4, "the configuration, the certificate, the key and the authority");
    site.write(
        "etc/consul-template.hcl",
        "template {\n  source = \"/templates/a\"\n  destination = \"/a\"\n}\ntemplate {\n  contents = \"b\"\n  destination = \"/b\"\n}\n",
    );
    site.write("templates/a", "a");
    assert_eq!(site.read().files, 6, "and consul-template's, with the one template that is a file");
}
