//! Mutual TLS and authorities of one's own, before a server that takes no client without a certificate.

use super::*;
use crate::authority::Authority;
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use trialgate::link::{Auth, By as Shows, Keys, SECRET_FILE_MAX};

/// A server that trusts clients of `clients`; answers its base.
async fn serve(authority: &Authority, clients: &Authority) -> String {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(clients.der.clone()).expect("a root");
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build().expect("a verifier");
    let (certificate, key) = authority.signs("127.0.0.1");
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
    let config = config.with_client_cert_verifier(verifier).with_single_cert(vec![certificate.der().clone()], key);
    let acceptor = TlsAcceptor::from(Arc::new(config.expect("a configuration")));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("https://{}/fhir", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut bytes = [0; 4096];
            let read = stream.read(&mut bytes).await.unwrap_or_default();
            let shown = String::from_utf8_lossy(&bytes[..read]).to_ascii_lowercase();
            let status = if shown.contains("authorization: basic d2fyzdpvcgvuoq==") { 200 } else { 401 };
            let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}");
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    base
}

/// Files that go with the test.
struct Files(std::path::PathBuf);

impl Files {
    fn new() -> Self {
        let name = format!("trialgate-tls-{}-{}", std::process::id(), trialgate::clock::random_u64());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir(&folder).expect("a folder");
        Self(folder)
    }

    fn write(&self, name: &str, text: &str) -> std::path::PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).expect("written");
        path
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn bare(by: Shows) -> Auth {
    serde_json::from_value(json!({ "by": by })).expect("settings")
}

async fn asked(base: &str, auth: &Auth) -> Result<u16, String> {
    let client = trialgate::flow::desk::client(base, None, Some(auth), &Keys::default(), false)?;
    client.get(&["metadata"], &[], Instant(0)).await.map(|answer| answer.status).map_err(|failure| failure.text)
}

#[tokio::test]
async fn a_certificate_is_shown_and_the_servers_is_judged_by_the_named_authorities() {
    let (hospital, clients, stranger, files) = (Authority::new(), Authority::new(), Authority::new(), Files::new());
    let base = serve(&hospital, &clients).await;
    let (certificate, key) = clients.signs("trialgate");
    let (foreign, foreign_key) = stranger.signs("trialgate");
    let whole = Auth {
        user: Some("ward".into()),
        secret_file: Some(files.write("password", "open9\n")),
        certificate: Some(files.write("certificate.pem", &certificate.pem())),
        certificate_key: Some(files.write("key.pem", &key.serialize_pem())),
        authorities: Some(files.write("authorities.pem", &hospital.pem)),
        ..bare(Shows::Basic)
    };
    // The user and password are looked for in the answer: `ward:open9` in base64, whatever the case.
    assert_eq!(asked(&base, &whole).await, Ok(200));
    let nobody = Auth { by: Shows::None, user: None, secret_file: None, ..whole.clone() };
    assert_eq!(asked(&base, &nobody).await, Ok(401));
    for (auth, what) in [
        (Auth { certificate: None, certificate_key: None, ..whole.clone() }, "no certificate of ours"),
        (Auth { authorities: None, ..whole.clone() }, "an authority that the system does not know"),
        (Auth { authorities: Some(files.write("other.pem", &stranger.pem)), ..whole.clone() }, "another authority"),
        (
            Auth {
                certificate: Some(files.write("foreign.pem", &foreign.pem())),
                certificate_key: Some(files.write("foreign-key.pem", &foreign_key.serialize_pem())),
                ..whole.clone()
            },
            "a certificate of a stranger",
        ),
    ] {
        let answer = asked(&base, &auth).await;
        assert!(
            matches!(answer.as_ref().map_err(String::as_str), Err("cannot be reached" | "the connection broke")),
            "{what}: {answer:?}"
        );
    }
    // Without TLS nobody is asked beyond this machine.
    let plain = asked("http://ehr.example/fhir", &whole).await;
    assert!(plain.expect_err("refused").contains("plain HTTP beyond this machine"));
}

#[tokio::test]
async fn what_is_missing_is_said() {
    let files = Files::new();
    let there = files.write("text", "no certificate");
    let long = files.write("long", &"x".repeat(usize::try_from(SECRET_FILE_MAX).expect("small") + 1));
    let nowhere = files.0.join("nowhere");
    for (auth, words) in [
        (bare(Shows::Basic), "`basic` needs `user`"),
        (Auth { user: Some("a:b".into()), ..bare(Shows::Basic) }, "`user` holds a colon"),
        (
            Auth { user: Some("a".into()), ..bare(Shows::Basic) },
            "wanted either `secret` (best by environment) or `secret_file`",
        ),
        (
            Auth { secret: Some("a".into()), secret_file: Some(there.clone()), ..bare(Shows::Bearer) },
            "wanted either `secret`",
        ),
        (Auth { secret: Some(String::new()), ..bare(Shows::Bearer) }, "the token has characters"),
        (Auth { secret: Some("a\nb".into()), ..bare(Shows::Bearer) }, "the token has characters"),
        (Auth { secret_file: Some(nowhere.clone()), ..bare(Shows::Bearer) }, "nowhere: No such file"),
        (Auth { secret_file: Some(long), ..bare(Shows::Bearer) }, "bytes; at most 1048576"),
        (Auth { certificate: Some(there.clone()), ..bare(Shows::None) }, "mutual TLS needs both"),
        (
            Auth { certificate: Some(there.clone()), certificate_key: Some(there.clone()), ..bare(Shows::None) },
            "no certificate and private key in PEM",
        ),
        (Auth { authorities: Some(there), ..bare(Shows::None) }, "`authorities` holds no certificate"),
        (bare(Shows::Smart), "there is no signing key; make one with `trialgate keys new`"),
    ] {
        let refused = asked("https://ehr.example/fhir", &auth).await.expect_err("refused");
        assert!(refused.contains(words), "{refused}");
    }
    let both = trialgate::flow::desk::client(
        "https://ehr.example",
        Some("t"),
        Some(&bare(Shows::None)),
        &Keys::default(),
        false,
    );
    assert!(both.expect_err("refused").contains("both `token` and `auth`"));
}
