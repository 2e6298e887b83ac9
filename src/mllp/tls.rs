//! TLS of a listener, with client certificates where the settings name who signs them.

use super::settings::Mllp;
use rustls::RootCertStore;
use rustls::ServerConfig;
use rustls::crypto::ring as crypto;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// `None`: no TLS is asked for.
pub(super) fn acceptor(settings: &Mllp) -> Result<Option<TlsAcceptor>, String> {
    let (certificate, key) = match (&settings.certificate, &settings.key) {
        (None, None) if settings.clients.is_none() => return Ok(None),
        (Some(certificate), Some(key)) => (certificate, key),
        _ => return Err("TLS wants both `certificate` and `key`".into()),
    };
    let chain = certificates(certificate)?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(|e| format!("{key}: {e}"))?;
    let provider = Arc::new(crypto::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?;
    let builder = match &settings.clients {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let mut roots = RootCertStore::empty();
            for one in certificates(path)? {
                roots.add(one).map_err(|e| format!("{path}: {e}"))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.map_err(|e| format!("{path}: {e}"))?)
        }
    };
    let config = builder.with_single_cert(chain, key).map_err(|e| format!("{certificate}: {e}"))?;
    Ok(Some(TlsAcceptor::from(Arc::new(config))))
}

fn certificates(path: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let all = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match all.map_err(|e| format!("{path}: {e}"))? {
        none if none.is_empty() => Err(format!("{path}: found no certificate; wanted PEM")),
        all => Ok(all),
    }
}
