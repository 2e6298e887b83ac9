//! Accounts: signing in, locking, sessions by an injected clock; the command line's side of them.

use crate::place::{Place, on_both};
use crate::program::{Folder, output, trialgate};
use std::io::Write;
use std::process::Stdio;
use trialgate::flow::accounts::*;
use trialgate::model::standing::Role;
use trialgate::model::time::Instant;
use trialgate::store::*;

on_both!(
    a_session_ends_when_idle_and_after_its_longest_time,
    signing_out_and_every_change_of_the_account_end_its_sessions,
    too_many_failures_lock_names_alike_whether_there_is_an_account_or_not,
    one_address_is_locked_whatever_names_it_tries_and_success_is_not_held_against_it,
    the_audit_tells_of_sessions_and_keeps_no_secret,
);

const NOW: Instant = Instant(1_773_561_600_000_000);
const PASSWORD: &str = "correct horse battery";
const MINUTE: i64 = 60_000_000;

async fn with_account(place: &Place, name: &str) -> (Accounts, Store) {
    let store = place.open();
    let make = MakeAccount { name: name.into(), password: hash(PASSWORD).expect("a hash"), caller: caller(), at: NOW };
    assert!(store.write(make).await.expect("written"));
    (Accounts::new(store.clone()), store)
}

fn caller() -> Caller {
    Caller { actor: "test".into(), purpose: "accounts".into() }
}

async fn token(accounts: &Accounts, at: Instant) -> Token {
    match accounts.sign_in("lee", PASSWORD, "10.0.0.1", at).await.expect("an answer") {
        SignedIn::Yes(token) => token,
        other => panic!("{other:?}"),
    }
}

async fn a_session_ends_when_idle_and_after_its_longest_time(place: Place) {
    let (accounts, _store) = with_account(&place, "lee").await;
    let token = token(&accounts, NOW).await;
    let reader = |at: i64| accounts.reader(&token, NOW.plus_us(at));
    assert_eq!(reader(0).await.expect("read").expect("signed in").name, "lee");
    assert!(reader(IDLE_US - 1).await.expect("read").is_some(), "not idle for long enough");
    assert!(reader(IDLE_US - 1 + IDLE_US).await.expect("read").is_none(), "idle since that use");
    let mut at = 0;
    while at + IDLE_US - MINUTE < ABSOLUTE_US {
        at += IDLE_US - MINUTE;
        assert!(reader(at).await.expect("read").is_some(), "in use, {at}");
    }
    assert!(reader(ABSOLUTE_US).await.expect("read").is_none(), "in use all the time, and yet over");
    assert!(accounts.reader(&[0; 32], NOW).await.expect("read").is_none(), "a token that nobody gave");
}

async fn signing_out_and_every_change_of_the_account_end_its_sessions(place: Place) {
    let (accounts, store) = with_account(&place, "lee").await;
    let first = token(&accounts, NOW).await;
    accounts.sign_out(&first, NOW).await.expect("written");
    assert!(accounts.reader(&first, NOW).await.expect("read").is_none());
    let second = token(&accounts, NOW).await;
    let change = ChangeAccount {
        name: "lee".into(),
        password: Some(hash("another long password").expect("a hash")),
        disabled: None,
        caller: caller(),
        at: NOW,
    };
    assert!(store.write(change.clone()).await.expect("written"));
    assert!(accounts.reader(&second, NOW).await.expect("read").is_none());
    let disabled = ChangeAccount { password: None, disabled: Some(true), ..change };
    assert!(store.write(disabled).await.expect("written"));
    let answer = accounts.sign_in("lee", "another long password", "10.0.0.1", NOW).await.expect("an answer");
    assert_eq!(answer, SignedIn::No, "disabled looks like a wrong password");
    assert!(!accounts.any().await.expect("read"), "nobody is left who can sign in");
}

async fn too_many_failures_lock_names_alike_whether_there_is_an_account_or_not(place: Place) {
    let (accounts, _store) = with_account(&place, "lee").await;
    let mut answers = Vec::new();
    for name in ["lee", "nobody"] {
        let mut seen = Vec::new();
        for n in 0..ACCOUNT_FAILURES_MAX + 2 {
            let at = NOW.plus_us(n);
            seen.push(accounts.sign_in(name, "wrong wrong wrong", name, at).await.expect("an answer"));
        }
        answers.push(seen);
    }
    assert_eq!(answers[0], answers[1], "an account that exists answers as one that does not");
    let most = usize::try_from(ACCOUNT_FAILURES_MAX).expect("small");
    assert!(answers[0][..most].iter().all(|a| *a == SignedIn::No), "{answers:?}");
    assert_eq!(answers[0][most], SignedIn::Locked(NOW.plus_us(LOCK_US)));
    let right = |at| accounts.sign_in("lee", PASSWORD, "10.0.0.9", at);
    let locked = right(NOW.plus_us(LOCK_US - 1)).await.expect("an answer");
    assert!(matches!(locked, SignedIn::Locked(_)), "the right password does not open a locked account");
    let open = right(NOW.plus_us(LOCK_US)).await.expect("an answer");
    assert!(matches!(open, SignedIn::Yes(_)), "{open:?}");
}

