//! The commands about accounts: each is one transaction with its audit row.

use super::wire;
use crate::cli::args::{Place, User};
use crate::cli::print::{End, fail};
use crate::cli::user;
use crate::clock::Clock;
use crate::flow::accounts::{hash, is_name};
use crate::flow::rehearsal::rehearse::moment_of;
use crate::flow::{Caller, Store};
use crate::model::time::Instant;
use crate::store::{AccountsAll, ChangeAccount, ChangeRight, Granted, MakeAccount};

/// Runs one; what is wrong with the question ends with 1, what failed with 3.
pub async fn run(command: User) -> End {
    match one(command).await {
        Ok(Ok(())) => End::Done,
        Ok(Err(words)) => fail(End::Wrong, words),
        Err(words) => fail(End::Failed, words),
    }
}

type Outcome = Result<Result<(), String>, String>;

async fn one(command: User) -> Outcome {
    let now = Clock::System.now();
    match command {
        User::Add { name, generate, place } => add(&name, generate, &place, now).await,
        User::Password { name, generate, place } => {
            let store = open(&place)?;
            let hashed = match user::password(&name, generate) {
                Ok(given) => hash(&given)?,
                Err(words) => return Ok(Err(words)),
            };
            let change = ChangeAccount { name, password: Some(hashed), disabled: None, caller: caller(), at: now };
            changed(store, change).await
        }
        User::Disable { name, undo, place } => {
            let change = ChangeAccount { name, password: None, disabled: Some(!undo), caller: caller(), at: now };
            changed(open(&place)?, change).await
        }
        User::Role { name, role, trial, site, until, remove, place } => {
            let asked = Role { name, role, trial, site, until, remove };
            asked.change(&place, now).await
        }
        User::List { json, place } => {
            let store = wire::store(&wire::settings(&place)?, false, true)?;
            let all = store.read(AccountsAll {}).await.map_err(|e| e.to_string())?;
            let line =
                |a: crate::store::AccountRow| user::Line { name: a.name, disabled: a.disabled, rights: a.rights };
            user::list(&all.into_iter().map(line).collect::<Vec<_>>(), json);
            Ok(Ok(()))
        }
    }
}

async fn add(name: &str, generate: bool, place: &Place, now: Instant) -> Outcome {
    if !is_name(name) {
        let words = "a name is of lower-case letters, digits, `.`, `-`, `_` and `@`, at most 64 of them";
        return Ok(Err(words.into()));
    }
    let store = open(place)?;
    let hashed = match user::password(name, generate) {
        Ok(given) => hash(&given)?,
        Err(words) => return Ok(Err(words)),
    };
    let make = MakeAccount { name: name.to_owned(), password: hashed, caller: caller(), at: now };
    let free = store.write(make).await.map_err(|e| e.to_string())?;
    close(store).await?;
    if !free {
        return Ok(Err(format!(
            "there is an account `{name}` already; its password is set by `trialgate user password`"
        )));
    }
    eprintln!(
        "{name} can sign in and sees nothing yet; next: trialgate user role {name} coordinator --trial ID --site ID"
    );
    Ok(Ok(()))
}

async fn changed(store: Store, change: ChangeAccount) -> Outcome {
    let name = change.name.clone();
    let found = store.write(change).await.map_err(|e| e.to_string())?;
    close(store).await?;
    Ok(if found { Ok(()) } else { Err(format!("there is no account `{name}`")) })
}

struct Role {
    name: String,
    role: String,
    trial: String,
    site: String,
    until: Option<String>,
    remove: bool,
}

impl Role {
    async fn change(self, place: &Place, now: Instant) -> Outcome {
        let right = match self.right(place) {
            Ok(right) => right,
            Err(words) => return Ok(Err(words)),
        };
        let store = open(place)?;
        let change = ChangeRight { name: self.name.clone(), right, remove: self.remove, caller: caller(), at: now };
        let found = store.write(change).await.map_err(|e| e.to_string())?;
        close(store).await?;
        let what = if self.remove { "account or no such role of it" } else { "account" };
        Ok(if found { Ok(()) } else { Err(format!("`{}`: there is no such {what}", self.name)) })
    }

    /// The right, of a trial and site that the definitions know: a misspelt one would be a right to nothing.
    fn right(&self, place: &Place) -> Result<Granted, String> {
        let role = user::role(&self.role)?;
        let library = wire::library(&wire::profiles(place.profiles.as_deref())?)?;
        let active = library.trial(&self.trial).ok_or_else(|| {
            let known: Vec<&str> = library.trials.iter().map(|a| a.trial.id.as_str()).collect();
            format!("`{}` is no trial of the definitions; there are: {}", self.trial, known.join(", "))
        })?;
        let sites = &active.trial.study.sites;
        let site = sites.iter().find(|s| s.id == self.site).ok_or_else(|| {
            let known: Vec<&str> = sites.iter().map(|s| s.id.as_str()).collect();
            format!("`{}` is no site of {}; there are: {}", self.site, self.trial, known.join(", "))
        })?;
        let until = self.until.as_deref().map(|text| moment_of(text, &site.zone)).transpose()?;
        Ok(Granted { role, trial: self.trial.clone(), site: self.site.clone(), until })
    }
}

fn open(place: &Place) -> Result<Store, String> {
    wire::store(&wire::settings(place)?, true, false)
}

async fn close(store: Store) -> Result<(), String> {
    store.close().await.map_err(|e| e.to_string())
}

fn caller() -> Caller {
    Caller { actor: "command line".into(), purpose: "accounts".into() }
}
