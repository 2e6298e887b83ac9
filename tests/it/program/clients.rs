//! Setting up a machine client: refused beyond this machine without one, made by a command, admitted by its token.

use super::client::request_as;
use super::server::Server;
use super::{Folder, trialgate};
use std::process::Output;
use trialgate::config::Settings;

fn ran(args: &[&str]) -> Output {
    trialgate().args(args).output().expect("the program starts")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn beyond_this_machine_it_is_refused_with_what_to_do() {
    let folder = Folder::new("exposed");
    let refused = ran(&["serve", "--listen", "0.0.0.0:0", "--store", &folder.store()]);
    let words = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(3), "{words}");
    for wanted in ["0.0.0.0", "`trialgate client add NAME >> trialgate.toml`", "`[[clients]]`", "127.0.0.1"] {
        assert!(words.contains(wanted), "{wanted} is not in: {words}");
    }
    assert!(!folder.0.join("store.db").exists(), "nothing is opened");
}

#[test]
fn a_client_that_was_added_is_admitted_by_its_token_and_nobody_else_is() {
    let added = ran(&["client", "add", "lab-1", "--source", "main", "--rights", "read"]);
    let (settings, said) = (text(&added.stdout), text(&added.stderr));
    assert!(added.status.success(), "{said}");
    let token = said.split("Bearer ").nth(1).and_then(|t| t.split_whitespace().next()).expect("a token");
    assert_eq!(token.len(), 64);
    assert!(!settings.contains(token), "the token is in no file");
    let again = ran(&["client", "add", "lab-1"]);
    assert!(!text(&again.stderr).contains(token), "each has its own token");
    let folder = Folder::new("clients");
    let settings = format!("[sources.main]\nzone = \"UTC\"\n\n{settings}");
    let server = Server::start(&folder, &settings);
    let asked = |method: &str, who: Option<&str>| {
        request_as(&server.address, who, method, "/fhir/Patient", "{}").expect("an answer").status
    };
    assert_eq!(asked("GET", None), 401);
    assert_eq!(asked("GET", Some("Bearer x")), 401);
    assert_eq!(asked("GET", Some(&format!("Bearer {token}"))), 200);
    assert_eq!(asked("POST", Some(&format!("Bearer {token}"))), 403, "it was given the right to read alone");
}

#[test]
fn what_is_no_client_is_refused() {
    for wrong in [
        &["client", "add", "a b"][..],
        &["client", "add", ""],
        &["client", "add", "lab", "--rights", "everything"],
        &["client", "add", "lab", "--source", "Main"],
    ] {
        let refused = ran(wrong);
        assert_eq!((refused.status.code(), text(&refused.stdout)), (Some(2), ""), "{wrong:?}");
        assert!(!refused.stderr.is_empty());
    }
    let client = "[[clients]]\nname = \"lab\"\nsource = \"elsewhere\"\nrights = [\"read\"]\ntoken_sha256 = \"";
    let fault = Settings::parse(&format!("{client}{}\"\n", "0".repeat(64))).expect_err("no such source");
    assert!(fault.contains("`elsewhere` is no source"), "{fault}");
}
