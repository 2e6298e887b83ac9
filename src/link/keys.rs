//! Signing keys and what they sign: compact JSON Web Signatures by ES384 and RS384. The cryptography is the libraries'.
//!
//! <https://www.rfc-editor.org/rfc/rfc7518> (algorithms), <https://www.rfc-editor.org/rfc/rfc7517> (key sets)

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA384, RsaKeyPair};
use rsa::Generate;
use rsa::pkcs8::EncodePrivateKey;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::fmt;
use std::sync::Arc;

/// Bytes of one coordinate of a point on P-384.
const COORDINATE: usize = 48;

/// How it is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Algorithm {
    /// ECDSA on P-384 with SHA-384.
    #[serde(rename = "ES384")]
    Es384,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    #[serde(rename = "RS384")]
    Rs384,
}

impl Algorithm {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Es384 => "ES384",
            Self::Rs384 => "RS384",
        }
    }
}

enum Pair {
    Elliptic(Box<EcdsaKeyPair>),
    Rsa(Box<RsaKeyPair>),
}

/// One signing key. It is never printed.
pub struct Key {
    /// Its name, `kid`.
    pub id: String,
    pair: Pair,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({}, {})", self.id, self.algorithm().name())
    }
}

impl Key {
    /// A new private key as PKCS#8 in PEM.
    pub fn generate(algorithm: Algorithm) -> Result<String, String> {
        let der = match algorithm {
            Algorithm::Es384 => EcdsaKeyPair::generate_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &SystemRandom::new())
                .map_err(|_| "no key could be made".to_owned())?
                .as_ref()
                .to_vec(),
            Algorithm::Rs384 => {
                let key = rsa::PrivateKey::generate();
                key.to_pkcs8_der().map_err(|e| format!("no key could be made: {e}"))?.as_bytes().to_vec()
            }
        };
        Ok(pem(&der))
    }

    /// The key of that PEM text.
    pub fn read(id: &str, text: &[u8]) -> Result<Self, String> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(text)
            .map_err(|_| "it is no private key; wanted PKCS#8 in PEM (`BEGIN PRIVATE KEY`)".to_owned())?;
        let der = der.secret_pkcs8_der();
        let elliptic = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, der, &SystemRandom::new());
        let pair = match (elliptic, RsaKeyPair::from_pkcs8(der)) {
            (Ok(pair), _) => Pair::Elliptic(Box::new(pair)),
            (_, Ok(pair)) => Pair::Rsa(Box::new(pair)),
            (_, Err(_)) => {
                return Err(
                    "the key serves neither ES384 nor RS384; wanted P-384, or RSA of 2048 to 4096 bits".to_owned()
                );
            }
        };
        Ok(Self { id: id.to_owned(), pair })
    }

    /// How it signs.
    pub fn algorithm(&self) -> Algorithm {
        match self.pair {
            Pair::Elliptic(_) => Algorithm::Es384,
            Pair::Rsa(_) => Algorithm::Rs384,
        }
    }

    /// The public half as a JSON Web Key.
    pub fn public(&self) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut key = match &self.pair {
            Pair::Elliptic(pair) => {
                // An uncompressed point: 4, x, y.
                let (x, y) = pair.public_key().as_ref()[1..].split_at(COORDINATE);
                json!({ "kty": "EC", "crv": "P-384", "x": text(x), "y": text(y) })
            }
            Pair::Rsa(pair) => {
                let parts = ring::rsa::PublicKeyComponents::<Vec<u8>>::from(pair.public());
                json!({ "kty": "RSA", "n": text(&parts.n), "e": text(&parts.e) })
            }
        };
        key["kid"] = self.id.as_str().into();
        key["alg"] = self.algorithm().name().into();
        key["use"] = "sig".into();
        key["key_ops"] = json!(["verify"]);
        key
    }

    /// These claims as a signed JWT.
    pub(super) fn signed(&self, claims: &Value) -> Result<String, String> {
        let header = json!({ "alg": self.algorithm().name(), "kid": self.id, "typ": "JWT" });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(&header), part(claims));
        let signature = self.signature(message.as_bytes())?;
        Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    fn signature(&self, message: &[u8]) -> Result<Vec<u8>, String> {
        let random = SystemRandom::new();
        let failed = |_| "the key could not sign".to_owned();
        match &self.pair {
            Pair::Elliptic(pair) => Ok(pair.sign(&random, message).map_err(failed)?.as_ref().to_vec()),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA384, &random, message, &mut signature).map_err(failed)?;
                Ok(signature)
            }
        }
    }
}

/// The keys of one gateway, the oldest first.
#[derive(Debug, Clone, Default)]
pub struct Keys(pub Vec<Arc<Key>>);

impl Keys {
    /// Their public halves, as `/.well-known/jwks.json` serves them.
    pub fn public(&self) -> Value {
        json!({ "keys": self.0.iter().map(|key| key.public()).collect::<Vec<_>>() })
    }

    /// The key of that name, or else the oldest of that algorithm, or else the oldest.
    pub fn pick(&self, id: Option<&str>, algorithm: Option<Algorithm>) -> Result<Arc<Key>, String> {
        let fits = |key: &&Arc<Key>| {
            id.is_none_or(|id| key.id == id) && algorithm.is_none_or(|algorithm| key.algorithm() == algorithm)
        };
        self.0.iter().find(fits).cloned().ok_or_else(|| {
            let wanted = [id, algorithm.map(Algorithm::name)].into_iter().flatten().collect::<Vec<_>>().join(" ");
            let there: Vec<String> =
                self.0.iter().map(|key| format!("{} ({})", key.id, key.algorithm().name())).collect();
            match there.as_slice() {
                [] => "there is no signing key; make one with `trialgate keys new`, in the folder that `keys` names"
                    .into(),
                _ => format!("no signing key is {wanted}; there are {}", there.join(", ")),
            }
        })
    }
}

fn pem(der: &[u8]) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"))
}
