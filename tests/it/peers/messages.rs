//! Foreign senders of HL7 v2: python-hl7's `mllp_send`, and messages built and answers judged by hl7apy.

use super::{output, peers};
use crate::program::Folder;
use crate::program::messages::start;
use std::path::Path;
use std::process::Command;

#[test]
fn python_hl7_sends() {
    let Some(peers) = peers() else { return };
    let folder = Folder::new("mllp-send");
    let (_server, address) = start(&folder);
    let (host, port) = address.split_once(':').expect("host and port");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (file, wanted) in [("results-8859-1.hl7", "MSA|CA|DE1"), ("results-gb18030.hl7", "MSA|AA|GB1")] {
        let mut command = Command::new(peers.join("python/bin/mllp_send"));
        command.args(["--loose", "--file"]).arg(root.join("fixtures/hl7v2").join(file)).args(["--port", port, host]);
        // What stands in other sets it prints as Python prints bytes.
        assert!(output(&mut command).contains(wanted), "{file}");
    }
}

#[test]
fn hl7apy_builds_messages_and_judges_the_answers() {
    let Some(peers) = peers() else { return };
    let folder = Folder::new("hl7apy");
    let (_server, address) = start(&folder);
    let mut command = Command::new(peers.join("python/bin/python"));
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/peers/messages.py")).arg(&address);
    assert_eq!(output(&mut command).matches("ok ").count(), 8);
}
