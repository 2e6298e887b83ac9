//! Where messages of a source are listened for, as the settings say it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};

/// A listener for HL7 v2 by MLLP.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mllp {
    /// Where to listen, such as `127.0.0.1:2575`. Beyond this machine it wants `certificate`, `key` and `clients`, or `insecure`.
    pub listen: String,
    /// Addresses that may connect, such as `10.1.2.3`; silent: any that reaches it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<String>,
    /// PEM file of the certificate chain: TLS is spoken then, and nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// PEM file of the certificate's private key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// PEM file of the authorities whose client certificates are wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clients: Option<String>,
    /// Listening beyond this machine without client certificates is allowed, as behind a VPN.
    #[serde(default)]
    pub insecure: bool,
}

impl Mllp {
    /// The address; the error says why nothing may listen there.
    pub(super) fn address(&self) -> Result<SocketAddr, String> {
        let listen = &self.listen;
        let address: SocketAddr =
            listen.parse().map_err(|_| format!("`{listen}` is no address; wanted such as 127.0.0.1:2575"))?;
        let proven = self.certificate.is_some() && self.clients.is_some();
        if address.ip().is_loopback() || proven || self.insecure {
            return Ok(address);
        }
        Err(format!(
            "refused to listen on {address}: it can be reached from other machines, and whoever reaches it may write results. \
             Wanted `certificate`, `key` and `clients`, so that senders prove who they are; or `insecure = true` where only they \
             can reach it; or 127.0.0.1"
        ))
    }

    /// Who may connect; empty: anybody.
    pub(super) fn senders(&self) -> Result<Vec<IpAddr>, String> {
        let one = |text: &String| text.parse().map_err(|_| format!("`{text}` in `from` is no IP address"));
        self.from.iter().map(one).collect()
    }
}