async fn one_address_is_locked_whatever_names_it_tries_and_success_is_not_held_against_it(place: Place) {
    let (accounts, _store) = with_account(&place, "lee").await;
    for n in 0..ADDRESS_FAILURES_MAX * 2 {
        let name = format!("n{n}");
        let count = accounts.sign_in(&name, "", "10.0.0.2", NOW).await.expect("an answer");
        assert_eq!(matches!(count, SignedIn::Locked(_)), n >= ADDRESS_FAILURES_MAX, "{n}");
    }
    for _ in 0..3 {
        token(&accounts, NOW).await;
    }
}

async fn the_audit_tells_of_sessions_and_keeps_no_secret(place: Place) {
    let (accounts, store) = with_account(&place, "lee").await;
    accounts.sign_in("hunter2hunter2", "x", "10.0.0.1", NOW).await.expect("an answer");
    accounts.sign_in("lee", "x", "10.0.0.1", NOW).await.expect("an answer");
    let token = token(&accounts, NOW).await;
    accounts.sign_out(&token, NOW).await.expect("written");
    let rows = store.read(AuditTail { count: 100 }).await.expect("rows");
    let told: Vec<&str> = rows.iter().map(|r| r.action.as_str()).collect();
    for action in ["account made", "sign-in refused", "signed in", "signed out"] {
        assert!(told.contains(&action), "{action} in {told:?}");
    }
    let all = format!("{rows:?}");
    assert!(!all.contains("hunter2") && !all.contains(PASSWORD), "{all}");
    assert!(store.audit_verify().await.expect("read").broken.is_empty());
}

#[test]
fn passwords_are_judged_and_hashes_say_how_they_were_made() {
    let made = hash(PASSWORD).expect("a hash");
    assert!(made.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{made}");
    assert_ne!(made, hash(PASSWORD).expect("a hash"), "each has its own salt");
    for (password, fits) in
        [("short", false), ("twelve chars", true), ("i am lee and long", false), ("é".repeat(200).as_str(), false)]
    {
        assert_eq!(check_password("lee", password).is_ok(), fits, "{password}");
    }
    assert!(check_password("lee", &generated_password()).is_ok());
    assert_ne!(generated_password(), generated_password());
}

fn user(folder: &Folder, words: &[&str], input: &str) -> (Option<i32>, String, String) {
    let mut command = trialgate();
    command.arg("user").args(words).args(["--store", &folder.store()]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("read by the program");
    let out = child.wait_with_output().expect("it ends");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (out.status.code(), text(out.stdout), text(out.stderr))
}

#[test]
fn the_command_line_makes_accounts_and_gives_roles() {
    let folder = Folder::new("user-command");
    let (code, _, words) = user(&folder, &["add", "lee"], "short\n");
    assert_eq!(code, Some(1), "{words}");
    assert!(words.contains("12 characters") && !words.contains("short"), "{words}");
    assert_eq!(user(&folder, &["add", "lee"], "a long enough password\n").0, Some(0));
    assert_eq!(user(&folder, &["add", "lee"], "a long enough password\n").0, Some(1), "the name is taken");
    assert_eq!(user(&folder, &["add", "No Name"], "a long enough password\n").0, Some(1));
    let (code, printed, _) = user(&folder, &["add", "kim", "--generate"], "");
    assert_eq!((code, printed.trim().len()), (Some(0), 23));
    let trial = ["--trial", "NCT00962923", "--site", "NJ"];
    let role =
        |name: &str, role: &str, more: &[&str]| user(&folder, &[&["role", name, role], &trial[..], more].concat(), "");
    assert_eq!(role("lee", "data-manager", &["--until", "2026-12-31"]).0, Some(0));
    assert_eq!(role("lee", "coordinator", &[]).0, Some(0));
    assert_eq!(role("lee", "coordinator", &["--remove"]).0, Some(0));
    assert_eq!(role("nobody", "coordinator", &[]).0, Some(1));
    let (code, _, words) = role("lee", "boss", &[]);
    assert!(code == Some(1) && words.contains("coordinator, investigator"), "{words}");
    let (code, _, words) = user(&folder, &["role", "lee", "monitor", "--trial", "NCT00962923", "--site", "XX"], "");
    assert!(code == Some(1) && words.contains("there are: NJ"), "{words}");
    assert_eq!(user(&folder, &["disable", "kim"], "").0, Some(0));
    let list = output(trialgate().args(["user", "list", "--json", "--store", &folder.store()]));
    let list: serde_json::Value = serde_json::from_str(&list).expect("JSON");
    assert_eq!(list[0]["name"], "kim");
    assert_eq!(list[0]["disabled"], true);
    assert_eq!(list[1]["roles"].as_array().map(Vec::len), Some(1));
    assert_eq!(list[1]["roles"][0]["role"], Role::DataManager.word());
    assert_eq!(list[1]["roles"][0]["until"], "2026-12-31T15:59:59.999999Z");
}
