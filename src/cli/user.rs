//! `user`: how a password comes in, and how accounts are printed. Never from the command line's words, which others can see.

use super::print::json;
use crate::flow::accounts::{check_password, generated_password};
use crate::flow::rights::Granted;
use crate::model::standing::Role;
use serde_json::json;
use std::io::{IsTerminal, Read};

/// One account as it is printed.
#[derive(Debug)]
pub struct Line {
    /// Its name.
    pub name: String,
    /// It may not sign in.
    pub disabled: bool,
    /// Its roles.
    pub rights: Vec<Granted>,
}

/// A new password for `name`: made, typed twice at a terminal, or one line of standard input.
pub fn password(name: &str, generate: bool) -> Result<String, String> {
    if generate {
        let made = generated_password();
        println!("{made}");
        eprintln!("this password is shown once and kept nowhere; hand it over and let it be changed");
        return Ok(made);
    }
    let given = if std::io::stdin().is_terminal() { typed()? } else { piped()? };
    check_password(name, &given)?;
    Ok(given)
}

/// The password of an account that signs in at a command: typed once at a terminal, or one line of standard input.
pub fn given(name: &str) -> Result<String, String> {
    if !std::io::stdin().is_terminal() {
        return piped();
    }
    ask(&format!("Password of {name}: "))
}

fn ask(words: &str) -> Result<String, String> {
    let terminal = console::Term::stderr();
    terminal.write_str(words).map_err(|e| e.to_string())?;
    terminal.read_secure_line().map_err(|e| format!("the password cannot be read: {e}"))
}

fn typed() -> Result<String, String> {
    let first = ask("Password: ")?;
    if ask("The same again: ")? != first {
        return Err("the two passwords differ; nothing was changed".into());
    }
    Ok(first)
}

fn piped() -> Result<String, String> {
    /// Most bytes that are read for a password.
    const LINE_MAX: u64 = 4096;
    let mut text = String::new();
    std::io::stdin().take(LINE_MAX).read_to_string(&mut text).map_err(|e| format!("standard input: {e}"))?;
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        Err("no password came; type one, pipe a line, or use --generate".into())
    } else {
        Ok(line.into())
    }
}

/// The role of that word; `data-manager` and `data manager` are the same.
pub fn role(word: &str) -> Result<Role, String> {
    let wanted = word.replace('-', " ");
    Role::ALL.into_iter().find(|r| r.word() == wanted).ok_or_else(|| {
        let all: Vec<String> = Role::ALL.iter().map(|r| r.word().replace(' ', "-")).collect();
        format!("`{word}` is no role; wanted {}", all.join(", "))
    })
}

/// Prints all accounts.
pub fn list(lines: &[Line], as_json: bool) {
    if as_json {
        let right = |g: &Granted| json!({ "role": g.role.word(), "trial": g.trial, "site": g.site, "until": g.until.map(|at| at.to_string()) });
        let all: Vec<_> = lines
            .iter()
            .map(|l| json!({ "name": l.name, "disabled": l.disabled, "roles": l.rights.iter().map(right).collect::<Vec<_>>() }))
            .collect();
        return json(&json!(all));
    }
    for line in lines {
        println!("{}{}", line.name, if line.disabled { "  (disabled)" } else { "" });
        for g in &line.rights {
            let until = g.until.map_or_else(String::new, |at| format!(" until {at}"));
            println!("  {} in {} at {}{until}", g.role.word(), g.trial, g.site);
        }
        if line.rights.is_empty() {
            println!(
                "  no role: sees nothing; give one with `trialgate user role {} ROLE --trial ID --site ID`",
                line.name
            );
        }
    }
}
