//! Local accounts, their rights, sessions and failed attempts. Secrets are here as hashes only.

use super::audit;
use super::contract::{Caller, StoreError};
use super::tx::{Done, Question, Tx, Unit};
use super::value::args;
use crate::model::standing::Role;
use crate::model::time::Instant;

/// Attempts older than their window that one count clears away.
const PRUNED_MAX: i64 = 100;

/// One right of an account: a role in a trial at a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// The role.
    pub role: Role,
    /// The trial's id.
    pub trial: String,
    /// The site's id in the definition.
    pub site: String,
    /// Until when; `None`: until it is taken back.
    pub until: Option<Instant>,
}

/// An account with its rights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRow {
    /// Its name.
    pub name: String,
    /// The password's hash with salt and parameters.
    pub password: String,
    /// It may not sign in.
    pub disabled: bool,
    /// What it may.
    pub rights: Vec<Granted>,
}

/// A session that was opened and not closed; whoever asks judges its times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// The account, with the rights that it has now.
    pub account: AccountRow,
    /// When it was opened.
    pub made: Instant,
    /// When it was used last, to about a minute.
    pub used: Instant,
}

macro_rules! values {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ty),* $(,)? })*) => {
        $($(#[$doc])* #[derive(Debug, Clone)] pub struct $name { $($(#[$field_doc])* pub $field: $kind),* })*
    };
}

values! {
    /// Makes an account without rights; answers whether the name was free.
    MakeAccount {
        /// Its name.
        name: String,
        /// The password's hash.
        password: String,
        /// Who.
        caller: Caller,
        /// Now.
        at: Instant,
    }
    /// Changes an account and ends its sessions; answers whether there is one.
    ChangeAccount {
        /// Which.
        name: String,
        /// A new password's hash.
        password: Option<String>,
        /// Whether it is disabled from now on.
        disabled: Option<bool>,
        /// Who.
        caller: Caller,
        /// Now.
        at: Instant,
    }
    /// Gives a right or takes it back; answers whether there is such an account (and, to take back, such a right).
    ChangeRight {
        /// Whose.
        name: String,
        /// Which.
        right: Granted,
        /// Take it back.
        remove: bool,
        /// Who.
        caller: Caller,
        /// Now.
        at: Instant,
    }
    /// Opens a session, and clears away those that ended by time.
    OpenSession {
        /// SHA-256 of its token.
        hash: [u8; 32],
        /// The account.
        name: String,
        /// Sessions made before are over.
        oldest: Instant,
        /// Now.
        at: Instant,
    }
    /// Notes that a session is used.
    UseSession {
        /// SHA-256 of its token.
        hash: [u8; 32],
        /// Now.
        at: Instant,
    }
    /// Closes a session; answers whose it was.
    CloseSession {
        /// SHA-256 of its token.
        hash: [u8; 32],
        /// Now.
        at: Instant,
    }
    /// Counts an attempt for each key before it is made; answers until when further ones are refused, `None`: it may be made.
    CountAttempt {
        /// Key and how many failures it may have within the window.
        keys: Vec<([u8; 32], i64)>,
        /// The window, in microseconds.
        window_us: i64,
        /// Now.
        at: Instant,
    }
    /// An attempt went well: the first key's failures are forgotten, the others' lose the one that was counted.
    ForgetAttempt {
        /// The keys that were counted.
        keys: Vec<[u8; 32]>,
    }
    /// One account; answers `Option<AccountRow>`.
    AccountOf {
        /// Its name.
        name: String,
    }
    /// All accounts by name; answers `Vec<AccountRow>`.
    AccountsAll {}
    /// Whether there is any account that may sign in; answers `bool`.
    AnyAccount {}
    /// A session by its token's hash; answers `Option<SessionRow>`.
    SessionOf {
        /// SHA-256 of its token.
        hash: [u8; 32],
    }
}

async fn note(tx: &mut impl Tx, action: &str, detail: String, caller: &Caller, at: Instant) -> Result<(), StoreError> {
    audit::append(tx, audit::Entry { action, detail, person: None, caller, at }).await
}

impl Unit for MakeAccount {
    type Answer = bool;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<bool>, StoreError> {
        let sql = "insert into account (name, password, state, made, changed) values (?1, ?2, 1, ?3, ?3) on conflict do nothing";
        if tx.execute(sql, args![self.name.as_str(), self.password.as_str(), self.at]).await? == 0 {
            return Ok(Done::Undo(false));
        }
        note(tx, "account made", self.name.clone(), &self.caller, self.at).await?;
        Ok(Done::Keep(true))
    }
}

impl Unit for ChangeAccount {
    type Answer = bool;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<bool>, StoreError> {
        let state = self.disabled.map(|disabled| if disabled { 2 } else { 1 });
        let sql = "update account set password = coalesce(?2, password), state = coalesce(?3, state), changed = ?4 where name = ?1";
        if tx.execute(sql, args![self.name.as_str(), self.password.clone(), state, self.at]).await? == 0 {
            return Ok(Done::Undo(false));
        }
        tx.execute("delete from session where name = ?1", args![self.name.as_str()]).await?;
        let what = match (self.disabled, &self.password) {
            (Some(true), _) => "account disabled",
            (Some(false), _) => "account enabled",
            _ => "password set",
        };
        note(tx, what, self.name.clone(), &self.caller, self.at).await?;
        Ok(Done::Keep(true))
    }
}

impl Unit for ChangeRight {
    type Answer = bool;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<bool>, StoreError> {
        let (name, right) = (self.name.as_str(), &self.right);
        if tx.query("select 1 from account where name = ?1", args![name]).await?.is_empty() {
            return Ok(Done::Undo(false));
        }
        let row = args![name, right.role.word(), right.trial.as_str(), right.site.as_str(), right.until];
        let changed = if self.remove {
            let sql = "delete from account_right where name = ?1 and role = ?2 and trial = ?3 and site = ?4";
            tx.execute(sql, &row[..4]).await?
        } else {
            let sql = "insert into account_right (name, role, trial, site, until) values (?1, ?2, ?3, ?4, ?5)
                       on conflict (name, role, trial, site) do update set until = excluded.until";
            tx.execute(sql, row).await?
        };
        let what = if self.remove { "right taken back" } else { "right given" };
        let detail = format!("{name}: {} in {} at {}", right.role.word(), right.trial, right.site);
        note(tx, what, detail, &self.caller, self.at).await?;
        Ok(Done::Keep(changed > 0))
    }
}

impl Unit for OpenSession {
    type Answer = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<()>, StoreError> {
        tx.execute("delete from session where made < ?1", args![self.oldest]).await?;
        let sql = "insert into session (hash, name, made, used) values (?1, ?2, ?3, ?3)";
        tx.execute(sql, args![self.hash.to_vec(), self.name.as_str(), self.at]).await?;
        let caller = Caller { actor: self.name.clone(), purpose: "session".into() };
        note(tx, "signed in", String::new(), &caller, self.at).await?;
        Ok(Done::Keep(()))
    }
}

impl Unit for UseSession {
    type Answer = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<()>, StoreError> {
        let sql = "update session set used = ?2 where hash = ?1 and used < ?2";
        tx.execute(sql, args![self.hash.to_vec(), self.at]).await?;
        Ok(Done::Keep(()))
    }
}

impl Unit for CloseSession {
    type Answer = Option<String>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Self::Answer>, StoreError> {
        let rows = tx.query("delete from session where hash = ?1 returning name", args![self.hash.to_vec()]).await?;
        let name = rows.into_iter().next().map(|mut r| r.text(0)).transpose()?;
        if let Some(name) = &name {
            let caller = Caller { actor: name.clone(), purpose: "session".into() };
            note(tx, "signed out", String::new(), &caller, self.at).await?;
        }
        Ok(Done::Keep(name))
    }
}

impl Unit for CountAttempt {
    type Answer = Option<Instant>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Self::Answer>, StoreError> {
        let oldest = self.at.plus_us(-self.window_us);
        let sql = "delete from attempt where who in (select who from attempt where since <= ?1 limit ?2)";
        tx.execute(sql, args![oldest, PRUNED_MAX]).await?;
        let mut refused: Option<Instant> = None;
        for (key, most) in &self.keys {
            let rows = tx
                .query(
                    "insert into attempt (who, since, failures) values (?1, ?2, 1)
                     on conflict (who) do update set failures = case when attempt.since <= ?3 then 1 else attempt.failures + 1 end,
                     since = case when attempt.since <= ?3 then excluded.since else attempt.since end returning since, failures",
                    args![key.to_vec(), self.at, oldest],
                )
                .await?;
            let Some(row) = rows.first() else { continue };
            if row.int(1)? > *most {
                refused = refused.max(Some(row.instant(0)?.plus_us(self.window_us)));
            }
        }
        Ok(Done::Keep(refused))
    }
}

impl Unit for ForgetAttempt {
    type Answer = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<()>, StoreError> {
        for (place, key) in self.keys.iter().enumerate() {
            let sql = if place == 0 {
                "delete from attempt where who = ?1"
            } else {
                "update attempt set failures = failures - 1 where who = ?1 and failures > 0"
            };
            tx.execute(sql, args![key.to_vec()]).await?;
        }
        Ok(Done::Keep(()))
    }
}

async fn rights_of(tx: &mut impl Tx, name: &str) -> Result<Vec<Granted>, StoreError> {
    let sql = "select role, trial, site, until from account_right where name = ?1 order by trial, site, role";
    let rows = tx.query(sql, args![name]).await?;
    rows.into_iter()
        .map(|mut r| {
            let word = r.text(0)?;
            // Closed when the rules cannot be read.
            let role = Role::ALL.into_iter().find(|role| role.word() == word);
            let role = role.ok_or_else(|| StoreError::Corrupt("a right's role is no known word".into()))?;
            Ok(Granted { role, trial: r.text(1)?, site: r.text(2)?, until: r.maybe_int(3)?.map(Instant) })
        })
        .collect()
}

impl Question for AccountOf {
    type Answer = Option<AccountRow>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let name = self.name.as_str();
        let rows = tx.query("select password, state from account where name = ?1", args![name]).await?;
        let Some(mut row) = rows.into_iter().next() else { return Ok(None) };
        let (password, disabled) = (row.text(0)?, row.int(1)? != 1);
        Ok(Some(AccountRow { name: name.to_owned(), password, disabled, rights: rights_of(tx, name).await? }))
    }
}

impl Question for AccountsAll {
    type Answer = Vec<AccountRow>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let mut found = Vec::new();
        for mut row in tx.query("select name from account order by name", &[]).await? {
            found.extend(AccountOf { name: row.text(0)? }.run(tx).await?);
        }
        Ok(found)
    }
}

impl Question for AnyAccount {
    type Answer = bool;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<bool, StoreError> {
        Ok(!tx.query("select 1 from account where state = 1 limit 1", &[]).await?.is_empty())
    }
}

impl Question for SessionOf {
    type Answer = Option<SessionRow>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let sql = "select name, made, used from session where hash = ?1";
        let Some(mut row) = tx.query(sql, args![self.hash.to_vec()]).await?.into_iter().next() else { return Ok(None) };
        let (name, made, used) = (row.text(0)?, row.instant(1)?, row.instant(2)?);
        let account = AccountOf { name }.run(tx).await?;
        Ok(account.map(|account| SessionRow { account, made, used }))
    }
}
