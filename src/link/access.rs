//! Who we are to a server: its settings, and what is made of them. Secrets come from the environment or from files.

use super::client::{LinkError, Secret};
use super::keys::{Algorithm, Keys};
use super::token::Smart;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The longest file with a secret or certificates.
pub const SECRET_FILE_MAX: u64 = 1 << 20;

/// The way to show who we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// By nothing, or by the certificate alone.
    None,
    /// A token that does not change.
    Bearer,
    /// A user and a password.
    Basic,
    /// SMART Backend Services: a signed assertion for a token of some minutes.
    Smart,
}

impl By {
    /// The word of configuration.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Bearer => "bearer",
            Self::Basic => "basic",
            Self::Smart => "smart",
        }
    }
}

/// How the gateway shows a server who it is. It goes to the exact origin of the base alone, never along a redirect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// `smart`, `basic`, `bearer`, or `none` where a certificate alone is asked for.
    pub by: By,
    /// `basic`: the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// `basic`: the password; `bearer`: the token. Best given by environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("writeOnly" = true))]
    pub secret: Option<String>,
    /// A file that holds the secret and nothing else; it is read at start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_file: Option<PathBuf>,
    /// `smart`: the name under which the gateway is registered there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// `smart`: what is asked for, such as `["system/Patient.rs", "system/Observation.rs"]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// `smart`: the token endpoint. Silent: as `.well-known/smart-configuration` below the base names it, if it is of
    /// the base's own origin; one of another origin has to stand here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_url: Option<String>,
    /// `smart`: the key that signs, by its name. Silent: the oldest of `keys`, of `algorithm` where that is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// `smart`: `ES384` or `RS384`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<Algorithm>,
    /// Mutual TLS: file of our certificate and those above it, in PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<PathBuf>,
    /// Mutual TLS: file of the certificate's private key, in PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_key: Option<PathBuf>,
    /// File of the authorities that alone may sign the server's certificate, in PEM. Silent: those of the system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorities: Option<PathBuf>,
}

/// What a client shows of itself.
#[derive(Debug, Clone, Default)]
pub enum Access {
    /// Nothing.
    #[default]
    Open,
    /// A token that does not change.
    Bearer(Secret),
    /// A user and a password.
    Basic(String, Secret),
    /// A token of some minutes.
    Smart(Smart),
}

/// The server's authorities and our certificate, as PEM.
#[derive(Debug, Clone, Default)]
pub struct Tls {
    /// Who alone may sign the server's certificate; `None`: the system's.
    pub authorities: Option<Vec<u8>>,
    /// Our certificates and their key.
    pub identity: Option<Secret>,
}

impl Auth {
    /// Reads what the settings name; the error says what is missing.
    pub fn read(&self, keys: &Keys) -> Result<(Access, Tls), LinkError> {
        let missing = |words: &str| LinkError::Access(words.to_owned());
        let access = match self.by {
            By::None => Access::Open,
            By::Bearer => Access::Bearer(self.secret()?),
            By::Basic => {
                let user = self.user.clone().ok_or_else(|| missing("`basic` needs `user`"))?;
                if user.contains(':') {
                    return Err(missing("`user` holds a colon, which HTTP's basic authentication cannot carry"));
                }
                Access::Basic(user, self.secret()?)
            }
            By::Smart => Access::Smart(Smart {
                client: self.client_id.clone().unwrap_or_default(),
                scopes: self.scopes.clone(),
                key: keys.pick(self.key.as_deref(), self.algorithm).map_err(LinkError::Access)?,
                endpoint: self.token_url.clone(),
            }),
        };
        let identity = match (&self.certificate, &self.certificate_key) {
            (Some(certificate), Some(key)) => {
                let mut pem = text(certificate)?;
                pem.push('\n');
                pem.push_str(&text(key)?);
                Some(Secret::new(pem))
            }
            (None, None) => None,
            _ => return Err(missing("mutual TLS needs both `certificate` and `certificate_key`")),
        };
        let authorities = self.authorities.as_deref().map(text).transpose()?.map(String::into_bytes);
        Ok((access, Tls { authorities, identity }))
    }

    fn secret(&self) -> Result<Secret, LinkError> {
        match (&self.secret, &self.secret_file) {
            (Some(secret), None) => Ok(Secret::new(secret)),
            (None, Some(file)) => Ok(Secret::new(text(file)?.trim_end_matches(['\r', '\n']))),
            _ => Err(LinkError::Access("wanted either `secret` (best by environment) or `secret_file`".into())),
        }
    }
}

fn text(file: &Path) -> Result<String, LinkError> {
    let unfit = |words: String| LinkError::Access(format!("{}: {words}", file.display()));
    let size = std::fs::metadata(file).map_err(|e| unfit(e.to_string()))?.len();
    if size > SECRET_FILE_MAX {
        return Err(unfit(format!("it has {size} bytes; at most {SECRET_FILE_MAX}")));
    }
    std::fs::read_to_string(file).map_err(|e| unfit(e.to_string()))
}
