//! TLS: senders that show a certificate of the named authority are heard, nobody else is.

use super::listener::{answer, block, bounds, open_as, result, segment};
use super::*;
use crate::authority::Authority;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::path::PathBuf;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use trialgate::mllp::{Listener, Mllp};

fn file(folder: &Path, name: &str, text: &str) -> String {
    let path: PathBuf = folder.join(name);
    std::fs::write(&path, text).expect("written");
    path.display().to_string()
}

fn client(trusts: &Authority, shows: Option<(String, String)>) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(trusts.pem.as_bytes()).expect("PEM")).expect("a root");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
    let builder = builder.with_root_certificates(roots);
    let config = match shows {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).expect("PEM")];
            builder
                .with_client_auth_cert(chain, PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("PEM"))
                .expect("a pair")
        }
    };
    TlsConnector::from(Arc::new(config))
}

#[tokio::test]
async fn only_senders_with_a_certificate_are_heard() {
    let place = Place::file();
    let Place::File(folder) = &place else { return };
    let (ours, engines, foreign) = (Authority::new(), Authority::new(), Authority::new());
    let (certificate, key) = ours.signs_pem("127.0.0.1");
    let settings = Mllp {
        listen: "127.0.0.1:0".into(),
        certificate: Some(file(folder, "server.pem", &certificate)),
        key: Some(file(folder, "server.key", &key)),
        clients: Some(file(folder, "engines.pem", &engines.pem)),
        ..Mllp::default()
    };
    let beyond = Mllp { listen: "0.0.0.0:0".into(), ..settings.clone() };
    assert!(Listener::bind("lab", &beyond).is_ok(), "senders prove who they are");
    let open = open_as(ward(&place), bounds(), settings);
    let name = ServerName::try_from("127.0.0.1").expect("a name");
    let known = client(&ours, Some(engines.signs_pem("engine")));
    let mut stream = known.connect(name.clone(), open.connect().await).await.expect("a handshake");
    stream.write_all(&block(&result(1))).await.expect("sent");
    assert_eq!(segment(&answer(&mut stream).await.expect("an answer"), "MSA"), "MSA|AA|M1");
    for shows in [None, Some(foreign.signs_pem("engine"))] {
        // With TLS 1.3 a client learns only when it reads that it was not let in.
        let stream: TcpStream = open.connect().await;
        if let Ok(mut stream) = client(&ours, shows).connect(name.clone(), stream).await {
            let _ = stream.write_all(&block(&result(2))).await;
            assert_eq!(answer(&mut stream).await, None);
        }
    }
    // Nor does anybody who speaks no TLS.
    let mut plain = open.connect().await;
    plain.write_all(&block(&result(3))).await.expect("sent");
    let mut heard = Vec::new();
    let _ = tokio::io::AsyncReadExt::read_to_end(&mut plain, &mut heard).await;
    assert!(!heard.contains(&0x0b), "{heard:?}");
    drop((stream, plain));
    assert_eq!(open.close().await.observations().await.len(), 1);
}
