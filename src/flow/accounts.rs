//! Local accounts: signing in, sessions, and what the command line changes. Passwords are kept as argon2id hashes, tokens as SHA-256.

use super::rights::Reader;
use crate::clock;
use crate::model::key::{digest_words, hex};
use crate::model::time::Instant;
use crate::store::*;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Memory of one password hash, in KiB (OWASP's first recommendation for argon2id, with the two below).
pub const HASH_MEMORY_KIB: u32 = 19_456;
/// Passes over it.
pub const HASH_PASSES: u32 = 2;
/// Lanes.
pub const HASH_LANES: u32 = 1;
/// Hashes worked out at once, so that guesses cannot fill the memory.
pub const HASHES_AT_ONCE: usize = 2;
/// Shortest password, in characters.
pub const PASSWORD_MIN: usize = 12;
/// Longest password, in bytes.
pub const PASSWORD_MAX: usize = 256;
/// Longest name of an account.
pub const NAME_MAX: usize = 64;
/// Failures of one account within [`LOCK_US`] after which it is locked until the first of them is that old.
pub const ACCOUNT_FAILURES_MAX: i64 = 5;
/// Failures from one address within [`LOCK_US`] after which it is locked likewise.
pub const ADDRESS_FAILURES_MAX: i64 = 50;
/// The window of both, in microseconds: 15 minutes.
pub const LOCK_US: i64 = 15 * 60 * 1_000_000;
/// A session that was not used for so long is over: 30 minutes.
pub const IDLE_US: i64 = 30 * 60 * 1_000_000;
/// A session is over so long after signing in: 10 hours.
pub const ABSOLUTE_US: i64 = 10 * 3600 * 1_000_000;
/// The last use of a session is written no more often than this: a minute.
const USED_STEP_US: i64 = 60 * 1_000_000;

/// A secret of a browser: the token of a session. Only its hash is kept.
pub type Token = [u8; 32];

/// A token from the hexadecimal of a cookie.
pub fn token_of(text: &str) -> Option<Token> {
    crate::model::key::unhex(text)?.try_into().ok()
}

/// The key under which a token is kept.
fn kept(token: &Token) -> [u8; 32] {
    digest_words(&["session", &hex(token)])
}

/// What became of signing in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignedIn {
    /// It worked; the new session's token.
    Yes(Token),
    /// Name or password is wrong, or the account may not sign in: which, nobody is told.
    No,
    /// Too many failures: not before then. The same for names that there are and that there are not.
    Locked(Instant),
}

/// Accounts over a store.
pub struct Accounts {
    store: Store,
    hashing: Arc<Semaphore>,
    /// A hash that no password meets: compared where there is no account, so that time tells nothing.
    nobody: String,
}

impl std::fmt::Debug for Accounts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Accounts")
    }
}

impl Accounts {
    /// The accounts of a store.
    pub fn new(store: Store) -> Self {
        let nobody = hash(&hex(&clock::random_bytes::<32>())).unwrap_or_default();
        Self { store, hashing: Arc::new(Semaphore::new(HASHES_AT_ONCE)), nobody }
    }

    /// Whether anybody can sign in at all.
    pub async fn any(&self) -> Result<bool, StoreError> {
        self.store.read(AnyAccount {}).await
    }

    /// Signs in. The attempt is counted before it is made, so that many at once count as many.
    pub async fn sign_in(
        &self,
        name: &str,
        password: &str,
        address: &str,
        now: Instant,
    ) -> Result<SignedIn, StoreError> {
        let name = name.trim().to_lowercase();
        let keys = vec![digest_words(&["account", &name]), digest_words(&["address", address])];
        let bounds = [ACCOUNT_FAILURES_MAX, ADDRESS_FAILURES_MAX];
        let counted = keys.iter().copied().zip(bounds).collect();
        let count = CountAttempt { keys: counted, window_us: LOCK_US, at: now };
        if let Some(until) = self.store.write(count).await? {
            tracing::warn!("a sign-in was refused: too many failures");
            return Ok(SignedIn::Locked(until));
        }
        let account = if is_name(&name) { self.store.read(AccountOf { name: name.clone() }).await? } else { None };
        let hash = account.as_ref().map_or(&self.nobody, |a| &a.password);
        let right = self.verify(password, hash).await?;
        let Some(account) = account.filter(|a| right && !a.disabled) else {
            self.refused(&name, now).await?;
            return Ok(SignedIn::No);
        };
        self.store.write(ForgetAttempt { keys }).await?;
        Ok(SignedIn::Yes(self.open(&account.name, now).await?))
    }

