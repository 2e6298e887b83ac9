//! Signing keys by the commands: made with a private file, shown and served as public halves, several at once.

use super::client::request;
use super::server::Server;
use super::{Folder, trialgate};
use serde_json::Value;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::process::Output;

fn keys(folder: &Folder, arguments: &[&str]) -> Output {
    let at = folder.0.join("keys");
    trialgate().arg("keys").args(arguments).arg("--folder").arg(at).output().expect("the program starts")
}

#[test]
fn keys_are_made_shown_and_served() {
    let folder = Folder::new("keys");
    let none = keys(&folder, &["show"]);
    assert_eq!(none.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&none.stderr).contains("make one with `trialgate keys new`"));
    for algorithm in ["ES384", "RS384"] {
        let made = keys(&folder, &["new", "--algorithm", algorithm]);
        let public: Value = serde_json::from_slice(&made.stdout).expect("a key");
        assert_eq!(public["alg"], algorithm);
        let said = String::from_utf8(made.stderr).expect("UTF-8");
        let file = folder.0.join("keys").join(format!("{}.pem", public["kid"].as_str().expect("a name")));
        assert!(said.contains(&file.display().to_string()), "{said}");
        let mode = std::fs::metadata(&file).expect("the file").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
        assert_eq!(std::fs::metadata(folder.0.join("keys")).expect("the folder").permissions().mode() & 0o777, 0o700);
    }
    let shown = keys(&folder, &["show"]);
    let shown: Value = serde_json::from_slice(&shown.stdout).expect("a set");
    let all = shown["keys"].as_array().expect("keys");
    assert_eq!(all.len(), 2);
    // Nothing private: `d`, `p`, `q`, … have no place there.
    let allowed = ["kty", "crv", "x", "y", "n", "e", "kid", "alg", "use", "key_ops"];
    assert!(all.iter().all(|key| key.as_object().expect("a key").keys().all(|name| allowed.contains(&name.as_str()))));
    let settings = format!("keys = \"{}\"\n[sources.main]\nzone = \"UTC\"\n", folder.0.join("keys").display());
    let server = Server::start(&folder, &settings);
    let served = request(&server.address, "GET", "/.well-known/jwks.json", "").expect("an answer");
    assert_eq!((served.status, serde_json::from_str::<Value>(&served.body).expect("JSON")), (200, shown));
}

#[test]
fn a_key_that_others_may_read_is_refused() {
    let folder = Folder::new("open-keys");
    let made = keys(&folder, &["new"]);
    let public: Value = serde_json::from_slice(&made.stdout).expect("a key");
    let file = folder.0.join("keys").join(format!("{}.pem", public["kid"].as_str().expect("a name")));
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).expect("changed");
    let refused = keys(&folder, &["show"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("(mode 640); wanted `chmod 600`"));
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("changed");
    std::fs::write(&file, "no key").expect("written");
    let refused = keys(&folder, &["show"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("wanted PKCS#8 in PEM"));
}

#[test]
fn a_key_whose_name_cannot_be_told_is_refused() {
    let folder = Folder::new("odd-keys");
    let made = keys(&folder, &["new"]);
    let public: Value = serde_json::from_slice(&made.stdout).expect("a key");
    let at = folder.0.join("keys");
    let odd = at.join(std::ffi::OsStr::from_bytes(b"\xff.pem"));
    std::fs::rename(at.join(format!("{}.pem", public["kid"].as_str().expect("a name"))), odd).expect("renamed");
    let refused = keys(&folder, &["show"]);
    assert_eq!(refused.status.code(), Some(1), "{}", String::from_utf8_lossy(&refused.stdout));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("its name is no UTF-8"));
}