    /// A failure is an audit row; a name that is no account's may be a password in the wrong field, and is not kept.
    async fn refused(&self, name: &str, now: Instant) -> Result<(), StoreError> {
        let known = is_name(name) && self.store.read(AccountOf { name: name.to_owned() }).await?.is_some();
        let detail = if known { name.to_owned() } else { "no such account".to_owned() };
        let caller = Caller { actor: "sign-in".into(), purpose: "session".into() };
        self.store.write(AuditNote { action: "sign-in refused".into(), detail, person: None, caller, at: now }).await
    }

    /// Opens a session without a password: for the demo's link.
    pub async fn open(&self, name: &str, now: Instant) -> Result<Token, StoreError> {
        let token: Token = clock::random_bytes();
        let oldest = now.plus_us(-ABSOLUTE_US);
        self.store.write(OpenSession { hash: kept(&token), name: name.to_owned(), oldest, at: now }).await?;
        Ok(token)
    }

    /// Who holds this token, if its session is not over.
    pub async fn reader(&self, token: &Token, now: Instant) -> Result<Option<Reader>, StoreError> {
        let hash = kept(token);
        let Some(session) = self.store.read(SessionOf { hash }).await? else { return Ok(None) };
        let over = now >= session.made.plus_us(ABSOLUTE_US) || now >= session.used.plus_us(IDLE_US);
        if over || session.account.disabled {
            return Ok(None);
        }
        if now >= session.used.plus_us(USED_STEP_US) {
            self.store.write(UseSession { hash, at: now }).await?;
        }
        Ok(Some(Reader { name: session.account.name, rights: session.account.rights }))
    }

    /// Ends a session.
    pub async fn sign_out(&self, token: &Token, now: Instant) -> Result<(), StoreError> {
        self.store.write(CloseSession { hash: kept(token), at: now }).await.map(drop)
    }

    async fn verify(&self, password: &str, hash: &str) -> Result<bool, StoreError> {
        let permit = self.hashing.clone().acquire_owned().await.map_err(|_| StoreError::Busy)?;
        let (password, hash) = (password.to_owned(), hash.to_owned());
        let work = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let fits = password.len() <= PASSWORD_MAX;
            let parsed = PasswordHash::new(&hash);
            fits && parsed.is_ok_and(|h| hasher().is_ok_and(|a| a.verify_password(password.as_bytes(), &h).is_ok()))
        });
        work.await.map_err(|_| StoreError::Unknown("hashing a password ended early".into()))
    }
}

fn hasher() -> Result<Argon2<'static>, String> {
    let params = Params::new(HASH_MEMORY_KIB, HASH_PASSES, HASH_LANES, None).map_err(|e| e.to_string())?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// The hash of a password with a salt of its own, as a PHC string.
pub fn hash(password: &str) -> Result<String, String> {
    let salt = SaltString::encode_b64(&clock::random_bytes::<16>()).map_err(|e| e.to_string())?;
    hasher()?.hash_password(password.as_bytes(), &salt).map(|h| h.to_string()).map_err(|e| e.to_string())
}

/// A name is of lower-case letters, digits, `.`, `-`, `_` and `@`.
pub fn is_name(name: &str) -> bool {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-_@".contains(&b);
    (1..=NAME_MAX).contains(&name.len()) && name.bytes().all(fits)
}

/// Whether a password may be used. The error says what is wanted and never repeats it.
pub fn check_password(name: &str, password: &str) -> Result<(), String> {
    if password.chars().count() < PASSWORD_MIN || password.len() > PASSWORD_MAX {
        return Err(format!("a password has {PASSWORD_MIN} characters or more, and at most {PASSWORD_MAX} bytes"));
    }
    if password.to_lowercase().contains(name) {
        return Err("the password holds the name of the account; choose another".into());
    }
    Ok(())
}

/// A password for somebody who has none yet: 20 characters of 32, which is 100 bits.
pub fn generated_password() -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let bytes = clock::random_bytes::<20>();
    let letters: Vec<char> = bytes.iter().map(|b| LETTERS[usize::from(b & 31)] as char).collect();
    letters.chunks(5).map(|part| part.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}
